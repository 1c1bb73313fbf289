"""A finished calibration fitted again to some of its frames: what held-out errors and split halves rest on.

Started from the full answer, which is next to the new one, and with the outliers already out: a few steps instead of
a whole calibration. The minimum that is found does not remember its start.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from calibration.camera import CameraRig
from calibration.errors import SolverError
from calibration.observations import BoardObservations
from calibration.result import Calibration, refined_cameras
from calibration.solve.bundle import BundleCovariance, BundleProblem, lens_and_pose_covariance, minimise
from calibration.solve.bundle_system import BundleState, Views
from calibration.solve.part import part_of, slide_of

MIN_FIT_VIEWS = 5
#: Frames beyond this number are thinned out evenly before a refit.
MOST_FRAMES = 3000


@dataclass(frozen=True, eq=False)
class Refit:
    """A calibration over some of its frames.

    Attributes
    ----------
    rig : CameraRig
        In the world of the full calibration; the camera that was held then is held again.
    problem : BundleProblem
    state : BundleState
        In the frame of the refinement.
    sigma : ndarray, shape (camera,)
        Of the full calibration, px.
    """

    rig: CameraRig
    problem: BundleProblem
    state: BundleState
    sigma: NDArray

    def covariance(self) -> BundleCovariance:
        """Return the first-order covariance, relative to the held camera."""
        return lens_and_pose_covariance(self.problem, self.state, self.sigma)


def refit_bodies(calibration: Calibration) -> NDArray:
    """Return the bodies (used frames), in order of time, that refits are made of, shape (body,)."""
    bodies = np.flatnonzero(calibration.refinement.placed)
    return bodies[:: -(-len(bodies) // MOST_FRAMES)] if len(bodies) else bodies


def refit(calibration: Calibration, observations: BoardObservations, bodies: NDArray) -> Refit | str:
    """Fit all cameras again to some bodies.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    bodies : ndarray of int, shape (chosen,)
        Increasing.

    Returns
    -------
    Refit or str
        In words why not, when these bodies do not fix the cameras.
    """
    refinement = calibration.refinement
    views, state = part_of(as_filmed(calibration, observations), refinement.state, bodies)
    lacking = _lacking(views, observations.camera_names)
    if lacking:
        return lacking
    slide = None if calibration.slide is None else slide_of(calibration.slide, bodies)
    problem = replace(refinement.problem, views=views, slide=slide)
    try:
        result = minimise(problem, state, refinement.sigma)
    except (SolverError, np.linalg.LinAlgError):
        return "the views of these frames alone do not fix the cameras"
    if not result.converged:
        return "a fit to these frames alone does not settle"
    moved = replace(refinement, state=result.state)
    cameras = refined_cameras(observations, moved, list(calibration.models), calibration.world.root_from_world)
    return Refit(CameraRig(cameras), problem, result.state, refinement.sigma)


def as_filmed(calibration: Calibration, observations: BoardObservations) -> Views:
    """Return the views of the refinement with the pixels as they were, not at the moments of their frames."""
    views = calibration.refinement.problem.views
    if calibration.slide is None:
        return views
    filmed, pixels = observations.pixels[views.camera, calibration.frames[views.body]], views.pixels.copy()
    n_corners = filmed.shape[1]
    pixels[:, :n_corners] = np.where(views.seen[:, :n_corners, None], filmed, pixels[:, :n_corners])
    return replace(views, pixels=pixels)


def kept_frames(observations: BoardObservations, calibration: Calibration, bodies: NDArray) -> BoardObservations:
    """Return the frames of some bodies with the corners that the calibration did not leave out."""
    frames = calibration.frames[bodies]
    part = observations.subset_frames(frames)
    return replace(part, pixels=np.where(calibration.kept[:, frames, :, None], part.pixels, np.nan))


def _lacking(views: Views, names: tuple[str, ...]) -> str:
    """Say in words which cameras the views leave open; nothing when they fix all."""
    n_views = np.bincount(views.camera, minlength=views.n_cameras)
    if (n_views < MIN_FIT_VIEWS).any():
        poor = int(n_views.argmin())
        return f"camera {names[poor]} would be left with {n_views[poor]} views (at least {MIN_FIT_VIEWS} are needed)"
    present = np.zeros((views.n_cameras, views.n_bodies))
    present[views.camera, views.body] = 1.0
    n_groups, _ = connected_components(present @ present.T > 0, directed=False)
    return "the cameras would no longer be connected" if n_groups > 1 else ""
