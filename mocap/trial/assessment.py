"""What an assessment says of a trial: tables of metrics with their uncertainty, answers to questions, and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import freeze

#: Unit of a metric, and what it adds to the metric's name in files and tables.
METRIC_UNITS: Mapping[str, str] = MappingProxyType({
    "deg": "_deg", "m": "_m", "mm": "_mm", "cm": "_cm", "s": "_s", "m/s": "_m_s", "deg/s": "_deg_s", "1": "",
    "%": "_pct", "1/min": "_per_min", "kg": "_kg", "kg s": "_kg_s", "deg/rep": "_deg_per_rep",
})  # fmt: skip
_Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class Metric:
    """One quantity, with a value for every row (repetition, cycle, side, set) of its table.

    Attributes
    ----------
    name : str
        Without its unit: `wink_magnitude`.
    unit : str
        Of `METRIC_UNITS`.
    meaning : str
        In words: what it is, which direction is +, its convention and source.
    values : ndarray, shape (row,)
        NaN is not known or withheld, and then `reasons` says why.
    sd : ndarray, shape (row,)
        Standard uncertainty; NaN where it is not known.
    low, high : ndarray, shape (row,)
        Ends of the 95 % interval; 1.96 standard uncertainties about the value where none are given.
    reasons : tuple of str, one per row
        Why there is no value, or why to doubt it; empty otherwise.
    n : ndarray of int, shape (row,)
        Samples (frames, repetitions, cycles) that it rests on; 0 where that tells nothing.
    """

    name: str
    unit: str
    meaning: str
    values: NDArray
    sd: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    low: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    high: NDArray = None  # type: ignore[assignment]  # always an array once constructed
    reasons: tuple[str, ...] = ()
    n: NDArray = None  # type: ignore[assignment]  # always an array once constructed

    def __post_init__(self) -> None:
        if self.unit not in METRIC_UNITS:
            raise ShapeError(f"Metric '{self.name}' has the unit '{self.unit}'.", f"One of {', '.join(METRIC_UNITS)}.")
        values = checked_array(np.atleast_1d(np.asarray(self.values, float)), "values", ("row",))
        rows = len(values)
        sd = np.full(rows, np.nan) if self.sd is None else np.atleast_1d(self.sd)
        low = values - _Z95 * sd if self.low is None else np.atleast_1d(self.low)
        high = values + _Z95 * sd if self.high is None else np.atleast_1d(self.high)
        n = np.zeros(rows, int) if self.n is None else np.atleast_1d(self.n).astype(int)
        reasons = tuple(self.reasons) or ("",) * rows
        if len(reasons) != rows or len(n) != rows:
            raise ShapeError(
                f"Metric '{self.name}' has {rows} values, {len(reasons)} reasons and {len(n)} numbers.",
                "Give one of each per row.",
            )
        if not all(reason for value, reason in zip(values, reasons, strict=True) if not np.isfinite(value)):
            raise ShapeError(f"Metric '{self.name}' has a row without a value and without a reason.", "Say why.")
        freeze(
            self, values=values, sd=checked_array(sd, "sd", (rows,)), low=checked_array(low, "low", (rows,)),
            high=checked_array(high, "high", (rows,)), reasons=reasons, n=n,
        )  # fmt: skip

    @property
    def column(self) -> str:
        """Name with its unit, as in files and tables: `wink_magnitude_deg`."""
        return f"{self.name}{METRIC_UNITS[self.unit]}"


def stacked(parts: Sequence[Metric]) -> Metric:
    """Return the rows of one column after each other; what it is, is told by the first part."""
    names = ("values", "sd", "low", "high", "n")
    rows = {name: np.concatenate([getattr(one, name) for one in parts]) for name in names}
    reasons = tuple(reason for one in parts for reason in one.reasons)
    return Metric(parts[0].name, parts[0].unit, parts[0].meaning, reasons=reasons, **rows)


@dataclass(frozen=True)
class Words:
    """A column of words, one per row of its table: `grade`, `side`.

    Attributes
    ----------
    name, meaning : str
    values : tuple of str
    """

    name: str
    meaning: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """Metrics and words over the same rows.

    Attributes
    ----------
    name : str
        `repetitions`, `cycles`, `set`, `sides`, ...
    rows : int
    metrics : tuple of Metric
    words : tuple of Words
    """

    name: str
    rows: int
    metrics: tuple[Metric, ...] = ()
    words: tuple[Words, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, metrics=tuple(self.metrics), words=tuple(self.words))
        columns: tuple[Metric | Words, ...] = (*self.metrics, *self.words)
        lengths = {one.name: len(one.values) for one in columns}
        wrong = {name: length for name, length in lengths.items() if length != self.rows}
        if wrong:
            raise ShapeError(f"Table '{self.name}' has {self.rows} rows, but {wrong}.", "Give one value per row.")
        names = [one.name for one in columns]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ShapeError(f"Table '{self.name}' has the columns {doubles} twice.", "Name each column once.")

    def __getitem__(self, name: str) -> Metric:
        """Return the metric of a name (without its unit)."""
        for one in self.metrics:
            if one.name == name:
                return one
        raise ShapeError(f"There is no metric '{name}' in '{self.name}'.", "Name a metric that is there.")

    def has(self, name: str) -> bool:
        """Whether there is a metric of that name."""
        return any(one.name == name for one in self.metrics)

    def told(self, name: str) -> tuple[str, ...]:
        """Return the column of words of that name."""
        for one in self.words:
            if one.name == name:
                return one.values
        raise ShapeError(f"There are no words '{name}' in '{self.name}'.", "Name a column that is there.")


@dataclass(frozen=True)
class Rejected:
    """A candidate for a repetition or cycle that was not taken, and why.

    Attributes
    ----------
    start_s, bottom_s, end_s : float
        NaN where it has none.
    reason : str
    """

    start_s: float
    bottom_s: float
    end_s: float
    reason: str


@dataclass(frozen=True)
class Rule:
    """One question with its answer, for screening; never merged with another.

    Attributes
    ----------
    name : str
    answer : str
        `supported`, `not supported` or `not assessable`.
    numbers : str
        What it rests on, with units and limits; for `not assessable` what is lacking.
    evidence : str
        What is published for and against it, and how strong that is.
    """

    name: str
    answer: str
    numbers: str
    evidence: str

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise ShapeError(f"Rule '{self.name}' answers '{self.answer}'.", f"One of {', '.join(ANSWERS)}.")


ANSWERS = ("supported", "not supported", "not assessable")


@dataclass(frozen=True, eq=False)
class Assessment:
    """All that an assessment says of one task of a trial.

    Attributes
    ----------
    task : str
    repetitions : Table
        One row per repetition, cycle or lunge; without rows where there are none, and then a note says why.
    rejected : tuple of Rejected
    tables : tuple of Table
        Others: `set` (one row: means over the repetitions, slopes), `sides`, ...
    screening : tuple of Rule
    protocol : str
        Name of the settings.
    protocol_sha256 : str
        Of their values: results with other ones are not to be compared.
    settings : mapping of str to float, str or bool
        All settings by `section.name`.
    notes : tuple of str
        What was left out, withheld or assumed.
    """

    task: str
    repetitions: Table
    rejected: tuple[Rejected, ...] = ()
    tables: tuple[Table, ...] = ()
    screening: tuple[Rule, ...] = ()
    protocol: str = ""
    protocol_sha256: str = ""
    settings: Mapping[str, float | str | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        freeze(
            self, rejected=tuple(self.rejected), tables=tuple(self.tables), screening=tuple(self.screening),
            settings=MappingProxyType(dict(self.settings)), notes=tuple(self.notes),
        )  # fmt: skip

    def table(self, name: str) -> Table | None:
        """Return the table of that name, or None."""
        return next((one for one in self.tables if one.name == name), None)


def joined(name: str, rows: int, parts: Sequence[tuple[Metric | Words, ...]]) -> Table:
    """Return a table of the columns of several parts, in order."""
    columns = [column for part in parts for column in part]
    metrics = tuple(one for one in columns if isinstance(one, Metric))
    return Table(name, rows, metrics, tuple(one for one in columns if isinstance(one, Words)))
