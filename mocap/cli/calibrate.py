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
        typer.Option(help="'floor:0' or 'floor:0-9': the board lies on the floor in these frames; 'camera:NAME'."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Calibrate all cameras of a folder together.

    Without --world the world is the first camera's frame; gravity is then unknown, and angles against gravity
    will be reported as not observable.
    """
    from mocap.pipeline.calibration import calibrate_to_file

    with progress_bars() as progress:
        outcome = calibrate_to_file(source_dir, board, out, world, progress)
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
