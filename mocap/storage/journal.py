"""Who did what to the trials of a folder, and when: `journal.jsonl`, one line for each change, each bound to the last.

A line holds its number, the time (UTC), what was done, the digest of its details, the hash of the line before and its
own hash over these; the details (who, which file, its SHA-256 before and after, why, by which software) stand beside
the digest with a salt. So a line that is changed, taken out, doubled or moved breaks the chain, and the details of a
person can be erased from it without breaking it, as long as a later line says that this was done. The newest lines can
be cut off without a break: that the file of a trial is not as the journal left it tells so.

A line is written before what it tells of is done. Where a process was killed in between, the file still is what it
was, and the next line about it says that it was not done.
"""

import getpass
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import mocap
from mocap.errors import SourceError
from mocap.storage.file_digest import file_sha256
from mocap.storage.journal_lines import (
    ERASED,
    LONGEST,
    Entry,
    Line,
    entry_of,
    faults,
    is_unchanged,
    lines_of,
    sha_of,
    text_of,
)
from mocap.storage.journal_lock import locked
from mocap.storage.links import followed

JOURNAL_NAME = "journal.jsonl"
NOT_DONE, ELSEWHERE, MENDED, ERASE = "not done", "changed elsewhere", "mended", "erase"
_TAIL_BYTES = 1 << 18
_MOST_BYTES = 1 << 28
_MOST_PROBLEMS = 100


def append(
    folder: Path, operation: str, *, file: str = "", old_sha256: str = "", new_sha256: str = "",
    outputs: Sequence[str] = (), outputs_sha256: Sequence[str] = (), reason: str = "",
) -> None:  # fmt: skip
    """Write a line into the journal of a folder.

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY
    """
    with _open(folder) as journal:
        _append(journal, operation, _details(file, old_sha256, new_sha256, reason, outputs, outputs_sha256))


def handed_over(
    path: Path, kind: str, outputs: Sequence[Path], *, named: bool = True, written: Sequence[Path] = ()
) -> None:
    """Write into the journal of a trial file that it is handed over, and as which files.

    The outputs are told as seen from there, so that they are found where all was moved together. `written` are they
    where they lie before they take their names: by their digests they are known under any other name, too.

    Where the folder of the trial may only be read, as in an archive, the line stands beside what is written: unless
    that must not name the trial.

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY
    """
    path = followed(path)
    digest, folder = file_sha256(path), path.absolute().parent
    if named and outputs and not os.access(folder, os.W_OK):
        folder = next(one for one in outputs[0].absolute().parents if one.is_dir())  # some are made later
    append(
        folder, "export", file=path.name, old_sha256=digest, new_sha256=digest,
        outputs=[_seen_from(folder, output) for output in outputs],
        outputs_sha256=[file_sha256(one) for one in written], reason=kind,
    )  # fmt: skip


