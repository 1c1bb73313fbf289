"""What a file that was read back has otherwise than the trial it was made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Difference:
    """One item that came back otherwise."""

    item: str
    problem: str

    def __str__(self) -> str:
        return f"{self.item}: {self.problem}"


def number_differences(item: str, expected: ArrayLike, found: ArrayLike, most: float = 0.0) -> tuple[Difference, ...]:
    """Compare numbers: shape, what is missing (NaN), and values.

    Parameters
    ----------
    item : str
    expected, found : array_like
    most : float
        The largest difference of a value that the format explains, in the unit of the values.
    """
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    if expected.shape != found.shape:
        return (Difference(item, f"has the shape {found.shape}, expected {expected.shape}"),)
    missing = np.isnan(expected) != np.isnan(found)
    if missing.any():
        place = tuple(int(index) for index in np.argwhere(missing)[0])
        return (Difference(item, f"{int(missing.sum())} values are missing on one side alone, first at {place}"),)
    off = np.abs(np.nan_to_num(found) - np.nan_to_num(expected))
    if not off.size or off.max() <= most:
        return ()
    place = tuple(int(index) for index in np.unravel_index(off.argmax(), off.shape))
    return (Difference(item, f"differs by up to {off.max():.3g} at {place}, allowed {most:.3g}"),)


def word_differences(item: str, expected: Sequence[str], found: Sequence[str]) -> tuple[Difference, ...]:
    """Compare words in their order."""
    if list(expected) == list(found):
        return ()
    if len(expected) != len(found):
        return (Difference(item, f"has {len(found)} entries, expected {len(expected)}"),)
    place = next(index for index, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1])
    return (Difference(item, f"entry {place} is {found[place]!r}, expected {expected[place]!r}"),)
