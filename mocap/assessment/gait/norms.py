"""A named set of normative values: who was measured, by whom, and what of it is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError

_MOST_DEG = 360.0

@dataclass(frozen=True)
class NormCurve:
    """One variable over the gait cycle.

    Attributes
    ----------
    percent : tuple of float
        Where in the cycle it is known, increasing.
    mean_deg, sd_deg : tuple of float
        In the signs of `mocap.assessment.gait.curves`.
    """

    percent: tuple[float, ...]
    mean_deg: tuple[float, ...]
    sd_deg: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.percent), len(self.mean_deg), len(self.sd_deg)}
        rising = all(after > before for before, after in zip(self.percent, self.percent[1:], strict=False))
        inside = all(0.0 <= one <= 100.0 for one in self.percent)
        known = all(abs(one) <= _MOST_DEG for one in (*self.mean_deg, *self.sd_deg))  # not of NaN
        if len(lengths) != 1 or len(self.percent) < 1 or not (rising and inside and known) or min(self.sd_deg) <= 0:
            raise ConfigError(
                "A curve of a norm set needs as many means and SDs as percents, rising from 0 to 100, all of them "
                f"finite and up to {_MOST_DEG:g} deg, SDs above 0.",
                "Mend the curve.", code="NORM",
            )  # fmt: skip

    def at(self, percent: NDArray) -> NDArray:
        """Return the means at other percents, by straight lines; NaN outside those that are known."""
        return np.asarray(np.interp(percent, self.percent, self.mean_deg, left=np.nan, right=np.nan))


@dataclass(frozen=True)
class NormRange:
    """The usual range of a quantity of the table of cycles, in its unit."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low <= self.high):
            raise ConfigError(
                f"A range of a norm set goes from {self.low:g} to {self.high:g}.",
                "Give finite ends, the low one first.", code="NORM",
            )  # fmt: skip


@dataclass(frozen=True)
class NormSet:
    """A set of normative values.

    Attributes
    ----------
    name : str
    description, population, source, speed : str
        What it is; who was measured, at what speed, and where it is published.
    curves : mapping of str to NormCurve
        By variable: `pelvic_tilt_conventional`, `hip_flexion`, ...
    ranges : mapping of str to NormRange
        By quantity: `speed`, `cadence`, ...
    gdi_a, gdi_b : float
        Mean and SD of ln(RMS difference) in the set's own controls, for GDI*; NaN where it has none.
    """

    name: str
    description: str
    population: str
    source: str
    speed: str
    curves: Mapping[str, NormCurve] = field(default_factory=dict)
    ranges: Mapping[str, NormRange] = field(default_factory=dict)
    gdi_a: float = float("nan")
    gdi_b: float = float("nan")

    def __post_init__(self) -> None:
        given = np.array([self.gdi_a, self.gdi_b])
        if np.isnan(given).all():
            return
        if not (np.isfinite(given).all() and self.gdi_b > 0):
            raise ConfigError(
                f"Norm set '{self.name}' has gdi_a = {self.gdi_a:g} and gdi_b = {self.gdi_b:g}.",
                "Give mean and SD of ln(RMS difference) of the controls, finite and the SD above 0, or neither.",
                code="NORM",
            )  # fmt: skip
