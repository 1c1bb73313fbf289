"""Stretches of straight walking, each with its own direction, over ground or on a treadmill."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.settings import PassSettings
from mocap.assessment.gait.walker import UP, Walker
from mocap.signal.runs import runs
from mocap.trial.assessment import Rejected

_STANCE_SHARE = 30.0  # percentile of heights below which a point of a foot is on the floor


@dataclass(frozen=True, eq=False)
class Pass:
    """One stretch of straight walking.

    Attributes
    ----------
    start, stop : int
        Frames, `stop` exclusive.
    ahead, right : ndarray, shape (3,)
        Level unit vectors of the world: direction of progression, and to its right.
    belt_m_s : float
        Velocity of the floor along `ahead`: 0 over ground, negative on a treadmill.
    speed_m_s : float
        Walking speed: mid-pelvis against the floor.
    """

    start: int
    stop: int
    ahead: NDArray
    right: NDArray
    belt_m_s: float
    speed_m_s: float

    @property
    def treadmill(self) -> bool:
        """Whether the floor moves."""
        return self.belt_m_s != 0.0


def find_passes(walker: Walker, settings: PassSettings) -> tuple[tuple[Pass, ...], tuple[Rejected, ...], str]:
    """Return the straight stretches, those that were refused, and why there are none.

    The direction is that of the displacement of the mid-pelvis over the stretch; where it stays in place and the feet
    swing, as on a treadmill, that of the pelvis. The axes of the world play no part.
    """
    lifted = [float(np.nanpercentile(foot.heel[:, 2], 95) - np.nanpercentile(foot.heel[:, 2], 5))
              for foot in walker.feet.values()]  # fmt: skip
    if min(lifted) < settings.least_foot_lift_m:
        return (), (), (
            f"nobody walks: the heels rise by {1000 * lifted[0]:.0f} and {1000 * lifted[1]:.0f} mm, less than "
            f"{1000 * settings.least_foot_lift_m:.0f} mm on one side at least"
        )  # fmt: skip
    velocity = _fitted_velocity(walker.pelvis[:, :2], walker.rate_hz, settings.window_s)
    speed = np.linalg.norm(velocity, axis=1)
    moving = speed >= settings.least_speed_m_s
    if np.nanmedian(speed) < settings.least_speed_m_s and np.mean(moving) < 0.5:
        found, why = _treadmill(walker, settings)
        if found is not None:
            return (found,), (), ""
        if not moving.any():
            return (), (), why
    return _overground(walker, settings, velocity, moving)


def _overground(
    walker: Walker, settings: PassSettings, velocity: NDArray, moving: NDArray
) -> tuple[tuple[Pass, ...], tuple[Rejected, ...], str]:
    heading = np.unwrap(np.where(moving, np.arctan2(velocity[:, 1], velocity[:, 0]), 0.0))
    half = max(1, round(settings.window_s * walker.rate_hz / 2))
    turned = np.zeros(walker.n_frames)
    for start, stop in runs(moving):
        inside = heading[start:stop]
        ends = np.arange(stop - start)
        turned[start:stop] = np.abs(
            inside[np.minimum(ends + half, stop - start - 1)] - inside[np.maximum(ends - half, 0)]
        )
    limit = np.deg2rad(settings.most_turn_deg)
    turning = f"turning by more than {settings.most_turn_deg:g} deg within {settings.window_s:g} s"
    found = []
    refused = [_refusal(walker, start, stop, turning) for start, stop in runs(moving & (turned > limit))]
    for start, stop in runs(moving & (turned <= limit)):
        if stop - start < settings.shortest_s * walker.rate_hz:
            refused.append(_refusal(walker, start, stop, f"straight walking for less than {settings.shortest_s:g} s"))
            continue
        one, why = _straight(walker, settings, start, stop, heading[start:stop])
        if one is not None:
            found.append(one)
        else:
            refused.append(_refusal(walker, start, stop, why))
    why = "" if found else (refused[0].reason if refused else "the mid-pelvis stays in place")
    return tuple(found), tuple(refused), why


def _straight(
    walker: Walker, settings: PassSettings, start: int, stop: int, heading: NDArray
) -> tuple[Pass | None, str]:
    """Return the pass of a run of frames, or None and why not."""
    there = np.flatnonzero(np.isfinite(walker.pelvis[start:stop]).all(axis=1)) + start
    first, last = there[0], there[-1]
    way = (walker.pelvis[last] - walker.pelvis[first]) * [1.0, 1.0, 0.0]
    length = float(np.linalg.norm(way))
    if length < walker.leg_m:
        return None, f"the mid-pelvis travels {length:.2f} m, less than a leg length"
    ahead = way / length
    off = np.abs(np.angle(np.exp(1j * (heading - np.arctan2(ahead[1], ahead[0])))))
    if np.rad2deg(off.max()) > settings.most_turn_deg:
        return None, f"curved: the heading departs by {np.rad2deg(off.max()):.0f} deg from the direction of the pass"
    faced = _faced(walker, slice(start, stop))
    angle = float(np.rad2deg(np.arccos(np.clip(faced @ ahead, -1.0, 1.0))))
    if angle > settings.most_oblique_deg:
        return None, f"walking sideways or backwards: the person faces {angle:.0f} deg off the direction of travel"
    floor = _floor_velocity(walker, ahead, slice(start, stop))
    if floor <= -settings.least_speed_m_s:
        return None, (
            f"the standing feet slide backwards at {-floor:.2f} m/s while the mid-pelvis travels: a treadmill on which "
            "the person drifts, whose speed and lengths cannot be told"
        )  # fmt: skip
    return Pass(start, stop, ahead, np.cross(ahead, UP), 0.0, length * walker.rate_hz / float(last - first)), ""


def _treadmill(walker: Walker, settings: PassSettings) -> tuple[Pass | None, str]:
    """Return the whole trial as one pass where the pelvis stays and both heels swing, or None and why not."""
    ahead = _faced(walker, slice(None))
    if not np.isfinite(ahead).all():
        return None, "the mid-pelvis stays in place, and nothing tells which way the person faces"
    travels = []
    for foot in walker.feet.values():
        place = foot.heel @ ahead
        travels.append(float(np.nanpercentile(place, 95) - np.nanpercentile(place, 5)))
    belt = _floor_velocity(walker, ahead, slice(None))
    if min(travels) < settings.least_foot_travel * walker.leg_m or not -belt >= settings.least_speed_m_s:
        return None, (
            f"no walking that can be told: the mid-pelvis is slower than {settings.least_speed_m_s:g} m/s (setting "
            f"passes.least_speed_m_s), and no treadmill moves under the feet at that; the heels move by "
            f"{100 * travels[0]:.0f} and {100 * travels[1]:.0f} cm"
        )  # fmt: skip
    return Pass(0, walker.n_frames, ahead, np.cross(ahead, UP), belt, -belt), ""


def _floor_velocity(walker: Walker, ahead: NDArray, frames: slice) -> float:
    """Return how fast standing feet move along a direction, m/s; 0 over ground, NaN where no foot is seen."""
    velocities = []
    for foot in walker.feet.values():
        low = (foot.heel[:, 2] + foot.forefoot[:, 2])[frames]
        speed = (np.gradient(foot.forefoot @ ahead) * walker.rate_hz)[frames]
        known = np.isfinite(low) & np.isfinite(speed)
        if known.any():
            velocities.append(float(np.median(speed[known][low[known] <= np.percentile(low[known], _STANCE_SHARE)])))
    return float(np.mean(velocities)) if velocities else float("nan")


def _faced(walker: Walker, frames: slice) -> NDArray:
    """Return the level direction that the person faces: of the pelvis, else of both feet."""
    vectors = walker.ahead[frames]
    if not np.isfinite(vectors).any():
        vectors = np.concatenate([(foot.forefoot - foot.heel)[frames] for foot in walker.feet.values()])
    known = vectors[np.isfinite(vectors).all(axis=1)]
    mean = known.mean(axis=0) * [1.0, 1.0, 0.0] if len(known) else np.full(3, np.nan)
    return np.asarray(mean / np.linalg.norm(mean))


def _fitted_velocity(points: NDArray, rate_hz: float, window_s: float) -> NDArray:
    """Return the slope, per s, of the straight line through the samples of a window about each frame.

    At the ends the window is what there is of it; NaN is left out.
    """
    n = len(points)
    half = max(1, round(window_s * rate_hz / 2))
    shown = np.isfinite(points).all(axis=1)
    time = np.arange(n) / rate_hz
    found = np.full(points.shape, np.nan)
    # Windows at the ends keep their length, so that they still cover a stride.
    starts = np.clip(np.arange(n) - half, 0, max(0, n - 2 * half - 1))
    stops = np.minimum(starts + 2 * half + 1, n)
    sums = [_running(np.where(shown, one, 0.0)) for one in (shown.astype(float), time, time**2)]
    count, first, second = (one[stops] - one[starts] for one in sums)
    spread = second - first**2 / np.maximum(count, 1.0)
    for column in range(points.shape[1]):
        value = np.where(shown, points[:, column], 0.0)
        total, product = (_running(one) for one in (value, value * time))
        cross = (product[stops] - product[starts]) - first * (total[stops] - total[starts]) / np.maximum(count, 1.0)
        enough = (count >= 3) & (spread > 0)
        found[enough, column] = cross[enough] / spread[enough]
    return found


def _running(values: NDArray) -> NDArray:
    return np.concatenate([[0.0], np.cumsum(values)])


def _refusal(walker: Walker, start: int, stop: int, reason: str) -> Rejected:
    return Rejected(walker.time_s(start), float("nan"), walker.time_s(stop), reason)
