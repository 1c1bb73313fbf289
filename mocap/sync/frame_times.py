"""Clocks compared: offsets against most cameras made an estimate with its verdict, and clocks that are one already."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.trial import CameraTimes, SyncEstimate

_MATTERS_FRAMES = 0.25  # offsets below are not worth a word
_SURE_SDS = 3.0


def against_median(
    camera_names: Sequence[str], method: str, offset_s: NDArray, sd_s: NDArray, interval_s: NDArray, *,
    drift_ppm: NDArray | None = None, drift_sd_ppm: NDArray | None = None, words: Sequence[str] = (),
    untold: str = "",
) -> SyncEstimate:
    """Refer offsets to the camera in the middle of all, and say which are shifted.

    Parameters
    ----------
    camera_names : sequence of str
    method : str
    offset_s, sd_s : ndarray, shape (camera,)
        Against any one clock; NaN where they cannot be told.
    interval_s : ndarray, shape (camera,)
        Between frames: what is shifted by less than a quarter of it is not said to be shifted.
    drift_ppm, drift_sd_ppm : ndarray, shape (camera,), optional
        Against the same clock.
    words : sequence of str
        What else has to be said.
    untold : str
        Why cameras could not be told, said with their names.

    Returns
    -------
    SyncEstimate
        Of two cameras the first is the reference.
    """
    names, n_cameras = tuple(camera_names), len(camera_names)
    unknown = np.full(n_cameras, np.nan)
    drift = unknown if drift_ppm is None else drift_ppm
    drift_sd = unknown if drift_sd_ppm is None else drift_sd_ppm
    told = np.flatnonzero(np.isfinite(offset_s))
    if len(told) >= 2:
        middle = told[0] if len(told) == 2 else told[np.argsort(offset_s[told], kind="stable")[(len(told) - 1) // 2]]
        others = told[told != middle]
        offset = offset_s - offset_s[middle]
        sd = np.hypot(sd_s, sd_s[middle])
        sd[middle] = np.hypot(sd_s[middle], np.median(sd_s[others])) / np.sqrt(len(told))
        drift = drift - (drift[middle] if np.isfinite(drift[middle]) else np.nan)
    else:
        offset, sd, drift, drift_sd = unknown, unknown, unknown, unknown
    with np.errstate(invalid="ignore"):
        shifted = np.abs(offset) > np.maximum(_SURE_SDS * sd, _MATTERS_FRAMES * interval_s)
    sentences = [
        _shift_words(names[c], offset[c], sd[c], interval_s[c], method) for c in np.flatnonzero(shifted)
    ]
    lost = [names[c] for c in range(n_cameras) if not np.isfinite(offset[c])]
    if lost:
        sentences.append(f"The clock of {', '.join(lost)} cannot be told by {method}: {untold or 'nothing to go by'}.")
    elif not shifted.any():
        sentences.append(
            f"No camera is shifted in time by {method}: offsets are 0 to within "
            f"{digits(2 * float(np.nanmax(sd / interval_s)))} frames (95 %)."
        )
    return SyncEstimate(
        names, method, offset, sd, drift, drift_sd, unknown, unknown, shifted, (*sentences, *words)
    )  # fmt: skip


def estimate_timestamps(times: CameraTimes, jitter_s: NDArray) -> SyncEstimate:
    """Take the cameras' times as those of one clock, which the caller knows them to be.

    Parameters
    ----------
    times : CameraTimes
        All by one clock, so no camera is shifted against it.
    jitter_s : ndarray, shape (camera,)
        SD of each camera's times about its even clock, s: how well an instant is known.
    """
    zeros, unknown = np.zeros(len(times.camera_names)), np.full(len(times.camera_names), np.nan)
    first = times.time_s[:, 0]
    interval = np.nanmedian(np.diff(times.time_s, axis=1)) if times.time_s.shape[1] > 1 else np.nan
    words = [
        f"Camera '{name}' began {digits(1e3 * late)} ms ({digits(late / interval)} frames) after the first."
        for name, late in zip(times.camera_names, first - first.min(), strict=True)
        if late > _MATTERS_FRAMES * interval
    ]
    words.append("All frames are stamped by one clock; it may stamp their arrival rather than their exposure.")
    return SyncEstimate(
        times.camera_names, "timestamps", zeros, np.asarray(jitter_s, float), zeros, zeros, unknown, unknown,
        np.zeros(len(zeros), bool), tuple(words),
    )  # fmt: skip


def _shift_words(name: str, offset_s: float, sd_s: float, interval_s: float, method: str) -> str:
    frames, sd = offset_s / interval_s, sd_s / interval_s
    decimals = 2 if sd < 0.05 else 1
    return (
        f"Shifting camera '{name}' by {-frames:+.{decimals}f} +- {digits(sd, 1)} frames ({-1e3 * offset_s:+.1f} ms) "
        f"sets its clock right, by {method}."
    )
