"""Smoothing over time: each keypoint by a Kalman filter and Rauch-Tung-Striebel smoother on its own covariances.

The motion is one whose jerk is white noise; how strong it is along each axis, and how much of the stated variance
really changes from frame to frame, are learned from the series itself. What of the variance does not show from frame
to frame is an error that stays: no smoothing lessens it, so it remains in the covariance.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mocap.reconstruction.smooth_kernels import LANES
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions
from mocap.reconstruction.smooth_series import (
    Fit,
    Series,
    as_terms,
    cutoff_share,
    fit,
    learn,
    matrices,
    steadiness,
    strays,
    stretches,
)
from mocap.schema import Status
from mocap.trial import Points3D

_DEFAULT = SmoothingOptions()
_UNKNOWN_SD_M = 1e-3  # where points bring no covariance, the noise is learned whole; the unit does not matter
_GATE_ROUNDS = 3
# Samples that a variance is learned from; more only take time.
_LEARN_FRAMES = 2400
_LEARN_PIECES = 4
# Frames that are solved at once, and those beside them that are solved for their sake: far beyond any reach.
_CHUNK, _MARGIN = 16384, 512
_DOUBT = 3.0


@dataclass(frozen=True, eq=False)
class _Lanes:
    """What one group of keypoints gave, in metres."""

    position: NDArray
    covariance: NDArray
    active: NDArray
    stray: NDArray
    stiffness: NDArray
    noise: NDArray
    doubt: NDArray


def smooth_points_kalman(points: Points3D, options: SmoothingOptions = _DEFAULT) -> Smoothed:
    """Smooth every keypoint over time, bridge its short gaps, leave out what strays, and say how well all is known.

    Parameters
    ----------
    points : Points3D
        Positions in the world, m, NaN where missing; covariances in m^2 of the error of a single frame.
    options : SmoothingOptions

    Returns
    -------
    Smoothed
    """
    longest = int(np.floor(options.longest_gap_s * points.rate_hz + 1e-6))
    measured = np.asarray(np.isfinite(points.position).all(axis=2))
    covariance, known = _usable_covariance(points.covariance, measured)
    n_keypoints = len(points.names)
    groups = [np.arange(first, min(first + LANES, n_keypoints)) for first in range(0, n_keypoints, LANES)]

    def run(group: NDArray) -> _Lanes:
        return _smooth_lanes(points.position[:, group], covariance[:, group], measured[:, group], longest, options)

    with ThreadPoolExecutor(max_workers=max(1, min(_threads(options), len(groups)))) as pool:
        lanes = list(pool.map(run, groups))
    return _assemble(points, covariance, known, lanes, longest, options)


def _threads(options: SmoothingOptions) -> int:
    if options.threads is not None:
        return options.threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _usable_covariance(covariance: NDArray, measured: NDArray) -> tuple[NDArray, NDArray]:
    """Return covariances for every sample, the nearest known one where unknown, and which keypoints have any."""
    finite = np.isfinite(covariance).all(axis=(2, 3)) & measured
    result = np.array(covariance, float)
    for keypoint in range(measured.shape[1]):
        if not finite[:, keypoint].any():
            result[:, keypoint] = _UNKNOWN_SD_M**2 * np.eye(3)
        elif not finite[:, keypoint].all():
            nearest = ndimage.distance_transform_edt(
                ~finite[:, keypoint], return_distances=False, return_indices=True
            )[0]
            result[:, keypoint] = result[nearest, keypoint]
    return result, np.asarray(finite.any(axis=0))


def _smooth_lanes(
    position: NDArray, covariance: NDArray, measured: NDArray, longest: int, options: SmoothingOptions
) -> _Lanes:
    series, unit, centre = _series(position, covariance, measured, longest)
    stiffness, noise = learn(_sample(series))
    stray = np.zeros(series.active.shape, bool)
    for _ in range(_GATE_ROUNDS if options.outlier_probability > 0 else 0):
        found = _fit_all(series, stiffness)
        fresh = strays(series, found, noise, options.outlier_probability) | stray
        if (fresh == stray).all():
            break
        stray = fresh
        series = _without(series, stray, longest)
        stiffness, noise = learn(_sample(series), stiffness)
    found = _fit_all(series, stiffness)
    size = position.shape[1]
    smooth = found.position.reshape(-1, 3, LANES).transpose(0, 2, 1) * unit[:, None] + centre
    spread = matrices(found.covariance) * (noise * unit**2)[:, None, None]
    freedom = np.maximum(3.0 * series.measured.sum(axis=0), 1.0)
    return _Lanes(
        smooth[:, :size], spread[:, :size], series.active[:, :size], stray[:, :size],
        stiffness[:, :size], noise[:size], np.sqrt(2.0 / freedom)[:size],
    )  # fmt: skip


def _series(
    position: NDArray, covariance: NDArray, measured: NDArray, longest: int
) -> tuple[Series, NDArray, NDArray]:
    """Return the keypoints in units of their typical noise about their middle; spare lanes stay empty."""
    n_frames, size = measured.shape
    unit, centre = np.ones(LANES), np.zeros((LANES, 3))
    value, seen = np.zeros((n_frames, LANES, 3)), np.zeros((n_frames, LANES), bool)
    spread = np.broadcast_to(np.eye(3), (n_frames, LANES, 3, 3)).copy()
    seen[:, :size] = measured
    for lane in np.flatnonzero(measured.any(axis=0)):
        here = measured[:, lane]
        unit[lane] = np.sqrt(np.median(np.trace(covariance[here, lane], axis1=1, axis2=2)) / 3)
        centre[lane] = np.median(position[here, lane], axis=0)
        value[here, lane] = (position[here, lane] - centre[lane]) / unit[lane]
        spread[:, lane] = covariance[:, lane] / unit[lane] ** 2
    info = as_terms(np.linalg.inv(spread))
    info[np.broadcast_to(~seen[:, None], info.shape)] = 0.0
    active = stretches(seen, longest)
    info[np.broadcast_to(~active[:, None], info.shape)] = 0.0
    rows = value.transpose(0, 2, 1).reshape(3 * n_frames, LANES)
    return Series(rows, info, active, steadiness(active)), unit, centre


def _without(series: Series, stray: NDArray, longest: int) -> Series:
    """Return the series without some samples; stretches that fall apart thereby are no longer smoothed as one."""
    info = np.where(stray[:, None], 0.0, series.info)
    active = stretches(np.asarray(info[:, 0] > 0), longest)
    info = np.where(active[:, None], info, 0.0)
    return Series(series.value, info, active, steadiness(active))


def _sample(series: Series) -> Series:
    """Return a few pieces, evenly spread, of a long series."""
    n_frames = len(series.active)
    if n_frames <= _LEARN_FRAMES:
        return series
    length = _LEARN_FRAMES // _LEARN_PIECES
    starts = np.linspace(0, n_frames - length, _LEARN_PIECES).astype(int)
    pieces = [series.part(start, start + length) for start in starts]
    return Series(*(np.concatenate([getattr(piece, name) for piece in pieces])
                    for name in ("value", "info", "active", "steady")))  # fmt: skip


def _fit_all(series: Series, stiffness: NDArray) -> Fit:
    """Smooth all frames, in chunks that overlap by more than any sample reaches."""
    n_frames = len(series.active)
    if n_frames <= _CHUNK:
        return fit(series, stiffness)
    parts = []
    for start in range(0, n_frames, _CHUNK):
        stop = min(start + _CHUNK, n_frames)
        low, high = max(0, start - _MARGIN), min(n_frames, stop + _MARGIN)
        found = fit(series.part(low, high), stiffness)
        keep = slice(start - low, stop - low)
        parts.append((found.position[3 * keep.start : 3 * keep.stop], found.covariance[keep]))
    position, covariance = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Fit(position, covariance, found.taken)


def _assemble(
    points: Points3D, covariance: NDArray, known: NDArray, lanes: list[_Lanes], longest: int, options: SmoothingOptions
) -> Smoothed:
    def join(name: str, axis: int) -> NDArray:
        return np.concatenate([getattr(lane, name) for lane in lanes], axis=axis)

    active, stray, noise = join("active", 1), join("stray", 1), join("noise", 0)
    some = active.any(axis=0)
    # What of the stated variance does not show from frame to frame; small shares are the chance of the estimate.
    steady = np.where(known & (1.0 - noise > _DOUBT * join("doubt", 0)), np.maximum(1.0 - noise, 0.0), 0.0)
    spread = join("covariance", 1) + steady[:, None, None] * covariance
    position = np.where(active[..., None], join("position", 1), points.position)
    spread = np.where(active[..., None, None], spread, points.covariance)
    measured = np.asarray(np.isfinite(points.position).all(axis=2)) & ~stray
    filled = np.asarray(active & ~measured)
    lost = np.asarray((filled & (np.trace(spread, axis1=2, axis2=3) > options.max_sd_m**2)) | (stray & ~active))
    position[lost] = np.nan
    spread[lost] = np.nan
    status = _status(points.status, active & ~lost, filled & ~lost, stray)
    cutoff = np.where(some[:, None], cutoff_share(join("stiffness", 1).T) * points.rate_hz, np.nan)
    noise, steady = np.where(some, noise, np.nan), np.where(some, steady, np.nan)
    result = replace(points, position=position, covariance=spread.astype(points.covariance.dtype), status=status)
    return Smoothed(result, cutoff, noise, steady, _notes(result, known, stray, steady))


def _status(status: NDArray, active: NDArray, filled: NDArray, stray: NDArray) -> NDArray:
    result = np.array(status, np.uint8)
    result[active] |= np.uint8(Status.FILTERED)
    gone = filled | stray
    result[gone] &= np.uint8(~int(Status.MEASURED) & 0xFF)
    result[filled] |= np.uint8(Status.FILLED)
    result[stray] |= np.uint8(Status.REJECTED)
    return result


def _notes(points: Points3D, known: NDArray, stray: NDArray, steady: NDArray) -> tuple[str, ...]:
    notes = []
    filled = int(((points.status & np.uint8(Status.FILLED)) != 0).sum())
    if filled:
        notes.append(f"{filled} missing samples bridged")
    if stray.any():
        notes.append(f"{int(stray.sum())} samples left out as outliers")
    if np.nanmax(steady, initial=0.0) > 0:
        share = 100 * float(np.nanmedian(steady))
        notes.append(
            f"{share:.0f} % of the variance (median over keypoints) belongs to errors that stay over many frames: "
            "smoothing does not lessen them, and they remain in the covariance"
        )
    if not known.all():
        notes.append(f"{int((~known).sum())} keypoints came without covariance; their noise was learned")
    return tuple(notes)
