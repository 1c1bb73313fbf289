"""What all commands share: options, progress bars, results as text or JSON."""

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mocap.pipeline.progress import Progress

JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield `progress(label, done, total)`, drawn on stderr as one bar per label."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    bars = Bars(*columns, console=Console(stderr=True))
    tasks: dict[str, Any] = {}

    def progress(label: str, done: int, total: int | None) -> None:
        if label not in tasks:
            tasks[label] = bars.add_task(label, total=total)
        bars.update(tasks[label], completed=done, total=total)

    with bars:
        yield progress


def show(result: dict[str, Any], as_json: bool, lines: list[str]) -> None:
    """Print `result` as JSON, or `lines` as text, on stdout."""
    if as_json:
        sys.stdout.write(json.dumps(_plain(result), indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write("\n".join(lines) + "\n")


def _plain(value: Any) -> Any:
    """JSON has no NaN, no paths and no arrays."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
