"""When the frames of a recording were taken, and how fast the board moved in each."""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import ShapeError
from calibration.rigid import inverse, rotvec

_GAP = 3.5  # neighbours farther away, in units of the usual interval, say nothing of the velocity


def frame_moments(
    frame_ids: NDArray, times: NDArray | None = None, rate_hz: float | None = None
) -> tuple[NDArray, str]:
    """Return the moment of every frame, shape (frame,), and its unit.

    Parameters
    ----------
    frame_ids : ndarray of int, shape (frame,)
        Moments where there are no times.
    times : ndarray, shape (frame,) or (camera, frame), optional
        Seconds, as the cameras' clocks gave them; the mean over cameras is taken. NaN is missing.
    rate_hz : float, optional
        Frames a second; the unit is the interval between frames without.

    Raises
    ------
    ShapeError
        When times have another shape, or do not increase.
    """
    if times is None:
        return (frame_ids / rate_hz, "s") if rate_hz else (frame_ids.astype(float), "frames")
    stamps = np.atleast_2d(np.asarray(times, float))
    if stamps.ndim != 2 or stamps.shape[1] != len(frame_ids):
        raise ShapeError(
            f"The frame times have shape {np.shape(times)}, the footage {len(frame_ids)} frames.",
            "Give one time per frame, or one per camera and frame, in seconds.",
        )
    known = np.isfinite(stamps)
    moments = np.where(known, stamps, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    moments = np.where(known.any(axis=0), moments, np.nan)
    if not (np.diff(moments[np.isfinite(moments)]) >= 0).all():
        raise ShapeError("The frame times go backwards.", "Give times in seconds, in the order of the frames.")
    return moments, "s"


def board_paths(
    world_from_body: NDArray, moments: NDArray, placed: NDArray, track: NDArray
) -> tuple[NDArray, NDArray]:
    """Return velocity and acceleration of each body in its own frame, shape (body, 6) each.

    Of the motion (rotation vector in rad, shift in m) to the nearest placed frames before and after: a parabola through
    three poses, a straight line at an end. 0 where there is no neighbour within 3.5 usual intervals.

    Parameters
    ----------
    world_from_body : ndarray, shape (body, 4, 4)
    moments : ndarray, shape (body,)
        NaN is missing.
    placed : ndarray of bool, shape (body,)
    track : ndarray of int, shape (body,)
        Which thing each body is: only poses of the same one are neighbours.
    """
    velocity, acceleration = np.zeros((len(moments), 6)), np.zeros((len(moments), 6))
    for thing in np.unique(track):
        good = np.flatnonzero(placed & np.isfinite(moments) & (track == thing))
        if len(good) > 1:
            velocity[good], acceleration[good] = _parabolas(world_from_body[good], moments[good])
    return velocity, acceleration


def _parabolas(world_from_body: NDArray, moments: NDArray) -> tuple[NDArray, NDArray]:
    velocity, acceleration = np.zeros((len(moments), 6)), np.zeros((len(moments), 6))
    steps = np.diff(moments)
    relative = inverse(world_from_body[:-1]) @ world_from_body[1:]
    ahead = np.vstack([_logarithm(relative), np.zeros(6)])
    behind = np.vstack([np.zeros(6), _logarithm(inverse(relative))])
    near = steps <= _GAP * np.median(steps)
    before, after = np.append(False, near), np.append(near, False)
    h_before, h_after = np.append(np.inf, steps)[:, None], np.append(steps, np.inf)[:, None]
    both, first, last = before & after, after & ~before, before & ~after
    one, other = h_after[both], h_before[both]
    span = one * other * (one + other)
    velocity[both] = (other**2 * ahead[both] - one**2 * behind[both]) / span
    acceleration[both] = 2 * (other * ahead[both] + one * behind[both]) / span
    velocity[first] = (ahead / h_after)[first]
    velocity[last] = (-behind / h_before)[last]
    return velocity, acceleration


def usual_interval(moments: NDArray) -> float:
    """Return the median time between frames, NaN of fewer than two."""
    known = np.unique(moments[np.isfinite(moments)])
    return float(np.median(np.diff(known))) if len(known) > 1 else float("nan")


def _logarithm(b_from_a: NDArray) -> NDArray:
    """Small motions, shape (..., 6), as `rigid.from_rotvec` composes them: turn, and shift as it stands."""
    return np.concatenate([rotvec(b_from_a), b_from_a[..., :3, 3]], axis=-1)
