"""`mocap calibrate` without a board: from a wand or from a person who walks about, seen by a 2D detector."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calibration.digits import digits
from mocap.cli.calibrate_lines import counted, said, verdict_lines
from mocap.cli.common import note_lines, show

if TYPE_CHECKING:
    from mocap.pipeline.point_report import PointOutcome

_SHOWN = ("world", "gravity", "scale", "scale_notes", "lens_source", "held_out_length_rmse_mm", "checks_not_ok")


def calibrate_points(
    source: Path,
    out: Path,
    wand: Path | None,
    lengths: list[str],
    lenses: Path | None,
    image_sizes: list[str],
    world: str | None,
    rate: float | None,
    skeleton: str | None,
    as_json: bool,
    report: bool = True,
    anyway: bool = False,
) -> None:
    """Calibrate from keypoint files and print what came out; with a wand, or from a person with known lengths."""
    from mocap.pipeline.keypoint_input import KeypointInput
    from mocap.pipeline.point_calibration import calibrate_person_files, calibrate_wand_files

    how = KeypointInput(rate, skeleton)
    sizes = dict(_named_size(text) for text in image_sizes)
    if wand is not None:
        outcome = calibrate_wand_files(
            source, wand, how, out, lenses, sizes or None, world, lengths=lengths, report=report, anyway=anyway
        )
    else:
        outcome = calibrate_person_files(
            source, lengths, how, out, lenses, sizes or None, world, report=report, anyway=anyway
        )
    result = {
        "out": out, "files": outcome.files, "cameras": outcome.rig.names, "verdict": outcome.verdict,
        "scale_sd": outcome.scale_sd, "quality": asdict(outcome.quality),
        "metadata": dict(outcome.rig.metadata), "notes": outcome.notes,
    }  # fmt: skip
    show(result, as_json, _lines(outcome))


def _lines(outcome: "PointOutcome") -> list[str]:
    quality, names, metadata = outcome.quality, outcome.rig.names, outcome.rig.metadata
    figures = zip(
        names, quality.n_points, quality.sigma_px, quality.rejected_share, quality.position_sd_mm, strict=True
    )
    return [
        f"{counted(names)} in {', '.join(map(str, outcome.files))}",
        *verdict_lines(outcome.assessment, outcome.verdict),
        f"  size of the rig known to {digits(100 * outcome.scale_sd)} % (1 sd)",
        f"  a point in the volume is off by {quality.volume_sd_mm:.1f} mm because of the calibration (1 sd, median)",
        *(
            f"  {name}: {n} points, noise {sigma:.2f} px, {100 * rejected:.0f} % left out, "
            f"place known to {place:.1f} mm (1 sd)"
            for name, n, sigma, rejected, place in figures
        ),
        *(f"  {name}: {said(metadata[name])}" for name in _SHOWN if metadata.get(name)),
        *note_lines(outcome.notes),
    ]


def _named_size(text: str) -> tuple[str, tuple[int, int]]:
    """Read 'cam_0=1920x1080'."""
    name, _, size = text.partition("=")
    width, _, height = size.partition("x")
    if not name or not width.isdigit() or not height.isdigit():
        raise typer.BadParameter(f"'{text}' is not CAMERA=WIDTHxHEIGHT, such as cam_0=1920x1080")
    return name, (int(width), int(height))
