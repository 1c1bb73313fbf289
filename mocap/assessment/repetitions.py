"""Repetitions of a movement: start, bottom and end of each, found in one height over time.

The method is the project's own; its limits are settings of the protocol.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mocap.assessment.heights import Height, Settled, settled
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.trial import Rejected

_NEARLY = 0.7  # of the least drop: such dips are told of


@dataclass(frozen=True)
class Repetition:
    """One repetition, by frames of its trial.

    Attributes
    ----------
    start, bottom, end : int
        Frames where the descent begins, the lowest one, and where the ascent ends.
    still_from, still_to : int
        First and last frame of the plateau at the bottom.
    paused : bool
        Whether it is held at the bottom.
    depth_m : float
        From the height of standing to the bottom.
    standing_m : float
        Height of standing that it refers to.
    start_sd_s, bottom_sd_s, end_sd_s : float
        Standard uncertainties of the three instants: of the noise of the speed, and of the frame.
    depth_sd_m : float
        Of the noise of the height.
    edited : bool
        Whether a reviewer moved one of them.
    """

    start: int
    bottom: int
    end: int
    still_from: int
    still_to: int
    paused: bool
    depth_m: float
    standing_m: float
    start_sd_s: float = float("nan")
    bottom_sd_s: float = float("nan")
    end_sd_s: float = float("nan")
    depth_sd_m: float = float("nan")
    edited: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """Repetitions of a trial, those that were rejected, why there are none, and the height that they were found in.

    `candidates` are those of the rejected that a reviewer may take all the same: they have start, bottom and end.
    """

    repetitions: tuple[Repetition, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]
    height_m: NDArray | None = None
    candidates: tuple[Repetition, ...] = ()


def find_repetitions(height: Height, rate_hz: float, start_s: float, settings: RepetitionSettings) -> Found:
    """Return the repetitions in a height over time.

    Parameters
    ----------
    height : Height
        Of the hips, m, NaN is missing, with what it needs beside: leg length and the feet.
    rate_hz, start_s : float
        Frames per second, and the time of the first.
    settings : RepetitionSettings

    Returns
    -------
    Found
        None at all is a normal outcome, and a note explains it. Every dip of the least drop that is not taken is among
        the rejected, with its reason.
    """
    track = settled(height, rate_hz, settings)
    if track is None:
        return Found((), (), (f"no repetition: {height.name} is not known over half a second or more",))
    least = max(settings.smallest_drop, settings.smallest_drop_share * height.leg_length_m)
    apart = max(round(settings.separation_seconds * rate_hz), 1)
    # As if one stood before and after: what the recording cuts off is found, too, and told.
    padded = np.concatenate([[track.standing_m], track.height_m, [track.standing_m]])
    places, seen = find_peaks(-padded, prominence=_NEARLY * least, distance=apart)
    bottoms = [int(place) - 1 for place in places]
    taken: list[Repetition] = []
    rejected: list[Rejected] = []
    candidates: list[Repetition] = []
    for place, bottom in enumerate(bottoms):
        before = bottoms[place - 1] if place else 0
        after = bottoms[place + 1] if place + 1 < len(bottoms) else len(track.height_m) - 1
        made = _spanned(track, before, bottom, after, rate_hz, settings)
        reason = (
            f"drop of {seen['prominences'][place]:.2f} m, below the least of {least:.2f} m"
            if seen["prominences"][place] < least
            else _why_not(made, after, track, height, rate_hz, settings, least)
        )
        if reason:
            rejected.append(_rejected(made, start_s, rate_hz, reason))
            candidates += [made.repetition(rate_hz, track)] if 0 <= made.start < made.bottom < made.end else []
        else:
            taken.append(made.repetition(rate_hz, track))
    notes = list(track.notes)
    if not taken:
        drop = track.standing_m - float(np.nanmin(track.height_m))
        why = f"{len(rejected)} were rejected" if rejected else f"the largest drop is {max(drop, 0.0):.2f} m"
        notes.append(f"no repetition: {height.name} has to drop by {least:.2f} m or more and come back; {why}")
    ordered = tuple(sorted(rejected, key=lambda one: one.bottom_s))
    return Found(tuple(taken), ordered, tuple(notes), track.height_m, tuple(candidates))


@dataclass(frozen=True)
class _Span:
    """A candidate: frames, NaN-like -1 where an edge was not found."""

    start: int
    bottom: int
    end: int
    still_from: int
    still_to: int
    paused: bool
    drop_m: float
    fastest_down: int
    fastest_up: int

    def repetition(self, rate_hz: float, track: Settled) -> Repetition:
        """Return the candidate as a repetition, with the uncertainties of its instants (s) and of its depth (m)."""
        instants = (self.start, self.bottom, self.end)
        start_sd, bottom_sd, end_sd = (track.instant_sd(frame, rate_hz) for frame in instants)
        # On a plateau the lowest frame may be any.
        bottom_sd = float(np.nanmin([bottom_sd, max(self.still_to - self.still_from, 1) / (rate_hz * np.sqrt(12.0))]))
        return Repetition(
            self.start, self.bottom, self.end, self.still_from, self.still_to, self.paused, self.drop_m,
            track.standing_m, start_sd, bottom_sd, end_sd, float(np.sqrt(2.0) * track.height_sd_m),
        )  # fmt: skip


def _spanned(
    track: Settled, before: int, bottom: int, after: int, rate_hz: float, settings: RepetitionSettings
) -> _Span:
    """Return where the repetition about a bottom starts and ends, between the bottoms beside it."""
    height, speed = track.height_m, track.speed_m_s
    drop = track.standing_m - float(height[bottom])
    up_here = height >= track.standing_m - settings.return_share * drop
    # The last stand before and the first one after: a hop between two repetitions is in neither.
    top_before = before + _last(up_here[before : bottom + 1], int(np.argmax(height[before : bottom + 1])))
    top_after = bottom + _first(up_here[bottom : after + 1], int(np.argmax(height[bottom : after + 1])))
    down = top_before + int(np.argmin(speed[top_before : bottom + 1]))
    up = bottom + int(np.argmax(speed[bottom : top_after + 1]))
    slow_down = max(settings.still_speed, settings.edge_speed_share * -float(speed[down]))
    slow_up = max(settings.still_speed, settings.edge_speed_share * float(speed[up]))
    start = _first(speed[before : down + 1][::-1] > -slow_down)
    near = height[up : after + 1] > track.standing_m - settings.return_share * drop
    end = _first((speed[up : after + 1] < slow_up) & near)
    low = height <= height[bottom] + settings.plateau
    still_from = bottom - _first(~low[: bottom + 1][::-1], bottom + 1) + 1
    still_to = bottom + _first(~low[bottom:], len(low) - bottom) - 1
    return _Span(
        down - start if start >= 0 else -1, bottom, up + end if end >= 0 else -1, still_from, still_to,
        (still_to - still_from) / rate_hz > settings.pause_seconds, drop, down, up,
    )  # fmt: skip


def _last(there: NDArray, otherwise: int) -> int:
    """Return the last place that holds."""
    places = np.flatnonzero(there)
    return int(places[-1]) if len(places) else otherwise


def _first(there: NDArray, otherwise: int = -1) -> int:
    """Return the first place that holds."""
    places = np.flatnonzero(there)
    return int(places[0]) if len(places) else otherwise


def _why_not(
    made: _Span, after: int, track: Settled, height: Height, rate_hz: float, settings: RepetitionSettings, least: float
) -> str:
    """Return why a candidate is not taken; empty where it is."""
    if made.drop_m < least:
        return f"its bottom is {made.drop_m:.2f} m below standing, less than {least:.2f} m"
    top = track.standing_m - settings.return_share * made.drop_m
    first = float(track.height_m[max(made.start, 0)])
    if made.start <= 0 and first < top:
        return "the recording begins in the middle of it"
    if first < top:
        return f"it starts {track.standing_m - first:.2f} m below standing"
    if made.end < 0 and after == len(track.height_m) - 1 and track.height_m[made.bottom :].max() < top:
        return "the recording ends in the middle of it"
    if made.end < 0:
        return "the ascent does not come back to standing, or not to rest there, before what comes next"
    seconds = (made.end - made.start) / rate_hz
    if not settings.shortest_seconds <= seconds <= settings.longest_seconds:
        return f"it lasts {seconds:.1f} s, not {settings.shortest_seconds:g} to {settings.longest_seconds:g} s"
    inside = slice(made.start, made.end + 1)
    known = float(np.isfinite(height.values_m[inside]).mean())
    if known < settings.valid_share:
        least_known = f"less than {100 * settings.valid_share:.0f} %"
        return f"{height.name} is known in {100 * known:.0f} % of its frames, {least_known}"
    return _feet_why_not(height, inside, rate_hz, settings)


def _rejected(made: _Span, start_s: float, rate_hz: float, reason: str) -> Rejected:
    start, bottom, end = (
        start_s + frame / rate_hz if frame >= 0 else float("nan") for frame in (made.start, made.bottom, made.end)
    )
    return Rejected(start, bottom, end, reason)


def _feet_why_not(height: Height, inside: slice, rate_hz: float, settings: RepetitionSettings) -> str:
    """Return why the feet speak against a candidate; empty where they do not."""
    stagger = height.stagger_m(inside)
    if stagger > settings.foot_stagger:
        return f"one foot stands {stagger:.2f} m in front of the other: a lunge or a split squat"
    for foot, rise in height.lifts(inside):
        if rise > settings.foot_lift:
            return f"the {foot} foot leaves the floor by {rise:.2f} m: a step or a jump"
    for foot, shift in height.foot_shifts(inside, rate_hz, settings.filter_hz):
        if shift > settings.foot_shift:
            return f"the {foot} foot moved by {1000 * shift:.0f} mm, more than {1000 * settings.foot_shift:.0f} mm"
    return ""
