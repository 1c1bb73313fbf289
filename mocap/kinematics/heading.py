"""The subject frame: up against gravity, forward where the person walks or faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.signal.medians import finite_median

WALK_DISTANCE_M = 0.8
WALK_STRAIGHTNESS = 0.8
QUIET_SPEED_M_S = 0.020
QUIET_WINDOW_S = 0.25
QUIET_MIN_S = 0.5
_SAMPLES = 12


@dataclass(frozen=True, eq=False)
class Heading:
    """Where forward is, as axes (columns X forward, Y up, Z right) in the ISB-turned world, shape (3, 3).

    Attributes
    ----------
    subject : ndarray, shape (3, 3)
        Heading of the trial: walking direction, or where the pelvis faces.
    conventional : ndarray, shape (3, 3)
        That of Plug-in Gait: for a walk the lab axis nearest to the walking direction; else the same as `subject`.
    source, conventional_source : str
        In words, for the definitions.
    frames : ndarray of int
        That show it by landmarks; none where it is given, or a walking direction.
    by_landmark : mapping of str to ndarray, shape (3,)
        Its gradient (rad/m) by the placement of landmarks, see `mocap.kinematics.placed_heading`.
    """

    subject: NDArray
    conventional: NDArray
    source: str
    conventional_source: str
    frames: NDArray = field(default_factory=lambda: np.empty(0, int))
    by_landmark: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))


def upright_axes(forward: NDArray) -> NDArray:
    """Return axes (3, 3) with Y up and X along the horizontal part of `forward`, shape (3,), in ISB axes."""
    x = np.array([forward[0], 0.0, forward[2]])
    x = x / np.linalg.norm(x)
    up = np.array([0.0, 1.0, 0.0])
    return np.stack([x, up, np.cross(x, up)], axis=1)


def quiet_frames(points: NDArray, rate_hz: float) -> NDArray:
    """Return which frames are quiet, shape (time,): the median point moves slower than 20 mm/s over 0.25 s.

    Parameters
    ----------
    points : ndarray, shape (time, point, 3)
        Metres; NaN is missing.
    rate_hz : float

    Notes
    -----
    Speeds are differences of means over neighbouring windows, so that noise of the points does not read as motion.
    """
    seen = np.isfinite(points).all(axis=2)
    if len(points) < 2 * _half_window(rate_hz) or not seen.any():
        return seen.any(axis=1)
    return np.asarray((window_speeds(points, rate_hz) < QUIET_SPEED_M_S) & seen.any(axis=1))


def window_speeds(points: NDArray, rate_hz: float) -> NDArray:
    """Return the median speed over the points in each frame, shape (time,), m/s, as `quiet_frames` judges it.

    NaN where neither window, or but one, shows any point; the recording, (time, point, 3), has two windows or more.
    """
    n_frames, half = len(points), _half_window(rate_hz)
    seen = np.isfinite(points).all(axis=2)
    sums = np.concatenate([np.zeros((1, *points.shape[1:])), np.cumsum(np.where(seen[..., None], points, 0.0), 0)])
    counts = np.concatenate([np.zeros((1, points.shape[1])), np.cumsum(seen, axis=0)])
    frames = np.arange(n_frames)
    # At the ends the two windows stop at the border, and keep their distance.
    middle = np.clip(frames, half, n_frames - half)
    before, n_before = sums[middle] - sums[middle - half], counts[middle] - counts[middle - half]
    after, n_after = sums[middle + half] - sums[middle], counts[middle + half] - counts[middle]
    return _median_speed(_mean(before, n_before), _mean(after, n_after), rate_hz / half)


def _half_window(rate_hz: float) -> int:
    return max(1, round(QUIET_WINDOW_S * rate_hz))


def quiet_at(paths: Sequence[NDArray], rate_hz: float, frames: NDArray) -> NDArray:
    """Do as `quiet_frames` for a few frames, shape (n,), of points, shape (time, 3) each, without a look at others.

    Of every window a dozen samples tell.
    """
    n_frames, half = len(paths[0]), _half_window(rate_hz)
    shown = np.any([np.isfinite(path[frames]).all(axis=1) for path in paths], axis=0)
    if n_frames < 2 * half:
        return np.asarray(shown)
    before = np.unique(np.linspace(-half, -1, min(half, _SAMPLES)).round().astype(int))
    window = np.clip(frames, half, n_frames - half) + np.concatenate([before, before + half])[:, None]
    means = np.empty((2, len(frames), len(paths), 3))
    for column, path in enumerate(paths):
        places = path[window].reshape(2, len(before), len(frames), 3)
        sums = places.sum(axis=1)
        if np.isfinite(sums).all():
            means[:, :, column] = sums / len(before)
        else:
            seen = np.isfinite(places).all(axis=3)
            means[:, :, column] = _mean(np.where(seen[..., None], places, 0.0).sum(axis=1), seen.sum(axis=1))
    return np.asarray((_median_speed(means[0], means[1], rate_hz / half) < QUIET_SPEED_M_S) & shown)


def _mean(sums: NDArray, counts: NDArray) -> NDArray:
    """Return means, NaN of nothing."""
    return np.where(counts[..., None] > 0, sums / np.maximum(counts, 1)[..., None], np.nan)


def _median_speed(before: NDArray, after: NDArray, per_s: float) -> NDArray:
    """Return the median speed over the points, shape (time,), from means in two windows, shape (time, point, 3)."""
    return finite_median(np.linalg.norm(after - before, axis=2) * per_s, axis=1)


def walking_direction(mid_pelvis: NDArray, rate_hz: float) -> NDArray | None:
    """Return the horizontal unit direction (3,) in ISB axes of a straight walk, or None when it is none.

    A walk moves the pelvis at least 0.8 m, and its net way is at least 0.8 of the way walked. The direction is that
    of the steady part, without the first and the last tenth.
    """
    seen = np.flatnonzero(np.isfinite(mid_pelvis).all(axis=1))
    if len(seen) < 3:
        return None
    flat = mid_pelvis[seen][:, [0, 2]]
    stride = max(1, round(QUIET_WINDOW_S * rate_hz))
    way = np.linalg.norm(np.diff(flat[::stride], axis=0), axis=1).sum()
    net = np.linalg.norm(flat[-1] - flat[0])
    if net < WALK_DISTANCE_M or net < WALK_STRAIGHTNESS * way:
        return None
    cut = len(flat) // 10
    step = flat[-1 - cut] - flat[cut]
    return np.array([step[0], 0.0, step[1]]) / np.linalg.norm(step)


def find_heading(
    mid_pelvis: NDArray,
    forward: NDArray,
    rate_hz: float,
    feet: NDArray | None = None,
    forward_name: str = "pelvis anterior axis",
) -> Heading | None:
    """Return the heading of a trial.

    Parameters
    ----------
    mid_pelvis : ndarray, shape (time, 3)
        Metres, ISB-turned world (Y up).
    forward : ndarray, shape (time, 3)
        Where the pelvis faces; NaN is missing, and all NaN when the pelvis is not measured.
    rate_hz : float
    feet : ndarray, shape (time, 3), optional
        Bisector of the foot axes, used when the pelvis tells nothing.
    forward_name : str
        What `forward` is, for the words of the source.

    Returns
    -------
    Heading or None
        None when nothing shows where the person faces.
    """
    quiet = quiet_frames(mid_pelvis[:, None], rate_hz)
    facing, source = _mean_horizontal(forward, quiet), f"mean {forward_name} of the quiet frames"
    shown = np.isfinite(forward).all(axis=1) & quiet
    if not quiet.sum() >= QUIET_MIN_S * rate_hz or facing is None:
        facing, source = _mean_horizontal(forward, None), f"mean {forward_name} of the trial"
        shown = np.isfinite(forward).all(axis=1)
    if facing is None and feet is not None:
        facing, source = _mean_horizontal(feet, None), "bisector of the feet"
        shown = np.isfinite(feet).all(axis=1)
    walk = walking_direction(mid_pelvis, rate_hz)
    if walk is None:
        if facing is None:
            return None
        axes = upright_axes(facing)
        return Heading(axes, axes, source, source, np.flatnonzero(shown))
    if facing is not None and walk @ facing < 0:
        walk = -walk  # a person who walks backwards still faces forward
    lab = np.zeros(3)
    nearest = 0 if abs(walk[0]) >= abs(walk[2]) else 2
    lab[nearest] = np.sign(walk[nearest])
    # ISB Z is -Y of the lab.
    name = {(0, 1): "+x", (0, -1): "-x", (2, 1): "-y", (2, -1): "+y"}[nearest, int(lab[nearest])]
    return Heading(
        upright_axes(walk), upright_axes(lab), "walking direction", f"walking direction snapped to lab axis {name}"
    )


def _mean_horizontal(directions: NDArray, frames: NDArray | None) -> NDArray | None:
    """Return the mean horizontal direction (3,), or None when it is missing or nearly vertical."""
    chosen = directions if frames is None else directions[frames]
    chosen = chosen[np.isfinite(chosen).all(axis=1)]
    if len(chosen) == 0:
        return None
    mean = chosen.mean(axis=0)
    mean[1] = 0.0
    return mean / np.linalg.norm(mean) if np.linalg.norm(mean) > 0.2 else None
