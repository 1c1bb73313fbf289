"""`mocap convert`: a calibration of one program becomes that of another."""

from inspect import cleandoc
from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from calibration.formats import FORMATS
from mocap.cli.common import JsonFlag, note_lines, show

NAME = "convert"
EXAMPLE = "mocap convert Calib.qca.txt --to mocap --out calibration.toml"
_LINES = "\n\n".join(f"- {row.line()}" for row in FORMATS)


def command(
    calibration: Annotated[Path, typer.Argument(help="File, or folder for EasyMocap and OpenCap.")],
    to: Annotated[str, typer.Option(help="Format to write.")],
    out: Annotated[Path, typer.Option(help="File to write, or folder for EasyMocap.")],
    from_: Annotated[
        str | None, typer.Option("--from", help="Format of the file; found from its content when left out.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="Unit of length of CALIBRATION: m, dm, cm, mm or in; where it implies none.")
    ] = None,
    out_units: Annotated[
        str | None, typer.Option(help="Unit of length to write, where the format implies none.")
    ] = None,
    poses: Annotated[
        Path | None, typer.Option("--extrinsics-from", help="Take the poses from this calibration, by camera name.")
    ] = None,
    poses_format: Annotated[str | None, typer.Option("--extrinsics-format", help="Its format.")] = None,
    poses_units: Annotated[str | None, typer.Option("--extrinsics-units", help="Its unit of length.")] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(help="Size of the image where the file lacks it: 1920x1080, or NAME=1920x1080; repeatable."),
    ] = None,
    footage: Annotated[
        Path | None, typer.Option(help="Folder of the footage: refuse a calibration of another size of image.")
    ] = None,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Rescale the calibration to the footage: the same images, only smaller.")
    ] = False,
    z_up: Annotated[bool, typer.Option("--z-up", help="State that Z points up, where the file does not know.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Convert a calibration.

    'Proven' formats are tested on a file that the other program wrote; the others follow its documentation alone, so
    look at the result before you trust it.
    """
    from mocap.pipeline.convert import CalibrationInput, Footage, convert_to_file, sizes_of

    other = CalibrationInput(poses, poses_format, poses_units) if poses is not None else None
    seen = Footage(sizes_of(size or []), footage, rescale)
    done = convert_to_file(CalibrationInput(calibration, from_, units), to, out, out_units, seen, other, z_up)
    result = {"out": out, "from": done.source_format, "to": to, "cameras": done.rig.names, "notes": done.notes}
    said = f"{out}: {counted(len(done.rig), 'camera')} ({', '.join(done.rig.names)}), from {done.source_format} to {to}"
    show(result, as_json, [said, *note_lines(done.notes)])


command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{_LINES}"  # for --help
