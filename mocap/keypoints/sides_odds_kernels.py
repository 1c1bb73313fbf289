"""Log-odds of labels alike against exchanged, between views and between frames, in one pass over the recording.

Points of a view come as rows of frames, shape (side, 2, pair, time), so that the compiler works on several frames in
one instruction.
"""

import numpy as np
from numba import njit

from mocap.keypoints.sides_kernels import OPTIONS


@njit(**OPTIONS)
def _capped(square, truncation):
    """Half a square, truncated, and whether it is known."""
    known = square < np.inf  # false for NaN
    return (0.5 * min(square, truncation) if known else 0.0), (1.0 if known else 0.0)


@njit(**OPTIONS)
def _add(s00, s01, s10, s11, truncation, t, row, all_row, total, number):
    """Add what one pair of keypoints says in one frame, by the squares of alike (00, 11) and exchanged (01, 10)."""
    c00, n00 = _capped(s00, truncation)
    c01, n01 = _capped(s01, truncation)
    c10, n10 = _capped(s10, truncation)
    c11, n11 = _capped(s11, truncation)
    both = n00 + n01 + n10 + n11 >= 2.0  # two sides of one view against one or two of the other
    odds, count = ((c01 - c00 + c10 - c11) if both else 0.0), (1.0 if both else 0.0)
    total[row, t] += odds
    number[row, t] += count
    total[all_row, t] += odds
    number[all_row, t] += count


@njit(**OPTIONS)
def _line(u, v, matrix, weight):
    """Epipolar line of a ray: a, b, c, and the weighted square of its slope."""
    a = matrix[0, 0] * u + matrix[0, 1] * v + matrix[0, 2]
    b = matrix[1, 0] * u + matrix[1, 1] * v + matrix[1, 2]
    return a, b, matrix[2, 0] * u + matrix[2, 1] * v + matrix[2, 2], (a * a + b * b) * weight


@njit(**OPTIONS)
def _compare_views(one, other, matrix, back, weight_a, weight_b, sigma, truncation, row, k, all_row, total, number):
    """Add what one pair of keypoints of two views says, in all frames."""
    scale = 1.0 / (sigma * sigma)
    for t in range(total.shape[1]):
        a0, b0, c0, w0 = _line(one[0, 0, k, t], one[0, 1, k, t], matrix, weight_b)
        a1, b1, c1, w1 = _line(one[1, 0, k, t], one[1, 1, k, t], matrix, weight_b)
        x0, y0, x1, y1 = other[0, 0, k, t], other[0, 1, k, t], other[1, 0, k, t], other[1, 1, k, t]
        _, _, _, v0 = _line(x0, y0, back, weight_a)
        _, _, _, v1 = _line(x1, y1, back, weight_a)
        m00, m01 = x0 * a0 + y0 * b0 + c0, x1 * a0 + y1 * b0 + c0
        m10, m11 = x0 * a1 + y0 * b1 + c1, x1 * a1 + y1 * b1 + c1
        _add(
            m00 * m00 * scale / max(v0 + w0, 1e-300), m01 * m01 * scale / max(v1 + w0, 1e-300),
            m10 * m10 * scale / max(v0 + w1, 1e-300), m11 * m11 * scale / max(v1 + w1, 1e-300),
            truncation, t, row, all_row, total, number,
        )  # fmt: skip


@njit(**OPTIONS)
def _compare_frames(own, sigma, truncation, row, k, all_row, total, number):
    """Add what one pair of keypoints says of frames and the next ones of one view."""
    scale = 1.0 / (sigma * sigma)
    for t in range(own.shape[3] - 1):
        u0, v0, u1, v1 = own[0, 0, k, t], own[0, 1, k, t], own[1, 0, k, t], own[1, 1, k, t]
        x0, y0, x1, y1 = own[0, 0, k, t + 1], own[0, 1, k, t + 1], own[1, 0, k, t + 1], own[1, 1, k, t + 1]
        _add(
            ((u0 - x0) ** 2 + (v0 - y0) ** 2) * scale, ((u0 - x1) ** 2 + (v0 - y1) ** 2) * scale,
            ((u1 - x0) ** 2 + (v1 - y0) ** 2) * scale, ((u1 - x1) ** 2 + (v1 - y1) ** 2) * scale,
            truncation, t, row, all_row, total, number,
        )  # fmt: skip


