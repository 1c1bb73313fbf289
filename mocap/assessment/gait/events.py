"""Gait events of a trial: found in each pass, timed, checked against each other, the plates and the file's own."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mocap.assessment.gait.contacts import FINAL, INITIAL, Contact, find_contacts
from mocap.assessment.gait.extremes import NAN
from mocap.assessment.gait.passes import Pass, find_passes
from mocap.assessment.gait.plate_lag import Key, Lag, plate_flagged, plate_lags
from mocap.assessment.gait.settings import ContactSettings, PassSettings
from mocap.assessment.gait.strides import with_strides_aligned
from mocap.assessment.gait.walker import SIDES, Walker, walker_of
from mocap.assessment.movement import Movement
from mocap.trial.assessment import Rejected
from mocap.trial.events import Event

OTHER = {"right": "left", "left": "right"}
_FOLLOWS = {
    ("right", INITIAL): ("left", FINAL), ("left", FINAL): ("left", INITIAL),
    ("left", INITIAL): ("right", FINAL), ("right", FINAL): ("right", INITIAL),
}  # fmt: skip
_SAME_S = 0.1  # an edited or imported event belongs to the detected one within this
EDGE = "beside an edge of the recording, or seen by one method alone"
AT_END = "taken at the end"
_WORD = {INITIAL: "initial contact", FINAL: "final contact"}


@dataclass(frozen=True, eq=False)
class Walk:
    """What was found of walking in a trial.

    Attributes
    ----------
    walker : Walker, optional
        None where points are lacking.
    passes : tuple of (Pass, tuple of Event)
        Each with its events in order of time: detected, or seen by a plate, or as a reviewer has them.
    detected : tuple of Event
        All detected ones.
    rejected : tuple of Rejected
    notes : tuple of str
        Why there is nothing, or what was left out.
    """

    walker: Walker | None
    passes: tuple[tuple[Pass, tuple[Event, ...]], ...] = ()
    detected: tuple[Event, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()


def find_walk(movement: Movement, straight: PassSettings, contact: ContactSettings) -> Walk:
    """Return passes and events.

    Zeni's extremes find the contacts, speed and acceleration of the foot refine them, all strides of a foot together
    make them even, a plate under a foot tells the lag of its other contacts. Flagged (a note, less confidence): methods
    that disagree, order that is broken, edges of the recording, a file's own event at another time.
    """
    walker, lacking = walker_of(movement, contact.cutoff_hz, contact.bridge_s)
    if walker is None:
        return Walk(None, notes=(f"no gait events: {lacking}",))
    passes, rejected, why = find_passes(walker, straight)
    if not passes:
        return Walk(walker, rejected=rejected, notes=(f"no gait events: {why}",))
    found = [(one, [each for side in SIDES for each in find_contacts(walker, one, side, contact)]) for one in passes]
    found = with_strides_aligned(found, walker, contact)
    every = [each for _, contacts in found for each in contacts]
    lags = plate_lags(every, movement.events, walker, contact)
    kept, detected, refused = [], [], list(rejected)
    for one, contacts in found:
        events, left_out = _events(contacts, lags, walker, movement, contact)
        refused += left_out
        events = _in_order(events)
        detected += events
        span = (walker.time_s(one.start), walker.time_s(one.stop - 1))
        used = effective(events, movement.events, span)
        kept.append((one, plate_flagged(used, events, contact.most_plate_lag_s)))
    notes = [_lag_note(key, lag) for key, lag in sorted(lags.items())]
    if not detected:
        notes.append("no gait events: no foot swings past the other in a straight pass")
    return Walk(walker, tuple(kept), tuple(detected), tuple(refused), tuple(notes))


def _events(
    contacts: Sequence[Contact], lags: Mapping[Key, Lag], walker: Walker, movement: Movement, settings: ContactSettings
) -> tuple[list[Event], list[Rejected]]:
    events, refused = [], []
    for one in contacts:
        time_s = walker.time_s(one.frame)
        if one.forefoot_first:
            why = f"{one.side} {_WORD[one.label]} by the forefoot: the heel's course does not tell its instant"
            refused.append(Rejected(time_s, NAN, time_s, why))
            continue
        event = _event(one, lags.get((one.side, one.label)), walker, contacts, settings)
        if event is not None:
            events.append(_against_imported(event, movement.events, settings))
    return sorted(events, key=lambda event: event.time_s), refused


def _event(
    one: Contact, lag: Lag | None, walker: Walker, others: Sequence[Contact], settings: ContactSettings
) -> Event | None:
    """Return the event of a contact; None of one that comes after the end of the recording."""
    last_s = walker.time_s(walker.n_frames - 1)
    notes = []
    time_s = walker.time_s(one.frame)
    strides = np.isfinite(one.aligned)
    if strides:
        time_s = walker.time_s(one.aligned) + (0.0 if lag is None else lag.lag_s)
    elif one.label == INITIAL and not np.isfinite(one.spread_s) and np.isfinite(one.zeni):
        time_s = walker.time_s(one.zeni) + _usual_lag(one, others, walker.rate_hz)
    if not np.isfinite(time_s) or time_s > last_s + settings.most_disagreement_s:
        return None
    if time_s > last_s:
        notes.append(f"seems to come {1000 * (time_s - last_s):.0f} ms after the end; {AT_END}")
        time_s = last_s
    if one.edge:
        notes.append(EDGE)
    if one.spread_s > settings.most_disagreement_s:
        notes.append(f"methods disagree by {1000 * one.spread_s:.0f} ms")
    spread = one.spread_s if np.isfinite(one.spread_s) else settings.most_disagreement_s
    noise = one.noise_s if np.isfinite(one.noise_s) else 0.0
    confidence = 1.0 / (1.0 + (spread / settings.most_disagreement_s) ** 2) * (0.5 if one.edge else 1.0)
    # A single strike has no spread of its own, and tells nothing of the others': the methods' doubt stays.
    doubt = max(lag.spread_s, spread if lag.n < 2 else 0.0) if lag is not None and strides else spread
    # Where the recording begins or ends in the swing, what the foot does beside the edge may be something else.
    cut_off = 0.0 if np.isfinite(one.zeni) else settings.edge_sd_s
    sd = float(np.sqrt(settings.method_sd_s**2 + noise**2 + (doubt / 2.0) ** 2 + cut_off**2))
    return Event(time_s, one.label, one.side, confidence, "detected", sd, "; ".join(notes))


def _usual_lag(one: Contact, others: Sequence[Contact], rate_hz: float) -> float:
    """Return by how much the other contacts of the kind lag Zeni's extreme, s: of the same foot, else of both."""
    seen = [each for each in others if np.isfinite(each.spread_s) and np.isfinite(each.zeni)]
    same = [each for each in seen if each.label == one.label]
    own = [each for each in same if each.side == one.side] or same
    return float(np.median([each.frame - each.zeni for each in own])) / rate_hz if own else 0.0


