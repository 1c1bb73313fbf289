"""Which trials may go into a dataset: those of sessions whose people consented to its purpose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path

from mocap.config.consent import not_covered
from mocap.config.session import Session, read_session
from mocap.errors import MocapError, SourceError
from mocap.pipeline.session_folders import find_sessions
from mocap.pipeline.session_place import session_around

_NO_RESULT = "no results: not run yet, or failed"
_REFUSED = "the session.toml is refused"
_NO_SESSION = "no session.toml lies near it, so nobody knows of a consent"


@dataclass(frozen=True)
class DatasetSource:
    """A trial file that may go into a dataset.

    Attributes
    ----------
    path : Path
    folder : Path
        Of its session.
    licence : str
        As stated with the consent.
    subject : str
        Code of whom the session says that it is of; the consent is theirs.
    """

    path: Path
    folder: Path
    licence: str
    subject: str = ""


@dataclass(frozen=True)
class LeftOut:
    """What may not, or cannot, go into a dataset, and why; `kind` says why without a word of what came with it."""

    what: str
    reason: str
    kind: str


def dataset_sources(
    paths: Sequence[Path], purpose: str, images: bool, today: Date, results: Path | None = None
) -> tuple[list[DatasetSource], list[LeftOut]]:
    """Return the trial files that consent covers, in the order of their paths, and what is left out.

    Parameters
    ----------
    paths : sequence of Path
        Folders below which sessions are, or trial files in the results of sessions.
    purpose : str
    images : bool
        Whether pictures go along.
    today : date
        Consent may have ended.
    results : Path, optional
        Where `mocap batch --out` put the results of the sessions below the one folder that is given; else they are
        within each session, or in a folder `results` beside it.

    Raises
    ------
    SourceError
        FILE_MISSING, BATCH_ROOT, BATCH_EMPTY
    """
    files: dict[Path, Path | None] = {}
    left_out: list[LeftOut] = []
    for path in paths:
        if path.is_dir():
            for folder in find_sessions(path):
                own = None if results is None else results / folder.relative_to(path)
                files |= _of_session(folder, own, left_out)
        elif path.is_file():
            files[path.resolve()] = session_around(path.resolve())
        else:
            raise SourceError(f"There is no {path}.", "Name session folders, or trial files.", code="FILE_MISSING")
    found = []
    for file, around in sorted(files.items()):
        source = _checked(file, around, purpose, images, today, left_out)
        if source is not None:
            found.append(source)
    return found, left_out


def _of_session(folder: Path, results: Path | None, left_out: list[LeftOut]) -> dict[Path, Path | None]:
    try:
        session = read_session(folder)
    except MocapError as error:
        left_out.append(LeftOut(str(folder), f"its session.toml is refused: {error.cause}", _REFUSED))
        return {}
    beside = (folder.parent / "results",) if folder.name == "session" else ()
    places = (folder / "results", *beside) if results is None else (results,)
    files: dict[Path, Path | None] = {}
    for entry in session.trial:
        file = next((place / f"{entry.name}.h5" for place in places if (place / f"{entry.name}.h5").is_file()), None)
        if file is None:
            what = f"{folder}, trial {entry.name}"
            left_out.append(LeftOut(what, f"{_NO_RESULT}: `mocap run` or `mocap batch` makes them", _NO_RESULT))
        else:
            files[file.resolve()] = folder
    return files


def _checked(
    file: Path, folder: Path | None, purpose: str, images: bool, today: Date, left_out: list[LeftOut]
) -> DatasetSource | None:
    try:
        session: Session | None = None if folder is None else read_session(folder)
    except MocapError as error:
        left_out.append(LeftOut(str(file), f"its session.toml is refused: {error.cause}", _REFUSED))
        return None
    if session is None or folder is None:
        left_out.append(LeftOut(str(file), _NO_SESSION, _NO_SESSION))
        return None
    why = not_covered(session.consent, purpose, images, today)
    if why:
        left_out.append(LeftOut(str(file), why, "no consent that covers this"))
        return None
    return DatasetSource(file, folder, session.consent.licence, session.session.subject_code)


def reasons(left_out: Sequence[LeftOut]) -> dict[str, int]:
    """Return how many are left out for each reason."""
    return dict(Counter(one.kind for one in left_out))
