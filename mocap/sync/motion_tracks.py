"""Smooth tracks of keypoints that can be read at any instant, in windows of the recording that show movement.

A window is a stretch of common frames with a margin on both sides, wide enough for the shifts that are searched. In
it every track is smoothed by a local quadratic (Savitzky-Golay with missing samples; Fan and Gijbels, "Local
Polynomial Modelling", 1996), outliers left out by Tukey's weights, and between frames read as the cubic that has the
smoothed positions and velocities at both. Smoothing bends the tracks of all cameras alike, so that it hardly moves an
estimated shift; noise of the velocity does not bias one either, since it is uncorrelated with that of the position.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from calibration import CameraRig
from calibration.triangulation import undistorted

TUKEY = 4.685  # cut-off of the biweight in standard deviations: 95 % efficient for normal errors
_PASSES = 3
_GOLDEN = (5**0.5 - 1) / 2
# A smoothed value needs this share of the full window's weight, its centre nearly in the middle, and a sound system.
_LEAST_WEIGHT, _GREATEST_LEAN, _LEAST_DETERMINANT = 0.35, 0.35, 0.02
_LEAST_SCALE = 1e-7  # rays: 1e-4 px; keeps perfect data from dividing by 0


@dataclass(frozen=True, eq=False)
class Windows:
    """Which stretches of the recording are looked at.

    Attributes
    ----------
    start : ndarray of int, shape (window,)
        First common frame of each.
    length, margin, stride : int
        Frames of a window, frames read beyond both ends, and frames from one sample to the next.
    """

    start: NDArray
    length: int
    margin: int
    stride: int

    @property
    def samples(self) -> NDArray:
        """Instants of the samples, in common frames, shape (window, sample).

        They fall anywhere between frames, evenly: between frames the noise of a track is smaller than on them, and
        samples on the frames of one camera would draw the others' clocks to half a frame from it.
        """
        whole = np.arange(0, self.length, self.stride)
        return np.asarray(self.start[:, None] + whole + _GOLDEN * np.arange(len(whole)) % 1.0)


@dataclass(frozen=True, eq=False)
class Tracks:
    """Smoothed rays of all cameras.

    Attributes
    ----------
    position, velocity : ndarray, shape (camera, window, frame, keypoint, 2)
        Normalised coordinates, and the same per frame; frame 0 of a window is `margin` before its start. NaN where
        too little was seen.
    windows : Windows
    """

    position: NDArray
    velocity: NDArray
    windows: Windows

    def at(self, camera: int, shift: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Read one camera's tracks at the samples, shifted.

        Parameters
        ----------
        shift : ndarray, shape (window, sample)
            Frames added to the samples' common frames.

        Returns
        -------
        position, velocity, acceleration : ndarray, shape (window, sample, keypoint, 2)
        """
        n_windows, n_frames = self.position.shape[1:3]
        place = self.windows.samples - self.windows.start[:, None] + self.windows.margin + shift
        low = np.floor(place).astype(int)
        outside = (low < 0) | (low + 1 >= n_frames)
        low = np.clip(low, 0, n_frames - 2)
        u = np.where(outside, np.nan, place - low)[..., None, None]
        row = np.arange(n_windows)[:, None]
        x0, x1 = self.position[camera, row, low], self.position[camera, row, low + 1]
        v0, v1 = self.velocity[camera, row, low], self.velocity[camera, row, low + 1]
        rise = x1 - x0
        bend, twist = 3 * rise - 2 * v0 - v1, v0 + v1 - 2 * rise
        position = x0 + u * (v0 + u * (bend + u * twist))
        velocity = v0 + u * (2 * bend + 3 * u * twist)
        return position, velocity, v1 - v0 + 0 * u

    def whole(self, camera: int, shift: int, every: int = 1) -> NDArray:
        """Positions at every `every`-th sample, shifted by whole frames, shape (window, sample, keypoint, 2)."""
        windows = self.windows
        first = windows.margin + shift
        return self.position[camera, :, first : first + windows.length : windows.stride * every]


