"""What can be said of an output before the work: whether it can be written, and whether something would be lost."""

import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from os.path import realpath
from pathlib import Path

from mocap.errors import ConfigError, SourceError
from mocap.pipeline.output_kinds import CALIBRATION, PAGE, TABLE, Kind, is_alike

_TABLES = (".h5", ".hdf5", ".csv")

def check_output(out: Path) -> None:
    """Refuse an output that could not be written, before the work and not after it.

    Raises
    ------
    SourceError
        OUTPUT_FOLDER, when the folder of `out` is missing, or nothing can be written there; OUTPUT_IS_FOLDER, when
        `out` itself is a folder.
    ConfigError
        OUTPUT_OTHER, when `out` is a device, a pipe or a socket.
    """
    folder = out.absolute().parent
    if not folder.is_dir():
        raise SourceError(
            f"The folder of the output {out} does not exist.", "Make the folder, or mend the path.", "OUTPUT_FOLDER"
        )
    is_folder = False
    try:
        is_folder = out.is_dir()
        # Rights say little: of root's, of file systems that are full or read-only. The writers do the same.
        with tempfile.NamedTemporaryFile(prefix=f".{out.name}.", suffix=".part", dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The output {out} cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Give a path in a folder that may be written to.",
            code="OUTPUT_FOLDER",
        ) from error
    if is_folder:
        raise _is_folder(out)
    check_no_node(out)


def _is_folder(out: Path) -> SourceError:
    return SourceError(f"The output {out} is a folder.", "Give the name of a file.", "OUTPUT_IS_FOLDER")