def _seen_from(folder: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(path.absolute())


@contextmanager
def journalled(path: Path, new_sha256: str, operation: str = "", reason: str = "") -> Iterator[None]:
    """Write a line about a file, and hold the journal while the file is changed within the block.

    Parameters
    ----------
    path : Path
        The file, there or not.
    new_sha256 : str
        What it will be; empty for one that is taken away.
    operation : str
        By default `create`, `modify` or `delete`.
    reason : str

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY
    """
    with _open(path.parent) as journal:
        old = file_sha256(path) if path.is_file() else ""
        _settle(journal, path.name, old)
        done = operation or ("delete" if not new_sha256 else "modify" if old else "create")
        _append(journal, done, _details(path.name, old, new_sha256, reason))
        try:
            yield
        except BaseException as error:
            with suppress(SourceError, OSError):
                _append(journal, NOT_DONE, _details(path.name, old, old, f"{type(error).__name__}: {error}"))
            raise


def renamed(path: Path, target: Path, reason: str = "") -> None:
    """Rename a file within its folder, and write so into the journal.

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY
    """
    digest = file_sha256(path)
    with journalled(target, digest, "rename", f"from {path.name}{f': {reason}' if reason else ''}"):
        path.replace(target)
    append(path.parent, "rename", file=path.name, old_sha256=digest, reason=f"to {target.name}")


def removed(path: Path, reason: str = "") -> None:
    """Remove a file, and write so into the journal of its folder."""
    with journalled(path, "", "delete", reason):
        path.unlink(missing_ok=True)


def entries(folder: Path, *, unchanged: bool = False) -> tuple[Entry, ...]:
    """Return the lines of a folder's journal that can be read; none where there is no journal.

    Where it is wanted without those that say something else than when they were written.
    """
    lines = (line.told for line in lines_of(_read(folder)) if line.told is not None)
    return tuple(entry_of(told) for told in lines if not unchanged or is_unchanged(told))


def problems(folder: Path) -> tuple[str, ...]:
    """Return what is wrong with the chain of a journal, naming the lines; nothing where it holds.

    A last line that is cut off is no problem: whoever wrote it was killed, and the next one mends it.
    """
    found: list[str] = []
    bare: list[str] = []
    expected, before = 1, ""
    for line in lines_of(_read(folder)):
        place = f"line {line.number}"
        if len(found) >= _MOST_PROBLEMS:
            return (*found[:_MOST_PROBLEMS], f"is not looked at from {place} on: too much is wrong before")
        if line.told is None:
            found.append(f"{place} is no line of a journal")
        else:
            found += [f"{place} {problem}" for problem in faults(line.told, expected, before)]
            expected = line.told["seq"]
            if line.told["operation"] == ERASE:
                bare.clear()
            if line.told["details"] == ERASED:
                bare.append(f"{place} (entry {expected}) lost its details, and no later entry tells of an erasure")
        expected, before = expected + 1, line.link
    return (*found, *bare[:_MOST_PROBLEMS])


def is_torn(folder: Path) -> bool:
    """Return whether the last line of a journal is cut off."""
    content = _read(folder)
    return bool(content) and not content.endswith(b"\n")


def redact(folder: Path, wanted: Callable[[Entry], bool], reason: str) -> int:
    """Erase the details of the lines that are wanted, and say so in a new one; the chain holds without them.

    Returns how many those were. What is erased and that it is told take effect at once: a kill leaves both or none.

    Raises
    ------
    SourceError
        JOURNAL_NOT_WRITTEN, JOURNAL_BUSY, JOURNAL_NOT_READ
    """
    if not (folder / JOURNAL_NAME).is_file():
        return 0
    with _open(folder):
        known, lines, count = list(lines_of(_read(folder))), [], 0
        for line in known:
            told = line.told
            if told is not None and told["details"] != ERASED and wanted(entry_of(told)):
                told, count = {**told, "details": dict(ERASED)}, count + 1
            lines.append(line.raw if told is None or told is line.told else text_of(told))
        if count:
            lines.append(_next(known, ERASE, _details("", "", "", reason)))
            _replace(folder / JOURNAL_NAME, b"".join(line + b"\n" for line in lines))
    return count


def operator() -> str:
    """Return who works: what MOCAP_OPERATOR says, else the name of the login."""
    told = os.environ.get("MOCAP_OPERATOR", "").strip()
    if told:
        return told
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _details(
    file: str, old: str, new: str, reason: str, outputs: Sequence[str] = (), outputs_sha256: Sequence[str] = (),
) -> dict[str, Any]:
    return {
        "salt": secrets.token_hex(16), "who": operator(), "file": file, "old_sha256": old, "new_sha256": new,
        "reason": reason, "outputs": list(outputs), "software": f"mocap {mocap.__version__}",
        **({"outputs_sha256": list(outputs_sha256)} if outputs_sha256 else {}),
    }  # fmt: skip


@contextmanager
def _open(folder: Path) -> Iterator[FileIO]:
    path = folder / JOURNAL_NAME
    try:
        with locked(path) as journal:
            yield journal
    except OSError as error:
        if isinstance(error, SourceError) or error.filename not in (str(path), None):
            raise
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Every change is written down there first: check the space and rights of the disk, or copy the trial to a "
            "folder that may be written to.",
            code="JOURNAL_NOT_WRITTEN",
        ) from error


