"""`mocap export`: hand-over to other programs."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "export"
EXAMPLE = "mocap export trial.h5 --to csv --out tables/"


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file.")],
    to: Annotated[str, typer.Option(help="Format: csv.")],
    out: Annotated[Path, typer.Option(help="Where to write.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a trial in another format; what is filled, edited or rejected stays marked."""
    from mocap.pipeline.export import export_to_file

    files = export_to_file(trial, to, out)
    show({"files": files}, as_json, [str(path) for path in files])
