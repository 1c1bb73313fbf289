"""Compiled loop of `blobs` over the spots of an image: where fits start, and which of them are believed."""

from math import atan2, cos, hypot, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mocap.keypoints.markers.blob_kernels import MAX_PIXELS, N_ELLIPSE, N_MOST, N_SHARED, STEP, gather
from mocap.keypoints.markers.fit_kernels import fit
from mocap.keypoints.markers.start_kernels import (
    BLUR,
    FITTED,
    MEMORY,
    OF_TWO,
    UNSOUND,
    measure,
    place_ellipse,
    recalled,
    remember,
    start_as,
    start_one,
)
from mocap.keypoints.markers.step_kernels import find_step, mean_background

ROW = 10  # kind (-1 nothing), x, y, larger axis, smaller axis, angle, contrast, softness, residual, sd
_WARM = 3.0  # gray levels that a fit may miss by which begins with that of the last image
_MARGIN = 2.0  # px beyond the edge
_SINGLE, _SPLIT, _MERGED = 0, 1, 2
_NOT_TWO, _TWO, _AMBIGUOUS = 0, 1, 2
_NEARLY = 0.12  # residual worth another try
_SPREAD, _SPREAD_AT_STEP = 1.15, 2.0  # of errors over what independent pixels would give
_UNEVEN = 0.2  # sd of the inner gray levels over the contrast
_GOOD_ENOUGH = 0.03  # residual of one ellipse
_LEAST_FILL = 0.6  # of the ellipse with the same moments: of one 1, of two discs side by side 0.9, a radius apart 0.74
_MERGED_FILL = 0.85
_GAIN = 0.6  # of the residual, that two ellipses have to win over one
_SINGLE_FILL = 0.8
_LEAST_TWO = 1.25  # elongation of a spot that may be two
_LEAST_TWO_FILL, _TWO_FILL = 0.75, 0.98  # of a whole ellipse about 1
_LEAST_APART = 1.2  # radii
_SPLIT_RESIDUAL = 0.04
_CUT, _CUT_PX, _DOUBTFUL = 4.0, 0.05, 2.5  # third harmonic of the edge over its sd, and in px
_SHIFT = 1.6  # of one coordinate of a cut disc's centre, over the third harmonic
# Numbers of ellipses; for plain ones everything that is called with them would be compiled once for each.
_ALONE, _PAIR = np.int64(1), np.int64(2)


@njit(cache=True, nogil=True)
def fit_spots(
    gray: NDArray, labels: NDArray, regions: NDArray, limits: NDArray, before: NDArray, again: bool
) -> tuple[NDArray, NDArray]:
    """Fit every region.

    Parameters
    ----------
    gray, labels, regions, limits : ndarray
    before : ndarray, shape (region, MEMORY)
        What the last image of the camera showed; no rows without one.
    again : bool
        Fit also what stands where nothing was found in the last image.

    Returns
    -------
    rows : ndarray, shape (2 * region, ROW)
        There is room for two markers in each region.
    memory : ndarray, shape (region, MEMORY)
    """
    rows, memory = np.full((2 * len(regions), ROW), -1.0), np.zeros((len(regions), MEMORY))
    pixels = np.empty((MAX_PIXELS, 3))
    state, answer = np.zeros(N_MOST), np.zeros(9)
    for i in range(len(regions)):
        spot, own = memory[i, 1:10], rows[2 * i : 2 * i + 2]
        measure(gray, labels, i + 1, regions[i], spot)
        if not _worth_it(spot, limits):
            memory[i, 0] = -1.0
            continue
        nearest = recalled(spot, before)
        if nearest >= 0 and before[nearest, 0] == FITTED:
            start_as(state, spot, before[nearest])
            answer[4] = _WARM
            warm = _fitted(gray, labels, i + 1, pixels, state, _ALONE, answer)
            if warm and _fill_rows(state, answer, _ALONE, limits, own):
                remember(memory, i, FITTED, state)
                continue
        elif nearest >= 0 and not again:
            memory[i, 0] = before[nearest, 0]
            if memory[i, 0] == UNSOUND:
                _unresolved(spot, limits, own)
            continue
        remember(memory, i, _searched(gray, labels, i + 1, spot, limits, pixels, state, answer, own), state)
    return rows, memory


@njit(cache=True, nogil=True)
def _searched(
    gray: NDArray, labels: NDArray, label: int, spot: NDArray, limits: NDArray, pixels: NDArray, state: NDArray,
    answer: NDArray, rows: NDArray,
) -> float:  # fmt: skip
    """Fit one ellipse or two to a spot that nothing is known of; return what to remember."""
    answer[4] = 0.0
    single, good = 1e3, False
    if spot[2] <= 1.3 * limits[1] + 1.0 and spot[2] <= 1.3 * limits[2] * spot[3] and spot[5] >= _SINGLE_FILL:
        single, good = _one(gray, labels, label, spot, limits, pixels, state, answer, rows)
    verdict = _NOT_TWO
    if limits[6] > 0 and not (good and single < _GOOD_ENOUGH) and _looks_like_two(spot):
        verdict = _two(gray, labels, label, spot, single, limits, pixels, rows)
    if verdict == _AMBIGUOUS or (verdict == _NOT_TWO and not good):
        _unresolved(spot, limits, rows)
        return UNSOUND
    return FITTED if verdict == _NOT_TWO else OF_TWO


