"""What a set says: means and scatter over its repetitions."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from mocap.trial import Metric, Table


def set_table(table: Table, names: Sequence[str]) -> Table:
    """Return the table `set`, one row: mean and SD over the repetitions of some of their columns.

    The mean has its 95 % interval by Student's t over the repetitions that have a value; of a single one it is not
    known. The SD has the standard uncertainty of one of normal values, SD / sqrt(2 (n - 1)).
    """
    made: list[Metric] = []
    for name in names:
        made += _summary(table[name])
    return Table("set", 1, tuple(made))


def _summary(metric: Metric) -> list[Metric]:
    values = metric.values[np.isfinite(metric.values)]
    n = len(values)
    first = next((reason for reason in metric.reasons if reason), "")
    told = f"of {metric.name} over the repetitions that have it."
    mean, spread = f"{metric.name}_mean", f"{metric.name}_sd"
    if not n:
        why = (first or "there is no repetition",)
        nothing = np.array([np.nan])
        return [Metric(mean, metric.unit, f"Mean {told}", nothing, reasons=why),
                Metric(spread, metric.unit, f"SD {told}", nothing, reasons=why)]  # fmt: skip
    middle = np.array([values.mean()])
    if n == 1:
        few = ("one repetition tells no scatter",)
        return [Metric(mean, metric.unit, f"Mean {told}", middle, n=np.array([1]), reasons=few),
                Metric(spread, metric.unit, f"SD {told}", np.array([np.nan]), reasons=few)]  # fmt: skip
    sd = float(values.std(ddof=1))
    error = sd / np.sqrt(n)
    reach = error * float(stdtrit(n - 1, 0.975))
    return [
        Metric(mean, metric.unit, f"Mean {told} 95 % interval by Student's t.", middle, np.array([error]),
               middle - reach, middle + reach, n=np.array([n])),
        Metric(spread, metric.unit, f"SD {told}", np.array([sd]), np.array([sd / np.sqrt(2.0 * (n - 1))]),
               n=np.array([n])),
    ]  # fmt: skip
