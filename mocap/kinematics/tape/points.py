"""Passes over all points of a trial, in threads: into rows by landmark, typical noise, how many are there."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape.evaluate import for_each, read_only

FARTHEST_M = 1e30
"""Nothing is so far away, whatever the unit of length; beyond it products of lengths overflow."""
_SPAN = 4096
_ENOUGH = 4000


def split_positions(position: NDArray, columns: Sequence[int]) -> tuple[NDArray, NDArray]:
    """Return points, shape (time, point, 3) in the Z-up world, by landmark in ISB axes, and which are ever seen.

    Parameters
    ----------
    position : ndarray, shape (time, point, 3)
        Metres; NaN, infinite or beyond `FARTHEST_M` is missing.
    columns : sequence of int
        Which of the points each landmark is.

    Returns
    -------
    rows : ndarray, shape (landmark, 3, time)
        NaN in all three where one is missing.
    seen : ndarray of bool, shape (landmark,)
    """
    from mocap.kinematics.tape.point_kernels import split_points

    rows, seen = np.empty((len(columns), 3, len(position))), np.zeros(len(columns), bool)
    chosen, given = np.asarray(columns, np.int64), read_only(position)

    def work(start: int) -> None:
        split_points(given, chosen, rows, seen, FARTHEST_M, start, min(start + _SPAN, len(position)))

    for_each(work, range(0, len(position), _SPAN))
    return rows, seen


def typical_traces(covariance: NDArray, columns: Sequence[int]) -> list[float]:
    """Return the median trace (m²) of covariances, shape (time, point, 3, 3), of chosen points; NaN without any.

    Of a long trial every k-th frame is looked at, which leaves 4000 or more; of a point that none of these shows, all.
    """
    few = covariance[:: max(1, len(covariance) // _ENOUGH)]
    traces = _median_traces(few, columns)
    unseen = [place for place, trace in enumerate(traces) if np.isnan(trace)] if len(few) < len(covariance) else []
    for place, trace in zip(unseen, _median_traces(covariance, [columns[k] for k in unseen]), strict=True):
        traces[place] = trace
    return traces


def _median_traces(covariance: NDArray, columns: Sequence[int]) -> list[float]:
    from mocap.kinematics.tape.point_kernels import median_of, split_traces

    rows, chosen = np.empty((len(columns), len(covariance))), np.asarray(columns, np.int64)
    split_traces(read_only(covariance), chosen, rows, 0, len(covariance))
    found = [np.nan] * len(rows)

    def work(index: int) -> None:
        found[index] = median_of(rows[index])

    for_each(work, range(len(rows)), rows.size)
    return found


def median(values: NDArray) -> float:
    """Return the median of what is finite, NaN without anything."""
    from mocap.kinematics.tape.point_kernels import median_of

    return float(median_of(np.ascontiguousarray(values, float)))


def any_finite(values: NDArray) -> bool:
    """Tell whether any number is finite, without looking further than the first."""
    return any(np.isfinite(values[start : start + 256]).any() for start in range(0, len(values), 256))


def count_seen(vectors: Iterable[NDArray]) -> NDArray:
    """Return how many of some vectors, shape (time, 3) each, every frame has; at least one vector is needed."""
    from mocap.kinematics.tape.point_kernels import count_complete

    counts: NDArray | None = None
    for vector in vectors:
        counts = np.zeros(len(vector), np.int64) if counts is None else counts
        count_complete(_rows(vector), counts, 0, len(counts))
    assert counts is not None
    return counts


def column_facts(values: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return how many of every column, shape (time, column), are NaN, and the least and the largest of the others.

    Returns
    -------
    n_missing, least, largest : ndarray, shape (column,)
        Infinite where all are NaN: least +, largest -.
    """
    from mocap.kinematics.tape.point_kernels import facts_of

    found = np.empty((values.shape[1], 3))

    def work(column: int) -> None:
        found[column] = facts_of(read_only(values[:, column]))

    for_each(work, range(len(found)), values.size)
    return found[:, 0], found[:, 1], found[:, 2]


def shorter_than(heads: NDArray, tails: NDArray, length_m: float) -> NDArray | None:
    """Return where lines between points, shape (time, 3), are shorter than a length; None where none is."""
    from mocap.kinematics.tape.point_kernels import mark_short

    short = np.zeros(len(heads), bool)
    return short if mark_short(_rows(heads), _rows(tails), length_m * length_m, short) else None


def lengths_between(heads: NDArray, tails: NDArray) -> NDArray:
    """Return the distances of points, shape (time, 3) each; NaN where one is missing."""
    from mocap.kinematics.tape.point_kernels import write_lengths

    lengths = np.empty(len(heads))
    write_lengths(_rows(heads), _rows(tails), lengths)
    return lengths


def cosines(one: NDArray, other: NDArray) -> NDArray:
    """Return the cosine of the angle between vectors, shape (time, 3); NaN where one is missing or has no length.

    The other may be a single one, shape (1, 3).
    """
    from mocap.kinematics.tape.point_kernels import write_cosines

    found = np.empty(len(one))
    write_cosines(_rows(one), _rows(other), found)
    return found


def _rows(vectors: NDArray) -> NDArray:
    return read_only(np.ascontiguousarray(np.asarray(vectors, float).T))