def _settle(journal: FileIO, name: str, now: str) -> None:
    """Say what became of the last change of a file that the journal tells of, where it is not what the file is."""
    known = [line.told for line in _tail(journal) if line.told is not None and line.told["operation"] != "export"]
    last = next((told for told in reversed(known) if told["details"].get("file") == name), None)
    if last is None or last["details"]["new_sha256"] == now:
        return
    told = last["details"]
    if told["old_sha256"] == now:
        why = f"entry {last['seq']} was cut short, the file stayed as it was"
        _append(journal, NOT_DONE, _details(name, now, now, why))
    else:
        _append(journal, ELSEWHERE, _details(name, told["new_sha256"], now, "by what keeps no journal"))


def _append(journal: FileIO, operation: str, details: Mapping[str, Any]) -> None:
    lines = _tail(journal)
    end = journal.seek(0, os.SEEK_END)
    torn = lines[-1].raw if lines and not _ends(journal, end) else b""
    if torn:
        # What was cut off by a kill or a power cut tells of nothing that was done.
        journal.truncate(end - len(torn))
        lines = lines[:-1]
        rest = hashlib.sha256(torn).hexdigest()
        _write(journal, lines, MENDED, _details("", "", "", f"{len(torn)} bytes of a line cut off, sha256 {rest}"))
        lines = _tail(journal)
    _write(journal, lines, operation, details)


def _next(lines: Sequence[Line], operation: str, details: Mapping[str, Any]) -> bytes:
    """The line that follows these, without its end."""
    last = lines[-1] if lines else None
    number = 1 if last is None else (last.number if last.told is None else last.told["seq"]) + 1
    told = {
        "seq": number, "utc": datetime.now(UTC).isoformat(timespec="seconds"), "operation": operation,
        "details_sha256": sha_of(details), "before": "" if last is None else last.link,
    }  # fmt: skip
    return text_of({**told, "hash": sha_of(told), "details": dict(details)})


def _write(journal: FileIO, lines: Sequence[Line], operation: str, details: Mapping[str, Any]) -> None:
    line = _next(lines, operation, details) + b"\n"
    journal.seek(0, os.SEEK_END)
    view = memoryview(line)
    while view:
        view = view[journal.write(view) or 0 :]
    os.fsync(journal.fileno())


def _tail(journal: FileIO) -> list[Line]:
    """Return the last lines; numbered from the first line that was read, which only their fall-back uses."""
    end, size = journal.seek(0, os.SEEK_END), _TAIL_BYTES
    while True:
        begin = max(0, end - size)
        journal.seek(begin)
        content = journal.read()
        # One end of a line before the last whole one, and its own; what is longer than two lines is none of a journal.
        if not begin or content.count(b"\n") > 1 or size > 2 * LONGEST:
            break
        size *= 4
    return list(lines_of(content.split(b"\n", 1)[1] if begin and b"\n" in content else content, torn=True))


def _ends(journal: FileIO, end: int) -> bool:
    journal.seek(max(0, end - 1))
    return journal.read(1) == b"\n"


def _read(folder: Path) -> bytes:
    try:
        with (folder / JOURNAL_NAME).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SourceError(
            f"{folder / JOURNAL_NAME} cannot be read: {error.strerror or error}.", "Check the rights of the file.",
            code="JOURNAL_NOT_READ",
        ) from error  # fmt: skip
    if len(content) > _MOST_BYTES:
        raise SourceError(
            f"{folder / JOURNAL_NAME} is larger than {_MOST_BYTES >> 20} MiB.",
            "Look into it, and set it aside: the next change begins a new one.", code="JOURNAL_NOT_READ",
        )  # fmt: skip
    return content


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
