"""`mocap view`: the viewer, and what comes out of it as a picture or a film."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

if TYPE_CHECKING:
    from mocap.export.film import Film
    from mocap.pipeline.review_film import FilmWish

NAME = "view"
EXAMPLE = "mocap view trial.h5\n\nmocap view before.h5 after.h5 --align squat_bottom:1 --film pair.mp4"
_CALIBRATION = ".toml"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file, or calibration.toml; a C3D or TRC file, to look at.")],
    other: Annotated[Path | None, typer.Argument(help="Another trial beside it, aligned at an event.")] = None,
    videos: Annotated[Path | None, typer.Option(
        help="Folder with a video or a folder of images per camera; left out, those of the session around the trial.",
    )] = None,
    align: Annotated[str, typer.Option(
        help="Event that is at 0 s in both trials: label:number, or one for each with a comma between.",
    )] = "",
    film: Annotated[Path | None, typer.Option(help="Write a film (.mp4) in place of opening a window.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Write a picture (.png) in place of opening a window.")] = None,
    from_s: Annotated[float | None, typer.Option(
        "--from", help="Beginning, s; of two trials, from the event on.",
    )] = None,
    to_s: Annotated[float | None, typer.Option("--to", help="End, s.")] = None,
    repetition: Annotated[int | None, typer.Option(help="The span is this repetition, counted from 1.")] = None,
    at_s: Annotated[float | None, typer.Option("--at", help="Moment of the picture, s.")] = None,
    speed: Annotated[float, typer.Option(help="Of the film: 1 is real time, 0.5 half as fast.")] = 1.0,
    size: Annotated[int, typer.Option(help="Width of the pictures, px.")] = 1280,
    eye: Annotated[str, typer.Option(
        "--view", help="Side from which: front side, front, back, left, right, top.",
    )] = "front side",
    angle: Annotated[list[str] | None, typer.Option(help="Angle whose curve is drawn; may be given again.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file of that name.")] = False,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Open a trial in the review window: the person in 3D, cameras, their pictures, curves, quality and decisions."""
    from mocap.viewer.display import check_installed

    _check_options(film, picture, other, align, (from_s, to_s, repetition, at_s))
    looks = (speed, size, eye, angle) != (1.0, 1280, "front side", None)
    _check_trial(trial, film is not None or picture is not None or other is not None)
    _check_window(film is None and picture is None, other, videos, looks)
    check_installed()
    from mocap.pipeline.review_film import FilmWish

    wish = FilmWish(from_s, to_s, repetition, at_s, speed, size, eye, tuple(angle or ()), overwrite)
    if other is not None:
        _pair((trial, other), align, wish, film, picture, as_json)
    elif film is not None or picture is not None:
        _out(trial, wish, film, picture, as_json)
    elif trial.suffix.lower() == _CALIBRATION:
        _view_calibration(trial, as_json)
    else:
        _view(trial, videos, as_json)


def _check_options(
    film: Path | None, picture: Path | None, other: Path | None, align: str, moments: tuple[float | None, ...]
) -> None:
    if film is not None and picture is not None:
        raise typer.BadParameter("Give either --film or --picture.")
    if (other is not None) != bool(align):
        raise typer.BadParameter("Two trials go with --align, and --align with two trials: --align squat_bottom:1.")
    *span, at_s = moments
    if film is None and picture is None and any(one is not None for one in moments):
        raise typer.BadParameter("--from, --to, --repetition and --at go with --film or --picture.")
    if film is not None and at_s is not None:
        raise typer.BadParameter("--at goes with --picture; a film has --from and --to.")
    if span[2] is not None and (other is not None or any(one is not None for one in span[:2])):
        raise typer.BadParameter("--repetition goes with one trial, and without --from and --to.")


def _check_trial(path: Path, wanted: bool) -> None:
    if wanted and path.suffix.lower() == _CALIBRATION:
        raise typer.BadParameter(f"Films, pictures and pairs are of trials; {path.name} opens in a window.")


def _check_window(window: bool, other: Path | None, videos: Path | None, looks: bool) -> None:
    if window and looks:
        raise typer.BadParameter("--speed, --size, --view and --angle go with --film or --picture.")
    if videos is not None and not (window and other is None):
        raise typer.BadParameter("--videos goes with the window of one trial.")


def _view(trial: Path, videos: Path | None, as_json: bool) -> None:
    from mocap.pipeline.review_film import open_film
    from mocap.pipeline.review_open import open_desk
    from mocap.viewer import view_trial
    from mocap.viewer.preload import while_importing

    desk = while_importing(lambda: open_desk(trial, videos))
    gc.freeze()  # all that was imported stays: to look for garbage in it would hold the window for 0.1 s at times
    view_trial(desk, source=str(trial.resolve()), open_film=open_film)
    if as_json:
        show({"trial": desk.review.trial.trial_id, "file": trial, "closed": True}, as_json, [])


def _out(trial: Path, wish: "FilmWish", film: Path | None, picture: Path | None, as_json: bool) -> None:
    """Write a film or a picture of a trial."""
    from mocap.pipeline.review_film import film_trial, picture_trial
    from mocap.pipeline.review_open import open_desk

    desk = open_desk(trial)
    if film is not None:
        with progress_bars() as progress:
            made = film_trial(desk, wish, film, progress)
        _told_film(made, as_json)
    elif picture is not None:
        _told_picture(picture, picture_trial(desk, wish, picture), as_json)


def _pair(
    paths: tuple[Path, Path], align: str, wish: "FilmWish", film: Path | None, picture: Path | None, as_json: bool
) -> None:
    """Show two trials side by side, or write a film or a picture of them."""
    from mocap.pipeline.review_film import film_pair, picture_pair, view_pair

    if film is not None:
        with progress_bars() as progress:
            made = film_pair(paths, align, wish, film, progress)
        _told_film(made, as_json)
    elif picture is not None:
        _told_picture(picture, picture_pair(paths, align, wish, picture), as_json)
    else:
        view_pair(paths, align)
        if as_json:
            show({"files": list(paths), "closed": True}, as_json, [])


def _told_film(film: "Film", as_json: bool) -> None:
    width, height = film.size
    told = {"film": film.path, "pictures": film.n_frames, "rate_hz": film.rate_hz, "duration_s": film.duration_s,
            "size": [width, height], "encoder": film.encoder}  # fmt: skip
    show(told, as_json, [f"{film.path}: {film.n_frames} pictures, {film.duration_s:.1f} s, {width} x {height} px"])


def _told_picture(path: Path, time_s: float, as_json: bool) -> None:
    show({"picture": path, "time_s": time_s}, as_json, [f"{path}: t = {time_s:.3f} s"])


def _view_calibration(path: Path, as_json: bool) -> None:
    """Open cameras, boards and maps of a calibration."""
    from mocap.pipeline.review_calibration import read_calibration_view
    from mocap.viewer.calibration_window import view_calibration

    shown = read_calibration_view(path)
    view_calibration(shown)
    if as_json:
        show({"calibration": path, "cameras": list(shown.rig.names), "closed": True}, as_json, [])
