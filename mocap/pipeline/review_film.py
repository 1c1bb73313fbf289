"""Films and pictures of trials: what joins the windows that show them and the files that keep them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mocap.errors import ExportError, ViewerError
from mocap.pipeline.outputs import check_output
from mocap.pipeline.progress import Progress
from mocap.pipeline.review_open import open_desk
from mocap.viewer.display import check_installed
from mocap.viewer.film_plan import FilmPlan, checked_plan
from mocap.viewer.lanes import lane_names
from mocap.viewer.pairing import EventName, event_named, event_time, pair_labels, shared_span
from mocap.viewer.review import Desk
from mocap.viewer.sight import EYES
from mocap.viewer.time_marks import spans_of

if TYPE_CHECKING:
    from mocap.export.film import FilmFile
    from mocap.viewer.filming import Filmed, FilmLook
    from mocap.viewer.tie import PairMember

_LEAST_PX, _MOST_PX = 480, 3840


@dataclass(frozen=True)
class FilmWish:
    """What a film or a picture is to show; what is None is left to the trial.

    Attributes
    ----------
    from_s, to_s : float, optional
        On the clock of the trial; of two trials, relative to their events.
    repetition : int, optional
        The span is that of a repetition, counted from 1.
    at_s : float, optional
        Moment of a picture.
    speed : float
        1 is real time.
    width : int
        Of the pictures, px.
    eye : str
        One of `mocap.viewer.sight.EYES`.
    angles : tuple of str
        Those whose curves are drawn; none: those that are shown first.
    overwrite : bool
    """

    from_s: float | None = None
    to_s: float | None = None
    repetition: int | None = None
    at_s: float | None = None
    speed: float = 1.0
    width: int = 1280
    eye: str = "front side"
    angles: tuple[str, ...] = ()
    overwrite: bool = False


def open_film(path: Path, size: tuple[int, int], rate_hz: float, title: str, comment: str) -> "FilmFile":
    """Begin a film in the place of whatever has its name; for windows, which ask before (`mocap.viewer.film_plan`)."""
    from mocap.export.film import FilmFile

    return FilmFile(path, size, rate_hz, title, comment, overwrite=True)


def film_trial(desk: Desk, wish: FilmWish, out: Path, progress: Progress) -> Any:
    """Film a span of a trial, and return the `mocap.export.film.Film`.

    Raises
    ------
    ViewerError
        FILM_SPAN, FILM_SPEED, FILM_SIZE, FILM_VIEW, REPETITION, and those of `open_viewer`.
    ExportError, SourceError
        Where the film cannot be written.
    """
    _check(wish, out, ".mp4")
    from mocap.viewer.filming import trial_film

    plan = _plan_of(desk, wish)
    checked_plan(plan, *_whole(desk))
    _check_angles(wish, desk)
    with _window(desk) as handles:
        handles.stage.look_from(wish.eye, cameras=False)
        return _filmed(trial_film(handles, plan, _look(wish)), plan, out, progress)


def picture_trial(desk: Desk, wish: FilmWish, out: Path) -> float:
    """Save a picture of a moment of a trial, and return the time that it shows, seconds.

    Raises
    ------
    ViewerError
        As `film_trial`; PICTURE_NAME, PICTURE_NOT_WRITTEN.
    """
    _check(wish, out, ".png")
    at_s = _whole(desk)[0] if wish.at_s is None else wish.at_s
    plan = _plan_of(desk, wish)
    _check_inside(at_s, *_whole(desk))
    _check_angles(wish, desk)
    from mocap.viewer.filming import TrialFilm

    with _window(desk) as handles:
        moment = handles.moment
        handles.set_frame(moment.frame_at(at_s))
        handles.stage.look_from(wish.eye, cameras=False)
        _save(TrialFilm(handles, _some_width(plan.first_s, plan.last_s), _look(wish)), moment.time_s, out)
        return float(moment.time_s)


def film_pair(paths: tuple[Path, Path], align: str, wish: FilmWish, out: Path, progress: Progress) -> Any:
    """Film two trials side by side, aligned at an event of each.

    Raises
    ------
    ViewerError
        ALIGN_NAME, ALIGN_EVENT, and as `film_trial`.
    """
    _check(wish, out, ".mp4")
    from mocap.viewer.pair_film import PairFilm

    pair = aligned(paths, align)
    plan = _pair_plan(pair, wish)
    checked_plan(plan, *pair.shared_s)
    _check_angles(wish, *pair.desks)
    with open_pair(pair) as members:
        filmed = PairFilm(members, (plan.first_s, plan.last_s), _look(wish), wish.eye, plan.speed_words)
        return _filmed(filmed, plan, out, progress)


def picture_pair(paths: tuple[Path, Path], align: str, wish: FilmWish, out: Path) -> float:
    """Save a picture of two trials side by side, and return its time relative to the events, seconds.

    Raises
    ------
    ViewerError
        As `film_pair` and `picture_trial`.
    """
    _check(wish, out, ".png")
    from mocap.viewer.pair_film import PairFilm

    pair = aligned(paths, align)
    plan, at_s = _pair_plan(pair, wish), 0.0 if wish.at_s is None else wish.at_s
    _check_inside(at_s, *pair.shared_s)
    _check_angles(wish, *pair.desks)
    with open_pair(pair) as members:
        _save(PairFilm(members, _some_width(plan.first_s, plan.last_s), _look(wish), wish.eye), at_s, out)
        return at_s


@dataclass(frozen=True, eq=False)
class AlignedPair:
    """Two trials with an event of each, and the span that both have, relative to their events."""

    desks: tuple[Desk, Desk]
    labels: tuple[str, str]
    events: tuple[EventName, EventName]
    at_s: tuple[float, float]
    shared_s: tuple[float, float]


def aligned(paths: tuple[Path, Path], align: str) -> AlignedPair:
    """Open two trials, and find their events; `align` names the event in both, or one for each with a comma between.

    Raises
    ------
    ViewerError
        ALIGN_NAME, ALIGN_EVENT.
    """
    named = [event_named(text) for text in align.split(",", 1)]
    events = named[0], named[-1]
    desks = open_desk(paths[0]), open_desk(paths[1])
    trials = desks[0].review.trial, desks[1].review.trial
    at_s = event_time(trials[0], events[0]), event_time(trials[1], events[1])
    return AlignedPair(desks, pair_labels(paths), events, at_s, shared_span(trials, at_s))


@contextmanager
def open_pair(pair: AlignedPair) -> Iterator[tuple["PairMember", "PairMember"]]:
    """Open two trials in a window each.

    Raises
    ------
    ViewerError
        Those of `open_viewer`.
    """
    with _window(pair.desks[0]) as one, _window(pair.desks[1]) as two:
        yield _members(pair, one, two)


def view_pair(paths: tuple[Path, Path], align: str) -> None:
    """Open two trials in windows that are tied at an event, until both are closed.

    Raises
    ------
    ViewerError
        As `open_pair`.
    """
    from mocap.viewer.tie import Tie

    check_installed()
    pair = aligned(paths, align)
    with _window(pair.desks[0]) as one, _window(pair.desks[1]) as two:
        from mocap.viewer.opening import keep_source
        from mocap.viewer.work import run_until_closed

        keep_source(one, str(paths[0].resolve()))
        keep_source(two, str(paths[1].resolve()))
        Tie(_members(pair, one, two))
        run_until_closed()


def _members(pair: AlignedPair, one: Any, two: Any) -> tuple["PairMember", "PairMember"]:
    from mocap.viewer.tie import PairMember

    return (
        PairMember(one, pair.labels[0], pair.events[0], pair.at_s[0]),
        PairMember(two, pair.labels[1], pair.events[1], pair.at_s[1]),
    )


@contextmanager
def _window(desk: Desk) -> Iterator[Any]:
    from mocap.viewer import open_viewer

    viewer, handles = open_viewer(desk, open_film)
    try:
        yield handles
    finally:
        from mocap.viewer.work import close_quietly

        close_quietly(viewer)


def _filmed(filmed: "Filmed", plan: FilmPlan, out: Path, progress: Progress) -> Any:
    from mocap.viewer.filming import film

    return film(filmed, plan, out, open_film, lambda done, total: progress("pictures", done, total))


def _save(filmed: "Filmed", time_s: float, out: Path) -> None:
    from mocap.viewer.out_files import write_png

    with filmed.staged():
        picture = filmed.picture(time_s)
    write_png(picture, out)


def _look(wish: FilmWish) -> "FilmLook":
    from mocap.viewer.filming import FilmLook

    return FilmLook(wish.width // 2 * 2, wish.angles or None)


def _check(wish: FilmWish, out: Path, ending: str) -> None:
    """Refuse what cannot be, before anything is opened."""
    check_installed()
    if out.suffix.lower() != ending:
        raise ExportError(f"This cannot be called {out.name}.", f"Give a name that ends in {ending}.", "FILM_NAME")
    check_output(out)
    if out.exists() and not wish.overwrite:
        raise ExportError(f"There is a file {out} already.", "Give another name, or --overwrite.", "FILM_EXISTS")
    if not _LEAST_PX <= wish.width <= _MOST_PX:
        raise ViewerError(f"Pictures {wish.width} px wide.", f"Give {_LEAST_PX} to {_MOST_PX} px.", "FILM_SIZE")
    if wish.eye not in EYES:
        raise ViewerError(f"There is no view '{wish.eye}'.", f"Give one of: {', '.join(EYES)}.", "FILM_VIEW")


def _plan_of(desk: Desk, wish: FilmWish) -> FilmPlan:
    first_s, last_s = _whole(desk)
    if wish.repetition is not None:
        first_s, last_s = _repetition_span(desk, wish.repetition)
    return FilmPlan(
        first_s if wish.from_s is None else wish.from_s, last_s if wish.to_s is None else wish.to_s, wish.speed
    )


def _whole(desk: Desk) -> tuple[float, float]:
    points = desk.review.trial.points
    return points.start_s, points.start_s + (points.n_frames - 1) / points.rate_hz


def _check_angles(wish: FilmWish, *desks: Desk) -> None:
    known = [desk.review.trial.angles for desk in desks]
    names = list(dict.fromkeys(name for one in known if one is not None for name in lane_names(one)))
    for angle in wish.angles:
        if not any(one is not None and {angle, f"{angle}_r", f"{angle}_l"} & set(one.names) for one in known):
            there = f"Give one of: {', '.join(names)}." if names else "Run `mocap kinematics` on it."
            raise ViewerError(f"There is no angle '{angle}'.", there, "FILM_ANGLE")


def _pair_plan(pair: AlignedPair, wish: FilmWish) -> FilmPlan:
    first_s, last_s = pair.shared_s
    return FilmPlan(
        first_s if wish.from_s is None else wish.from_s, last_s if wish.to_s is None else wish.to_s, wish.speed
    )


def _repetition_span(desk: Desk, number: int) -> tuple[float, float]:
    spans = [one for one in spans_of(desk.review.trial) if not one.rejected]
    for one in spans:
        if one.number == number:
            return one.start_s, one.end_s
    there = f"There are 1 to {max(one.number for one in spans)}." if spans else "Run `mocap assess` on it."
    raise ViewerError(f"{desk.review.trial.trial_id} has no repetition {number}.", there, "REPETITION")


def _check_inside(at_s: float, first_s: float, last_s: float) -> None:
    if not first_s - 1e-6 <= at_s <= last_s + 1e-6:
        raise ViewerError(
            f"A picture at {at_s:g} s; there is {first_s:.3f} to {last_s:.3f} s.", "Give a time in it.", "FILM_SPAN"
        )


def _some_width(first_s: float, last_s: float) -> tuple[float, float]:
    """Return a span that curves can be drawn over, also of a single frame."""
    return (first_s, last_s) if last_s > first_s else (first_s - 0.5, first_s + 0.5)
