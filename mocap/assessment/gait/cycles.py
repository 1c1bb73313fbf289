"""Gait cycles: from one initial contact to the next of the same foot, with what has to come between."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.gait.events import OTHER, Walk
from mocap.assessment.gait.extremes import NAN
from mocap.assessment.gait.passes import Pass
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import SIDES, Walker
from mocap.trial.assessment import Rejected
from mocap.trial.events import Event

_LONG = 1.5  # medians of a foot's cycles, beyond which one is no single stride


@dataclass(frozen=True, eq=False)
class Cycle:
    """One cycle of one foot.

    Attributes
    ----------
    side : str
        `right` or `left`.
    on : Pass
    start, other_off, other_on, off, end : Event
        Initial contact, final and initial contact of the other foot, own final contact, next initial contact.
    """

    side: str
    on: Pass
    start: Event
    other_off: Event
    other_on: Event
    off: Event
    end: Event

    @property
    def events(self) -> tuple[Event, ...]:
        """The five, in order of time."""
        return (self.start, self.other_off, self.other_on, self.off, self.end)

    @property
    def duration_s(self) -> float:
        """From contact to contact, s."""
        return self.end.time_s - self.start.time_s


def find_cycles(walk: Walk, settings: ContactSettings) -> tuple[tuple[Cycle, ...], tuple[Rejected, ...]]:
    """Return the cycles in order of time, and those refused: events that lack or come in a wrong order,
    both feet unseen for a while, a duration beyond 1.5 medians of that foot, shuffling.
    """
    cycles, refused = [], []
    for one, events in walk.passes:
        for side in SIDES:
            starts = [event for event in events if (event.side, event.label) == (side, INITIAL)]
            for start, end in itertools.pairwise(starts):
                between = [event for event in events if start.time_s < event.time_s < end.time_s]
                cycle, why = _cycle(side, one, start, between, end)
                if cycle is not None and walk.walker is not None:
                    why = _unseen(cycle, walk.walker) or _shuffled(cycle, walk.walker, settings)
                if cycle is None or why:
                    refused.append(Rejected(start.time_s, NAN, end.time_s, f"{side} cycle: {why}"))
                else:
                    cycles.append(cycle)
    kept, long = _without_long(cycles)
    return tuple(sorted(kept, key=lambda cycle: cycle.start.time_s)), (*refused, *long)


def _unseen(cycle: Cycle, walker: Walker) -> str:
    """Return word of a gap of both feet: whole strides may lie in it, and the contacts about it are in order still."""
    frames = slice(max(0, int(walker.frame(cycle.start.time_s))), int(np.ceil(walker.frame(cycle.end.time_s))) + 1)
    missing = np.ones(walker.n_frames, bool)[frames]
    for foot in walker.feet.values():
        missing &= ~np.isfinite(foot.heel + foot.forefoot).all(axis=1)[frames]
    if not missing.any():
        return ""
    return f"both feet are not seen for {missing.sum() / walker.rate_hz:.2f} s: strides in it would be missed"


def _without_long(cycles: Sequence[Cycle]) -> tuple[list[Cycle], list[Rejected]]:
    """Return the cycles without those that last as long as two strides: contacts between were missed."""
    kept, refused = [], []
    for cycle in cycles:
        usual = float(np.median([one.duration_s for one in cycles if one.side == cycle.side]))
        if cycle.duration_s <= _LONG * usual:
            kept.append(cycle)
            continue
        why = f"lasts {cycle.duration_s:.2f} s, more than {_LONG:g} times the median of that foot, {usual:.2f} s"
        refused.append(Rejected(cycle.start.time_s, NAN, cycle.end.time_s, f"{cycle.side} cycle: {why}"))
    return kept, refused


def _cycle(side: str, one: Pass, start: Event, between: Sequence[Event], end: Event) -> tuple[Cycle | None, str]:
    other = OTHER[side]
    wanted = ((other, FINAL), (other, INITIAL), (side, FINAL))
    if tuple((event.side, event.label) for event in between) == wanted:
        return Cycle(side, one, start, between[0], between[1], between[2], end), ""
    names = ", ".join(f"{event.side} {event.label.replace('_', ' ')}" for event in between) or "no event"
    return None, (
        f"between its two initial contacts there should be {other} final contact, {other} initial contact, {side} "
        f"final contact, and there is {names}"
    )


def _shuffled(cycle: Cycle, walker: Walker, settings: ContactSettings) -> str:
    """Return why the steps are too short to trust what finds the contacts; empty where they are not."""
    least, shortest = settings.least_step * walker.leg_m, shorter_step(cycle, walker)
    if shortest < least:
        return f"shuffling: a step of {100 * shortest:.0f} cm, below {100 * least:.0f} cm"
    return ""


def shorter_step(cycle: Cycle, walker: Walker) -> float:
    """Return the length of the shorter of both steps, m."""
    first, second, third = (
        heel_at(walker, cycle, event) @ cycle.on.ahead for event in (cycle.start, cycle.other_on, cycle.end)
    )
    return float(min(second - first, third - second))


def heel_at(walker: Walker, cycle: Cycle, event: Event) -> np.ndarray:
    """Return where the heel of the event's foot is at it, shape (3,), in axes that move with the floor."""
    heel = walker.feet[event.side].heel
    at = float(np.clip(walker.frame(event.time_s), 0, walker.n_frames - 1))
    before = min(int(at), walker.n_frames - 2)
    place = heel[before] + (at - before) * (heel[before + 1] - heel[before])
    return np.asarray(place - (cycle.on.belt_m_s * at / walker.rate_hz) * cycle.on.ahead)
