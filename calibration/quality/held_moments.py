"""Views that were kept out of a fit, at the moments of their frames: for calibrations with one time shift per view.

When a view was taken is a nuisance, as the pose of its board is: no other camera and no other frame tells it where
cameras run freely. It is told by the view itself, but never by the corner that is scored: the corners of the board
are parted into groups, and those of a group are moved by what the others say of pose and moments. So a shift cannot
bend to the very errors that it is judged by.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.corrections.timing import at_moments
from calibration.observations import BoardObservations
from calibration.quality.refits import Refit, as_filmed, kept_frames
from calibration.result import Calibration
from calibration.solve.bundle import BundleProblem, minimise
from calibration.solve.bundle_slide import Slide
from calibration.solve.bundle_system import BundleState, Views
from calibration.solve.part import part_of, slide_of

#: Groups of corners. More of them cost more time, and leave the moments a little better known (on a recording of four
#: cameras and twelve corners: lengths within 0.134, 0.127 and 0.112 mm with 2, 4 and 6 groups).
N_GROUPS = 4
_CORNERS = 4  # of a board, without those of the group, for its pose and the moments of two views


def at_own_moments(
    fitted: Refit, observations: BoardObservations, calibration: Calibration, bodies: NDArray
) -> BoardObservations:
    """Return the kept frames of some bodies with every corner where it was at the moment of its frame.

    The shift of a view has the prior of the calibration and the path that the whole calibration found: a path told
    by the frames of the fit alone changes the errors by a tenth. Cameras are those of the fit.

    Parameters
    ----------
    fitted : Refit
        To other frames.
    observations : BoardObservations
        Those that the calibration was made from.
    calibration : Calibration
        With a slide.
    bodies : ndarray of int, shape (chosen,)
        Increasing.

    Returns
    -------
    BoardObservations
        Corners whose frame tells too little without them are NaN.
    """
    assert calibration.slide is not None
    part, slide = kept_frames(observations, calibration, bodies), slide_of(calibration.slide, bodies)
    start = replace(fitted.state, world_from_board=calibration.refinement.state.world_from_board)
    views, start = part_of(as_filmed(calibration, observations), start, bodies)
    pixels, n_corners = np.full_like(part.pixels, np.nan), part.pixels.shape[2]
    for group in range(N_GROUPS):
        scored = np.arange(views.seen.shape[1]) % N_GROUPS == group
        rows, moved = _moved(fitted, views, start, slide, views.seen & ~scored)
        places = views.camera[rows], views.body[rows]
        counts = (views.seen[rows] & scored)[:, :n_corners, None]
        pixels[places] = np.where(counts, moved[:, :n_corners], pixels[places])
    return replace(part, pixels=pixels)


def _moved(
    fitted: Refit, views: Views, start: BundleState, slide: Slide, told: NDArray
) -> tuple[NDArray, NDArray]:
    """Return which views can be moved by what corners `told` (view, corner) say, and all their pixels, moved."""
    bodies = np.flatnonzero(_tells(views, told))
    rows = np.flatnonzero(np.isin(views.body, bodies) & told.any(axis=1))
    if not len(rows):
        return rows, views.pixels[rows]
    own, state = part_of(views.with_seen(told), start, bodies)
    problem = BundleProblem(own, np.zeros_like(fitted.problem.free), fitted.problem.prior, slide_of(slide, bodies))
    state = minimise(problem, state, fitted.sigma).state
    return rows, at_moments(problem, state, fitted.sigma, own.with_seen(views.seen[rows])).pixels


def _tells(views: Views, told: NDArray) -> NDArray:
    """Whether corners `told` (view, corner) fix pose and moments of each body, shape (body,)."""
    n_views = np.bincount(views.body[told.any(axis=1)], minlength=views.n_bodies)
    distinct = np.zeros((views.n_bodies, told.shape[1]), bool)
    np.logical_or.at(distinct, views.body, told)
    return np.asarray((distinct.sum(axis=1) >= _CORNERS) & (n_views > 1))
