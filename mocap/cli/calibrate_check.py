"""`mocap calibrate --check`: an old calibration against today's footage of a board, a wand or a person."""

from pathlib import Path

import typer

from mocap.cli.common import progress_bars, show


def check_old(
    calibration_file: Path,
    source: Path,
    board: Path | None,
    wand: bool,
    repair: str | None,
    out: Path | None,
    rate: float | None,
    skeleton: str | None,
    limit_mm: float,
    ages_h: tuple[float, float],
    as_json: bool,
) -> None:
    """Print what a check finds; exit status 1 when something is wrong."""
    from calibration.in_use.use_verdict import CheckLimits
    from mocap.pipeline.calibration_check import CheckOptions, check_calibration
    from mocap.pipeline.keypoint_input import KeypointInput

    if not 0 <= ages_h[0] <= ages_h[1]:
        raise typer.BadParameter(f"{ages_h[0]:g} and {ages_h[1]:g} h are no two ages, the younger first",
                                 param_hint="--limit-hours")  # fmt: skip
    limits = CheckLimits(limit_mm, 2 * limit_mm, old_h=ages_h[0], very_old_h=ages_h[1])
    options = CheckOptions(limits, keypoints=KeypointInput(rate or 1.0, skeleton), wand=wand)
    with progress_bars() as progress:
        outcome = check_calibration(calibration_file, source, board, progress, options, repair, out)
    result = {
        "calibration": calibration_file, "age_h": outcome.age_h, "age_told_by": outcome.age_told_by,
        "notes": outcome.notes, "cameras": [dict(row) for row in outcome.rows],
        "findings": [
            {"code": one.code, "cameras": one.cameras, "cause": one.cause, "remedy": one.remedy}
            for one in outcome.diagnoses
        ],
        "repaired": None if outcome.repaired is None else {"camera": outcome.repaired.name, "out": out},
    }  # fmt: skip
    show(result, as_json, list(outcome.lines))
    if outcome.status:
        raise typer.Exit(outcome.status)
