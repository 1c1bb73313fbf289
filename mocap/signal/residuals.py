"""Residual analysis: which cutoff takes the noise and leaves the motion (Winter 2009, section 3.4.4.3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError
from mocap.signal.filters import lowpass

_HIGHEST_SHARE = 0.3  # of the rate
_NOISE_SHARE = 0.5  # of the highest cutoff: from there on the residual is taken for noise alone


@dataclass(frozen=True, eq=False)
class ResidualAnalysis:
    """What is left over at each cutoff, and the cutoff that follows.

    Attributes
    ----------
    cutoff_hz : ndarray, shape (cutoff,)
    residual : ndarray, shape (cutoff, column)
        Root mean square of unfiltered minus filtered.
    noise : ndarray, shape (column,)
        Residual that noise alone would leave at a cutoff of 0: an estimate of its standard deviation.
    chosen_hz : ndarray, shape (column,)
        Where the residual is that of the noise; NaN for a column with too little in it.
    """

    cutoff_hz: NDArray
    residual: NDArray
    noise: NDArray
    chosen_hz: NDArray


def residual_analysis(values: NDArray, rate_hz: float, step_hz: float = 0.5) -> ResidualAnalysis:
    """Filter every column at many cutoffs and find where what is left over stops being motion.

    At high cutoffs the residual falls along a line, for it is noise; the line, prolonged to 0, tells how much noise
    there is, and the cutoff chosen is that at which as much is left over.

    Parameters
    ----------
    values : ndarray, shape (time, column)
        NaN is missing.
    rate_hz, step_hz : float

    Raises
    ------
    ConfigError
        Code `CUTOFF`, when the steps leave fewer than eight cutoffs below 0.3 of the rate.
    """
    cutoffs = np.arange(step_hz, _HIGHEST_SHARE * rate_hz, step_hz) if step_hz > 0 else np.empty(0)
    if len(cutoffs) < 8:
        raise ConfigError(
            f"Steps of {step_hz:.2f} Hz at a rate of {rate_hz:.2f} Hz.",
            "Choose steps that leave at least eight cutoffs below 0.3 of the rate.",
            code="CUTOFF",
        )
    values = np.asarray(values, float)
    residual = np.full((len(cutoffs), values.shape[1]), np.nan)
    for place, cutoff in enumerate(cutoffs):
        filtered, done = lowpass(values, rate_hz, float(cutoff))
        count = done.sum(axis=0)
        square = np.where(done, values - filtered, 0.0) ** 2
        some = count > 0
        residual[place, some] = np.sqrt(square.sum(axis=0)[some] / count[some])
    high = cutoffs >= _NOISE_SHARE * cutoffs[-1]
    noise, chosen = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    for column in np.flatnonzero(np.isfinite(residual[high]).all(axis=0)):
        noise[column] = np.polyfit(cutoffs[high], residual[high, column], 1)[1]
        above = np.flatnonzero(residual[:, column] > noise[column])
        chosen[column] = _crossing(cutoffs, residual[:, column], noise[column], above)
    return ResidualAnalysis(cutoffs, residual, noise, chosen)


def _crossing(cutoffs: NDArray, residual: NDArray, level: float, above: NDArray) -> float:
    """Return where the residual falls to a level, between the steps."""
    if not len(above):
        return float(cutoffs[0])
    last = int(above[-1])
    if last + 1 >= len(cutoffs):
        return float("nan")
    share = (residual[last] - level) / (residual[last] - residual[last + 1])
    return float(cutoffs[last] + share * (cutoffs[last + 1] - cutoffs[last]))
