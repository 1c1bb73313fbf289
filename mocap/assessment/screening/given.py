"""What the rules are given: columns of the set, other tests, other conditions, and what is known of the person."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mocap.assessment.lab import NOT_FROM_LAB
from mocap.assessment.movement import Movement
from mocap.assessment.screening.logic import Finding
from mocap.assessment.screening.settings import ScreeningSettings
from mocap.trial import Table

NAN = float("nan")
_SIDES = {"r": "right", "l": "left"}


@dataclass(frozen=True, eq=False)
class Given:
    """What the rules see.

    Attributes
    ----------
    table : Table
        Of the repetitions of the squat.
    movement : Movement
        For context, subject, and the tables of other tests.
    conditions : mapping of str to Table
        Repetitions of the same person's squats under another condition: `squat_heels_raised`, `squat_wide`,
        `squat_front`, `squat_cued`, or anything that begins with `squat_`.
    settings : ScreeningSettings
    """

    table: Table
    movement: Movement
    conditions: Mapping[str, Table]
    settings: ScreeningSettings

    def mean(self, name: str) -> float:
        """Return the mean of a column over the repetitions that have it; NaN where none has."""
        return mean_of(self.table, name)

    def why_not(self, name: str) -> str:
        """Return why a column has no value."""
        if not self.table.has(name):
            return f"{name} was not computed"
        if not self.table.rows:
            return "there is no repetition"
        return next((reason for reason in self.table[name].reasons if reason), f"{name} is not known")

    def changed(self, condition: str, words: str) -> Finding | None:
        """Return whether the tuck is smaller or later under another condition, by more than the MDC95.

        Returns
        -------
        Finding or None
            None where that condition was not tested.
        """
        other = self.conditions.get(condition)
        if other is None:
            return None
        magnitude = mean_of(other, "wink_magnitude") - self.mean("wink_magnitude")
        onset = mean_of(other, "wink_onset_depth") - self.mean("wink_onset_depth")
        defaults = {"wink_magnitude": ("deg", self.settings.mdc_magnitude),
                    "wink_onset_depth": ("1", self.settings.mdc_onset)}  # fmt: skip
        tuck, later = (
            self.mdc95(name, *default, (known_of(self.table, name), known_of(other, name)))
            for name, default in defaults.items()
        )
        parts = [(magnitude < -tuck.value) if np.isfinite(magnitude) else None,
                 (onset > later.value) if np.isfinite(onset) else None]  # fmt: skip
        holds = True if True in parts else None if parts == [None, None] else False
        told = (
            f"{words}: tuck {_shown(magnitude, '{:+.1f} deg')} ({tuck.words}), onset "
            f"{_shown(onset, '{:+.2f} of depth')} ({later.words})"
        )
        return Finding(holds, told)

    def mdc95(self, name: str, unit: str, default: float, repetitions: tuple[int, int]) -> "Mdc95":
        """Return the MDC95 of a column between means over so many repetitions: the lab's own, else the default."""
        own = self.movement.lab(name, unit, repetitions)
        if own is None or not np.isfinite(own.mdc95):
            return Mdc95(default, NOT_FROM_LAB)
        return Mdc95(own.mdc95, own.source)


@dataclass(frozen=True)
class Mdc95:
    """A smallest detectable change, in the metric's unit, and where it is from."""

    value: float
    source: str

    @property
    def words(self) -> str:
        """Both."""
        return f"MDC95 {self.value:.3g}, {self.source}"


def mean_of(table: Table, name: str) -> float:
    """Return the mean of a column over the rows that have it; NaN where none has."""
    if not table.has(name):
        return NAN
    values = table[name].values[np.isfinite(table[name].values)]
    return float(values.mean()) if len(values) else NAN


def known_of(table: Table, name: str) -> int:
    """Return how many rows have a value in a column."""
    return int(np.isfinite(table[name].values).sum()) if table.has(name) else 0


def knee_to_wall_deg(movement: Movement) -> dict[str, float]:
    """Return the largest inclination of the shank in the knee-to-wall test per side `r`, `l`; NaN is not known.

    Of the test's table, else of `knee_to_wall_deg_r`, `_l` or `knee_to_wall_deg` in the context or of the subject.
    """
    table = movement.others.get("knee_to_wall")
    found = dict.fromkeys(_SIDES, NAN)
    if table is not None and table.rows and table.has("shank_inclination"):
        values, sides = table["shank_inclination"].values, table.told("side")
        for side, word in _SIDES.items():
            own = [value for value, told in zip(values, sides, strict=True) if told == word and np.isfinite(value)]
            found[side] = float(max(own, default=NAN))
    return {side: value if np.isfinite(value) else sided(movement, "knee_to_wall_deg", side)
            for side, value in found.items()}  # fmt: skip


def sided(movement: Movement, name: str, side: str) -> float:
    """Return a number of the context or subject for a side: `<name>_r`, else `<name>`."""
    own = movement.number(f"{name}_{side}")
    return own if np.isfinite(own) else movement.number(name)


def _shown(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else "not known"
