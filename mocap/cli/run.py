"""`mocap run`: the whole pipeline on a recorded session."""

from pathlib import Path
from typing import Annotated

import typer

from mocap.cli.common import JsonFlag, end_refused, progress_bars, show

NAME = "run"
EXAMPLE = "mocap run P01_2026-03-01"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder with a session.toml.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default SESSION_DIR/results.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Calibrate, reconstruct and compute angles for every trial of a session; skip what did not change."""
    from mocap.pipeline.session import run_session

    with progress_bars() as progress:
        summary = run_session(session_dir, out or session_dir / "results", progress)
    lines = [
        f"  {outcome.name}: {outcome.state}{', ' + outcome.text if outcome.text else ''}"
        for outcome in summary.outcomes
    ]
    show(
        {"outcomes": [vars(outcome) for outcome in summary.outcomes], "counts": summary.counts},
        as_json,
        [*lines, summary.text],
    )
    end_refused((outcome.name, outcome.text) for outcome in summary.outcomes if outcome.state == "refused")
