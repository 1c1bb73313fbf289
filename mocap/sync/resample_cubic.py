"""Keypoints between frames from the cubic through four neighbours: a plain curve, spoiled by what spoils one of them.

Lagrange's form, on the true times; where a neighbour is missing the curve has one degree less. It reproduces cubics
exactly; at 100 Hz a movement of 5 Hz keeps 99.9 % of its size half-way between frames. White noise comes out smaller
there, 0.64 of its variance, and neighbouring samples share some of it. Nothing is extrapolated.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.sync.resample_slots import EXACT, SLACK


def read_cubic(
    when: NDArray, pixels: NDArray, confidence: NDArray, wanted: NDArray, interval: float, longest: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Pixels, confidence and whether a hole was bridged, at the wanted times, of one keypoint in one camera."""
    out = np.full((len(wanted), 2), np.nan, pixels.dtype)
    trust, bridged = np.zeros(len(wanted), confidence.dtype), np.zeros(len(wanted), bool)
    if not len(when):
        return out, trust, bridged
    nearest = np.clip(np.searchsorted(when, wanted), 0, len(when) - 1)
    before = np.maximum(nearest - 1, 0)
    nearest = np.where(np.abs(when[before] - wanted) < np.abs(when[nearest] - wanted), before, nearest)
    exact = np.abs(when[nearest] - wanted) <= EXACT * interval
    out[exact], trust[exact] = pixels[nearest[exact]], confidence[nearest[exact]]
    if len(when) > 1:
        low = np.clip(np.searchsorted(when, wanted, side="right") - 1, 0, len(when) - 2)
        span = when[low + 1] - when[low]
        held = (wanted > when[low]) & (wanted < when[low + 1]) & (span <= longest) & ~exact
        if held.any():
            out[held], trust[held] = _curve(when, pixels, confidence, low[held], wanted[held], longest)
            bridged[held] = span[held] > (1 + SLACK) * interval
    return out, trust, bridged


def _curve(
    when: NDArray, pixels: NDArray, confidence: NDArray, low: NDArray, wanted: NDArray, longest: float
) -> tuple[NDArray, NDArray]:
    """Lagrange's curve through the samples low - 1 to low + 2, those that are there and near."""
    index = low[:, None] + np.arange(-1, 3)
    there = (index >= 0) & (index < len(when))
    index = np.clip(index, 0, len(when) - 1)
    time = when[index]
    there[:, 0] &= (time[:, 1] - time[:, 0] <= longest) & (time[:, 1] > time[:, 0])
    there[:, 3] &= (time[:, 3] - time[:, 2] <= longest) & (time[:, 3] > time[:, 2])
    weight = there.astype(float)
    for one in range(4):
        for other in range(4):
            if one != other:
                gap = time[:, one] - time[:, other]
                factor = (wanted - time[:, other]) / np.where(gap == 0, 1.0, gap)
                weight[:, one] *= np.where(there[:, other], factor, 1.0)
    weight[~there] = 0.0
    curve = np.einsum("nj,njc->nc", weight, np.where(there[..., None], pixels[index], 0.0))
    return curve, np.where(there, confidence[index], np.inf).min(axis=1)
