"""Take a person out of a folder of recordings: sessions, trials, what was made of them, and who they are in the key.

What holds that person alone, and says so where its format says whose it is, is removed; of tables of persons that were
written here the person's rows are. Whatever else names them is listed, and is for a person to look at.
"""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.files import write_texts
from mocap.errors import ConfigError, SourceError
from mocap.export.privacy import forget, known_alias
from mocap.pipeline.dataset_record import RECORD as DATASET_RECORD
from mocap.pipeline.dataset_record import dataset_around, datasets_of
from mocap.pipeline.erase_find import (
    SESSION,
    Exports,
    copies,
    exports_of,
    files,
    identity,
    is_within,
    links,
    sessions,
)
from mocap.pipeline.erase_journal import erase_from_journal, is_journal, is_spent
from mocap.pipeline.erase_look import Left, look, look_behind_links, look_everywhere
from mocap.pipeline.erase_marks import is_named
from mocap.pipeline.erase_owned import is_stated_of, rows_of_others
from mocap.pipeline.output_kinds import RECORD, is_alike
from mocap.pipeline.record import RECORD_NAME, records_apart

_OF_A_DATASET = ("dataset_description.json", "README.md", "participants.json", "participants.tsv")


@dataclass(frozen=True)
class Plan:
    """What is to be done about a person.

    Attributes
    ----------
    folders : tuple of Path
        Sessions of that person, removed whole.
    datasets : tuple of Path
        Datasets that hold nobody else, removed whole.
    files : tuple of Path
        Trials and what was made of them elsewhere, and links to them; removed.
    tables : tuple of Path
        Tables of persons out of which the person's rows are taken.
    left : Left
        What nothing here may change.
    outside : tuple of Path
        Files elsewhere that the person's trials were handed over as; they stay where they are.
    gone : tuple of Path
        As what they were handed over, and where nothing is now, or something else.
    words : tuple of str
        What is sought: the code, and the pseudonym where there is one.
    trials : tuple of str
        Names of the trials that are removed.
    recordings : tuple of Path
        Those of the files that are trials.
    """

    folders: tuple[Path, ...]
    datasets: tuple[Path, ...]
    files: tuple[Path, ...]
    tables: tuple[Path, ...]
    left: Left
    outside: tuple[Path, ...]
    gone: tuple[Path, ...]
    words: tuple[str, ...]
    trials: tuple[str, ...]
    recordings: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of the person."""
        return not (self.folders or self.datasets or self.files or self.tables or self.left.all)


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
    folders = tuple(sessions(words, root))
    datasets = tuple(one for one in datasets_of(words, root) if not is_within(one, folders))
    whole = (*folders, *datasets)
    trials = {file: found for file in _elsewhere(root, whole) for found in [identity(file)] if found is not None}
    own = [file for file, (whose, _) in trials.items() if whose in words]
    exports = exports_of(root, folders, own)
    kinds: dict[str, list[Path]] = {"made": [], "tables": [], "": []}
    for file in (file for file in _elsewhere(root, whole) if file not in own):
        kinds[_kind_of(file, words, root, exports)].append(file)
    kept = _of_others(kinds["made"])
    made = [file for file in kinds["made"] if file not in kept]
    made += _records(own, {file for file in trials if file not in own})
    made += links(root, {*made, *own, *whole}, whole)
    rest = [file for file in (*kinds[""], *kept) if not is_journal(file) and file not in made]
    here = look(rest, words, root)
    behind = look_behind_links(root, words, made)
    alike = [file for file in copies(kinds[""], exports) if file not in here.named]
    found = [file for file in (*here.named, *behind.named) if file.resolve() != key.resolve()]  # the key is seen to
    named = by_dataset(found, root)
    left = Left(
        tuple(sorted(named)), tuple(sorted([*here.closed, *behind.closed])), tuple(alike)
    )
    names = tuple(sorted({trials[file][1] for file in own}))
    return Plan(
        folders, datasets, tuple(sorted([*own, *made])), tuple(kinds["tables"]), left, exports.outside,
        tuple(path for path in exports.gone if path not in alike), words, names, tuple(own),
    )  # fmt: skip


def by_dataset(named: Iterable[Path], root: Path) -> list[Path]:
    """Return files that name a person, of a dataset its record alone: it has to be made again as a whole."""
    found = dict.fromkeys(
        file if (around := dataset_around(file, root)) is None else around / DATASET_RECORD for file in named
    )
    return list(found)


def _kind_of(file: Path, words: Sequence[str], root: Path, exports: Exports) -> str:
    """What is to be done about a file that is no trial of the person: a list of the plan, or nothing."""
    if is_journal(file):
        return "made" if file in _journals_to_go(file.parent, root) else ""
    if dataset_around(file, root) is not None:
        return ""  # of several people: without a part it would no longer be what its manifest says
    rows = rows_of_others(file, words)
    if rows is not None and rows.taken:
        return "tables" if rows.others else "made"
    path = file.resolve()
    try:
        is_theirs = path in exports.there or (path not in exports.shared and is_stated_of(file, words))
    except OSError:  # it cannot be read, and is told so
        return ""
    return "made" if is_theirs else ""


def _elsewhere(root: Path, folders: Sequence[Path]) -> list[Path]:
    return [file for file in files(root) if not is_within(file, folders)]


def _records(own: Sequence[Path], others: Collection[Path]) -> list[Path]:
    """Records of runs, in folders of results that lie outside the session: they tell of that person's trials alone."""
    folders = sorted({file.parent for file in own} - {file.parent for file in others})
    return [file for folder in folders for file in [folder / RECORD_NAME, *records_apart(folder)]
            if is_alike(file, RECORD)]  # fmt: skip