def choose_windows(
    pixels: NDArray, length: int, margin: int, stride: int, most: int
) -> Windows:
    """Tile a short recording, or take from each of `most` equal parts of a long one the window with most movement.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
    length : int
        Frames of a window, about.
    """
    n_frames = pixels.shape[1]
    count = max(1, int(np.ceil(n_frames / length)))
    if count <= most:
        length = max(int(np.ceil(n_frames / count)), 2 * stride)
        return Windows(np.arange(count) * length, length, margin, stride)
    movement, lag = _movement(pixels, length)
    edges = np.linspace(0, n_frames - length, most + 1)
    start = []
    for low, high in pairwise(edges):
        part = np.arange(int(low) // lag, max(int(high) // lag, int(low) // lag + 1))
        start.append(int(part[np.argmax(movement[np.minimum(part, len(movement) - 1)])]) * lag)
    return Windows(np.array(start), length, margin, stride)


def _movement(pixels: NDArray, length: int) -> tuple[NDArray, int]:
    """Mean over a window of the usual displacement within an eighth of it, for windows that start at every eighth."""
    lag = max(length // 8, 1)
    coarse = np.asarray(pixels[:, ::lag], float)
    step = np.linalg.norm(np.diff(coarse, axis=1), axis=-1)
    step = np.moveaxis(step, 1, 0).reshape(step.shape[1], -1)
    usual = np.nan_to_num(middle(step, axis=1))
    return np.convolve(usual, np.ones(8), mode="valid") if len(usual) >= 8 else usual, lag


def smooth_tracks(pixels: NDArray, confidence: NDArray, rig: CameraRig, windows: Windows, half_width: int,
                  min_confidence: float) -> Tracks:
    """Cut the windows out, turn pixels into rays, and smooth.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
    confidence : ndarray, shape (camera, time, keypoint)
    half_width : int
        Frames on each side that a smoothed value is made of.
    """
    n_frames = pixels.shape[1]
    frames = windows.start[:, None] + np.arange(-windows.margin, windows.length + windows.margin)
    inside = (frames >= 0) & (frames < n_frames)
    held = np.clip(frames, 0, n_frames - 1)
    part = np.array(pixels[:, held], float)
    part[:, ~inside] = np.nan
    part[confidence[:, held] < min_confidence] = np.nan
    rays, _ = undistorted(rig, part)
    answers = [_local_quadratic(view, half_width) for view in rays]
    return Tracks(np.stack([x for x, _ in answers]), np.stack([v for _, v in answers]), windows)


def _local_quadratic(rays: NDArray, half_width: int) -> tuple[NDArray, NDArray]:
    """Position and velocity of the robust local quadratic of one camera, shape (window, frame, keypoint, 2)."""
    seen = np.isfinite(rays).all(axis=-1)
    values = np.where(seen[..., None], rays, 0.0)
    u = np.arange(-half_width, half_width + 1) / (half_width + 1)
    kernel = 1 - u**2
    powers = [kernel * u**power for power in range(5)]
    full = np.array([power.sum() for power in powers])
    weight = seen.astype(float)
    for left in reversed(range(_PASSES)):
        # Correlation with u**j about each frame: the neighbour at +u counts with +u**j.
        moments = [correlate1d(weight, power, axis=1, mode="constant") for power in powers]
        right = [correlate1d(weight[..., None] * values, power, axis=1, mode="constant") for power in powers[:3]]
        position = _solved(moments, right, full)
        if left:
            weight = seen * _trust(np.linalg.norm(values - position, axis=-1))
    # Of the smooth positions, not the quadratics' own slopes: only so is it true that noise of the velocity and of
    # the position do not go together whatever the shift, on which the spread of the estimate is built.
    velocity = np.full(position.shape, np.nan)
    velocity[:, 1:-1] = (position[:, 2:] - position[:, :-2]) / 2
    return position, velocity


def _solved(moments: list[NDArray], right: list[NDArray], full: NDArray) -> NDArray:
    s0, s1, s2, s3, s4 = moments
    c00, c01, c02 = s2 * s4 - s3**2, s2 * s3 - s1 * s4, s1 * s3 - s2**2
    determinant = s0 * c00 + s1 * c01 + s2 * c02
    whole = full[0] * full[2] * full[4] - full[2] ** 3
    sound = (s0 > _LEAST_WEIGHT * full[0]) & (np.abs(s1) < _GREATEST_LEAN * s0)
    sound &= determinant > _LEAST_DETERMINANT * whole
    scale = np.where(sound, determinant, np.nan)[..., None]
    t0, t1, t2 = right
    position: NDArray = (c00[..., None] * t0 + c01[..., None] * t1 + c02[..., None] * t2) / scale
    return position


def _trust(distance: NDArray) -> NDArray:
    """Tukey's weights of the distances of samples from their smooth track, on the camera's own scale."""
    known = distance[np.isfinite(distance) & (distance > 0)]
    scale = max(float(np.median(known)) / 1.1774 if len(known) else 0.0, _LEAST_SCALE)  # Rayleigh's median
    return np.nan_to_num(np.maximum(1 - (distance / (TUKEY * scale)) ** 2, 0.0) ** 2)


def middle(values: NDArray, axis: int) -> NDArray:
    """Median along an axis without NaN; NaN where nothing is finite. Faster than numpy's for many short rows."""
    ordered = np.sort(values, axis=axis)  # NaN goes last
    count = np.isfinite(values).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[axis] - 1), axis)
    return np.where(count > 0, (low + high) / 2, np.nan).squeeze(axis)
