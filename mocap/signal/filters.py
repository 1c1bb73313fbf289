"""Zero-lag Butterworth filtering of series with gaps, and what it does to their noise.

Double-pass correction after Robertson & Dowling (2003): two passes multiply the attenuation, so the cutoff of each
pass is raised, on the warped frequency of the bilinear transform, until the whole has its -3 dB at the cutoff asked
for.
"""

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from mocap.errors import ConfigError
from mocap.schema import Status
from mocap.signal.fill_noise import covariance_beside_fills
from mocap.signal.gaps import fill_gaps, runs
from mocap.trial import Points3D

_ORDER = 2
_PASSES = 2


def corrected_cutoff(cutoff_hz: float, rate_hz: float) -> float:
    """Return the cutoff in Hz of each pass of a second-order filter run forward and backward.

    Raises
    ------
    ConfigError
        Code `CUTOFF`, when the cutoff is not between 0 and nearly half the rate.
    """
    if not (0 < cutoff_hz < 0.45 * rate_hz):
        raise ConfigError(
            f"A cutoff of {cutoff_hz:g} Hz at a rate of {rate_hz:g} Hz.",
            f"Choose a cutoff above 0 and below {0.45 * rate_hz:g} Hz.",
            code="CUTOFF",
        )
    correction = (2.0 ** (1.0 / _PASSES) - 1.0) ** (1.0 / (2 * _ORDER))
    return float(rate_hz / np.pi * np.arctan(np.tan(np.pi * cutoff_hz / rate_hz) / correction))


def lowpass(values: NDArray, rate_hz: float, cutoff_hz: float = 6.0) -> tuple[NDArray, NDArray]:
    """Filter every column forward and backward (fourth-order zero-lag Butterworth in all), never across a gap.

    Each run of finite samples is filtered by itself, padded by odd reflection of three periods of the cutoff, or of
    all it has when it is shorter. Runs shorter than half a period stay as they are.

    Parameters
    ----------
    values : ndarray, shape (time, ...)
        NaN is missing.
    rate_hz, cutoff_hz : float

    Returns
    -------
    filtered : ndarray, shape (time, ...)
        NaN where `values` is.
    done : ndarray of bool, shape (time, ...)
        Where the filter was run.

    Raises
    ------
    ConfigError
        Code `CUTOFF`.
    """
    values = np.asarray(values, float)
    sections = _sections(cutoff_hz, rate_hz)
    columns = values.reshape(len(values), -1)
    finite = np.isfinite(columns)
    filtered = np.where(finite, columns, np.nan)
    done = np.zeros(columns.shape, bool)
    shortest, padding = _shortest(rate_hz, cutoff_hz), _padding(rate_hz, cutoff_hz)
    for members, start, stop in _shared_runs(finite):
        if stop - start >= shortest:
            part = columns[start:stop, members]
            length = min(padding, stop - start - 1)
            filtered[start:stop, members] = signal.sosfiltfilt(sections, part, axis=0, padlen=length)
            done[start:stop, members] = True
    return filtered.reshape(values.shape), done.reshape(values.shape)


def variance_gain(n_samples: int, rate_hz: float, cutoff_hz: float = 6.0) -> NDArray:
    """Return by how much the filter multiplies the variance of white noise at each sample of a run.

    Constant inside; towards both ends, where the reflection pins the curve to its last sample, it goes up to 1.

    Returns
    -------
    ndarray, shape (n_samples,)
    """
    if n_samples < _shortest(rate_hz, cutoff_hz):
        return np.ones(n_samples)
    # The ends act over a few periods; beyond, every sample sees the same filter.
    reach = _padding(rate_hz, cutoff_hz) + 1
    size = min(n_samples, 2 * reach)
    gain = (_operator(size, rate_hz, cutoff_hz) ** 2).sum(axis=1)
    if n_samples <= 2 * reach:
        return gain
    inside = np.full(n_samples - 2 * reach, gain[reach])
    return np.concatenate([gain[:reach], inside, gain[reach:]])


