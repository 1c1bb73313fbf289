"""Floor and gravity from a person's feet: the plane through the points where heels and toes touched the ground.

A plane says where the floor is. That up is its normal presumes a level floor; the text of the world says so.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.world.estimates import PointEstimates
from calibration.world.frame import WorldFrame
from calibration.world.landmarks import Landmarks
from calibration.world.plane import fit_floor
from calibration.world.vertical import headed_world, origin_text

MAX_FEET_OFF_M = 0.02
_STILL_M_S = 0.15
_LEAST_STILL_S = 0.08


def contact_spans(points: NDArray, rate_hz: float) -> list[tuple[int, int, int]]:
    """Find when feet stood still.

    Parameters
    ----------
    points : ndarray, shape (time, keypoint, 3)
        Heels and toes, m; NaN where missing.
    rate_hz : float

    Returns
    -------
    list of (keypoint, first, last)
        Every stretch, `last` excluded, in which a point moved less than 0.15 m/s for 0.08 s or longer.
    """
    reach = max(round(_LEAST_STILL_S * rate_hz), 2)
    spans = []
    for key in range(points.shape[1]):
        track = points[:, key]
        still = np.zeros(len(track) + 1, dtype=bool)
        # Over `reach` frames: the speed of single steps is mostly noise.
        step = np.linalg.norm(track[reach:] - track[:-reach], axis=1)
        for start in np.flatnonzero(step < _STILL_M_S * reach / rate_hz):
            still[start : start + reach + 1] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[False], still])))
        spans += [(key, int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return spans


def foot_contacts(points: NDArray, rate_hz: float) -> tuple[NDArray, NDArray]:
    """Find where feet stood still.

    Parameters
    ----------
    points : ndarray, shape (time, keypoint, 3)
        Heels and toes, m; NaN where missing.
    rate_hz : float

    Returns
    -------
    contacts : ndarray, shape (contact, 3)
        Median place of every stretch of `contact_spans`.
    keypoint : ndarray of int, shape (contact,)
    """
    contacts, keypoint = [], []
    for key, first, last in contact_spans(points, rate_hz):
        stretch = points[first:last, key]
        stretch = stretch[np.isfinite(stretch).all(axis=1)]
        contacts.append(np.median(stretch, axis=0))
        keypoint.append(key)
    return np.reshape(contacts, (-1, 3)), np.array(keypoint, dtype=int)


def feet_frame(
    text: str,
    landmarks: Landmarks,
    estimates: PointEstimates,
    cameras: NDArray,
    camera_covariance: NDArray | None = None,
) -> WorldFrame:
    """Return the world whose floor is the plane under the feet.

    Parameters
    ----------
    text : str
        What was chosen.
    landmarks : Landmarks
        Each a heel or toe in contact with the floor; `kind` tells heels from toes, `height` (the same for all of a
        kind) how high the keypoint of that kind is in contact. Without `origin` the origin is amid the contacts; X
        points to `heading`, or else to the first camera.
    estimates : PointEstimates
        NaN rows are left out.
    cameras : ndarray, shape (camera, 3)
        Centres, in the frame of the estimates.
    camera_covariance : ndarray, shape (n, n), optional

    Raises
    ------
    CalibrationError
        As `fit_floor`; LANDMARK_UNKNOWN, HEADING_UNDEFINED.
    """
    named = (landmarks.origin, landmarks.heading)
    contact = [name not in named or bool(kind) for name, kind in zip(landmarks.names, landmarks.kind, strict=True)]
    rows = np.flatnonzero(np.isfinite(estimates.points).all(axis=1) & contact)
    kinds = sorted({landmarks.kind[row] for row in rows})
    kind = np.array([kinds.index(landmarks.kind[row]) for row in rows])
    heights = landmarks.height_m[rows]
    known = [bool(np.isfinite(heights[kind == k]).any()) for k in range(len(kinds))]
    stated = np.array([np.nanmean(heights[kind == k]) if known[k] else 0.0 for k in range(len(kinds))])
    covariance = estimates.covariance(camera_covariance, rows)
    plane = fit_floor(estimates.points[rows], kind, cameras, covariance, stated)
    origin, where = plane.point, "origin amid the contacts, X towards " + (landmarks.heading or "the first camera")
    if landmarks.origin:
        origin = estimates.points[landmarks.index(landmarks.origin, "origin")]
        origin = origin - ((origin - plane.point) @ plane.up) * plane.up
        where = origin_text(landmarks)
    world = headed_world(plane.up, origin, landmarks, estimates.points, cameras[0])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]]) @ world[:3, :2].T @ plane.basis
    level_deg = landmarks.level_sd_deg or 0.0
    tilt = turn @ plane.covariance[:2, :2] @ turn.T + np.eye(2) * np.deg2rad(level_deg) ** 2 / 2
    rms = float(1e3 * np.sqrt(np.mean(plane.heights[plane.kept] ** 2)))
    notes = (
        f"plane through {int(plane.kept.sum())} of {int(np.sum(contact))} contacts of the feet; gravity presumes that "
        f"the floor is level{f' within {level_deg:g} deg' if level_deg else ''}; {where}; origin_sd is of its height"
    )
    if not all(known):
        lacking = ", ".join(name or "all points" for name, there in zip(kinds, known, strict=True) if not there)
        notes += f"; the height of {lacking} above the floor is taken for 0"
    return WorldFrame(
        "feet", text, world, tilt, float(1e3 * np.sqrt(plane.covariance[2, 2])), rms, "mm",
        "RMS height of the contacts over the floor", notes,
    )  # fmt: skip


def check_feet(heights_m: NDArray, limit_m: float = MAX_FEET_OFF_M) -> float:
    """Hold the contacts of feet against a floor; return their median height, in m.

    Parameters
    ----------
    heights_m : ndarray, shape (contact,)
        Z of heels and toes in contact, less the height of the keypoint above the sole.
    limit_m : float

    Raises
    ------
    CalibrationError
        FEET_OFF_FLOOR when their median is farther from the floor than the limit.
    """
    found = np.asarray(heights_m, float)
    found = found[np.isfinite(found)]
    if not len(found):
        raise CalibrationError(
            "No contact of the feet was measured.", "Give heights of heels and toes in contact.", code="FEET_TOO_FEW"
        )
    height = float(np.median(found))
    if abs(height) > limit_m:
        raise CalibrationError(
            f"The feet stand {1e2 * height:+.1f} cm from the floor (limit {1e2 * limit_m:.0f} cm).",
            "Check the floor: the board's height, frames in which it was lifted, or a camera that was bumped.",
            code="FEET_OFF_FLOOR",
        )
    return height
