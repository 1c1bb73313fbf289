"""`mocap calibrate`: board footage becomes a calibration."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "calibrate"
EXAMPLE = "mocap calibrate footage/ --board board.toml --world floor:0 --out calibration.toml"


def command(
    source_dir: Annotated[Path, typer.Argument(help="One video or one image folder per camera.")],
    board: Annotated[
        list[Path],
        typer.Option(
            help="Board description, board.toml, or the name of a preset. Give it again for further boards in the same "
            "footage; the first is the one that lies on the floor."
        ),
    ],
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
        list[str],
        typer.Option(
            help="Lens model: auto, pinhole, brown2, brown5, rational8 or fisheye; CAMERA=MODEL for one camera alone."
        ),
    ] = ["auto"],  # noqa: B006
    as_json: JsonFlag = False,
) -> None:
    """Calibrate all cameras of a folder together.

    Without --world the world is the first camera's frame; gravity is then unknown, and angles against gravity
    will be reported as not observable.
    """
    from mocap.pipeline.calibration import CalibrationOptions, calibrate_to_file

    options = CalibrationOptions(_lenses(lens), tuple(str(path) for path in board[1:]))
    with progress_bars() as progress:
        outcome = calibrate_to_file(source_dir, board[0], out, world, progress, options)
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


def _lenses(given: list[str]) -> str | dict[str, str]:
    """One model for all cameras, or a model by camera name."""
    named = dict(text.split("=", 1) for text in given if "=" in text.split(":", 1)[0])
    if not named:
        return given[-1]
    if len(named) < len(given):
        raise typer.BadParameter("give one model for all cameras, or CAMERA=MODEL for each that differs from auto")
    return named
