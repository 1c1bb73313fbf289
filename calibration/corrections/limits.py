"""What limits a recording: noise of the corners, or what moves whole views about, and what the views leave open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.corrections.board_motion import frame_moments
from calibration.corrections.choice import Wanted
from calibration.corrections.flatness import TELLING, Flatness, board_flatness
from calibration.corrections.timing import estimate_timing
from calibration.corrections.view_patterns import ViewPatterns, view_patterns
from calibration.corrections.view_timing import ViewTiming
from calibration.digits import digits
from calibration.observations import BoardObservations
from calibration.result import Calibration
from calibration.rigid import apply
from calibration.solve.bundle_system import N_CAMERA
from calibration.solve.part import thinned

_SHARED = 3.0  # excess of shared patterns (as a ratio of variances) from which they are told as the limit
_NOT_FIXED = 0.01  # relative sd of focal lengths or baselines from which the views do not fix them
_SHALLOW = 1.5  # farthest over nearest depth of a camera's views below which focal length and distance trade
_TELLING = 2 * TELLING  # bodies that tell of noise and timing
_FEW = 8  # views that a camera shares with the camera it shares most


@dataclass(frozen=True)
class Looseness:
    """What the views leave open, as relative standard deviations.

    Attributes
    ----------
    focal : float
        Of the least certain combination of all focal lengths.
    baseline : float
        Of the least certain distance between two cameras.
    pair : tuple of str
        Those two cameras.
    """

    focal: float
    baseline: float
    pair: tuple[str, str]


def looseness(calibration: Calibration) -> Looseness:
    """Return how far focal lengths and distances between cameras are open."""
    size = len(calibration.rig) * N_CAMERA
    covariance = calibration.camera_covariance.reshape(size, size)
    focal = np.zeros((len(calibration.rig), size))
    for index, camera in enumerate(calibration.rig):
        focal[index, index * N_CAMERA] = 0.5 / camera.matrix[0, 0]
        focal[index, index * N_CAMERA + 1] = 0.5 / camera.matrix[1, 1]
    widest = _widest(focal @ covariance @ focal.T)
    follow, pairs = _relative_baselines(calibration.rig)
    if not pairs:
        return Looseness(widest, 0.0, (calibration.rig.names[0], calibration.rig.names[0]))
    variance = np.einsum("ij,jk,ik->i", follow, covariance, follow)
    worst = int(np.argmax(variance))
    return Looseness(widest, float(np.sqrt(variance[worst])), pairs[worst])


def _widest(covariance: NDArray) -> float:
    """RMS over the cameras of the least certain combination."""
    return float(np.sqrt(max(np.linalg.eigvalsh(covariance)[-1], 0.0) / len(covariance)))


def _relative_baselines(rig: CameraRig) -> tuple[NDArray, list[tuple[str, str]]]:
    rows, pairs = [], []
    for i, one in enumerate(rig):
        for j, other in enumerate(rig.cameras[:i]):
            between = one.centre_world - other.centre_world
            length = float(np.linalg.norm(between))
            if length < 1e-6:
                continue
            row = np.zeros((len(rig), N_CAMERA))
            # A shift t of the world in the camera's frame moves its centre by -R' t.
            row[i, 15:] = -one.cam_from_world[:3, :3] @ between / length**2
            row[j, 15:] = other.cam_from_world[:3, :3] @ between / length**2
            rows.append(row.ravel())
            pairs.append((other.name, one.name))
    return np.array(rows).reshape(-1, len(rig) * N_CAMERA), pairs


def recording_limits(
    calibration: Calibration, observations: BoardObservations, wanted: Wanted | None = None, loosely: bool = True,
    flatness: Flatness | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Find out, and say in plain sentences, what limits a recording.

    Parameters
    ----------
    calibration : Calibration
        Where neither the moments of views nor the shape of the board were corrected, it is tried whether they ought
        to be.
    observations : BoardObservations
        Those that it was made from.
    wanted : Wanted, optional
        For the times of the frames.
    loosely : bool
        Also say how far focal lengths and distances between cameras are open.
    flatness : Flatness, optional
        Of the board, where it was found out already.

    Returns
    -------
    tuple of str
        The greatest limit first.
    """
    timing, shape = calibration.timing, calibration.shape
    if timing is None:
        moments = _moments(calibration, observations, wanted or Wanted())
        timing = estimate_timing(calibration.refinement, *moments, most=_TELLING)
        timing = timing if timing.significant else None
    board = shape.describe() if shape is not None else _seems_bent(flatness or board_flatness(calibration))
    return what_limits(calibration, observations, timing, board, loosely)


def _moments(calibration: Calibration, observations: BoardObservations, wanted: Wanted) -> tuple[NDArray, str]:
    moments, unit = frame_moments(observations.frame_ids, wanted.frame_times, wanted.rate_hz)
    return moments[calibration.frames], unit


