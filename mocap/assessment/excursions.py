"""Repetitions of anything that leaves a level and comes back to it: lean of a hinge, inclination of a shank, height."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mocap.signal.filters import lowpass
from mocap.signal.runs import runs
from mocap.trial import Rejected

_NOT_BACK = "it does not come back to the level before the next one or the end"

_NEARLY = 0.7  # of the least excursion: such ones are told of


@dataclass(frozen=True)
class ExcursionSettings:
    """How excursions of a signal are found; speeds and sizes in the signal's unit (deg or m), per s.

    Attributes
    ----------
    filter_hz : float
        Cut-off of the signal before its speed is taken.
    still_speed, still_seconds : float
        Speed under which it rests, and the shortest rest that its level is taken from.
    level_band : float
        How far above its lowest 5 % the level may be.
    smallest : float
        Least excursion.
    separation_seconds : float
        Least time between two extremes.
    edge_speed_share : float
        Share of the peak speed under which an excursion begins and ends, if more than `still_speed`.
    return_share : float
        How far from the level, in parts of the excursion, it may end.
    plateau : float
        Distance from the extreme that still belongs to it.
    pause_seconds : float
        Time at the extreme from which it is called paused.
    shortest_seconds, longest_seconds : float
    valid_share : float
        Least share of frames in which the signal is known.
    """

    filter_hz: float
    still_speed: float
    still_seconds: float
    level_band: float
    smallest: float
    separation_seconds: float
    edge_speed_share: float
    return_share: float
    plateau: float
    pause_seconds: float
    shortest_seconds: float
    longest_seconds: float
    valid_share: float


@dataclass(frozen=True)
class Excursion:
    """One excursion by frames of its trial; the signal goes up from its level, to the extreme, and back.

    Attributes
    ----------
    start, extreme, end : int
    still_from, still_to : int
        First and last frame of the plateau at the extreme.
    paused : bool
    size, level : float
        How far it goes, and from where, in the signal's unit.
    start_sd_s, extreme_sd_s, end_sd_s : float
        Standard uncertainties of the three instants: of the noise of the speed, and of the frame.
    """

    start: int
    extreme: int
    end: int
    still_from: int
    still_to: int
    paused: bool
    size: float
    level: float
    start_sd_s: float = float("nan")
    extreme_sd_s: float = float("nan")
    end_sd_s: float = float("nan")


@dataclass(frozen=True)
class Excursions:
    """What was found in a signal.

    Attributes
    ----------
    found : tuple of Excursion
    rejected : tuple of Rejected
    note : str
        Why there is none; empty where there are some.
    rested : bool
        Whether the signal rests at its level anywhere; else the level is the lowest 5 %.
    refused : tuple of Excursion
        Those of the rejected that begin and end, for a reviewer who takes them all the same.
    """

    found: tuple[Excursion, ...]
    rejected: tuple[Rejected, ...]
    note: str
    rested: bool = True
    refused: tuple[Excursion, ...] = ()


@dataclass(frozen=True)
class Signal:
    """What excursions are found in.

    Attributes
    ----------
    values : ndarray, shape (time,)
        NaN is missing; short gaps are bridged by straight lines for finding, and counted as missing.
    name, unit : str
        As a user reads them.
    """

    values: NDArray
    name: str
    unit: str


def find_excursions(
    signal: Signal, rate_hz: float, settings: ExcursionSettings, start_s: float = 0.0, *, open_end: bool = False
) -> Excursions:
    """Return the excursions of a signal upwards from its level; start, extreme and end are found each by itself.

    The start is sought back from the sample of the greatest speed outwards, the end on from that of the greatest speed
    back: a search from the extreme would find a pause at it.

    Parameters
    ----------
    signal : Signal
    rate_hz : float
    settings : ExcursionSettings
    start_s : float
        Time of the first frame, for what is rejected.
    open_end : bool
        Whether one that does not come back before the recording ends is taken.
    """
    known = np.isfinite(signal.values)
    if known.sum() < max(4, settings.still_seconds * rate_hz):
        return Excursions((), (), f"{signal.name} is not known over {settings.still_seconds:g} s or more")
    filled = np.interp(np.arange(len(known)), np.flatnonzero(known), signal.values[known])
    smooth = lowpass(filled[:, None], rate_hz, settings.filter_hz)[0][:, 0]
    speed = np.gradient(smooth) * rate_hz
    speed_sd = _speed_sd(filled - smooth, rate_hz, settings.filter_hz)
    level, rested = _level(smooth, speed, rate_hz, settings)
    # From level to level, so that what the recording cuts off is a candidate too, and is rejected with its reason.
    closed = np.concatenate([[level], smooth, [level]])
    apart = max(1, int(settings.separation_seconds * rate_hz))
    tops = find_peaks(closed, prominence=settings.smallest, distance=apart)[0] - 1
    tops = tops[smooth[tops] - level >= settings.smallest]
    found: list[Excursion] = []
    rejected: list[Rejected] = []
    refused: list[Excursion] = []
    floor = 0
    for number, top in enumerate(tops):
        after = int(tops[number + 1]) if number + 1 < len(tops) else len(smooth) - 1
        one, reason = _excursion(smooth, speed, int(top), (floor, after), level, rate_hz, settings)
        if open_end and reason == _NOT_BACK and number + 1 == len(tops):
            reason = ""
        reason = reason or _refused(one, known, signal.name, rate_hz, settings)
        if reason:
            start, extreme, end = (start_s + frame / rate_hz for frame in (one.start, one.extreme, one.end))
            rejected.append(Rejected(start, extreme, end, reason))
            refused += [_timed(one, speed, speed_sd, rate_hz)] if one.start < one.extreme < one.end else []
        else:
            found.append(_timed(one, speed, speed_sd, rate_hz))
        floor = int(top)
    rejected += _near_misses(signal, closed, tops, found, level, start_s, rate_hz, settings)
    note = "" if found else _none(signal, float(smooth.max()) - level, rejected, settings)
    return Excursions(tuple(found), tuple(rejected), note, rested, tuple(refused))


def _near_misses(
    signal: Signal, closed: NDArray, tops: NDArray, found: list[Excursion], level: float, start_s: float,
    rate_hz: float, settings: ExcursionSettings,
) -> Iterator[Rejected]:
    """Yield excursions that are a little too small to count, outside those that do."""
    apart = max(1, int(settings.separation_seconds * rate_hz))
    least = _NEARLY * settings.smallest
    for top in find_peaks(closed, prominence=least, distance=apart)[0] - 1:
        size = float(closed[top + 1]) - level
        if top in tops or size < least or any(one.start <= top <= one.end for one in found):
            continue
        least_told = f"{settings.smallest:g} {signal.unit}"
        reason = f"{signal.name} changes by {_told_size(size, signal.unit)}, below the least of {least_told}"
        yield Rejected(float("nan"), start_s + top / rate_hz, float("nan"), reason)


def _told_size(size: float, unit: str) -> str:
    """Return a size as a user reads it: degrees to a tenth, metres to a centimetre."""
    return f"{size:.1f} {unit}" if unit == "deg" else f"{size:.2f} {unit}"


def _none(signal: Signal, largest: float, rejected: list[Rejected], settings: ExcursionSettings) -> str:
    if rejected:
        return f"all {len(rejected)} candidates were rejected"
    least = f"{settings.smallest:g} {signal.unit} or more"
    return f"{signal.name} has to change by {least}; the largest change is {_told_size(largest, signal.unit)}"


def _level(smooth: NDArray, speed: NDArray, rate_hz: float, settings: ExcursionSettings) -> tuple[float, bool]:
    """Return the median of the longest rest near the lowest values, and whether there is one; else the lowest 5 %."""
    low = float(np.quantile(smooth, 0.05))
    rests = runs((np.abs(speed) < settings.still_speed) & (smooth <= low + settings.level_band))
    longest = max(rests, key=lambda one: one[1] - one[0], default=(0, 0))
    if longest[1] - longest[0] >= settings.still_seconds * rate_hz:
        return float(np.median(smooth[longest[0] : longest[1]])), True
    return low, False


def _excursion(
    smooth: NDArray, speed: NDArray, top: int, bounds: tuple[int, int], level: float, rate_hz: float,
    settings: ExcursionSettings,
) -> tuple[Excursion, str]:  # fmt: skip
    size = float(smooth[top]) - level
    # The way up to this extreme begins after the lowest sample since the one before; the way down ends before the next.
    first = bounds[0] + int(np.argmin(smooth[bounds[0] : top + 1]))
    last = top + int(np.argmin(smooth[top : bounds[1] + 1]))
    rise = first + int(np.argmax(speed[first : top + 1]))
    fall = top + int(np.argmin(speed[top : last + 1]))
    slow_up = max(settings.still_speed, settings.edge_speed_share * float(speed[rise]))
    slow_down = max(settings.still_speed, settings.edge_speed_share * -float(speed[fall]))
    # On the right side of both: 0.9 of the way back towards the level.
    near = level + max(settings.return_share * size, settings.plateau)
    before = np.flatnonzero((np.abs(speed[first : rise + 1]) < slow_up) & (smooth[first : rise + 1] < near))
    behind = np.flatnonzero((np.abs(speed[fall : last + 1]) < slow_down) & (smooth[fall : last + 1] < near))
    start = first + int(before[-1]) if len(before) else first
    end = fall + int(behind[0]) if len(behind) else last
    still_from, still_to = _plateau(smooth, top, settings.plateau)
    paused = (still_to - still_from) / rate_hz > settings.pause_seconds
    reason = ""
    if not len(before):
        reason = "it does not begin at the level: the movement is cut off, or goes on from the one before"
    elif not len(behind):
        reason = _NOT_BACK
    return Excursion(start, top, end, still_from, still_to, bool(paused), size, level), reason


def _speed_sd(rest: NDArray, rate_hz: float, cutoff_hz: float) -> float:
    """Return the SD of the speed of a filtered signal from what the filter took out, white noise being assumed."""
    steps = np.diff(rest)
    sd = float(1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2.0))
    impulse = np.zeros((max(int(4 * rate_hz / cutoff_hz), 9), 1))
    impulse[len(impulse) // 2] = 1.0
    turned = np.gradient(lowpass(impulse, rate_hz, cutoff_hz)[0][:, 0]) * rate_hz
    return sd * float(np.sqrt((turned**2).sum()))


def _timed(one: Excursion, speed: NDArray, speed_sd: float, rate_hz: float) -> Excursion:
    """Return an excursion with the uncertainties of its instants: that of the speed over how fast it changes there."""

    def instant(frame: int) -> float:
        near = speed[max(frame - 2, 0) : frame + 3]
        change = float(np.abs(np.gradient(near)).max()) * rate_hz if len(near) > 1 else 0.0
        return float(np.hypot(1.0 / (rate_hz * np.sqrt(12.0)), speed_sd / change)) if change > 0 else float("nan")

    return replace(one, start_sd_s=instant(one.start), extreme_sd_s=instant(one.extreme), end_sd_s=instant(one.end))


def _plateau(smooth: NDArray, top: int, width: float) -> tuple[int, int]:
    near = smooth >= smooth[top] - width
    below, above = np.flatnonzero(~near[: top + 1]), np.flatnonzero(~near[top:])
    first = int(below[-1]) + 1 if len(below) else 0
    return first, top + int(above[0]) - 1 if len(above) else len(smooth) - 1


def _refused(one: Excursion, known: NDArray, name: str, rate_hz: float, settings: ExcursionSettings) -> str:
    seconds = (one.end - one.start) / rate_hz
    share = float(known[one.start : one.end + 1].mean())
    if seconds < settings.shortest_seconds:
        return f"it lasts {seconds:.2f} s, less than {settings.shortest_seconds:g} s"
    if seconds > settings.longest_seconds:
        return f"it lasts {seconds:.1f} s, more than {settings.longest_seconds:g} s"
    if share < settings.valid_share:
        return f"{name} is known in {100 * share:.0f} % of its frames, less than {100 * settings.valid_share:.0f} %"
    return ""
