"""Names and tables that other programs take as they are: no tab in a label, no formula in a cell."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ExportError
from mocap.export.tables import safe_cell
from mocap.schema import Status
from mocap.trial import Points3D

_FORMULA = "=+-@'\""


def plain_names(names: Sequence[str], joiner: str = " ") -> tuple[str, ...]:
    """Return names that hold no control character, begin like no formula, and stay different from each other.

    Parameters
    ----------
    names : sequence of str
    joiner : str
        What stands for each run of white space within a name.
    """
    taken: set[str] = set()
    plain = []
    for name in names:
        words = "".join(letter if letter.isprintable() else " " for letter in name).split()
        label = joiner.join(words).lstrip(_FORMULA).strip() or "unnamed"
        unique, number = label, 2
        while unique in taken:
            unique, number = f"{label}_{number}", number + 1
        taken.add(unique)
        plain.append(unique)
    return tuple(plain)


Cell = str | int | float


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a small table as CSV: floats to the last bit and blank where missing, words safe in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Cell) -> str:
    """Return one cell of such a table."""
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, float):
        return repr(float(value)) if np.isfinite(value) else ""
    return str(int(value))


def number(value: float) -> str:
    """Return a number that reads back as the same one, `nan` where it is missing."""
    return repr(float(value)) if np.isfinite(value) else "nan"


def status_words(status: int) -> str:
    """Return the flags of a sample in words: `measured, filtered`; `missing` without any."""
    return ", ".join(str(flag.name).lower() for flag in Status if status & flag) or "missing"


def flagged_samples(points: Points3D) -> NDArray:
    """Return frame and point, shape (sample, 2), of every sample that is more than measured or missing."""
    return np.argwhere(~np.isin(points.status, (0, int(Status.MEASURED))))


def beside(path: Path, what: str) -> Path:
    """Return where a table lies that belongs to a file."""
    return path.with_name(f"{path.stem}_{what}.csv")


def nothing_to_write(what: str, remedy: str) -> ExportError:
    """Return the refusal of a trial that has nothing of what a format holds."""
    return ExportError(f"The trial has no {what}.", remedy, code="EXPORT_EMPTY")
