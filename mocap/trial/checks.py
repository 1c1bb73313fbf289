"""What the types of the flow check alike at construction."""

from typing import Any

import numpy as np

from calibration.digits import digits
from mocap.errors import ShapeError

_FASTEST_HZ = 1e6


def checked_rate(rate_hz: float, owner: str) -> float:
    """Return the rate in Hz, or refuse it (ShapeError)."""
    rate_hz = float(rate_hz)
    if not (np.isfinite(rate_hz) and 0 < rate_hz < _FASTEST_HZ):
        raise ShapeError(
            f"{owner} has a rate of {digits(rate_hz, 6)} Hz.",
            f"Give the frame rate in Hz, above 0 and below {_FASTEST_HZ:.0f}.",
        )
    return rate_hz


def checked_names(names: Any, owner: str) -> tuple[str, ...]:
    """Return the names as a tuple, or refuse empty and doubled ones (ShapeError)."""
    names = tuple(str(name) for name in names)
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles or not all(names):
        raise ShapeError(f"{owner} has empty or doubled names: {doubles}.", "Give every keypoint its own name.")
    return names


def freeze(instance: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass while it is constructed."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
