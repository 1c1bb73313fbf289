"""The calibration file: a rig as TOML that other tools read too.

One table per camera, `[cam_0]`, `[cam_1]`, ... in the order of the rig, numbered with leading zeros from the
eleventh camera on, because aniposelib and Pose2Sim put the tables in the order of their names as text:

    [cam_0]
    name = "left"
    size = [1280, 720]                # width, height in px
    matrix = [[fx, 0.0, cx], ...]     # px, the centre of the top-left pixel is (0, 0)
    distortions = [k1, k2, p1, p2, k3]  # OpenCV's order; 4, 5 or 8 values, 4 for a fisheye
    fisheye = false
    rotation = [rx, ry, rz]           # Rodrigues vector of cam_from_world, rad
    translation = [tx, ty, tz]        # of cam_from_world, m
    [metadata]
    format = "mocap-calibration"
    ...                               # world, gravity, quality figures, board, software versions
    covariance = "..."                # of all parameters together, exact; see `covariance_text`
    position_sd_mm = [...]            # and for people, one number per camera

`formats` reads and writes the files of other programs.
"""

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.covariance_text import FIELDS, covariance_fields, covariance_of
from calibration.errors import FormatError, MocapError, ShapeError, SourceError
from calibration.file_origin import bounded_bytes, unit_metadata
from calibration.rigid import from_rotvec, rotvec
from calibration.text_files import write_texts

FORMAT = "mocap-calibration"
FORMAT_VERSION = 1
_KEYS: dict[str, tuple[int | str, ...]] = {
    "size": (2,),
    "matrix": (3, 3),
    "distortions": ("coefficient",),
    "rotation": (3,),
    "translation": (3,),
}
_MAX_TRANSLATION_M = 100.0
_MAX_NUMBER = 1e15  # nothing of a camera is larger, and squares of larger ones overflow
_OWN_METADATA = ("format", "format_version", "length_unit", *FIELDS)


def write_rig(path: str | Path, rig: CameraRig) -> None:
    """Write a rig as a calibration file; what was there before stays whole until the new file is complete.

    Parameters
    ----------
    path : path
        Its folder has to exist.
    rig : CameraRig

    Raises
    ------
    SourceError
        CALIBRATION_NOT_WRITTEN
    """
    write_texts({Path(path): rig_text(rig)})


def rig_text(rig: CameraRig) -> str:
    """Return a rig as the text of a calibration file."""
    digits = len(str(len(rig) - 1))
    tables = [_camera_table(f"cam_{index:0{digits}d}", camera) for index, camera in enumerate(rig)]
    return "\n".join([*tables, _metadata_table(rig)])


def _camera_table(key: str, camera: Camera) -> str:
    fields = {
        "name": camera.name,
        "size": list(camera.size),
        "matrix": camera.matrix.tolist(),
        "distortions": camera.distortion.tolist(),
        "fisheye": camera.fisheye,
        "rotation": rotvec(camera.cam_from_world).tolist(),
        "translation": camera.cam_from_world[:3, 3].tolist(),
    }
    return f"[{key}]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in fields.items())


def _metadata_table(rig: CameraRig) -> str:
    fields: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, "length_unit": "m"}
    fields |= {key: value for key, value in rig.metadata.items() if key not in _OWN_METADATA}
    if rig.covariance is not None:
        fields |= covariance_fields(rig.covariance)
    return "[metadata]\n" + "".join(f"{_toml_key(key)} = {_toml(value)}\n" for key, value in fields.items())


def _toml_key(key: str) -> str:
    bare = key and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in key)
    return key if bare else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return repr(float(value))  # the shortest text that reads back as the same number
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(str(value)).replace("\x7f", "\\u007f")


def read_rig(path: str | Path, *, lenses_alone: bool = False) -> CameraRig:
    """Read a calibration file: ours, aniposelib's or Pose2Sim's, in metres; `formats` reads others, in any unit.

    Cameras keep the order of the file (aniposelib itself sorts its tables as text, which puts `cam_10` before
    `cam_2`). A file without metadata on gravity is taken at its word: Z up.

    Parameters
    ----------
    path : path
    lenses_alone : bool
        Nothing is made of the poses: the unit of length need not be known.

    Returns
    -------
    CameraRig

    Raises
    ------
    SourceError
        CALIBRATION_MISSING when there is no such readable file.
    FormatError
        CALIBRATION_FORMAT when it is not TOML (with the line), holds no camera, lacks a key (naming camera and
        key) or holds values of the wrong shape; CALIBRATION_UNITS when the unit is not known to be the metre, or
        translations look like mm; CALIBRATION_IMPLAUSIBLE when the principal point is outside the image, or a
        rotation longer than a turn; CALIBRATION_COVARIANCE when the stored covariance is damaged.
    """
    path = Path(path)
    try:
        return rig_from_text(bounded_bytes(path).decode("utf-8"), path.name, lenses_alone=lenses_alone)
    except UnicodeDecodeError as error:
        raise _refused(path, f"is not TOML: {error}", "Calibrate again, or restore the file.") from error
    except OSError as error:
        raise SourceError(
            f"The calibration file {path} cannot be read: {error.strerror or error}.",
            "Give the path of a calibration.toml; `mocap calibrate` writes one.",
            code="CALIBRATION_MISSING",
        ) from error


