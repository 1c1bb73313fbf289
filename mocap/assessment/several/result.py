"""Conditions of a set of recordings against each other, with all that the recordings share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mocap.assessment.several.conditions import Comparison
from mocap.assessment.statistics.measured import Recording


@dataclass(frozen=True, eq=False)
class Conditions:
    """All conditions against the first.

    Attributes
    ----------
    by, task, part : str
        What differs; the task; the part of a repetition that curves are over.
    levels : tuple of str
        Values of what differs, the first one to compare with first.
    comparisons : tuple of Comparison
    recordings : tuple of Recording
    method : mapping of str to str
    notes : tuple of str
    """

    by: str
    task: str
    part: str
    levels: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    recordings: tuple[Recording, ...]
    method: Mapping[str, str]
    notes: tuple[str, ...] = ()


def shown_value(value: float | str) -> str:
    """Return a value of a context as text."""
    return value if isinstance(value, str) else f"{value:g}"


def also_differs(by: str, groups: Mapping[str, Sequence[Recording]]) -> tuple[str, ...]:
    """Return in words which other circumstances differ between conditions: what they do cannot be told apart."""
    keys = sorted({key for group in groups.values() for one in group for key in one.context} - {by})
    found = []
    for key in keys:
        told = {
            level: sorted({shown_value(one.context[key]) if key in one.context else "not stated" for one in group})
            for level, group in groups.items()
        }
        if len({tuple(values) for values in told.values()}) > 1:
            each = "; ".join(f"{', '.join(values)} with {level}" for level, values in told.items())
            found.append(f"{key} differs as well ({each}): what it does cannot be told from what {by} does")
    return tuple(found)
