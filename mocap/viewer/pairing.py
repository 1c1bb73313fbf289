"""Two trials on one time, 0 at an event of each: the event by name, the span that both have, and their curves.

Needs no display.
"""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mocap.errors import ViewerError
from mocap.trial import JointAngles, Trial
from mocap.viewer.angles import Curve, curve_of, readout
from mocap.viewer.curve_marks import doubt_at, doubts_of
from mocap.viewer.film_plan import curve_convention
from mocap.viewer.lanes import first_lanes, lane_of
from mocap.viewer.time_marks import marks_of

SIDES = ("left", "right", "general")
_MOST_LANES = 6
Doubts = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class EventName:
    """Which event: its label, of which side (empty: of any), and the how manieth, counted from 1."""

    label: str
    side: str = ""
    number: int = 1

    @property
    def words(self) -> str:
        """The event in words: `squat bottom 1`."""
        return " ".join([self.label.replace("_", " "), *([self.side] if self.side else []), str(self.number)])


#: Events of a trial by name, each with its time in seconds.
Named = tuple[tuple[EventName, float], ...]


def event_named(text: str) -> EventName:
    """Return the event of a text: `squat_bottom`, `squat_bottom:2`, `initial_contact:left:3`.

    Raises
    ------
    ViewerError
        ALIGN_NAME.
    """
    label, *rest = text.strip().split(":")
    side = rest.pop(0) if rest and rest[0] in SIDES else ""
    number = rest.pop(0) if rest else "1"
    if not label or rest or not number.isdecimal() or int(number) < 1:
        raise ViewerError(
            f"'{text}' names no event.", "Give label:number or label:side:number, as in squat_bottom:1.", "ALIGN_NAME"
        )
    return EventName(label, side, int(number))


def event_time(trial: Trial, event: EventName) -> float:
    """Return when an event of a trial is, seconds on the clock of its points; as a reviewer moved it.

    Raises
    ------
    ViewerError
        ALIGN_EVENT, with the events that there are.
    """
    marks = marks_of(trial)
    found = [one.time_s for one in marks if one.label == event.label and event.side in ("", one.side)]
    if event.number > len(found):
        there = ", ".join(f"{label} ({count})" for label, count in Counter(one.label for one in marks).items())
        raise ViewerError(
            f"{trial.trial_id} has no {event.words}.",
            f"Name one of its events: {there}." if there else "It has no events: run `mocap assess` on it.",
            "ALIGN_EVENT",
        )  # fmt: skip
    return found[event.number - 1]


def events_of(trial: Trial) -> Named:
    """Return the events of a trial in the order of time: each by the name that finds it, and when it is, seconds."""
    marks = marks_of(trial)
    sides = {label: {one.side for one in marks if one.label == label} for label in {one.label for one in marks}}
    counted: Counter[tuple[str, str]] = Counter()
    named = []
    for one in marks:
        side = one.side if len(sides[one.label]) > 1 else ""
        counted[one.label, side] += 1
        named.append((EventName(one.label, side, counted[one.label, side]), one.time_s))
    return tuple(named)


def best_match(events: tuple[Named, Named], now_s: float) -> tuple[int, int]:
    """Return the places of two events to align at: the one nearest to a time of the first trial that both have.

    Without a common one the first of each; -1 where there is none.
    """
    first, second = events
    there = {event: place for place, (event, _) in reversed(list(enumerate(second)))}
    common = [place for place, (event, _) in enumerate(first) if event in there]
    if not common:
        return min(0, len(first) - 1), min(0, len(second) - 1)
    here = min(common, key=lambda place: abs(first[place][1] - now_s))
    return here, there[first[here][0]]


def pair_labels(paths: tuple[Path, Path]) -> tuple[str, str]:
    """Return what two trials are called: their file's names, with the folder's where those are the same."""
    first, second = (path.resolve() for path in paths)
    if first == second:
        return f"{first.stem} (first)", f"{second.stem} (second)"
    if first.stem == second.stem:
        return f"{first.parent.name}/{first.stem}", f"{second.parent.name}/{second.stem}"
    return first.stem, second.stem


