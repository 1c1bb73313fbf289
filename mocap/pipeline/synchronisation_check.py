"""What one method says of the cameras' clocks held against what others say of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.sync.flash import LONE_FLASH
from mocap.trial import SyncEstimate

_SURE_SDS = 4.0
_SOUND_TO_PICTURE_S = 0.1  # cameras of several makes record sound up to some tens of ms beside their pictures


def held_against(best: SyncEstimate, others: Sequence[SyncEstimate], interval_s: NDArray) -> SyncEstimate:
    """Return an estimate with the word of the others on it: confirmed, contradicted, or given up for one of them.

    Parameters
    ----------
    best : SyncEstimate
    others : sequence of SyncEstimate
        By other methods, for the same cameras.
    interval_s : ndarray, shape (camera,)
        Between frames.

    Returns
    -------
    SyncEstimate
        What rests on one flash alone yields to what contradicts it: to the other estimate where that tells as many
        cameras, else those cameras are not told. Whatever else is contradicted stays, and says so.
    """
    for other in others:
        apart, slack, zero = _apart(best, other, interval_s)
        if not np.isfinite(apart).any():
            continue
        off = np.flatnonzero(np.abs(apart) > slack)
        if not len(off):
            best = _confirmed(best, other, apart / interval_s)
            continue
        said = " ".join(_contradiction(best, other, zero, interval_s, int(camera)) for camera in off)
        if not any(LONE_FLASH in words for words in best.words):
            best = replace(best, words=(*best.words, said))
        elif (other.estimable | ~best.estimable).all():
            return replace(other, words=(*other.words, f"{said} One flash may be another light: {other.method} goes "
                                                       "before it."))  # fmt: skip
        else:
            best = _untold(best, off, f"{said} Which is right cannot be told.")
    return best


def without_chance(estimate: SyncEstimate) -> SyncEstimate:
    """Take back what rests on one flash that not every camera saw: any two cameras may see something light up once."""
    lone = any(LONE_FLASH in words for words in estimate.words)
    if not lone or estimate.estimable.all() or not estimate.estimable.any():
        return estimate
    said = "Not every camera saw the one flash, and nothing confirms it: it is taken by --method flash alone."
    return _untold(estimate, np.flatnonzero(estimate.estimable), said)


def _apart(best: SyncEstimate, other: SyncEstimate, interval_s: NDArray) -> tuple[NDArray, NDArray, float]:
    """Return by how many seconds two estimates differ per camera, what does not count, and how their zeros differ."""
    apart = best.offset_s - other.offset_s
    told = apart[np.isfinite(apart)]
    unknown = np.full(len(apart), np.nan)
    if len(told) < 2:
        return unknown, unknown, np.nan
    # Of two cameras the first is the reference; of more the one in the middle.
    zero = float(told[0] if len(told) == 2 else np.sort(told)[(len(told) - 1) // 2])
    slack = np.maximum(interval_s, _SOUND_TO_PICTURE_S if "sound" in (best.method, other.method) else 0.0)
    return apart - zero, slack + _SURE_SDS * np.hypot(best.offset_sd_s, other.offset_sd_s), zero


def _contradiction(best: SyncEstimate, other: SyncEstimate, zero_s: float, interval_s: NDArray, camera: int) -> str:
    mine, theirs = (-one / interval_s[camera] for one in (best.offset_s[camera], other.offset_s[camera] + zero_s))
    return (
        f"Of camera '{best.camera_names[camera]}' they contradict each other: {mine:+.1f} frames by {best.method}, "
        f"{theirs:+.1f} by {other.method}."
    )


def _confirmed(best: SyncEstimate, other: SyncEstimate, apart_frames: NDArray) -> SyncEstimate:
    names = [name for name, one in zip(best.camera_names, apart_frames, strict=True) if np.isfinite(one)]
    most = float(np.nanmax(np.abs(apart_frames)))
    all_told = len(names) >= best.estimable.sum()
    words = [one for one in best.words if not (all_told and LONE_FLASH in one)]
    said = f"The {other.method} of {', '.join(names)} agrees with the {best.method} to within {digits(most, 1)} frames."
    return replace(best, words=(*words, said))


def _untold(best: SyncEstimate, cameras: NDArray, said: str) -> SyncEstimate:
    """Take back what was said of cameras."""
    gone = np.isin(np.arange(len(best.camera_names)), cameras)
    names = [best.camera_names[camera] for camera in cameras]
    kept = [words for words in best.words if not any(f"Shifting camera '{name}'" in words for name in names)]
    return replace(
        best, offset_s=np.where(gone, np.nan, best.offset_s), offset_sd_s=np.where(gone, np.nan, best.offset_sd_s),
        drift_ppm=np.where(gone, np.nan, best.drift_ppm), drift_sd_ppm=np.where(gone, np.nan, best.drift_sd_ppm),
        shifted=best.shifted & ~gone, words=(*kept, said),
    )  # fmt: skip
