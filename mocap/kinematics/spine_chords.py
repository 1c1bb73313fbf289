"""How curves through spinous markers depend on where along the spine the markers were placed.

A curve is fitted over the markers' places along the spine, which follow from the median distances of neighbours
(chords). A marker placed elsewhere bends the curve, and moves its own place on it and those of the markers beyond.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import Vec, combine

_SMALL = 1e-5  # of the length of the spine: central differences of weights that are smooth in it


def chord_gradients(vectors: Sequence[Vec]) -> dict[str, NDArray]:
    """Return how much longer each chord gets by the placement of each marker, shape (chord, 3), by source.

    Chords are told as shares of the sum of all (1/m); a median goes as the frame in the middle.

    Parameters
    ----------
    vectors : sequence of Vec
        Markers down the spine, with their gradients; NaN is missing.
    """
    places = np.stack([vector.value for vector in vectors], axis=1)
    complete = np.flatnonzero(np.isfinite(places).all(axis=(1, 2)))
    lines = np.diff(places[complete], axis=1)
    lengths = np.linalg.norm(lines, axis=2)
    total = float(np.median(lengths, axis=0).sum()) if len(complete) else 0.0
    grad: dict[str, NDArray] = {}
    if not total > 0:
        return grad
    for chord, ends in enumerate(pairwise(vectors)):
        at = int(np.argsort(lengths[:, chord])[len(complete) // 2])
        for sign, vector in zip((-1.0, 1.0), ends, strict=True):
            for source, rows in vector.grad.items():
                turned = sign * lines[at, chord] @ np.asarray(rows)[complete[at]] / max(lengths[at, chord], 1e-9)
                grad.setdefault(source, np.zeros((len(vectors) - 1, 3)))[chord] += turned / total
    return grad


def with_chords(
    tangents: Sequence[Vec],
    vectors: Sequence[Vec],
    steps: NDArray,
    weights_of: Callable[[NDArray], NDArray],
    gradients: Mapping[str, NDArray],
) -> list[Vec]:
    """Return tangents whose gradients also count that the markers' places along the spine depend on their placement.

    Parameters
    ----------
    tangents : sequence of Vec
        Combinations of the vectors.
    vectors : sequence of Vec
        Markers down the spine.
    steps : ndarray, shape (marker,)
        Their places along it, 0 to 1.
    weights_of : callable
        Such places to the weights of the markers in the tangents, shape (tangent, marker).
    gradients : mapping of str to ndarray, shape (chord, 3)
        Of `chord_gradients`.
    """
    chords = np.diff(steps)

    def weights(changed: NDArray) -> NDArray:
        return weights_of(np.concatenate([[0.0], np.cumsum(changed)]) / changed.sum())

    small = _SMALL * np.eye(len(chords))
    change = np.stack([weights(chords + one) - weights(chords - one) for one in small], axis=-1) / (2.0 * _SMALL)
    places = np.stack([vector.value for vector in vectors], axis=2)
    found = []
    for tangent, by_chord in zip(tangents, (places @ one for one in change), strict=True):  # (time, 3, chord) each
        grad = {source: by_chord @ rows for source, rows in gradients.items()}
        found.append(combine([1.0, 1.0], [tangent, Vec(np.zeros(tangent.value.shape), grad)]))
    return found
