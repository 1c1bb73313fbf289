"""`mocap config`: what a session says, and where each value came from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mocap.cli.common import JsonFlag, show

if TYPE_CHECKING:
    from mocap.trial import SettingRow

NAME = "config"
EXAMPLE = "mocap config P01_2026-03-01 --explain"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder with a session.toml.")] = Path(),
    explain: Annotated[
        bool, typer.Option("--explain", help="Every value in effect, also the usual ones, and where it came from.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check the configuration of a session, and print what it states.

    Values come from session.toml; a cohort.csv in a folder above it says what is other for a person, and counts more;
    what neither says is the default of the program, or of the protocol of an assessment.
    """
    from mocap.pipeline.explain import explained, explained_from

    rows = explained(session_dir)
    shown = [row for row in rows if explain or row.source.startswith(("session.toml", "cohort.csv"))]
    width = max((len(_key(row)) for row in shown), default=0)
    far = max((len(row.value) for row in shown if len(row.value) < 40), default=0)
    lines = [f"{_key(row):{width}}  {row.value:{far}}  {row.source}" for row in shown]
    closing = f"{len(shown)} of {len(rows)} values; from {explained_from(session_dir)}"
    show({"values": [vars(row) for row in shown]}, as_json, [*lines, closing])


def _key(row: "SettingRow") -> str:
    return f"{row.stage}.{row.option}".rstrip(".")
