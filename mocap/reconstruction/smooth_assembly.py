"""What the smoother fitted, written back into points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.reconstruction.smooth_kernels import PAD
from mocap.reconstruction.smooth_lanes import LEARN_FRAMES, Lanes, Prepared, pool
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions
from mocap.reconstruction.smooth_sample_kernels import store_lane
from mocap.reconstruction.smooth_series import cutoffs
from mocap.schema import Status
from mocap.trial import Points3D

# Share of the variance that chance alone may hide, and from which on what does not show is believed whole.
_CHANCE, _BELIEVED = 0.15, 0.3
_DOUBT = 4.0
_LEAST_NOISE = 1e-6  # of the variance: nothing is known without any error


def assemble(
    points: Points3D,
    prepared: Prepared,
    lanes: Sequence[Lanes],
    fitted: Sequence[tuple[NDArray, NDArray]],
    options: SmoothingOptions,
) -> Smoothed:
    """Write what was fitted back into points: metres, flags, covariance with the part that stays."""
    shape = (points.n_frames, len(points.names))
    position, spread = np.array(points.position), np.array(points.covariance)
    active, stray = np.zeros(shape, bool), np.zeros(shape, bool)
    cutoff, noise, steady = np.full((shape[1], 3), np.nan), np.full(shape[1], np.nan), np.full(shape[1], np.nan)
    jobs: list[tuple[Any, ...]] = []
    for group, (fresh, covariance) in zip(lanes, fitted, strict=True):
        share = cutoffs(group.series, group.stiffness)
        active[:, group.members] = group.series.active[:-PAD, : len(group.members)]
        stray[:, group.members] = group.stray[:-PAD, : len(group.members)]
        for lane, keypoint in enumerate(group.members):
            if not active[:, keypoint].any():
                continue
            cutoff[keypoint], noise[keypoint] = share[:, lane] * points.rate_hz, max(group.noise[lane], _LEAST_NOISE)
            steady[keypoint] = _steady_share(group, lane) if prepared.known[keypoint] else 0.0
            jobs.append((
                fresh, covariance, lane, prepared.centre[keypoint], prepared.unit, noise[keypoint], active[:, keypoint],
                steady[keypoint], prepared.covariance[:, keypoint], position[:, keypoint], spread[:, keypoint],
            ))  # fmt: skip
    with pool(options) as workers:
        list(workers.map(lambda job: store_lane(*job), jobs))
    filled = active & (stray | ~np.isfinite(points.position.sum(axis=2)))
    trace = spread[..., 0, 0] + spread[..., 1, 1] + spread[..., 2, 2]
    lost = (filled & ~(trace <= options.max_sd_m**2)) | (stray & ~active)
    position[lost] = np.nan
    spread[lost] = np.nan
    status = _status(points.status, active & ~lost, filled & ~lost, stray)
    result = replace(points, position=position, covariance=spread, status=status)
    left = {
        points.names[k]: words for group in lanes for k, words in zip(group.members, group.doubts, strict=True) if words
    }
    return Smoothed(result, cutoff, noise, steady, _notes(result, prepared.known, stray, steady, left), left)


def _steady_share(group: Lanes, lane: int) -> float:
    """Return what of the stated variance does not show from frame to frame; a little is the chance of the estimate."""
    share = 1.0 - float(group.noise[lane])
    learned_from = max(min(int(group.series.measured[:, lane].sum()), LEARN_FRAMES), 1)
    chance = max(_DOUBT * float(np.sqrt(2.0 / (3.0 * learned_from))), _CHANCE)
    return share * float(np.clip((share - chance) / (_BELIEVED - _CHANCE), 0.0, 1.0))


def _status(status: NDArray, active: NDArray, filled: NDArray, stray: NDArray) -> NDArray:
    result = np.array(status, np.uint8)
    result[active] |= np.uint8(Status.FILTERED)
    gone = filled | stray
    result[gone] &= np.uint8(~int(Status.MEASURED) & 0xFF)
    result[filled] |= np.uint8(Status.FILLED)
    result[stray] |= np.uint8(Status.REJECTED)
    return result


def _notes(
    points: Points3D, known: NDArray, stray: NDArray, steady: NDArray, left: Mapping[str, str]
) -> tuple[str, ...]:
    notes = [f"{name} was not smoothed: {words}" for name, words in left.items()]
    filled = int(((points.status & np.uint8(Status.FILLED)) != 0).sum())
    if filled:
        notes.append(f"{counted(filled, 'missing sample')} bridged")
    if stray.any():
        notes.append(f"{counted(int(stray.sum()), 'sample')} left out as outliers")
    if np.nanmax(steady, initial=0.0) > 0:
        share = 100 * float(np.nanmedian(steady))
        notes.append(
            f"{share:.0f} % of the variance (median over keypoints) belongs to errors that stay over many frames: "
            "smoothing does not lessen them, and they remain in the covariance"
        )
    if not known.all():
        notes.append(f"{counted(int((~known).sum()), 'keypoint')} came without covariance: the noise was learned")
    return tuple(notes)
