"""Zero-lag Butterworth filtering of series with gaps, and what it does to their noise.

Double-pass correction after Robertson & Dowling (2003): two passes multiply the attenuation, so the cutoff of each
pass is raised, on the warped frequency of the bilinear transform, until the whole has its -3 dB at the cutoff asked
for.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from mocap.errors import ConfigError
from mocap.signal.linear import filter_runs, noise_gain

_ORDER = 2
_PASSES = 2


def corrected_cutoff(cutoff_hz: float, rate_hz: float) -> float:
    """Return the cutoff in Hz of each pass of a second-order filter run forward and backward.

    Raises
    ------
    ConfigError
        Code `CUTOFF`, when the cutoff is not between 0 and nearly half the rate.
    """
    if not (0 < cutoff_hz < 0.45 * rate_hz):
        raise ConfigError(
            f"A cutoff of {cutoff_hz:g} Hz at a rate of {rate_hz:g} Hz.",
            f"Choose a cutoff above 0 and below {0.45 * rate_hz:g} Hz.",
            code="CUTOFF",
        )
    correction = (2.0 ** (1.0 / _PASSES) - 1.0) ** (1.0 / (2 * _ORDER))
    return float(rate_hz / np.pi * np.arctan(np.tan(np.pi * cutoff_hz / rate_hz) / correction))


@dataclass(frozen=True)
class Butterworth:
    """Second-order Butterworth run forward and backward (fourth-order zero-lag in all); a `LinearFilter`.

    A run is padded by odd reflection of three periods of the cutoff, or of all it has when it is shorter. Runs shorter
    than half a period stay as they are.

    Raises
    ------
    ConfigError
        Code `CUTOFF`, see `corrected_cutoff`.
    """

    cutoff_hz: float
    rate_hz: float

    def __post_init__(self) -> None:
        corrected_cutoff(self.cutoff_hz, self.rate_hz)

    @property
    def shortest(self) -> int:
        """Half a period of the cutoff, in samples."""
        return max(4, int(np.ceil(0.5 * self.rate_hz / self.cutoff_hz)))

    @property
    def reach(self) -> int:
        """Three periods of the cutoff, in samples."""
        return int(np.ceil(3.0 * self.rate_hz / self.cutoff_hz))

    def __call__(self, run: NDArray) -> NDArray:
        """Filter the columns of a run without gaps, shape (samples, columns)."""
        sections = _sections(self.cutoff_hz, self.rate_hz)
        filtered: NDArray = signal.sosfiltfilt(sections, run, axis=0, padlen=min(self.reach, len(run) - 1))
        return filtered


def lowpass(values: NDArray, rate_hz: float, cutoff_hz: float = 6.0) -> tuple[NDArray, NDArray]:
    """Filter every column forward and backward, never across a gap; see `Butterworth` and `filter_runs`."""
    return filter_runs(values, Butterworth(cutoff_hz, rate_hz))


def variance_gain(n_samples: int, rate_hz: float, cutoff_hz: float = 6.0) -> NDArray:
    """Return by how much the filter multiplies the variance of white noise at each sample of a run, (n_samples,).

    Constant inside; towards both ends, where the reflection pins the curve to its last sample, it goes up to 1.
    """
    return noise_gain(Butterworth(cutoff_hz, rate_hz), n_samples)


@functools.lru_cache(maxsize=16)
def _sections(cutoff_hz: float, rate_hz: float) -> NDArray:
    return signal.butter(_ORDER, corrected_cutoff(cutoff_hz, rate_hz), fs=rate_hz, output="sos")
