"""A descent against depth: even steps of depth, the frames they are reached in, and what the noise is there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.wink.bent_line import Bends, bend
from mocap.signal.filters import Butterworth

STEP = 0.01
STEPS = round(1 / STEP) + 1
WIDTHS = 7  # of bends that are tried, 0 among them
_PLACE_STEP = 0.01  # of breakpoints that are tried
_JITTER = 1e-6


@dataclass(frozen=True, eq=False)
class Descent:
    """One descent.

    Attributes
    ----------
    depth : ndarray, shape (step,)
        0 to 1 in even steps.
    frames : ndarray, shape (step,)
        When each is first reached, in parts of frames of the trial.
    """

    depth: NDArray
    frames: NDArray

    def at(self, values: NDArray) -> NDArray:
        """Return a curve of the trial, shape (time, ...), at the steps of depth: straight from frame to frame."""
        before = np.clip(np.floor(self.frames).astype(int), 0, len(values) - 2)
        part = (self.frames - before).reshape((-1,) + (1,) * (values.ndim - 1))
        # Where a step is a frame's own, the next one, which may be missing, does not count.
        after = np.where(part > 0, values[before + 1], 0.0)
        return np.asarray(np.where(part < 1, values[before] * (1 - part), 0.0) + after * part)

    def when(self, depth: float) -> float:
        """Return the time, in frames, at which a depth is reached."""
        return float(np.interp(depth, self.depth, self.frames))


def descent_of(depth: NDArray, start: int, bottom: int) -> Descent | None:
    """Return a descent against depth.

    Parameters
    ----------
    depth : ndarray, shape (time,)
        0 standing, 1 at the bottom of this repetition.
    start, bottom : int
        Frames.

    Returns
    -------
    Descent or None
        None where the depth is not known throughout.
    """
    own = depth[start : bottom + 1]
    if len(own) < 3 or not np.isfinite(own).all():
        return None
    # What goes up on the way down is passed over: a depth counts when it is first reached.
    highest = np.maximum.accumulate(own)
    new = np.concatenate([[True], np.diff(highest) > 0])
    steps = np.linspace(0.0, 1.0, STEPS)
    return Descent(steps, np.interp(steps, highest[new], start + np.flatnonzero(new).astype(float)))


def bends_of(
    descent: Descent, depth: NDArray, first: int, last: int, linear: Butterworth, limits: tuple[float, float, float]
) -> Bends:
    """Return the candidates for the bend as the filter leaves them in a repetition.

    Parameters
    ----------
    descent : Descent
    depth : ndarray, shape (time,)
        Of the trial, in parts of this repetition's.
    first, last : int
        Frames around the repetition: what lies before and after acts through the filter.
    linear : Butterworth
        What the tilt went through.
    limits : tuple of float
        First and last breakpoint, and the widest bend.
    """
    earliest, latest, widest = limits
    places = np.arange(round(earliest / _PLACE_STEP), round(latest / _PLACE_STEP) + 1) * _PLACE_STEP
    width, place = (one.ravel() for one in np.meshgrid(np.linspace(0.0, widest, WIDTHS), places, indexing="ij"))
    inside = (place + width <= 1.0 + 1e-9) & (place - width >= 0)
    place, width = place[inside], width[inside]
    around = np.clip(np.nan_to_num(depth[first : last + 1]), 0.0, 1.0)
    over_time = bend(around[:, None], place, width)
    if len(around) >= linear.shortest:
        over_time = linear(over_time)
    moved = Descent(descent.depth, descent.frames - first)
    return Bends(descent.depth, place, width, moved.at(over_time))


def noise_between(descent: Descent, sd: NDArray, correlation: NDArray) -> NDArray:
    """Return the covariance of the noise of an angle at the steps of depth, shape (step, step), deg^2."""
    there = descent.at(sd)
    apart = np.abs(descent.frames[:, None] - descent.frames[None, :])
    lags = np.arange(len(correlation) + 1.0)
    between = np.interp(apart, lags, np.append(correlation, 0.0))
    return np.asarray(there[:, None] * between * there[None, :])