@njit(**OPTIONS)
def _write(total, number, like, view, answer):
    """Write half the log-odds of every part, whose keypoints err alike to some degree, and forget them."""
    for part in range(answer.shape[0]):
        for t in range(answer.shape[1]):
            answer[part, t] = view * total[part, t] / (1.0 + like * max(number[part, t] - 1.0, 0.0)) / 2.0
    total[:] = 0.0
    number[:] = 0.0


@njit(**OPTIONS)
def side_odds(rays, pixels, essential, weight, sigma, step_sigma, like, truncation, part_of, view, between, step):
    """Compare the views of every frame with each other, and every frame of a view with the next.

    Parameters
    ----------
    rays, pixels : ndarray, shape (camera, side, 2, pair, time or one more)
        Ideal rays, and where they were seen; NaN is missing.
    essential : ndarray, shape (camera, camera, 3, 3)
        That of [b, a] is the transpose of that of [a, b].
    weight : ndarray, shape (camera,)
        1 / focal length squared.
    sigma : ndarray, shape (camera, camera)
        Noise of the distance of two rays, px.
    step_sigma : ndarray, shape (camera,)
        How far a keypoint moves, px.
    like : float
        How alike the errors of the keypoints of one view are.
    truncation : float
        Squares of distances, in units of the noise, count so much at most.
    part_of : ndarray of int, shape (pair,)
        Part of each pair of keypoints; the number of parts where it is in none. The last part holds all of them.
    view : float
        Weight of two views against each other.
    between : ndarray, shape (part, camera, camera, time)
        Written in places [a, b] where a comes before b.
    step : ndarray, shape (part, camera, time or one less)
        Written here.
    """
    n_cameras, n_frames, n_parts = rays.shape[0], between.shape[3], between.shape[0]
    total, number = np.zeros((n_parts + 1, n_frames)), np.zeros((n_parts + 1, n_frames))
    for a in range(n_cameras):
        for b in range(a + 1, n_cameras):
            for k in range(len(part_of)):
                # Its transpose would be of another layout, and compile a second time.
                _compare_views(rays[a], rays[b], essential[a, b], essential[b, a], weight[a], weight[b], sigma[a, b],
                               truncation, part_of[k], k, n_parts - 1, total, number)  # fmt: skip
            _write(total, number, like, view, between[:, a, b])
        for k in range(len(part_of)):
            _compare_frames(pixels[a], step_sigma[a], truncation, part_of[k], k, n_parts - 1, total, number)
        _write(total, number, like, 1.0, step[:, a])


@njit(**OPTIONS)
def look_up(pixels, confident, places, table, first, step, shown, rays):
    """Put the keypoints of one view in rows of frames, and look up their rays.

    Parameters
    ----------
    pixels : ndarray, shape (time, keypoint, 2)
    confident : ndarray of bool, shape (time, keypoint)
    places : ndarray of int, shape (side, pair)
    table : ndarray, shape (row, column, 2)
        Rays of pixels from (first, first) on, `step` apart; it may be empty.
    first, step : float
        px
    shown, rays : ndarray, shape (side, 2, pair, time)
        Written here; NaN where not confident, rays besides where the table does not reach.
    """
    for side in range(places.shape[0]):
        for k in range(places.shape[1]):
            place = places[side, k]
            for t in range(pixels.shape[0]):
                u, v = pixels[t, place, 0], pixels[t, place, 1]
                if not confident[t, place]:
                    u = v = np.nan
                shown[side, 0, k, t], shown[side, 1, k, t] = u, v
                x, y = (u - first) / step, (v - first) / step
                inside = x >= 0.0 and y >= 0.0 and x < table.shape[1] - 1 and y < table.shape[0] - 1
                i, j = (int(x), int(y)) if inside else (0, 0)
                x, y = x - i, y - j
                for axis in range(2):
                    ray = np.nan
                    if inside:
                        upper = (1.0 - x) * table[j, i, axis] + x * table[j, i + 1, axis]
                        lower = (1.0 - x) * table[j + 1, i, axis] + x * table[j + 1, i + 1, axis]
                        ray = (1.0 - y) * upper + y * lower
                    rays[side, axis, k, t] = ray