def _seems_bent(flatness: Flatness) -> str:
    """Say that the board is not flat, where that is proven."""
    if flatness.shape is None:
        return ""
    return (
        f"The board {flatness.shape.size()} and was taken for flat, which moves the cameras. Let the calibration "
        "refine its shape (without --flat), or mount it on a stiff plate."
    )


def what_limits(
    calibration: Calibration, observations: BoardObservations, timing: ViewTiming | None = None,
    board: str | None = None, loosely: bool = True,
) -> tuple[str, ...]:  # fmt: skip
    """Say in plain sentences, with numbers, what limits a recording.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    timing : ViewTiming, optional
        What `timing.estimate_timing` or `refine_timing` found.
    board : str, optional
        What `board_shape` says of the board's flatness.
    loosely : bool
        Also say how far focal lengths and distances between cameras are open.

    Returns
    -------
    tuple of str
        The greatest limit first.
    """
    refinement, _ = thinned(calibration.refinement, _TELLING)
    told = [_noise_sentence(view_patterns(refinement.state, refinement.problem.views), timing)]
    if timing is not None:
        told += _timing_sentences(timing, calibration.rig.names)
    if board:
        told.append(board)
    loose = looseness(calibration)
    if loosely:
        told += filter(None, [_loose_sentence(loose)])
    if loose.focal > 0.5 * _NOT_FIXED:
        told += _depth_sentences(calibration, observations)
    told += _shared_sentences(calibration)
    return tuple(told)


def _timing_sentences(timing: ViewTiming, names: tuple[str, ...]) -> list[str]:
    told = timing.sentences(names)
    if np.isfinite(timing.share_used) or not timing.significant:
        return list(told)
    if timing.late_cameras.any():
        return [*told, "Let the calibration estimate these shifts (--timing), or run the cameras by one clock."]
    # Views that are shaken in the image, as by a tripod that trembles, look like these.
    return [
        f"One time shift per view would remove {100 * timing.share_removed:.0f} % of the residual energy (motions that "
        f"the board did not make {100 * timing.share_expected:.0f} %): if the cameras have no common clock, let the "
        "calibration estimate these shifts (--timing); trembling cameras look alike."
    ]


def _noise_sentence(patterns: ViewPatterns, timing: ViewTiming | None) -> str:
    if not np.isfinite(patterns.corner_px):
        return "Views show too few corners to tell noise from other errors."
    if patterns.excess < _SHARED:
        return f"The recording is limited by corner noise: {digits(patterns.corner_px)} px."
    size = f"{digits(patterns.corner_px)} px, but whole views are off by {digits(patterns.view_px)} px"
    if timing is not None and timing.late_cameras.any() and not np.isfinite(timing.share_used):
        return f"Timing limits this recording: single corners scatter by {size}, the more the faster it moved."
    return (
        f"Single corners scatter by {size}: timing, a bent board, the lens model or a rolling shutter limits this "
        "recording, not the corners."
    )


def _loose_sentence(loose: Looseness) -> str:
    if max(loose.focal, loose.baseline) < _NOT_FIXED:
        return ""
    return (
        f"The views do not fix the size of things beside the board: focal lengths may be off together by "
        f"{100 * loose.focal:.1f} % and the distance {loose.pair[0]}-{loose.pair[1]} by {100 * loose.baseline:.1f} % "
        "(standard deviations) at about the same residual. Film the board slanted, near and far, to the edges of every "
        "image."
    )


def _depth_sentences(calibration: Calibration, observations: BoardObservations) -> list[str]:
    shallow = []
    middle = observations.board.corners_board.mean(axis=0)
    points = apply(calibration.world_from_board, middle)
    for camera, kept in zip(calibration.rig, calibration.kept, strict=True):
        own = points[kept.any(axis=1)]
        depth = np.asarray(own @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3])
        depth = depth[np.isfinite(depth) & (depth > 0)]
        if len(depth) and depth.max() / depth.min() < _SHALLOW:
            shallow.append(f"{camera.name} from {depth.min():.2f} to {depth.max():.2f} m")
    if not shallow:
        return []
    return [
        f"The board was shown to some cameras at nearly one distance ({', '.join(shallow)}): show it nearer and "
        "farther, or focal length and distance trade against each other."
    ]


def _shared_sentences(calibration: Calibration) -> list[str]:
    views = np.asarray(calibration.kept.any(axis=2), dtype=np.int64)
    shared = views @ views.T
    np.fill_diagonal(shared, 0)
    return [
        f"Camera '{name}' shares only {int(most)} views with another camera: its place rests on few."
        for name, most in zip(calibration.rig.names, shared.max(axis=1), strict=True)
        if most < _FEW and len(calibration.rig) > 1
    ]
