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
    "h5": "a trial file again: with --deidentify for other labs, who review and assess it as any other",
    "csv": "tables for spreadsheets, R and pandas: one file, or a folder with one for each kind",
    "c3d": "points, angles, events, flags, poses and what a recording brought, for Nexus, Visual3D, Mokka and the like",
    "trc": "points for OpenSim: Y up, the person facing X, metres",
    "mot": "joint angles for OpenSim, in degrees, with our names and signs; ground reaction forces of plates",
    "parquet": "tidy tables for pandas, units and meanings in the schema: one file a kind, or a folder of them",
    "bids": "points, angles and events as a BIDS dataset (Motion), a new one or into one that is there",
    "nwb": "points (ndx-pose), angles, events and the metrics in one file; needs the extra nwb",
    "bvh": "the skeleton of segments for Blender and other animation programs, metres, Y up",
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
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Take out names, notes, paths and places; shift dates.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="Keeps who is behind the pseudonyms; default MOCAP_KEY, or ~/.config/mocap/key.json."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a trial in another format; what is filled, edited or rejected stays marked.

    With --deidentify the person and the trial get pseudonyms, the same ones in every export by the same key; keep that
    file apart from what you hand over.
    """
    from mocap.pipeline.export import export_to_file
    from mocap.pipeline.export_privacy import chosen_key

    where = chosen_key(key, deidentify)
    done = export_to_file(trial, to, out, verify=verify, overwrite=overwrite, key=where)
    told = {} if done.without is None else {"alias": done.without.alias.trial, "renamed": dict(done.without.renamed)}
    lines = [str(path) for path in done.files]
    if done.without is not None:
        lines.append(f"handed over as {done.without.alias.trial}; {where} keeps who that is")
        lines += [f"  note: point {name} is called {new}: nothing tells that its name is no person's"
                  for name, new in done.without.renamed.items()]  # fmt: skip
    show({"files": done.files, "verified": done.verified, **told}, as_json,
         [*lines, *(["read back and found equal"] if done.verified else [])])  # fmt: skip


_LINES = "\n\n".join(f"- {name}: {text}" for name, text in FORMATS.items())
command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{_LINES}"  # for --help
