"""What the types of the flow check alike at construction."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def checked_reasons(given: Any, shape: tuple[int, ...], n_words: int) -> NDArray:
    """Return codes of reasons as a frozen array of uint8, zeros where none are given, or refuse them (ShapeError)."""
    if given is None:
        return np.zeros(shape, np.uint8)
    given = np.asarray(given)
    # A cast would make 256 and 0.7 to 0, which says that all is well.
    if given.dtype.kind not in "iub" or given.min(initial=0) < 0 or given.max(initial=0) > 255:
        raise ShapeError("frame_reason holds other than the codes 0 to 255.", "Give whole numbers, one a frame.")
    codes = np.array(given, np.uint8)
    if codes.shape != shape or codes.max(initial=0) >= n_words:
        raise ShapeError(
            f"frame_reason has the shape {codes.shape} and the codes up to {codes.max(initial=0)}.",
            f"Give shape {shape} and codes below {n_words}, the number of words.",
        )
    codes.setflags(write=False)
    return codes


def freeze(instance: Any, **values: Any) -> None:
    """Set fields of a frozen dataclass while it is constructed."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
