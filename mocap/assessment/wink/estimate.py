"""Magnitude and onset of the tuck of one curve or of many draws of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.wink.bent_line import Bends, BentLines, fit_bent_lines
from mocap.assessment.wink.descent import STEP
from mocap.assessment.wink.settings import WinkSettings


@dataclass(frozen=True, eq=False)
class Tucks:
    """What curves show, each shape (curve,).

    Attributes
    ----------
    magnitude : ndarray
        Greatest anterior tilt less that at the bottom, deg; 0 where the tilt rises to the bottom.
    onset : ndarray
        Breakpoint; NaN where there is none.
    top, bottom : ndarray
        Tilt where it is most anterior, and at depth 1, deg.
    peak : ndarray
        Depth of the greatest anterior tilt, as picked from the curve.
    fit : BentLines
    """

    magnitude: NDArray
    onset: NDArray
    top: NDArray
    bottom: NDArray
    peak: NDArray
    fit: BentLines


def tucks_of(curves: NDArray, bends: Bends, settings: WinkSettings) -> Tucks:
    """Return magnitude and onset of curves over depth, shape (step, curve), deg.

    The window and the limits of the breakpoint follow the depth of the greatest tilt of each curve. Top and bottom are
    those of the fit; where the greatest tilt lies before the window (a tuck from the start on) the curve's own.
    """
    picked = curves.argmax(axis=0)
    peak = bends.depth[picked]
    window = np.maximum(settings.window_from, peak - settings.window_before_peak)
    window = np.round(window / STEP).astype(int)
    fit = fit_bent_lines(curves, bends, window, peak - settings.before_peak)
    falls = fit.candidate >= 0
    own = curves[picked, np.arange(curves.shape[1])]
    top = np.where(falls & (picked >= window), fit.top, own)
    bottom = np.where(falls, fit.bottom, curves[-1])
    return Tucks(np.maximum(top - bottom, 0.0), fit.place, top, bottom, peak, fit)