def smooth_points(points: Points3D, cutoff_hz: float = 6.0, longest_gap_s: float = 0.0) -> Points3D:
    """Fill short gaps, filter the positions, flag both, and carry the covariance through the filter.

    The covariance is that of errors that are independent from frame to frame; where detections err alike over
    several frames the true one is larger, at most the unfiltered one. Filled samples have no covariance, and those
    beside them carry the noise that the fill brings with it.

    Parameters
    ----------
    points : Points3D
    cutoff_hz : float
    longest_gap_s : float
        Gaps up to this long are filled by a cubic; 0 fills none.

    Raises
    ------
    ConfigError
        Code `CUTOFF`.
    """
    position, status = fill_gaps(points.position, points.status, points.rate_hz, longest_gap_s)
    filtered, done = lowpass(position, points.rate_hz, cutoff_hz)
    done_points = np.asarray(done.all(axis=2))
    status = status | (done_points * np.uint8(Status.FILTERED))
    filled = np.asarray((status & Status.FILLED) != 0)
    covariance = _filtered_covariance(points.covariance, done_points, filled, points.rate_hz, cutoff_hz)
    return replace(points, position=filtered, status=status, covariance=covariance)


def _filtered_covariance(
    covariance: NDArray, done: NDArray, filled: NDArray, rate_hz: float, cutoff_hz: float
) -> NDArray:
    """Covariance after the filter: its squared response averages the covariances near a sample."""
    known = np.isfinite(covariance).all(axis=(2, 3)) & ~filled
    if not known.any():
        return covariance
    weights = _squared_response(rate_hz, cutoff_hz)
    before = _with_nearest(covariance, known)
    result = before.copy()
    for members, start, stop in _shared_runs(done):
        part = before[start:stop, members].astype(float)
        gain = variance_gain(stop - start, rate_hz, cutoff_hz)
        averaged = ndimage.convolve1d(part, weights, axis=0, mode="nearest")
        result[start:stop, members] = averaged * gain[:, None, None, None]
    reach = _padding(rate_hz, cutoff_hz)
    covariance_beside_fills(result, before, done, filled, lambda n: _operator(n, rate_hz, cutoff_hz), reach)
    result[~known] = np.nan
    return result


def _with_nearest(covariance: NDArray, known: NDArray) -> NDArray:
    """Return covariances in which each unknown one is the nearest known one of its keypoint: the filter uses all."""
    result = np.where(known[..., None, None], covariance, np.nan)
    for keypoint in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        nearest = ndimage.distance_transform_edt(~known[:, keypoint], return_distances=False, return_indices=True)[0]
        result[:, keypoint] = result[nearest, keypoint]
    return result


@functools.lru_cache(maxsize=16)
def _sections(cutoff_hz: float, rate_hz: float) -> NDArray:
    return signal.butter(_ORDER, corrected_cutoff(cutoff_hz, rate_hz), fs=rate_hz, output="sos")


@functools.lru_cache(maxsize=8)
def _operator(n_samples: int, rate_hz: float, cutoff_hz: float) -> NDArray:
    """Matrix, shape (n_samples, n_samples), of the filter over a run that is long enough for it."""
    length = min(_padding(rate_hz, cutoff_hz), n_samples - 1)
    rows: NDArray = signal.sosfiltfilt(_sections(cutoff_hz, rate_hz), np.eye(n_samples), axis=0, padlen=length)
    rows.flags.writeable = False
    return rows


def _squared_response(rate_hz: float, cutoff_hz: float) -> NDArray:
    """Squares of the impulse response of both passes, scaled to a sum of 1."""
    reach = _padding(rate_hz, cutoff_hz)
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1.0
    response = signal.sosfiltfilt(_sections(cutoff_hz, rate_hz), impulse, padlen=0)
    return response**2 / (response**2).sum()


def _shared_runs(finite: NDArray) -> list[tuple[NDArray, int, int]]:
    """Runs of finite samples as (columns, start, stop), columns with the same gaps taken together."""
    patterns, owner = np.unique(np.packbits(finite, axis=0), axis=1, return_inverse=True)
    found = []
    for pattern in range(patterns.shape[1]):
        members = np.flatnonzero(owner.ravel() == pattern)
        found += [(members, start, stop) for start, stop in runs(finite[:, members[0]])]
    return found


def _padding(rate_hz: float, cutoff_hz: float) -> int:
    return int(np.ceil(3.0 * rate_hz / cutoff_hz))


def _shortest(rate_hz: float, cutoff_hz: float) -> int:
    return max(4, int(np.ceil(0.5 * rate_hz / cutoff_hz)))
