"""How late tags turn in compressed video.

A video coder copies blocks of the last picture to where they went; what turns or is foreshortened follows only when it
is off by more than is worth its bits. So in compressed footage the corners of a tag lag behind its middle, in
proportion to how they move about it, and in all cameras alike: no disagreement between cameras tells it. The line
between two tags of a plate does, which does not lag; and lag comes with noise beyond what detections state, which
bounds it from above. Where there is no such noise there is no lag, and nothing is taken out. With one tag of a plate in
view the lag is as good as unknown: then the sd of poses can be too small by half and more where tags turn late.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from mocap.reconstruction.rigid_fit import Linear, project

_REACH = 2  # frames on either side from which a velocity is taken
# A coder leaves out what costs more than it improves: where noise exceeds twice what is stated, the lag moves corners
# by some share of the excess. It is expected to be none, with this sd; in rendered films (x264, crf 18 to 28) it was
# 0.30 +- 0.12.
_SHARE_SD = 0.32
_CHANGING = 0.5  # share by which the lag differs from picture to picture and block to block
_LEAST_SPEED = 0.03  # px per frame
_ALIKE = 10  # frames that tell about the same
_TOLD_PX = 0.02  # corners moved by more are told, sure or not


@dataclass(frozen=True, eq=False)
class Lag:
    """By how much corners lag behind the middle of their tag.

    Attributes
    ----------
    frames : ndarray, shape (camera,)
    covariance : ndarray, shape (camera, camera)
    moved_px : ndarray, shape (camera,)
        By how much corners are moved to take it out, RMS.
    """

    frames: NDArray
    covariance: NDArray
    moved_px: NDArray

    def said(self) -> str:
        """Say how late tags turn; nothing where they do not."""
        most = int(np.argmax(self.moved_px))
        if self.moved_px[most] < _TOLD_PX:
            return ""
        frames, sd = self.frames[most], np.sqrt(self.covariance[most, most])
        way = "late" if frames > 0 else "early"
        return (
            f"tags turn as if {abs(frames):.2f} +- {sd:.2f} frames {way}, as compressed video lets them; their corners "
            f"were moved by {self.moved_px[most]:.2f} px for it"
        )


def no_lag(n_cameras: int) -> Lag:
    """Return that corners keep up."""
    return Lag(np.zeros(n_cameras), np.zeros((n_cameras, n_cameras)), np.zeros(n_cameras))


def turning(rig: CameraRig, body: NDArray, poses: NDArray, group: NDArray) -> NDArray:
    """Return how corners move about the middle of their tag, shape (camera, time, point, 2), px per frame.

    Parameters
    ----------
    rig : CameraRig
    body : ndarray, shape (point, 3)
    poses : ndarray, shape (time, 4, 4)
        NaN where there is none.
    group : ndarray of int, shape (point,)
        The tag of each corner.

    Returns
    -------
    ndarray
        By a line through the frames around; 0 where these have no poses.
    """
    belongs = (group[:, None] == np.arange(group.max() + 1)).astype(float)
    about = np.eye(len(group)) - belongs @ (belongs / belongs.sum(axis=0)).T
    points = np.einsum("tij,kj->tki", poses[:, :3, :3], body) + poses[:, None, :3, 3]
    known = np.flatnonzero(np.isfinite(poses[:, 0, 0]))
    answer = np.zeros((len(rig), len(poses), len(body), 2))
    for index, camera in enumerate(rig):
        pixels = np.full((len(poses), len(body), 2), np.nan)
        pixels[known] = about @ project(camera, points[known])[0]
        answer[index] = _slopes(pixels)
    return answer


def _slopes(values: NDArray) -> NDArray:
    """Return the slopes of lines through a few neighbours in time, per frame; 0 where there are none."""
    there = np.isfinite(values).all(axis=(1, 2))
    filled = np.where(there[:, None, None], values, 0.0)
    sums = np.zeros((3, len(values)))  # count, offset, its square
    level, moment = np.zeros_like(values), np.zeros_like(values)
    for offset in range(-_REACH, _REACH + 1):
        rows = np.arange(len(values)) + offset
        inside = (rows >= 0) & (rows < len(values))
        rows = np.clip(rows, 0, len(values) - 1)
        count = (inside & there[rows]).astype(float)
        sums[0] += count
        sums[1] += count * offset
        sums[2] += count * offset**2
        level += count[:, None, None] * filled[rows]
        moment += (count * offset)[:, None, None] * filled[rows]
    middle = sums[1] / np.maximum(sums[0], 1.0)
    spread = sums[2] - sums[0] * middle**2
    slope = (moment - middle[:, None, None] * level) / np.maximum(spread, 0.5)[:, None, None]
    return np.where((there & (spread > 0.25))[:, None, None], slope, 0.0)


def estimate_lag(linear: Linear, drift: NDArray, known: Lag, stated: NDArray) -> Lag:
    """Estimate the lag from what fits leave over.

    Parameters
    ----------
    linear : Linear
        At the fitted poses, the lag that is known so far taken out of the pixels.
    drift : ndarray, shape (camera, time, point, 2)
        As of `turning`.
    known : Lag
    stated : ndarray, shape (camera, time, point)
        The variances that the detections state, px^2.
    """
    n_cameras, n_frames = linear.weight.shape[:2]
    drift = np.where((linear.weight > 0)[..., None], drift, 0.0)
    weighted = linear.weighed(drift)
    pull = np.einsum("ctka,ctkai->tci", weighted, linear.jacobian)
    taken = pull @ np.linalg.inv(linear.normal().sum(axis=0)) @ np.swapaxes(pull, 1, 2)
    normal = np.einsum("ctka,ctka->tc", weighted, drift)[..., None] * np.eye(n_cameras) - taken
    # A corner that lags is where it was: the pixels are those less the lag times the drift.
    right = -np.einsum("ctka,ctka->tc", weighted, linear.residual)
    prior = np.diag(1.0 / _expected_sd(linear, drift, stated) ** 2)
    inverse = np.linalg.inv(normal.sum(axis=0) + prior)
    step = inverse @ (right.sum(axis=0) + prior @ -known.frames)
    # Neighbouring frames err alike: by how much more than alone, from sums over stretches.
    scores = right - normal @ step
    stretches = np.add.reduceat(scores, np.arange(0, n_frames, _ALIKE))
    excess = float(np.einsum("si,ij,sj->", stretches, inverse, stretches)) / n_cameras
    frames = known.frames + step
    covariance = inverse * max(1.0, excess) + np.diag((_CHANGING * frames) ** 2)
    return Lag(frames, covariance, np.abs(frames) * _speed(linear, drift))


def _expected_sd(linear: Linear, drift: NDArray, stated: NDArray) -> NDArray:
    """Return the sd of the lag that each camera's noise lets expect, frames."""
    seen = linear.weight > 0
    count = np.maximum(seen.sum(axis=(1, 2)), 1)
    real = np.where(seen, 1.0 / np.where(seen, linear.weight, 1.0), 0.0).sum(axis=(1, 2)) / count
    excess = np.sqrt(np.maximum(real - 2.0 * np.where(seen, stated, 0.0).sum(axis=(1, 2)) / count, 0.0))
    return np.maximum(_SHARE_SD * excess / np.maximum(_speed(linear, drift), _LEAST_SPEED), 1e-4)


def _speed(linear: Linear, drift: NDArray) -> NDArray:
    """Return the RMS of how fast corners turn about their tag, by camera, px per frame."""
    count = np.maximum((linear.weight > 0).sum(axis=(1, 2)), 1)
    return np.asarray(np.sqrt((drift**2).sum(axis=(1, 2, 3)) / (2 * count)))


def lag_covariance(linear: Linear, drift: NDArray, lag: Lag, inverse: NDArray) -> NDArray:
    """Return what the uncertainty of the lag adds to the covariance of poses, shape (time, 6, 6)."""
    pull = np.einsum("ctka,ctkai->tic", linear.weighed(np.where((linear.weight > 0)[..., None], drift, 0.0)),
                     linear.jacobian)  # fmt: skip
    moved = inverse @ pull
    return np.asarray(moved @ lag.covariance @ np.swapaxes(moved, 1, 2))
