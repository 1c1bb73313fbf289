"""What one method says of the cameras' clocks held against what others say of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.sync.flash import LONE_FLASH
from mocap.trial import SyncEstimate

_SURE_SDS = 4.0
_AGREE_FRAMES = (0.5, 1.0)  # what agrees in any case, and at most, however uncertain either is
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
        cameras, else those cameras are not told; none that rests on it is where no more than half of the cameras
        compared agree, as any of them may have seen another light. Whatever else is contradicted stays, and says so.
        What neither agrees to within its uncertainty nor is contradicted is said to be unconfirmed.
    """
    for other in others:
        apart, slack, zero = _apart(best, other, interval_s)
        if not np.isfinite(apart).any():
            continue
        off = np.flatnonzero(np.abs(apart) > slack)
        if not len(off):
            best = _compared(best, other, apart / interval_s, _agreeing(best, other, apart, interval_s))
            continue
        said = " ".join(_contradiction(best, other, zero, interval_s, int(camera)) for camera in off)
        if not any(LONE_FLASH in words for words in best.words):
            best = replace(best, words=(*best.words, said))
        elif (other.estimable | ~best.estimable).all():
            return replace(other, words=(*other.words, f"{said} One flash may be another light: {other.method} goes "
                                                       "before it."))  # fmt: skip
        else:
            doubted = off if 2 * len(off) < np.isfinite(apart).sum() else np.union1d(off, _on_lone_flash(best))
            best = _untold(best, doubted, f"{said} Which is right cannot be told.")
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


def _agreeing(best: SyncEstimate, other: SyncEstimate, apart: NDArray, interval_s: NDArray) -> NDArray:
    """Return which cameras two estimates agree on: to within their uncertainty, and never by more than a frame."""
    least, most = (share * interval_s for share in _AGREE_FRAMES)
    return np.abs(apart) <= np.clip(_SURE_SDS * np.hypot(best.offset_sd_s, other.offset_sd_s), least, most)


def _compared(best: SyncEstimate, other: SyncEstimate, apart_frames: NDArray, agree: NDArray) -> SyncEstimate:
    """Say which cameras another estimate confirms, and which it neither confirms nor contradicts."""
    off, all_agree = np.abs(apart_frames), bool((agree | ~best.estimable).all())
    words = [one for one in best.words if not (all_agree and LONE_FLASH in one)]
    names = np.array(best.camera_names)
    if agree.sum() > 1:  # one camera agrees with itself
        told, most = ", ".join(names[agree]), digits(float(off[agree].max()), 1)
        words.append(f"The {other.method} of {told} agrees with the {best.method} to within {most} frames.")
    beside = np.isfinite(off) & ~agree
    if beside.any():
        told, most = ", ".join(names[beside]), digits(float(off[beside].max()), 1)
        words.append(
            f"The {other.method} of {told} lies up to {most} frames beside the {best.method}: too far to confirm it, "
            "too near to contradict it."
        )
    return replace(best, words=tuple(words))


def _on_lone_flash(best: SyncEstimate) -> NDArray:
    """Return the cameras that are told by one flash alone: all that are told where the words name none."""
    words = " ".join(said for said in best.words if LONE_FLASH in said)
    named = np.array([f"'{name}'" in words for name in best.camera_names])
    return np.flatnonzero(named if named.any() else best.estimable)


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
