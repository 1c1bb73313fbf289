"""The covariance of a rig's camera parameters as text for the calibration file, exact to the last bit.

The numbers are the lower triangle of the square matrix over (camera, parameter), row by row, as little-endian
float64, deflated (RFC 1950) and in base64: a plain string under `[metadata]`, where aniposelib and Pose2Sim pass it
by (a table of its own at the top level they would take for a camera). Beside it stand the standard deviations that a
person wants to read. `CameraRig.covariance` says what the parameters are and in which gauge they are uncertain.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.camera import N_CAMERA
from calibration.errors import FormatError

KEY = "covariance"
ORDER = "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6 rotation(3, rad) translation(3, m); motion from the left, in the camera"
_ROTATION, _TRANSLATION = slice(12, 15), slice(15, 18)
FIELDS = (KEY, "covariance_order", "focal_sd_px", "position_sd_mm", "rotation_sd_deg")


def covariance_fields(covariance: NDArray) -> dict[str, Any]:
    """Return what the calibration file says of a covariance.

    Parameters
    ----------
    covariance : ndarray, shape (camera, 18, camera, 18)
        Symmetric; as in `CameraRig`.

    Returns
    -------
    dict
        `covariance`, the exact text; `covariance_order`, what its rows are; and per camera `focal_sd_px`, of the
        mean focal length, `position_sd_mm`, of the projection centre (root of the summed variances of its three
        coordinates), `rotation_sd_deg`, likewise of the three small rotations.
    """
    n_cameras = len(covariance)
    own = covariance[np.arange(n_cameras), :, np.arange(n_cameras)]
    # A small translation v in the camera moves its centre by a rotated -v: the length keeps its spread.
    position, rotation = (np.trace(own[:, part, part], axis1=1, axis2=2) for part in (_TRANSLATION, _ROTATION))
    focal = own[:, :2, :2].sum(axis=(1, 2)) / 4
    return {
        KEY: _packed(covariance),
        "covariance_order": ORDER,
        "focal_sd_px": _rounded(np.sqrt(np.maximum(focal, 0))),
        "position_sd_mm": _rounded(1e3 * np.sqrt(position)),
        "rotation_sd_deg": _rounded(np.rad2deg(np.sqrt(rotation))),
    }


def _rounded(values: NDArray) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _packed(covariance: NDArray) -> str:
    n = len(covariance) * N_CAMERA
    lower = np.asarray(covariance, float).reshape(n, n)[np.tril_indices(n)]
    return base64.b64encode(zlib.compress(lower.astype("<f8").tobytes(), 9)).decode("ascii")


def covariance_of(metadata: Mapping[str, Any], n_cameras: int) -> NDArray | None:
    """Return the covariance, shape (camera, 18, camera, 18), that the metadata of a calibration file hold.

    Parameters
    ----------
    metadata : mapping
        The table `[metadata]` as read.
    n_cameras : int

    Returns
    -------
    ndarray or None
        None when the file says nothing.

    Raises
    ------
    FormatError
        CALIBRATION_COVARIANCE when the text is damaged or belongs to another number of cameras.
    """
    if KEY not in metadata:
        return None
    n = n_cameras * N_CAMERA
    n_bytes = 8 * (n * (n + 1) // 2)
    raw = _unpacked(metadata[KEY], n_bytes)
    if len(raw) != n_bytes or metadata.get("covariance_order", ORDER) != ORDER:
        raise _refused(f"does not hold {n_bytes} bytes for {n_cameras} cameras in the known order of parameters")
    square = np.zeros((n, n))
    square[np.tril_indices(n)] = np.frombuffer(raw, "<f8")
    square = np.where(np.tri(n, dtype=bool), square, square.T)
    if not np.isfinite(square).all() or (np.diagonal(square) < 0).any():
        raise _refused("is not finite or has a negative variance")
    return square.reshape(n_cameras, N_CAMERA, n_cameras, N_CAMERA)


def _unpacked(text: Any, n_bytes: int) -> bytes:
    try:
        packed = base64.b64decode(str(text), validate=True)
        # Never more than was announced: a small text can unfold to gigabytes.
        return zlib.decompressobj().decompress(packed, n_bytes + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _refused(f"is damaged: {error}") from error


def _refused(what: str) -> FormatError:
    return FormatError(
        f"The covariance in [metadata] {what}.",
        "Restore the file, or delete the line `covariance = ...` to go on without uncertainties.",
        code="CALIBRATION_COVARIANCE",
    )