def check_no_node(path: Path) -> None:
    """Refuse a device, a pipe or a socket: a file that is put in its place would take it from everybody.

    Raises
    ------
    ConfigError
        OUTPUT_OTHER, by whatever link it is named.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # what is not there, or cannot be reached, is told by who tries to write
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ConfigError(
            f"The output {path} exists and is no file, but a device, a pipe or a socket; it is kept.",
            "Name a file with --out.",
            code="OUTPUT_OTHER",
        )


def report_paths(out: Path) -> tuple[Path, Path]:
    """Return where page and table of a calibration file are written."""
    return _beside(out, ".html"), _beside(out, ".json")


def tried_path(out: Path) -> Path:
    """Return where a picture is left, beside a calibration file, when the footage does not show the board."""
    return _beside(out, ".tried.png")


def _beside(out: Path, suffix: str) -> Path:
    """Name a file after another; what is no '.toml' stays, or 'cal.1' and 'cal.2' would share a page."""
    return out.with_suffix(suffix) if out.suffix.lower() == ".toml" else out.with_name(out.name + suffix)


def check_calibration_outputs(out: Path, report: bool, read: Collection[Path]) -> None:
    """Refuse, before the work, a calibration that cannot be written, or that would cost another file.

    Parameters
    ----------
    out : Path
    report : bool
        Page and table are written beside it.
    read : collection of Path
        The inputs.

    Raises
    ------
    ConfigError
        CALIBRATION_OUTPUT when page or table would be the same file; OUTPUT_IS_INPUT, OUTPUT_OTHER.
    SourceError
        OUTPUT_FOLDER, OUTPUT_IS_FOLDER
    """
    check_output(out)  # a folder such as '.' has no name to go by
    taken = {".html": "page", ".json": "table"}.get(out.suffix)
    if taken is not None:
        raise ConfigError(
            f"{out} is where the {taken} of a calibration's quality goes; the calibration needs a name of its own.",
            "Name a calibration, such as --out calibration.toml.",
            code="CALIBRATION_OUTPUT",
        )
    check_outputs(calibration_outputs(out, report), read)


def calibration_outputs(out: Path, report: bool = True) -> dict[Path, Kind]:
    """Return all that may be written for a calibration file, with what it is; the last two when it is refused."""
    if not report:
        return {out: CALIBRATION}
    page, table = report_paths(out)
    refused_page, refused_table = report_paths(refused_path(out))
    return {out: CALIBRATION, page: PAGE, table: TABLE, refused_page: PAGE, refused_table: TABLE}


def refused_path(out: Path) -> Path:
    """Return the name from which those of page and table are made when a calibration is refused."""
    return _beside(out, ".refused.toml")


def check_outputs(written: Mapping[Path, Kind], read: Collection[Path]) -> None:
    """Refuse outputs that could not be written, or that would cost another file, before the work.

    Raises
    ------
    ConfigError, SourceError
        As `check_output` and `check_nothing_lost` do.
    """
    for path in written:
        check_output(path)
    check_nothing_lost(list(written), read, list(written.values()))


def check_nothing_lost(
    written: Sequence[Path], read: Collection[Path], kinds: Sequence[Kind] | None = None
) -> None:
    """Refuse to write over what is read, or over a file of another kind: footage, for one.

    Parameters
    ----------
    written : sequence of Path
    read : collection of Path
        The inputs. Where `kinds` are given, all that lies in a folder among them counts, but for what is of its kind.
    kinds : sequence of Kind, optional
        What each file to be written is; only one of its kind is written over. Any text is, without it.

    Raises
    ------
    ConfigError
        OUTPUT_IS_INPUT, OUTPUT_OTHER.
    SourceError
        OUTPUT_IS_FOLDER
    """
    inputs = [Path(realpath(path)) for path in read]
    each: Sequence[Kind | None] = kinds if kinds is not None else [None] * len(written)
    for path, kind in zip(written, each, strict=True):
        check_no_node(path)
        if path.is_dir():
            raise _is_folder(path)
        there = path.is_file()
        alike = there and is_alike(path, kind)
        if _is_one_of(path, inputs, deep=kind is not None and there and not alike):
            raise ConfigError(
                f"The output {path} is one of the files that are read; it is kept.", "Name another file with --out.",
                code="OUTPUT_IS_INPUT",
            )  # fmt: skip
        if there and not alike:
            raise ConfigError(
                f"The output {path} exists and is no {kind.name if kind else 'calibration'}, but a file of another "
                "kind; it is kept.",
                "Name another file with --out, or remove it first.",
                code="OUTPUT_OTHER",
            )


def _is_one_of(path: Path, inputs: Sequence[Path], deep: bool) -> bool:
    """Whether a file to be written is one of the inputs, by whatever name; `deep` looks into folders too."""
    real = Path(realpath(path))
    if real in inputs or (deep and any(folder in real.parents for folder in inputs)):
        return True
    # Other names of the same file: hard links, and other spellings where the file system takes them for the same.
    if not path.is_file():
        return False
    others = _files(inputs, deep and path.stat().st_nlink > 1)
    return any(other.exists() and path.samefile(other) for other in others)


def _files(inputs: Sequence[Path], deep: bool) -> Iterator[Path]:
    for one in inputs:
        if not one.is_dir():
            yield one
        elif deep:
            yield from (file for file in one.rglob("*") if file.is_file())


def check_not_among(written: Collection[Path], folder: Path) -> None:
    """Refuse to write where keypoint files lie: what is written there would be read as one of them the next time.

    Parameters
    ----------
    written : collection of Path
    folder : Path
        Of keypoint files: one file a camera, or one folder of JSON files a camera. A file is no such folder.

    Raises
    ------
    ConfigError
        OUTPUT_AMONG_INPUTS
    """
    root, own = Path(realpath(folder)), [Path(realpath(path)) for path in written]
    for path in own:
        suffixes, place = (_TABLES, path.parent) if path.suffix in _TABLES else ((".json",), path.parent.parent)
        if path.suffix not in suffixes or place != root or not path.parent.is_dir():
            continue
        if any(other.suffix.lower() in suffixes and other not in own for other in path.parent.iterdir()):
            raise ConfigError(
                f"The output {path.name} would lie among the keypoint files of {path.parent}, and be read as one of "
                "them the next time.",
                "Name another folder with --out.",
                code="OUTPUT_AMONG_INPUTS",
            )


def check_not_within(out: Path, footage: Path) -> None:
    """Refuse a folder of results within that of footage: they would count among the footage the next time.

    Raises
    ------
    ConfigError
        OUTPUT_AMONG_INPUTS
    """
    root, own = Path(realpath(footage)), Path(realpath(out))
    if footage.is_dir() and (own == root or root in own.parents):
        raise ConfigError(
            f"The results {out} would lie among the footage in {footage}, and be taken for a part of it the next time.",
            "Name another folder with --out, or give the footage a folder of its own.",
            code="OUTPUT_AMONG_INPUTS",
        )


def check_no_file(folder: Path) -> None:
    """Refuse a file where results need a folder.

    Raises
    ------
    SourceError
        OUTPUT_IS_FILE
    """
    if folder.exists() and not folder.is_dir():
        raise SourceError(f"The output {folder} is a file.", "Give the name of a folder.", "OUTPUT_IS_FILE")


def make_folder(folder: Path) -> None:
    """Make a folder for results, with those that it lies in.

    Raises
    ------
    SourceError
        OUTPUT_IS_FILE, OUTPUT_FOLDER
    """
    check_no_file(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The folder {folder} cannot be made: {getattr(error, 'strerror', None) or error}.",
            "Give a path in a folder that may be written to.",
            code="OUTPUT_FOLDER",
        ) from error


def check_new(written: Sequence[Path], remedy: str = "Name another file with --out, or remove it first.") -> None:
    """Refuse to write over anything: what another program's file looks like is not known well enough to tell.

    Raises
    ------
    ConfigError
        OUTPUT_EXISTS; files that are empty may give way.
    """
    for path in written:
        if path.is_file() and path.stat().st_size:
            raise ConfigError(
                f"The output {path} exists; it is kept.", remedy, code="OUTPUT_EXISTS"
            )
