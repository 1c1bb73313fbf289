"""Both feet side by side: means over the cycles of each, and what differs."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.gait.walker import SIDES
from mocap.assessment.set_table import set_table
from mocap.trial.assessment import Metric, Table, Words

SUMMED = (
    "stride_time", "step_time", "cadence", "stance", "swing", "single_support", "double_support", "step_length",
    "stride_length", "step_width", "speed", "speed_normalised",
)  # fmt: skip
# Of one foot; the others are of both feet together, and no difference between sides.
_OWN = ("step_time", "stance", "swing", "single_support", "step_length")
_LEAST_SEM = 5.0


def sides_table(cycles: Table) -> Table:
    """Return `sides`: one row per foot, mean and SD over its cycles of each quantity."""
    parts = {side: set_table(_of_side(cycles, side), SUMMED) for side in SIDES}
    columns = []
    for metric in parts["right"].metrics:
        both = [parts[side][metric.name] for side in SIDES]
        values, sd, low, high, n = (np.concatenate([getattr(one, what) for one in both])
                                    for what in ("values", "sd", "low", "high", "n"))  # fmt: skip
        reasons = tuple(reason for one in both for reason in one.reasons)
        columns.append(Metric(metric.name, metric.unit, metric.meaning, values, sd, low, high, reasons, n))
    count = np.array([float(cycles.told("side").count(side)) for side in SIDES])
    return Table("sides", 2, (Metric("cycles", "1", "Number of cycles.", count), *columns), (
        Words("side", "Foot", SIDES),
    ))  # fmt: skip


def asymmetry_table(cycles: Table) -> Table:
    """Return `asymmetry`, one row: right less left in the unit of each quantity, and the symmetry index.

    The index is 100 (R - L) / (0.5 (R + L)) (Robinson et al. 1987), withheld where the mean of both is below five
    standard errors, as it explodes near 0. Whether a difference is more than the method's own error needs the minimal
    detectable change of the lab; usual cut-offs such as 10 % are arbitrary.
    """
    right, left = (_of_side(cycles, side) for side in SIDES)
    columns: list[Metric] = []
    for name in _OWN:
        columns += _difference(name, right[name], left[name])
    return Table("asymmetry", 1, tuple(columns))


def _difference(name: str, right: Metric, left: Metric) -> Sequence[Metric]:
    values = [one.values[np.isfinite(one.values)] for one in (right, left)]
    least = min(map(len, values))
    meaning = f"Mean {name} of the right foot less that of the left."
    index = "100 (R - L) / (0.5 (R + L)) of the means (Robinson et al. 1987); + is more on the right."
    if not least:
        why = ("withheld: a foot has no cycle",)
        return (Metric(f"{name}_difference", right.unit, meaning, np.array([np.nan]), reasons=why),
                Metric(f"{name}_symmetry_index", "%", index, np.array([np.nan]), reasons=why))  # fmt: skip
    means = [float(each.mean()) for each in values]
    errors = np.array([each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.nan for each in values])
    difference, sem = means[0] - means[1], float(np.linalg.norm(errors))
    few = ("a foot has a single cycle: the scatter is not known",) if least < 2 else ("",)
    middle = float(np.mean(means))
    plain = Metric(f"{name}_difference", right.unit, meaning, np.array([difference]), np.array([sem]),
                   reasons=few, n=np.array([least]))  # fmt: skip
    if not np.isfinite(sem) or abs(middle) < _LEAST_SEM * sem or middle <= 0:
        why = few if least < 2 else ("withheld: the mean of both sides is below five standard errors",)
        why = ("withheld: " + why[0].removeprefix("withheld: "),)
        return plain, Metric(f"{name}_symmetry_index", "%", index, np.array([np.nan]), reasons=why)
    slopes = 100.0 * np.array([means[1], -means[0]]) / middle**2
    spread = float(np.linalg.norm(slopes * errors))
    return plain, Metric(f"{name}_symmetry_index", "%", index, np.array([100.0 * difference / middle]),
                         np.array([spread]), n=np.array([least]))  # fmt: skip


def _of_side(table: Table, side: str) -> Table:
    """Return the rows of one foot."""
    rows = np.flatnonzero([one == side for one in table.told("side")])
    metrics = tuple(
        Metric(one.name, one.unit, one.meaning, one.values[rows], one.sd[rows], one.low[rows], one.high[rows],
               tuple(one.reasons[row] for row in rows), one.n[rows]) for one in table.metrics
    )  # fmt: skip
    return Table(table.name, len(rows), metrics)
