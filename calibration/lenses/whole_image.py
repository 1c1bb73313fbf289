"""Lenses that fold inside the image, where no corner was seen, give way to ones that do not and explain as much.

Brown's polynomial turns back somewhere. Where the board was shown in the middle of the image alone, its coefficients
say nothing of the edges, and may turn back before them: pixels there have no ray, and those next to them a wrong one.
Real lenses do not. A barrel-shaped lens without a fold has a k2 of at least 0.45 k1² (then 1 + 3 k1 r² + 5 k2 r⁴ has
no root; an equidistant lens seen as Brown's has 1.8 k1²), and any other one of at least 0.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.lens import undistort
from calibration.solve.bundle import minimise, problem_cost
from calibration.solve.bundle_system import N_LENS
from calibration.solve.refinement import Refinement

_K2_OF_K1 = 0.6  # k2 / k1² held: the lens then never grows by less than a quarter of what it does in the middle
_COST = 6.0  # in units of the noise, errors of one moment counted as one: what may be paid to be rid of a fold
_ROUNDS = 8
_SETTLED = 0.01  # of k2
_PLACES = (48, 27)  # of an image, along width and height, at which is asked for a ray
_K1, _K2, _K3 = 4, 5, 8


def image_places(size: tuple[int, int] | NDArray) -> NDArray:
    """Return the pixels of 27 x 48 places that cover an image, shape (27, 48, 2)."""
    across, down = ((np.arange(n) + 0.5) * length / n - 0.5 for n, length in zip(_PLACES, size, strict=True))
    return np.stack(np.meshgrid(across, down), axis=-1)


def places_with_ray(camera: Camera) -> NDArray[np.bool_]:
    """Return at which `image_places` a camera's lens has a ray, shape (27, 48)."""
    return np.isfinite(camera.undistort(image_places(camera.size))[0][..., 0])


def _folds(lens: NDArray, size: NDArray) -> bool:
    """Whether Brown's lens, shape (12,), leaves places of the image without a ray."""
    normalised = (image_places(size) - lens[2:4]) / lens[:2]
    return bool(np.isnan(undistort(normalised, lens[4:N_LENS], False)[0]).any())


def unfolded(
    refinement: Refinement, sizes: NDArray, auto: NDArray, inflation: NDArray
) -> tuple[Refinement, NDArray[np.bool_]]:
    """Hold k2 of lenses that fold inside the image at the least that does not, where corners say little against it.

    Parameters
    ----------
    refinement : Refinement
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    auto : ndarray of bool, shape (camera,)
        Cameras whose lens may be chosen.
    inflation : ndarray, shape (camera,)
        Variance that the scatter between moments shows over that of independent corners.

    Returns
    -------
    refinement : Refinement
        With the means of the priors moved to what is held.
    held : ndarray of bool, shape (camera,)
        Lenses that had folded and do no more.
    """
    held = np.zeros(len(auto), dtype=bool)
    views = refinement.problem.views
    for camera in np.flatnonzero(auto & ~views.fisheye & ~refinement.problem.free[:, _K3 + 1 : N_LENS].any(axis=1)):
        if not refinement.problem.free[camera, _K1] or not _folds(refinement.state.lenses[camera], sizes[camera]):
            continue
        found = _without_fold(refinement, int(camera))
        if found is None or _folds(found.state.lenses[camera], sizes[camera]):
            continue
        before, after = (problem_cost(one.problem, one.state, refinement.sigma, None) for one in (refinement, found))
        if after - before < _COST * inflation[camera]:
            refinement, held[camera] = found, True
    return refinement, held


def _without_fold(refinement: Refinement, camera: int) -> Refinement | None:
    """Refine again with k3 held at 0 and k2 at what the k1 that is found calls for; None where that does not settle."""
    problem, state, steps = refinement.problem, refinement.state, refinement.steps
    free, mean = problem.free.copy(), problem.prior.mean.copy()
    free[camera, [_K2, _K3]] = False
    for _ in range(_ROUNDS):
        lenses = state.lenses.copy()
        held = _K2_OF_K1 * min(lenses[camera, _K1], 0.0) ** 2
        settled = abs(lenses[camera, _K2] - held) <= _SETTLED * max(held, _SETTLED) and lenses[camera, _K3] == 0
        if settled:
            return replace(refinement, state=state, problem=problem, steps=steps)
        lenses[camera, [_K2, _K3]] = mean[camera, [_K2, _K3]] = held, 0.0
        problem = replace(problem, free=free, prior=replace(problem.prior, mean=mean.copy()))
        result = minimise(problem, replace(state, lenses=lenses), refinement.sigma)
        if not result.converged:
            return None
        state, steps = result.state, steps + result.steps
    return None
