"""Read a calibration in any format, write it in any other."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from calibration.camera import CameraRig
from calibration.errors import SourceError
from calibration.file_origin import bounded_bytes, toml_candidates
from calibration.formats import fields
from calibration.formats.parts import RigParts
from calibration.formats.safe_text import parse_xml, parse_yaml
from calibration.formats.table import METRES, Format, format_named, metres_of
from calibration.formats.toml_tables import parse_toml
from calibration.text_files import write_texts

_FOLDER_FILES = ("intri.yml", "extri.yml")
_PICKLE = "cameraIntrinsicsExtrinsics.pickle"


def read_calibration(path: str | Path, format: str | None = None, units: str | None = None) -> CameraRig:
    """Read the calibration of another program.

    Parameters
    ----------
    path : path
        File, or folder where the format is one (EasyMocap, OpenCap).
    format : str, optional
        Name in `FORMATS`; found from the content when left out, refused when that leaves two.
    units : str, optional
        m, dm, cm, mm or in; required where the format implies no unit.

    Returns
    -------
    CameraRig

    Raises
    ------
    SourceError
        CALIBRATION_MISSING
    FormatError
        CALIBRATION_FORMAT, CALIBRATION_FORMAT_UNKNOWN, CALIBRATION_FORMAT_AMBIGUOUS, CALIBRATION_UNITS,
        CALIBRATION_LENS, CALIBRATION_INCOMPLETE, CALIBRATION_IMPLAUSIBLE, CALIBRATION_PICKLE,
        CALIBRATION_COVARIANCE.
    """
    parts, _ = read_parts(path, format, units)
    return parts.complete(Path(path).name)


def read_parts(path: str | Path, format: str | None = None, units: str | None = None) -> tuple[RigParts, Format]:
    """Read what a file knows: perhaps lenses alone, or poses alone; otherwise as `read_calibration`."""
    path = Path(path)
    files = _gathered(path)
    row = format_named(format) if format is not None else detected(files)
    if row.unit or units is not None:
        return row.reader(files, metres_of(row, units, path.name)), row
    parts = row.reader(files, 1.0)
    if any(one.cam_from_world is not None for one in parts.cameras):  # lenses alone hold no length
        metres_of(row, units, path.name)
    return parts, row


def write_calibration(path: str | Path, rig: CameraRig, format: str, units: str | None = None) -> tuple[str, ...]:
    """Write a rig for another program; what was there before stays whole until all is written.

    Parameters
    ----------
    path : path
        File, or folder for EasyMocap, which is made.
    rig : CameraRig
    format : str
        Name in `FORMATS`.
    units : str, optional
        Required where the format implies no unit.

    Returns
    -------
    tuple of str
        What the format could not hold, and how lenses were fitted.

    Raises
    ------
    SourceError
        CALIBRATION_NOT_WRITTEN
    FormatError
        CALIBRATION_FORMAT_UNKNOWN, CALIBRATION_UNITS, CALIBRATION_LENS, CALIBRATION_FORMAT.
    """
    path, row = Path(path), format_named(format)
    if row.writer is None:
        raise fields.refused(f"The format {row.name} is read and not written.", "Choose another format with --to.")
    texts, notes = row.writer(rig, 1.0 / metres_of(row, units, path.name))
    lost = ("uncertainty of the cameras is not part of this format",) if rig.covariance is not None else ()
    write_texts({path / name if name else path: text for name, text in texts.items()})
    return notes + (lost if row.name != "mocap" else ())


def _gathered(path: Path) -> dict[str, bytes]:
    try:
        if path.is_dir():
            named = [path / name for name in _FOLDER_FILES if (path / name).is_file()]
            named = named or sorted(path.glob(f"**/{_PICKLE}"))[:100]
            if not named:
                raise fields.refused(f"{path} is a folder without {' or '.join(_FOLDER_FILES)}.", "Give the file.")
            return {str(one.relative_to(path)): bounded_bytes(one) for one in named}
        return {path.name: bounded_bytes(path)}
    except OSError as error:
        raise SourceError(
            f"The calibration {path} cannot be read: {error.strerror or error}.",
            "Give the path of a calibration file.",
            code="CALIBRATION_MISSING",
        ) from error


def detected(files: Mapping[str, bytes]) -> Format:
    """Return the format of a file from its content.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT_AMBIGUOUS, naming what it could be; CALIBRATION_FORMAT when it is nothing known.
    """
    (name, data), *_ = files.items()
    found = _candidates(name, data, len(files))
    if len(found) == 1:
        return format_named(found[0])
    if not found:
        raise fields.refused(f"{name} is no calibration of a known format.", "Name the format with --from.")
    raise fields.refused(
        f"{name} could be of the formats {' or '.join(found)}, which differ in their unit.",
        "Name the format with --from.",
        code="CALIBRATION_FORMAT_AMBIGUOUS",
    )


def _candidates(name: str, data: bytes, n_files: int) -> tuple[str, ...]:
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if name.endswith(".pickle") or data[:1] == b"\x80":
        return ("opencap",)
    if head.startswith(b"<"):
        tag = parse_xml(data, name).tag
        return ("vicon",) if tag == "Cameras" else ("qualisys",) if tag in ("calibration", "QTM_Parameters") else ()
    if name.lower().endswith((".yml", ".yaml")) or head.startswith(b"%YAML"):
        return _yaml_candidates(name, parse_yaml(data, name), n_files)
    return toml_candidates(parse_toml(data, name))


def _yaml_candidates(name: str, table: Any, n_files: int) -> tuple[str, ...]:
    keys = [str(key) for key in table] if isinstance(table, dict) else []
    if "cam0" in keys:
        return ("kalibr",)
    if "camera_matrix" in keys:
        return ("opencv",)
    if n_files > 1 or Path(name).name in _FOLDER_FILES:
        return ("easymocap",)
    return ("opencv",) if any(re.match(r"(K|R|Rot)_", key) for key in keys) else ()


def with_size(parts: RigParts, sizes: Mapping[str, tuple[int, int]], default: tuple[int, int] | None) -> RigParts:
    """Return the parts with the size of the image where the file does not say it.

    Parameters
    ----------
    parts : RigParts
    sizes : mapping of str to (width, height)
        By camera name.
    default : (width, height), optional
        For all others.
    """
    cameras = [one if one.size else replace(one, size=sizes.get(one.name, default)) for one in parts.cameras]
    return replace(parts, cameras=tuple(cameras))


UNITS = tuple(METRES)
