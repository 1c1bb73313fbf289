"""What a change of a metric has to exceed: by the lab's own reliability, else by the default, each named."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mocap.assessment.several import Limit, Limits
from mocap.config.reliability import read_reliability
from mocap.errors import ConfigError


def limits_of(
    path: Path | None, method: Mapping[str, str], units: Mapping[str, str] | None = None
) -> tuple[Limits, tuple[str, ...]]:
    """Return what gives the limits, and notes on how far the lab's figures fit these trials.

    Parameters
    ----------
    path : Path, optional
        Reliability file; without one, and for metrics that it lacks, the default holds.
    method : mapping of str to str
        Of the trials.
    units : mapping of str to str, optional
        Of their metrics, by name.

    Raises
    ------
    ConfigError
        RELIABILITY_TASK, and what reading refuses.
    """
    default = read_reliability()
    own = read_reliability(path) if path is not None else default
    if own.task and own.task != method["task"]:
        raise ConfigError(
            f"The reliability file is of the task {own.task}, the trials are of {method['task']}.",
            "Give the file of that task, or none: the default then holds, and is named.",
            code="RELIABILITY_TASK",
        )
    notes = [f"the limits may not hold: {words}" for words in own.misfits(dict(method))]
    notes += [f"the limits may not hold: {words}" for words in own.doubts(dict(method), units or {})]
    if not own.from_lab:
        notes.append("limits of changes are a default, not from this lab: mocap reliability measures the lab's own")

    def limit(name: str, unit: str, repetitions: tuple[int, int]) -> Limit:
        value, words = own.mdc95(name, unit, repetitions)
        if not np.isfinite(value) and own is not default:
            fallback, told = default.mdc95(name, unit, repetitions)
            value, words = (fallback, told) if np.isfinite(fallback) else (value, words)
        return Limit(value, words)

    return limit, tuple(notes)
