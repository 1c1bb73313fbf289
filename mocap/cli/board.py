"""`mocap board`: a printable board, described already or new."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, show

if TYPE_CHECKING:
    from calibration.boards.targets import Target

NAME = "board"
EXAMPLE = (
    "mocap board board.toml --out board.pdf\n\n"
    "mocap board --new charuco --squares 7x5 --square 0.12 --marker 0.09 --dictionary DICT_5X5_100 --out board.pdf"
)


def command(
    out: Annotated[
        Path, typer.Option(help="PDF to write; with --new its description comes beside it: board.toml and board.pdf.")
    ],
    board: Annotated[
        Path | None, typer.Argument(help="Board or object of tags, a .toml, or the name of a preset.")
    ] = None,
    new: Annotated[
        str | None, typer.Option(help="Make a new one: charuco, chessboard, aruco_grid, april_grid or tag_cube.")
    ] = None,
    squares: Annotated[
        str | None,
        typer.Option(help="Squares along x and y, such as 7x5; of a grid tags; of a cube tags on a face."),
    ] = None,
    square: Annotated[
        float | None, typer.Option(help="Side of a square, pitch of a grid, or edge of a cube, m.")
    ] = None,
    marker: Annotated[float | None, typer.Option(help="Side of a marker, black border included, m.")] = None,
    dictionary: Annotated[str | None, typer.Option(help="Markers, by OpenCV's name: DICT_5X5_100.")] = None,
    inverted: Annotated[bool, typer.Option("--inverted", help="White on black.")] = False,
    legacy: Annotated[bool, typer.Option("--legacy", help="Layout of OpenCV before 4.6 (charuco).")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a board as a PDF, true to scale, with a ruler on it: measure the ruler before you trust the print."""
    from mocap.pipeline.boards import new_target, print_target, write_new

    if (board is None) == (new is None):
        raise typer.BadParameter("Give either a board's description or --new with what to make.")
    if new is not None:
        target = new_target(new, squares, square, marker, dictionary, inverted, legacy)
        described_by, pdf = write_new(target, out)
        _show(target, described_by, pdf, as_json, is_new=True)
        return
    if any(value is not None for value in (squares, square, marker, dictionary)) or inverted or legacy:
        raise typer.BadParameter("--squares, --square, --marker and the like go with --new; else edit the .toml.")
    assert board is not None
    _show(print_target(board, out), board, out, as_json, is_new=False)


def _show(target: "Target", described_by: Path, pdf: Path, as_json: bool, is_new: bool) -> None:
    from mocap.pipeline.boards import size_mm

    size = size_mm(target)
    extent = " x ".join(f"{length:g}" for length in size)
    lines = [f"{pdf}: {target.describe()}; {extent} mm. Print at 100 %, then measure the ruler."]
    if is_new:
        lines.append(f"{described_by}: its description; correct the lengths there by what you measure on the print.")
    result = {"out": pdf, "board": described_by, "type": target.type, "size_mm": size, "corners": target.n_corners}
    show(result, as_json, lines)
