"""The ways in which conditions or groups could have been exchanged: sign flips of people, and divisions into groups."""

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

_MOST_EXACT = 13  # people: 4096 flips up to their common sign
_MOST_DIVISIONS = 20_000


def sign_flips(n: int, drawn: int, seed: int) -> tuple[NDArray, bool]:
    """Return signs, shape (flip, person) of 1.0 and -1.0, the first without a change, and whether they are all.

    All of 2^n for at most 13 people, less those that another one is the mirror of: the statistics are two-sided, and
    the sign of the first person stays. Above, so many draws.
    """
    if n <= _MOST_EXACT:
        numbers = np.arange(2 ** (n - 1))[:, None]
        bits = (numbers >> np.arange(n - 1)) & 1
        return np.hstack([np.ones((len(bits), 1)), 1.0 - 2.0 * bits]), True
    rng = np.random.default_rng(seed)
    signs = 1.0 - 2.0 * rng.integers(0, 2, size=(drawn, n))
    return np.vstack([np.ones((1, n)), signs]), False


def divisions(first: int, second: int, drawn: int, seed: int) -> tuple[NDArray, bool]:
    """Return who is in the first group, shape (division, person) of 0.0 and 1.0, as measured first; whether all.

    People of the first group stand before those of the second. All divisions where they are at most 20 000.
    """
    n = first + second
    own = (np.arange(n) < first).astype(float)
    if comb(n, first) <= _MOST_DIVISIONS:
        chosen = np.array(list(combinations(range(n), first)))
        member = np.zeros((len(chosen), n))
        member[np.arange(len(chosen))[:, None], chosen] = 1.0
        return member, True  # the first combination is 0, 1, ..., first - 1
    rng = np.random.default_rng(seed)
    member = rng.permuted(np.tile(own, (drawn, 1)), axis=1)
    return np.vstack([own[None], member]), False
