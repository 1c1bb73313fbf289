"""Clocks compared by what the cameras' microphones heard: generalised cross-correlation with phase transform."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from mocap.errors import ShapeError
from mocap.sync.frame_times import against_median
from mocap.trial import SyncEstimate

_BAND_HZ = (150.0, 3500.0)
_WINDOW_S = 8.0
_REACH_S = 0.25
_EXCERPT_S = 40.0
_SURE_WHOLE, _SURE_WINDOW = 2.0, 1.4  # peaks against the highest elsewhere
_ECHO_S = 0.02  # nearer to a peak, others belong to it
_ALIKE_S = 0.004  # windows that agree with the line
_SPEED_OF_SOUND = 343.0
_TELLS_PPM = 20.0


@dataclass(frozen=True, eq=False)
class AudioTrack:
    """Sound of one camera: `samples` (sample,) at `rate_hz`, the first at `start_s` of the camera's clock."""

    samples: NDArray
    rate_hz: float
    start_s: float = 0.0


@dataclass(frozen=True)
class _Lag:
    offset_s: float
    sd_s: float
    drift_ppm: float
    drift_sd_ppm: float


def estimate_sound(
    tracks: Sequence[AudioTrack | None], camera_names: Sequence[str], interval_s: NDArray, *,
    path_sd_m: float = 1.0,
) -> SyncEstimate:
    """Compare the cameras' clocks by their sound.

    Parameters
    ----------
    tracks : sequence of AudioTrack or None
        All at one rate, 8 kHz or more; None for a camera without sound.
    camera_names : sequence of str
    interval_s : ndarray, shape (camera,)
        Between frames.
    path_sd_m : float
        SD of the cameras' distances from the source of the sound: 2.9 ms per metre, which no correlation can see.

    Returns
    -------
    SyncEstimate
        `sound`; NaN for cameras whose track does not fit any other's.

    Notes
    -----
    Knapp and Carter 1976: the cross-spectrum, whitened within the band of speech and claps, has a sharp peak at the
    lag. The loudest part of one track is sought in the whole other one; windows along the recording then give the
    lag to a fraction of a sample, and a line through them the drift.
    """
    rates = {track.rate_hz for track in tracks if track is not None}
    if len(rates) > 1 or len(tracks) != len(camera_names):
        raise ShapeError("Sound at several rates, or not one track per camera.", "Resample all to one rate.")
    n_cameras = len(tracks)
    found: dict[int, _Lag] = {}
    for reference in range(n_cameras):
        start = tracks[reference]
        if start is None:
            continue
        found = {reference: _Lag(0.0, 1e-5, 0.0, 0.0)}
        for camera, track in enumerate(tracks):
            lag = None if track is None or camera == reference else _lag(start, track)
            if lag is not None:
                found[camera] = lag
        if len(found) > 1:
            break
    rows = np.full((n_cameras, 4), np.nan)
    if len(found) > 1:
        for camera, lag in found.items():
            path = path_sd_m / _SPEED_OF_SOUND
            rows[camera] = lag.offset_s, np.hypot(lag.sd_s, path), lag.drift_ppm, lag.drift_sd_ppm
    words = (
        f"Sound needs 2.9 ms per metre: cameras {path_sd_m:.0f} m nearer to its source hear it that much earlier.",
    ) if len(found) > 1 else ()  # fmt: skip
    return against_median(
        camera_names, "sound", rows[:, 0], rows[:, 1], interval_s, drift_ppm=rows[:, 2], drift_sd_ppm=rows[:, 3],
        words=words, untold="its sound does not fit that of the others, or it has none",
    )  # fmt: skip


def _lag(reference: AudioTrack, other: AudioTrack) -> _Lag | None:
    """Return how the clock of `other` stands to that of `reference`; None where their sounds do not correlate."""
    rate = reference.rate_hz
    if min(len(reference.samples), len(other.samples)) < 0.5 * rate:
        return None
    n_excerpt = min(int(_EXCERPT_S * rate), len(other.samples))
    at = _loudest(other.samples, n_excerpt)
    # Where in the reference the loudest part of the other track was heard.
    shift, sure = _peak(other.samples[at : at + n_excerpt], reference.samples, rate)
    if sure < _SURE_WHOLE:
        return None
    rough = (at - shift) / rate + other.start_s - reference.start_s
    times, lags = _windows(reference, other, rough)
    if not len(times):
        return None
    return _line(times, lags)


def _loudest(samples: NDArray, length: int) -> int:
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    total = energy[length:] - energy[:-length]
    return int(total.argmax())


