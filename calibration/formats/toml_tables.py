"""The TOML calibrations of aniposelib / Anipose, Pose2Sim, FreeMoCap and caliscope: tables of OpenCV's own numbers.

All four hold cam_from_world and OpenCV's pixels and coefficients, so only units and layout differ. Sources:
aniposelib `CameraGroup.dump`, Pose2Sim `calibration.toml_write`, FreeMoCap's copy of aniposelib (board in mm),
caliscope `camera_array.toml`, and files that these programs wrote.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from calibration.camera import Camera, CameraRig
from calibration.formats import fields
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import text_of
from calibration.rigid import rotvec
from calibration.toml_files import loads

_UNKNOWN_GRAVITY = {"gravity": "unknown"}
_Z_UP = {"gravity": "Z up, as Pose2Sim has it"}
MIN_SQUARE_MM = 5.0


def parse_toml(data: bytes, name: str) -> dict[str, Any]:
    """Return a TOML document.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT, with the line.
    """
    try:
        return loads(text_of(data, name))
    except ValueError as error:
        raise fields.refused(f"{name} is not TOML: {error}.", "Export the file again.") from error


def read_anipose(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read `[cam_0]`, `[cam_1]`, ...; lengths are in the unit of the board."""
    return _tables(files, metres, _UNKNOWN_GRAVITY)


