"""What of a folder still names a person, looked for in packed files and behind links too; nothing is changed there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mocap.errors import SourceError
from mocap.pipeline.erase_find import files
from mocap.pipeline.erase_marks import is_named, mentions, mentions_within

_MOST_BEHIND_A_LINK = 50_000  # files; a link may lead to a whole disk


@dataclass(frozen=True)
class Left:
    """What is for a person to look at.

    Attributes
    ----------
    named : tuple of Path
        Files that name the person, and links that do, or that lead to such files outside.
    closed : tuple of Path
        What could not be looked into: packed otherwise, locked, damaged, or too much.
    copies : tuple of Path
        Files that are, or by their names may be, what was handed over of the person.
    """

    named: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    copies: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them."""
        return tuple(sorted({*self.named, *self.closed, *self.copies}))


def look(some: Iterable[Path], words: Sequence[str], root: Path) -> Left:
    """Return which of some files below a folder name one of the words, and which could not be looked into."""
    named, closed = [], []
    for file in some:
        try:
            if any(mentions(file, word, root) for word in words) or mentions_within(file, words):
                named.append(file)
        except (OSError, SourceError):
            closed.append(file)
    return Left(tuple(named), tuple(closed))


def look_behind_links(root: Path, words: Sequence[str], gone: Sequence[Path] = ()) -> Left:
    """Return links below a folder that name one of the words, or lead out of it to what does.

    Those of `gone` are left out: they are removed.
    """
    named, closed = [], []
    for path in sorted(root.rglob("*")):
        if not path.is_symlink() or path in gone:
            continue
        if any(is_named(f"{path.relative_to(root)} {path.readlink()}", word) for word in words):
            named.append(path)
            continue
        there, whole = _behind(path, root)
        found = look(there, words, root)
        named += found.named
        closed += [*found.closed, *([] if whole else [path])]
    return Left(tuple(named), tuple(closed))


def _behind(link: Path, root: Path) -> tuple[list[Path], bool]:
    """Files behind a link that lie outside the folder, and whether those are all."""
    found: list[Path] = []
    for file in _walk(link, {root.resolve()}):
        if len(found) >= _MOST_BEHIND_A_LINK:
            return found, False
        if not file.resolve().is_relative_to(root.resolve()):
            found.append(file)
    return found, True


def _walk(path: Path, seen: set[Path]) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir() and path.resolve() not in seen:
        seen.add(path.resolve())
        try:
            inner = sorted(path.iterdir())
        except OSError:
            return
        for one in inner:
            yield from _walk(one, seen)


def look_everywhere(root: Path, words: Sequence[str]) -> Left:
    """Return what names one of the words below a folder, and behind links that lead out of it."""
    here, behind = look(files(root), words, root), look_behind_links(root, words)
    return Left((*here.named, *behind.named), (*here.closed, *behind.closed))
