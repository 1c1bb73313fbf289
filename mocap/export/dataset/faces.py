"""Pictures that may leave the lab: heads without their faces, as JPEG."""

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration import Camera
from mocap.errors import ExportError
from mocap.export.dataset.bodies import Body
from mocap.export.dataset.projection import seen_by

_HEAD_M = 0.20  # of a ball about the middle of a head that holds the face from brow to chin
_UNSURE_M = 0.24  # where only the shoulders tell where the head is
_BLOCKS = 5  # across a head: no feature of a face is left
_QUALITY = 95


def head_balls(body: Body) -> tuple[NDArray, NDArray]:
    """Return balls that hold the person's head.

    Returns
    -------
    centres : ndarray, shape (time, ball, 3)
        World, m; NaN where a ball is not known. Without any known ball nobody knows where the face is.
    radii : ndarray, shape (ball,)
    """
    n_frames = len(body.ends)
    balls: list[tuple[NDArray, float]] = []
    known = body.landmarks
    balls += [(known[name], _HEAD_M) for name in ("NOSE",) if name in known]
    neck, chest = body.joints.get("neck"), body.joints.get("chest")
    if neck is not None and "VERTEX" in known:
        balls.append((known["VERTEX"] + 0.45 * (neck - known["VERTEX"]), _HEAD_M))
    if neck is not None and "HEAD" in known:
        balls.append((known["HEAD"] + 0.35 * (neck - known["HEAD"]), _HEAD_M))
    if neck is not None:
        below = chest if chest is not None and not np.array_equal(chest, neck, equal_nan=True) else None
        below = below if below is not None else body.joints.get("pelvis")
        if below is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                up = (neck - below) / np.linalg.norm(neck - below, axis=1, keepdims=True)
            balls.append((neck + 0.17 * up, _UNSURE_M))
    if not balls:
        return np.full((n_frames, 0, 3), np.nan), np.zeros(0)
    return np.stack([centre for centre, _ in balls], axis=1), np.array([radius for _, radius in balls])


def without_faces(image: NDArray, camera: Camera, centres_world: NDArray, radii_m: NDArray) -> NDArray:
    """Return a picture in which the head is coarse squares.

    Parameters
    ----------
    image : ndarray, shape (height, width, 3)
    camera : Camera
    centres_world : ndarray, shape (ball, 3)
    radii_m : ndarray, shape (ball,)

    Raises
    ------
    ExportError
        DATASET_FACE where nobody knows where the head is.
    """
    known = np.isfinite(centres_world).all(axis=1)
    if not known.any():
        raise ExportError(
            "Where the head is cannot be told in a picture, so the face in it cannot be blurred.",
            "Label the head (nose, ears, top of the head, C7 and shoulders).", code="DATASET_FACE",
        )  # fmt: skip
    pixel, cam, _ = seen_by(camera, centres_world[known], np.zeros((3, 3)))
    made = image.copy()
    for centre, depth, radius_m in zip(pixel, cam[:, 2], radii_m[known], strict=True):
        if depth > 0.05 and np.isfinite(centre).all():
            _coarse(made, centre, radius_m * float(camera.matrix[0, 0]) / depth)
    return made


def _coarse(image: NDArray, centre: NDArray, radius: float) -> None:
    height, width = image.shape[:2]
    left, top = (max(0, int(np.floor(at - radius))) for at in centre)
    right, bottom = (min(most, int(np.ceil(at + radius)) + 1) for at, most in zip(centre, (width, height), strict=True))
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    blocks = tuple(max(1, min(_BLOCKS, size)) for size in (right - left, bottom - top))
    small = cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    rows, columns = np.ogrid[top:bottom, left:right]
    part[:] = np.where((np.hypot(columns - centre[0], rows - centre[1]) <= radius)[..., None], coarse, part)


def jpeg(image: NDArray) -> bytes:
    """Return a picture, shape (height, width, 3), RGB, as JPEG."""
    done, coded = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ExportError("A picture cannot be coded as JPEG.", "Report this.", code="DATASET_PICTURE")
    return bytes(coded)
