"""What can be said of an output before the work: whether it can be written, and whether something would be lost."""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from os import R_OK, access
from os.path import realpath
from pathlib import Path

from mocap.errors import ConfigError, SourceError

_LOOKED_AT = 8192  # bytes of what would be written over
_MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of file that is written here, and the bytes by which one that exists is known.

    Attributes
    ----------
    name : str
    mark : bytes
    looked_at : int
        Bytes among which the mark is to be found.
    """

    name: str
    mark: bytes
    looked_at: int = _LOOKED_AT


# A calibration says what it is behind its cameras.
CALIBRATION = Kind("calibration written here", b'format = "mocap-calibration"', _MOST_BYTES)
PAGE = Kind("page of a calibration", b"<title>Calibration")
TABLE = Kind("table of a calibration", b'"mocap-calibration-quality"')
PRINT = Kind("PDF", b"%PDF")
TRIAL = Kind("trial file", b"\x89HDF\r\n")
PLAN = Kind("page of a plan", b"<title>Plan of the lab")
PLACES = Kind("table of cameras' places", b"name,x_m,y_m,z_m,pan_deg,tilt_deg")


def check_output(out: Path) -> None:
    """Refuse an output that could not be written, before the work and not after it.

    Raises
    ------
    SourceError
        OUTPUT_FOLDER, when the folder of `out` is missing, or nothing can be written there; OUTPUT_IS_FOLDER, when
        `out` itself is a folder.
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
        raise SourceError(f"The output {out} is a folder.", "Give the name of a file.", "OUTPUT_IS_FOLDER")


def report_paths(out: Path) -> tuple[Path, Path]:
    """Return where page and table of a calibration file are written."""
    return out.with_suffix(".html"), out.with_suffix(".json")


def landmark_files(world: str | None, folder: Path) -> list[Path]:
    """Return where the file of a world such as 'points:FILE' may lie."""
    name = (world or "").partition(":")[2].strip()
    return [Path(name), folder / name] if name else []


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
    beside = report_paths(out)
    if out in beside:
        raise ConfigError(
            f"{out} is where the {'page' if out == beside[0] else 'table'} of a calibration's quality goes; the "
            "calibration needs a name of its own.",
            "Name a calibration, such as --out calibration.toml.",
            code="CALIBRATION_OUTPUT",
        )
    written = (out, *(beside if report else ()))
    for path in written:
        check_output(path)
    check_nothing_lost(written, read, (CALIBRATION, PAGE, TABLE)[: len(written)])


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
    """
    inputs = [Path(realpath(path)) for path in read]
    each: Sequence[Kind | None] = kinds if kinds is not None else [None] * len(written)
    for path, kind in zip(written, each, strict=True):
        real, there = Path(realpath(path)), path.is_file()
        alike = there and _is_alike(path, kind)
        inside = kind is not None and there and not alike and any(folder in real.parents for folder in inputs)
        if real in inputs or inside:
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


def check_new(written: Sequence[Path]) -> None:
    """Refuse to write over anything: what another program's file looks like is not known well enough to tell.

    Raises
    ------
    ConfigError
        OUTPUT_EXISTS; files that are empty may give way.
    """
    for path in written:
        if path.is_file() and path.stat().st_size:
            raise ConfigError(
                f"The output {path} exists; it is kept.", "Name another file with --out, or remove it first.",
                code="OUTPUT_EXISTS",
            )  # fmt: skip


def _is_alike(path: Path, kind: Kind | None) -> bool:
    """Whether nothing is lost when a file gives way to one of a kind: it is of that kind, or empty."""
    if not access(path, R_OK):
        return kind is None
    with path.open("rb") as file:
        head = file.read(kind.looked_at if kind else _LOOKED_AT)
    return not head or (kind.mark in head if kind else b"\0" not in head)