def rig_from_text(text: str, name: str, *, lenses_alone: bool = False) -> CameraRig:
    """Return the rig of a calibration file's text; `name` is what errors call the file. Otherwise as `read_rig`."""
    path = Path(name)
    document = _parsed(path, text)
    metadata = document.get("metadata", {})
    if not isinstance(metadata, dict):
        raise _refused(path, f"has metadata = {metadata!r} in place of a table", "Restore the file.")
    tables = {key: value for key, value in document.items() if isinstance(value, dict) and key != "metadata"}
    if not tables:
        raise _refused(path, "holds no camera table", "Give a calibration.toml with [cam_0], [cam_1], ...")
    version = metadata.get("format_version", 1)
    if metadata.get("format", FORMAT) != FORMAT or not isinstance(version, int) or version > FORMAT_VERSION:
        found = f"{metadata.get('format')} version {metadata.get('format_version')}"
        raise _refused(path, f"is of format {found}, known is {FORMAT} version {FORMAT_VERSION}", "Update the program.")
    unit = {} if lenses_alone else unit_metadata(document, name)
    cameras = [_camera(path, key, table) for key, table in tables.items()]
    plain = {key: value for key, value in metadata.items() if isinstance(value, str | float | int | bool)}
    told = {key: value for key, value in plain.items() if key not in _OWN_METADATA} | unit
    try:
        return CameraRig(tuple(cameras), told, covariance_of(metadata, len(cameras)))
    except ShapeError as error:
        raise _refused(path, f"is refused: {error.cause}", error.remedy) from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _refused(path, f"is not TOML: {error}", "Calibrate again, or restore the file.") from error


def _camera(path: Path, key: str, table: dict[str, Any]) -> Camera:
    name = str(table.get("name", key))
    missing = [wanted for wanted in _KEYS if wanted not in table]
    if missing:
        raise _refused(path, f"camera '{name}' ([{key}]) lacks {', '.join(missing)}", "Add what is missing.")
    values = {wanted: _numbers(path, name, wanted, table[wanted], shape) for wanted, shape in _KEYS.items()}
    fisheye = table.get("fisheye", False)
    if not isinstance(fisheye, bool):
        raise _refused(path, f"camera '{name}': fisheye = {fisheye!r}", "Write fisheye = true or false.")
    _check_plausible(path, name, values)
    width, height = values["size"]
    try:
        pose = from_rotvec(values["rotation"], values["translation"])
        return Camera(name, (int(width), int(height)), values["matrix"], values["distortions"], pose, fisheye)
    except MocapError as error:
        raise _refused(path, f"camera '{name}' is refused: {error.cause}", error.remedy) from error


def _numbers(path: Path, camera: str, key: str, value: Any, shape: tuple[int | str, ...]) -> NDArray:
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0)
    fits = array.ndim == len(shape) and all(
        isinstance(wanted, str) or length == wanted for length, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or not np.isfinite(array).all() or (np.abs(array) > _MAX_NUMBER).any():
        wanted = " x ".join("n" if isinstance(length, str) else str(length) for length in shape)
        cause = f"camera '{camera}': {key} = {value!r} is not {wanted} finite numbers"
        raise _refused(path, cause, f"Correct {key} of '{camera}'.")
    return array


def _check_plausible(path: Path, name: str, values: dict[str, NDArray]) -> None:
    size, matrix, translation = values["size"], values["matrix"], values["translation"]
    if (size < 1).any() or (size % 1 != 0).any():
        raise _refused(path, f"camera '{name}': size = {size.tolist()} is not a number of pixels", "Correct the size.")
    centre = matrix[:2, 2]
    if (centre < 0).any() or (centre > size).any():
        raise _refused(
            path,
            f"camera '{name}': the principal point ({centre[0]:.1f}, {centre[1]:.1f}) px is outside the image of "
            f"{size[0]:.0f} x {size[1]:.0f} px",
            "Check that size and matrix belong to the same, unrotated resolution.",
            "CALIBRATION_IMPLAUSIBLE",
        )
    distance = float(np.linalg.norm(translation))
    if distance > _MAX_TRANSLATION_M:
        raise _refused(
            path,
            f"camera '{name}': translation is {distance:.0f} m long, which looks like millimetres",
            "Give translations in metres.",
            "CALIBRATION_UNITS",
        )
    if float(np.linalg.norm(values["rotation"])) > 2 * math.pi + 1e-6:
        raise _refused(
            path,
            f"camera '{name}': rotation {values['rotation'].tolist()} is longer than a full turn",
            "Give the Rodrigues vector of cam_from_world in radians, not degrees.",
            "CALIBRATION_IMPLAUSIBLE",
        )


def _refused(path: Path, what: str, remedy: str, code: str = "CALIBRATION_FORMAT") -> FormatError:
    return FormatError(f"{path.name}: {what}.", remedy, code)
