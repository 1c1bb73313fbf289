"""Contacts of a foot timed by all of its strides: each stride is laid over their mean course."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mocap.assessment.gait.contacts import FINAL, INITIAL, Contact
from mocap.assessment.gait.extremes import summit
from mocap.assessment.gait.passes import Pass
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import SIDES, Foot, Walker

Found = list[tuple[Pass, list[Contact]]]
_ROUNDS = 6  # of laying strides over the mean, which gets sharper by it
_STEP_S = 0.004
_FEWEST = 2  # strides that a mean course is made of
_SEEN_SHARE = 0.6  # of the course about a contact that has to be there


@dataclass(frozen=True, eq=False)
class _Course:
    """Velocities of heel and forefoot, forward and upward, of one pass, and where they are missing."""

    spline: CubicSpline
    there: NDArray
    start: int

    def at(self, frames: NDArray) -> NDArray:
        """Return the velocities, shape (frame, 4), at frames of the trial; NaN outside and where points are missing."""
        inside = frames - self.start
        nearest = np.clip(np.round(inside).astype(int), 0, len(self.there) - 1)
        known = (inside >= 0) & (inside <= len(self.there) - 1) & self.there[nearest]
        return np.where(known[..., None], self.spline(inside), np.nan)


def with_strides_aligned(found: Found, walker: Walker, settings: ContactSettings) -> Found:
    """Return the contacts with their place by all strides of the foot, `aligned`.

    What single strides say of the instant scatters more than the strides themselves differ. So the velocities of heel
    and forefoot about each contact are laid over their mean by the shift of least squares; the shifts are about the
    mean of what the methods say of all strides. Where there are too few strides, or one is unlike the others,
    `aligned` stays NaN.
    """
    placed = [(one, list(contacts)) for one, contacts in found]
    for side in SIDES:
        courses = [_course(walker, one, walker.feet[side]) for one, _ in placed]
        for label in (INITIAL, FINAL):
            members = [(p, k) for p, (_, contacts) in enumerate(placed) for k, each in enumerate(contacts)
                       if (each.side, each.label) == (side, label)]  # fmt: skip
            chosen = [placed[p][1][k] for p, k in members]
            frames = _aligned([courses[p] for p, _ in members], chosen, walker.rate_hz, settings)
            for (p, k), frame in zip(members, frames, strict=True):
                placed[p][1][k] = replace(placed[p][1][k], aligned=float(frame))
    return placed


def _course(walker: Walker, one: Pass, foot: Foot) -> _Course:
    inside = slice(one.start, one.stop)
    columns = []
    for point in (foot.heel, foot.forefoot):
        columns += [np.gradient(point @ one.ahead) * walker.rate_hz - one.belt_m_s,
                    np.gradient(point[:, 2]) * walker.rate_hz]  # fmt: skip
    values = np.stack(columns, axis=1)[inside]
    there = np.isfinite(values).all(axis=1)
    return _Course(CubicSpline(np.arange(len(values)), np.where(there[:, None], values, 0.0)), there, one.start)


def _aligned(
    courses: Sequence[_Course], contacts: Sequence[Contact], rate_hz: float, settings: ContactSettings
) -> NDArray:
    """Return the frames of the contacts by their strides, NaN where they cannot be told."""
    said = np.array([one.frame for one in contacts], float)
    sure = np.array([not one.edge and np.isfinite(one.frame) for one in contacts], bool)
    if sure.sum() < _FEWEST:
        return np.full(len(contacts), np.nan)
    lag = np.median([one.frame - one.zeni for one, good in zip(contacts, sure, strict=True) if good])
    begun = np.array([one.frame if np.isfinite(one.frame) else one.zeni + lag for one in contacts])
    half = settings.window_after_s * rate_hz
    about = np.linspace(-half, half, 2 * int(half) + 1)
    most = settings.most_disagreement_s * rate_hz
    steps = np.arange(-most, most + 1e-9, _STEP_S * rate_hz)
    moved = steps[:, None] + about[None, :]
    around = [course.at(frame + moved) for course, frame in zip(courses, begun, strict=True)]
    at = begun.copy()
    for _ in range(_ROUNDS):
        mean = _mean([course.at(frame + about) for course, frame, good in zip(courses, at, sure, strict=True) if good])
        at = begun + np.array([_shift(values, mean, steps) for values in around])
        sure &= np.isfinite(at)
        if sure.sum() < _FEWEST:
            return np.full(len(contacts), np.nan)
        at += np.mean((said - at)[sure])
    return at


def _mean(patterns: Sequence[NDArray]) -> NDArray:
    stacked = np.stack(patterns)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _shift(values: NDArray, mean: NDArray, steps: NDArray) -> float:
    """Return by how many frames to move a window so that it is most like the mean; NaN at the ends of the search.

    Parameters
    ----------
    values : ndarray, shape (step, sample, channel)
        The window moved by each step.
    mean : ndarray, shape (sample, channel)
    steps : ndarray, shape (step,)
    """
    apart = ((values - mean) ** 2).sum(axis=2)
    known = np.isfinite(apart)
    count = known.sum(axis=1)
    enough = count >= _SEEN_SHARE * apart.shape[1]
    cost = np.where(enough, np.where(known, apart, 0.0).sum(axis=1) / np.maximum(count, 1), np.inf)
    best = int(np.argmin(cost))
    if best in (0, len(steps) - 1) or not np.isfinite(cost[best - 1 : best + 2]).all():
        return float("nan")
    return float(np.interp(summit(-cost, best), np.arange(len(steps)), steps))
