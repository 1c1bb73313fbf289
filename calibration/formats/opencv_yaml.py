"""OpenCV's FileStorage YAML: one camera per file, many in one file, and EasyMocap's pair intri.yml and extri.yml.

One camera: `camera_matrix`, `distortion_coefficients`, `image_width`, `image_height`, as OpenCV's own sample
`calibration.cpp` writes them. Many: `K_NAME` and `dist_NAME`, `R_NAME` (Rodrigues) or `Rot_NAME` (3 x 3) and
`T_NAME`, cam_from_world, as EasyMocap's documentation has them; `H_NAME` and `W_NAME` are the image's size, which
older files do not have.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.formats import fields
from calibration.formats.lens_fit import as_brown
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import parse_yaml
from calibration.rigid import rotvec

_GRAVITY = {"gravity": "unknown"}
_PREFIXES = ("K_", "dist_", "R_", "Rot_", "T_", "H_", "W_")


def read_opencv(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read one file of one camera, or of several in the style of EasyMocap."""
    (name, data), *_ = files.items()
    table = fields.mapping(parse_yaml(data, name), name)
    if "camera_matrix" in table:
        stem = name.rpartition("/")[2].partition(".")[0]
        return RigParts((_single(table, name, str(table.get("camera_name", stem))),), _GRAVITY)
    return read_easymocap(files, metres)


def read_easymocap(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read intri.yml and extri.yml together, or what there is of them."""
    table: dict[str, Any] = {}
    for name, data in files.items():
        table |= fields.mapping(parse_yaml(data, name), name)
    what = " and ".join(files)
    found = {key.partition("_")[2]: None for key in table if key.startswith(_PREFIXES)}
    listed = table.get("names")
    names = [str(one) for one in listed] if isinstance(listed, list) else list(found)
    if not names or len(set(names)) < len(names):
        raise fields.refused(f"{what} names no camera, or one twice: {names[:20]}.", "Give intri.yml and extri.yml.")
    return RigParts(tuple(_named(table, name, f"{what}: camera '{name}'", metres) for name in names), _GRAVITY)


def _single(table: dict[str, Any], file: str, name: str) -> CameraParts:
    where = f"{file}: camera '{name}'"
    fisheye = bool(table.get("fisheye_model", 0))
    size = None
    if "image_width" in table and "image_height" in table:
        size = fields.size_of([table["image_width"], table["image_height"]], where)
    distortion = _matrix(fields.required(table, "distortion_coefficients", where), f"{where}: distortion_coefficients")
    lens = fields.lens_matrix(_matrix(table["camera_matrix"], f"{where}: camera_matrix"), where)
    return CameraParts(name, size, lens, fields.coefficients(distortion, where, fisheye), fisheye)


def _named(table: dict[str, Any], name: str, where: str, metres: float) -> CameraParts:
    lens = distortion = cam_from_world = size = None
    if f"K_{name}" in table:
        lens = fields.lens_matrix(_matrix(table[f"K_{name}"], f"{where}: K"), where)
        given = fields.required(table, f"dist_{name}", where)
        distortion = fields.coefficients(_matrix(given, f"{where}: dist"), where)
    if f"H_{name}" in table and f"W_{name}" in table:
        size = fields.size_of([table[f"W_{name}"], table[f"H_{name}"]], where)
    if f"T_{name}" in table:
        translation = fields.numbers(np.ravel(_matrix(table[f"T_{name}"], f"{where}: T")), ((3,),), f"{where}: T")
        key = f"Rot_{name}" if f"Rot_{name}" in table else f"R_{name}"
        rotation = _matrix(fields.required(table, key, where), f"{where}: {key}")
        if rotation.size not in (3, 9):
            raise fields.refused(f"{where}: {key} has {rotation.size} numbers.", "Give a Rodrigues vector or a matrix.")
        cam_from_world = fields.pose(rotation, translation * metres, where)
    return CameraParts(name, size, lens, distortion, False, cam_from_world)


def _matrix(value: Any, where: str) -> NDArray:
    """Return the array of a FileStorage matrix."""
    table = fields.mapping(value, where)
    rows = int(fields.numbers(fields.required(table, "rows", where), ((),), f"{where}: rows"))
    columns = int(fields.numbers(fields.required(table, "cols", where), ((),), f"{where}: cols"))
    if not (0 < rows <= 32 and 0 < columns <= 32):
        raise fields.refused(f"{where} is {rows} x {columns}.", "Export the file again.")
    data = fields.numbers(fields.required(table, "data", where), ((rows * columns,),), f"{where}: data")
    return data.reshape(rows, columns)


def write_opencv(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write one camera as OpenCV's sample does, without its pose; several in one file with their poses."""
    if len(rig) > 1:
        head, intrinsics, extrinsics, notes = _pair(rig, per_metre)
        return {"": head + intrinsics + extrinsics}, notes
    (camera,) = rig
    text = (
        f"{_HEAD}image_width: {camera.size[0]}\nimage_height: {camera.size[1]}\n"
        f"camera_name: {_quoted(camera.name)}\nfisheye_model: {int(camera.fisheye)}\n"
        f"{_written('camera_matrix', camera.matrix)}{_written('distortion_coefficients', camera.distortion[None])}"
    )
    return {"": text}, ("the pose of the camera is not part of this format",)


def write_easymocap(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write intri.yml and extri.yml."""
    head, intrinsics, extrinsics, notes = _pair(rig, per_metre)
    return {"intri.yml": head + intrinsics, "extri.yml": head + extrinsics}, notes


_HEAD = "%YAML:1.0\n---\n"


def _pair(rig: CameraRig, per_metre: float) -> tuple[str, str, str, tuple[str, ...]]:
    names = "names:\n" + "".join(f"   - {_quoted(name)}\n" for name in rig.names)
    if any(not set(name) <= _ALLOWED for name in rig.names):
        raise fields.refused(
            f"OpenCV's YAML takes letters, digits, _ and - in names, the cameras are {list(rig.names)}.",
            "Rename the cameras.",
        )
    intrinsics, extrinsics = "", ""
    notes: list[str] = []
    for camera in rig:
        five, note = as_brown(camera)
        notes += note
        intrinsics += _written(f"K_{camera.name}", camera.matrix) + _written(f"dist_{camera.name}", five[None])
        intrinsics += f"H_{camera.name}: {camera.size[1]}\nW_{camera.name}: {camera.size[0]}\n"
        turn = rotvec(camera.cam_from_world)[:, None]
        extrinsics += _written(f"R_{camera.name}", turn)
        extrinsics += _written(f"Rot_{camera.name}", camera.cam_from_world[:3, :3])
        extrinsics += _written(f"T_{camera.name}", camera.cam_from_world[:3, 3:] * per_metre)
    return _HEAD + names, intrinsics, extrinsics, tuple(notes)


_ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def _quoted(text: str) -> str:
    return '"' + "".join(letter if letter.isprintable() and letter not in '"\\' else "_" for letter in text) + '"'


def _written(key: str, matrix: NDArray) -> str:
    data = ", ".join(f"{value:.17g}" if value % 1 else f"{value:.0f}." for value in matrix.ravel())
    rows, columns = matrix.shape
    return f"{key}: !!opencv-matrix\n   rows: {rows}\n   cols: {columns}\n   dt: d\n   data: [ {data} ]\n"
