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

from calibration.board_motion import board_paths, usual_interval
from calibration.bundle import BundleCovariance, BundleProblem, lens_and_pose_covariance, minimise
from calibration.bundle_slide import Slide, alone_views, best_shifts
from calibration.bundle_system import BundleState, Views, squared_errors
from calibration.errors import SolverError
from calibration.refinement import Refinement, noise_per_camera
from calibration.timing_share import (
    BodyNormals,
    ShiftScatter,
    body_normals,
    freedom_of_shifts,
    mean_shifts,
    other_motion,
    shift_scatter,
    shift_share,
    shifts,
    view_motion,
)
from calibration.view_jacobians import view_misses

_FREE = 0.25  # sd of the shifts in the first round, in units of the interval between frames
_MEANS = 3
_ROUNDS = 12
_SETTLED = 0.02  # relative change of noise and spread at which the rounds stop
_NOTABLE = 3.0  # sd from which a whole camera is told to be late


@dataclass(frozen=True, eq=False)
class ViewTiming:
    """When each view was taken, relative to the other views of its frame.

    Attributes
    ----------
    shift, sd : ndarray, shape (camera, frame)
        Seconds (or intervals between frames, see `unit`); positive is later than the moment that stands for the
        frame. NaN for views without corners or whose board has no neighbour in time. Shrunk towards 0 by the prior.
    camera_shift, camera_sd : ndarray, shape (camera,)
        Of a whole camera, against the mean of all.
    spread : float
        Standard deviation of the shifts of single views, estimated or given: the prior.
    excess : float
        How much more whole views are moved about than the noise of single corners explains, whatever way the board
        moves; as a ratio of variances, at least 1. Errors of lens or board do that, and shifts in time do not.
    share_removed : float
        Of the energy of all residuals, by one free shift per view, the poses as they are.
    share_expected : float
        What one free shift along a motion that the board did not make removes: chance, lens and board.
    share_used : float
        What the shifts as estimated (shrunk) remove once cameras and boards have followed; NaN where they have not.
    sigma_px : float
        Noise of one coordinate of a corner that remains.
    unit : str
        's', or 'frames' where nobody said how fast frames follow.
    """

    shift: NDArray
    sd: NDArray
    camera_shift: NDArray
    camera_sd: NDArray
    spread: float
    excess: float
    share_removed: float
    share_expected: float
    share_used: float
    sigma_px: float
    unit: str

    @property
    def significant(self) -> bool:
        """Whether residuals grow with the speed of the board beyond chance."""
        return self.spread > 0

    def sentences(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a reader has to know, in plain words."""
        head = (
            f"Timing: one time shift per view removes {100 * self.share_removed:.0f} % of the residual energy; shifts "
            f"along motions that the board did not make remove {100 * self.share_expected:.0f} %"
        )
        if not self.significant:
            return (f"{head}: no proof that views are early or late.",)
        factor, unit = (1e3, "ms") if self.unit == "s" else (1.0, "frame intervals")
        text = [f"{head}. Views are early or late by {factor * self.spread:.2g} {unit} (standard deviation)."]
        with np.errstate(invalid="ignore"):
            late = np.abs(self.camera_shift) > _NOTABLE * self.camera_sd
        text += [
            f"Camera '{name}' is {'late' if shift > 0 else 'early'} by {factor * abs(shift):.2g} +- "
            f"{factor * sd:.1g} {unit} on average."
            for name, shift, sd, is_late in zip(names, self.camera_shift, self.camera_sd, late, strict=True)
            if is_late
        ]
        return tuple(text)


@dataclass(frozen=True, eq=False)
class TimedRefinement:
    """A refinement in which each view may be early or late.

    Attributes
    ----------
    refinement : Refinement
        `every_view` and `problem.views` hold the pixels as they were; `problem.slide` what the views may slide along.
    corrected : Refinement
        The same with the pixels moved to the common moment of their frame: residuals of this one are what is left.
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
    paths = board_paths(refinement.state.world_from_board, moments, refinement.placed)
    return Slide(*paths, np.where(np.isfinite(mean), mean, 0.0), max(sd, 1e-9))


def estimate_timing(
    refinement: Refinement, moments: NDArray, unit: str = "s", spread: float | None = None
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

    Returns
    -------
    ViewTiming
        With axes (camera, frame of the refinement).
    """
    slide = body_slide(refinement, moments, np.zeros(refinement.problem.views.n_cameras), 1.0)
    normals = body_normals(refinement.state, refinement.problem.views, refinement.sigma, slide)
    return _view_timing(normals, spread, refinement.sigma, unit)


def _scatter(normals: BodyNormals, spread: float | None) -> tuple[ShiftScatter, NDArray, NDArray]:
    """How views scatter, and the mean shift of each camera and its sd, shape (camera,)."""
    motion, control = view_motion(normals), view_motion(other_motion(normals))
    scatter = shift_scatter(motion, control, spread)
    for _ in range(_MEANS):
        mean, sd = mean_shifts(motion, scatter)
        scatter = shift_scatter(motion.about(mean), control, spread)
    return scatter, mean, sd


def _view_timing(normals: BodyNormals, spread: float | None, sigma: NDArray, unit: str) -> ViewTiming:
    scatter, mean, mean_sd = _scatter(normals, spread)
    shift, sd = shifts(view_motion(normals), scatter, mean)
    return ViewTiming(
        shift.T, sd.T, mean, mean_sd, scatter.spread, scatter.excess, shift_share(normals),
        shift_share(other_motion(normals)), float("nan"), float(np.sqrt(np.mean(sigma**2))), unit,
    )  # fmt: skip


def refine_timing(
    refinement: Refinement, moments: NDArray, unit: str = "s", spread: float | None = None
) -> TimedRefinement:
    """Refine cameras and boards with one time shift per view beside them.

    The shifts never become unknowns (see `bundle_slide`). They are free at first, for cameras that were refined
    without them have taken up a part; then motion, spread and noise are estimated anew until they have settled.
    Corners that were left out stay out.

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
    now, before, views = refinement, np.full(2, np.inf), refinement.problem.views
    limit, mean = _FREE * usual_interval(moments), np.zeros(views.n_cameras)
    ratio = limit if spread is None else spread
    for _ in range(_ROUNDS):
        slide = body_slide(now, moments, mean, ratio)
        problem = replace(refinement.problem, slide=slide)
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
        if result.converged and np.abs(here - before).max() < _SETTLED * max(1.0, here[1]):
            return _timed(refinement, now, moments, unit, spread)
        before = here
    raise SolverError(
        "The time shifts of the views did not settle.",
        "Calibrate without time shifts, or film the board where three cameras see it.",
        code="TIMING_NOT_SETTLED",
    )


def _remaining_noise(problem: BundleProblem, state: BundleState, sigma: NDArray, absorbed: NDArray) -> NDArray:
    """Noise, shape (camera,) in px, of what the shifts leave; the ratios between cameras stay."""
    views = _corrected(problem, state, sigma, problem.views)
    counts = np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
    ratio = sigma / np.sqrt(counts @ sigma**2 / counts.sum())
    found = noise_per_camera(replace(problem, views=views), state, absorbed)
    return np.asarray(ratio * np.sqrt(counts @ (found / ratio) ** 2 / counts.sum()))


def _corrected(problem: BundleProblem, state: BundleState, sigma: NDArray, views: Views) -> Views:
    """Return views (all or those that the problem counts) as they would be at the moments of their frames."""
    assert problem.slide is not None
    best = best_shifts(problem.slide, state, problem.views, sigma)
    moved = view_misses(best.state, alone_views(views)).miss - view_misses(state, views).miss
    return replace(views, pixels=views.pixels - moved)


def _timed(
    before: Refinement, now: Refinement, moments: NDArray, unit: str, spread: float | None
) -> TimedRefinement:
    slide, views = now.problem.slide, now.problem.views
    assert slide is not None
    every = _corrected(now.problem, now.state, now.sigma, now.every_view)
    corrected = replace(now, every_view=every, problem=replace(now.problem, views=every.with_seen(views.seen)))
    first, last = (float(squared_errors(r.state, r.problem.views).sum()) for r in (before, corrected))
    shift = best_shifts(slide, now.state, views, now.sigma).shift
    timing = _view_timing(body_normals(now.state, views, now.sigma, slide, shift), spread, now.sigma, unit)
    at_first = estimate_timing(before, moments, unit)
    timing = replace(
        timing, share_removed=at_first.share_removed, share_expected=at_first.share_expected,
        share_used=1.0 - last / max(first, 1e-300),
    )  # fmt: skip
    covariance = lens_and_pose_covariance(now.problem, now.state, now.sigma)
    return TimedRefinement(now, corrected, covariance, timing)
