"""What an assessment is made from: angles with their doubts, places of the body, and what is known of the person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.lab import LabFigures, no_lab
from mocap.errors import ShapeError
from mocap.trial import Event, JointAngles, Measure, Table
from mocap.trial.checks import freeze
from mocap.trial.scalars import doubted_one

_INDEPENDENT = np.ones(1)
NOTHING_KNOWN = "nothing is known of the reliability"


def _nothing_known(name: str, unit: str) -> tuple[float, str]:
    return float("nan"), f"{NOTHING_KNOWN} of {name} in {unit}"


@dataclass(frozen=True, eq=False)
class Movement:
    """One trial as the assessment sees it.

    Attributes
    ----------
    angles : JointAngles
        rad.
    places : mapping of str to ndarray, shape (time, 3)
        World, Z up, m: joint centres `RHJC`, `LKJC`, `RAJC`, ..., and landmarks by their canonical names (`RHEEL`,
        `LMT5`, `LPSIS`, `BAR_R`, ...) as measured or carried; NaN is missing. What is not known is not there.
    measures : mapping of str to Measure
    subject, context : mapping of str to float or str
    correlation : ndarray, shape (lag,)
        Of the noise of two frames of an angle by their distance, 1 first (`mocap.signal.linear.noise_correlation`).
    filtered : bool
        Whether the points were filtered before the angles.
    gravity_known : bool
    others : mapping of str to Table
        Results of other tests of the same person (`knee_to_wall`, `hinge`), each the table of its repetitions or sides.
    events : tuple of Event
        Imported, seen by force plates and edited ones; none that was detected.
    mdc95 : callable
        Smallest detectable change of a metric by name and unit, in that unit, and where it is from, in words; NaN where
        nothing is known.
    lab : callable
        What the lab's own reliability tells of a metric by name, unit and the numbers of repetitions of the two
        measurements that a change is between (0 is not known); None where it tells nothing.
    """

    angles: JointAngles
    places: Mapping[str, NDArray]
    measures: Mapping[str, Measure] = field(default_factory=dict)
    subject: Mapping[str, float | str] = field(default_factory=dict)
    context: Mapping[str, float | str] = field(default_factory=dict)
    correlation: NDArray = field(default_factory=lambda: _INDEPENDENT)
    filtered: bool = False
    gravity_known: bool = True
    others: Mapping[str, Table] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    mdc95: Callable[[str, str], tuple[float, str]] = _nothing_known
    lab: Callable[[str, str, tuple[int, int]], LabFigures | None] = no_lab

    def __post_init__(self) -> None:
        names = ("places", "measures", "subject", "context", "others")
        freeze(self, **{name: MappingProxyType(dict(getattr(self, name))) for name in names})
        wrong = {name: place.shape for name, place in self.places.items() if place.shape != (self.n_frames, 3)}
        if wrong:
            raise ShapeError(f"Places have the shapes {wrong}.", f"Give ({self.n_frames}, 3) each.")

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.angles.values)

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return self.angles.rate_hz

    @property
    def time_s(self) -> NDArray:
        """Frame times, shape (time,)."""
        return self.angles.time_s

    def cut(self, first: int, stop: int) -> "Movement":
        """Return a part of the movement, from one frame to before another."""
        part, angles = slice(first, stop), self.angles
        return replace(
            self,
            angles=replace(
                angles, values=angles.values[part], sd=angles.sd[part], frame_reason=angles.frame_reason[part],
                start_s=angles.start_s + first / angles.rate_hz,
            ),
            places={name: place[part] for name, place in self.places.items()},
            measures={
                name: replace(one, values=one.values[part], sd=one.sd[part], frame_reason=one.frame_reason[part])
                for name, one in self.measures.items()
            },
        )  # fmt: skip

    def angle_deg(self, name: str) -> NDArray:
        """Return an angle, shape (time,), in degrees; NaN where it is missing, doubted or there is no such angle."""
        if name not in self.angles.names:
            return np.full(self.n_frames, np.nan)
        index = self.angles.names.index(name)
        return np.where(doubted_one(self.angles, index), np.nan, np.rad2deg(self.angles.values[:, index]))

    def sd_deg(self, name: str) -> NDArray:
        """Return the random standard uncertainty of an angle, shape (time,), in degrees; NaN where it is not known.

        It is without the part that stays over the trial, which drops out of changes.
        """
        if name not in self.angles.names:
            return np.full(self.n_frames, np.nan)
        index = self.angles.names.index(name)
        fixed = np.nan_to_num(self.angles.u_static[index])
        return np.rad2deg(np.sqrt(np.maximum(self.angles.sd[:, index] ** 2 - fixed**2, 0.0)))

    def why_not(self, name: str) -> str:
        """Return why an angle is not observable; empty where it is."""
        if name not in self.angles.names:
            return f"{name} is not among the angles of the trial"
        one = self.angles.definition(name)
        return "" if one.observable else (one.reason or "not observable")

    def neutral_deg(self, name: str) -> tuple[float, float]:
        """Return mean and SD of an angle in the static trial, degrees; NaN where there is none."""
        mean, sd = (self.subject.get(f"neutral_{name}{part}_deg", np.nan) for part in ("", "_sd"))
        return float(mean), float(sd)

    def place(self, name: str) -> NDArray:
        """Return a place, shape (time, 3) in m; NaN throughout where it is not known."""
        return self.places.get(name, np.full((self.n_frames, 3), np.nan))

    def number(self, name: str) -> float:
        """Return a number of the context, else of the subject; NaN where neither has it."""
        for source in (self.context, self.subject):
            value = source.get(name)
            if isinstance(value, int | float):
                return float(value)
        return float("nan")
