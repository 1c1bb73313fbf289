"""Cameras whose spots all lie beside where the calibration has them: found from how rays meet, to label them still."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import digits
from calibration.triangulation import triangulate
from mocap.keypoints.markers.candidates import paired_spots, spot_pixels
from mocap.keypoints.markers.limits import LearnedLimit, asked_frames, learned_limit, told_limit

_SUSPECT_PX = 0.6  # only where so much is needed is it asked whether one camera is off
_LEAST_PX, _LEAST_GAIN = 0.3, 0.04  # of an offset, and of the misfit it takes away (0.01 where none is off)
_BETTER = 0.7  # of the limit before
_MOST_PAIRS = 10_000
_SCALES_PX = (1.5, 1.0, 0.7, 0.5, 0.35, 0.3, 0.3, 0.3)  # from what may be off to what true pairs leave


def limit_without_offsets(
    rig: CameraRig, centres_px: list[list[NDArray]], most_px: float
) -> tuple[LearnedLimit, NDArray, tuple[str, ...]]:
    """Learn how far spots may lie from their point, cameras that are off as a whole set right first.

    Parameters
    ----------
    rig : CameraRig
        Without distortion.
    centres_px : list (camera) of list (time) of ndarray, shape (spot, 2)
    most_px : float
        As of `learned_limit`.

    Returns
    -------
    limit : LearnedLimit
    offset_px : ndarray, shape (camera, 2)
        To be taken off the spots; 0 but for cameras that are off.
    notes : tuple of str
    """
    limit, offset = learned_limit(rig, centres_px, most_px), np.zeros((len(rig), 2))
    frames = asked_frames(len(centres_px[0]))
    for _ in range(len(rig) // 2):
        if limit.learned and limit.limit_px <= _SUSPECT_PX:
            break
        here = [[own[frame] - shift for own, shift in zip(centres_px, offset, strict=True)] for frame in frames]
        step = _one_offset(rig, here, most_px)
        if not step.any():
            break
        moved = [[spots - shift for spots in own] for own, shift in zip(centres_px, offset + step, strict=True)]
        again = learned_limit(rig, moved, most_px)
        if not again.learned or again.limit_px > _BETTER * limit.limit_px:
            break
        limit, offset = again, offset + step
    return limit, offset, (*told_limit(limit, rig.names), *_told(offset, rig.names))


def _told(offset_px: NDArray, names: Sequence[str]) -> list[str]:
    return [f"The spots of {name} lie {digits(float(np.linalg.norm(own)), 2)} px beside where its calibration has them "
            f"({own[0]:+.2f} across, {own[1]:+.2f} down). That was taken out to find their labels and not from the "
            f"keypoints: check its calibration."
            for name, own in zip(names, offset_px, strict=True) if own.any()]  # fmt: skip


def _one_offset(rig: CameraRig, frames: list[list[NDArray]], most_px: float) -> NDArray:
    """Return the offset, shape (camera, 2), px, of the one camera whose offset explains most; 0 if none does.

    Pairs of spots whose rays nearly meet are true ones and chance: what is left of each after triangulation is
    linear in the offsets, and fitted with weights that soon leave chance out. All cameras at once could not be told
    apart: some of their offsets together are another place of the rig.
    """
    pixels = np.concatenate([spot_pixels(own, paired_spots(rig, own, most_px)[0]) for own in frames], axis=1)
    left, taken = _left_over(rig, pixels[:, :: 1 + pixels.shape[1] // _MOST_PAIRS])
    answer = np.zeros((len(rig), 2))
    if not len(left):
        return answer
    before, best = _misfit(left), 1.0 - _LEAST_GAIN
    for camera in range(len(rig)):
        own, shift = taken[:, :, 2 * camera : 2 * camera + 2], np.zeros(2)
        if not own.any():
            continue
        for scale in _SCALES_PX:
            off = left - own @ shift
            weight = 1.0 / (1.0 + (off**2).sum(axis=1) / scale**2) ** 2
            normal = np.einsum("k,kia,kib->ab", weight, own, own)
            shift = shift + np.linalg.solve(normal + 1e-6 * np.trace(normal) * np.eye(2),
                                            np.einsum("k,kia,ki->a", weight, own, off))  # fmt: skip
        misfit = _misfit(left - own @ shift) / before
        if misfit < best and np.linalg.norm(shift) >= _LEAST_PX:
            best, answer = misfit, np.zeros((len(rig), 2))
            answer[camera] = shift
    return answer


def _misfit(left: NDArray) -> float:
    """Return the robust sum of squares."""
    squares = (left**2).sum(axis=1)
    return float(np.sum(squares / (1.0 + squares / _SCALES_PX[-1] ** 2)))


def _left_over(rig: CameraRig, pixels: NDArray) -> tuple[NDArray, NDArray]:
    """Return what triangulation leaves, shape (point, 2 cameras), and of what it is a part: (point, 2 cameras, same).

    A shift of the cameras' pixels changes the first by the second times the shift.
    """
    points = triangulate(rig, pixels)
    known = np.isfinite(points).all(axis=1)
    pixels, points = pixels[:, known], points[known]
    n_cameras, seen = len(rig), np.isfinite(pixels[..., 0])
    slope, off = np.zeros((len(points), n_cameras, 2, 3)), np.zeros((len(points), n_cameras, 2))
    for index, camera in enumerate(rig):
        turn, focal = camera.cam_from_world[:3, :3], np.diagonal(camera.matrix)[:2]
        own = points[seen[index]] @ turn.T + camera.cam_from_world[:3, 3]
        ray = own[:, :2] / own[:, 2:]
        by_cam = np.zeros((len(own), 2, 3))
        by_cam[:, [0, 1], [0, 1]] = focal / own[:, 2:]
        by_cam[:, :, 2] = -focal * ray / own[:, 2:]
        slope[seen[index], index] = by_cam @ turn
        off[seen[index], index] = pixels[index, seen[index]] - (ray * focal + camera.matrix[:2, 2])
    flat = slope.reshape(len(points), 2 * n_cameras, 3)
    inner = np.linalg.pinv(np.swapaxes(flat, 1, 2) @ flat)
    whole = np.repeat(seen.T, 2, axis=1)[:, :, None] * np.eye(2 * n_cameras)
    return off.reshape(len(points), -1), whole - flat @ inner @ np.swapaxes(flat, 1, 2)
