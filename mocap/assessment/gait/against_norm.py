"""What was measured beside what a norm set says, where it says something."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.norms import NormSet
from mocap.assessment.gait.walker import SIDES
from mocap.trial.assessment import METRIC_UNITS, Metric, Table, Words


def norm_points(curves: Mapping[str, Mapping[str, NDArray]], norm: NormSet) -> Table:
    """Return `norm_points`: each point of the cycle that the norm set knows, with the person's mean over the cycles.

    Parameters
    ----------
    curves : mapping
        Of `cycle_curves`.
    norm : NormSet
    """
    rows = [
        (side, name, percent, mean, sd, *_measured(curves[side].get(name), percent))
        for name, curve in norm.curves.items() for side in SIDES
        for percent, mean, sd in zip(curve.percent, curve.mean_deg, curve.sd_deg, strict=True)
    ]  # fmt: skip
    percents, means, sds, measured, scatter = (np.array([row[k] for row in rows], float) for k in range(2, 7))
    reasons = tuple("" if np.isfinite(row[5]) else f"withheld: no cycle shows {row[1]} here" for row in rows)
    who = f"of '{norm.name}' ({norm.population})"
    return Table("norm_points", len(rows), (
        Metric("cycle", "%", "Of the gait cycle.", percents),
        Metric("norm_mean", "deg", f"Mean {who}.", means),
        Metric("norm_sd", "deg", f"SD between the people {who}.", sds),
        Metric("measured", "deg", "Mean over the person's cycles; sd: from cycle to cycle.", measured, scatter,
               reasons=reasons),
        Metric("distance", "1", "Measured less norm, in SDs of the norm.", (measured - means) / sds, reasons=reasons),
    ), (Words("variable", "Angle over the cycle", tuple(row[1] for row in rows)),
        Words("side", "Foot of the cycles", tuple(row[0] for row in rows))))  # fmt: skip


def _measured(curve: NDArray | None, percent: float) -> tuple[float, float]:
    if curve is None:
        return np.nan, np.nan
    at = np.linspace(0.0, 100.0, curve.shape[1])
    values = np.array([np.interp(percent, at, one) for one in curve])
    shown = values[np.isfinite(values)]
    if not len(shown):
        return np.nan, np.nan
    return float(shown.mean()), float(shown.std(ddof=1)) if len(shown) > 1 else np.nan


def range_table(cycles: Table, norm: NormSet) -> Table:
    """Return `norm_ranges`: the mean of a quantity over all cycles beside the usual range of the norm set."""
    names = tuple(name for name in norm.ranges if cycles.has(name))
    means: Sequence[float] = [float(np.mean(_known(cycles[name].values))) for name in names]
    low = np.array([norm.ranges[name].low for name in names], float)
    high = np.array([norm.ranges[name].high for name in names], float)
    units = tuple(f"{name}{METRIC_UNITS[cycles[name].unit]}" for name in names)
    why = tuple("" if np.isfinite(mean) else "withheld: no cycle tells it" for mean in means)
    place = tuple(
        "" if not np.isfinite(mean) else "below" if mean < lower else "above" if mean > upper else "within"
        for mean, lower, upper in zip(means, low, high, strict=True)
    )
    meaning = f"in the unit of the quantity's name, {norm.population}."
    return Table("norm_ranges", len(names), (
        Metric("measured", "1", "Mean over all cycles, in the unit of the quantity's name.", np.array(means, float),
               reasons=why),
        Metric("range_low", "1", f"Low end of the range, {meaning}", low),
        Metric("range_high", "1", f"High end of the range, {meaning}", high),
    ), (Words("quantity", "Quantity of the table of cycles, with its unit", units),
        Words("place", "Where the measured value lies", place)))  # fmt: skip


def _known(values: NDArray) -> NDArray:
    return values[np.isfinite(values)] if np.isfinite(values).any() else np.array([np.nan])
