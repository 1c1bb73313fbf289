"""Filter the points of a trial, and say with every angle what its points went through."""

from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np

from mocap.config.build import build
from mocap.errors import ConfigError
from mocap.pipeline.trial_smoothing import LEFT
from mocap.signal.filter_options import FILTERS, LEARNED, FilterOptions
from mocap.signal.smoothing import filter_points
from mocap.trial import JointAngles, Operation, Points3D, Trial

_RAW = "not filtered"


def with_filtered_points(trial: Trial, options: FilterOptions) -> Trial:
    """Return the trial with filtered points beside the raw ones, in place of those of an earlier filter.

    Parameters
    ----------
    trial : Trial
    options : FilterOptions
        Where they ask for nothing the trial has no smoothed points.

    Raises
    ------
    ConfigError
        `FILTER_LEARNED` for `kalman` and `map`, which need what the reconstruction knows; see `filter_points`.
    """
    if options.learned:
        raise ConfigError(
            f"The method {options.method} needs what the reconstruction knows of its points.",
            f"Run `mocap reconstruct --smoother {options.method}`, whose smoothed points the angles then use.",
            code="FILTER_LEARNED",
        )
    operations = tuple(operation for operation in trial.operations if operation.name != "smooth")
    # What a smoother said of itself does not hold for this filter.
    quality = tuple(verdict for verdict in trial.quality if verdict.name != LEFT)
    trial = replace(trial, quality=quality)
    if not options.acts:
        return replace(trial, points_smoothed=None, operations=operations)
    found = filter_points(trial.points, options)
    stated = {name: value for name, value in vars(options).items() if value is not None}
    parameters: dict[str, str | float | int | bool] = {
        **stated, "longest_gap_s": options.gap_s, "points": found.method, "notes": "; ".join(found.notes),
    }  # fmt: skip
    known = np.isfinite(found.cutoff_hz)
    if known.any():
        told = zip(trial.points.names, found.cutoff_hz, strict=True)
        parameters["effective_cutoff_hz"] = ", ".join(f"{name} {value:.3g}" for name, value in told if value > 0)
    return replace(trial, points_smoothed=found.points, operations=(*operations, Operation("smooth", parameters)))


def filter_of(trial: Trial) -> FilterOptions | None:
    """Return the filter that made the smoothed points of a trial; None where a smoother of the reconstruction did."""
    step = next((one for one in reversed(trial.operations) if one.name == "smooth"), None)
    if step is None or step.parameters.get("method") not in FILTERS:
        return None
    known = {one.name for one in fields(FilterOptions)}
    told = {name: value for name, value in step.parameters.items() if name in known}
    return build(FilterOptions, told, "the record of the filter", typed=False)


def as_static(raw: Points3D, used: Points3D) -> Points3D:
    """Return the points of a static as they are used, with the covariance of the raw ones.

    Only their mean over the standing counts, which a filter leaves as it is: its noise is that of single raw frames
    over the root of their number, while filtered frames err alike.
    """
    return replace(used, covariance=raw.covariance)


def point_method(trial: Trial) -> str:
    """Return how the points became those that the angles use: the smoothed ones where the trial has some."""
    if trial.points_smoothed is None:
        return _RAW
    for operation in trial.operations:
        if operation.name == "smooth":
            return str(operation.parameters.get("points", operation.parameters.get("method", "smoothed")))
    return "smoothed"


def with_point_method(angles: JointAngles, method: str) -> JointAngles:
    """Return the angles with what became of their points in the method of each."""
    definitions = tuple(
        replace(one, method=f"{one.method}; points: {method}") if one.observable else one for one in angles.definitions
    )
    return replace(angles, definitions=definitions)


def stated_filter(method: str | None, cutoff_hz: float | None, choices: Mapping[str, str]) -> FilterOptions | None:
    """Return the filter that a command line states; None where it states none.

    Parameters
    ----------
    method : str, optional
    cutoff_hz : float, optional
    choices : mapping of str to str
        Further fields of `FilterOptions` by name, as a user writes them.

    Raises
    ------
    ConfigError
        `FILTER_UNKNOWN`; names each unknown field with the nearest valid one.
    """
    if method is None and cutoff_hz is None and not choices:
        return None
    if method is not None and method not in (*FILTERS, *LEARNED):
        raise ConfigError(f"There is no filter '{method}'.", f"Known: {', '.join(FILTERS)}.", code="FILTER_UNKNOWN")
    content: dict[str, object] = {**choices}
    content |= {name: value for name, value in (("method", method), ("cutoff_hz", cutoff_hz)) if value is not None}
    return build(FilterOptions, content, "command line", "--filter-set", typed=False)
