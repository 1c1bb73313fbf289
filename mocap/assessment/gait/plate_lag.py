"""What force plates tell of the other contacts of a foot: how long after Zeni's extreme it touches and leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.gait.contacts import Contact
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import Walker
from mocap.trial.events import Event

Key = tuple[str, str]


@dataclass(frozen=True)
class Lag:
    """Time from Zeni's extreme to what a plate shows, for one foot and kind of event.

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

    Zeni's extremes come at the same phase of every stride of a foot, but not at the contact itself: here the contact
    lags the heel's by 30 to 80 ms, by the person and the place of the marker. A plate under one stride tells by how
    much. Strikes whose lags differ by more than `most_disagreement_s` are not used.
    """
    told: dict[Key, list[float]] = {}
    for event in events:
        if event.source != "force_plate":
            continue
        beside = [one for one in contacts if one.side == event.side and one.label == event.label
                  and np.isfinite(one.zeni) and np.isfinite(one.frame)]  # fmt: skip
        if not beside:
            continue
        nearest = min(beside, key=lambda one: abs(walker.time_s(one.frame) - event.time_s))
        if abs(walker.time_s(nearest.frame) - event.time_s) <= 2.0 * settings.most_disagreement_s:
            told.setdefault((event.side, event.label), []).append(event.time_s - walker.time_s(nearest.zeni))
    lags = {key: Lag(float(np.mean(each)), float(np.ptp(each)), len(each)) for key, each in told.items()}
    return {key: lag for key, lag in lags.items() if lag.spread_s <= settings.most_disagreement_s}
