"""What the two halves of a repetition, and its instants, are called, by task."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Phases:
    """Names of the instants of a repetition and of what lies between them.

    Attributes
    ----------
    start, middle, end : str
        Instants as a table names them in `start_time`, `bottom_time` and `end_time`.
    first, second : str
        From start to middle, from middle to end.
    """

    start: str = "Start"
    middle: str = "Lowest"
    end: str = "End"
    first: str = "descent"
    second: str = "ascent"


_DOWN_AND_UP = Phases()
#: From a chair the body goes up first.
_OTHERS: Mapping[str, Phases] = MappingProxyType({
    "sit_to_stand": Phases("Seat-off", "Standing", "Seated", "rise", "return"),
})  # fmt: skip


def phases_of(task: str) -> Phases:
    """Return the names for a task."""
    return _OTHERS.get(task, _DOWN_AND_UP)
