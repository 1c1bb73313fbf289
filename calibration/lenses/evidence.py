"""What a joint refinement shows of each camera's lens: how well each parameter, and whether a larger model would fit.

How sure the parameters are is read off twice: from the curvature of the cost, as if every corner erred on its own,
and from the scatter of what each body adds to the gradient, which holds however the errors of one moment hang
together (late frames displace a whole board). Source: White, "Maximum likelihood estimation of misspecified
models", 1982; clusters as in Liang and Zeger, "Longitudinal data analysis using generalized linear models", 1986.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.lenses import choice_kernels as lens_choice_kernels
from calibration.lenses.models import BROWN_SD
from calibration.solve.bundle import BundleProblem, LensPrior, lens_and_pose_covariance
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, Views

_KERNELS: Any = lens_choice_kernels  # their decorators are not typed
_EXTRA = np.array([9, 10, 11])  # k4 k5 k6
#: Noise of a coordinate in px that no footage falls below; with less, rounding decides which model fits.
SHARPEST_PX = 0.01


@dataclass(frozen=True, eq=False)
class LensEvidence:
    """What the views of a refinement say of the lenses.

    Attributes
    ----------
    information : ndarray, shape (camera, 12, 12)
        Inverse covariance of the lens parameters, all else left open, priors included; 0 where held.
    inflation : ndarray, shape (camera,)
        Variance that the scatter between bodies shows over that of independent corners; at least 1.
    """

    information: NDArray
    inflation: NDArray


@dataclass(frozen=True, eq=False)
class LensCoverage:
    """How the views of each camera lie in its image and before it, each of shape (camera,).

    Attributes
    ----------
    reach : ndarray
        Distance from the image's centre to the farthest corner, as a share of that to the image's own corner.
    tilt_deg : ndarray
        Largest angle between the board and the plane of the image.
    depth_ratio : ndarray
        Depth of the farthest corner over that of the nearest, in the view where it is largest.
    n_views : ndarray of int
    """

    reach: NDArray
    tilt_deg: NDArray
    depth_ratio: NDArray
    n_views: NDArray


def lens_coverage(state: BundleState, views: Views, sizes: NDArray) -> LensCoverage:
    """Say how far the seen corners reach and how far the boards tilt.

    Parameters
    ----------
    state : BundleState
    views : Views
    sizes : ndarray, shape (camera, 2)
        Image width and height, px.
    """
    rows = np.flatnonzero(views.seen.any(axis=1))
    camera, seen = views.camera[rows], views.seen[rows]
    middle = (np.asarray(sizes, float) - 1) / 2
    off = np.linalg.norm(views.pixels[rows] - middle[camera][:, None], axis=-1)
    share = np.where(seen, off, 0.0).max(axis=1) / np.linalg.norm(middle[camera], axis=1)
    pose = state.cam_from_world[camera] @ state.world_from_board[views.body[rows]]
    corners = views.targets[views.body_target[views.body[rows]]]
    depth = np.einsum("vkj,vj->vk", corners, pose[:, 2, :3]) + pose[:, 2, 3:]
    ratio = np.where(seen, depth, 0.0).max(axis=1) / np.where(seen, depth, np.inf).min(axis=1)
    tilt = np.degrees(np.arccos(np.clip(np.abs(pose[:, 2, 2]), 0.0, 1.0)))

    def largest(values: NDArray) -> NDArray:
        answer = np.zeros(views.n_cameras)
        np.maximum.at(answer, camera, values)
        return answer

    n_views = np.bincount(camera, minlength=views.n_cameras)
    return LensCoverage(largest(share), largest(tilt), largest(ratio), n_views)


def lens_evidence(problem: BundleProblem, state: BundleState, sigma: NDArray) -> LensEvidence:
    """Weigh what the views say of each lens parameter, at the answer of a refinement.

    Parameters
    ----------
    problem : BundleProblem
    state : BundleState
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    """
    n_cameras = problem.views.n_cameras
    covariance = lens_and_pose_covariance(problem, state, sigma).camera
    scores = body_scores(state, problem.views, sigma)
    information = np.zeros((n_cameras, N_LENS, N_LENS))
    inflation = np.ones(n_cameras)
    for camera in range(n_cameras):
        chosen = np.flatnonzero(problem.free[camera, :N_LENS])
        if not len(chosen):
            continue
        rows = covariance[camera * N_CAMERA + chosen]
        own = rows[:, camera * N_CAMERA + chosen]
        information[camera][np.ix_(chosen, chosen)] = _inverse(own)
        influence = rows @ scores.T
        by_corner = np.diagonal(own) - _by_prior(rows, problem.prior)
        by_body = (influence**2).sum(axis=1)
        # Parameters that only the priors know have next to no variance of either kind.
        known = by_corner > 1e-3 * np.diagonal(own)
        if known.any():
            inflation[camera] = max(1.0, float(np.mean(by_body[known] / by_corner[known])))
    return LensEvidence(information, inflation)


def body_scores(state: BundleState, views: Views, sigma: NDArray) -> NDArray:
    """Return what each body adds to the gradient of half the cost, shape (body, camera * 18)."""
    each = np.zeros((len(views.camera), N_CAMERA))
    _KERNELS.view_gradients(
        np.ascontiguousarray(state.lenses, float), views.fisheye, np.ascontiguousarray(state.cam_from_world, float),
        np.ascontiguousarray(state.world_from_board, float), views.targets, views.body_target, views.camera,
        views.body, views.pixels, views.seen, 1.0 / np.asarray(sigma, float) ** 2, each,
    )  # fmt: skip
    scores = np.zeros((views.n_bodies, views.n_cameras, N_CAMERA))
    scores[views.body, views.camera] = each
    return scores.reshape(views.n_bodies, -1)


def _by_prior(rows: NDArray, prior: LensPrior) -> NDArray:
    """Share, shape (row,), of the variance of parameters that comes of the priors: rows P rows'."""
    each = rows.reshape(len(rows), -1, N_CAMERA)[..., :N_LENS]
    aspect = each[..., 0] - each[..., 1]
    return np.asarray((each**2 * prior.precision).sum(axis=(1, 2)) + (aspect**2 * prior.aspect_precision).sum(axis=1))


