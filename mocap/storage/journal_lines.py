"""The lines of a journal: how they are written, and what binds each to the one before it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_BOUND = ("seq", "utc", "operation", "details_sha256", "before")
_WORDS = ("who", "file", "old_sha256", "new_sha256", "reason", "software")
_DIGESTS = "outputs_sha256"  # what was written before there were any has none
LONGEST = 1 << 24  # bytes of a line
_LAST = 1 << 53  # no journal has as many lines
ERASED: Mapping[str, Any] = {"erased": True}
"""The details of a line whose own were erased."""


@dataclass(frozen=True)
class Entry:
    """One line of a journal.

    Attributes
    ----------
    seq : int
        From 1 on.
    utc : str
        ISO 8601.
    operation : str
        `create`, `modify`, `delete`, `rename`, `export`, ...; `not done`, `changed elsewhere` and `mended` tell of
        what was found.
    who, file, old_sha256, new_sha256, reason, software : str
        Digests are empty where there was, or is, no file.
    outputs : tuple of str
        What a hand-over wrote, seen from the folder of the journal.
    outputs_sha256 : tuple of str
        Digests of these; empty where they were not known before they were written.
    erased : bool
        The details were erased.
    """

    seq: int
    utc: str
    operation: str
    who: str = ""
    file: str = ""
    old_sha256: str = ""
    new_sha256: str = ""
    reason: str = ""
    software: str = ""
    outputs: tuple[str, ...] = ()
    outputs_sha256: tuple[str, ...] = ()
    erased: bool = False


@dataclass(frozen=True)
class Line:
    """A line with its place in the file, and what it says."""

    number: int
    raw: bytes
    told: Mapping[str, Any] | None = field(default=None)  # None where the line is none of a journal

    @property
    def link(self) -> str:
        """What the next line names as the hash before it."""
        own = None if self.told is None else self.told.get("hash")
        return own if isinstance(own, str) else hashlib.sha256(self.raw).hexdigest()


def lines_of(content: bytes, *, torn: bool = False) -> Iterator[Line]:
    """Return the whole lines of a journal, and where it is wanted the one that is cut off at its end."""
    number, begin = 1, 0
    while (end := content.find(b"\n", begin)) >= 0:
        raw = content[begin:end]
        yield Line(number, raw, _parsed(raw))
        number, begin = number + 1, end + 1
    if torn and begin < len(content):
        yield Line(number, content[begin:])


def _parsed(raw: bytes) -> Mapping[str, Any] | None:
    """What a line says; None for one that this program would not have written so, to the byte."""
    if len(raw) > LONGEST:
        return None
    try:
        told = json.loads(raw)
        whole = isinstance(told, dict) and _is_whole(told) and text_of(told) == raw
    except (ValueError, RecursionError):
        return None
    return told if whole else None


def _is_whole(told: Mapping[str, Any]) -> bool:
    if set(told) != {*_BOUND, "hash", "details"} or type(told["seq"]) is not int:
        return False
    if not 1 <= told["seq"] <= _LAST or not all(isinstance(told[name], str) for name in (*_BOUND[1:], "hash")):
        return False
    details = told["details"]
    if details == ERASED:
        return details["erased"] is True
    if not isinstance(details, dict) or set(details) - {_DIGESTS} != {"salt", *_WORDS, "outputs"}:
        return False
    outputs, digests = details["outputs"], details.get(_DIGESTS, [])
    if not isinstance(outputs, list) or not isinstance(digests, list) or len(digests) not in (0, len(outputs)):
        return False
    return all(isinstance(word, str) for word in (*outputs, *digests, *(details[one] for one in ("salt", *_WORDS))))


def faults(told: Mapping[str, Any], expected: int, before: str) -> Iterator[str]:
    """Return what is wrong with a line that has this number and follows a line with this hash."""
    if told["seq"] != expected:
        yield f"is entry {told['seq']} where {expected} belongs: lines were taken out, doubled or moved"
    elif told["before"] != before:
        yield f"(entry {told['seq']}) does not follow the line before it"
    if told["hash"] != sha_of({name: told[name] for name in _BOUND}):
        yield f"(entry {told['seq']}) was changed"
    elif told["details"] != ERASED and told["details_sha256"] != sha_of(told["details"]):
        yield f"(entry {told['seq']}) was changed: its details are others"


def is_unchanged(told: Mapping[str, Any]) -> bool:
    """Return whether a line says what it said when it was written, wherever it stands."""
    return not any(faults(told, told["seq"], told["before"]))


def entry_of(told: Mapping[str, Any]) -> Entry:
    """Return what a line says."""
    details = told["details"]
    if details == ERASED:
        return Entry(told["seq"], told["utc"], told["operation"], erased=True)
    words = {name: details[name] for name in _WORDS}
    outputs, digests = tuple(details["outputs"]), tuple(details.get(_DIGESTS, ()))
    return Entry(told["seq"], told["utc"], told["operation"], **words, outputs=outputs, outputs_sha256=digests)


def text_of(told: Mapping[str, Any]) -> bytes:
    """Return a line without its end."""
    return json.dumps(told, sort_keys=True).encode()


def sha_of(told: Mapping[str, Any]) -> str:
    """Return the digest of what is told, whatever its order."""
    return hashlib.sha256(text_of(told)).hexdigest()
