"""Where a person stands among the people of the lab: z scores against the lab's own norm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.lab import LabFigures
from mocap.assessment.movement import Movement
from mocap.assessment.values import Value, column, withheld
from mocap.errors import ConfigError
from mocap.trial import Metric, Table

ENDING = "_norm_z"
_MDC_TO_SEM = 1.959963984540054 * np.sqrt(2.0)


@dataclass(frozen=True)
class NormSettings:
    """When a norm of the lab counts.

    Attributes
    ----------
    fewest_people : int
        People whom it is of, at least.
    """

    fewest_people: int

    def __post_init__(self) -> None:
        if self.fewest_people < 3:
            raise ConfigError(f"fewest_people = {self.fewest_people}: too few to show a spread.", "Give 3 or more.")


def norm_columns(movement: Movement, table: Table, names: Sequence[str], settings: NormSettings) -> tuple[Metric, ...]:
    """Return the z scores of a set, one row: mean over its repetitions, less that of the lab's people, over their SD.

    The variance of z is (u / SD)^2 + 1 / n + z^2 / (2 (n - 1)): u, the lab's standard error of measurement of a mean
    over so many repetitions, and what n people leave open of their mean and, being near to normal, of their SD.

    Parameters
    ----------
    movement : Movement
        Its `lab` has the norm.
    table : Table
        Of the repetitions.
    names : sequence of str
        Columns; those that the table lacks are left out.
    settings : NormSettings
    """
    return tuple(_column(movement, table[name], settings) for name in names if table.has(name))


def _column(movement: Movement, metric: Metric, settings: NormSettings) -> Metric:
    known = metric.values[np.isfinite(metric.values)]
    own = movement.lab(metric.name, metric.unit, (len(known), len(known)))
    whose = "the lab's people" if own is None else f"{own.norm_people} people, {own.source}"
    first = next((reason for reason in metric.reasons if reason), "there is no repetition")
    score = norm_score(float(known.mean()), own, settings) if len(known) else withheld(first)
    return column(
        f"{metric.name}{ENDING}", "1",
        f"z of {metric.name}: its mean over the repetitions that have it, less that of {whose}, over the SD between "
        "them, each by one measurement in which it has a value. In its uncertainty are the error of measuring and the "
        "number of people; of a lopsided quantity it is no percentile. The norm is of the circumstances of its own "
        "trials: that load, stance and heels were the same is for the reader to know.",
        [Value(score.value, score.sd, score.reason, len(known))],
    )  # fmt: skip


def norm_score(mean: float, own: LabFigures | None, settings: NormSettings) -> Value:
    """Return the z of a mean with its standard uncertainty, or why it is withheld."""
    people = 0 if own is None else own.norm_people
    if own is None:
        return withheld("withheld: no norm of it by a reliability file of this lab that fits this trial")
    if people < settings.fewest_people:
        return withheld(f"withheld: norm of {people} people, needs {settings.fewest_people}")
    if not (np.isfinite(own.norm_mean) and own.norm_sd > 0):
        return withheld("withheld: the norm has no mean or no spread")
    z = (mean - own.norm_mean) / own.norm_sd
    error = own.mdc95 / _MDC_TO_SEM / own.norm_sd
    return Value(z, float(np.sqrt(error**2 + 1 / people + z**2 / (2 * (people - 1)))))
