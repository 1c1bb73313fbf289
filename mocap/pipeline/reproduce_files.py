"""Find the inputs that a trial was made from: by name and SHA-256, beside the file, in its session, or in a folder."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from mocap.config.plain_names import recorded_name
from mocap.errors import SourceError, TrialFileError
from mocap.pipeline.digests import input_sha256
from mocap.trial import StepInput

_MOST_LOOKED_THROUGH = 20_000


class Places:
    """Where inputs are looked for.

    Parameters
    ----------
    file : Path
        The trial file: its own folder comes first, then the session above it.
    more : Path, optional
        A folder that is looked through, with all that is below it, before these.
    """

    def __init__(self, file: Path, more: Path | None) -> None:
        own = file.absolute().parent
        above = [folder for folder in (own, *own.parents[:2]) if (folder / "session.toml").is_file()]
        self._folders = [*([] if more is None else [more]), own, *above]

    def found(self, wanted: StepInput) -> Path:
        """Return the file or folder that has the recorded name and content.

        Raises
        ------
        SourceError
            REPRODUCE_MISSING, REPRODUCE_CHANGED
        """
        other: Path | None = None
        for path in self._candidates(wanted.name):
            if input_sha256(path) == wanted.sha256:
                return path
            other = other or path
        if other is not None:
            raise SourceError(
                f"The input {wanted.name} is not as it was: {other} has another content (SHA-256 "
                f"{wanted.sha256[:12]}... is wanted).",
                "Restore it from a copy, or name a folder that holds it with --inputs.",
                code="REPRODUCE_CHANGED",
            )
        raise SourceError(
            f"The input {wanted.name} is not there (looked in {', '.join(map(str, self._folders))}).",
            "Name the folder that holds the inputs with --inputs.",
            code="REPRODUCE_MISSING",
        )

    def _candidates(self, name: str) -> Iterator[Path]:
        if ".." in Path(name).parts or Path(name).is_absolute():  # a file may say anything of itself
            return
        seen = set()
        for path in self._named(name):
            if path.exists() and path.absolute() not in seen:
                seen.add(path.absolute())
                yield path

    def _named(self, name: str) -> Iterator[Path]:
        last = Path(name).name
        for folder in self._folders:
            yield folder / name
            yield folder / last
        for folder in self._folders:
            for inner in islice(_below(folder), _MOST_LOOKED_THROUGH):
                if recorded_name(inner.name) == last:
                    yield inner


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(root) / name for name in (*sorted(files), *folders))


def laid_out(root: Path, inputs: Iterable[tuple[Path, Path]]) -> None:
    """Put inputs where a step looks for them: links, or copies where there are none.

    Parameters
    ----------
    root : Path
        The folder below which all of them are put: nothing is ever written through a link out of it.
    inputs : iterable of (Path, Path)
        Each with the place that it is to have.

    Raises
    ------
    TrialFileError
        REPRODUCE_UNKNOWN for a place outside.
    """
    for path, place in inputs:
        if place.exists():
            continue  # it came with the folder that it lies in
        there = next(folder for folder in place.parents if folder.exists())
        if not there.resolve().is_relative_to(root.resolve()) or ".." in place.parts:
            raise TrialFileError(
                f"The record places the input {place.name} where nothing may be written.",
                "Make the trial again with this program.", code="REPRODUCE_UNKNOWN",
            )  # fmt: skip
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.symlink_to(path.absolute(), target_is_directory=path.is_dir())
        except OSError:
            if path.is_dir():
                shutil.copytree(path, place)
            else:
                shutil.copyfile(path, place)


def by_role(found: Sequence[tuple[StepInput, Path]], role: str) -> tuple[Path, ...]:
    """Return the inputs of a role."""
    return tuple(path for wanted, path in found if wanted.role == role)
