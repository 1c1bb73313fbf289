"""What all commands share: options, progress bars, results as text or JSON."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from calibration.digits import digits
from mocap.pipeline.progress import Progress
from mocap.trial import Verdict

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


def note_lines(notes: Iterable[str]) -> list[str]:
    """Return a line for each note."""
    return [f"  note: {note}" for note in notes]


def verdict_lines(quality: Sequence[Verdict], *, failed_alone: bool = False) -> list[str]:
    """Return a line for each check of a trial, or for those alone that did not hold, which also tell their limit."""
    lines = []
    for one in quality:
        unit = "" if one.unit == "1" else one.unit  # a count or a ratio, in what is stored
        measured = f"{_figure(one.measured)} {unit}".rstrip() if math.isfinite(one.measured) else "not known"
        # What the text itself begins with is said once.
        said = unit and math.isfinite(one.measured) and one.text.startswith((f"{unit} ", f"{unit},"))
        text = one.text[len(unit) :] if said else one.text
        text = text if not text or text[0] in " ," else f" {text}"
        if not one.passed:
            limit = f"{_figure(one.limit)} {unit}".rstrip()
            goes_on = not text or text[0] == "," or text[1].islower()  # in one sentence with the figure
            lines.append(f"  LOOK {one.name}: {measured} (limit {limit}){'' if goes_on else '.'}{text}".rstrip())
        elif not failed_alone:
            lines.append(f"  ok   {one.name}: {measured}{text}".rstrip())
    return lines


def _figure(value: float) -> str:
    text = digits(value, 3)
    return text.rstrip("0").rstrip(".") if "." in text else text


def told_quality(quality: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return the checks of a trial for the JSON."""
    return [vars(verdict) for verdict in quality]


def end_refused(refusals: Iterable[tuple[str, str]]) -> None:
    """Print a line on stderr for each refusal, name and reason, and end with exit status 1 where there is one."""
    lines = [f"error {name}: {reason}\n" for name, reason in refusals if reason]
    sys.stderr.writelines(lines)
    if lines:
        raise typer.Exit(1)


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
