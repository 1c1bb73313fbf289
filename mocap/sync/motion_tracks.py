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
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.signal.medians import finite_median

TUKEY = 4.685  # cut-off of the biweight in standard deviations: 95 % efficient for normal errors
_PASSES = 3
_WINDOWS = 2
_BLOCK = 64  # frames whose neighbours are multiplied at once
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
        return self.read(camera, self.windows.samples + shift)

    def read(self, camera: int, when: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """The same at any instants of the windows, in common frames, shape (window, instant)."""
        n_windows, n_frames = self.position.shape[1:3]
        place = when - self.windows.start[:, None] + self.windows.margin
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

    def runs(self, camera: int, reach: int, every: int = 1) -> NDArray:
        """The same read at all shifts of `-reach` to `reach`, shape (2, window, keypoint, shift, sample), float32.

        A view in which the shifts share their memory.
        """
        windows = self.windows
        first = windows.margin - reach
        part = self.position[camera, :, first : windows.margin + windows.length + reach].astype(np.float32)
        part = np.ascontiguousarray(np.moveaxis(part, (3, 0, 2, 1), (0, 1, 2, 3)))
        runs = sliding_window_view(part, windows.length, axis=-1)
        return runs[..., :: windows.stride * every]


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
    usual = np.nan_to_num(finite_median(step, axis=1))
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
    part = np.asarray(pixels[:, held], float)  # a copy already
    part[:, ~inside] = np.nan
    part[confidence[:, held] < min_confidence] = np.nan
    answers = [
        _local_quadratic(camera.undistort(view)[0], half_width) for camera, view in zip(rig, part, strict=True)
    ]
    return Tracks(np.stack([x for x, _ in answers]), np.stack([v for _, v in answers]), windows)


def _local_quadratic(rays: NDArray, half_width: int) -> tuple[NDArray, NDArray]:
    """Position and velocity of the robust local quadratic of one camera, shape (window, frame, keypoint, 2)."""
    seen = np.isfinite(rays[..., 0]) & np.isfinite(rays[..., 1])
    values = np.where(seen[..., None], rays, 0.0)
    u = np.arange(-half_width, half_width + 1) / (half_width + 1)
    powers = (1 - u**2) * u ** np.arange(5)[:, None]
    weight = seen.astype(float)
    position = np.empty(0)
    for left in reversed(range(_PASSES)):
        # Weights need no more than seven digits.
        kind = np.float32 if left else np.float64
        position = _smoothed(weight.astype(kind), values.astype(kind), powers)
        if left:
            away = values - position
            weight = seen * _trust(np.sqrt(away[..., 0] ** 2 + away[..., 1] ** 2))
    # Of the smooth positions, not the quadratics' own slopes: only so is it true that noise of the velocity and of
    # the position do not go together whatever the shift, on which the spread of the estimate is built.
    velocity = np.full(position.shape, np.nan)
    velocity[:, 1:-1] = (position[:, 2:] - position[:, :-2]) / 2
    return position, velocity


def _smoothed(weight: NDArray, values: NDArray, powers: NDArray) -> NDArray:
    """Values of the weighted local quadratics, shape (window, frame, keypoint, 2)."""
    position = np.empty_like(values)
    full = powers.sum(axis=1)
    for low in range(0, len(weight), _WINDOWS):  # few at a time stay near the processor
        part, own = weight[low : low + _WINDOWS], values[low : low + _WINDOWS]
        moments = correlated(part, powers)
        right = correlated((part[..., None] * own).reshape(*part.shape[:2], -1), powers[:3])
        smooth = _solved(moments, right.reshape(*right.shape[:-1], -1, 2), full)
        position[low : low + _WINDOWS] = smooth.reshape(len(part), -1, *own.shape[2:])[:, : own.shape[1]]
    return position


def correlated(values: NDArray, kernels: NDArray) -> NDArray:
    """Correlation along time with several kernels at once, as products with a banded matrix block by block.

    Parameters
    ----------
    values : ndarray, shape (window, frame, column)
        Zero outside.
    kernels : ndarray, shape (kernel, 2 half_width + 1)
        The neighbour at +i counts with the kernel at +i.

    Returns
    -------
    ndarray, shape (kernel, window, block, frame of block, column)
        The last block goes beyond the last frame.
    """
    n_windows, n_frames, n_columns = values.shape
    wide = kernels.shape[1]
    n_blocks = -(-n_frames // _BLOCK)
    held = np.zeros((n_windows, n_blocks * _BLOCK + wide - 1, n_columns), values.dtype)
    held[:, wide // 2 : wide // 2 + n_frames] = values
    blocks = sliding_window_view(held, _BLOCK + wide - 1, axis=1)[:, ::_BLOCK].swapaxes(2, 3)
    band = np.zeros((len(kernels), _BLOCK, _BLOCK + wide - 1), values.dtype)
    for row in range(_BLOCK):
        band[:, row, row : row + wide] = kernels
    answer = band.reshape(-1, band.shape[2]) @ blocks
    return np.moveaxis(answer.reshape(n_windows, n_blocks, len(kernels), _BLOCK, n_columns), 2, 0)


def _solved(moments: NDArray, right: NDArray, full: NDArray) -> NDArray:
    """Value of the quadratics at 0; NaN where the neighbours are too few, or too much on one side."""
    s0, s1, s2, s3, s4 = moments
    c00, c01, c02 = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    determinant = s0 * c00 + s1 * c01 + s2 * c02
    whole = full[0] * full[2] * full[4] - full[2] ** 3
    sound = (s0 > _LEAST_WEIGHT * full[0]) & (np.abs(s1) < _GREATEST_LEAN * s0)
    sound &= determinant > _LEAST_DETERMINANT * whole
    scale = 1 / np.where(sound, determinant, np.nan)
    position: NDArray = (c00 * scale)[..., None] * right[0]
    position += (c01 * scale)[..., None] * right[1]
    position += (c02 * scale)[..., None] * right[2]
    return position


def _trust(distance: NDArray) -> NDArray:
    """Tukey's weights of the distances of samples from their smooth track, on the camera's own scale."""
    known = distance[np.isfinite(distance) & (distance > 0)]
    scale = max(float(np.median(known)) / 1.1774 if len(known) else 0.0, _LEAST_SCALE)  # Rayleigh's median
    return np.nan_to_num(np.maximum(1 - (distance / (TUKEY * scale)) ** 2, 0.0) ** 2)
