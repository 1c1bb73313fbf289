"""Settings of rising from a chair; values in the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SitToStandSettings:
    """How a repetition of sit-to-stand is measured.

    Attributes
    ----------
    filter_hz, extreme_seconds : float
        Cut-off of curves whose extremes are sought, and the time to either side that is averaged.
    lean_speed : float
        Speed of the trunk's lean from which the person begins to lean forward, deg/s.
    lean_seconds : float
        Longest lean before seat-off.
    count_seconds : float
        Time over which repetitions are counted.
    count_repetitions : int
        Repetitions that are timed.
    """

    filter_hz: float
    extreme_seconds: float
    lean_speed: float
    lean_seconds: float
    count_seconds: float
    count_repetitions: int
