"""`mocap reconstruct`: 2D keypoints become a trial of 3D points."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, note_lines, progress_bars, show, told_quality, verdict_lines

if TYPE_CHECKING:
    from mocap.keypoints import ParticipantRule
    from mocap.trial import Trial

NAME = "reconstruct"
EXAMPLE = "mocap reconstruct --calibration c.toml --keypoints squat/ --skeleton BODY_25B --rate 60 --out trial.h5"


_PEOPLE = "Several people in view"


def command(
    calibration: Annotated[Path, typer.Option(help="Calibration of the cameras.")],
    keypoints: Annotated[Path, typer.Option(help="Keypoint files of all cameras, or their folder.")],
    out: Annotated[Path, typer.Option(help="Trial file to write.")],
    rate: Annotated[float | None, typer.Option(help="Frame rate in Hz.", min=1e-3)] = None,
    skeleton: Annotated[
        str | None, typer.Option(help="Keypoint order where the files bring no names, such as BODY_25B, or FILE.toml.")
    ] = None,
    format: Annotated[
        str,
        typer.Option(help="auto, pose2sim, mmpose, alphapose, coco, mediapipe, sleap, openpose, deeplabcut or long."),
    ] = "auto",
    z_up: Annotated[
        bool, typer.Option("--z-up", help="State that the calibration's Z points up, where its file does not say so.")
    ] = False,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            help="Use this camera of the calibration, and leave those out that are not named; repeatable. NAME=FOLDER "
            "says which file or folder is its own, where the names do not tell."
        ),
    ] = None,
    keypoint: Annotated[list[str] | None, typer.Option(help="Read this keypoint alone; repeatable.")] = None,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="Smooth over time by the points' own uncertainty, beside the raw points.")
    ] = False,
    smoother: Annotated[
        str | None,
        typer.Option(
            help="How to smooth: kalman (each keypoint by itself) or map (all together, bones keep their length); "
            "kalman for --smooth alone."
        ),
    ] = None,
    clocks: Annotated[
        str, typer.Option(help="Cameras out of step: auto (set right and told), check (told alone) or off.")
    ] = "auto",
    plates: Annotated[
        str | None, typer.Option(help="Plates whose corners are among the keypoints: a plates.toml, or a preset.")
    ] = None,
    sides: Annotated[
        str, typer.Option(help="Left and right exchanged in a view: flag (told), correct (exchanged back) or off.")
    ] = "flag",
    zone: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help="Of several people whoever is in this zone for longest is the participant: its middle on the floor, "
            "in m. Without zone and click it is whoever is seen for longest.",
            metavar="X Y",
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    zone_radius: Annotated[
        float | None, typer.Option(help="Radius of the zone in m; 1 when left out.", min=0.01, rich_help_panel=_PEOPLE)
    ] = None,
    click: Annotated[
        tuple[int, str, float, float] | None,
        typer.Option(
            help="Of several people the participant is who is at this pixel of a camera's frame, counted from 0.",
            metavar="FRAME CAMERA U V",
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Triangulate robustly, with the covariance of every point; of several people the participant is followed."""
    from mocap.config.plates import read_plates
    from mocap.pipeline.keypoint_input import KeypointInput
    from mocap.pipeline.reconstruction import TrialChoices, reconstruct_to_file

    named = [entry.partition("=") for entry in camera or []]
    # Beside cameras whose files are named, the others' files bear the cameras' names.
    declared = {name: file or name for name, _, file in named} if any(file for *_, file in named) else {}
    rule = _participant(zone, zone_radius, click)
    how = KeypointInput(rate, skeleton, format, declared, tuple(keypoint or ()), rule, leave_others=bool(named))
    with progress_bars() as progress:
        trial = reconstruct_to_file(
            calibration, keypoints, out, how, progress, tuple(name for name, *_ in named), z_up,
            TrialChoices(
                sides=sides, clocks=clocks, smooth=smoother or ("kalman" if smooth else ""),
                plates=read_plates(plates).plate if plates else (),
            ),
        )  # fmt: skip
    _show(trial, out, as_json)


def _participant(
    zone: tuple[float, float] | None, radius_m: float | None, click: tuple[int, str, float, float] | None
) -> "ParticipantRule":
    from mocap.keypoints import ParticipantRule

    if radius_m is not None and zone is None:
        raise typer.BadParameter("--zone-radius needs the zone: --zone X Y")
    clicked = None if click is None else (click[0], click[1], (click[2], click[3]))
    return ParticipantRule(zone_world=zone, zone_radius_m=1.0 if radius_m is None else radius_m, click=clicked)


def _show(trial: "Trial", out: Path, as_json: bool) -> None:
    from mocap.pipeline.notes import notes_of

    notes, names, n_frames = notes_of(trial), trial.points.names, trial.points.n_frames
    result = {
        "out": out, "frames": n_frames, "keypoints": names, "quality": told_quality(trial.quality), "notes": notes,
    }  # fmt: skip
    size = f"{counted(n_frames, 'frame')}, {counted(len(names), 'keypoint')}"
    lines = [f"{out}: {size}", *note_lines(notes), *verdict_lines(trial.quality)]
    show(result, as_json, lines)
