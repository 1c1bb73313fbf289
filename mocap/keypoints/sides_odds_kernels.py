"""Log-odds of labels alike against exchanged, between views and between frames, in one pass over the recording."""

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**OPTIONS)
def _summed(odds, number, like):
    """Half the log-odds of many keypoints, whose errors are alike to some degree."""
    return odds / (1.0 + like * max(number - 1, 0)) / 2.0


@njit(**OPTIONS)
def view_odds(one, other, essential, weight, sigma, like, truncation, part_of, between, a, b, view):
    """Compare two views of every frame.

    Parameters
    ----------
    one, other : ndarray, shape (time, pair, side, 2)
        Ideal rays of the two views; NaN is missing.
    essential : ndarray, shape (3, 3)
    weight : ndarray, shape (2,)
        1 / focal length squared of the two views.
    sigma : float
        Noise of the distance of two rays, px.
    like : float
        How alike the errors of the keypoints of one view are.
    truncation : float
        Squares of distances, in units of the noise, count so much at most.
    part_of : ndarray of int, shape (pair,)
        Part of each pair of keypoints, or -1; the last part holds all of them.
    between : ndarray, shape (part, time, camera, camera)
        Written in places [a, b] and [b, a].
    a, b : int
    view : float
        Weight.
    """
    n_parts, (n_frames, n_pairs) = between.shape[0], one.shape[:2]
    total, number = np.empty(n_parts), np.empty(n_parts)
    for t in range(n_frames):
        for part in range(n_parts):
            total[part] = number[part] = 0.0
        for k in range(n_pairs):
            odds, count = 0.0, 0
            for side in range(4):
                u, v = one[t, k, side // 2, 0], one[t, k, side // 2, 1]
                x, y = other[t, k, side % 2, 0], other[t, k, side % 2, 1]
                lx = essential[0, 0] * u + essential[0, 1] * v + essential[0, 2]
                ly = essential[1, 0] * u + essential[1, 1] * v + essential[1, 2]
                lz = essential[2, 0] * u + essential[2, 1] * v + essential[2, 2]
                mx = essential[0, 0] * x + essential[1, 0] * y + essential[2, 0]
                my = essential[0, 1] * x + essential[1, 1] * y + essential[2, 1]
                miss = x * lx + y * ly + lz
                slope = (mx * mx + my * my) * weight[0] + (lx * lx + ly * ly) * weight[1]
                square = miss * miss / (max(slope, 1e-300) * sigma * sigma)
                if np.isfinite(square):
                    cost = min(square, truncation) / 2.0
                    odds += cost if side == 1 or side == 2 else -cost
                    count += 1
            if count >= 2:  # two sides of one view against one or two of the other
                if part_of[k] >= 0:
                    total[part_of[k]] += odds
                    number[part_of[k]] += 1
                total[n_parts - 1] += odds
                number[n_parts - 1] += 1
        for part in range(n_parts):
            between[part, t, a, b] = between[part, t, b, a] = view * _summed(total[part], number[part], like)


@njit(**OPTIONS)
def step_odds(pixels, sigma, like, truncation, part_of, step, camera):
    """Compare every frame of one view with the next.

    Parameters
    ----------
    pixels : ndarray, shape (time, pair, side, 2)
        NaN is missing.
    sigma : float
        How far a keypoint moves, px.
    like, truncation, part_of
        As for `view_odds`.
    step : ndarray, shape (part, time - 1, camera)
        Written in the place of the camera.
    camera : int
    """
    n_parts, n_pairs = step.shape[0], pixels.shape[1]
    total, number = np.empty(n_parts), np.empty(n_parts)
    for t in range(step.shape[1]):
        for part in range(n_parts):
            total[part] = number[part] = 0.0
        for k in range(n_pairs):
            odds, count = 0.0, 0
            for side in range(4):
                du = pixels[t, k, side // 2, 0] - pixels[t + 1, k, side % 2, 0]
                dv = pixels[t, k, side // 2, 1] - pixels[t + 1, k, side % 2, 1]
                square = (du * du + dv * dv) / (sigma * sigma)
                if np.isfinite(square):
                    cost = min(square, truncation) / 2.0
                    odds += cost if side == 1 or side == 2 else -cost
                    count += 1
            if count >= 2:
                if part_of[k] >= 0:
                    total[part_of[k]] += odds
                    number[part_of[k]] += 1
                total[n_parts - 1] += odds
                number[n_parts - 1] += 1
        for part in range(n_parts):
            step[part, t, camera] = _summed(total[part], number[part], like)
