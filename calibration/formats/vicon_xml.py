"""Vicon's `.xcp`: XML, mm, a lens model that runs the other way.

What the numbers mean (Vicon's documentation of the XCP format; the directions as other programs found them against
footage):

- `POSITION` is the camera's centre in the world, mm; `ORIENTATION` the quaternion x y z w of the rotation from the
  world into the camera, whose x is right, y down, z forward.
- `FOCAL_LENGTH` and `PRINCIPAL_POINT` are in px; where the zero of the pixels lies is not stated, and is taken as
  the centre of the first one.
- `VICON_RADIAL2` "Vicon3Parameter cx cy k1 k2 k3" and the older `VICON_RADIAL` "k1 k2" turn a pixel as seen into an
  ideal one: ideal = c + (seen - c) (1 + k1 r² + k2 r⁴ + k3 r⁶), r in px from c. OpenCV's model runs from ideal to
  seen, so the coefficients are fitted, and the residual is told.
"""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.errors import FormatError
from calibration.formats import fields
from calibration.formats.lens_fit import fitted_brown, fitted_inverse_radial, inverse_radial_rays, pixel_grid
from calibration.formats.parts import CameraParts, RigParts
from calibration.formats.safe_text import Element, parse_xml
from calibration.rigid import rigid

_MODEL = "Vicon3Parameter"
_REMEDY = (
    "Vicon's lens has one focal length and radial terms: calibrate with --lens brown2:fx=fy,p=held, or choose a format "
    "with this lens (anipose, caliscope)."
)
_PIXEL = "zero of the pixels taken as the centre of the first one; Vicon does not state it"


def read_vicon(files: Mapping[str, bytes], metres: float) -> RigParts:
    """Read the calibrated cameras of an XCP file; the name of a camera is its DEVICEID."""
    (name, data), *_ = files.items()
    found = parse_xml(data, name).find("Camera")
    known = [one for one in found if one.find("KeyFrames", "KeyFrame")]
    if not known:
        raise fields.refused(f"{name} holds no calibrated camera.", "Calibrate in Nexus or Shogun, then save again.")
    notes, cameras = [_PIXEL], []
    idle = [one.attributes.get("DEVICEID", "?") for one in found if one not in known]
    notes += [f"left out as not calibrated: {', '.join(idle)}"] if idle else []
    for one in known:
        camera, note = _camera(one, name, metres)
        cameras.append(camera)
        notes += note
    return RigParts(tuple(cameras), {"gravity": "Z up, as in Vicon's world", "world": "vicon"}, tuple(notes))


def _camera(element: Element, file: str, metres: float) -> tuple[CameraParts, tuple[str, ...]]:
    device = str(fields.required(element.attributes, "DEVICEID", f"{file}: a camera"))
    where = f"{file}: camera '{device}'"
    frames = [frame.attributes for frame in element.find("KeyFrames", "KeyFrame")]
    if any(frame.get(key) != frames[0].get(key) for frame in frames for key in ("POSITION", "ORIENTATION")):
        raise fields.refused(f"{where} moves: it has {len(frames)} key frames.", "Calibrate cameras that stand still.")
    frame = frames[0]
    _check_square(element.attributes | frame, where)
    quaternion = _words(frame, "ORIENTATION", 4, where)
    length = float(np.linalg.norm(quaternion))
    if abs(length - 1) > 1e-3:
        raise fields.refused(f"{where}: ORIENTATION has length {length:.3g}, not 1.", "Save the file again.")
    rotation = _turn(quaternion / length)
    centre_world = _words(frame, "POSITION", 3, where) * metres
    size = fields.size_of(_words(element.attributes, "SENSOR_SIZE", 2, where), where)
    focal = fields.number(fields.required(frame, "FOCAL_LENGTH", where), f"{where}: FOCAL_LENGTH")
    principal = _words(frame, "PRINCIPAL_POINT", 2, where)
    matrix = fields.focal_matrix(np.array([focal, focal]), principal, where)
    distortion, notes = _lens(frame, device, matrix, size, where)
    cam_from_world = rigid(rotation, -rotation @ centre_world)
    return CameraParts(device, size, matrix, distortion, False, cam_from_world), notes


def _check_square(attributes: dict[str, str], where: str) -> None:
    aspects = [attributes.get(key, "1") for key in ("PIXEL_ASPECT_RATIO", "PIXEL_ASPECT_RATIO_CORRECTION")]
    values = [fields.number(text, f"{where}: pixel aspect ratio") for text in aspects]
    skew = fields.number(attributes.get("SKEW", "0"), f"{where}: SKEW")
    if max(abs(value - 1) for value in values) > 1e-4 or abs(skew) > 1e-6:
        raise fields.refused(
            f"{where} has the pixel aspect ratio {values} and skew {skew}.",
            "Only square pixels are known to mean the same here and there.",
            code="CALIBRATION_LENS",
        )


