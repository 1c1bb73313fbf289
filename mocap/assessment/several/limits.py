"""What a change has to exceed, as whoever knows the lab's reliability says it."""

from collections.abc import Callable
from dataclasses import dataclass

from mocap.assessment.statistics.two_way import MDC_FACTOR


@dataclass(frozen=True)
class Limit:
    """The MDC95 of a metric between two measurements.

    Attributes
    ----------
    mdc95 : float
        In the metric's unit; NaN is not known.
    source : str
        Where it is from, in words.
    """

    mdc95: float
    source: str

    @property
    def sem(self) -> float:
        """Standard error of one of two measurements that are alike."""
        return self.mdc95 / MDC_FACTOR


#: Limit of a metric by its name, its unit and the numbers of repetitions of both measurements.
Limits = Callable[[str, str, tuple[int, int]], Limit]
