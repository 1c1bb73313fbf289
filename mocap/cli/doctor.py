"""`mocap doctor`: what would spoil a session, before hours are spent on it."""

from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "doctor"
EXAMPLE = "mocap doctor P01_2026-03-01"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder with a session.toml.")],
    out: Annotated[Path | None, typer.Option(help="Where the results are to go; default SESSION_DIR/results.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit status 1 also for what has only to be looked at.")] = (
        False
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at files and pictures alone, without a dry run of the session.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Look for what would spoil a run: files, cameras, sizes, rates, pictures, board, calibration, keypoints, disk.

    A few pictures of each recording are looked at, and nothing is written. STOP: the run would be refused, or its
    numbers wrong; LOOK: they may be worse than they could be. The exit status is 1 where something says STOP.
    """
    from mocap.doctor.finding import LOOK, STOP
    from mocap.doctor.run import examine

    with progress_bars() as progress:
        found = examine(session_dir, out or session_dir / "results", progress, dry_run=not quick)
    counts = {severity: sum(one.severity == severity for one in found.findings) for severity in (STOP, LOOK)}
    result = {
        "findings": [vars(one) for one in found.findings],
        "files": [vars(row) for row in found.table],
        "counts": counts,
    }
    lines = [*_table(found.table)]
    for one in found.findings:
        lines += [f"{one.severity.upper()} {one.about} {one.code}: {one.cause}", f"     Remedy: {one.remedy}"]
    told = [f"{counts[STOP]} to stop for", f"{counts[LOOK]} to look at"] if found.findings else ["nothing found"]
    lines.append(f"{counted(found.n_checks, 'place')} looked at: {', '.join(told)}")
    show(result, as_json, lines)
    if counts[STOP] or (strict and found.findings):
        raise typer.Exit(1)


def _table(rows: tuple) -> list[str]:
    """Which file is whose, as a table."""
    cells = [("place", "camera", "file", "size", "frames", "rate")]
    cells += [(row.place, row.camera, row.file, row.size, row.frames, row.rate) for row in rows]
    widths = [max(len(cell[column]) for cell in cells) for column in range(6)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
