"""Compiled passes over all points of a trial: into rows by landmark, and medians."""

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}
_TILE = 64


@njit(**OPTIONS)
def split_points(position, columns, out, seen, farthest, start, stop):
    """Write landmarks in ISB axes, rows of `out`, shape (landmark, 3, time); NaN in all where one is not finite, or
    farther than `farthest`.

    `position` is (time, point, 3) in the Z-up world, `columns` says which point each landmark is, and `seen` is set to
    True for landmarks that any frame shows.
    """
    for first in range(start, stop, _TILE):
        last = min(first + _TILE, stop)
        for k in range(len(columns)):
            found = False
            for t in range(first, last):
                x, y, z = position[t, columns[k], 0], position[t, columns[k], 1], position[t, columns[k], 2]
                if not abs(x) + abs(y) + abs(z) <= farthest:
                    x = y = z = np.nan
                else:
                    found = True
                out[k, 0, t], out[k, 1, t], out[k, 2, t] = x, z, -y + 0.0
            if found:
                seen[k] = True


@njit(**OPTIONS)
def split_traces(covariance, columns, out, start, stop):
    """Write the traces of covariances, shape (time, point, 3, 3), as rows of `out`, shape (landmark, time)."""
    for first in range(start, stop, _TILE):
        last = min(first + _TILE, stop)
        for k in range(len(columns)):
            for t in range(first, last):
                c = covariance[t, columns[k]]
                out[k, t] = np.float64(c[0, 0]) + np.float64(c[1, 1]) + np.float64(c[2, 2])


@njit(**OPTIONS)
def count_complete(rows, counts, start, stop):
    """Add 1 for each frame in which a landmark's three rows, shape (3, time), are finite."""
    for t in range(start, stop):
        if np.isfinite(rows[0, t] + rows[1, t] + rows[2, t]):
            counts[t] += 1


@njit(**OPTIONS)
def mark_short(heads, tails, length2, short):
    """Mark where the squared distance of two points, rows of shape (3, time), is below a limit; tell whether any is."""
    any_short = False
    for t in range(len(short)):
        x, y, z = heads[0, t] - tails[0, t], heads[1, t] - tails[1, t], heads[2, t] - tails[2, t]
        if x * x + y * y + z * z < length2:
            short[t] = any_short = True
    return any_short


@njit(**OPTIONS)
def write_lengths(heads, tails, out):
    """Write the lengths of lines between points, rows of shape (3, time), as of `numpy.linalg.norm`."""
    for t in range(len(out)):
        x, y, z = heads[0, t] - tails[0, t], heads[1, t] - tails[1, t], heads[2, t] - tails[2, t]
        out[t] = np.sqrt(x * x + y * y + z * z)


@njit(**OPTIONS)
def write_cosines(one, other, out):
    """Write the cosines between vectors, rows of shape (3, time) or, of the other, (3, 1); NaN without a length."""
    still = other.shape[1] == 1
    for t in range(len(out)):
        x, y, z = one[0, t], one[1, t], one[2, t]
        s = 0 if still else t
        u, v, w = other[0, s], other[1, s], other[2, s]
        lengths = np.sqrt(x * x + y * y + z * z) * np.sqrt(u * u + v * v + w * w)
        out[t] = (x * u + y * v + z * w) / lengths if lengths > 0.0 and np.isfinite(lengths) else np.nan


@njit(**OPTIONS)
def facts_of(values):
    """Return how many values, shape (n,), are NaN, and the least and the largest of the others."""
    missing, least, largest = 0.0, np.inf, -np.inf
    for value in values:
        if np.isnan(value):
            missing += 1.0
        else:
            least, largest = min(least, value), max(largest, value)
    return missing, least, largest


@njit(**OPTIONS)
def median_of(values):
    """Return the median of the finite values, shape (n,); NaN without any."""
    kept = np.empty(len(values))
    count = 0
    for value in values:
        if np.isfinite(value):
            kept[count] = value
            count += 1
    if count == 0:
        return np.nan
    _, least, largest = facts_of(kept[:count])
    if least == largest:  # noise that is the same in all frames
        return least
    upper = _select(kept[:count], count // 2)
    if count % 2:
        return upper
    # What is left of the chosen place is not above it.
    lower = kept[0]
    for k in range(1, count // 2):
        lower = max(lower, kept[k])
    return 0.5 * (lower + upper)


@njit(**OPTIONS)
def _select(values, rank):
    """Return the value of a rank, and leave the lower ones on its left (Hoare 1961)."""
    low, high = 0, len(values) - 1
    while low < high:
        pivot = _middle(values[low], values[(low + high) // 2], values[high])
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return values[rank]


@njit(**OPTIONS)
def _middle(a, b, c):
    return max(min(a, b), min(max(a, b), c))
