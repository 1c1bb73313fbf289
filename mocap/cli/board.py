"""`mocap board`: a printable board."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "board"
EXAMPLE = "mocap board board.toml --out board.pdf"


def command(
    board: Annotated[Path, typer.Argument(help="Board description, board.toml, or the name of a preset.")],
    out: Annotated[Path, typer.Option(help="PDF to write.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a board as a PDF, true to scale, with a ruler on it: measure the ruler before you trust the print."""
    from mocap.pipeline.calibration import print_board

    described = print_board(board, out)
    size_mm = [1e3 * described.squares_x * described.square_length, 1e3 * described.squares_y * described.square_length]
    show(
        {"out": out, "type": described.type, "size_mm": size_mm},
        as_json,
        [f"{out}: {described.type}, {size_mm[0]:g} x {size_mm[1]:g} mm. Print at 100 %, then measure the ruler."],
    )
