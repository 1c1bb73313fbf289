"""Instants in sampled curves: extremes and crossings between samples."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mocap.signal.filters import Butterworth
from mocap.signal.runs import runs

NAN = float("nan")


def peaks(curve: NDArray, prominence: float, least_frames: float) -> tuple[NDArray, NDArray]:
    """Return the frames of the maxima of a curve, shape (time,), and whether each is the end of a run of samples.

    Beyond the ends of a run the curve is taken to fall away, so that a maximum beside an end counts by its other side,
    and an end from which the curve falls away is one: the true one may lie outside.
    """
    found, ends = [np.zeros(0, int)], [np.zeros(0, bool)]
    for start, stop in runs(np.isfinite(curve)):
        inside = np.concatenate([[-np.inf], curve[start:stop], [-np.inf]])
        at, _ = find_peaks(inside, prominence=prominence, distance=max(1.0, least_frames))
        found.append(at - 1 + start)
        ends.append((at == 1) | (at == stop - start))
    return np.concatenate(found), np.concatenate(ends)


def summit(curve: NDArray, frame: int) -> float:
    """Return the frame, with its fraction, of the maximum by a parabola through three samples (none at an end)."""
    if frame <= 0 or frame >= len(curve) - 1:
        return float(frame)
    before, at, after = curve[frame - 1 : frame + 2]
    bend = before - 2.0 * at + after
    if not np.isfinite(bend) or bend >= 0.0:
        return float(frame)
    return float(frame + np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


def highest(curve: NDArray, start: float, stop: float) -> tuple[float, float]:
    """Return the highest maximum inside a window of frames, with its fraction, and how sharp it is; NaN without one.

    The second is minus the second difference there, per frame squared.
    """
    first, last = max(1, int(np.ceil(start))), min(len(curve) - 2, int(np.floor(stop)))
    if last < first:
        return NAN, NAN
    inside = np.arange(first, last + 1)
    turns = (curve[inside] > curve[inside - 1]) & (curve[inside] >= curve[inside + 1])
    if not turns.any():
        return NAN, NAN
    at = inside[turns]
    frame = int(at[np.argmax(curve[at])])
    return summit(curve, frame), float(2.0 * curve[frame] - curve[frame - 1] - curve[frame + 1])


def crossing(curve: NDArray, level: float, start: float, stop: float, near: float, upward: bool) -> tuple[float, float]:
    """Return where a curve passes a level inside a window of frames, nearest to `near`, and how steeply, per frame.

    A straight line joins the samples. NaN without a crossing.
    """
    first, last = max(0, int(np.floor(start))), min(len(curve) - 1, int(np.ceil(stop)))
    inside = curve[first : last + 1] - level
    if not upward:
        inside = -inside
    through = np.flatnonzero((inside[:-1] <= 0) & (inside[1:] > 0))
    if not len(through):
        return NAN, NAN
    steep = inside[through + 1] - inside[through]
    at = first + through - inside[through] / steep
    nearest = int(np.argmin(np.abs(at - near)))
    return float(at[nearest]), float(steep[nearest])


def derivative_noise(cutoff_hz: float, rate_hz: float, order: int) -> float:
    """Return what white noise of SD 1 leaves in a derivative, per frame to the power `order`, after the low-pass."""
    linear = Butterworth(cutoff_hz, rate_hz)
    answer = np.zeros((2 * linear.reach + 1, 1))
    answer[linear.reach] = 1.0
    response: NDArray = linear(answer)[:, 0]
    for _ in range(order):
        response = np.asarray(np.gradient(response))
    return float(np.linalg.norm(response))
