"""Views that were taken early or late: one time shift per view, from how the board moved across the image.

Cameras that are not driven by one clock show a moving board at slightly different moments, and what the calibration
cannot explain then lies along the velocity of the corners in the image. The motion of the board between frames gives
that velocity; the shift follows by least squares with a prior whose width is estimated from the recording itself, so
that a synchronous recording gets next to no shifts. Only differences between cameras are observable: what all
cameras of a frame share, its pose takes up.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.corrections.board_motion import board_paths, usual_interval
from calibration.corrections.timing_share import (
    BodyNormals,
    ShiftScatter,
    body_normals,
    freedom_of_shifts,
    mean_shifts,
    other_motion,
    principal,
    shift_scatter,
    shift_share,
    shifts,
    view_motion,
)
from calibration.corrections.view_timing import ViewTiming
from calibration.errors import SolverError
from calibration.solve.bundle import BundleCovariance, BundleProblem, lens_and_pose_covariance, minimise
from calibration.solve.bundle_slide import Slide, alone_views, best_shifts
from calibration.solve.bundle_system import BundleState, Views, squared_errors
from calibration.solve.part import slide_of, thinned
from calibration.solve.refinement import Refinement, fitting_corners, noise_per_camera
from calibration.solve.view_jacobians import view_misses

_FREE = 0.25  # sd of the shifts in the first round, in units of the interval between frames
_MEANS = 3
_ROUNDS = 12
_STRAY_ROUNDS = 3  # after which what was left out stays out
_SETTLED = 0.03  # relative change of the noise at which the rounds stop
_SETTLED_SPREAD = 0.2  # of the spread, which matters less


@dataclass(frozen=True, eq=False)
class TimedRefinement:
    """A refinement in which each view may be early or late.

    Attributes
    ----------
    refinement : Refinement
        `every_view` and `problem.views` hold the pixels as they were; `problem.slide` what the views may slide along.
    corrected : Refinement
        The same with the pixels moved to the common moment of their frame and no more slide: residuals of this one
        are what is left.
    covariance : BundleCovariance
        With the freedom of the shifts taken out.
    timing : ViewTiming
    """

    refinement: Refinement
    corrected: Refinement
    covariance: BundleCovariance
    timing: ViewTiming


def body_slide(refinement: Refinement, moments: NDArray, mean: NDArray, sd: float) -> Slide:
    """Return along what the bodies of a refinement moved, and what is expected of the shifts.

    Parameters
    ----------
    refinement : Refinement
    moments : ndarray, shape (frame,)
        As of `board_motion.frame_moments`.
    mean : ndarray, shape (camera,)
        NaN counts as 0.
    sd : float
    """
    things = refinement.problem.views.body_target
    paths = board_paths(refinement.state.world_from_board, moments, refinement.placed, things)
    return Slide(*paths, np.where(np.isfinite(mean), mean, 0.0), max(sd, 1e-9))


def estimate_timing(
    refinement: Refinement, moments: NDArray, unit: str = "s", spread: float | None = None, most: int | None = None
) -> ViewTiming:
    """Estimate when each view was taken, the cameras as they are.

    Parameters
    ----------
    refinement : Refinement
    moments : ndarray, shape (frame,)
        Of the frames of the refinement (`board_motion.frame_moments`).
    unit : str
    spread : float, optional
        Standard deviation of the shifts; estimated from the recording when left out.
    most : int, optional
        Tell from at most so many bodies, evenly over time; those left out get no shift of their own.

    Returns
    -------
    ViewTiming
        With axes (camera, frame of the refinement).
    """
    slide = body_slide(refinement, moments, np.zeros(refinement.problem.views.n_cameras), 1.0)
    if most is not None and refinement.placed.sum() > most:
        fewer, bodies = thinned(refinement, most)
        normals = body_normals(fewer.state, fewer.problem.views, fewer.sigma, slide_of(slide, bodies))
        told = _view_timing(normals, spread, fewer, unit)
        shift, sd = np.full((2, len(told.shift), len(refinement.placed)), np.nan)
        shift[:, bodies], sd[:, bodies] = told.shift, told.sd
        return replace(told, shift=shift, sd=sd)
    normals = body_normals(refinement.state, refinement.problem.views, refinement.sigma, slide)
    return _view_timing(normals, spread, refinement, unit)


def _scatter(normals: BodyNormals, spread: float | None) -> tuple[ShiftScatter, NDArray, NDArray]:
    """How views scatter, and the mean shift of each camera and its sd, shape (camera,)."""
    motion, control = view_motion(normals), view_motion(other_motion(normals))
    scatter = shift_scatter(motion, control, spread)
    for turn in range(_MEANS):
        mean, sd = mean_shifts(motion, scatter, in_blocks=turn == _MEANS - 1)
        scatter = shift_scatter(motion.about(mean), control, spread)
    return scatter, mean, sd


def _view_timing(normals: BodyNormals, spread: float | None, refinement: Refinement, unit: str) -> ViewTiming:
    scatter, mean, mean_sd = _scatter(normals, spread)
    motion = view_motion(normals)
    shift, sd = shifts(motion, scatter, mean)
    free = 2 * int(refinement.kept.sum()) - 6 * int(refinement.placed.sum()) - int(refinement.problem.free.sum())
    return ViewTiming(
        shift.T, sd.T, mean, mean_sd, scatter.spread, scatter.excess, shift_share(normals),
        shift_share(other_motion(normals)), float("nan"), len(principal(motion)[0]) / max(free, 1),
        float(np.sqrt(np.mean(refinement.sigma**2))), unit,
    )  # fmt: skip


def refine_timing(
    refinement: Refinement, moments: NDArray, unit: str = "s", spread: float | None = None
) -> TimedRefinement:
    """Refine cameras and boards with one time shift per view beside them.

    The shifts never become unknowns (see `bundle_slide`). They are free at first, for cameras that were refined
    without them have taken up a part; then motion, spread and noise are estimated anew until they have settled.
    Corners that were left out stay out, and those that are far off against what noise remains go too.

    Parameters
    ----------
    refinement : Refinement
    moments : ndarray, shape (frame,)
    unit : str
    spread : float, optional
        As `estimate_timing`.

    Raises
    ------
    SolverError
        TIMING_NOT_SETTLED
    """
    now, before = refinement, np.full(2, np.inf)
    limit, mean = _FREE * usual_interval(moments), np.zeros(refinement.problem.views.n_cameras)
    ratio = limit if spread is None else spread
    for turn in range(_ROUNDS):
        views = now.problem.views
        slide = body_slide(now, moments, mean, ratio)
        problem = replace(refinement.problem, views=views, slide=slide)
        result = minimise(problem, now.state, now.sigma)
        shift = best_shifts(slide, result.state, views, now.sigma).shift
        normals = body_normals(result.state, views, now.sigma, slide, shift)
        motion = view_motion(normals)
        taken = freedom_of_shifts(motion, ShiftScatter(ratio, 1.0))
        sigma = _remaining_noise(problem, result.state, now.sigma, taken)
        scatter, mean, _ = _scatter(normals, spread)
        now = replace(now, state=result.state, problem=problem, sigma=sigma, converged=result.converged)
        # The spread counts by what it does in the image, in units of the noise.
        pace = float(np.sqrt(np.mean(motion.shown / np.maximum(views.seen.sum(), 1))))
        ratio = min(scatter.ratio, limit)
        here = np.array([np.log(np.mean(sigma)), ratio * pace])
        settled = np.abs(here - before) < [_SETTLED, _SETTLED_SPREAD * max(1.0, here[1])]
        if result.converged and settled.all():
            return _timed(refinement, now, moments, unit, spread)
        before = here
        if 0 < turn <= _STRAY_ROUNDS:
            now = _without_strays(now, refinement)
    raise SolverError(
        "The time shifts of the views did not settle.",
        "Calibrate without time shifts, or film the board where three cameras see it.",
        code="TIMING_NOT_SETTLED",
    )


def _without_strays(now: Refinement, first: Refinement) -> Refinement:
    """Leave out, of the corners of the first refinement, those that no shift brings near: after a jerk, say."""
    views = now.every_view.with_seen(first.kept)
    moved = at_moments(now.problem, now.state, now.sigma, views)
    kept = fitting_corners(replace(now.problem, views=moved), now.state, now.sigma)
    placed = np.zeros_like(first.placed)
    placed[views.body[kept.any(axis=1)]] = True
    return replace(now, problem=replace(now.problem, views=views.with_seen(kept)), kept=kept, placed=placed)


def _remaining_noise(problem: BundleProblem, state: BundleState, sigma: NDArray, absorbed: NDArray) -> NDArray:
    """Noise, shape (camera,) in px, of what the shifts leave; the ratios between cameras stay."""
    views = at_moments(problem, state, sigma, problem.views)
    counts = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    ratio = sigma / np.sqrt(counts @ sigma**2 / counts.sum())
    found = noise_per_camera(replace(problem, views=views), state, absorbed)
    return np.asarray(ratio * np.sqrt(counts @ (found / ratio) ** 2 / counts.sum()))


def at_moments(problem: BundleProblem, state: BundleState, sigma: NDArray, views: Views) -> Views:
    """Return views (all or those that the problem counts) as they would be at the moments of their frames.

    The problem has a slide; the shift of each view is the best one for cameras and bodies of the state.
    """
    assert problem.slide is not None
    best = best_shifts(problem.slide, state, problem.views, sigma)
    moved = view_misses(best.state, alone_views(views)).miss - view_misses(state, views).miss
    return replace(views, pixels=views.pixels - moved)


def _timed(
    before: Refinement, now: Refinement, moments: NDArray, unit: str, spread: float | None
) -> TimedRefinement:
    slide, views = now.problem.slide, now.problem.views
    assert slide is not None
    every = at_moments(now.problem, now.state, now.sigma, now.every_view)
    still = replace(now.problem, views=every.with_seen(views.seen), slide=None)
    corrected = replace(now, every_view=every, problem=still)
    first, last = (float(squared_errors(r.state, r.problem.views).sum()) for r in (before, corrected))
    shift = best_shifts(slide, now.state, views, now.sigma).shift
    timing = _view_timing(body_normals(now.state, views, now.sigma, slide, shift), spread, now, unit)
    at_first = estimate_timing(before, moments, unit)
    timing = replace(
        timing, share_removed=at_first.share_removed, share_expected=at_first.share_expected,
        share_used=1.0 - last / max(first, 1e-300),
    )  # fmt: skip
    covariance = lens_and_pose_covariance(now.problem, now.state, now.sigma)
    return TimedRefinement(now, corrected, covariance, timing)
