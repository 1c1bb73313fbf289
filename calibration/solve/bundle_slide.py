"""Views taken early or late: each sees the body where it was a little before or after the moment of its frame.

A body's path through its frame's pose is known from its neighbours in time; a view's shift s along it has a Gaussian
prior. For given cameras and bodies the best s of each view follows by itself, so shifts never enter the refinement as
unknowns: cost and gradient are those at the best s (the derivative by s vanishes there), and the rank-one share of s is
taken off the normal matrix. For small shifts that is the same as noise with covariance sigma² I + tau² v v', v being
the velocity in the image, and it leaves an honest covariance.
Source: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems", 1973.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import from_rotvec, inverse, rotvec
from calibration.solve.bundle_system import NormalEquations, normal_equations, squared_errors
from calibration.solve.bundle_views import BundleState, Views
from calibration.solve.gauge import adjoint

_STEPS = 20
_SETTLED = 1e-9  # of the prior's sd
_ROUNDING = 1e-5  # of the prior's sd
_DIFFERENCE = 1e-4  # step, in units of the prior's sd, for the velocity along a path


@dataclass(frozen=True, eq=False)
class Slide:
    """Along what bodies moved when they were seen; held while the refinement runs.

    Attributes
    ----------
    velocity, acceleration : ndarray, shape (body, 6)
        Of the body in its frame's pose: three of the rotation vector, three of the shift, per unit of time and its
        square. 0 where unknown: views of such a body do not slide.
    prior_mean : ndarray, shape (camera,)
        Of the shifts of each camera.
    prior_sd : float
        Of the shift of one view about it, above 0.
    """

    velocity: NDArray
    acceleration: NDArray
    prior_mean: NDArray
    prior_sd: float


def along_path(slide: Slide, body: NDArray, shift: NDArray) -> NDArray:
    """Return body_from_later, shape (view, 4, 4): where each body is `shift` (view,) after its frame's moment."""
    time = shift[:, None]
    way = slide.velocity[body] * time + 0.5 * slide.acceleration[body] * time**2
    return from_rotvec(way[:, :3], way[:, 3:])


def path_twist(slide: Slide, body: NDArray, shift: NDArray) -> NDArray:
    """Return the velocity of each body at its shifted place, in its own frame there, shape (view, 6)."""
    step = _DIFFERENCE * slide.prior_sd
    between = inverse(along_path(slide, body, shift - step)) @ along_path(slide, body, shift + step)
    return np.concatenate([rotvec(between), between[:, :3, 3]], axis=1) / (2 * step)


def alone_views(views: Views) -> Views:
    """Return the views with a body for each of them."""
    return replace(views, body=np.arange(len(views.body)), body_target=views.body_target[views.body])


@dataclass(frozen=True, eq=False)
class SlidState:
    """A state with every view at its best shift.

    Attributes
    ----------
    shift : ndarray, shape (view,)
    state : BundleState
        With a body per view (`alone_views`).
    body_from_later : ndarray, shape (view, 4, 4)
    """

    shift: NDArray
    state: BundleState
    body_from_later: NDArray

    def cost(self, slide: Slide, views: Views) -> float:
        """Return what the prior of the shifts adds to the cost."""
        return float((((self.shift - slide.prior_mean[views.camera]) / slide.prior_sd) ** 2).sum())


def best_shifts(slide: Slide, state: BundleState, views: Views, sigma: NDArray) -> SlidState:
    """Find the best shift of every view for given cameras and bodies, from the prior's mean downhill.

    Levenberg-Marquardt, each view for itself: where a body turns round, a step too far would find another place that
    looks alike.

    Parameters
    ----------
    sigma : ndarray, shape (camera,)
        Noise of one coordinate, px.
    """
    shift = slide.prior_mean[views.camera]
    cost, slope, bend = _of_shifts(slide, state, views, sigma, shift)
    damping = np.zeros(len(shift))
    for _ in range(_STEPS):
        trial = shift - slope / (bend * (1.0 + damping))
        step = np.abs(trial - shift)
        if step.max(initial=0.0) < _SETTLED * slide.prior_sd:
            break
        new_cost, new_slope, new_bend = _of_shifts(slide, state, views, sigma, trial)
        better = new_cost < cost
        shift, cost = np.where(better, trial, shift), np.where(better, new_cost, cost)
        slope, bend = np.where(better, new_slope, slope), np.where(better, new_bend, bend)
        # What rounding refuses is at its bottom.
        slope = np.where(~better & (step < _ROUNDING * slide.prior_sd), 0.0, slope)
        damping = np.where(better, 0.1 * damping, np.maximum(10.0 * damping, 1.0))
    later = along_path(slide, views.body, shift)
    return SlidState(shift, replace(state, world_from_board=state.world_from_board[views.body] @ later), later)


def _of_shifts(
    slide: Slide, state: BundleState, views: Views, sigma: NDArray, shift: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Half the cost of each view, its slope and its bend by the view's shift, shape (view,) each."""
    alone = alone_views(views)
    slid = replace(state, world_from_board=state.world_from_board[views.body] @ along_path(slide, views.body, shift))
    system = normal_equations(slid, alone, sigma, None, np.zeros(12, bool))
    off = (shift - slide.prior_mean[views.camera]) / slide.prior_sd
    squares = squared_errors(slid, alone).sum(axis=1) / np.asarray(sigma)[views.camera] ** 2
    twist = path_twist(slide, views.body, shift)
    slope = np.einsum("vi,vi->v", twist, system.body_gradient) + off / slide.prior_sd
    bend = np.einsum("vi,vij,vj->v", twist, system.body, twist) + 1.0 / slide.prior_sd**2
    sound = np.isfinite(slope) & np.isfinite(squares)  # a trial state may have put the body behind its camera
    return 0.5 * np.where(sound, squares + off**2, np.inf), np.where(sound, slope, 0.0), np.where(sound, bend, 1.0)


def slid_equations(
    slide: Slide, state: BundleState, views: Views, sigma: NDArray, scale: float | None, used: NDArray
) -> NormalEquations:
    """Return the normal equations of cameras and bodies with the shifts eliminated; as `normal_equations`."""
    best = best_shifts(slide, state, views, sigma)
    single = normal_equations(best.state, alone_views(views), sigma, scale, used)
    twist = path_twist(slide, views.body, best.shift)
    along = np.einsum("vij,vj->vi", single.body, twist)
    weight = 1.0 / np.sqrt(np.einsum("vi,vi->v", along, twist) + 1.0 / slide.prior_sd**2)
    by_camera = np.einsum("vij,vj->vi", single.coupling, twist) * weight[:, None]
    # What is told of the body where a view saw it, is told of the body at the frame's moment.
    carry = adjoint(inverse(best.body_from_later))
    by_body = np.einsum("vji,vj->vi", carry, along) * weight[:, None]
    whole = carry.swapaxes(1, 2) @ single.body @ carry - by_body[:, :, None] * by_body[:, None]
    body, gradient = np.zeros((views.n_bodies, 6, 6)), np.zeros((views.n_bodies, 6))
    np.add.at(body, views.body, whole)
    np.add.at(gradient, views.body, np.einsum("vji,vj->vi", carry, single.body_gradient))
    camera = single.camera.copy()
    for index in range(views.n_cameras):
        own = by_camera[views.camera == index]
        camera[index] -= own.T @ own
    coupling = single.coupling @ carry - by_camera[:, :, None] * by_body[:, None]
    return NormalEquations(camera, single.camera_gradient, body, gradient, coupling, views)
