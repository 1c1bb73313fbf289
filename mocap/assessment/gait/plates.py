"""Contacts of a foot with a force plate, where one foot alone stands on it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.gait.walker import Foot
from mocap.signal.runs import runs
from mocap.trial.events import Event


@dataclass(frozen=True)
class PlateSettings:
    """When a plate is stood on, and by whom.

    Attributes
    ----------
    threshold_n : float
        Vertical force above which the plate is loaded.
    shortest_s : float
        Of a contact.
    toe_beyond : float
        How far the toe reaches beyond the forefoot point, as a share of the distance from heel to forefoot.
    heel_ahead_m : float
        How far before the heel point, towards the forefoot, the heel touches the floor.
    low_m : float
        A point of a foot no more than this above its lowest may stand on a plate,
    slow_m_s : float
        where it moves, level, more slowly than this.
    """

    threshold_n: float
    shortest_s: float
    toe_beyond: float
    heel_ahead_m: float
    low_m: float
    slow_m_s: float


def plate_contacts(
    load_n: NDArray, load_rate_hz: float, corners: NDArray, feet: Mapping[str, Foot], rate_hz: float,
    settings: PlateSettings,
) -> tuple[tuple[Event, ...], tuple[str, ...]]:  # fmt: skip
    """Return the events of clean strikes of a plate, and why others are none.

    A strike is clean where one foot stands wholly within the corners and the other does not touch the plate.

    Parameters
    ----------
    load_n : ndarray, shape (sample,)
        Vertical force on the plate, down is +, its first sample at the first frame.
    load_rate_hz : float
    corners : ndarray, shape (4, 3)
        World, Z up, m.
    feet : mapping of str to Foot
        As measured, at `rate_hz`.
    """
    low = load_n < settings.threshold_n
    if not low.any():
        return (), ("it is never unloaded",)
    zeroed = load_n - np.median(load_n[low])
    events: list[Event] = []
    why = []
    for start, stop in runs(zeroed > settings.threshold_n):
        if stop - start < settings.shortest_s * load_rate_hz:
            continue
        begin_s, end_s = start / load_rate_hz, stop / load_rate_hz
        frames = slice(int(np.ceil(begin_s * rate_hz)), int(end_s * rate_hz) + 1)
        side, reason = _standing(corners[:, :2], feet, frames, rate_hz, settings)
        if reason:
            why.append(f"{begin_s:.2f} to {end_s:.2f} s: {reason}")
            continue
        note = f"vertical force through {settings.threshold_n:g} N"
        made = ((INITIAL, begin_s, start > 0), (FINAL, end_s, stop < len(zeroed)))
        sd = 1.0 / load_rate_hz
        events += [Event(at, label, side, 1.0, "force_plate", sd, note) for label, at, seen in made if seen]
    return tuple(events), tuple(why)


def _standing(
    corners: NDArray, feet: Mapping[str, Foot], frames: slice, rate_hz: float, settings: PlateSettings
) -> tuple[str, str]:
    """Return which foot stands on the plate, or why that is not clean."""
    on = {side: _touching(corners, foot, frames, rate_hz, settings) for side, foot in feet.items()}
    standing = [side for side, touching in on.items() if touching.any()]
    if len(standing) != 1:
        return "", "no foot is seen on it" if not standing else "both feet are on it"
    side = standing[0]
    foot = feet[side]
    lasts = frames.stop - frames.start
    middle = slice(frames.start + lasts // 4, frames.start + lasts // 2 + 1)  # the foot is flat
    toe = foot.forefoot + settings.toe_beyond * (foot.forefoot - foot.heel)
    for point, name in ((_heel(foot, settings), "heel"), (toe, "toe")):
        place = point[middle, :2]
        known = place[np.isfinite(place).all(axis=1)]
        if not len(known) or not within(known, corners).all():
            return "", f"the {side} {name} is not within it"
    return side, ""


def _touching(
    corners: NDArray, foot: Foot, frames: slice, rate_hz: float, settings: PlateSettings
) -> NDArray:
    """Return, per frame, whether heel or forefoot rests within the corners: low and slow, not swinging over them."""
    touching = np.zeros(len(foot.heel[frames]), bool)
    for point in (_heel(foot, settings), foot.forefoot):
        shown = point[np.isfinite(point[:, 2]), 2]
        if len(shown) > 1:
            speed = np.linalg.norm(np.gradient(point[:, :2], axis=0), axis=1) * rate_hz
            rests = (point[:, 2] < np.percentile(shown, 5) + settings.low_m) & (speed < settings.slow_m_s)
            touching |= rests[frames] & within(point[frames, :2], corners)
    return touching


def _heel(foot: Foot, settings: PlateSettings) -> NDArray:
    line = foot.forefoot - foot.heel
    return np.asarray(foot.heel + settings.heel_ahead_m * line / np.linalg.norm(line, axis=1, keepdims=True))


def within(points: NDArray, corners: NDArray) -> NDArray:
    """Return whether points, shape (point, 2), lie within a convex polygon, shape (corner, 2); NaN does not."""
    edges = np.roll(corners, -1, axis=0) - corners
    offsets = points[:, None] - corners[None]
    turn = edges[None, :, 0] * offsets[..., 1] - edges[None, :, 1] * offsets[..., 0]
    return np.asarray((turn >= 0).all(axis=1) | (turn <= 0).all(axis=1))
