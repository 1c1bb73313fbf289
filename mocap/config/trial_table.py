"""A table of trials, `trials.csv`: who was measured in which file, by whom, at which visit, how."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mocap.errors import ConfigError, SourceError

_KNOWN = ("file", "subject", "operator", "visit", "date")
_MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class TrialRow:
    """One line; what is empty is not stated.

    Attributes
    ----------
    subject, operator, visit, date : str
        The date as 2026-03-01, with or without a time.
    context : mapping of str to str
        All other columns: `bar_position`, `heel_height_mm`, ...
    """

    subject: str = ""
    operator: str = ""
    visit: str = ""
    date: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


def read_trial_table(path: str | Path) -> dict[str, TrialRow]:
    """Read a table of trials: a CSV file with a head, one line per file, by the file's name without its folder.

    Raises
    ------
    SourceError
        FILE_MISSING
    ConfigError
        TRIAL_TABLE
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, "is larger than a table of trials can be")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, "is not text in UTF-8") from error
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}.", "Check the path.", code="FILE_MISSING"
        ) from error
    lines = text.splitlines()
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator, strict=True) if any(map(str.strip, row))]
    except csv.Error as error:
        raise _refused(path, f"is not a table: {error}") from error
    if not rows:
        raise _refused(path, "is empty")
    head = [cell.strip() for cell in rows[0]]
    if "file" not in head or len(set(head)) != len(head):
        raise _refused(path, f"begins with {', '.join(head)}: a column 'file', and every name once, are needed")
    return _read(path, head, rows[1:])


def _read(path: Path, head: list[str], rows: list[list[str]]) -> dict[str, TrialRow]:
    found: dict[str, TrialRow] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != len(head):
            raise _refused(path, f"has {len(row)} cells in line {number}, and {len(head)} columns")
        cells = {name: cell.strip() for name, cell in zip(head, row, strict=True)}
        name = cells["file"].replace("\\", "/").rpartition("/")[2]
        if not name or name in found:
            raise _refused(path, f"names {f'the file {name} twice' if name else 'no file'} in line {number}")
        context = {key: cell for key, cell in cells.items() if key not in _KNOWN and cell}
        found[name] = TrialRow(**{key: cells.get(key, "") for key in _KNOWN[1:]}, context=context)
    return found


def _refused(path: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{path.name} {what}.",
        "Give a CSV with the columns file, subject, operator, visit, date, and others for circumstances.",
        code="TRIAL_TABLE",
    )
