"""What the errors of two points that a bone ties together add to the uncertainty of angles: 2 J_a C_ab J_b^T.

The skeleton model takes its markers as independent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape.evaluate import term_gradients
from mocap.kinematics.tape.graph import TermGrad
from mocap.kinematics.traced import Scalar
from mocap.trial import Points3D

_AT_ONCE = 8  # angles whose gradients are held at once
# Of the variance of independent errors: what pairs alone, without what bones do beyond their ends, may take away.
_LEAST = 0.25


@dataclass(frozen=True, eq=False)
class Tie:
    """Two sources whose errors have the covariance `first_way` times `second_way` transposed.

    Attributes
    ----------
    first, second : str
    first_way, second_way : ndarray, shape (time, 3)
        In m, in the axes of the gradients.
    """

    first: str
    second: str
    first_way: NDArray
    second_way: NDArray


def ties_of(points: Points3D, columns: Mapping[str, int], turn: NDArray) -> tuple[Tie, ...]:
    """Return the ties among sources by what the points know of the errors of bones.

    Parameters
    ----------
    points : Points3D
    columns : mapping of str to int
        Which of the points each source is.
    turn : ndarray, shape (3, 3)
        The axes of the gradients from the world's.
    """
    if points.bone_errors is None:
        return ()
    names: dict[int, list[str]] = {}
    for name, column in columns.items():
        names.setdefault(column, []).append(name)
    found = []
    for pair, correlation in zip(points.bone_errors.pairs, points.bone_errors.correlation.T, strict=True):
        ends = [points.names.index(name) for name in pair]
        ways = None
        for first in names.get(ends[0], ()):
            for second in names.get(ends[1], ()):
                ways = ways or _ways(points, ends, np.sqrt(correlation.astype(float)))
                found.append(Tie(first, second, ways[0] @ turn.T, ways[1] @ turn.T))
    return tuple(found)


def _ways(points: Points3D, ends: Sequence[int], root: NDArray) -> tuple[NDArray, NDArray]:
    """Return what each end's error is along the bone for one unit of what both have in common, (time, 3) each, m."""
    bone = points.position[:, ends[1]] - points.position[:, ends[0]]
    ways = []
    for end in ends:
        way = np.einsum("tij,tj->ti", points.covariance[:, end].astype(float), bone)
        along = np.einsum("ti,ti->t", way, bone)
        ways.append(way * (root / np.sqrt(np.where(along > 0.0, along, np.nan)))[:, None])
    return ways[0], ways[1]


def add_ties(sds: Sequence[NDArray], angles: Sequence[Scalar], ties: Sequence[Tie]) -> None:
    """Put in standard uncertainties, shape (time,) each, what ties add to those of independent errors.

    Where a tie is not known, its ends count as independent.
    """
    if not ties:
        return
    sources = [set(angle.grad) for angle in angles]
    by_angle = [[tie for tie in ties if {tie.first, tie.second} <= own] for own in sources]
    tied = [number for number, own in enumerate(by_angle) if own]
    for some in _parts(tied):
        gradients = term_gradients([TermGrad(angles[number].grad_terms) for number in some])
        for number, gradient in zip(some, gradients, strict=True):
            added = sum(_shared(gradient, tie) for tie in by_angle[number] if {tie.first, tie.second} <= set(gradient))
            variance = sds[number] ** 2
            sds[number][:] = np.sqrt(np.maximum(variance + added, _LEAST * variance))


def _parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))


def _shared(gradient: Mapping[str, NDArray], tie: Tie) -> NDArray:
    first = np.einsum("ti,ti->t", gradient[tie.first], tie.first_way)
    second = np.einsum("ti,ti->t", gradient[tie.second], tie.second_way)
    return np.nan_to_num(2.0 * first * second)
