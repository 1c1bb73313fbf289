"""A named set of normative values: who was measured, by whom, and what of it is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError


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
        if len(lengths) != 1 or len(self.percent) < 1 or not rising or not inside or min(self.sd_deg) <= 0:
            raise ConfigError(
                "A curve of a norm set needs as many means and SDs as percents, rising from 0 to 100, SDs above 0.",
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
