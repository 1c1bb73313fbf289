"""The lab's own reliability, `reliability.toml`: what a change of each metric has to exceed, and where that is from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mocap.config.build import build, read_toml
from mocap.config.presets import preset_path
from mocap.errors import ConfigError

FORMAT = "mocap-reliability"
FORMAT_VERSION = 1
#: 1.96, for a change between two measurements whose variances add up.
_Z95 = 1.959963984540054
_NAN = float("nan")
_SIZES = ("mdc95_low", "mdc95_high", "sem", "sem_consistency", "sem_measurement", "sd_repetition", "repetitions",
          "sd_people", "sem_one_operator", "sem_one_visit", "norm_sd")  # fmt: skip
_MOST = 1e9


@dataclass(frozen=True)
class MetricReliability:
    """How well one metric is measured on one person, in its unit; NaN is not known.

    Attributes
    ----------
    unit : str
        `deg`, `mm`, ... as in the tables of an assessment.
    mdc95 : float
        Smallest change between two measurements, each a mean over `repetitions`, that exceeds the error in 95 % of
        cases where nothing changed: 1.96 times the root of 2 times `sem`.
    mdc95_low, mdc95_high : float
        95 % interval of it.
    sem, sem_consistency : float
        Standard error of one measurement, with and without differences between the means of operators and visits.
    sem_measurement, sd_repetition : float
        Its two parts: what stays however many repetitions are averaged, and the standard deviation of one repetition.
    repetitions : float
        Usual number (harmonic mean) of repetitions of one measurement.
    icc, icc_low, icc_high : float
        ICC of the file's form, with its 95 % interval.
    n_people, n_measurements : int
        On whom, and how many of each.
    mean, sd_people : float
        Of whom it was measured: on others the ICC is another, the SEM need not be.
    sem_one_operator, sem_one_visit : float
        SEM over the visits of one operator, and over the operators of one visit.
    norm_mean, norm_sd : float
        Mean and SD of everybody who was measured, also once, each by the first measurement with a value.
    norm_people : int
        How many they were.
    source : str
        Of figures that are not from the lab.
    note : str
        What was left out.
    """

    unit: str
    mdc95: float
    mdc95_low: float = _NAN
    mdc95_high: float = _NAN
    sem: float = _NAN
    sem_consistency: float = _NAN
    sem_measurement: float = _NAN
    sd_repetition: float = _NAN
    repetitions: float = _NAN
    icc: float = _NAN
    icc_low: float = _NAN
    icc_high: float = _NAN
    n_people: int = 0
    n_measurements: int = 0
    mean: float = _NAN
    sd_people: float = _NAN
    sem_one_operator: float = _NAN
    sem_one_visit: float = _NAN
    norm_mean: float = _NAN
    norm_sd: float = _NAN
    norm_people: int = 0
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.mdc95 <= _MOST:
            raise ConfigError(f"mdc95 = {self.mdc95} is no size of a change", "Give a number of 0 or more.")
        for name in _SIZES:
            value = getattr(self, name)
            if not (np.isnan(value) or 0 <= value <= _MOST):
                raise ConfigError(f"{name} = {value} is no size", "Give a number of 0 or more, or leave it out.")
        if min(self.n_people, self.n_measurements, self.norm_people) < 0:
            raise ConfigError(f"n_people = {self.n_people}, n_measurements = {self.n_measurements}, norm_people = "
                              f"{self.norm_people}: below 0",
                              "Give how many there were, or leave it out.")  # fmt: skip

    def mdc95_between(self, first: int, second: int) -> float:
        """Return the MDC95 between means over so many repetitions: 1.96 sqrt(SEM1^2 + SEM2^2).

        Only the part of the repetitions falls with their number: SEM(m)^2 = sem_measurement^2 + sd_repetition^2 / m.
        Where the parts are not known, or the numbers are not, the MDC95 of the file stays as it is. Where repetitions
        scatter more than their means (`sem_measurement` is then 0), their part is what the SEM of the file leaves for
        it, so that at the usual number the MDC95 of the file comes back.
        """
        parts = self.sem_measurement, self.sd_repetition
        if not np.isfinite(parts).all() or min(first, second) < 1:
            return self.mdc95
        scatter = parts[1] ** 2
        if parts[0] == 0 and self.repetitions >= 1:
            scatter = min(scatter, self.mdc95**2 / (2 * _Z95**2) * self.repetitions)
        return _Z95 * float(np.sqrt(2 * parts[0] ** 2 + scatter * (1 / first + 1 / second)))


@dataclass(frozen=True)
class Reliability:
    """A reliability file.

    Attributes
    ----------
    format, format_version
    name : str
        Printed with every verdict that rests on it.
    from_lab : bool
        Whether it was measured here.
    design : str
        In words: operators, visits, people.
    date : str
        Last day of its recordings, as 2026-03-01; empty where it is not known.
    icc_form : str
    task : str
        Empty where it is for all.
    method : mapping of str to str
        `marker_set`, `model`, `filter`, `protocol_sha256` of the trials; what is not there is not known.
    metric : mapping of str to MetricReliability
    unit : mapping of str to MetricReliability
        For metrics that are not named, by their unit; of the default alone.
    """

    format: str
    format_version: int
    name: str
    from_lab: bool
    design: str = ""
    date: str = ""
    icc_form: str = "ICC(2,1)"
    task: str = ""
    method: dict[str, str] = field(default_factory=dict)
    metric: dict[str, MetricReliability] = field(default_factory=dict)
    unit: dict[str, MetricReliability] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format != FORMAT or self.format_version != FORMAT_VERSION:
            raise ConfigError(
                f"format '{self.format}' {self.format_version} is not '{FORMAT}' {FORMAT_VERSION}",
                "Give what `mocap reliability` wrote.",
            )

    def entry(self, name: str, unit: str) -> MetricReliability | None:
        """Return what is known of a metric of a unit, by its name or that without its side; None where nothing is."""
        one = self.metric.get(name) or self.metric.get(name[:-2] if name.endswith(("_r", "_l")) else name)
        if one is not None and one.unit == unit:
            return one
        # What holds for an angle holds for no scatter of it, and for no difference of two.
        return None if name.endswith(("_sd", "_difference")) else self.unit.get(unit)

    def mdc95(self, name: str, unit: str, repetitions: tuple[int, int] = (0, 0)) -> tuple[float, str]:
        """Return the MDC95 of a metric, in its unit, and where it is from, in words.

        Parameters
        ----------
        name : str
            Without the unit: `wink_magnitude`.
        unit : str
        repetitions : tuple of int
            Of the two measurements that are compared; 0 is not known (`MetricReliability.mdc95_between`).

        Returns
        -------
        tuple of float and str
            NaN where nothing is known; the words then say why.
        """
        one = self.entry(name, unit)
        if one is None:
            return _NAN, f"{self.name}: nothing is known of {name} in {unit}"
        value = one.mdc95_between(*repetitions)
        if not self.from_lab:
            return value, f"{self.name}: {one.source}" if one.source else self.name
        parts = f"{one.n_people} people, {one.n_measurements} measurements each"
        return value, f"this lab's own reliability {self.called} ({parts})"

    @property
    def called(self) -> str:
        """Its name, and its day where that is known."""
        return f"'{self.name}' of {self.date}" if self.date else f"'{self.name}'"

    def misfits(self, method: dict[str, str]) -> tuple[str, ...]:
        """Return in words how the method of a trial differs from that of the file; nothing where it is not known."""
        return tuple(
            f"{key} was {self.method[key]} for the reliability and is {method[key]} here"
            for key in sorted(set(self.method) & set(method)) if self.method[key] != method[key]
        )  # fmt: skip

    def doubts(self, method: dict[str, str], units: Mapping[str, str]) -> tuple[str, ...]:
        """Return in words what cannot be told of whether the lab's file fits: what it does not state, other units.

        Parameters
        ----------
        method : dict of str to str
            Of the trials.
        units : mapping of str to str
            Units of the trials' metrics, by name.
        """
        if not self.from_lab:
            return ()
        lacking = sorted(set(method) - set(self.method) - {"task"})
        told = [f"the reliability file '{self.name}' does not state its {', '.join(lacking)}"] if lacking else []
        for name, unit in sorted(units.items()):
            one = self.metric.get(name) or self.metric.get(name[:-2] if name.endswith(("_r", "_l")) else name)
            if one is not None and one.unit != unit:
                told.append(f"'{self.name}' has {name} in {one.unit}, it is in {unit} here, so it is not used")
        return tuple(told)


def mdc95_or_default(
    own: Reliability, default: Reliability, name: str, unit: str, repetitions: tuple[int, int] = (0, 0)
) -> tuple[float, str]:
    """Return the MDC95 of a metric by the lab's file, by the default where that lacks it; see `Reliability.mdc95`."""
    value, words = own.mdc95(name, unit, repetitions)
    if np.isfinite(value) or own is default:
        return value, words
    fallback, told = default.mdc95(name, unit, repetitions)
    return (fallback, told) if np.isfinite(fallback) else (value, words)


def read_reliability(path: str | Path | None = None) -> Reliability:
    """Read a reliability file; without one, the default, which is not from the lab.

    Raises
    ------
    SourceError, ConfigError
        FILE_MISSING, TOML, CONFIG_KEY, CONFIG_VALUE.
    """
    path = preset_path("reliability", "default") if path is None else Path(path)
    return build(Reliability, read_toml(path), path.name, example="`mocap reliability` writes such a file")
