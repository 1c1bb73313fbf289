"""The table of a cohort, `cohort.csv`: values that differ from person to person, beside the sessions.

One line for each person or session, found by the columns `subject` (the code) and `session` (the id); every other
column names a value of `session.toml`, such as `options.kinematics.leg_length_m`, `session.operator`,
`trial.squat.context.load_kg`, or `context.footwear` for all trials. What a cell says stands in place of what the
session says; an empty cell says nothing.
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocap.errors import ConfigError, SourceError

COHORT_NAME = "cohort.csv"
_WHO = {"subject": ("session", "subject_code"), "session": ("session", "id")}
_ABOVE = 3  # folders in which it is looked for
_MOST_BYTES = 16_000_000


@dataclass(frozen=True)
class CohortValue:
    """One cell that counts for a session: what it says, where in the session that belongs, and where it stands."""

    place: tuple[str, ...]
    value: Any
    source: str


def cohort_file(session: Path) -> Path | None:
    """Return the table that is nearest above a session folder, or None: at most three folders up."""
    above = list(session.absolute().parents)[:_ABOVE]
    return next((folder / COHORT_NAME for folder in above if (folder / COHORT_NAME).is_file()), None)


def cohort_values(path: Path, content: Mapping[str, Any]) -> tuple[CohortValue, ...]:
    """Return what a table says of a session.

    Parameters
    ----------
    path : Path
        The table.
    content : mapping
        The session as its file states it.

    Raises
    ------
    SourceError
        FILE_MISSING
    ConfigError
        COHORT_TABLE: no such table, or a column that is no value of a session.
    """
    head, rows = _table(path)
    own = content.get("session")
    told = {column: str(own.get(key, "")) if isinstance(own, Mapping) else "" for column, (_, key) in _WHO.items()}
    found: dict[tuple[str, ...], CohortValue] = {}
    for number, row in rows:
        cells = dict(zip(head, row, strict=True))
        asked = {column: cells[column] for column in _WHO if cells.get(column)}
        if not asked or any(told[column] != who for column, who in asked.items()):
            continue
        for column, cell in cells.items():
            if column in _WHO or not cell:
                continue
            for place in _places(path, column, content):
                found[place] = CohortValue(place, _typed(cell), f"{COHORT_NAME} line {number}")
    return tuple(found.values())


def with_cohort(content: Mapping[str, Any], values: tuple[CohortValue, ...]) -> dict[str, Any]:
    """Return the content of a session with the values of a table in their places."""
    made: dict[str, Any] = _copied(content)
    for one in values:
        inner, keys = made, one.place
        if keys[0] == "trial":
            inner, keys = made["trial"][int(keys[1])], keys[2:]
        for key in keys[:-1]:
            # What is no table there is told as wrong where the session is built.
            following = inner.setdefault(key, {})
            inner[key] = inner = following if isinstance(following, dict) else {}
        inner[keys[-1]] = one.value
    return made


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _places(path: Path, column: str, content: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Where a column belongs: one place, or that in every trial."""
    keys = tuple(column.split("."))
    if "" in keys or len(keys) < 2:
        raise _refused(
            path, f"has the column '{column}', which is no value of a session",
            "Name it by its section: options.kinematics.leg_length_m, session.operator, context.load_kg, "
            "trial.squat.context.load_kg.",
        )  # fmt: skip
    trials = content.get("trial")
    listed = trials if isinstance(trials, list) else []
    named = [one.get("name") if isinstance(one, Mapping) else None for one in listed]
    if keys[0] == "context":
        return [("trial", str(number), *keys) for number, one in enumerate(listed) if isinstance(one, Mapping)]
    if keys[0] != "trial":
        return [keys]
    if len(keys) < 3:
        raise _refused(path, f"has the column '{column}', which names no value of a trial",
                       "Write trial.NAME.context.load_kg.")  # fmt: skip
    # A session without that trial has nothing to change: tables are for many sessions.
    return [("trial", str(number), *keys[2:]) for number, name in enumerate(named) if name == keys[1]]


def _typed(cell: str) -> Any:
    """A cell as TOML has it: a number, true, a date, a list; words otherwise."""
    try:
        return tomllib.loads(f"x = {cell}")["x"]
    except tomllib.TOMLDecodeError:
        return cell


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, "is larger than a table of people can be")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _refused(path, "is not text in UTF-8") from error
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}.", "Check its permissions.", code="FILE_MISSING"
        ) from error
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        reader = csv.reader(lines, delimiter=separator, strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise _refused(path, f"is not a table: {error}") from error
    head = rows[0][1] if rows else []
    if not set(_WHO) & set(head) or len(set(head)) != len(head):
        shown = ", ".join(head)[:200]
        raise _refused(path, f"begins with '{shown}': a column 'subject' or 'session', and every name once, are needed")
    for number, row in rows[1:]:
        if len(row) != len(head):
            raise _refused(path, f"has {len(row)} cells in line {number}, and {len(head)} columns")
    return head, rows[1:]


def _refused(path: Path, why: str, remedy: str = "Mend the table, or give it another name.") -> ConfigError:
    return ConfigError(f"{path} {why}.", remedy, code="COHORT_TABLE")
