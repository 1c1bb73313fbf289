"""Take a person out of a folder of recordings: sessions, trials, what was made of them, and who they are in the key.

What holds that person alone is removed; of tables that hold others, too, the person's rows are. What nothing here knows
how to change is named, and is for a person to look at.
"""

import csv
import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.files import write_texts
from mocap.config.session import read_session
from mocap.errors import ConfigError, ExportError, MocapError, SourceError
from mocap.export.privacy import forget, known_alias
from mocap.pipeline.erase_journal import erase_from_journal, handed_over, is_journal
from mocap.pipeline.erase_marks import is_made_here, is_named, mentions
from mocap.storage import read_identity

_SESSION = "session.toml"
_TABLES = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Plan:
    """What is to be done about a person.

    Attributes
    ----------
    folders : tuple of Path
        Sessions of that person, removed whole.
    files : tuple of Path
        Trials and what was made of them elsewhere, and links that name the person; removed.
    tables : tuple of Path
        Tables out of which the person's rows are taken.
    left : tuple of Path
        Files that name the person, and that nothing here may change.
    outside : tuple of Path
        Files elsewhere that the person's trials were handed over as; they stay where they are.
    words : tuple of str
        What is sought: the code, and the pseudonym where there is one.
    trials : tuple of str
        Names of the trials that are removed.
    """

    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    tables: tuple[Path, ...]
    left: tuple[Path, ...]
    outside: tuple[Path, ...]
    words: tuple[str, ...]
    trials: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of the person."""
        return not (self.folders or self.files or self.tables or self.left)


def plan_erasure(subject: str, root: Path, key: Path) -> Plan:
    """Find all of a person below a folder, under their code and under their pseudonym; nothing is changed.

    Parameters
    ----------
    subject : str
        Code, as sessions and trials have it.
    root : Path
    key : Path
        Keeps the pseudonym.

    Raises
    ------
    ConfigError
        SUBJECT_UNSAFE for a code that could be anything.
    SourceError
        FILE_MISSING
    ExportError
        ERASE_SHARED for a session of that person in whose folder another's lies; KEY_BROKEN.
    """
    code = _checked(subject)
    if not root.is_dir():
        raise SourceError(f"There is no folder {root}.", "Name the folder of the recordings.", code="FILE_MISSING")
    words = tuple(word for word in (code, known_alias(key, code)) if word)
    folders = tuple(_sessions(code, root))
    files = [file for file in _files(root) if not _is_within(file, folders)]
    trials = {file: found for file in files for found in [_identity(file)] if found is not None}
    own = [file for file, (whose, _) in trials.items() if whose in words]
    there, shared, elsewhere = _handed_over(root, folders, own)
    tables, made, left = [], [], []
    for file in files:
        named = any(mentions(file, word, root) for word in words)
        if file in own or is_journal(file) or not (named or file.absolute() in there):
            continue
        if is_made_here(file) and file.absolute() not in shared:
            made.append(file)
        elif file.suffix.lower() in _TABLES and _rows_without(file, words) is not None:
            tables.append(file)
        elif file.absolute() in there:
            made.append(file)
        else:
            left.append(file)
    links = [path for path in _links(root, words) if not _is_within(path, folders)]
    names = tuple(sorted({trials[file][1] for file in own}))
    return Plan(folders, tuple(sorted([*own, *made, *links])), tuple(tables), tuple(left), elsewhere, words, names)


def _is_within(file: Path, folders: Sequence[Path]) -> bool:
    return any(folder in file.parents for folder in folders)


def _handed_over(
    root: Path, folders: Sequence[Path], own: Sequence[Path]
) -> tuple[set[Path], set[Path], tuple[Path, ...]]:
    """What the person's trials alone were handed over as below the folder, what others' were, and what is elsewhere."""
    mine: set[Path] = set()
    others: set[Path] = set()
    for journal in (file for file in _files(root) if is_journal(file)):
        beside = {file.name for file in own if file.parent == journal.parent}
        found = handed_over(journal, None if _is_within(journal, folders) else beside)
        mine |= found[0]
        others |= found[1]
    alone = {path for path in mine - others if path.is_file()}
    there = {path for path in alone if path.is_relative_to(root.absolute())}
    return there, others, tuple(sorted(alone - there))


def erase(subject: str, plan: Plan, root: Path, key: Path) -> tuple[Path, ...]:
    """Do what a plan says, and return what still names the person: nothing, unless something was left.

    Raises
    ------
    SourceError
        ERASE_FAILED for what cannot be removed.
    ExportError
        KEY_BROKEN
    """
    try:
        for file in plan.files:
            file.unlink(missing_ok=True)
        for folder in plan.folders:
            shutil.rmtree(folder)
        _remove_empty({file.parent for file in plan.files}, root)
    except OSError as error:
        raise SourceError(
            f"{error.filename or root} cannot be removed: {error.strerror or error}.",
            "Check the rights, and run the same line again: it goes on with what is left.",
            code="ERASE_FAILED",
        ) from error
    for journal in [file for file in _files(root) if is_journal(file)]:
        erase_from_journal(journal, plan.words, {file.name for file in plan.files if file.parent == journal.parent})
    for table in plan.tables:
        rows = _rows_without(table, plan.words)
        if rows is not None:
            write_texts({table: rows}, "ERASE_FAILED")
    forget(key, _checked(subject), plan.trials)
    return tuple(file for file in _files(root) if any(mentions(file, word, root) for word in plan.words))


def _remove_empty(folders: Iterable[Path], root: Path) -> None:
    """Remove folders in which nothing is left, and those they lie in."""
    for folder in folders:
        inner = folder
        while inner != root and inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()
            inner = inner.parent


def _checked(subject: str) -> str:
    code = subject.strip()
    if len(code) < 2 or not code.isprintable() or not any(character.isalnum() for character in code):
        raise ConfigError(
            f"'{subject}' is no code of a person.", "Give the subject_code of the sessions, of 2 characters or more.",
            code="SUBJECT_UNSAFE",
        )  # fmt: skip
    return code


def _files(root: Path) -> Iterator[Path]:
    """All files below a folder; links are not followed, so that nothing outside is touched."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _links(root: Path, words: Sequence[str]) -> Iterator[Path]:
    """Links that name the person by themselves or by where they lead."""
    for path in sorted(root.rglob("*")):
        if path.is_symlink() and any(is_named(f"{path.name} {path.readlink()}", word) for word in words):
            yield path


