"""Whether a board that was taken for flat spoils a calibration: how far its cameras move once the bend is counted.

A bend is an error that all views share: no residual and no interval shows what it does to focal lengths and places of
cameras. So the views that prove it are fitted twice, with a flat board and with a bent one, and the difference is told
in the uncertainties that were stated.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.corrections.flatness import Flatness
from calibration.errors import SolverError
from calibration.observations import BoardObservations
from calibration.quality.judgement import Check
from calibration.quality.split_halves import board_middles, in_volume
from calibration.quality.uncertainty import focal_sd, position_sd
from calibration.result import Calibration, refined_cameras
from calibration.solve.bundle import minimise
from calibration.solve.bundle_system import BundleState

#: Stated standard deviations by which cameras may move before a calibration is refused.
MOST_SDS = 2.0
_NONE = float("nan")
_REMEDY = (
    "Let the calibration refine the board's shape (leave --flat away; in Python Wanted(board_shape='bending')), or "
    "mount the board on a stiff plate."
)


def shape_checks(calibration: Calibration, observations: BoardObservations, flatness: Flatness) -> tuple[Check, ...]:
    """Return the checks of the boards' flatness.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    flatness : Flatness
        What `corrections.flatness.board_flatness` found.
    """
    return (*_main(calibration, observations, flatness), *_further(calibration))


def _main(calibration: Calibration, observations: BoardObservations, flatness: Flatness) -> tuple[Check, ...]:
    if flatness.untold:
        why = f"whether the board is flat was not tested: {flatness.untold[:1].lower()}{flatness.untold[1:]}"
        return (Check("board_shape_untested", "warn", _NONE, _NONE, _NONE, "", why, "Mount it on a stiff plate."),)
    if flatness.shape is None:
        return ()
    moved = moved_by_bend(calibration, observations, flatness)
    known = moved[np.isfinite(moved)]
    # Where nothing can be held against it, a bend that is proven counts as too large.
    worst = float(known.max()) if len(known) else _NONE
    status = "warn" if worst <= MOST_SDS else "fail"
    meaning = f"the board {flatness.shape.size()} and was taken for flat: {off_by(worst)}"
    return (Check("board_shape", status, worst, MOST_SDS, MOST_SDS, "sd", meaning, _REMEDY),)


def off_by(worst: float) -> str:
    """Say how far cameras are off, up to the figure, stated standard deviations, that a check puts behind it."""
    up_to = "up to" if np.isfinite(worst) else "more than can be stated"
    return f"positions or focal lengths of cameras are off by {up_to}"


def _further(calibration: Calibration) -> tuple[Check, ...]:
    if not calibration.further_bent:
        return ()
    meaning = "; ".join(calibration.further_bent)
    remedy = "Calibrate with that board first or alone, or mount it on a stiff plate."
    return (Check("further_board_shape", "warn", _NONE, _NONE, _NONE, "", meaning, remedy),)


def moved_by_bend(calibration: Calibration, observations: BoardObservations, flatness: Flatness) -> NDArray:
    """Return how far a bend that is counted moves the cameras, shape (2, camera), in stated standard deviations.

    Positions, against the volume that was measured, and focal lengths; NaN where none is stated or found.

    Parameters
    ----------
    calibration : Calibration
        With the board taken for flat.
    observations : BoardObservations
    flatness : Flatness
        With a shape.
    """
    part, bent = flatness.part, flatness.bent
    unknown = np.full((2, len(calibration.rig)), np.nan)
    if part is None or bent is None:
        return unknown
    try:
        flat = minimise(part.problem, part.state, part.sigma)
    except (SolverError, np.linalg.LinAlgError):
        return unknown
    return moved_sds(calibration, observations, flat.state, bent.state)


def moved_sds(
    calibration: Calibration,
    observations: BoardObservations,
    one: BundleState,
    other: BundleState,
    models: tuple[str, ...] = (),
) -> NDArray:
    """Return how far cameras move from one state to another, shape (2, camera), in stated standard deviations.

    Positions, against the volume that was measured, and focal lengths; NaN where none is stated. `models` are the
    lenses of the other state, where they differ.
    """
    answer = np.full((2, len(calibration.rig)), np.nan)
    used = calibration.models, models or calibration.models
    rigs = [_rig(calibration, observations, *given) for given in zip((one, other), used, strict=True)]
    focal = [np.array([camera.matrix[[0, 1], [0, 1]].mean() for camera in rig]) for rig in rigs]
    answer[1] = np.abs(focal[1] / focal[0] - 1) / _known(focal_sd(calibration.rig))
    if len(calibration.rig) > 1:
        placed = in_volume(rigs[1], rigs[0], board_middles(calibration, observations))
        centres = [np.stack([camera.centre_world for camera in rig]) for rig in (rigs[0], placed)]
        answer[0] = np.linalg.norm(centres[1] - centres[0], axis=1) / _known(position_sd(calibration.rig))
    return answer


def _known(sd: NDArray) -> NDArray:
    return np.where(sd > 0, sd, np.nan)


def _rig(
    calibration: Calibration, observations: BoardObservations, state: BundleState, models: tuple[str, ...]
) -> CameraRig:
    moved = replace(calibration.refinement, state=state)
    cameras = refined_cameras(observations, moved, list(models), calibration.world.root_from_world)
    return CameraRig(cameras)
