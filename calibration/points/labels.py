"""Which end is which: ends of a wand, or left and right of a person, that a camera took for each other.

Between cameras that stand somewhere, only one of the two orders lets the rays of a view meet those of the others. The
test is frame by frame and camera by camera, first on the epipolar distance, then on the reprojection error.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.points.epipolar import sampson_px
from calibration.points.start import robust_points
from calibration.points.tracks import PointTracks
from calibration.rigid import inverse
from calibration.triangulation import undistorted

_CAP_PX = 40.0
_CLEARLY = 0.5  # a labelled view is exchanged when that leaves less than this share of its misfit
_LEAST_GAIN_PX = 4.0
_ROUNDS = 2


def untangled(rig: CameraRig, tracks: PointTracks, target: NDArray | None = None) -> tuple[PointTracks, NDArray]:
    """Return tracks whose names agree over the cameras, and which views were exchanged.

    Parameters
    ----------
    rig : CameraRig
        Cameras that stand about where they should.
    tracks : PointTracks
        Of labelled ones a view is exchanged when that fits clearly better, and a frame as a whole when more than
        half of its cameras say so.
    target : ndarray, shape (point, 3), optional
        A rigid object, m, in the scale of the rig: its uneven distances decide for each frame as a whole.

    Returns
    -------
    tracks : PointTracks
    exchanged : ndarray of bool, shape (camera, frame)
    """
    if np.array_equal(tracks.exchanged, np.arange(tracks.n_points)):
        return tracks, np.zeros((tracks.n_cameras, tracks.n_frames), dtype=bool)
    both = np.stack([tracks.pixels, tracks.pixels[:, :, tracks.exchanged]])
    chosen = _by_epipolar(rig, both, tracks.labelled)
    for _ in range(_ROUNDS):
        chosen = _by_reprojection(rig, both, chosen, tracks.labelled)
    there = tracks.seen.any(axis=2)
    if tracks.labelled:
        chosen ^= 2 * (chosen & there).sum(axis=0) > there.sum(axis=0)
    if target is not None:
        points = robust_points(rig, _picked(both, chosen))
        chosen ^= _reversed_frames(points, target, tracks.exchanged)
    return tracks.with_pixels(_picked(both, chosen)), chosen & there


def _picked(both: NDArray, chosen: NDArray) -> NDArray:
    return np.where(chosen[..., None, None], both[1], both[0])


def _decided(straight: NDArray, crossed: NDArray, labelled: bool) -> NDArray:
    if not labelled:
        return np.asarray(crossed < straight)
    return np.asarray((crossed < _CLEARLY * straight) & (crossed < straight - _LEAST_GAIN_PX))


def _by_epipolar(rig: CameraRig, both: NDArray, labelled: bool) -> NDArray:
    """Choose camera by camera, against all cameras before it, shape (camera, frame)."""
    n, shape = len(rig), both.shape[2:4]
    rays = np.stack([undistorted(rig, option)[0] for option in both])
    focal = [float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1])) for camera in rig]
    chosen = np.zeros((n, shape[0]), dtype=bool)
    for camera in range(1, n):
        misfit = np.zeros((2, shape[0]))
        for other in range(camera):
            own = np.where(chosen[other][:, None, None], rays[1, other], rays[0, other])
            pose = rig.cameras[camera].cam_from_world @ inverse(rig.cameras[other].cam_from_world)
            for option in range(2):
                off = sampson_px(
                    pose[None], own.reshape(-1, 2), rays[option, camera].reshape(-1, 2), focal[other], focal[camera]
                )
                capped = np.nan_to_num(np.minimum(np.abs(off), _CAP_PX)).reshape(shape)
                misfit[option] += capped.sum(axis=1)
        chosen[camera] = _decided(misfit[0], misfit[1], labelled)
    return chosen


def _by_reprojection(rig: CameraRig, both: NDArray, chosen: NDArray, labelled: bool) -> NDArray:
    """Choose again for each view, by where the points of all views together fall."""
    expected = rig.project(robust_points(rig, _picked(both, chosen)))
    misfit = np.nan_to_num(np.minimum(np.linalg.norm(both - expected, axis=-1), _CAP_PX)).sum(axis=-1)
    return np.where(misfit.any(axis=0), _decided(misfit[0], misfit[1], labelled), chosen)


def _reversed_frames(points: NDArray, target: NDArray, exchanged: NDArray) -> NDArray:
    """Frames, shape (frame,), whose distances fit the target better with all names exchanged."""
    wanted = np.linalg.norm(target[:, None] - target[None], axis=2)
    found = np.linalg.norm(points[:, :, None] - points[:, None], axis=3)
    straight = np.nan_to_num(np.abs(found - wanted)).sum(axis=(1, 2))
    turned = wanted[np.ix_(exchanged, exchanged)]
    crossed = np.nan_to_num(np.abs(found - turned)).sum(axis=(1, 2))
    return np.asarray(crossed < straight * (1 - 1e-9))


def sorted_along(pixels: NDArray, order: NDArray) -> NDArray:
    """Bring markers on one line, found in no order, into the wand's order up to its direction.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, marker, 2)
    order : ndarray of int, shape (marker,)
        Markers of the wand from one end to the other.

    Returns
    -------
    ndarray, shape (camera, frame, marker, 2)
        NaN in views that do not show all markers: nobody knows which are missing.
    """
    whole = np.isfinite(pixels).all(axis=(2, 3))
    safe = np.where(whole[..., None, None], pixels, 0.0)
    off = safe - safe.mean(axis=2, keepdims=True)
    axes = np.linalg.eigh(np.einsum("cfmi,cfmj->cfij", off, off))[1][..., 1]
    along = np.einsum("cfmi,cfi->cfm", off, axes)
    ranked = np.take_along_axis(safe, np.argsort(along, axis=2)[..., None], axis=2)
    answer = np.empty_like(ranked)
    answer[:, :, order] = ranked
    return np.where(whole[..., None, None], answer, np.nan)


def middle_of(pixels: NDArray, order: NDArray) -> NDArray:
    """Return what both orders of a wand share, shape (camera, frame, 1, 2): its middle marker, or nearly its middle."""
    n = len(order)
    inner = order[[(n - 1) // 2, n // 2]]
    return np.asarray(pixels[:, :, inner].mean(axis=2, keepdims=True))