def read_pose2sim(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read one table per camera, in m, Z up."""
    return _tables(files, metres, _Z_UP)


def read_freemocap(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read aniposelib's tables in mm; a square below 5 mm means that nobody entered its size."""
    (name, data), *_ = files.items()
    square = fields.mapping(parse_toml(data, name).get("metadata", {}), f"{name}: metadata").get("charuco_square_size")
    if square is not None and fields.number(square, f"{name}: charuco_square_size") < MIN_SQUARE_MM:
        raise fields.refused(
            f"{name}: charuco_square_size = {square}: lengths are in squares, not in mm.",
            "Read it as --from anipose with the unit that the board had.",
            code="CALIBRATION_UNITS",
        )
    return _tables(files, metres, _UNKNOWN_GRAVITY)


def _tables(files: Mapping[str, bytes], metres: float, metadata: Mapping[str, str]) -> RigParts:
    (name, data), *_ = files.items()
    document = parse_toml(data, name)
    tables = {key: value for key, value in document.items() if isinstance(value, dict) and key != "metadata"}
    cameras = [_camera(name, key, table, str(table.get("name", key)), metres) for key, table in tables.items()]
    return RigParts(_some(cameras, name), metadata)


def _some(cameras: list[CameraParts], name: str) -> tuple[CameraParts, ...]:
    if not cameras:
        raise fields.refused(f"{name} holds no camera table.", "Give the calibration itself.")
    return tuple(cameras)


def _camera(file: str, key: str, table: dict[str, Any], name: str, metres: float) -> CameraParts:
    where = f"{file}: camera '{name}' ([{key}])"
    fisheye = table.get("fisheye", False)
    if not isinstance(fisheye, bool):
        raise fields.refused(f"{where}: fisheye = {fisheye!r:.40}.", "Write fisheye = true or false.")
    size = fields.numbers(fields.required(table, "size", where), ((2,),), f"{where}: size")
    cam_from_world = None
    if _given(table, "rotation") and _given(table, "translation"):
        rotation = fields.numbers(table["rotation"], ((3,), (3, 3)), f"{where}: rotation")
        translation = fields.numbers(table["translation"], ((3,),), f"{where}: translation")
        cam_from_world = fields.pose(rotation, translation * metres, where)
    has_lens = _given(table, "matrix")
    distortion = fields.coefficients(table.get("distortions", []), where, fisheye) if has_lens else None
    return CameraParts(
        name=name,
        size=fields.size_of(size, where),
        matrix=fields.lens_matrix(table["matrix"], where) if has_lens else None,
        distortion=distortion,
        fisheye=fisheye,
        cam_from_world=cam_from_world,
    )


def _given(table: dict[str, Any], key: str) -> bool:
    return table.get(key, "null") != "null"  # caliscope's way to say that it does not know


def read_caliscope(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read `[cameras.0]`, ... of a camera array; cameras to be ignored are left out, and named."""
    (name, data), *_ = files.items()
    tables = fields.mapping(fields.required(parse_toml(data, name), "cameras", name), f"{name}: cameras")
    cameras, ignored = [], []
    for key, value in tables.items():
        table = fields.mapping(value, f"{name}: [cameras.{key}]")
        own = str(table.get("cam_id", table.get("port", key)))
        if table.get("ignore") is True:
            ignored.append(own)
            continue
        turned = fields.number(table.get("rotation_count", 0), f"{name}: rotation_count of camera '{own}'")
        if turned % 4 != 0:
            # It only says how the program shows the image, but files of all versions are not known to agree.
            ignored_turn = f"camera {own} is shown turned by {90 * turned:.0f} deg in caliscope"
            ignored.append(ignored_turn)
        cameras.append(_camera(name, f"cameras.{key}", table, f"cam_{own}", metres))
    notes = (f"left out or shown otherwise: {', '.join(ignored)}",) if ignored else ()
    return RigParts(_some(cameras, name), _UNKNOWN_GRAVITY, notes)


def write_anipose(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write `[cam_0]`, ...; zero-padded from the eleventh camera on, as aniposelib sorts its tables as text."""
    digits = len(str(len(rig) - 1))
    tables = {f"cam_{index:0{digits}d}": _fields(camera, per_metre) for index, camera in enumerate(rig)}
    return {"": _document(tables, {"adjusted": False, "error": 0.0})}, ()


def write_freemocap(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write aniposelib's tables in mm, with the keys of metadata that FreeMoCap asks for."""
    files, _ = write_anipose(rig, per_metre)
    text = files[""].partition("[metadata]")[0]
    return {"": text + '[metadata]\npath_to_recorded_videos = ""\ndate_time_calibrated = ""\n'}, ()


def write_pose2sim(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write a table per camera under its own name, in m."""
    tables = {camera.name: _fields(camera, per_metre, 1.0) for camera in rig}
    if "metadata" in tables or any(not name.strip() for name in tables):
        raise fields.refused("A camera cannot be called 'metadata' or nothing in this format.", "Rename the camera.")
    notes = () if rig.gravity_known else ("Pose2Sim takes Z for up; this calibration does not know what is up",)
    return {"": _document(tables, {"adjusted": False, "error": 0.0})}, notes


def write_caliscope(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write `[cameras.0]`, ... with 3 x 3 rotations; caliscope knows cameras by number alone."""
    numbers = [_number_of(camera.name) for camera in rig]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = list(range(len(rig)))
    tables = {}
    for number, camera in zip(numbers, rig, strict=True):
        entry = {"cam_id": number, "rotation_count": 0, "ignore": False} | _fields(camera, per_metre)
        entry["rotation"] = camera.cam_from_world[:3, :3].tolist()
        del entry["name"]
        tables[f"cameras.{number}"] = entry
    renamed = [f"{c.name} is camera {n}" for c, n in zip(rig, numbers, strict=True) if c.name != f"cam_{n}"]
    return {"": _document(tables, None)}, (("renamed: " + ", ".join(renamed)),) if renamed else ()


def _number_of(name: str) -> int | None:
    digits = name.removeprefix("cam_")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else None


def _fields(camera: Camera, per_metre: float, pixel: float | int = 1) -> dict[str, Any]:
    return {
        "name": camera.name,
        "size": [length * pixel for length in camera.size],
        "matrix": camera.matrix.tolist(),
        "distortions": camera.distortion.tolist(),
        "rotation": rotvec(camera.cam_from_world).tolist(),
        "translation": (camera.cam_from_world[:3, 3] * per_metre).tolist(),
        "fisheye": bool(camera.fisheye),
    }


def _document(tables: dict[str, dict[str, Any]], metadata: dict[str, Any] | None) -> str:
    parts = tables if metadata is None else tables | {"metadata": metadata}
    blocks = []
    for key, table in parts.items():
        lines = [f"{name} = {_value(value)}\n" for name, value in table.items()]
        blocks.append(f"[{_table_key(key)}]\n" + "".join(lines))
    return "\n".join(blocks)


def _table_key(key: str) -> str:
    plain = all(letter.isascii() and (letter.isalnum() or letter in "_-.") for letter in key)
    dotted = "." in key and not key.startswith("cameras.")
    return key if plain and not dotted else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return repr(value)
