"""Instants of a movement that something is told of: contacts of a foot, start and bottom of a repetition."""

from dataclasses import dataclass
from math import isinf, isnan
from typing import Literal

from mocap.errors import ShapeError

Source = Literal["detected", "force_plate", "imported", "edited"]
SIDES = ("left", "right", "general")


@dataclass(frozen=True)
class Event:
    """One instant.

    Attributes
    ----------
    time_s : float
        On the clock of the points. NaN for a detected event that a reviewer took out (`replaces_s` says which).
    label : str
        `squat_bottom`, `initial_contact`, ...
    side : str
        `left`, `right` or `general`.
    confidence : float
        From 0 to 1; NaN where nothing tells it.
    source : str
        `detected` here, seen by a `force_plate`, `imported` with a file, or `edited` by a reviewer.
    sd_s : float
        Standard uncertainty; NaN where it is not known.
    note : str
        Why it is to be looked at, or who edited it and why; empty otherwise.
    replaces_s : float
        Of an edited event: the time of the detected one that it takes the place of; NaN where it is a new one.
    initials : str
        Of an edited event: who edited it.

    Raises
    ------
    ShapeError
        For another side, a confidence beyond 0 to 1, an infinite time.
    """

    time_s: float
    label: str
    side: str = "general"
    confidence: float = float("nan")
    source: str = "detected"
    sd_s: float = float("nan")
    note: str = ""
    replaces_s: float = float("nan")
    initials: str = ""

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ShapeError(f"An event has the side {self.side!r}.", f"Give one of {', '.join(SIDES)}.")
        if not (isnan(self.confidence) or 0 <= self.confidence <= 1):
            raise ShapeError(f"An event has the confidence {self.confidence}.", "Give 0 to 1, or NaN: not known.")
        if isinf(self.time_s):
            raise ShapeError("An event has an infinite time.", "Give seconds, or NaN for one that was taken out.")
