"""What the images say of left and right: how well two views, or two frames, agree with their labels alike or exchanged.

Every figure is a log-odds of labels alike against labels exchanged, from squared distances in units of the noise,
truncated, so that one wild keypoint decides nothing. It changes sign when the labels of one side are exchanged: what
was measured once serves every hypothesis.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import essential, sampson_distance_px, undistorted
from mocap.keypoints.sides_odds_kernels import step_odds, view_odds

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
    pair : ndarray, shape (part, time, camera, camera)
        Between two views of one frame.
    step : ndarray, shape (part, time - 1, camera)
        Between two frames of one view.
    sigma_px : ndarray, shape (camera, camera)
        Noise of the distance between two views, estimated.
    """

    pair: NDArray
    step: NDArray
    sigma_px: NDArray


def side_evidence(
    pixels: NDArray, rig: CameraRig, pairs: Sequence[tuple[int, int]], parts: Sequence[Sequence[int]]
) -> SideEvidence:
    """Compare labels alike and exchanged.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        NaN is missing.
    rig : CameraRig
    pairs : sequence of (int, int)
        Right and left places of the keypoints.
    parts : sequence of sequences of int
        Places in `pairs`, each in one part; the evidence of each part is summed. The last part is all of them.
    """
    n_cameras, n_frames = pixels.shape[:2]
    sided = np.stack([pixels[:, :, [pair[side] for pair in pairs]] for side in (0, 1)], axis=-2)
    sigma = _sigma(sided, rig)
    part_of = np.full(len(pairs), -1)
    for place, part in enumerate(parts[:-1]):
        part_of[list(part)] = place
    between = np.zeros((len(parts), n_frames, n_cameras, n_cameras), np.float32)
    step = np.zeros((len(parts), max(n_frames - 1, 0), n_cameras), np.float32)
    view = 2.0 / n_cameras  # an error of one view is in all pairs with it
    weight = np.array([1.0 / (camera.matrix[0, 0] * camera.matrix[1, 1]) for camera in rig])
    for span in _spans(n_frames):
        rays = np.stack([camera.undistort(own)[0] for camera, own in zip(rig, sided[:, span], strict=True)])
        for a, b in combinations(range(n_cameras), 2):
            view_odds(rays[a], rays[b], essential(rig.cameras[a], rig.cameras[b]), weight[[a, b]], sigma[a, b],
                      _LIKE_EACH_OTHER, _TRUNCATION, part_of, between[:, span], a, b, view)  # fmt: skip
    own = np.nanmedian(sigma, axis=1) if n_cameras > 1 else np.full(1, _floor(rig))
    for camera in range(n_cameras):
        step_odds(sided[camera], _STEP_SIGMAS * own[camera], _LIKE_EACH_OTHER, _TRUNCATION, part_of, step, camera)
    return SideEvidence(between, step, sigma)


def _spans(n_frames: int) -> Iterator[slice]:
    return (slice(start, min(start + _SPAN_FRAMES, n_frames)) for start in range(0, n_frames, _SPAN_FRAMES))


def _table(rig: CameraRig, rays: NDArray, a: int, b: int) -> NDArray:
    """Distances of every side in one view to every side in the other, shape (time, pair, side, side)."""
    return sampson_distance_px(rig.cameras[a], rig.cameras[b], rays[a][..., :, None, :], rays[b][..., None, :, :])


def _floor(rig: CameraRig) -> float:
    return _LEAST_SIGMA_SHARE * max(max(camera.size) for camera in rig)


def _sigma(sided: NDArray, rig: CameraRig) -> NDArray:
    """Noise of the distance between two views under the better hypothesis of each frame, shape (camera, camera), px."""
    n_cameras, n_frames = sided.shape[:2]
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, _SIGMA_FRAMES)).round().astype(int))
    rays, _ = undistorted(rig, sided[:, frames])
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
