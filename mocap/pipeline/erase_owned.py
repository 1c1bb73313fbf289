"""Whose a file is that was written here, by the place where its format says so; a word elsewhere in it tells nothing.

A code may be a number or a word that stands in the files of others by chance: what is removed or changed is known by
the place of the code alone.
"""

import csv
import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocap.export.bids import PARTICIPANT_COLUMNS
from mocap.export.tables import safe_cell
from mocap.pipeline.export_kinds import KINDS
from mocap.pipeline.output_kinds import (
    ANGLE_PAGE,
    BATCH_TABLE,
    CONDITIONS_TABLE,
    FOLLOW_UP_PAGE,
    FOLLOW_UP_TABLE,
    Kind,
    is_alike,
)

_MOST_BYTES = 1 << 28  # of a file in which the code is sought in its place


def _of_page(code: str) -> bytes:
    told = re.escape(html.escape(code).encode())
    return rb"<dt>Subject</dt><dd>%b</dd>|<td>Subject</td><td[^>]*>%b</td>" % (told, told)


def _of_follow_up(code: str) -> bytes:
    return rb"<title>Follow-up of %b</title>" % re.escape(html.escape(code).encode())


def _of_json(code: str) -> bytes:
    forms = {json.dumps(code), json.dumps(code, ensure_ascii=False)}
    return b"|".join(rb'"subject_code": ?' + re.escape(form.encode()) for form in sorted(forms))


def _of_c3d(code: str) -> bytes:
    """Behind the name of a parameter: where the next one is, its type, two dimensions, the words."""
    raw = code.encode()
    return rb"SUBJECT_CODE.{4}" + re.escape(bytes([len(raw) % 256, 1]) + raw)


_STATED: tuple[tuple[Kind, Callable[[str], bytes]], ...] = (
    (ANGLE_PAGE, _of_page),
    (FOLLOW_UP_PAGE, _of_follow_up),
    *((kind, _of_json) for name in ("json", "parquet", "nwb") for kind in KINDS[name]),
    *((kind, _of_c3d) for kind in KINDS["c3d"]),
)


@dataclass(frozen=True)
class _Persons:
    """A table of several persons: its first columns, and in which of them the code stands."""

    head: tuple[str, ...]
    column: str
    delimiter: str


_TABLES = (
    _Persons(tuple(CONDITIONS_TABLE.start.decode().strip(",").split(",")), "person", ","),
    _Persons(tuple(FOLLOW_UP_TABLE.start.decode().strip(",").split(",")), "subject", ","),
    _Persons(tuple(BATCH_TABLE.start.decode().strip(",").split(",")), "subject", ","),
    _Persons(PARTICIPANT_COLUMNS, "subject_code", "\t"),
)


@dataclass(frozen=True)
class Rows:
    """A table of persons without the rows of one.

    Attributes
    ----------
    text : str
        What the file holds without them.
    taken, others : int
        How many rows were taken out, and how many of others there are.
    """

    text: str
    taken: int
    others: int


def is_stated_of(file: Path, codes: Sequence[str]) -> bool:
    """Return whether a file was written here of a trial or of visits of one of these persons, and says so itself."""
    if file.stat().st_size == 0:
        return False
    for kind, place in _STATED:
        if is_alike(file, kind):
            with file.open("rb") as content:
                held = content.read(_MOST_BYTES)
            return any(re.search(place(code), held, re.DOTALL) for code in codes)
    return False


def rows_of_others(file: Path, codes: Sequence[str]) -> Rows | None:
    """Return a table of persons that was written here without the rows of a person; None for any other file."""
    if file.suffix.lower() not in (".csv", ".tsv"):
        return None
    try:
        with file.open(encoding="utf-8", newline="") as content:
            first = content.readline()
            kind = next((one for one in _TABLES if _cells(first, one.delimiter)[: len(one.head)] == one.head), None)
            lines = [] if kind is None else content.read().splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return None
    if kind is None:
        return None
    at = _cells(first, kind.delimiter).index(kind.column)
    theirs = {form for code in codes for form in (code, safe_cell(code))}
    try:
        rows = [(line, row[at] if at < len(row) else "") for line, row in _rows(lines, kind.delimiter)]
    except csv.Error:
        return None
    kept = [(line, whose) for line, whose in rows if whose not in theirs]
    return Rows(first + "".join(line for line, _ in kept), len(rows) - len(kept), sum(bool(whose) for _, whose in kept))


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """Rows as they stand in a file, so that those of others stay to the byte, and their cells."""
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL)
    before = 0
    for row in reader:
        yield "".join(lines[before : reader.line_num]), row
        before = reader.line_num


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(line.rstrip("\r\n").split(delimiter))
