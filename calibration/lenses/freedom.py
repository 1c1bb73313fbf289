"""Whether the views fix focal lengths and places, or what was presumed of the lenses does.

All cameras are fitted once more with every Brown coefficient free and without beliefs about ordinary lenses. Where
that moves focal lengths and distances between cameras at about the same residuals, the views do not fix them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.digits import digits
from calibration.lenses.models import free_parameters
from calibration.observations import BoardObservations
from calibration.quality.refits import Refit, refit, refit_bodies
from calibration.result import Calibration
from calibration.solve.bundle import LensPrior
from calibration.solve.bundle_system import N_LENS, squared_errors

#: Change of a focal length or a distance between cameras, in %, beyond which the views do not fix it.
NOT_FIXED_PCT = 1.0


@dataclass(frozen=True, eq=False)
class LensFreedom:
    """How far cameras move when nothing is presumed of their lenses.

    Attributes
    ----------
    focal_pct : ndarray, shape (camera,)
        Change of the mean focal length, absolute.
    baseline_pct : ndarray, shape (camera, camera)
        Change of the distances between the cameras, absolute; 0 on the diagonal.
    rms_px, free_rms_px : float
        Residual as calibrated, and with free lenses.
    reason : str
        In words why there is no such fit: then the views alone fix nothing of the kind, and the figures are NaN.
    """

    focal_pct: NDArray
    baseline_pct: NDArray
    rms_px: float
    free_rms_px: float
    reason: str = ""


def lens_freedom(calibration: Calibration, observations: BoardObservations) -> LensFreedom:
    """Fit all cameras once more with free lenses and compare.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    """
    n_cameras, bodies = len(calibration.rig), refit_bodies(calibration)
    problem = calibration.refinement.problem
    free = problem.free.copy()
    # A lens with more coefficients than Brown's five keeps them, a fisheye its four.
    wider = ["fisheye" if fisheye else "brown5" for fisheye in problem.views.fisheye]
    free[:, :N_LENS] |= free_parameters(wider)
    nothing = LensPrior(problem.prior.mean, 0 * problem.prior.precision, 0 * problem.prior.aspect_precision)
    loose = replace(calibration.refinement, problem=replace(problem, free=free, prior=nothing))
    found = refit(replace(calibration, refinement=loose), observations, bodies)
    if isinstance(found, str):
        none = float("nan")
        return LensFreedom(np.full(n_cameras, none), np.full((n_cameras, n_cameras), none), none, none, found)
    before, after = (np.array([camera.matrix[[0, 1], [0, 1]].mean() for camera in rig])
                     for rig in (calibration.rig, found.rig))  # fmt: skip
    lengths = [_distances(rig) for rig in (calibration.rig, found.rig)]
    change = np.abs(lengths[1] / np.where(lengths[0] > 0, lengths[0], 1.0) - 1.0) * (lengths[0] > 0)
    return LensFreedom(
        100 * np.abs(after / before - 1), 100 * change, calibration.quality.rms_px, _rms(found)
    )


def freedom_sentence(freedom: LensFreedom, names: tuple[str, ...]) -> str:
    """Return what a reader has to know; nothing where the views fix the cameras by themselves."""
    if freedom.reason:
        return (
            "Without the beliefs about ordinary lenses these views do not fix the cameras "
            f"({freedom.reason}): focal lengths and distances between cameras rest on these beliefs."
        )
    focal, baseline = float(freedom.focal_pct.max()), float(freedom.baseline_pct.max())
    if focal < NOT_FIXED_PCT and baseline < NOT_FIXED_PCT:
        return ""
    one, other = np.unravel_index(int(freedom.baseline_pct.argmax()), freedom.baseline_pct.shape)
    return (
        "Distances between cameras and focal lengths are not fixed by these views: with every lens parameter free, "
        f"focal lengths move by up to {focal:.1f} % ({names[int(freedom.focal_pct.argmax())]}) and distances by up to "
        f"{baseline:.1f} % ({names[one]}-{names[other]}) at about the same residual ({digits(freedom.free_rms_px, 3)} "
        f"against {digits(freedom.rms_px, 3)} px). They trade against each other: where the board was shown lengths "
        "are measured right all the same; outside that space they may not be."
    )


def _distances(rig: CameraRig) -> NDArray:
    centres = np.stack([camera.centre_world for camera in rig])
    return np.asarray(np.linalg.norm(centres[:, None] - centres, axis=-1))


def _rms(found: Refit) -> float:
    views = found.problem.views
    return float(np.sqrt(squared_errors(found.state, views)[views.seen].mean()))