def _of_others(made: Sequence[Path]) -> set[Path]:
    """What of a dataset, written with the person's first trial, is that of the others in it by now."""
    held = {file for file in made if file.name in _OF_A_DATASET}
    gone = set(made)
    return {
        file for file in held
        if any(one.is_file() and one not in gone for folder in file.parent.glob("sub-*") for one in folder.rglob("*"))
    }  # fmt: skip


def erase(subject: str, plan: Plan, root: Path, key: Path) -> Left:
    """Do what a plan says, and return what is left to look at: nothing, unless something still names the person.

    What is found through something else goes before it, so that the same line, where it was cut short, finds the rest:
    exports before the journals and trials that tell of them, the trials under the pseudonym before the key.

    Raises
    ------
    SourceError
        ERASE_FAILED for what cannot be removed.
    ExportError
        KEY_BROKEN
    """
    code = _checked(subject)
    try:
        _remove((file for file in plan.files if file not in plan.recordings), root)
        for table in plan.tables:
            rows = rows_of_others(table, plan.words)
            if rows is not None:
                write_texts({table: rows.text}, "ERASE_FAILED")
        for journal in [file for file in _elsewhere(root, plan.folders) if is_journal(file)]:
            erase_from_journal(journal, plan.words, {file.name for file in plan.files if file.parent == journal.parent})
        forget(key, "", plan.trials)
        _remove(plan.recordings, root)
        for folder in plan.datasets:
            shutil.rmtree(folder)
        for folder in plan.folders:
            _remove_session(folder)
        parents = {file.parent for file in plan.files}
        _remove([file for folder in parents for file in _journals_to_go(folder, root)], root)
        for folder in [path for path in root.rglob("*") if path.is_dir() and _is_called(path, plan.words, root)]:
            _remove_empty(folder, root)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{error.filename or root} cannot be removed: {error.strerror or error}.",
            "Check the rights, and run the same line again: it goes on with what is left.",
            code="ERASE_FAILED",
        ) from error
    forget(key, code)
    left = look_everywhere(root, plan.words)
    alike = tuple(file for file in plan.left.copies if file.is_file() and file not in left.named)
    return Left(tuple(by_dataset(left.named, root)), left.closed, alike)


def _remove(some: Iterable[Path], root: Path) -> None:
    """Remove files, and each folder with the last of them: nothing would lead to it any more."""
    for file in some:
        file.unlink(missing_ok=True)
        _remove_empty(file.parent, root)


def _remove_session(folder: Path) -> None:
    """Remove a session: by its description the rest of it is known, so that goes last."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != SESSION:
            path.unlink()
    (folder / SESSION).unlink()
    folder.rmdir()


def _journals_to_go(folder: Path, root: Path) -> list[Path]:
    """The journal of a folder that held that person alone, but for the folder that was asked about."""
    if folder == root or not folder.is_dir():
        return []
    return [file for file in folder.iterdir() if is_journal(file) and is_spent(file)]


def _is_called(file: Path, words: Sequence[str], root: Path) -> bool:
    return any(is_named(str(file.relative_to(root)), word) for word in words)


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder in which nothing is left, and those it lies in."""
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _checked(subject: str) -> str:
    code = subject.strip()
    if len(code) < 2 or not code.isprintable() or not any(character.isalnum() for character in code):
        raise ConfigError(
            f"'{subject}' is no code of a person.", "Give the subject_code of the sessions, of 2 characters or more.",
            code="SUBJECT_UNSAFE",
        )  # fmt: skip
    return code