@njit(cache=True, nogil=True)
def _one(
    gray: NDArray, labels: NDArray, label: int, spot: NDArray, limits: NDArray, pixels: NDArray, state: NDArray,
    answer: NDArray, rows: NDArray,
) -> tuple[float, bool]:  # fmt: skip
    """Fit one ellipse, on a plain background or with a step in it; return the residual and whether it is believed."""
    start_one(state, spot)
    find_step(gray, labels, label, state, pixels)
    stepped = state[STEP] != 0.0
    single, good = 1e3, False
    if _fitted(gray, labels, label, pixels, state, _ALONE, answer):
        single = answer[4] / max(abs(state[3] - mean_background(state)), 1e-3)
        good = _fill_rows(state, answer, _ALONE, limits, rows)
    if stepped and not good and single < _NEARLY:
        # What looked like a step may be a shadow or a line beside the spot.
        start_one(state, spot)
        answer[4] = 0.0
        if _fitted(gray, labels, label, pixels, state, _ALONE, answer):
            single = min(single, answer[4] / max(abs(state[3] - mean_background(state)), 1e-3))
            good = _fill_rows(state, answer, _ALONE, limits, rows)
    return single, good


@njit(cache=True, nogil=True)
def _worth_it(spot: NDArray, limits: NDArray) -> bool:
    """Whether one or two markers could look like this."""
    larger, smaller = spot[2], spot[3]
    return (
        spot[7] >= 0.6 * limits[3]
        and spot[8] <= _UNEVEN * spot[7]
        and spot[5] >= _LEAST_FILL
        and smaller >= 0.8 * limits[0]
        and smaller <= 1.3 * limits[1] + 1.0
        and larger <= 2.0 * limits[1] + 1.0
        and larger <= 2.0 * limits[2] * smaller
    )


@njit(cache=True, nogil=True)
def _looks_like_two(spot: NDArray) -> bool:
    return bool(spot[2] > _LEAST_TWO * spot[3] and _LEAST_TWO_FILL < spot[5] < _TWO_FILL)


@njit(cache=True, nogil=True)
def _fitted(
    gray: NDArray, labels: NDArray, label: int, pixels: NDArray, state: NDArray, n: int, answer: NDArray
) -> bool:
    """Fit twice: the second time to the pixels around what the first found."""
    for _ in range(2):
        ellipses = state[N_SHARED : N_SHARED + n * N_ELLIPSE].copy().reshape(n, N_ELLIPSE)
        margin = _MARGIN + 1.5 * sqrt(max(state[4] + hypot(state[5], state[6]), 0.0))
        count = gather(gray, labels, label, ellipses, margin, pixels)
        before_x, before_y = state[N_SHARED], state[N_SHARED + 1]
        size = 1.0 / min(ellipses[0, 2], ellipses[0, 4])
        if not fit(pixels[:count], state, n, max(2.0, size), answer):
            answer[4] = 0.0
            return False
        # The background turns about the first centre: keep it where it is.
        move_x, move_y = state[N_SHARED] - before_x, state[N_SHARED + 1] - before_y
        state[0] += state[1] * move_x + state[2] * move_y
        across = cos(state[STEP + 1]) * move_x + sin(state[STEP + 1]) * move_y
        along = cos(state[STEP + 1]) * move_y - sin(state[STEP + 1]) * move_x
        state[STEP + 1] += state[STEP + 3] * along
        state[STEP + 2] -= across - 0.5 * state[STEP + 3] * along * along
        if answer[4] > 3.0 * _SPLIT_RESIDUAL * abs(state[3] - mean_background(state)):
            break
        if n == 1 and hypot(move_x, move_y) < 0.7 and _alike(ellipses[0], state):
            break
    return True


@njit(cache=True, nogil=True)
def _alike(before: NDArray, state: NDArray) -> bool:
    wider = abs(1.0 / before[2] - 1.0 / state[N_SHARED + 2])
    higher = abs(1.0 / before[4] - 1.0 / state[N_SHARED + 4])
    return max(wider, higher) < 1.2


