"""`mocap calibrate`: board footage becomes a calibration."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "calibrate"
EXAMPLE = "mocap calibrate footage/ --board board.toml --world floor:0 --out calibration.toml"


def command(
    source_dir: Annotated[Path, typer.Argument(help="One video or one image folder per camera.")],
    board: Annotated[Path, typer.Option(help="Board description, board.toml, or the name of a preset.")],
    out: Annotated[Path, typer.Option(help="Calibration to write.")] = Path("calibration.toml"),
    world: Annotated[
        str | None,
        typer.Option(
            help="'floor:0', 'floor:0-9' or 'floor:0-9,200-220': the board lies on the floor in these frames "
            "('@5mm' behind it: its thickness); 'camera:NAME'; or 'lframe:', 'points:', 'wand:', 'plumb:' or 'feet:' "
            "with a FILE of landmarks."
        ),
    ] = None,
    lens: Annotated[
        str, typer.Option(help="Lens model: auto, pinhole, brown2, brown5, rational8 or fisheye.")
    ] = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Calibrate all cameras of a folder together.

    Without --world the world is the first camera's frame; gravity is then unknown, and angles against gravity
    will be reported as not observable.
    """
    from mocap.pipeline.calibration import calibrate_to_file

    with progress_bars() as progress:
        outcome = calibrate_to_file(source_dir, board, out, world, progress, lens)
    lines = [
        f"{out}: {len(outcome.rig)} cameras ({', '.join(outcome.rig.names)})",
        *(f"  {name}: {value}" for name, value in outcome.rig.metadata.items()),
        *(f"  ignored: {path}" for path in outcome.ignored),
    ]
    show(
        {"out": out, "cameras": outcome.rig.names, "metadata": dict(outcome.rig.metadata), "ignored": outcome.ignored},
        as_json,
        lines,
    )
