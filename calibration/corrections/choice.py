"""What a calibration may correct beside lenses and poses: the moments of single views, and the shape of the board."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.corrections.board_motion import frame_moments
from calibration.corrections.board_shape import KINDS, BoardShape, refine_shape
from calibration.corrections.timing import refine_timing
from calibration.corrections.view_timing import ViewTiming
from calibration.errors import CalibrationError
from calibration.observations import BoardObservations
from calibration.solve.bodies import BoardFootage
from calibration.solve.bundle import BundleCovariance, BundleProblem, lens_and_pose_covariance
from calibration.solve.refinement import Refinement
from calibration.solve.shared_errors import SharedErrors, with_shared_errors

TIMINGS = ("synchronous", "per-view")
SHAPES = ("flat", *KINDS)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What to correct.

    Attributes
    ----------
    timing : str
        'synchronous', or 'per-view': each view may be early or late.
    board_shape : str
        'flat', 'bending' (two curvatures and a twist) or 'corners' (each on its own).
    frame_times : mapping by position, ndarray, shape (frame,) or (camera, frame), optional
        Seconds, along the frame axis of the first board's observations. Frames follow evenly without.
    rate_hz : float, optional
        Frames a second where there are no times; shifts count in frames without either.
    """

    timing: str = "synchronous"
    board_shape: str = "flat"
    frame_times: NDArray | None = None
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        for name, value, known in (("timing", self.timing, TIMINGS), ("board shape", self.board_shape, SHAPES)):
            if value not in known:
                raise CalibrationError(
                    f"The {name} '{value}' is not known.", f"Choose one of {', '.join(known)}.",
                    code="CORRECTION_UNKNOWN",
                )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Corrected:
    """A refinement with what was wanted corrected.

    Attributes
    ----------
    refinement : Refinement
        Its views hold pixels moved to the moments of their frames, and the refined board as their target.
    open_problem : BundleProblem
        Of which the covariance is told, the shifts of the views included.
    timing : ViewTiming, optional
        With axes (camera, body).
    shape : BoardShape, optional
        Of the first board.
    shaped : BundleCovariance, optional
        With what the board's shape leaves open.
    """

    refinement: Refinement
    open_problem: BundleProblem
    timing: ViewTiming | None = None
    shape: BoardShape | None = None
    shaped: BundleCovariance | None = None

    def shared_errors(self) -> SharedErrors:
        """Return the covariance of the cameras, with the errors that whole views share.

        The freedom of shifts is taken out, or that of the board's shape; of both together what each adds to the
        covariance is summed.
        """
        answer = self.open_problem, self.refinement.state, self.refinement.sigma
        if self.shaped is not None:
            return with_shared_errors(*answer, self._shaped_and_shifted(self.shaped), exact=False)
        return with_shared_errors(*answer, lens_and_pose_covariance(*answer))

    def _shaped_and_shifted(self, shaped: BundleCovariance) -> BundleCovariance:
        """Return the covariance with what the shifts of the views leave open beside the shape."""
        if self.open_problem.slide is None:
            return shaped
        answer = self.refinement.state, self.refinement.sigma
        still = replace(self.open_problem, views=self.refinement.problem.views, slide=None)
        with_shifts, without = (lens_and_pose_covariance(problem, *answer) for problem in (self.open_problem, still))
        return replace(shaped, camera=shaped.camera + with_shifts.camera - without.camera)

    def sentences(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return what a reader has to know, as metadata of a rig."""
        told = {}
        if self.timing is not None:
            told["timing"] = " ".join(self.timing.sentences(names))
        if self.shape is not None:
            told["board_shape"] = self.shape.describe()
        return told


def corrected(
    refinement: Refinement, open_problem: BundleProblem, footage: BoardFootage, wanted: Wanted
) -> Corrected:
    """Refine on with what is wanted.

    Parameters
    ----------
    refinement : Refinement
    open_problem : BundleProblem
        Of which the covariance is told.
    footage : BoardFootage
    wanted : Wanted

    Raises
    ------
    SolverError
        TIMING_NOT_SETTLED, SHAPE_NOT_CONVERGED
    ShapeError
        When times or board do not allow it.
    """
    timing = shape = shaped = None
    if wanted.timing == "per-view":
        timed = refine_timing(refinement, *_moments(footage, wanted))
        refinement, timing, last = timed.corrected, timed.timing, timed.refinement.problem
        open_problem = replace(open_problem, views=last.views, slide=last.slide)
    if wanted.board_shape != "flat":
        still = replace(open_problem, views=refinement.problem.views, slide=None)
        bent = refine_shape(refinement, wanted.board_shape, open_problem=still)
        refinement, shaped, shape = bent.refinement, bent.covariance, bent.shape
        seen = replace(open_problem.views, targets=refinement.problem.views.targets)
        open_problem = replace(open_problem, views=seen)
    return Corrected(refinement, open_problem, timing, shape, shaped)


def _moments(footage: BoardFootage, wanted: Wanted) -> tuple[NDArray, str]:
    """Return the moment of each body, and its unit."""
    if wanted.frame_times is None:
        return frame_moments(footage.frame_ids, None, wanted.rate_hz)
    first = footage.boards[0]
    moments, unit = frame_moments(first.frame_ids, wanted.frame_times)
    places = np.searchsorted(first.frame_ids, footage.frame_ids)
    inside = np.minimum(places, first.n_frames - 1)
    known = first.frame_ids[inside] == footage.frame_ids
    return np.where(known, moments[inside], np.nan), unit


def corrected_observations(
    refinement: Refinement, frames: NDArray, observations: BoardObservations
) -> BoardObservations:
    """Return observations with the corners as they would be at the moments of their frames.

    What scores the calibration has to use these: distances between corners that were seen at different moments are
    no measure of the cameras. Each view's one shift was estimated from the board itself, so that a little of the
    board's own shape is in them.

    Parameters
    ----------
    refinement : Refinement
        `Calibration.refinement`, corrected.
    frames : ndarray of int, shape (used,)
        `Calibration.frames`
    observations : BoardObservations
        As they were filmed.
    """
    views = refinement.every_view
    pixels = observations.pixels.copy()
    here = pixels[views.camera, frames[views.body]]
    n_corners = pixels.shape[2]
    seen = views.seen[:, :n_corners, None] & np.isfinite(here)
    pixels[views.camera, frames[views.body]] = np.where(seen, views.pixels[:, :n_corners], here)
    return replace(observations, pixels=pixels)