def _against_imported(event: Event, known: Sequence[Event], settings: ContactSettings) -> Event:
    """Return the event, flagged where the file's own of that kind and foot comes at another time."""
    own = [one.time_s for one in known
           if one.source == "imported" and (one.label, one.side) == (event.label, event.side)]  # fmt: skip
    near = [time_s - event.time_s for time_s in own if abs(time_s - event.time_s) <= _SAME_S]
    if not near:
        return event
    off = min(near, key=abs)
    if abs(off) <= settings.most_off_imported_s:
        return event
    return _noted(event, f"the file's own event comes {1000 * off:+.0f} ms off")


def _in_order(events: list[Event]) -> list[Event]:
    """Return the events with word of each that does not follow as it has to: R IC, L FC, L IC, R FC."""
    checked = list(events)
    for index, (before, after) in enumerate(itertools.pairwise(events)):
        side, label = _FOLLOWS[(before.side, before.label)]
        if (after.side, after.label) != (side, label):
            checked[index + 1] = _noted(
                checked[index + 1], f"out of order: a {side} {_WORD[label]} was to follow the {before.side} "
                f"{_WORD[before.label]}",
            )  # fmt: skip
    return checked


def _noted(event: Event, note: str) -> Event:
    return replace(event, note="; ".join(filter(None, (event.note, note))), confidence=event.confidence / 2)


def effective(detected: Sequence[Event], known: Sequence[Event], span_s: tuple[float, float]) -> tuple[Event, ...]:
    """Return the events that cycles are made of: edited ones before those of plates before detected ones.

    Parameters
    ----------
    detected, known : sequence of Event
    span_s : (float, float)
        Of the pass: plate and new events outside are left out.
    """
    kept = list(detected)
    for source in ("force_plate", "edited"):
        for event in known:
            if event.source != source or event.label not in (INITIAL, FINAL):
                continue
            at = event.replaces_s if np.isfinite(event.replaces_s) else event.time_s
            same = [one for one in kept if (one.label, one.side) == (event.label, event.side)
                    and abs(one.time_s - at) <= _SAME_S]  # fmt: skip
            if same:
                kept.remove(min(same, key=lambda one: abs(one.time_s - at)))
            if np.isfinite(event.time_s) and span_s[0] <= event.time_s <= span_s[1] and (same or source == "edited"):
                kept.append(event)
    return tuple(sorted(kept, key=lambda event: event.time_s))


def _lag_note(key: Key, lag: Lag) -> str:
    return (
        f"{key[0]} {_WORD[key[1]]}s are moved by {1000 * lag.lag_s:+.0f} ms, as {lag.n} clean plate "
        f"strike{'s' if lag.n > 1 else ''} of that foot {'show' if lag.n > 1 else 'shows'}"
    )
