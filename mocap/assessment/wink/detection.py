"""Whether a tuck is told from noise: the magnitude against what noise makes of a repetition without one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from mocap.assessment.wink.bent_line import FEWEST, Bends
from mocap.assessment.wink.estimate import Tucks
from mocap.assessment.wink.settings import WinkSettings


@dataclass(frozen=True)
class Threshold:
    """What a magnitude has to exceed.

    Attributes
    ----------
    value : float
        Deg; the largest of the least magnitude, the MDC95 and `factor` times `noise`.
    noise : float
        SD that noise gives the magnitude at a breakpoint, deg, at the one where it is largest.
    factor : float
        Standard deviations that noise exceeds with the chance of a false call at most, whichever breakpoint it picks.
    detectable : float
        Magnitude that is called with the power of the settings.
    """

    value: float
    noise: float
    factor: float
    detectable: float


def threshold_of(tucks: Tucks, bends: Bends, covariance: NDArray, mdc95: float, settings: WinkSettings) -> Threshold:
    """Return the threshold of one curve.

    For a given breakpoint the magnitude is a weighted sum of the tilts, normal with an SD that follows from their
    covariance. The fit picks one breakpoint of many: the chance that any of them exceeds `factor` of its own SDs is at
    most the sum of their chances (Bonferroni), so that the false calls of a repetition without a tuck stay below the
    chance asked for, whatever the noise and its correlation.

    Parameters
    ----------
    tucks : Tucks
        Of one curve.
    bends : Bends
    covariance : ndarray, shape (step, step)
        Of the noise, deg^2; NaN: not known.
    mdc95 : float
        Minimal detectable change, deg.
    settings : WinkSettings
    """
    start = int(tucks.fit.window[0])
    noise = drop_noise(bends, start, covariance)
    factor = -float(ndtri(settings.false_call_chance / max(len(np.unique(bends.place)), 1)))
    value = float(np.nanmax([settings.least_magnitude, mdc95, factor * noise]))
    return Threshold(value, noise, factor, value + float(ndtri(settings.power)) * float(np.nan_to_num(noise)))


def drop_noise(bends: Bends, start: int, covariance: NDArray) -> float:
    """Return the largest SD, over the breakpoints of a window, of the fitted drop from there to depth 1, deg."""
    x = bends.depth[start:]
    sharp = np.flatnonzero((bends.width == 0) & (bends.place >= x[0] + FEWEST * (x[1] - x[0])))
    if not len(sharp) or len(x) < 2 * FEWEST:
        return float("nan")
    columns = bends.columns[start:, sharp].T
    design = np.stack([np.ones_like(columns), np.broadcast_to(x, columns.shape), columns], axis=2)
    fall = bends.place[sharp] - 1.0
    ends = np.stack([np.zeros_like(fall), fall, fall], axis=1)
    weights = np.einsum("ij,ijk->ik", ends, np.linalg.pinv(design))
    return float(np.sqrt(np.einsum("ij,jk,ik->i", weights, covariance[start:, start:], weights).max()))
