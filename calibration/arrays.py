"""Validation at the door: shapes are checked once, then the core computes without ifs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from calibration.errors import ShapeError


def checked_array(
    value: Any, name: str, shape: Sequence[int | str], dtype: DTypeLike = np.float64
) -> NDArray[Any]:
    """Return `value` as a read-only array of `dtype`, or refuse it.

    Parameters
    ----------
    value : array-like
        Not copied when it already is an array of `dtype`.
    name : str
        How the error calls it.
    shape : sequence of int or str
        Expected length per axis; a string names an axis of any length. The same string twice has to
        have the same length twice.
    dtype : dtype
        What to convert to.

    Returns
    -------
    ndarray
        Read-only view.

    Raises
    ------
    ShapeError
        When the number of axes or one length differs.
    """
    try:
        array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{name} cannot be read as numbers: {error}.", "Pass a plain numeric array.") from error
    if not _matches(array.shape, shape):
        wanted = ", ".join(str(length) for length in shape)
        raise ShapeError(
            f"{name} has shape {array.shape}, expected ({wanted}).", f"Pass {name} with axes ({wanted})."
        )
    view = array.view()
    view.flags.writeable = False
    return view


def _matches(found: tuple[int, ...], wanted: Sequence[int | str]) -> bool:
    if len(found) != len(wanted):
        return False
    named: dict[str, int] = {}
    for length, expected in zip(found, wanted, strict=True):
        if isinstance(expected, str):
            expected = named.setdefault(expected, length)
        if length != expected:
            return False
    return True


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep linear algebra on one thread for a while.

    For many products of small matrices waking threads costs more than they do, on a busy machine ten times as much;
    and the digits do not depend on how many there are.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
