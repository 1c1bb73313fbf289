"""`mocap calibrate`: board footage becomes a calibration."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.calibrate_check import check_old
from mocap.cli.calibrate_lines import counted, said, verdict_lines
from mocap.cli.calibrate_options import refuse_strays
from mocap.cli.calibrate_points import calibrate_points
from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "calibrate"
EXAMPLE = (
    "mocap calibrate footage/ --board board.toml --world floor:0 --out calibration.toml\n\n"
    "Without a board, from keypoint files and the lenses of an earlier calibration:\n\n"
    "mocap calibrate wand.csv --wand wand.toml --lenses c.toml --out new.toml\n\n"
    "mocap calibrate walk.csv --person --length RHip-RKnee=.42+-.01 --lenses c.toml"
)
#: Of the metadata, what people read; all of it is in the file and in the JSON.
_SHOWN = (
    "world", "gravity", "world_gravity_sd_deg", "world_notes", "scale", "lens_choice", "reprojection_median_px",
    "held_out_median_px", "held_out_distance_rmse_mm", "volume_sd_median_mm", "volume_sd_p95_mm", "n_views",
    "n_rejected_corners", "rejected_views", "checks_not_ok", "scale_factor", "timing",
    "board_shape",
)  # fmt: skip


_CHECK = "An old calibration against today's footage"
_POINTS = "Without a board: a wand, or a person who walks about"


def command(
    context: typer.Context,
    source_dir: Annotated[
        Path, typer.Argument(help="One video or one image folder per camera; keypoint files for a wand or a person.")
    ],
    board: Annotated[
        list[Path] | None,
        typer.Option(
            help="Board description, board.toml, or the name of a preset. Give it again for further boards in the same "
            "footage; the first is the one that lies on the floor."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Calibration to write.")] = Path("calibration.toml"),
    world: Annotated[
        str | None,
        typer.Option(
            help="'floor:0', 'floor:0-9' or 'floor:0-9,200-220': the board lies on the floor in these frames "
            "('@5mm' behind it: its thickness); 'camera:NAME'; or 'lframe:', 'points:', 'wand:', 'plumb:' or 'feet:' "
            "with a FILE of landmarks. With --person also 'feet': the floor is under the person's own heels and toes."
        ),
    ] = None,
    lens: Annotated[
        list[str],
        typer.Option(
            help="Lens model: auto, pinhole, brown2, brown5, rational8 or fisheye; CAMERA=MODEL for one camera alone."
        ),
    ] = ["auto"],  # noqa: B006
    report: Annotated[
        bool, typer.Option(help="Measure how good it is, and write a page (.html) and a table (.json) beside it.")
    ] = True,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Write also a calibration whose verdict is 'refuse'; the file says so.")
    ] = False,
    wand: Annotated[
        Path | None, typer.Option(help="Wand description, or the name of a preset.", rich_help_panel=_POINTS)
    ] = None,
    person: Annotated[
        bool, typer.Option("--person", help="Calibrate from a person's keypoints.", rich_help_panel=_POINTS)
    ] = False,
    length: Annotated[
        list[str] | None,
        typer.Option(
            help="A length that is known, in m with its sd; repeatable. With --board between cameras, with a tape: "
            "'cam_0-cam_3=4.212+-0.010'; with --person between keypoints, 'RHip-RKnee=0.42+-0.005', or cameras; with "
            "--wand between its markers, or cameras, to hold against the wand."
        ),
    ] = None,
    frames: Annotated[
        int,
        typer.Option(
            help="Calibrate from at most so many frames, those that together show most of the board; 0 for all.", min=0
        ),
    ] = 400,
    timing: Annotated[
        bool,
        typer.Option(
            "--timing", help="Estimate how early or late each view was taken: for cameras without a common clock."
        ),
    ] = False,
    bending: Annotated[
        bool, typer.Option("--bending", help="Estimate how far the board is from flat.")
    ] = False,
    frame_times: Annotated[
        str,
        typer.Option(
            help="CSV of the times of the frames (cam_id, sync_index, frame_time); a timestamps.csv beside the footage "
            "is found by itself."
        ),
    ] = "",
    lenses: Annotated[
        Path | None,
        typer.Option(help="Calibration whose lenses are taken; its poses are not.", rich_help_panel=_POINTS),
    ] = None,
    image_size: Annotated[
        list[str] | None,
        typer.Option(help="CAMERA=WIDTHxHEIGHT, where no --lenses are given.", rich_help_panel=_POINTS),
    ] = None,
    skeleton: Annotated[
        str | None,
        typer.Option(help="Keypoint order, such as BODY_25B, where the files bring no names.", rich_help_panel=_POINTS),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Frame rate in Hz, for 'feet', and for shifts in ms with --timing.", min=1e-3)
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Measure this calibration against today's footage of a --board, a --wand or a --person: which camera "
            "moved, was exchanged, turned, resized or runs late, and by how much.",
            rich_help_panel=_CHECK,
        ),
    ] = None,
    repair: Annotated[
        str | None,
        typer.Option(help="Place this camera anew by the others, and write --out.", rich_help_panel=_CHECK),
    ] = None,
    limit_mm: Annotated[
        float,
        typer.Option(
            help="Error in the volume from which a change is named; refused at twice.", min=0, rich_help_panel=_CHECK
        ),
    ] = 3.0,
    limit_hours: Annotated[
        tuple[float, float],
        typer.Option(help="Ages from which a check, and a new calibration, are advised.", rich_help_panel=_CHECK),
    ] = (5.0, 12.0),
    as_json: JsonFlag = False,
) -> None:
    """Calibrate all cameras of a folder together.

    Without --world the world is the first camera's frame; gravity is then unknown, and angles against gravity
    will be reported as not observable. With --check nothing is calibrated: an old calibration is measured, and the
    exit status is 1 when something is wrong with it. The date that a calibration carries is that of its newest footage,
    by the time stamps of the files: copying may renew it.
    """
    if (board is not None) + (wand is not None) + person != 1:
        raise typer.BadParameter("give either --board, or --wand, or --person")
    if repair is not None and check is None:
        raise typer.BadParameter("--repair needs the calibration to repair: --check calibration.toml")
    way = "--board" if board is not None else "--wand" if wand is not None else "--person"
    refuse_strays(context, way if check is None else f"--check with {way}")
    if check is not None:
        if len(board or []) > 1:
            raise typer.BadParameter("a calibration is checked with one board at a time")
        one = board[0] if board else None
        check_old(
            check, source_dir, one, wand is not None, repair, out, rate, skeleton, limit_mm, limit_hours, as_json
        )
        return
    if board is None:
        calibrate_points(
            source_dir, out, wand, length or [], lenses, image_size or [], world, rate, skeleton, as_json, report,
            anyway,
        )
        return
    from mocap.pipeline.calibration import CalibrationOptions, calibrate_to_file

    try:
        options = CalibrationOptions(
            _lenses(lens), tuple(map(str, board[1:])), tuple(length or ()), frames, timing, bending, frame_times, rate
        )
    except ValueError as error:
        raise typer.BadParameter(str(error).replace("max_frames", "--frames")) from error
    with progress_bars() as progress:
        outcome = calibrate_to_file(source_dir, board[0], out, world, progress, options, report, anyway)
    lines = [
        f"{counted(outcome.rig.names)} in {', '.join(map(str, outcome.files))}",
        *verdict_lines(outcome.assessment, outcome.verdict),
        *(f"  {name}: {said(outcome.rig.metadata[name])}" for name in _SHOWN if outcome.rig.metadata.get(name)),
        *(f"  note: {note}" for note in outcome.notes),
        *(f"  ignored: {path}" for path in outcome.ignored),
    ]
    result = {
        "out": out, "files": outcome.files, "cameras": outcome.rig.names, "verdict": outcome.verdict,
        "metadata": dict(outcome.rig.metadata), "notes": outcome.notes, "ignored": outcome.ignored,
    }  # fmt: skip
    show(result, as_json, lines)


def _lenses(given: list[str]) -> str | dict[str, str]:
    """One model for all cameras, or a model by camera name."""
    named = dict(text.split("=", 1) for text in given if "=" in text.split(":", 1)[0])
    if not named:
        return given[-1]
    if len(named) < len(given):
        raise typer.BadParameter("give one model for all cameras, or CAMERA=MODEL for each that differs from auto")
    return named
