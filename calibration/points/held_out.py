"""Known lengths in frames that a calibration from points has not used: the honest figure in millimetres.

Interleaved folds, as for boards (`quality.held_out`): every n-th frame is left out in turn, the cameras are fitted to
the others, and the known lengths are measured in the frames left out. A wand's lengths are those between its markers;
of a person those that were given, after the frames of the fit have set the size. What the calibration named as
outliers stays out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import CalibrationError, SolverError
from calibration.points.lenses import rig_of_state
from calibration.points.result import PointCalibration
from calibration.points.size import KnownSizes, size_of_rig
from calibration.points.tracks import KnownLength
from calibration.quality.figures import LengthErrors, joined_lengths
from calibration.quality.held_out import LengthRegion, regions_of
from calibration.rigid import apply, inverse
from calibration.scale import scaled_rig
from calibration.solve.bundle import minimise
from calibration.solve.bundle_system import N_CAMERA, N_LENS
from calibration.solve.part import part_of
from calibration.world.estimates import estimate_points

N_FOLDS = 3
_LEAST_FRAMES = 15
_FAR_SPREADS = 4.0
_SPREAD_OF_MEDIAN = 1.4826  # sd of a Gaussian over the median of its absolute values


@dataclass(frozen=True, eq=False)
class HeldOutLength:
    """One known length in the frames left out.

    Attributes
    ----------
    name : str
        Its two points.
    known_m : float
    frames : ndarray of int, shape (frame,)
        Frames of the recording, in order of time.
    error_mm : ndarray, shape (frame,)
        Measured minus known.
    """

    name: str
    known_m: float
    frames: NDArray
    error_mm: NDArray


@dataclass(frozen=True, eq=False)
class HeldOutPoints:
    """Errors of known lengths in frames that the cameras were not fitted to.

    Attributes
    ----------
    lengths : tuple of HeldOutLength
    mean_mm, rmse_mm : float
        Over all lengths and frames but the far ones, as the size itself is measured.
    worst_mm : float
        The largest absolute error of all.
    n_far : int
        Lengths farther from their median than four spreads: points that no two cameras show at the same place.
    noise_mm : float
        The RMSE that the noise of the points in a single frame makes by itself.
    n_lengths, n_frames : int
    regions : tuple of LengthRegion
        As `quality.held_out.regions_of` has them, without the far ones.
    reason : str
        In words why there are none; then all figures are NaN.
    """

    lengths: tuple[HeldOutLength, ...]
    mean_mm: float
    rmse_mm: float
    worst_mm: float
    noise_mm: float
    n_far: int
    n_lengths: int
    n_frames: int
    regions: tuple[LengthRegion, ...]
    reason: str = ""


def held_out_lengths(found: PointCalibration, n_folds: int = N_FOLDS) -> HeldOutPoints:
    """Measure known lengths with cameras that were fitted to other frames."""
    pairs = _pairs(found.known)
    n_frames = len(found.frames)
    if not pairs:
        return _nothing("no length between points is known, only one between cameras")
    if n_frames < _LEAST_FRAMES:
        return _nothing(f"there are {n_frames} frames, {_LEAST_FRAMES} at least are needed")
    measured = [_Measured.none(n_frames) for _ in pairs]
    for fold in range(n_folds):
        left_out = np.arange(n_frames) % n_folds == fold
        rig = _refitted(found, ~left_out)
        if isinstance(rig, str):
            return _nothing(rig)
        for pair, own in zip(pairs, measured, strict=True):
            _measure(found, rig, pair, left_out, own)
    return _collected(found, pairs, measured)


@dataclass(frozen=True, eq=False)
class _Measured:
    """One length in every frame: error in m, its variance by noise alone, and where; filled fold by fold."""

    error: NDArray
    variance: NDArray
    middle_world: NDArray

    @staticmethod
    def none(n_frames: int) -> "_Measured":
        return _Measured(*(np.full(shape, np.nan) for shape in (n_frames, n_frames, (n_frames, 3))))


def _pairs(known: KnownSizes) -> list[KnownLength]:
    """Lengths between points: with a wand those between its markers, which a further length cannot better."""
    if known.wand is None:
        return list(known.lengths)
    wand = known.wand
    places, sd = wand.markers_wand, max(wand.length_sd_m, 1e-9)
    one, other = np.triu_indices(wand.n_markers, 1)
    return [
        KnownLength(int(a), int(b), float(np.linalg.norm(places[a] - places[b])), sd)
        for a, b in zip(one, other, strict=True)
    ]


def _refitted(found: PointCalibration, used: NDArray) -> CameraRig | str:
    """Cameras fitted to some frames, in m and in the frame of the refinement; or in words why not."""
    refinement, tracks, known = found.solved.refinement, found.solved.tracks, found.known
    views = refinement.problem.views
    per_frame = views.n_bodies // tracks.n_frames
    seen = np.unique(views.body[views.seen.any(axis=1)])
    bodies = seen[used[seen // per_frame]]
    part, state = part_of(views, refinement.state, bodies)
    try:
        result = minimise(replace(refinement.problem, views=part), state, refinement.sigma)
        if not result.converged:
            return "a fit to two thirds of the frames does not settle"
        rig = rig_of_state(found.solved.rig, result.state.lenses, result.state.cam_from_world)
        pixels = np.where((found.kept & used[:, None])[..., None], tracks.pixels, np.nan)
        sigma, n = float(np.sqrt(np.mean(refinement.sigma**2))), len(rig) * N_CAMERA
        # How sure the cameras are decides only what a tape weighs beside other lengths.
        size = size_of_rig(rig, np.zeros((n, n)), pixels, known, sigma, tracks.point_names, 1.0)
    except (SolverError, CalibrationError, np.linalg.LinAlgError):
        return "two thirds of the frames alone do not fix the cameras and their size"
    return scaled_rig(rig, size.estimate.factor)


def _measure(found: PointCalibration, rig: CameraRig, pair: KnownLength, frames: NDArray, own: _Measured) -> None:
    tracks = found.solved.tracks
    chosen, ends = np.flatnonzero(frames), [pair.one, pair.other]
    pixels = np.where(found.kept[..., None], tracks.pixels, np.nan)[:, chosen][:, :, ends]
    sigma = float(np.sqrt(np.mean(found.solved.refinement.sigma**2)))
    points = estimate_points(rig, pixels.reshape(len(rig), -1, 2), sigma)
    first, second = points.points[0::2], points.points[1::2]
    length = np.linalg.norm(first - second, axis=1)
    there = length > 0
    along = (first - second)[there] / length[there, None]
    own.error[chosen[there]] = length[there] - pair.length_m
    alone = (points.alone[0::2] + points.alone[1::2])[there]
    own.variance[chosen[there]] = np.einsum("fi,fij,fj->f", along, alone, along)
    # One camera keeps its place in every fit: the world hangs on it.
    held = int((~found.solved.refinement.problem.free[:, N_LENS:].any(axis=1)).argmax())
    world_from_fit = inverse(found.rig.cameras[held].cam_from_world) @ rig.cameras[held].cam_from_world
    own.middle_world[chosen[there]] = apply(world_from_fit, 0.5 * (first + second)[there])


def _collected(
    found: PointCalibration, pairs: Sequence[KnownLength], measured: Sequence[_Measured]
) -> HeldOutPoints:
    names, parts, lengths, variance, worst_mm, n_far = found.solved.tracks.point_names, [], [], [], 0.0, 0
    for pair, own in zip(pairs, measured, strict=True):
        good = np.flatnonzero(np.isfinite(own.error))
        title = f"{names[pair.one]}-{names[pair.other]}"
        lengths.append(HeldOutLength(title, pair.length_m, found.frames[good], 1e3 * own.error[good]))
        off = np.abs(own.error[good] - np.median(own.error[good])) if len(good) else np.empty(0)
        worst_mm = max(worst_mm, float(1e3 * np.abs(own.error[good]).max(initial=0.0)))
        near = good[off <= _FAR_SPREADS * _SPREAD_OF_MEDIAN * np.median(off)] if len(good) else good
        n_far += len(good) - len(near)
        parts.append(LengthErrors(own.middle_world[near], own.error[near], near))
        variance.append(own.variance[near])
    whole = joined_lengths(parts, [0] * len(parts))
    if not len(whole.error):
        return _nothing("no known length was seen by two cameras")
    errors_mm = 1e3 * whole.error
    return HeldOutPoints(
        tuple(lengths), float(errors_mm.mean()), float(np.sqrt(np.mean(errors_mm**2))),
        worst_mm, float(1e3 * np.sqrt(np.concatenate(variance).mean())), n_far, len(errors_mm) + n_far,
        len(np.unique(whole.frame)), regions_of(whole),
    )  # fmt: skip


def _nothing(reason: str) -> HeldOutPoints:
    none = float("nan")
    return HeldOutPoints((), none, none, none, none, 0, 0, 0, (), reason)
