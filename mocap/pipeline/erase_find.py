"""Where in a folder a person's recordings are: sessions, trial files, and what the journals tell of hand-overs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocap.config.session import read_session
from mocap.errors import ExportError, MocapError, SourceError
from mocap.pipeline.digests import file_sha256
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


@dataclass(frozen=True)
class Exports:
    """What journals tell of hand-overs.

    Attributes
    ----------
    there : frozenset of Path
        What the person's trials alone were handed over as, is below the folder, and is what it was then.
    shared : frozenset of Path
        What others' trials were handed over as.
    digests : mapping of str to Path
        By the SHA-256 of a file that was handed over of the person alone: as what.
    outside : tuple of Path
        What the person's were handed over as elsewhere, and is there.
    gone : tuple of Path
        As what they were handed over, and where nothing, or something else, is now.
    unknown : frozenset of tuple of str
        Names, with those of their folders, of what is gone and has no digest.
    """

    there: frozenset[Path]
    shared: frozenset[Path]
    digests: Mapping[str, Path]
    outside: tuple[Path, ...]
    gone: tuple[Path, ...]
    unknown: frozenset[tuple[str, ...]]


def exports_of(root: Path, folders: Sequence[Path], own: Sequence[Path]) -> Exports:
    """Return what the journals below a folder tell of a person's hand-overs and of others'."""
    mine: dict[Path, str] = {}
    others: dict[Path, str] = {}
    for journal in (file for file in files(root) if is_journal(file)):
        beside = {file.name for file in own if file.parent == journal.parent}
        found = handed_over(journal, None if is_within(journal, folders) else beside)
        mine |= found[0]
        others |= found[1]
    alone = {path: digest for path, digest in mine.items() if path not in others}
    same = {path for path, digest in alone.items() if path.is_file() and digest in ("", file_sha256(path))}
    there = {path for path in same if path.is_relative_to(root.resolve())}
    known = {digest or file_sha256(path): path for path, digest in alone.items() if digest or path in same}
    digests = {digest: path for digest, path in known.items() if digest not in others.values()}
    gone = tuple(sorted(set(alone) - same))
    unknown = frozenset(path.parts[-2:] for path in gone if not alone[path])
    return Exports(frozenset(there), frozenset(others), digests, tuple(sorted(same - there)), gone, unknown)


def copies(some: Sequence[Path], found: Exports) -> list[Path]:
    """Return those of some files that are what was handed over of the person, or by their names may be."""
    endings = {path.suffix.lower() for path in found.digests.values()}
    alike = {file for file in some if file.suffix.lower() in endings and file.stat().st_size}
    free = [file for file in some if file.resolve() not in found.shared]
    return [
        file for file in free
        if file.resolve().parts[-2:] in found.unknown or file.resolve() in found.gone
        or (file in alike and _digest(file) in found.digests)
    ]  # fmt: skip


def _digest(file: Path) -> str:
    try:
        return file_sha256(file)
    except SourceError:
        return ""


def links(root: Path, gone: Collection[Path], folders: Sequence[Path]) -> list[Path]:
    """Return links that lead to what is removed; those within removed folders go with them."""
    ends = {path.resolve() for path in gone}
    there = [path for path in sorted(root.rglob("*")) if path.is_symlink() and not is_within(path, folders)]
    return [path for path in there for end in [path.resolve()] if not ends.isdisjoint((end, *end.parents))]
