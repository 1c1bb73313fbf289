"""Draws of what moves a curve beside its fit: noise of a known covariance, or blocks of what the fit leaves."""

import numpy as np
from numpy.typing import NDArray

_PARAMETERS = 5  # of two lines with a bend


def noise_draws(covariance: NDArray, number: int, seed: int) -> NDArray:
    """Return draws of noise of a covariance, shape (step, number)."""
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(seed).standard_normal((len(values), number))
    return np.asarray(vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * normal))


def block_draws(rest: NDArray, start: int, length: int, number: int, seed: int) -> NDArray:
    """Return draws of what a fit leaves, shape (step, number): blocks of it, anywhere in the window, one after another.

    The moving-block bootstrap (Kuensch 1989, Ann Stat 17:1217), made larger by what the parameters of the fit take.

    Parameters
    ----------
    rest : ndarray, shape (step,)
        Curve less fit; 0 before the window.
    start : int
        First step of the window.
    length : int
        Steps of a block.
    number : int
        Of draws.
    seed : int
    """
    own = rest[start:] - rest[start:].mean()
    steps = len(own)
    length = min(length, steps)
    begins = np.random.default_rng(seed).integers(0, steps - length + 1, (number, -(-steps // length)))
    drawn = own[(begins[:, :, None] + np.arange(length)).reshape(number, -1)[:, :steps]].T
    whole = np.zeros((len(rest), number))
    whole[start:] = drawn * np.sqrt(steps / max(steps - _PARAMETERS, 1))
    return whole
