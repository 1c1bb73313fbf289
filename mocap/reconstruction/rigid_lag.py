"""How late tags turn in compressed video.

A video coder copies blocks of the last picture to where they went; what turns or is foreshortened follows only when it
is off by more than is worth its bits. So in compressed footage the corners of a tag lag behind its middle, in
proportion to how they move about it, and in all cameras alike: no disagreement between cameras tells it. The line
between two tags of a plate does, which does not lag; and lag comes with noise beyond what detections state, which
bounds it from above. Where there is no such noise there is no lag, and nothing is taken out. With one tag of a plate in
view the noise alone bounds the lag, and the sd of poses is as wide as that leaves it, however many cameras see the tag.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from mocap.reconstruction.rigid_fit import Linear, project

_REACH = 2  # frames on either side from which a velocity is taken
# A coder leaves out what costs more than it improves: where the variance of noise exceeds what is stated by more than
# estimates of it err, the lag moves corners by some share of the excess. It is expected to be none, with this sd; in
# rendered films (x264, crf 18 to 28) it was 0.30 +- 0.12.
_SHARE_SD, _NOISIER = 0.32, 1.4
_LONE_SD, _LONE = 0.6, 0.9  # the share's sd where nearly all frames show one tag alone, and nothing else can contradict
_COMMON = 0.8  # correlation of the lags of two cameras: the same coder sees the same plate turn
# Frames that look alike count once: what fits tell of the lag of all cameras was off by 2.3 of the sd that follows from
# independent corners in 15 rendered films, as coded errors last for frames and are alike over blocks.
_ALIKE = 5.0
_CHANGING = 0.5  # share by which the lag differs from picture to picture and block to block
_LEAST_SPEED = 0.03  # px per frame
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
    left_px : ndarray, shape (camera,)
        By how much they may still be off for it, standard deviation.
    """

    frames: NDArray
    covariance: NDArray
    moved_px: NDArray
    left_px: NDArray

    def said(self) -> str:
        """Say how late tags turn, or that it cannot be told; nothing where they do not."""
        most, worst = int(np.argmax(self.moved_px)), int(np.argmax(self.left_px))
        if self.moved_px[most] < _TOLD_PX and self.left_px[worst] < _TOLD_PX:
            return ""
        if self.moved_px[most] < self.left_px[most]:
            return (
                "whether tags turn late, as compressed video lets them, cannot be told well; the stated error allows "
                f"for {self.left_px[worst]:.2f} px of it at the corners"
            )
        frames, sd = self.frames[most], np.sqrt(self.covariance[most, most])
        way = "late" if frames > 0 else "early"
        return (
            f"tags turn as if {abs(frames):.2f} +- {sd:.2f} frames {way}, as compressed video lets them; their corners "
            f"were moved by {self.moved_px[most]:.2f} px for it"
        )


def no_lag(n_cameras: int) -> Lag:
    """Return that corners keep up."""
    return Lag(np.zeros(n_cameras), np.zeros((n_cameras, n_cameras)), np.zeros(n_cameras), np.zeros(n_cameras))


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


def estimate_lag(linear: Linear, drift: NDArray, known: Lag, stated: NDArray, group: NDArray) -> Lag:
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
    group : ndarray of int, shape (point,)
        The tag of each corner.
    """
    n_cameras = len(linear.weight)
    drift = np.where((linear.weight > 0)[..., None], drift, 0.0)
    weighted = linear.weighed(drift)
    pull = np.einsum("ctka,ctkai->tci", weighted, linear.jacobian)
    taken = pull @ np.linalg.inv(linear.normal().sum(axis=0)) @ np.swapaxes(pull, 1, 2)
    normal = np.einsum("ctka,ctka->tc", weighted, drift)[..., None] * np.eye(n_cameras) - taken
    # A corner that lags is where it was: the pixels are those less the lag times the drift.
    right = -np.einsum("ctka,ctka->tc", weighted, linear.residual)
    belongs = (group[:, None] == np.unique(group)).astype(float)
    tags = (linear.weight.sum(axis=0) @ belongs > 0).sum(axis=1)
    expected = _expected_sd(linear, drift, stated, _LONE_SD if np.mean(tags < 2) > _LONE else _SHARE_SD)
    prior = np.linalg.inv(np.outer(expected, expected) * (_COMMON + (1.0 - _COMMON) * np.eye(n_cameras)))
    covariance = np.linalg.inv(normal.sum(axis=0) / _ALIKE + prior)
    frames = known.frames + covariance @ (right.sum(axis=0) / _ALIKE - prior @ known.frames)
    covariance += np.diag((_CHANGING * frames) ** 2)
    speed = _speed(linear, drift)
    return Lag(frames, covariance, np.abs(frames) * speed, np.sqrt(np.diag(covariance)) * speed)


def _expected_sd(linear: Linear, drift: NDArray, stated: NDArray, share_sd: float) -> NDArray:
    """Return the sd of the lag that each camera's noise lets expect, frames."""
    seen = linear.weight > 0
    count = np.maximum(seen.sum(axis=(1, 2)), 1)
    real = np.where(seen, 1.0 / np.where(seen, linear.weight, 1.0), 0.0).sum(axis=(1, 2)) / count
    excess = np.sqrt(np.maximum(real - _NOISIER * np.where(seen, stated, 0.0).sum(axis=(1, 2)) / count, 0.0))
    return np.maximum(share_sd * excess / np.maximum(_speed(linear, drift), _LEAST_SPEED), 1e-4)


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
