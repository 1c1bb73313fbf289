"""`mocap export`: hand-over to other programs."""

from inspect import cleandoc
from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, show

NAME = "export"
EXAMPLE = "mocap export trial.h5 --to csv --out tables/ --verify"
# Told here, since --help should not have to import what writes them; a test holds both together.
FORMATS = {
    "csv": "tables for spreadsheets, R and pandas: one file, or a folder with one for each kind",
    "trc": "points for OpenSim: Y up, the person facing X, metres",
    "mot": "joint angles for OpenSim, in degrees, with our names and signs",
    "parquet": "tidy tables for pandas, units and meanings in the schema: one file a kind, or a folder of them",
    "json": "metrics with their uncertainty, meanings, events, checks and provenance, without curves",
}


def command(
    trial: Annotated[Path, typer.Argument(help="Trial file.")],
    to: Annotated[str, typer.Option(help=f"Format: {', '.join(FORMATS)}.")],
    out: Annotated[Path, typer.Option(help="File or folder to write.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the files back and compare them; nothing is kept if they differ.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over files of which it cannot be told that they were made here.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a trial in another format; what is filled, edited or rejected stays marked."""
    from mocap.pipeline.export import export_to_file

    done = export_to_file(trial, to, out, verify=verify, overwrite=overwrite)
    lines = [str(path) for path in done.files]
    show({"files": done.files, "verified": done.verified}, as_json,
         [*lines, *(["read back and found equal"] if done.verified else [])])  # fmt: skip


_LINES = "\n\n".join(f"- {name}: {text}" for name, text in FORMATS.items())
command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{_LINES}"  # for --help
