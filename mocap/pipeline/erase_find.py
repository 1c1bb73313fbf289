"""Where in a folder a person's recordings are: sessions, trial files, and what the journals tell of hand-overs."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mocap.config.session import read_session
from mocap.errors import ExportError, MocapError
from mocap.pipeline.erase_journal import handed_over, is_journal
from mocap.storage import read_identity

SESSION = "session.toml"


def is_within(file: Path, folders: Sequence[Path]) -> bool:
    """Return whether a file lies in one of these folders, however deep."""
    return any(folder in file.parents for folder in folders)


def files(root: Path) -> Iterator[Path]:
    """All files below a folder; links are not followed, so that nothing outside is touched."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def sessions(words: Sequence[str], root: Path) -> Iterator[Path]:
    """Folders of the sessions of a person; ERASE_SHARED where another's lies within."""
    code = words[0]
    codes = {path.parent: _code_of(path) for path in files(root) if path.name == SESSION}
    own = [folder for folder, found in codes.items() if found == code]
    for folder in own:
        others = [other for other, found in codes.items() if folder in other.parents and found != code]
        others += [file for file in files(folder) if (identity(file) or (code, ""))[0] not in (*words, "")]
        if others:
            raise ExportError(
                f"{folder} is a session of {code}, and {others[0]} within it is none of theirs.",
                "Move what is another's out first.",
                code="ERASE_SHARED",
            )
        if not any(outer in folder.parents for outer in own):
            yield folder


def _code_of(session: Path) -> str | None:
    try:
        return read_session(session.parent).session.subject_code
    except MocapError:
        return None


def identity(file: Path) -> tuple[str, str] | None:
    """Code and name of a trial file; None for any other file."""
    if file.suffix.lower() not in (".h5", ".hdf5"):
        return None
    try:
        return read_identity(file)
    except MocapError:
        return None


def exports_of(
    root: Path, folders: Sequence[Path], own: Sequence[Path]
) -> tuple[set[Path], set[Path], tuple[Path, ...]]:
    """What the person's trials alone were handed over as below the folder, what others' were, and what is elsewhere."""
    mine: set[Path] = set()
    others: set[Path] = set()
    for journal in (file for file in files(root) if is_journal(file)):
        beside = {file.name for file in own if file.parent == journal.parent}
        found = handed_over(journal, None if is_within(journal, folders) else beside)
        mine |= found[0]
        others |= found[1]
    alone = {path for path in mine - others if path.is_file()}
    there = {path for path in alone if path.is_relative_to(root.resolve())}
    return there, others, tuple(sorted(alone - there))


def links(root: Path, gone: Collection[Path], folders: Sequence[Path]) -> list[Path]:
    """Return links that lead to what is removed; those within removed folders go with them."""
    ends = {path.resolve() for path in gone}
    there = [path for path in sorted(root.rglob("*")) if path.is_symlink() and not is_within(path, folders)]
    return [path for path in there for end in [path.resolve()] if not ends.isdisjoint((end, *end.parents))]
