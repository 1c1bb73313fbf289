"""`mocap run`: the whole pipeline on a recorded session."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mocap.cli.common import (
    JsonFlag,
    end_refused,
    note_lines,
    progress_bars,
    show,
    told_quality,
    verdict_lines,
)

if TYPE_CHECKING:
    from mocap.pipeline.record import Outcome

NAME = "run"
EXAMPLE = "mocap run P01_2026-03-01"


def command(
    session_dir: Annotated[Path, typer.Argument(help="Folder with a session.toml.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default SESSION_DIR/results.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the checks that hold as well.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Calibrate, reconstruct and compute angles for every trial of a session; skip what did not change.

    What has to be looked at and what was done on the way is printed with every trial, a skipped one included.
    """
    from mocap.pipeline.session import run_session

    with progress_bars() as progress:
        summary = run_session(session_dir, out or session_dir / "results", progress)
    lines = [line for outcome in summary.outcomes for line in _lines(outcome, verbose)]
    told = [_told(outcome) for outcome in summary.outcomes]
    result = {"outcomes": told, "counts": summary.counts, "set_aside": list(summary.set_aside)}
    show(result, as_json, [*lines, *note_lines(summary.set_aside), summary.text])
    end_refused((outcome.name, outcome.text) for outcome in summary.outcomes if outcome.state == "refused")


def _lines(outcome: "Outcome", verbose: bool) -> list[str]:
    told = [*note_lines(outcome.notes), *verdict_lines(outcome.quality, failed_alone=not verbose)]
    ran = f" ({', '.join(outcome.stages)}: {', '.join(outcome.because)})" if outcome.stages else ""
    heading = f"  {outcome.name}: {outcome.state}{ran}{', ' + outcome.text if outcome.text else ''}"
    return [heading, *(f"  {line}" for line in told)]


def _told(outcome: "Outcome") -> dict[str, Any]:
    return {**vars(outcome), "quality": told_quality(outcome.quality)}
