"""What force plates tell of the other contacts of a foot: how far off its course places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mocap.assessment.gait.contacts import Contact
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import Walker
from mocap.trial.events import Event

Key = tuple[str, str]
PLATE_OFF = "from what the course of the foot says"


@dataclass(frozen=True)
class Lag:
    """Time from what the strides of a foot say to what a plate shows, for one kind of event.

    Attributes
    ----------
    lag_s, spread_s : float
        Mean, and the range over the strikes.
    n : int
        Clean strikes.
    """

    lag_s: float
    spread_s: float
    n: int


def plate_lags(
    contacts: Sequence[Contact], events: Sequence[Event], walker: Walker, settings: ContactSettings
) -> Mapping[Key, Lag]:
    """Return the lags by (side, label) of the feet that struck a plate cleanly.

    Strides laid over each other are in the same phase, but what the course of the points says of the contact itself is
    off by up to 20 ms, by the person and the place of the marker. A plate under one stride tells by how much. Strikes
    beyond `most_plate_lag_s` are no lag but a disagreement (see `plate_flagged`) and move no other contact;
    strikes whose lags differ by more than `most_disagreement_s` are not used.
    """
    told: dict[Key, list[float]] = {}
    for event in events:
        if event.source != "force_plate":
            continue
        beside = [one for one in contacts if one.side == event.side and one.label == event.label
                  and np.isfinite(one.aligned)]  # fmt: skip
        if not beside:
            continue
        lag_s = min((event.time_s - walker.time_s(one.aligned) for one in beside), key=abs)
        if abs(lag_s) <= settings.most_plate_lag_s:
            told.setdefault((event.side, event.label), []).append(lag_s)
    lags = {key: Lag(float(np.mean(each)), float(np.ptp(each)), len(each)) for key, each in told.items()}
    return {key: lag for key, lag in lags.items() if lag.spread_s <= settings.most_disagreement_s}


def plate_flagged(events: Sequence[Event], detected: Sequence[Event], most_s: float) -> tuple[Event, ...]:
    """Return the events, those of plates flagged that the course of the foot places elsewhere.

    Parameters
    ----------
    events, detected : sequence of Event
        What cycles are made of; what the course of the feet says.
    most_s : float
        Largest distance that is not flagged.
    """
    flagged = []
    for event in events:
        beside = [one.time_s for one in detected if (one.side, one.label) == (event.side, event.label)]
        off = min((event.time_s - one for one in beside), key=abs, default=0.0)
        if event.source == "force_plate" and abs(off) > most_s:
            note = f"the plate says {1000 * off:+.0f} ms {PLATE_OFF}"
            event = replace(event, note="; ".join(filter(None, (event.note, note))))
        flagged.append(event)
    return tuple(flagged)
