"""`mocap calibrate`: board footage becomes a calibration."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mocap.cli import calibrate_options as given
from mocap.cli.calibrate_check import check_old
from mocap.cli.calibrate_lines import counted, shown_metadata, verdict_lines
from mocap.cli.calibrate_options import refuse_strays
from mocap.cli.calibrate_points import calibrate_points
from mocap.cli.common import JsonFlag, note_lines, progress_bars, show

if TYPE_CHECKING:
    from mocap.pipeline.calibration import CalibrationOptions

NAME = "calibrate"
EXAMPLE = (
    "mocap calibrate footage/ --board board.toml --world floor:0 --out calibration.toml\n\n"
    "Without a board, from keypoint files and the lenses of an earlier calibration:\n\n"
    "mocap calibrate wand.csv --wand wand.toml --lenses c.toml --out new.toml\n\n"
    "mocap calibrate walk.csv --person --length RHip-RKnee=.42+-.01 --lenses c.toml"
)
#: Of the metadata, what people read; all of it is in the file and in the JSON.
_SHOWN = (
    "world", "gravity", "world_gravity_sd_deg", "world_notes", "scale", "lens_choice", "lens_asked",
    "reprojection_median_px", "held_out_median_px", "held_out_distance_rmse_mm", "volume_sd_median_mm",
    "volume_sd_p95_mm", "n_views", "n_rejected_corners", "rejected_views", "checks_not_ok", "scale_factor", "timing",
    "board_shape",
)  # fmt: skip


def command(
    context: typer.Context,
    source_dir: given.SourceDir,
    board: given.Boards = None,
    out: given.Out = Path("calibration.toml"),
    world: given.World = None,
    lens: given.Lens = ["auto"],  # noqa: B006
    report: given.Report = True,
    anyway: given.Anyway = False,
    wand: given.Wand = None,
    person: given.Person = False,
    length: given.Lengths = None,
    frames: given.Frames = 400,
    timing: given.Timing = False,
    bending: given.Bending = None,
    frame_times: given.FrameTimes = "",
    lenses: given.Lenses = None,
    image_size: given.ImageSizes = None,
    skeleton: given.Skeleton = None,
    rate: given.Rate = None,
    check: given.Check = None,
    repair: given.Repair = None,
    limit_mm: given.LimitMm = 3.0,
    limit_hours: given.LimitHours = (5.0, 12.0),
    as_json: JsonFlag = False,
) -> None:
    """Calibrate all cameras of a folder together.

    Without --world the world is the first camera's frame; gravity is then unknown, and angles against gravity
    will be reported as not observable. With --check nothing is calibrated: an old calibration is measured, and the
    exit status is 1 when something is wrong with it. The date that a calibration carries is that of its newest footage,
    by the time stamps of the files: copying may renew it.
    """
    _check_way(context, board, wand, person, check, repair)
    if check is not None:
        one = board[0] if board else None
        check_old(
            check, source_dir, one, wand is not None, repair, out, rate, skeleton, limit_mm, limit_hours, as_json
        )
    elif board is None:
        calibrate_points(
            source_dir, out, wand, length or [], lenses, image_size or [], world, rate, skeleton, as_json, report,
            anyway,
        )
    else:
        from mocap.pipeline.calibration import CalibrationOptions

        try:
            options = CalibrationOptions(
                _lenses(lens), tuple(map(str, board[1:])), tuple(length or ()), frames, timing, bending, frame_times,
                rate,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error).replace("max_frames", "--frames")) from error
        _calibrate_board(source_dir, board[0], out, world, options, report, anyway, as_json)


def _check_way(
    context: typer.Context,
    board: list[Path] | None,
    wand: Path | None,
    person: bool,
    check: Path | None,
    repair: str | None,
) -> None:
    """Refuse more or less than one way of calibrating, and options that mean nothing in it."""
    if (board is not None) + (wand is not None) + person != 1:
        raise typer.BadParameter("give either --board, or --wand, or --person")
    if repair is not None and check is None:
        raise typer.BadParameter("--repair needs the calibration to repair: --check calibration.toml")
    way = "--board" if board is not None else "--wand" if wand is not None else "--person"
    refuse_strays(context, way if check is None else f"--check with {way}")
    if check is not None and len(board or []) > 1:
        raise typer.BadParameter("a calibration is checked with one board at a time")


def _calibrate_board(
    source: Path,
    board: Path,
    out: Path,
    world: str | None,
    options: "CalibrationOptions",
    report: bool,
    anyway: bool,
    as_json: bool,
) -> None:
    """Calibrate from footage of a board and print what came out."""
    from mocap.pipeline.calibration import calibrate_to_file

    with progress_bars() as progress:
        outcome = calibrate_to_file(source, board, out, world, progress, options, report, anyway)
    lines = [
        f"{counted(outcome.rig.names)} in {', '.join(map(str, outcome.files))}",
        *verdict_lines(outcome.assessment, outcome.verdict),
        *shown_metadata(outcome.assessment, outcome.verdict, outcome.rig.metadata, _SHOWN),
        *note_lines(outcome.notes),
        *(f"  ignored: {path}" for path in outcome.ignored),
    ]
    result = {
        "out": out, "files": outcome.files, "cameras": outcome.rig.names, "verdict": outcome.verdict,
        "metadata": dict(outcome.rig.metadata), "notes": outcome.notes, "ignored": outcome.ignored,
    }  # fmt: skip
    show(result, as_json, lines)


def _lenses(texts: list[str]) -> str | dict[str, str]:
    """One model for all cameras, or a model by camera name."""
    named = dict(text.split("=", 1) for text in texts if "=" in text.split(":", 1)[0])
    if not named:
        return texts[-1]
    if len(named) < len(texts):
        raise typer.BadParameter("give one model for all cameras, or CAMERA=MODEL for each that differs from auto")
    return named
