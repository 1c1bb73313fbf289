"""Kalibr's camera chain: `cam0`, `cam1`, ... each with its pose relative to the camera before it, in m.

Source: Kalibr's wiki page on its YAML formats; `T_cn_cnm1` is cam_n from cam_(n-1). Lenses: pinhole with radtan
(k1 k2 p1 p2) or equidistant (a fisheye of OpenCV), or none. The world is the first camera's frame.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.formats import fields
from calibration.formats.lens_fit import as_brown
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import parse_yaml
from calibration.rigid import inverse

_MODELS = {"radtan": False, "equidistant": True, "none": False}


def read_kalibr(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read a camchain: a camera without `T_cn_cnm1`, other than the first, has no pose."""
    (name, data), *_ = files.items()
    table = fields.mapping(parse_yaml(data, name), name)
    keys = [key for key in table if re.fullmatch(r"cam\d{1,4}", key)]
    keys.sort(key=lambda key: int(key[3:]))
    if not keys or keys[0] != "cam0" or int(keys[-1][3:]) != len(keys) - 1:
        raise fields.refused(f"{name} has the cameras {keys[:20]}, not cam0, cam1, ...", "Give the whole camchain.")
    entries = [fields.mapping(table[key], f"{name}: {key}") for key in keys]
    cameras: list[CameraParts] = []
    cam_from_world: NDArray | None = np.eye(4)
    for key, label, entry in zip(keys, _names(keys, entries), entries, strict=True):
        where = f"{name}: {key}"
        if cameras:
            cam_from_world = _next(entry, cam_from_world, metres, where)
        cameras.append(_camera(entry, label, cam_from_world, where))
    return RigParts(tuple(cameras), {"gravity": "unknown", "world": f"camera:{cameras[0].name}"})


def _names(keys: list[str], entries: list[dict[str, Any]]) -> list[str]:
    """First part of each topic (`/left/image_raw` is `left`), when that tells the cameras apart."""
    topics = [str(entry.get("rostopic", "")).strip("/").partition("/")[0] for entry in entries]
    return topics if all(topics) and len(set(topics)) == len(topics) else keys


def _next(entry: dict[str, Any], before_from_world: NDArray | None, metres: float, where: str) -> NDArray | None:
    if "T_cn_cnm1" not in entry or before_from_world is None:
        return None
    matrix = fields.numbers(entry["T_cn_cnm1"], ((4, 4),), f"{where}: T_cn_cnm1")
    return fields.pose_of_matrix(matrix[:3, :3], matrix[:3, 3] * metres, where) @ before_from_world


def _camera(entry: dict[str, Any], label: str, cam_from_world: NDArray | None, where: str) -> CameraParts:
    camera_model = str(fields.required(entry, "camera_model", where))
    model = str(fields.required(entry, "distortion_model", where))
    if camera_model != "pinhole" or model not in _MODELS:
        raise fields.refused(
            f"{where} has the models {camera_model} and {model}.",
            "Calibrate with pinhole-radtan or pinhole-equi: omni, ds, eucm and fov have no counterpart in OpenCV.",
            code="CALIBRATION_LENS",
        )
    focal_and_centre = fields.numbers(fields.required(entry, "intrinsics", where), ((4,),), f"{where}: intrinsics")
    size = fields.numbers(fields.required(entry, "resolution", where), ((2,),), f"{where}: resolution")
    given = [] if model == "none" else fields.required(entry, "distortion_coeffs", where)
    return CameraParts(
        name=label,
        size=fields.size_of(size, where),
        matrix=fields.focal_matrix(focal_and_centre[:2], focal_and_centre[2:], where),
        distortion=fields.coefficients(given, where, _MODELS[model]),
        fisheye=_MODELS[model],
        cam_from_world=cam_from_world,
    )


def write_kalibr(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write a camchain; its world is the first camera's frame, so the rig's own is lost, and that is said."""
    notes = [f"the world of this file is the frame of {rig.names[0]}; floor and gravity are not part of the format"]
    blocks = []
    for index, camera in enumerate(rig):
        lines, note = _entry(camera)
        notes += note
        if index:
            step = camera.cam_from_world @ inverse(rig.cameras[index - 1].cam_from_world)
            step[:3, 3] *= per_metre
            lines += ["  T_cn_cnm1:", *(f"  - {_list(row)}" for row in step)]
        blocks.append("\n".join([f"cam{index}:", *lines]))
    return {"": "\n".join(blocks) + "\n"}, tuple(notes)


def _entry(camera: Camera) -> tuple[list[str], tuple[str, ...]]:
    coefficients, notes = (camera.distortion, ()) if camera.fisheye else as_brown(camera, 4)
    fx, fy, cx, cy = camera.matrix[0, 0], camera.matrix[1, 1], camera.matrix[0, 2], camera.matrix[1, 2]
    topic = re.sub(r"[^A-Za-z0-9_]", "_", camera.name)
    return [
        "  cam_overlaps: []",
        "  camera_model: pinhole",
        f"  distortion_coeffs: {_list(coefficients)}",
        f"  distortion_model: {'equidistant' if camera.fisheye else 'radtan'}",
        f"  intrinsics: {_list(np.array([fx, fy, cx, cy]))}",
        f"  resolution: [{camera.size[0]}, {camera.size[1]}]",
        f"  rostopic: /{topic}/image_raw",
    ], notes


def _list(values: NDArray) -> str:
    # YAML 1.1 takes 1e-05 for a text: a point has to stand before the exponent.
    written = [repr(float(value)) for value in values]
    return f"[{', '.join(text if '.' in text else text.replace('e', '.0e') for text in written)}]"
