"""The subject frame: up against gravity, forward where the person walks or faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.signal.medians import finite_median

WALK_DISTANCE_M = 0.8
WALK_STRAIGHTNESS = 0.8
QUIET_SPEED_M_S = 0.020
QUIET_WINDOW_S = 0.25
QUIET_MIN_S = 0.5
FACING_DEG = 60.0
"""Farther than this from the heading the person faces another way; the pelvis turns by 15 deg in walking."""
_LEVEL = 0.5  # horizontal part of a direction, shorter ones tell of no heading
_DIRECTIONS = 36
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
    turned : ndarray of bool, shape (time,)
        Frames in which the person faces another way; empty where that was not looked for.
    """

    subject: NDArray
    conventional: NDArray
    source: str
    conventional_source: str
    frames: NDArray = field(default_factory=lambda: np.empty(0, int))
    by_landmark: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))
    turned: NDArray = field(default_factory=lambda: np.empty(0, bool))


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
    facing, shown = _main_direction(forward, quiet)
    source = f"mean {forward_name} of the quiet frames"
    if not quiet.sum() >= QUIET_MIN_S * rate_hz or facing is None:
        facing, shown = _main_direction(forward)
        source = f"mean {forward_name} of the trial"
    if facing is None and feet is not None:
        facing, shown = _main_direction(feet)
        source = "bisector of the feet"
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


def _main_direction(directions: NDArray, asked: NDArray | None = None) -> tuple[NDArray | None, NDArray]:
    """Return the mean horizontal direction (3,) of those that are asked, and the frames that show it, (time,) of bool.

    None where they are missing or nearly vertical. Of who turns round it is the mean of those within 60 deg of where
    most point to.
    """
    shown = np.isfinite(directions).all(axis=1)
    shown = shown if asked is None else shown & asked
    mean = _mean_horizontal(directions[shown])
    if mean is not None and not _turned_from(directions[shown], mean).any():
        return mean, shown
    flat = directions[:, [0, 2]] * (shown & (np.hypot(directions[:, 0], directions[:, 2]) > _LEVEL))[:, None]
    angles = 2.0 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    ways = np.stack([np.cos(angles), np.zeros(_DIRECTIONS), np.sin(angles)], axis=1)
    near = np.cos(np.deg2rad(FACING_DEG)) * np.linalg.norm(flat, axis=1)
    counts = [((flat @ way[[0, 2]] > near) & shown).sum() for way in ways]
    if not any(counts):
        return mean, shown
    main = ways[int(np.argmax(counts))]
    for _ in range(2):  # from the nearest of a few ways to the mean of those around it
        around = shown & (flat @ main[[0, 2]] > near)
        found = _mean_horizontal(directions[around])
        if found is None:
            break
        main = found
    return main, around


def _mean_horizontal(directions: NDArray) -> NDArray | None:
    """Return the mean horizontal direction (3,), or None when it is missing or nearly vertical."""
    if len(directions) == 0:
        return None
    mean = directions.mean(axis=0)
    mean[1] = 0.0
    return mean / np.linalg.norm(mean) if np.linalg.norm(mean) > 0.2 else None


def _turned_from(directions: NDArray, heading: NDArray) -> NDArray:
    """Return which directions, shape (time, 3), unit, point more than 60 deg away from a heading, shape (3,)."""
    along = directions[:, 0] * heading[0] + directions[:, 2] * heading[2]
    level2 = directions[:, 0] ** 2 + directions[:, 2] ** 2
    off = (along < np.cos(np.deg2rad(FACING_DEG)) * np.sqrt(level2)) & (level2 > _LEVEL**2)  # NaN is not
    return np.asarray(off)


def with_turned(heading: Heading, forward: NDArray) -> Heading:
    """Return the heading with the frames in which `forward`, shape (time, 3), points another way."""
    return replace(heading, turned=_turned_from(forward, heading.subject[:, 0]))
