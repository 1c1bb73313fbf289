"""What a reviewer can decide and has decided, as rows, words and edits. Needs no display."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mocap.errors import ViewerError
from mocap.trial import Assessment, Event, PointEdit, Trial
from mocap.trial.decided import BY, DECISION, REASON, instant_name, sides_of
from mocap.trial.edits import CAMERA_OUT, EXCHANGED, MARKED, MISSING
from mocap.viewer.layers import believed
from mocap.viewer.review import Review

GAIT = "gait"
_INSTANTS = ("start", "bottom", "end")
_OF_CYCLES = ("start", "other_off", "other_on", "off", "end")
_WORDS = {"other_off": "other foot off", "other_on": "other foot on", "off": "foot off"}
_LEFT_OUT = "left_out"
_FAR_OFF = 3.0  # times the error in the other cameras, or px


@dataclass(frozen=True)
class Row:
    """A repetition, a gait cycle, or a candidate that was not taken.

    Attributes
    ----------
    task : str
    number : int
        From 1 on; 0 for a candidate that was not taken.
    at_s : float
        By which a desk knows it: its bottom, of a gait cycle its start.
    side : str
        Of a gait cycle; else empty.
    instants : mapping of str to float
        Names of what can be moved, and when they are, s; NaN is not known.
    counts : bool
        Whether it goes into the results.
    words : str
        What was decided of it, by whom and why; or why it was not taken.
    """

    task: str
    number: int
    at_s: float
    side: str = ""
    instants: dict[str, float] = field(default_factory=dict)
    counts: bool = True
    words: str = ""

    @property
    def name(self) -> str:
        """For people: `squat 2`, `gait 3 left`, `squat (not taken)`."""
        number = str(self.number) if self.number else "(not taken)"
        return " ".join(filter(None, (self.task.replace("_", " "), number, self.side)))

    @property
    def span_s(self) -> tuple[float, float]:
        """When it begins and ends; NaN where that is not known."""
        return self.instants.get("start", np.nan), self.instants.get("end", np.nan)


def rows_of(trial: Trial) -> tuple[Row, ...]:
    """Return what can be decided on: by task, in the order of time."""
    return tuple(
        row for one in trial.assessments
        for row in sorted((*_taken(one), *_not_taken(one)), key=lambda row: (np.isnan(row.at_s), row.at_s))
    )  # fmt: skip


def instant_words(name: str) -> str:
    """Return the name of an instant for people."""
    return _WORDS.get(name, name)


def _taken(assessment: Assessment) -> list[Row]:
    table = assessment.repetitions
    wanted = _OF_CYCLES if assessment.task == GAIT else _INSTANTS
    times = {name: table[f"{name}_time"].values for name in wanted if table.has(f"{name}_time")}
    at = instant_name(table)
    if not table.has(at):
        return []
    sides, told = sides_of(table), {one.name: one.values for one in table.words}
    rows = []
    for place, at_s in enumerate(table[at].values):
        left_out = told[_LEFT_OUT][place] if _LEFT_OUT in told else ""
        decided = tuple(told[name][place] if name in told else "" for name in (DECISION, BY, REASON))
        rows.append(Row(
            assessment.task, place + 1, float(at_s), "" if sides is None else sides[place],
            {name: float(values[place]) for name, values in times.items()}, not left_out,
            left_out or _decided_words(*decided),
        ))  # fmt: skip
    return rows


def _not_taken(assessment: Assessment) -> list[Row]:
    return [
        Row(assessment.task, 0, one.bottom_s, "",
            {"start": one.start_s, "bottom": one.bottom_s, "end": one.end_s}, False, one.reason)
        for one in assessment.rejected
    ]  # fmt: skip


def _decided_words(decision: str, by: str, reason: str) -> str:
    if not decision:
        return ""
    who = f" by {by}" if by else ""
    return f"{decision}{who}{f': {reason}' if reason else ''}"


@dataclass(frozen=True)
class Signature:
    """Why, and who.

    Attributes
    ----------
    reason, initials : str
    """

    reason: str
    initials: str

    def checked(self, *, reason_needed: bool = False) -> "Signature":
        """Return it without spaces around.

        Raises
        ------
        ViewerError
            DECISION_UNSIGNED without initials, DECISION_REASON without a reason where one is needed.
        """
        made = Signature(self.reason.strip(), self.initials.strip())
        if not made.initials:
            raise ViewerError("A decision needs initials.", "Write yours beside the reason.", "DECISION_UNSIGNED")
        if reason_needed and not made.reason:
            raise ViewerError("What is left out needs a reason.", "Write why, beside your initials.", "DECISION_REASON")
        return made


def missing(points: Sequence[str], first: int, last: int, by: Signature) -> list[PointEdit]:
    """Return the edits that take points out of a span of frames, the last one included."""
    return [PointEdit(MISSING, first, last, tuple(points), reason=by.reason, initials=by.initials)]


def exchanged(pairs: Sequence[tuple[str, str]], first: int, last: int, by: Signature) -> list[PointEdit]:
    """Return the edits that exchange points with their partners on the other side.

    Raises
    ------
    ViewerError
        DECISION_PAIRS, where no point has one.
    """
    if not pairs:
        raise ViewerError(
            "None of these points has a partner on the other side.", "Choose one that has, or all points.",
            "DECISION_PAIRS",
        )  # fmt: skip
    names = tuple(name for pair in pairs for name in pair)
    return [PointEdit(EXCHANGED, first, last, names, reason=by.reason, initials=by.initials)]


def camera_out(camera: str, points: Sequence[str], first: int, last: int, by: Signature) -> list[PointEdit]:
    """Return the edits that leave out what a camera saw: of some points, or of all when none is named."""
    return [PointEdit(CAMERA_OUT, first, last, tuple(points), camera=camera, reason=by.reason, initials=by.initials)]


def marked(camera: str, point: str, pixel: tuple[float, float], frame: int, by: Signature) -> list[PointEdit]:
    """Return the edit that says where a camera sees a point in a frame."""
    return [PointEdit(MARKED, frame, frame, (point,), camera=camera, pixel=pixel, reason=by.reason,
                      initials=by.initials)]  # fmt: skip


def pairs_of(names: Sequence[str], chosen: str = "") -> list[tuple[str, str]]:
    """Return (right, left) partners among names; that of a chosen point alone, where one is chosen."""
    from mocap.keypoints.sides_names import side_pairs  # loads all that finds sides

    pairs = [(names[right], names[left]) for right, left in side_pairs(names)]
    return [pair for pair in pairs if chosen in pair] if chosen else pairs


def change_words(before: Review, after: Review, point: str, camera: str, frame: int) -> str:
    """Return how a correction moved a point in a frame, and what it did to the error in a camera."""
    names, rig = after.trial.points.names, after.trial.rig
    if point not in names or rig is None or camera not in rig.names:
        return ""
    moved_mm = 1000 * float(np.linalg.norm(_place(after, point, frame) - _place(before, point, frame)))
    words = f"{point} moved by {moved_mm:.1f} mm" if np.isfinite(moved_mm) else f"{point} was or is not there"
    row, column = rig.names.index(camera), names.index(point)
    errors = [one.parts.errors(frame) for one in (before, after)]
    if all(len(one) > row for one in errors):
        was, now = (one[row, column] for one in errors)
        words += f"; its error in {camera}: {_pixels(was)}, now {_pixels(now)}"
        others = np.delete(errors[1][:, column], row)
        if now > _FAR_OFF * max(1.0, _median(others)):
            words += ". The other cameras do not agree with this mark, and outvote it"
    return f"{words}."


def gone_words(before: Review, after: Review) -> str:
    """Return which moved instants a decision on a whole repetition took with it; empty where it took none."""
    kept = {repr(one.one) for one in after.decisions}
    gone = [one.words for one in before.decisions if repr(one.one) not in kept and _is_moved(one.one)]
    return f"With it went: {'; '.join(gone)}. Undo brings that back." if gone else ""


def _is_moved(one: PointEdit | Event) -> bool:
    whole = ("_accepted", "_rejected")
    return isinstance(one, Event) and bool(np.isfinite(one.time_s)) and not one.label.endswith(whole)


def lost_words(before: Review, after: Review, span: tuple[int, int]) -> str:
    """Return how many points of a span, the last frame included, too few cameras see since; empty for none."""
    frames = slice(span[0], span[1] + 1)
    there, now = (believed(one.scene.quality[frames]) for one in (before, after))
    lost = int(np.sum(there & ~now))
    return f"{lost} of {int(there.sum())} points in these frames are gone: too few cameras see them." if lost else ""


def _place(review: Review, point: str, frame: int) -> np.ndarray:
    trial = review.trial
    shown = trial.points if trial.points_smoothed is None else trial.points_smoothed
    missing_there = np.full(3, np.nan)
    return shown.position[frame, shown.names.index(point)] if point in shown.names else missing_there


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else 0.0


def _pixels(error: float) -> str:
    return f"{error:.1f} px" if np.isfinite(error) else "not seen"