def _windows(reference: AudioTrack, other: AudioTrack, rough_s: float) -> tuple[NDArray, NDArray]:
    """Return times of windows by the reference's clock, and the exact lag in each that has a clear one."""
    rate = reference.rate_hz
    n_window, n_reach = int(_WINDOW_S * rate), int(_REACH_S * rate)
    times, lags = [], []
    overlap_start = max(reference.start_s, other.start_s - rough_s)
    overlap_end = min(
        reference.start_s + len(reference.samples) / rate, other.start_s - rough_s + len(other.samples) / rate
    )
    count = max(1, int((overlap_end - overlap_start) / _WINDOW_S))
    for start_s in overlap_start + np.arange(count) * _WINDOW_S:
        a = round((start_s - reference.start_s) * rate)
        piece = reference.samples[a : a + n_window]
        b = round((start_s + rough_s - other.start_s) * rate) - n_reach
        wide = other.samples[max(b, 0) : b + n_window + 2 * n_reach]
        if len(piece) < 0.25 * rate or len(wide) < 0.25 * rate:
            continue
        shift, sure = _peak(piece, wide, rate, within=(max(-b, 0), 2 * n_reach))
        if sure >= _SURE_WINDOW:
            lag = (max(b, 0) + shift - a) / rate + other.start_s - reference.start_s
            times.append((a + len(piece) / 2) / rate + reference.start_s)
            lags.append(lag)
    return np.array(times), np.array(lags)


def _peak(
    piece: NDArray, whole: NDArray, rate: float, within: tuple[int, int] | None = None
) -> tuple[float, float]:
    """Return by how many samples `piece` lies later in `whole`, to a fraction, and how far the peak stands out."""
    piece, whole = piece - piece.mean(), whole - whole.mean()
    length = fft.next_fast_len(len(piece) + len(whole), real=True)
    cross = fft.rfft(whole, length) * np.conj(fft.rfft(piece, length))
    frequency = fft.rfftfreq(length, 1 / rate)
    power = np.abs(cross)
    band = (frequency > _BAND_HZ[0]) & (frequency < min(_BAND_HZ[1], 0.45 * rate)) & (power > 0)
    if not band.any():
        return 0.0, 0.0
    # Bands that hold next to nothing are noise of the codec, and weigh less.
    floor = 1e-3 * float(np.median(power[band]))
    white = np.where(band, cross / np.maximum(power, max(floor, 1e-30)), 0)
    found = fft.irfft(white, length)
    lags = np.arange(-len(piece) + 1, len(whole)) if within is None else np.arange(-within[0], within[1] - within[0])
    values = found[lags]
    best = int(values.argmax())
    echo = round(_ECHO_S * rate)
    elsewhere = max(values[: max(best - echo, 0)].max(initial=0.0), values[best + echo :].max(initial=0.0))
    sure = float(values[best] / elsewhere) if elsewhere > 0 else 0.0
    left, top, right = found[lags[best] - 1], values[best], found[(lags[best] + 1) % length]
    bend = left - 2 * top + right
    return float(lags[best] + (0.5 * (left - right) / bend if bend < 0 else 0.0)), sure


def _line(times: NDArray, lags: NDArray) -> _Lag | None:
    """Return the line through the lags of windows, those that hear something else left out."""
    middle = float(np.median(times))
    slope, level = 0.0, float(np.median(lags))
    for _ in range(4):
        kept = np.abs(lags - level - slope * (times - middle)) < _ALIKE_S
        if kept.sum() < max(1, 0.4 * len(lags)):
            return None
        if kept.sum() >= 4 and np.ptp(times[kept]) > 0:
            slope, level = np.polyfit(times[kept] - middle, lags[kept], 1)
        else:
            slope, level = 0.0, float(np.mean(lags[kept]))
    off, centre = lags[kept] - level - slope * (times[kept] - middle), times[kept]
    n_kept = len(off)
    noise = max(float(np.sqrt(np.sum(off**2) / max(n_kept - 2, 1))), 2e-5)
    reach = float(np.sqrt(np.sum((centre - centre.mean()) ** 2)))
    drift_sd = 1e6 * noise / reach if n_kept >= 4 else np.inf
    if drift_sd > _TELLS_PPM:
        return _Lag(float(np.mean(lags[kept])), noise / np.sqrt(n_kept), np.nan, np.nan)
    start_sd = float(np.hypot(noise / np.sqrt(n_kept), abs(centre.mean()) * drift_sd * 1e-6))
    return _Lag(float(level - slope * middle), start_sd, 1e6 * float(slope), float(drift_sd))
