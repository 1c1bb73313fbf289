"""What a change of a metric has to exceed: by the lab's own reliability, else by the default, each named."""

from collections.abc import Mapping
from pathlib import Path

from mocap.assessment.several import Limit, Limits
from mocap.config.reliability import mdc95_or_default, read_reliability
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
        return Limit(*mdc95_or_default(own, default, name, unit, repetitions))

    return limit, tuple(notes)