def _inverse(matrix: NDArray) -> NDArray:
    """Inverse of a covariance, through a unit diagonal: parameters span px and pure numbers."""
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    return np.linalg.inv(matrix * scale * scale[:, None]) * scale * scale[:, None]


def larger_model_tests(
    problem: BundleProblem, state: BundleState, sigma: NDArray, cameras: NDArray
) -> tuple[NDArray, NDArray]:
    """Ask, without fitting it, whether three more coefficients (k4 k5 k6) would explain what is left.

    Parameters
    ----------
    problem : BundleProblem
    state : BundleState
        Its answer.
    sigma : ndarray, shape (camera,)
    cameras : ndarray of bool, shape (camera,)
        Which cameras are asked about.

    Returns
    -------
    decrease : ndarray, shape (camera,)
        Of the cost in units of sigma², were the corners independent; 0 where not asked.
    robust : ndarray, shape (camera,)
        The same by the scatter between bodies, along the step that the three would take.
    """
    free, precision = problem.free.copy(), problem.prior.precision.copy()
    for camera in np.flatnonzero(cameras):
        free[camera, _EXTRA] = True
        precision[camera, _EXTRA] = 1.0 / np.square(np.array(BROWN_SD)[_EXTRA - 4])
    wider = replace(problem, free=free, prior=replace(problem.prior, precision=precision))
    covariance = lens_and_pose_covariance(wider, state, sigma).camera
    scores = body_scores(state, problem.views, sigma)
    decrease, robust = np.zeros(len(cameras)), np.zeros(len(cameras))
    for camera in np.flatnonzero(cameras):
        places = camera * N_CAMERA + _EXTRA
        own = covariance[np.ix_(places, places)]
        gradient = scores[:, places].sum(axis=0)
        decrease[camera] = gradient @ own @ gradient
        # Of the projected gradient along the step, body by body.
        bodies = np.unique(problem.views.body[problem.views.camera == camera])
        along = (gradient @ covariance[places]) @ scores[bodies].T
        scatter = float(((along - along.mean()) ** 2).sum())
        robust[camera] = decrease[camera] ** 2 / max(scatter, 1e-300)
    return decrease, robust
