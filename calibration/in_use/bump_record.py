"""What is said of a camera that was bumped, or that sank, within a recording."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TURN, SHIFT = slice(0, 3), slice(3, 6)


@dataclass(frozen=True, eq=False)
class Bump:
    """One camera whose pose changed within a recording.

    Attributes
    ----------
    camera : int
    first : int
        Frame from which on the new pose holds.
    value, covariance : ndarray, shape (6,), (6, 6)
        Turn (rad) and shift (m) in the camera's frame; what a turn alone explains as well is told as a turn.
    effect_mm, effect_sd_mm : float
        What it does at the points that the camera saw, root mean square.
    chance : float
        Probability of so large a step where there is none.
    turn_alone_deg : tuple of float
        The turn that explains most by itself, and its standard deviation.
    """

    camera: int
    first: int
    value: NDArray
    covariance: NDArray
    effect_mm: float
    effect_sd_mm: float
    chance: float
    turn_alone_deg: tuple[float, float]

    @property
    def turn_deg(self) -> tuple[float, float]:
        """Angle turned and its standard deviation."""
        size, sd = length_and_sd(self.value[TURN], self.covariance[TURN, TURN])
        return float(np.rad2deg(size)), float(np.rad2deg(sd))

    @property
    def shift_mm(self) -> tuple[float, float]:
        """Distance moved and its standard deviation; zeros where a turn explains all."""
        size, sd = length_and_sd(self.value[SHIFT], self.covariance[SHIFT, SHIFT])
        return 1e3 * size, 1e3 * sd


@dataclass(frozen=True)
class Drift:
    """By how much a camera turned over a recording, steadily: degrees, standard deviation, and the chance of it."""

    turn_deg: float
    sd_deg: float
    chance: float


@dataclass(frozen=True, eq=False)
class Steadiness:
    """What was found of all cameras.

    Attributes
    ----------
    bumps : tuple of Bump
        The surest first.
    drifts : tuple of Drift
        One per camera, with the bumps left in.
    sigma_px : float
        Noise of a coordinate.
    """

    bumps: tuple[Bump, ...]
    drifts: tuple[Drift, ...]
    sigma_px: float


def length_and_sd(value: NDArray, covariance: NDArray) -> tuple[float, float]:
    """Length of a vector with what its noise adds taken off, and its standard deviation."""
    length = float(np.linalg.norm(value))
    unit = value / length if length > 0 else np.full(3, 3**-0.5)
    sd = float(np.sqrt(max(unit @ covariance @ unit, 0.0)))
    return float(np.sqrt(max(length**2 - np.trace(covariance), 0.0))), sd
