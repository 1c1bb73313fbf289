"""Focal lengths that single cameras cannot tell: those of views of small boards far away.

There the perspective within one view is lost in the noise, and the focal length that explains a camera's own views best
is off by factors, poses of boards and cameras with it. The joint refinement, which knows better, would have to come
all the way, and from some starts never does: a focal length then runs off to that of a parallel projection. Cameras of
one rig are mostly of a kind, so such a camera begins with the median of all.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.solve.bundle import BundleProblem, LensPrior, problem_system
from calibration.solve.bundle_slide import alone_views
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, Views, reduced_system, squared_errors

#: Relative sd from which on a focal length is no start: 0.035 at most where boards show it, 0.045 to 0.4 where not.
WEAK = 0.042
_SQUARE_SD_PX = 1e-3  # of fx - fy
_K1_SD = 0.5
_LEAST_PX = 0.05


def focal_doubt(lenses: NDArray, candidates: NDArray, views: Views) -> NDArray:
    """Return the relative sd of each focal length, shape (camera,), that a camera's own views leave.

    Parameters
    ----------
    lenses : ndarray, shape (camera, 12)
    candidates : ndarray, shape (camera, body, 2, 4, 4)
        cam_from_board, the better one first; NaN where there is none.
    views : Views
    """
    poses = candidates[views.camera, views.body, 0]
    placed = np.isfinite(poses[:, 0, 0])
    alone = alone_views(views.with_seen(views.seen & placed[:, None]))
    n = len(lenses)
    state = BundleState(lenses, np.tile(np.eye(4), (n, 1, 1)), np.where(placed[:, None, None], poses, np.eye(4)))
    squares = squared_errors(state, alone)
    sigma = np.array([_spread(squares, alone.seen & (views.camera == camera)[:, None]) for camera in range(n)])
    free = np.zeros((n, N_CAMERA), dtype=bool)
    free[:, [0, 1, 4]] = True
    precision = np.zeros((n, N_LENS))
    precision[:, 4] = 1 / _K1_SD**2
    prior = LensPrior(lenses, precision, np.full(n, 1 / _SQUARE_SD_PX**2))
    system = problem_system(BundleProblem(alone, free, prior), state, sigma, None)
    system.body[~alone.seen.any(axis=1)] = np.eye(6)
    matrix = reduced_system(system, free, 0.0)[0].reshape(n, 3, n, 3)
    return np.array([np.sqrt(np.linalg.inv(matrix[one, :, one])[0, 0]) for one in range(n)]) / lenses[:, 0]


def _spread(squares: NDArray, seen: NDArray) -> float:
    """Noise of one coordinate by the median distance, px."""
    return max(float(np.sqrt(np.median(squares[seen]) / (2 * np.log(2.0)))) if seen.any() else 0.0, _LEAST_PX)


def alike_lenses(lenses: NDArray, fisheye: NDArray, sizes: NDArray, doubt: NDArray) -> tuple[NDArray, NDArray]:
    """Give cameras that cannot tell their focal length the median of all, in longer sides of the image.

    Parameters
    ----------
    lenses : ndarray, shape (camera, 12)
    fisheye : ndarray of bool, shape (camera,)
        These stay: how they bend tells their focal length.
    sizes : ndarray, shape (camera, 2)
    doubt : ndarray, shape (camera,)

    Returns
    -------
    lenses : ndarray, shape (camera, 12)
    changed : ndarray of int, shape (changed,)
        Cameras with another lens than before.
    """
    weak = ~fisheye & (doubt > WEAK)
    if not weak.any():
        return lenses, np.array([], dtype=int)
    longer = np.max(sizes, axis=1)
    answer = lenses.copy()
    answer[weak, :2] = (np.median((lenses[:, 0] / longer)[~fisheye]) * longer[weak])[:, None]
    answer[weak, 4:] = 0.0
    return answer, np.flatnonzero(weak)
