"""Clocks compared by a flash that all cameras saw: a lamp switched on and off, timed between frames by its share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from calibration.arrays import checked_array
from calibration.digits import digits
from mocap.sync.frame_times import against_median
from mocap.trial import CameraTimes, SyncEstimate

_SURE = 8.0  # rises in SD of the frame to frame noise
_LONGEST_S = 1.0
_PARTIAL = (0.04, 0.96)
_TELLS_PPM = 50.0
#: In the words on cameras of which one flash alone tells: no second one confirms that it is the same light.
LONE_FLASH = "rests on one flash alone"


@dataclass(frozen=True, eq=False)
class Flashes:
    """The flashes that one camera saw.

    Attributes
    ----------
    on_s, off_s : ndarray, shape (flash,)
        When the light came on and went off, by the camera's clock.
    on_sd_s, off_sd_s : ndarray, shape (flash,)
    height : ndarray, shape (flash,)
        How much brighter the image was.
    """

    on_s: NDArray
    off_s: NDArray
    on_sd_s: NDArray
    off_sd_s: NDArray
    height: NDArray


def find_flashes(brightness: NDArray, time_s: NDArray, *, exposure_s: float | None = None) -> Flashes:
    """Find the flashes in the brightness of one camera's frames.

    Parameters
    ----------
    brightness : ndarray, shape (frame,)
        Mean or a high percentile of the gray values.
    time_s : ndarray, shape (frame,)
        Middle of the exposures.
    exposure_s : float, optional
        How long each frame is exposed; unknown, it may be anything up to the whole interval, and that widens the SD.

    Returns
    -------
    Flashes
        Those that rise within two frames, by more than eight SD of the noise and a third of the highest.

    Notes
    -----
    The first lit frame is lit for a part f of its exposure e: the light came on at t + e (1/2 - f). When it is lit as
    the later ones, the light came on between two exposures, at their middle to within (T - e)/2. With e unknown, its
    mean and spread follow from how likely each case is: 2/3 T for a frame lit in part.
    """
    level = np.asarray(brightness, float)
    interval = float(np.median(np.diff(time_s))) if len(time_s) > 1 else np.nan
    if len(level) < 8 or not np.isfinite(level).all():
        return _none()
    width = min(len(level) // 2, max(15, round(2.2 * _LONGEST_S / interval))) | 1
    rise = level - median_filter(level, size=width, mode="nearest")
    noise = max(1.4826 * float(np.median(np.abs(np.diff(rise)))) / np.sqrt(2), 1e-3 * float(np.ptp(rise)), 1e-9)
    lit = rise > max(_SURE * noise, rise.max() / 3)
    starts = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(int)])) == 1)
    stops = np.flatnonzero(np.diff(np.concatenate([lit.astype(int), [0]])) == -1)
    rows = [
        row for start, stop in zip(starts, stops, strict=True)
        if (row := _timed(rise, time_s, int(start), int(stop), noise, interval, exposure_s)) is not None
    ]  # fmt: skip
    return Flashes(*np.array(rows).T) if rows else _none()


def estimate_flash(
    brightness: NDArray, times: CameraTimes, *, exposure_s: Sequence[float | None] | None = None
) -> SyncEstimate:
    """Compare the cameras' clocks by the flashes that they all saw.

    Parameters
    ----------
    brightness : ndarray, shape (camera, frame)
        NaN after a camera's last frame.
    times : CameraTimes
    exposure_s : sequence of float, shape (camera,), optional

    Returns
    -------
    SyncEstimate
        `flash`; NaN for cameras that saw none, or none like the others'. Drift where flashes lie far enough apart to
        tell it to 50 ppm.
    """
    names = times.camera_names
    level = checked_array(brightness, "brightness", times.time_s.shape)
    exposures = exposure_s or [None] * len(names)
    seen, interval = [], np.empty(len(names))
    for camera, own in enumerate(times.time_s):
        there = np.isfinite(own)
        seen.append(find_flashes(level[camera, there], own[there], exposure_s=exposures[camera]))
        interval[camera] = np.median(np.diff(own[there])) if there.sum() > 1 else np.nan
    counts = [len(one.on_s) for one in seen]
    reference = max(range(len(names)), key=lambda camera: (counts[camera], -camera))
    rows = np.full((len(names), 5), np.nan)
    if counts[reference]:
        rows = np.array([_compared(one, seen[reference], interval[reference]) for one in seen])
        others = np.delete(rows[:, 4], reference)
        rows[reference, 4] = others.max(initial=0.0)
        rows[reference, :2] = 0.0, min(seen[reference].on_sd_s.min(), seen[reference].off_sd_s.min())
    known = [
        f"{counts[reference]} flash{'es' * (counts[reference] > 1)}, the first at "
        f"{digits(float(seen[reference].on_s[0]), 4)} s of camera '{names[reference]}'."
    ] if np.isfinite(rows[:, 0]).sum() > 1 else []  # fmt: skip
    known += _lone_words([name for name, row in zip(names, rows, strict=True) if row[4] == 1])
    drift = np.where(rows[:, 3] < _TELLS_PPM, rows[:, 2], np.nan)
    if np.isfinite(drift).any():
        drift[reference] = 0.0
    return against_median(
        names, "flash", rows[:, 0], rows[:, 1], interval, drift_ppm=drift,
        drift_sd_ppm=np.where(np.isfinite(drift), rows[:, 3], np.nan), words=known,
        untold="no flash that is like the one the others saw",
    )  # fmt: skip


def _lone_words(names: Sequence[str]) -> list[str]:
    """Say of which cameras nothing confirms that the light they saw is the one that the others saw."""
    told = ", ".join(f"'{name}'" for name in names)
    return [
        f"What is said of {told} {LONE_FLASH}, which is not confirmed: another light at another time would look the "
        "same. Switch the lamp twice or more, at uneven times, or record sound."
    ] if names else []  # fmt: skip


def _timed(
    rise: NDArray, time_s: NDArray, start: int, stop: int, noise: float, interval: float, exposure: float | None
) -> tuple[float, ...] | None:
    """Return on, off, their SD and the height of one flash; None where it is cut off or comes on slowly."""
    if start < 2 or stop > len(rise) - 3 or time_s[stop] - time_s[start] > _LONGEST_S:
        return None
    inner = rise[start + 1 : stop]
    full = float(np.median(inner)) if len(inner) else float(rise[start : stop + 1].max())
    # A frame lit for a small part may lie below the threshold.
    first = start - 1 if rise[start - 1] > max(4 * noise, _PARTIAL[0] * full) else start
    last = stop + 1 if rise[stop + 1] > max(4 * noise, _PARTIAL[0] * full) else stop
    if rise[first - 1] > max(4 * noise, 0.2 * full):
        return None
    on, on_sd = _edge(rise[first] / full, time_s[first], -1, noise / full, interval, exposure, last - first)
    off, off_sd = _edge(rise[last] / full, time_s[last], 1, noise / full, interval, exposure, last - first)
    # Where frames are missing the light may have changed at any time between those that are there.
    before, after = time_s[first] - time_s[first - 1], time_s[last + 1] - time_s[last]
    if before > 1.5 * interval:
        on, on_sd = time_s[first] - before / 2, before / np.sqrt(12)
    if after > 1.5 * interval:
        off, off_sd = time_s[last] + after / 2, after / np.sqrt(12)
    return on, off, on_sd, off_sd, full


def _edge(
    share: float, time: float, side: int, noise: float, interval: float, exposure: float | None, n_after: int
) -> tuple[float, float]:
    """Return when the light changed and its SD; `side` is -1 where it came on and 1 where it went off."""
    if n_after < 2:  # too short to know what a full frame would show
        return time, 0.5 * interval
    if _PARTIAL[0] < share < _PARTIAL[1]:
        length, spread = (exposure, 0.0) if exposure else (2 / 3 * interval, 0.236 * interval)
        sd = np.hypot(spread * (share - 0.5), noise * length * 1.2)
        return time + side * length * (share - 0.5), max(float(sd), 0.005 * interval)
    gap = (interval - exposure) / np.sqrt(12) if exposure else 0.204 * interval
    return time + side * 0.5 * interval, float(np.hypot(gap, _PARTIAL[0] * interval))


def _compared(own: Flashes, other: Flashes, interval: float) -> tuple[float, float, float, float, float]:
    """Return offset, its SD, drift (ppm), its SD, and how many flashes tell, of one camera against another."""
    untold = (np.nan, np.nan, np.nan, np.nan, 0.0)
    if not len(own.on_s):
        return untold
    gaps = (own.on_s[:, None] - other.on_s).ravel()
    votes = (np.abs(gaps[:, None] - gaps) < 0.75 * interval).sum(axis=1)
    best = votes.max()
    apart = np.abs(gaps - gaps[votes.argmax()]) > 2 * interval
    rival = votes[apart].max(initial=0)
    if rival >= best or (best >= 3 and rival >= best - 1):
        return untold  # even flashes fit each other in several ways
    centre = np.median(gaps[np.abs(gaps - gaps[votes.argmax()]) < 0.75 * interval])
    mine, theirs = np.nonzero(np.abs(own.on_s[:, None] - other.on_s - centre) < 1.5 * interval)
    longer = (own.off_s - own.on_s)[mine] - (other.off_s - other.on_s)[theirs]
    unsure = np.hypot(own.off_sd_s, own.on_sd_s)[mine] + np.hypot(other.off_sd_s, other.on_sd_s)[theirs]
    if np.median(np.abs(longer) - 2 * unsure) > interval:
        return untold  # not the same light
    gap = np.concatenate([own.on_s[mine] - other.on_s[theirs], own.off_s[mine] - other.off_s[theirs]])
    sd = np.concatenate(
        [np.hypot(own.on_sd_s[mine], other.on_sd_s[theirs]), np.hypot(own.off_sd_s[mine], other.off_sd_s[theirs])]
    )
    at = np.concatenate([other.on_s[theirs], other.off_s[theirs]])
    return (*_line(at, gap, sd), float(len(np.unique(theirs))))


def _line(at: NDArray, gap: NDArray, sd: NDArray) -> tuple[float, float, float, float]:
    """Return the weighted mean with its SD, or, where the slope can be told, the line at time 0 and the slope."""
    weight = 1.0 / sd**2
    mean = float(np.average(gap, weights=weight))
    mean_sd = float(1.0 / np.sqrt(weight.sum()))
    centre = np.average(at, weights=weight)
    spread = float(np.sum(weight * (at - centre) ** 2))
    if spread <= 0:
        return mean, mean_sd, np.nan, np.nan
    slope_sd = 1e6 / np.sqrt(spread)
    if slope_sd > _TELLS_PPM:
        return mean, mean_sd, np.nan, slope_sd
    slope = float(np.sum(weight * (at - centre) * gap) / spread)
    return mean - slope * centre, float(np.hypot(mean_sd, centre * slope_sd * 1e-6)), 1e6 * slope, slope_sd


def _none() -> Flashes:
    return Flashes(*(np.zeros(0) for _ in range(5)))
