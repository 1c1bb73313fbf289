"""Whether cameras that run late spoil a calibration that took all views of a frame for simultaneous.

While a board swings, a late camera is off the same way for many views, and its focal length and place follow: what
moves them hardly shows in the residuals. So where errors hang together, the views are fitted once more with a time
shift each; where that proves a camera to be late or early as a whole, how far the cameras move is told in the
uncertainties that were stated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.corrections.board_motion import frame_moments
from calibration.corrections.choice import Wanted
from calibration.corrections.timing import refine_timing
from calibration.corrections.view_timing import ViewTiming
from calibration.digits import digits
from calibration.errors import SolverError
from calibration.observations import BoardObservations
from calibration.quality.bent_board import MOST_SDS, moved_sds, off_by
from calibration.quality.judgement import Check
from calibration.result import Calibration
from calibration.solve.bundle import minimise
from calibration.solve.part import stretches_of

#: Stated standard deviations by which cameras may move before a calibration is refused: errors that hang together
#: widen these, so that 2 are soon reached by cameras without a common clock that measure well enough.
_REFUSED_SDS = 4.0
_MOST_BODIES = 400
_NONE = float("nan")
_REMEDY = (
    "Let the calibration estimate when views were taken (--timing; in Python Wanted(timing='per-view')), or "
    "run the cameras by one clock."
)


@dataclass(frozen=True, eq=False)
class LateCameras:
    """What time shifts of the views say of a calibration made without.

    Attributes
    ----------
    timing : ViewTiming
        Of some or all bodies, cameras refined with the shifts.
    moved : ndarray, shape (2, camera)
        How far shifts move positions and focal lengths, in stated standard deviations; NaN where none is stated.
    """

    timing: ViewTiming
    moved: NDArray

    def describe(self, names: tuple[str, ...]) -> str:
        """Name the cameras that are late or early."""
        factor, unit = (1e3, "ms") if self.timing.unit == "s" else (1.0, "frame intervals")
        shift, told = np.where(self.timing.late_cameras, np.abs(self.timing.camera_shift), 0.0), []
        # Against the mean of all, of which one late camera makes the others early: those that are farthest off.
        for camera in np.flatnonzero(shift > 0.5 * shift.max()):
            way = "late" if self.timing.camera_shift[camera] > 0 else "early"
            sd = digits(factor * self.timing.camera_sd[camera], 1)
            told.append(f"'{names[camera]}' is {way} by {digits(factor * shift[camera])} +- {sd} {unit}")
        return f"against the mean of all cameras {', '.join(told)}"


def late_cameras(
    calibration: Calibration, observations: BoardObservations, wanted: Wanted | None = None
) -> LateCameras | str | None:
    """Fit the views with time shifts, where a calibration was made without and its errors hang together.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    wanted : Wanted, optional
        For the times of the frames.

    Returns
    -------
    LateCameras, str or None
        None where no camera is late beyond chance, in words why that could not be told.
    """
    if calibration.timing is not None or len(calibration.rig) < 2:
        return None
    if "uncertainty_factor" not in calibration.rig.metadata:
        return None  # errors are independent: none are of the clock
    wanted = wanted or Wanted()
    moments, unit = frame_moments(observations.frame_ids, wanted.frame_times, wanted.rate_hz)
    part, bodies = stretches_of(calibration.refinement, _MOST_BODIES)
    try:
        still = minimise(part.problem, part.state, part.sigma)
        timed = refine_timing(part, moments[calibration.frames][bodies], unit)
    except (SolverError, np.linalg.LinAlgError) as error:
        return str(getattr(error, "cause", error))
    if not timed.timing.late_cameras.any():
        return None
    return LateCameras(timed.timing, moved_sds(calibration, observations, still.state, timed.refinement.state))


def timing_checks(found: LateCameras | str | None, names: tuple[str, ...]) -> tuple[Check, ...]:
    """Return the check of late cameras; none where no camera is.

    Parameters
    ----------
    found : LateCameras, str or None
        As of `late_cameras`.
    names : tuple of str
    """
    if found is None:
        return ()
    if isinstance(found, str):
        why = f"whether cameras run late could not be told: {found[:1].lower()}{found[1:]}".rstrip(".")
        return (Check("timing_untested", "warn", _NONE, _NONE, _NONE, "", why, _REMEDY),)
    known = found.moved[np.isfinite(found.moved)]
    worst = float(known.max()) if len(known) else _NONE
    status = "warn" if worst <= _REFUSED_SDS else "fail"
    meaning = f"{found.describe(names)}, and all were taken for simultaneous: {off_by(worst)}"
    return (Check("timing", status, worst, MOST_SDS, _REFUSED_SDS, "sd", meaning, _REMEDY),)