def _turn(quaternion: NDArray) -> NDArray:
    from scipy.spatial.transform import Rotation  # a quarter of a second that `import calibration` must not cost

    return Rotation.from_quat(quaternion).as_matrix()


def _words(attributes: dict[str, str], key: str, count: int, where: str) -> NDArray:
    return fields.words(fields.required(attributes, key, where), count, f"{where}: {key}")


def _lens(
    frame: dict[str, str], device: str, matrix: NDArray, size: tuple[int, int], where: str
) -> tuple[NDArray, tuple[str, ...]]:
    centre, radial = matrix[:2, 2], np.zeros(0)
    if "VICON_RADIAL2" in frame:
        model, _, rest = frame["VICON_RADIAL2"].strip().partition(" ")
        if model != _MODEL:
            raise fields.refused(f"{where} has the lens model {model!r:.40}.", f"Known is {_MODEL}.",
                                 code="CALIBRATION_LENS")  # fmt: skip
        values = fields.words(rest, 5, f"{where}: VICON_RADIAL2")
        centre, radial = values[:2], values[2:]
    elif "VICON_RADIAL" in frame:
        radial = fields.words(frame["VICON_RADIAL"], 2, f"{where}: VICON_RADIAL")
    if not radial.any():
        return np.zeros(5), ()
    pixels = pixel_grid(size)
    with np.errstate(over="ignore", invalid="ignore"):
        rays = inverse_radial_rays(pixels, centre, radial, matrix)
    if not np.isfinite(rays).all() or np.abs(rays).max() > 100:
        raise fields.refused(f"{where}: the lens folds over within the image.", "Check the coefficients.",
                             code="CALIBRATION_LENS")  # fmt: skip
    return fitted_brown(device, pixels, rays, matrix)


def write_vicon(rig: CameraRig, per_metre: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write an XCP file: one focal length and a radial lens, fitted where the camera has more."""
    entries: list[str] = []
    notes: list[str] = []
    for camera in rig:
        entry, note = _entry(camera, per_metre)
        entries.append(entry)
        notes += note
    if not rig.gravity_known:
        notes.append("Vicon takes Z for up; this calibration does not know what is up")
    return {"": '<?xml version="1.0" encoding="UTF-8"?>\n<Cameras>\n' + "".join(entries) + "</Cameras>\n"}, tuple(notes)


def _entry(camera: Camera, per_metre: float) -> tuple[str, tuple[str, ...]]:
    from scipy.spatial.transform import Rotation

    matrix, centre, radial, notes = _fitted(camera)
    frame: dict[str, Any] = {
        "FOCAL_LENGTH": repr(float(matrix[0, 0])),
        "FRAME": "0",
        "ORIENTATION": _text(Rotation.from_matrix(camera.cam_from_world[:3, :3]).as_quat()),
        "POSITION": _text(camera.centre_world * per_metre),
        "PRINCIPAL_POINT": _text(matrix[:2, 2]),
        "VICON_RADIAL2": f"{_MODEL} {_text(np.array([*centre, *radial]))}",
    }
    width, height = camera.size
    written = " ".join(f'{key}="{value}"' for key, value in frame.items())
    return (
        f'  <Camera DEVICEID={quoteattr(camera.name)} PIXEL_ASPECT_RATIO="1" SENSOR_SIZE="{width} {height}" '
        f'SKEW="0">\n    <KeyFrames>\n      <KeyFrame {written}/>\n    </KeyFrames>\n  </Camera>\n'
    ), notes


def _fitted(camera: Camera) -> tuple[NDArray, NDArray, NDArray, tuple[str, ...]]:
    """Return the matrix with one focal length, the centre of the lens, its three coefficients, and notes."""
    matrix = camera.matrix.copy()
    matrix[0, 0] = matrix[1, 1] = (camera.matrix[0, 0] + camera.matrix[1, 1]) / 2
    if not (camera.distortion.any() or camera.fisheye or camera.matrix[0, 0] != camera.matrix[1, 1]):
        return matrix, matrix[:2, 2], np.zeros(3), ()
    pixels = pixel_grid(camera.size)
    rays, _ = camera.undistort(pixels)
    try:
        return matrix, *fitted_inverse_radial(camera.name, pixels, rays, matrix)
    except FormatError as error:
        raise FormatError(error.cause, _REMEDY, error.code) from error


def _text(values: NDArray) -> str:
    return " ".join(repr(float(value)) for value in values)
