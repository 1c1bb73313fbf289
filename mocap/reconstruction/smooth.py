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

from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions
from mocap.reconstruction.smooth_sample_kernels import load_lane, store_lane
from mocap.reconstruction.smooth_series import Series, cutoffs, fit, learn, padded, strays, stretches
from mocap.schema import Status
from mocap.trial import Points3D

_DEFAULT = SmoothingOptions()
_UNKNOWN_SD_M = 1e-3  # where points bring no covariance, the noise is learned whole; the unit does not matter
_GATE_ROUNDS = 2
# Samples that a variance is learned from; more only take time.
_LEARN_FRAMES = 1200
_LEARN_PIECES = 8
# Frames that are solved at once, and those beside them that are solved for their sake: far beyond any reach.
_CHUNK, _MARGIN = 16384, 512
_DOUBT, _LEAST_SHARE = 4.0, 0.1


@dataclass(frozen=True, eq=False)
class Lanes:
    """What was learned of one group of keypoints.

    Attributes
    ----------
    members : ndarray of int
        Keypoints; lane i holds the i-th.
    series : Series
        Without the samples that stray.
    stray : ndarray of bool, shape (time + PAD, LANES)
    stiffness, noise : ndarray, shapes (3, LANES), (LANES,)
        Of `smooth_series.learn`.
    """

    members: NDArray
    series: Series
    stray: NDArray
    stiffness: NDArray
    noise: NDArray


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
    prepared = prepare(points)
    longest = int(np.floor(options.longest_gap_s * points.rate_hz + 1e-6))
    with pool(options) as workers:
        lanes = list(workers.map(lambda group: learn_lanes(prepared, group, longest, options), prepared.groups))
        fitted = list(workers.map(lambda lane: fit_all(lane.series, lane.stiffness), lanes))
    return assemble(points, prepared, lanes, fitted, options)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Points in the unit of the smoother: arrays of all keypoints, and the groups they are worked on in.

    Attributes
    ----------
    position : ndarray, shape (time, keypoint, 3)
    covariance : ndarray, shape (time, keypoint, 3, 3)
        Known for every sample that is there.
    known : ndarray of bool, shape (keypoint,)
        Whether the points brought a covariance.
    centre : ndarray, shape (keypoint, 3)
    unit : float
        Metres.
    groups : list of ndarray of int
    """

    position: NDArray
    covariance: NDArray
    known: NDArray
    centre: NDArray
    unit: float
    groups: list[NDArray]


def prepare(points: Points3D) -> Prepared:
    """Return the points as the smoother takes them."""
    measured = np.asarray(np.isfinite(points.position).all(axis=2))
    covariance, known = _usable_covariance(points.covariance, measured)
    centre = np.zeros((len(points.names), 3))
    some = measured.any(axis=0)
    centre[some] = np.nanmean(points.position[:, some], axis=0)
    trace = np.trace(covariance, axis1=2, axis2=3)[measured]
    unit = float(np.sqrt(np.median(trace) / 3)) if measured.any() else 1.0
    n_groups = -(-len(points.names) // LANES)
    groups = np.array_split(np.arange(len(points.names)), n_groups)
    return Prepared(points.position, covariance, known, centre, unit, groups)


def pool(options: SmoothingOptions) -> ThreadPoolExecutor:
    """Return the threads that the options allow."""
    return ThreadPoolExecutor(max_workers=_threads(options))


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


def learn_lanes(prepared: Prepared, group: NDArray, longest: int, options: SmoothingOptions) -> Lanes:
    """Learn the motion and the noise of a group of keypoints, and which of their samples stray."""
    series = _series(prepared, group, longest)
    stiffness, noise = learn(_sample(series))
    stray = np.zeros(series.active.shape, bool)
    for _ in range(_GATE_ROUNDS if options.outlier_probability > 0 else 0):
        position, covariance = fit_all(series, stiffness)
        fresh = strays(series, position, covariance, noise, options.outlier_probability)
        if not fresh.any():
            break
        stray |= fresh
        series = series.without(stray, longest)
        stiffness, noise = learn(_sample(series), stiffness)
    return Lanes(group, series, stray, stiffness, noise)


def _series(prepared: Prepared, group: NDArray, longest: int) -> Series:
    """Return the keypoints about their middle in units of the typical noise; spare lanes stay empty."""
    n_frames = len(prepared.position)
    value, info = np.zeros((n_frames + PAD, 3, LANES)), np.zeros((n_frames + PAD, 6, LANES))
    for lane, keypoint in enumerate(group):
        load_lane(
            prepared.position[:, keypoint], prepared.covariance[:, keypoint], prepared.centre[keypoint],
            prepared.unit, lane, value, info,
        )  # fmt: skip
    active = padded(stretches(info[:n_frames, 0] > 0, longest))
    info *= active[:, None]
    return Series(value, info, active)


def _sample(series: Series) -> Series:
    """Return a few pieces, evenly spread, of a long series."""
    n_frames = len(series.active) - PAD
    if n_frames <= _LEARN_FRAMES:
        return series
    length = _LEARN_FRAMES // _LEARN_PIECES
    starts = np.linspace(0, n_frames - length, _LEARN_PIECES).astype(int)
    # The PAD frames at the end of each piece keep it apart from the next.
    pieces = [series.part(start, start + length) for start in starts]
    return Series(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("value", "info", "active")))


def fit_all(series: Series, stiffness: NDArray) -> tuple[NDArray, NDArray]:
    """Smooth all frames, in chunks that overlap by more than any sample reaches: position and covariance."""
    n_frames = len(series.active) - PAD
    if n_frames <= _CHUNK:
        return fit(series, stiffness)[:2]
    position, covariance = np.zeros(series.value.shape), np.zeros(series.info.shape)
    for start in range(0, n_frames, _CHUNK):
        stop = min(start + _CHUNK, n_frames)
        low, high = max(0, start - _MARGIN), min(n_frames, stop + _MARGIN)
        near = fit(series.part(low, high), stiffness)
        position[start:stop], covariance[start:stop] = (part[start - low : stop - low] for part in near[:2])
    return position, covariance


def assemble(
    points: Points3D,
    prepared: Prepared,
    lanes: list[Lanes],
    fitted: list[tuple[NDArray, NDArray]],
    options: SmoothingOptions,
) -> Smoothed:
    """Write what was fitted back into points: metres, flags, covariance with the part that stays."""
    shape = (points.n_frames, len(points.names))
    position, spread = np.array(points.position), np.array(points.covariance)
    active, stray = np.zeros(shape, bool), np.zeros(shape, bool)
    cutoff, noise, steady = np.full((shape[1], 3), np.nan), np.full(shape[1], np.nan), np.full(shape[1], np.nan)
    for group, (fresh, covariance) in zip(lanes, fitted, strict=True):
        share = cutoffs(group.series, group.stiffness)
        active[:, group.members] = group.series.active[:-PAD, : len(group.members)]
        stray[:, group.members] = group.stray[:-PAD, : len(group.members)]
        for lane, keypoint in enumerate(group.members):
            if not active[:, keypoint].any():
                continue
            cutoff[keypoint], noise[keypoint] = share[:, lane] * points.rate_hz, group.noise[lane]
            steady[keypoint] = _steady_share(group, lane) if prepared.known[keypoint] else 0.0
            store_lane(
                fresh, covariance, lane, prepared.centre[keypoint], prepared.unit, noise[keypoint], active[:, keypoint],
                steady[keypoint], prepared.covariance[:, keypoint], position[:, keypoint], spread[:, keypoint],
            )  # fmt: skip
    filled = active & ~(np.isfinite(points.position).all(axis=2) & ~stray)
    trace = spread[..., 0, 0] + spread[..., 1, 1] + spread[..., 2, 2]
    lost = (filled & ~(trace <= options.max_sd_m**2)) | (stray & ~active)
    position[lost] = np.nan
    spread[lost] = np.nan
    status = _status(points.status, active & ~lost, filled & ~lost, stray)
    result = replace(points, position=position, covariance=spread, status=status)
    return Smoothed(result, cutoff, noise, steady, _notes(result, prepared.known, stray, steady))


def _steady_share(group: Lanes, lane: int) -> float:
    """Return what of the stated variance does not show from frame to frame; a little is the chance of the estimate."""
    doubt = max(_DOUBT * np.sqrt(2.0 / max(3.0 * group.series.measured[:, lane].sum(), 1.0)), _LEAST_SHARE)
    return float(1.0 - group.noise[lane]) if 1.0 - group.noise[lane] > doubt else 0.0


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