def _sessions(code: str, root: Path) -> Iterator[Path]:
    codes = {path.parent: _code_of(path) for path in _files(root) if path.name == _SESSION}
    own = [folder for folder, found in codes.items() if found == code]
    for folder in own:
        others = [other for other, found in codes.items() if folder in other.parents and found != code]
        if others:
            raise ExportError(
                f"{folder} is a session of {code}, and {others[0]} within it is none of theirs.",
                "Move the other session out first.",
                code="ERASE_SHARED",
            )
        if not any(outer in folder.parents for outer in own):
            yield folder


def _code_of(session: Path) -> str | None:
    try:
        return read_session(session.parent).session.subject_code
    except MocapError:
        return None


def _identity(file: Path) -> tuple[str, str] | None:
    """Code and name of a trial file; None for any other file."""
    if file.suffix.lower() not in (".h5", ".hdf5"):
        return None
    try:
        return read_identity(file)
    except MocapError:
        return None


def _rows_without(table: Path, words: Sequence[str]) -> str | None:
    """A table without the rows in which one cell is one of the words; None where that leaves a word somewhere."""
    try:
        with table.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    delimiter = _TABLES[table.suffix.lower()]
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    kept = [row for row in rows if not _is_of(row, words)]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(kept)
    return None if len(kept) == len(rows) or _names(kept, words) else written.getvalue()


def _is_of(row: Sequence[str], words: Sequence[str]) -> bool:
    return any(cell in (word, f"sub-{word}", f"'{word}") for cell in row for word in words)


def _names(rows: Iterable[Sequence[str]], words: Sequence[str]) -> bool:
    return any(is_named(cell, word) for row in rows for cell in row for word in words)
