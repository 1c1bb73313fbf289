"""What the smoother fitted, written back into points."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.reconstruction.smooth_kernels import PAD
from mocap.reconstruction.smooth_lanes import LEARN_FRAMES, Lanes, Prepared, plain
from mocap.reconstruction.smooth_load_kernels import store_lanes
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions, pool
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
    n_keypoints = len(points.names)
    given = plain(points.position), plain(points.covariance)
    position, spread = (np.empty(part.shape, part.dtype) for part in given)
    status = np.array(points.status, np.uint8)
    cutoff, noise, steady = np.full((n_keypoints, 3), np.nan), *np.full((2, n_keypoints), np.nan)
    jobs: list[tuple[Any, ...]] = []
    for group, fit in zip(lanes, fitted, strict=True):
        share, moving = cutoffs(group.series, group.stiffness), np.asarray(group.series.active.any(axis=0))
        counts = group.series.measured.sum(axis=0)
        for lane in np.flatnonzero(moving[: len(group.members)]):
            keypoint = group.members[lane]
            cutoff[keypoint] = share[:, lane] * points.rate_hz
            noise[keypoint] = max(group.noise[lane], _LEAST_NOISE)
            own = _steady_share(float(group.noise[lane]), int(counts[lane]))
            steady[keypoint] = own if prepared.known[keypoint] else 0.0
        place = np.column_stack([
            prepared.centre[group.members], np.full(len(group.members), prepared.unit), noise[group.members],
            steady[group.members],
        ])  # fmt: skip
        jobs.append((
            fit, group.members, place, group.series.active, group.stray, prepared.covariance, options.max_sd_m**2,
            given, position, spread, status,
        ))  # fmt: skip
    with pool(options) as workers:
        list(workers.map(lambda job: store_lanes(*job), jobs))
    strays = sum(int(group.stray[:-PAD].sum()) for group in lanes)
    result = replace(points, position=position, covariance=spread, status=status)
    left = {
        points.names[k]: words for group in lanes for k, words in zip(group.members, group.doubts, strict=True) if words
    }
    return Smoothed(result, cutoff, noise, steady, _notes(result, prepared.known, strays, steady, left), left)


def _steady_share(noise: float, n_samples: int) -> float:
    """Return what of the stated variance does not show from frame to frame; a little is the chance of the estimate."""
    share = 1.0 - noise
    learned_from = max(min(n_samples, LEARN_FRAMES), 1)
    chance = max(_DOUBT * float(np.sqrt(2.0 / (3.0 * learned_from))), _CHANCE)
    return share * float(np.clip((share - chance) / (_BELIEVED - _CHANCE), 0.0, 1.0))


def _notes(
    points: Points3D, known: NDArray, strays: int, steady: NDArray, left: Mapping[str, str]
) -> tuple[str, ...]:
    notes = [f"{name} was not smoothed: {words}" for name, words in left.items()]
    filled = int(((points.status & np.uint8(Status.FILLED)) != 0).sum())
    if filled:
        notes.append(f"{counted(filled, 'missing sample')} bridged")
    if strays:
        notes.append(f"{counted(strays, 'sample')} left out as {'an outlier' if strays == 1 else 'outliers'}")
    if np.nanmax(steady, initial=0.0) > 0:
        share = 100 * float(np.nanmedian(steady))
        notes.append(
            f"{share:.0f} % of the variance (median over keypoints) belongs to errors that stay over many frames: "
            "smoothing does not lessen them, and they remain in the covariance"
        )
    there = np.isfinite(points.position).all(axis=2).any(axis=0)
    if not there.all():
        names = [name for name, one in zip(points.names, there, strict=True) if not one]
        notes.append(f"{', '.join(names)}: no point in any frame, nothing to smooth")
    learned = int((there & ~known).sum())
    if learned:
        notes.append(f"{counted(learned, 'keypoint')} came without covariance: the noise was learned")
    return tuple(notes)
