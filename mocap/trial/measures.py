"""Quantities over time beside the angles: lengths, ratios, places and velocities of the body."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import checked_reasons, freeze

UNITS = ("m", "1", "rad/s")


@dataclass(frozen=True, eq=False)
class Measure:
    """One quantity over time with its meaning and its random uncertainty.

    Attributes
    ----------
    name : str
        `centre_of_mass`, `base_of_support_margin`, `heel_rise_r`, ...
    values : ndarray, shape (time,) or (time, 3)
        In `unit`; three columns are x, y, z of the world (Z up). NaN is missing or not observable.
    unit : str
        `m`, `1` or `rad/s` (in files degree/s).
    definition, positive, method : str
        In words: what it is, which direction is +, from which points and tables.
    sd : ndarray, shape of `values`
        Random standard uncertainty, frame to frame; NaN where the points came without covariance.
    reason : str
        Why it is not observable, or why only in part; empty otherwise.
    frame_reason : ndarray of uint8, shape (time,)
        What is wrong in a frame with the points it is made of, so that its value is to be doubted or missing: index
        into `frame_reason_words`; 0 is nothing known.
    frame_reason_words : tuple of str
        The first is empty.
    """

    name: str
    values: NDArray
    unit: str
    definition: str
    positive: str
    method: str
    sd: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    reason: str = ""
    frame_reason: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    frame_reason_words: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        values = np.asarray(self.values, float)
        if values.ndim not in (1, 2) or values.shape[1:] not in ((), (3,)) or self.unit not in UNITS:
            raise ShapeError(
                f"Measure '{self.name}' has the shape {values.shape} and the unit '{self.unit}'.",
                f"Give (time,) or (time, 3) in one of {', '.join(UNITS)}.",
            )
        sd = np.full(values.shape, np.nan) if self.sd is None else self.sd
        freeze(
            self,
            values=checked_array(values, "values", values.shape),
            sd=checked_array(sd, "sd", values.shape),
            frame_reason=checked_reasons(self.frame_reason, values.shape[:1], len(self.frame_reason_words)),
            frame_reason_words=tuple(self.frame_reason_words),
        )

    @property
    def observable(self) -> bool:
        """Whether any frame has a value."""
        return bool(np.isfinite(self.values).any())

    @property
    def known(self) -> NDArray:
        """Frames with a value, shape (time,) of bool."""
        return np.isfinite(self.values if self.values.ndim == 2 else self.values[:, None]).all(axis=1)

    @property
    def doubted(self) -> NDArray:
        """Frames whose value bears a flag, shape (time,) of bool."""
        return self.known & (self.frame_reason > 0)
