"""How a keypoint moves about each of its observations: the way between two near instants, without the noise.

About every observation a cubic is fitted to the track's neighbours (local polynomial with Epanechnikov's kernel; Fan
and Gijbels, "Local Polynomial Modelling", 1996), on their true times. Outliers are weighed down by Tukey's function of
their distance, first from the running median and then from the fit, on the scale of the track or of the stretch,
whichever is larger: a fast stretch is no outlier. Where neighbours are missing the polynomial has a lower degree.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mocap.signal.medians import finite_median
from mocap.sync.motion_tracks import TUKEY

HALF_WIDTH_S, FEWEST_FRAMES = 0.07, 4  # on each side: the noise of the way is then small beside an observation's own
_PASSES = 3
_CHUNK = 4096  # frames at once: memory does not grow with length
_LEAST_SCALE_PX = 1e-4
# Share of a full window's spread that each power of time needs beyond the lower ones. One-sided neighbours have 1/32
# of it in the square and 1/128 in the cube: enough for a parabola, whose slope at the end is not mostly noise.
_LEAST_SPREAD = (0.0, 0.005, 0.01, 0.03)
_FEWEST_WEIGHT = 1.2  # neighbours and the observation itself; one alone says nothing of its course


def ways_of(pixels: NDArray, time: NDArray, frame: NDArray, step: NDArray, half_width: int) -> NDArray:
    """Return by how much the course of observations moves within a step of time.

    Parameters
    ----------
    pixels : ndarray, shape (frame, keypoint, 2)
        One camera's; NaN where nothing was seen.
    time : ndarray, shape (frame, keypoint)
        Of each observation, in frames.
    frame : ndarray of int, shape (wanted,)
        Frames that are asked for, not decreasing.
    step : ndarray, shape (wanted, keypoint)
        Frames from each observation; at most about one.
    half_width : int
        Frames on each side that the course is fitted to.

    Returns
    -------
    ndarray, shape (wanted, keypoint, 2)
        Pixels; NaN where no course is known.
    """
    answer = np.full((*step.shape, 2), np.nan)
    for start in range(0, len(frame), _CHUNK):
        part = slice(start, start + _CHUNK)
        asked = frame[part]
        low, high = max(int(asked[0]) - 3 * half_width, 0), int(asked[-1]) + 3 * half_width + 1
        coefficients = _courses(pixels[low:high], time[low:high], half_width)[:, asked - low]
        u = (step[part] / (half_width + 1))[..., None]
        answer[part] = u * (coefficients[1] + u * (coefficients[2] + u * coefficients[3]))
    return answer


def _courses(pixels: NDArray, time: NDArray, half_width: int) -> NDArray:
    """Coefficients of the powers of time, in window halves, shape (4, frame, keypoint, 2); NaN where unknown."""
    pixels = np.asarray(pixels, float)
    seen = np.isfinite(pixels).all(axis=-1) & np.isfinite(time)
    # About each track's middle: smaller numbers, smaller rounding.
    values = np.where(seen[..., None], pixels - np.nan_to_num(finite_median(pixels, 0)), 0.0)
    time = np.where(seen, time, 0.0)
    distance = np.linalg.norm(values - _running_median(np.where(seen[..., None], values, np.nan), half_width), axis=-1)
    coefficients, known = np.zeros((4, *pixels.shape)), seen
    for _ in range(_PASSES):
        weight = _trust(np.where(seen, distance, np.nan), half_width)
        coefficients, known = _fit(values, time, weight, half_width)
        distance = np.linalg.norm(values - coefficients[0], axis=-1)
    coefficients[:, ~(seen & known)] = np.nan
    return coefficients


def _windows(values: NDArray, half_width: int) -> NDArray:
    edge = np.full((half_width, *values.shape[1:]), np.nan)
    return sliding_window_view(np.concatenate([edge, values, edge]), 2 * half_width + 1, axis=0)


def _running_median(values: NDArray, half_width: int) -> NDArray:
    return finite_median(_windows(values, half_width), axis=-1)


def _trust(distance: NDArray, half_width: int) -> NDArray:
    """Tukey's weights of distances from the course, shape (frame, keypoint); 0 where nothing was seen."""
    scale = np.maximum(np.nan_to_num(finite_median(distance, 0)), np.nan_to_num(_running_median(distance, half_width)))
    scale = np.maximum(scale / 1.1774, _LEAST_SCALE_PX)  # Rayleigh's median
    return np.nan_to_num(np.maximum(1 - (distance / (TUKEY * scale)) ** 2, 0.0) ** 2)


def _fit(values: NDArray, time: NDArray, weight: NDArray, half_width: int) -> tuple[NDArray, NDArray]:
    """Coefficients, and where they are known."""
    n_frames = len(values)
    pad = [(half_width, half_width), (0, 0)]
    held_time, held_weight = np.pad(time, pad), np.pad(weight, pad)
    held_values = np.pad(values, [*pad, (0, 0)])
    moments = [np.zeros(time.shape) for _ in range(7)]
    right = [np.zeros(values.shape) for _ in range(4)]
    for low in range(2 * half_width + 1):
        part = slice(low, low + n_frames)
        u = (held_time[part] - time) / (half_width + 1)
        term = held_weight[part] * np.maximum(1 - u**2, 0.0)
        for power in range(7):
            moments[power] += term
            if power < 4:
                right[power] += term[..., None] * held_values[part]
            term = term * u
    coefficients, degree = _solved(moments, right, half_width)
    return coefficients, (degree >= 1) & (moments[0] >= _FEWEST_WEIGHT)


def _solved(moments: list[NDArray], right: list[NDArray], half_width: int) -> tuple[NDArray, NDArray]:
    """Solve the normal equations by elimination, power by power, as far as each is spread out."""
    matrix = [[moments[row + column] for column in range(4)] for row in range(4)]
    full = _full_spread(half_width)
    right = list(right)
    inverse = []
    sound = np.ones(moments[0].shape, bool)
    degree = np.full(moments[0].shape, -1)
    for power in range(4):
        pivot = matrix[power][power]
        sound = sound & (pivot > _LEAST_SPREAD[power] * full[power]) & (pivot > 0)
        degree += sound
        inverse.append(np.where(sound, 1.0 / np.where(sound, pivot, 1.0), 0.0))
        for row in range(power + 1, 4):
            factor = matrix[row][power] * inverse[power]
            matrix[row] = [m - factor * p for m, p in zip(matrix[row], matrix[power], strict=True)]
            right[row] = right[row] - factor[..., None] * right[power]
    answer = np.zeros((4, *right[0].shape))
    for power in range(3, -1, -1):
        rest = right[power] - sum(matrix[power][k][..., None] * answer[k] for k in range(power + 1, 4))
        answer[power] = rest * inverse[power][..., None]
    return answer, degree


def _full_spread(half_width: int) -> NDArray:
    """Pivots of a window in which nothing is missing."""
    u = np.arange(-half_width, half_width + 1) / (half_width + 1)
    design = u[:, None] ** np.arange(4)
    factor = np.linalg.cholesky(design.T @ ((1 - u**2)[:, None] * design))
    return np.asarray(np.diag(factor) ** 2)
