"""Qualisys' calibration as QTM exports it, `.qca.txt`: XML, mm, intrinsics in 1/64 px.

What the numbers mean, and how that is known:

- `transform` x y z is the camera's centre in the lab, mm; r11 ... r33 is the rotation from the lab into a camera
  with x right, **y up, z backward**: OpenCV's is diag(1, -1, -1) of it. (Pose2Sim's own conversion of one such file
  gives the same poses.)
- focal lengths and the centre are in 1/64 px; the distortion is dimensionless, in OpenCV's order k1 k2 p1 p2 k3 and
  **not** in 1/64: an independent calibration of the same cameras with OpenCV finds the coefficients as printed
  (Pose2Sim's conversion divides them by 64, which all but removes the distortion).
- `sensorMax` is 64 times the width, less one or less 64; where the zero of the pixels lies is nowhere stated. It is
  taken as the centre of the first pixel, as other programs do; the edge of the pixel would be half a pixel off.

Theia writes a look-alike in whole pixels with another transform: it is refused.
"""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.formats import fields
from calibration.formats.lens_fit import as_brown
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import Element, parse_xml
from calibration.rigid import rigid

SUBPIXELS = 64.0
_OPENCV_FROM_QTM = np.diag([1.0, -1.0, -1.0])
_RADIAL = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2")
_LENS = (*_RADIAL, "radialDistortion3")  # the spelling is QTM's own


def read_qualisys(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read the calibrated cameras of a QTM export."""
    (name, data), *_ = files.items()
    root = parse_xml(data, name)
    found = root.find("cameras", "camera") or root.find("calibration", "cameras", "camera")
    active = [one for one in found if one.attributes.get("active", "1") != "0" and one.find("intrinsic")]
    if not active:
        raise fields.refused(f"{name} holds no active camera with intrinsics.", "Export the calibration from QTM.")
    notes = ["zero of the pixels taken as the centre of the first one; Qualisys does not state it"]
    idle = [one.attributes.get("serial", "?") for one in found if one not in active]
    notes += [f"left out as inactive or without a lens: {', '.join(idle)}"] if idle else []
    turned = [one.attributes.get("serial", "?") for one in active if one.attributes.get("viewrotation", "0") != "0"]
    if turned:
        notes.append(f"QTM shows these cameras turned, the calibration is for the unturned image: {', '.join(turned)}")
    cameras = tuple(_camera(one, name, metres) for one in active)
    return RigParts(cameras, {"gravity": "Z up, as in Qualisys' lab", "world": "qualisys"}, tuple(notes))


def _camera(element: Element, file: str, metres: float) -> CameraParts:
    serial = str(fields.required(element.attributes, "serial", f"{file}: a camera"))
    where = f"{file}: camera '{serial}'"
    transforms = element.find("transform")
    if not transforms:
        raise fields.refused(f"{where} has no transform.", "Calibrate the camera in QTM, then export again.")
    place, lens = transforms[0].attributes, element.find("intrinsic")[0].attributes
    turn = _values(place, tuple(f"r{row}{column}" for row in "123" for column in "123"), where).reshape(3, 3)
    centre_world = _values(place, ("x", "y", "z"), where) * metres
    rotation = _OPENCV_FROM_QTM @ fields.pose_of_matrix(turn, np.zeros(3), where)[:3, :3]
    focal = _values(lens, ("focalLengthU", "focalLengthV"), where) / SUBPIXELS
    centre = _values(lens, ("centerPointU", "centerPointV"), where) / SUBPIXELS
    if "skew" in lens and fields.number(lens["skew"], f"{where}: skew") != 0:
        raise fields.refused(f"{where} has skew.", "Linearise the camera again.", code="CALIBRATION_LENS")
    return CameraParts(
        name=serial,
        size=_size(element, lens, where),
        matrix=fields.focal_matrix(focal, centre, where),
        distortion=_values(lens, _LENS, where),
        cam_from_world=rigid(rotation, -rotation @ centre_world),
    )


def _size(element: Element, lens: dict[str, str], where: str) -> tuple[int, int]:
    span = _values(lens, ("sensorMaxU", "sensorMaxV"), where) - _values(lens, ("sensorMinU", "sensorMinV"), where)
    areas = element.find("fov_video_max") or element.find("fov_video")
    # QTM ends at the last subpixel (64 w - 1); files turned by other programs at the last pixel (64 (w - 1)).
    size = np.floor(span / SUBPIXELS) + 1
    if areas:
        edges = _values(areas[0].attributes, ("left", "top", "right", "bottom"), where)
        size = edges[2:] - edges[:2] + 1
    if not (np.abs(span / SUBPIXELS - size) <= 2).all():
        raise fields.refused(
            f"{where}: the sensor spans {span.tolist()} for an image of {size.tolist()} px, not 64 times as much.",
            "Files in whole pixels are Theia's, with another meaning of the transform: export from QTM itself.",
            code="CALIBRATION_UNITS",
        )
    return fields.size_of(size, where)


def _values(attributes: dict[str, str], names: tuple[str, ...], where: str) -> NDArray:
    return np.array([fields.number(fields.required(attributes, key, where), f"{where}: {key}") for key in names])


def write_qualisys(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write what QTM would export of these cameras."""
    entries: list[str] = []
    notes: list[str] = []
    for camera in rig:
        coefficients, note = as_brown(camera)
        notes += note
        entries.append(_entry(camera, coefficients, per_metre))
    if not rig.gravity_known:
        notes.append("Qualisys takes Z for up; this calibration does not know what is up")
    head = "<?xml version='1.0' encoding='UTF-8'?>\n<calibration source=\"mocap\" type=\"regular\">\n  <cameras>\n"
    return {"": head + "".join(entries) + "  </cameras>\n</calibration>\n"}, tuple(notes)


def _entry(camera: Camera, coefficients: NDArray, per_metre: float) -> str:
    turn = _OPENCV_FROM_QTM @ camera.cam_from_world[:3, :3]
    centre = camera.centre_world * per_metre
    place = {f"r{row + 1}{column + 1}": turn[row, column] for row in range(3) for column in range(3)}
    place |= dict(zip("xyz", centre, strict=True))
    width, height = camera.size
    lens = {
        "focalLengthU": camera.matrix[0, 0] * SUBPIXELS, "focalLengthV": camera.matrix[1, 1] * SUBPIXELS,
        "centerPointU": camera.matrix[0, 2] * SUBPIXELS, "centerPointV": camera.matrix[1, 2] * SUBPIXELS,
        "sensorMinU": 0.0, "sensorMinV": 0.0, "skew": 0.0,
        "sensorMaxU": width * SUBPIXELS - 1, "sensorMaxV": height * SUBPIXELS - 1,
    } | dict(zip(_LENS, coefficients, strict=True))  # fmt: skip
    area = f'bottom="{height - 1}" left="0" right="{width - 1}" top="0"'
    return (
        f'    <camera active="1" serial={quoteattr(camera.name)} viewrotation="0">\n'
        f"      <fov_video {area}/>\n      <fov_video_max {area}/>\n"
        f"      <transform {_attributes(place)}/>\n      <intrinsic {_attributes(lens)}/>\n    </camera>\n"
    )


def _attributes(values: Mapping[str, float]) -> str:
    return " ".join(f'{key}="{float(value)!r}"' for key, value in values.items())