@njit(cache=True, nogil=True)
def _two(
    gray: NDArray, labels: NDArray, label: int, spot: NDArray, single: float, limits: NDArray, pixels: NDArray,
    rows: NDArray,
) -> int:  # fmt: skip
    """Try two ellipses side by side on the longer axis; keep them where they explain far more than one.

    Two that explain far more but lie within each other are no two centres, and the one is none either: ambiguous.
    """
    state, answer = np.zeros(N_MOST), np.zeros(9)
    spare, verdict = rows.copy(), _NOT_TWO
    for share in (0.5, 0.35):
        state[:] = 0.0
        state[0], state[3], state[4] = spot[6], spot[6] + 1.1 * spot[7], BLUR
        apart = share * spot[2]
        radius = max(min(spot[3], spot[2] - apart), 1.0)
        for k in range(2):
            sign = 1.0 if k else -1.0
            x, y = spot[0] + sign * apart * cos(spot[4]), spot[1] + sign * apart * sin(spot[4])
            place_ellipse(state, k, x, y, (radius, radius, 0.0))
        answer[4] = 0.0
        if not _fitted(gray, labels, label, pixels, state, _PAIR, answer):
            continue
        residual = answer[4] / max(abs(state[3] - mean_background(state)), 1e-3)
        if residual < min(_SPLIT_RESIDUAL, _GAIN * single):
            if _apart(state) and _fill_rows(state, answer, _PAIR, limits, rows):
                return _TWO
            verdict = _AMBIGUOUS
        for k in range(len(rows)):
            for i in range(ROW):
                rows[k, i] = spare[k, i]
    return verdict


@njit(cache=True, nogil=True)
def _apart(state: NDArray) -> bool:
    """Whether each centre is well outside the other ellipse's core and sizes are alike."""
    first, second = state[N_SHARED : N_SHARED + N_ELLIPSE], state[N_SHARED + N_ELLIPSE : N_MOST]
    dx, dy = second[0] - first[0], second[1] - first[1]
    q1 = hypot(first[2] * dx + first[3] * dy, first[4] * dy)
    q2 = hypot(second[2] * dx + second[3] * dy, second[4] * dy)
    area1, area2 = 1.0 / (first[2] * first[4]), 1.0 / (second[2] * second[4])
    return min(q1, q2) > _LEAST_APART and max(area1, area2) < 4.0 * min(area1, area2)


@njit(cache=True, nogil=True)
def _fill_rows(state: NDArray, answer: NDArray, n: int, limits: NDArray, rows: NDArray) -> bool:
    """Write what was fitted, if all of it is believable."""
    residual = answer[4] / max(abs(state[3] - mean_background(state)), 1e-3)
    contrast = state[3] - mean_background(state)
    faintest = contrast - 0.5 * abs(state[STEP])  # against the brighter side of a step
    if not (contrast >= limits[3] and faintest >= 0.5 * limits[3] and residual <= limits[4]):
        return False
    softness = sqrt(max(state[4], 0.09))
    # What the model leaves out is alike in neighbouring pixels, and more so at the edge of a limb.
    spread = _SPREAD if state[STEP] == 0.0 else _SPREAD_AT_STEP
    for k in range(n):
        base = N_SHARED + k * N_ELLIPSE
        larger, smaller, angle = _axes(state[base : base + N_ELLIPSE])
        sd = spread * sqrt((answer[2 * k] ** 2 + answer[2 * k + 1] ** 2) / 2)
        # A whole disc is symmetric about its centre however it moves; one that is cut is not.
        lopsided, chance = answer[5 + 2 * k], answer[6 + 2 * k]
        if lopsided > _CUT * chance and lopsided > _CUT_PX:
            return False
        if lopsided > _DOUBTFUL * chance:
            sd = hypot(sd, _SHIFT * lopsided)
        sound = smaller >= limits[0] and larger <= limits[1] and larger <= limits[2] * smaller
        if not (sound and sd <= limits[5] and softness < 1.2 * larger):
            return False
        rows[k, 0] = _SINGLE if n == 1 else _SPLIT
        rows[k, 1], rows[k, 2] = state[base], state[base + 1]
        rows[k, 3], rows[k, 4], rows[k, 5] = larger, smaller, angle
        rows[k, 6], rows[k, 7], rows[k, 8], rows[k, 9] = contrast, softness, residual, sd
    return True


@njit(cache=True, nogil=True)
def _axes(ellipse: NDArray) -> tuple[float, float, float]:
    a, b, d = ellipse[2], ellipse[3], ellipse[4]
    m11, m12, m22 = a * a, a * b, b * b + d * d
    mean, spread = (m11 + m22) / 2, hypot((m11 - m22) / 2, m12)
    low = max(mean - spread, 1e-9)
    angle = 0.5 * atan2(-2 * m12, m22 - m11)
    return 1.0 / sqrt(low), 1.0 / sqrt(mean + spread), angle


@njit(cache=True, nogil=True)
def _unresolved(spot: NDArray, limits: NDArray, rows: NDArray) -> None:
    """Note a spot of the size of markers without a sound centre."""
    rows[1, 0] = -1.0
    if spot[7] < limits[3] or spot[5] < _MERGED_FILL:
        rows[0, 0] = -1.0
        return
    rows[0, 0] = _MERGED
    for i in range(5):
        rows[0, 1 + i] = spot[i]
    rows[0, 6], rows[0, 7], rows[0, 8], rows[0, 9] = spot[7], np.nan, np.nan, np.inf
