"""What the images say of left and right: how well two views, or two frames, agree with their labels alike or exchanged.

Every figure is a log-odds of labels alike against labels exchanged, from squared distances in units of the noise,
truncated, so that one wild keypoint decides nothing. It changes sign when the labels of one side are exchanged: what
was measured once serves every hypothesis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from calibration.triangulation import essential, sampson_distance_px
from mocap.keypoints.sides_odds_kernels import look_up, side_odds

TABLE_STEP_PX = 8.0
_ABOUT_PX = 160.0
_LOOK_UP_FROM = 100_000  # keypoints of a camera: for fewer a table costs more than it saves
_SPAN_FRAMES = 512
_SIGMA_FRAMES = 400
_MEDIAN = 0.6745  # of the size of Gaussian noise, in units of sigma
_LEAST_SIGMA_SHARE = 0.001  # of the longer side: what lenses and calibrations leave
_LIKE_EACH_OTHER = 0.25  # errors of the keypoints of one person in one view are far from independent
_TRUNCATION = 9.0  # squares in units of the noise count so much at most
_STEP_SIGMAS = 2.0  # a keypoint moves between frames by so much more than it is uncertain


@dataclass(frozen=True, eq=False)
class SideEvidence:
    """Log-odds of labels alike against exchanged, by part of the body.

    Attributes
    ----------
    pair : ndarray, shape (part, camera, camera, time)
        Between two views of one frame, the first of them before the other in the rig; 0 elsewhere.
    step : ndarray, shape (part, camera, time - 1)
        Between two frames of one view.
    sigma_px : ndarray, shape (camera, camera)
        Noise of the distance between two views, estimated.
    """

    pair: NDArray
    step: NDArray
    sigma_px: NDArray


def side_evidence(
    pixels: NDArray, confident: NDArray, rig: CameraRig, pairs: Sequence[tuple[int, int]],
    parts: Sequence[Sequence[int]],
) -> SideEvidence:  # fmt: skip
    """Compare labels alike and exchanged.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        NaN is missing.
    confident : ndarray of bool, shape (camera, time, keypoint)
        Keypoints that are compared.
    rig : CameraRig
    pairs : sequence of (int, int)
        Right and left places of the keypoints.
    parts : sequence of sequences of int
        Places in `pairs`, each in one part; the evidence of each part is summed. The last part is all of them.
    """
    n_cameras, n_frames = pixels.shape[:2]
    places = np.ascontiguousarray(np.array(pairs).T)
    some = np.unique(np.linspace(0, n_frames - 1, min(n_frames, _SIGMA_FRAMES)).round().astype(int))
    sigma = _sigma(_Views(rig, pixels[:, some], confident[:, some], places).looked_up(slice(None))[1], rig)
    views = _Views(rig, pixels, confident, places)
    part_of = np.full(len(pairs), len(parts))
    for place, part in enumerate(parts[:-1]):
        part_of[list(part)] = place
    between = np.zeros((len(parts), n_cameras, n_cameras, n_frames), np.float32)
    step = np.zeros((len(parts), n_cameras, max(n_frames - 1, 0)), np.float32)
    view = 2.0 / n_cameras  # an error of one view is in all pairs with it
    weight = np.array([1.0 / (camera.matrix[0, 0] * camera.matrix[1, 1]) for camera in rig])
    matrices = np.array([[essential(one, other) for other in rig] for one in rig])
    step_sigma = _STEP_SIGMAS * np.median(sigma, axis=1)
    for start in range(0, n_frames, _SPAN_FRAMES):
        own = slice(start, min(start + _SPAN_FRAMES, n_frames))
        shown, rays = views.looked_up(slice(start, own.stop + 1))
        side_odds(rays, shown, matrices, weight, sigma, step_sigma, _LIKE_EACH_OTHER, _TRUNCATION, part_of, view,
                  between[..., own], step[..., own])  # fmt: skip
    return SideEvidence(between, step, sigma)


class _Views:
    """Keypoints of both sides and their rays, shape (camera, side, 2, pair, time), of whatever frames are asked for.

    The rays of many keypoints are looked up between pixels a few apart: a lens bends so little from one to the next
    that what it errs is a hundredth of the noise that views are compared with.
    """

    def __init__(self, rig: CameraRig, pixels: NDArray, confident: NDArray, places: NDArray) -> None:
        self._rig, self._pixels, self._confident, self._places = rig, pixels, confident, places
        self._tables = [np.empty((0, 0, 2)) for _ in rig]
        if pixels.shape[1] * places.size > _LOOK_UP_FROM:
            self._tables = [ray_table(camera) for camera in rig]

    def looked_up(self, frames: slice) -> tuple[NDArray, NDArray]:
        """Return pixels and rays; NaN where not confident."""
        n_frames = len(self._pixels[0, frames])
        shown = np.empty((len(self._rig), 2, 2, self._places.shape[1], n_frames))
        rays = np.empty(shown.shape)
        for index, camera in enumerate(self._rig):
            # One layout, and read-only as keypoints are: one type to compile for.
            pixels = np.ascontiguousarray(self._pixels[index, frames], float)[:]
            pixels.flags.writeable = False
            confident = np.ascontiguousarray(self._confident[index, frames])
            look_up(pixels, confident, self._places, self._tables[index], -_ABOUT_PX, TABLE_STEP_PX,
                    shown[index], rays[index])  # fmt: skip
            left = np.isnan(rays[index, :, 0]) & ~np.isnan(shown[index, :, 0])
            if left.any():
                exact, _ = camera.undistort(np.moveaxis(shown[index], 1, -1)[left])
                rays[index, :, 0][left], rays[index, :, 1][left] = exact.T
        return shown, rays


def ray_table(camera: Camera) -> NDArray:
    """Rays of pixels `TABLE_STEP_PX` apart, in the image and a little about it, shape (row, column, 2)."""
    across, down = (np.arange(-_ABOUT_PX, size + _ABOUT_PX, TABLE_STEP_PX) for size in camera.size)
    return camera.undistort(np.stack(np.meshgrid(across, down), axis=-1))[0]


def _table(rig: CameraRig, rays: NDArray, a: int, b: int) -> NDArray:
    """Distances of every side in one view to every side in the other, shape (time, pair, side, side)."""
    return sampson_distance_px(rig.cameras[a], rig.cameras[b], rays[a][..., :, None, :], rays[b][..., None, :, :])


def _floor(rig: CameraRig) -> float:
    return _LEAST_SIGMA_SHARE * max(max(camera.size) for camera in rig)


def _sigma(rays: NDArray, rig: CameraRig) -> NDArray:
    """Noise of the distance between two views under the better hypothesis of each frame, shape (camera, camera), px."""
    n_cameras, rays = len(rig), np.moveaxis(rays, (-1, -2), (1, 2))  # (camera, time, pair, side, 2)
    sigma = np.full((n_cameras, n_cameras), np.nan)
    for a, b in combinations(range(n_cameras), 2):
        table = _table(rig, rays, a, b)
        alike = np.stack([table[..., 0, 0], table[..., 1, 1]], axis=-1)
        crossed = np.stack([table[..., 0, 1], table[..., 1, 0]], axis=-1)
        both = np.isfinite(alike) & np.isfinite(crossed)
        totals = [np.where(both, np.sqrt(np.nan_to_num(d)), 0.0).sum(axis=(1, 2)) for d in (alike, crossed)]
        better = np.where((totals[0] <= totals[1])[:, None, None], alike, crossed)
        known = better[both]
        if len(known):
            sigma[a, b] = sigma[b, a] = max(float(np.median(known)) / _MEDIAN, _floor(rig))
    usual = sigma[np.isfinite(sigma)]
    return np.where(np.isfinite(sigma), sigma, float(np.median(usual)) if len(usual) else _floor(rig))
