"""`mocap plate-calibrate`: the true geometry of folded plates, from footage."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "plate-calibrate"
EXAMPLE = "mocap plate-calibrate plates.mp4 --plates plates.toml --calibration calibration.toml --out measured.toml"


def command(
    footage: Annotated[
        Path, typer.Argument(help="A video, a folder of images, or a folder with one of these per camera.")
    ],
    plates: Annotated[Path, typer.Option(help="Plates as drawn, a .toml, or the name of a preset.")],
    calibration: Annotated[Path, typer.Option(help="Calibration of the camera, or of all.")],
    out: Annotated[Path, typer.Option(help="Measured plates to write, a .toml.")] = Path("measured.toml"),
    camera: Annotated[str | None, typer.Option(help="Which camera a single video is of.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure how plates were really folded: a facet angle is never what was drawn.

    Turn each plate slowly in front of one camera or several, near and sharp, all its tags in view. The side of the tags
    holds the scale: measure it on the print.
    """
    from mocap.pipeline.plate_calibration import calibrate_plates

    with progress_bars() as progress:
        result = calibrate_plates(footage, plates, calibration, out, camera, progress)
    figures = {
        name: {
            "angles_deg": [float(57.29577951308232 * value) for value in found.angles],
            "angle_sds_deg": [float(57.29577951308232 * value) for value in found.angle_sds],
            "drawn_deg": [float(57.29577951308232 * value) for value in found.drawn_angles],
            "shift_mm": 1e3 * found.shift_m,
            "residual_px": found.residual_px,
            "moments": found.n_moments,
            "size_ratio": found.size_ratio,
        }
        for name, found in result.measured.items()
    }
    lines = [f"{out}: {len(result.measured)} of {len(result.plates)} plates measured.", *result.notes]
    show({"out": out, "plates": figures, "unseen": list(result.unseen)}, as_json, lines)
