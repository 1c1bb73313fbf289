"""What a recording says of a person, to be compared: every metric over its repetitions, curves over 0 to 100 %."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.resampling import resampled
from mocap.trial import Assessment, JointAngles, Metric, Table
from mocap.trial.scalars import scalar_values

NODES = 101
PARTS = ("descent", "ascent", "cycle")
_ENDS = {"descent": ("start_time", "bottom_time"), "ascent": ("bottom_time", "end_time"),
         "cycle": ("start_time", "end_time")}  # fmt: skip
_SIDES = {"right": "_r", "left": "_l"}
#: Columns that say when and under what circumstances, or what could be seen, not how the person moved.
_APART = ("context_",)
_LIMITS = ("wink_threshold", "wink_detectable", "wink_largest_repetition")
_OF_NORM = "_norm_z"  # by a norm that may be another one another day
_INSTANTS = ("start_time", "bottom_time", "end_time", "other_off_time", "other_on_time", "off_time")


@dataclass(frozen=True, eq=False)
class Repeated:
    """One metric over the repetitions of a recording.

    Attributes
    ----------
    name : str
        Without its unit; with `_r` or `_l` where the table has a row per side.
    unit, meaning : str
    values : ndarray, shape (repetition,)
        NaN is withheld.
    """

    name: str
    unit: str
    meaning: str
    values: NDArray


@dataclass(frozen=True, eq=False)
class Recording:
    """One assessed recording of one person.

    Attributes
    ----------
    name : str
        Of the file.
    subject, operator, created_utc : str
    context : mapping of str to float or str
    method : mapping of str to str
        What has to be the same for results to be compared.
    metrics : mapping of str to Repeated
    curves : mapping of str to ndarray, shape (repetition, 101)
        Degrees over 0 to 100 % of the part of a repetition; NaN is missing or doubted.
    conventions : mapping of str to str
        Of each curve: definition, sequence, sign, zero and reference in words.
    same_as : str
        Digest of what it was made from; empty where that is not known.
    visit : str
        As stated; empty where it goes by the date.
    detected_by : str
        Smallest detectable changes that decided what was detected, in words; the same for results to be compared.
    """

    name: str
    subject: str
    operator: str
    created_utc: str
    context: Mapping[str, float | str]
    method: Mapping[str, str]
    metrics: Mapping[str, Repeated]
    curves: Mapping[str, NDArray] = field(default_factory=dict)
    conventions: Mapping[str, str] = field(default_factory=dict)
    same_as: str = ""
    visit: str = ""
    detected_by: str = ""

    @property
    def date(self) -> str:
        """Day of the recording as 2026-03-01, of 20260301 and of instants too; empty where it is not known.

        A date in another form, also one of weeks, is returned as it stands, and is not a day: `is_day` tells.
        """
        return day_of(self.created_utc)


_FORMS = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d{8}([T ].*)?")


def day_of(told: str) -> str:
    """Return the day of a date or an instant in ISO 8601 as 2026-03-01; what is none, as it stands."""
    told = told.strip()
    if not _FORMS.fullmatch(told):
        return told
    try:
        at = datetime.fromisoformat(told)
        # As the files say it, in UTC: one instant told in two zones is one day.
        return (at if at.tzinfo is None else at.astimezone(UTC)).date().isoformat()
    except (ValueError, OverflowError):
        return told


def is_day(told: str) -> bool:
    """Return whether a text is a day as 2026-03-01."""
    if len(told) != 10 or not _FORMS.fullmatch(told):
        return False
    try:
        datetime.fromisoformat(told)
    except ValueError:
        return False
    return True


def repeated_metrics(made: Assessment) -> dict[str, Repeated]:
    """Return the metrics of the repetitions, and those that the table of the whole set alone has."""
    found = _of_table(made.repetitions)
    for table in made.tables:
        if table.rows == 1:
            # The mean over the repetitions is in these themselves.
            own = {name: one for name, one in _of_table(table).items() if name.removesuffix("_mean") not in found}
            found = {**own, **found}
    return dict(sorted(found.items(), key=lambda item: item[0]))


def _of_table(table: Table) -> dict[str, Repeated]:
    sides = next((one.values for one in table.words if one.name == "side"), None)
    out = _left_out(table)
    found: dict[str, Repeated] = {}
    for metric in table.metrics:
        if metric.name in (*_INSTANTS, *_LIMITS) or metric.name.startswith(_APART) or metric.name.endswith(_OF_NORM):
            continue
        for ending, rows in _rows(sides, table.rows):
            values = np.where(out, np.nan, metric.values)[rows]
            one = Repeated(metric.name + ending, metric.unit, metric.meaning, values)
            found[one.name] = one
    return found


def _left_out(table: Table) -> NDArray:
    """Which rows an assessment told are in no mean of its own."""
    told = next((one.values for one in table.words if one.name == "left_out"), ("",) * table.rows)
    return np.array([bool(one) for one in told], bool)


def _rows(sides: Sequence[str] | None, rows: int) -> list[tuple[str, NDArray]]:
    """Which rows make a metric, by what is added to its name."""
    if sides is None or not set(sides) <= set(_SIDES):
        return [("", np.ones(rows, bool))]
    named = np.array(sides, dtype=str)
    return [(ending, named == side) for side, ending in _SIDES.items() if (named == side).any()]


def units_of(recordings: Sequence[Recording]) -> dict[str, str]:
    """Return the unit of each metric of recordings, by name."""
    return {name: metric.unit for one in recordings for name, metric in one.metrics.items()}


def part_of(made: Assessment, part: str = "") -> str:
    """Return which part of a repetition curves are drawn over: the descent where there is one, else the cycle."""
    return part or ("descent" if made.repetitions.has("bottom_time") else "cycle")


def curves_of(angles: JointAngles, made: Assessment, part: str) -> dict[str, NDArray]:
    """Return the angles over 0 to 100 % of a part of every repetition, shape (repetition, 101), degrees.

    Frames with a flag to doubt them are missing. Of a table with a row per side, the angles of that side.
    """
    table = made.repetitions
    if not all(table.has(name) for name in _ENDS[part]) or not table.rows:
        return {}
    first, last = (table[name] for name in _ENDS[part])
    sides = next((one.values for one in table.words if one.name == "side"), None)
    values = np.rad2deg(scalar_values(angles))
    found = np.full((table.rows, NODES, len(angles.names)), np.nan)
    for row in np.flatnonzero(~_left_out(table)).tolist():
        found[row] = _stretched(angles.time_s, values, first, last, row)
    curves: dict[str, NDArray] = {}
    for index, name in enumerate(angles.names):
        for ending, rows in _rows(sides, table.rows):
            if ending and name.endswith(("_r", "_l")) and not name.endswith(ending):
                continue
            key = name if not ending or name.endswith(ending) else f"{name}{ending}"
            if np.isfinite(found[rows, :, index]).any():
                curves[key] = found[rows, :, index]
    return curves


def _stretched(time_s: NDArray, values: NDArray, first: Metric, last: Metric, row: int) -> NDArray:
    start, stop = float(first.values[row]), float(last.values[row])
    if not (np.isfinite([start, stop]).all() and stop > start):
        return np.full((NODES, values.shape[1]), np.nan)
    return resampled(time_s, values, np.linspace(start, stop, NODES))


def mean_curve(curves: NDArray) -> NDArray:
    """Return the mean over repetitions of curves, shape (node,); NaN where no repetition has a value."""
    there = np.isfinite(curves)
    return np.where(there.any(axis=0), np.where(there, curves, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1),
                    np.nan)  # fmt: skip


def mean_and_sd(values: NDArray) -> tuple[float, float, int]:
    """Return mean, SD and number of the known values; NaN where there are too few."""
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else float("nan")
    return mean, float(known.std(ddof=1)) if len(known) > 1 else float("nan"), len(known)