def shared_span(trials: tuple[Trial, Trial], at_s: tuple[float, float]) -> tuple[float, float]:
    """Return the first and last time, relative to the event, at which both trials have frames.

    Raises
    ------
    ViewerError
        ALIGN_EVENT, where an event lies outside of its recording.
    """
    starts, ends = [], []
    for trial, at in zip(trials, at_s, strict=True):
        points = trial.points
        starts.append(points.start_s - at)
        ends.append(points.start_s + (points.n_frames - 1) / points.rate_hz - at)
        if not starts[-1] <= 1e-6 or not ends[-1] >= -1e-6:
            raise ViewerError(
                f"The event of {trial.trial_id}, at {at:.3f} s, lies outside of its recording.",
                "Align at another event.", "ALIGN_EVENT",
            )  # fmt: skip
    return max(starts), min(ends)


@dataclass(frozen=True, eq=False)
class PairLane:
    """An angle of two trials.

    Attributes
    ----------
    name : str
    curves : tuple of Curve
        Their times are relative to the event. A curve that a trial does not have has a reason.
    doubts : tuple
        For each curve, spans of frames in which it is doubted, with the reason.
    """

    name: str
    curves: tuple[Curve, Curve]
    doubts: tuple[Doubts, Doubts] = ((), ())

    @property
    def title(self) -> str:
        """The angle in words: `ankle dorsiflexion, right`."""
        for ending, side in (("_r", ", right"), ("_l", ", left")):
            if self.name.endswith(ending):
                return self.name[:-2].replace("_", " ") + side
        return self.name.replace("_", " ")

    def words(self, which: int, frame: int) -> str:
        """Return the value of a trial at one of its frames, with its uncertainty, and why it is doubted."""
        curve = self.curves[which]
        if curve.reason:
            return "not shown"
        why = doubt_at(self.doubts[which], frame)
        doubted = "doubted: " if np.isfinite(curve.value_deg[frame]) else ""
        return readout(curve, frame).replace(" (1 SD)", "") + (f" ({doubted}{why})" if why else "")

    def conventions(self, labels: tuple[str, str]) -> str:
        """Return what + and 0 mean, once where both trials mean the same, and warn where they do not."""
        first, second = (curve.reason or curve_convention(curve) for curve in self.curves)
        if first != second:
            differ = "" if any(curve.reason for curve in self.curves) else "NOT THE SAME ANGLE: "
            return f"{self.title}: {differ}{labels[0]}: {first}; {labels[1]}: {second}"
        differ = "" if _defined(self.curves[0]) == _defined(self.curves[1]) else "; DEFINED DIFFERENTLY in the two"
        return f"{self.title}: {first}{differ}"


def _defined(curve: Curve) -> list[str]:
    return [line for line in curve.meaning.splitlines() if not line.startswith("method: ")]


def pair_lanes(
    angles: tuple[JointAngles | None, JointAngles | None],
    at_s: tuple[float, float],
    names: tuple[str, ...] | None = None,
) -> tuple[PairLane, ...]:
    """Return the angles of two trials on the time relative to their events.

    Parameters
    ----------
    angles : tuple of JointAngles, or None
    at_s : tuple of float
        Times of the events.
    names : tuple of str, optional
        Of lanes (`mocap.viewer.lanes`); left out, those that are shown first.

    Raises
    ------
    ShapeError
        For an angle that neither trial has.
    """
    made = [one for one in angles if one is not None and one.names]
    wanted = names if names is not None else tuple(dict.fromkeys(name for one in made for name in first_lanes(one)))
    single: list[str] = []
    for name in wanted:
        having = [one for one in made if {name, f"{name}_r", f"{name}_l"} & set(one.names)] or made[:1]
        single += [curve.name for one in having for curve in lane_of(one, name).curves]
    return tuple(
        PairLane(
            name,
            (_shifted(angles[0], name, at_s[0]), _shifted(angles[1], name, at_s[1])),
            (_doubts(angles[0], name), _doubts(angles[1], name)),
        )
        for name in tuple(dict.fromkeys(single))[:_MOST_LANES]
    )


def _shifted(angles: JointAngles | None, name: str, at_s: float) -> Curve:
    if angles is None or name not in angles.names:
        nothing = np.empty(0)
        return Curve(name, nothing, nothing, nothing, "", "not in this trial")
    curve = curve_of(angles, name)
    return replace(curve, time_s=curve.time_s - at_s)


def _doubts(angles: JointAngles | None, name: str) -> Doubts:
    return () if angles is None else doubts_of(angles, name)
