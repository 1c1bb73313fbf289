"""Limits of what a repetition is."""

from dataclasses import dataclass

from mocap.errors import ConfigError


@dataclass(frozen=True)
class RepetitionSettings:
    """Limits of what a repetition is; the protocol tells what each means."""

    filter_hz: float
    still_speed: float
    still_seconds: float
    standing_share: float
    smallest_drop: float
    smallest_drop_share: float
    separation_seconds: float
    edge_speed_share: float
    return_share: float
    plateau: float
    pause_seconds: float
    shortest_seconds: float
    longest_seconds: float
    foot_shift: float
    foot_lift: float
    foot_stagger: float
    valid_share: float

    def __post_init__(self) -> None:
        wrong = [name for name, value in vars(self).items() if not value > 0]
        if wrong or self.longest_seconds <= self.shortest_seconds:
            raise ConfigError(
                f"[repetitions]: {', '.join(wrong) or 'longest_seconds'} is too small.",
                "Give values above 0, and the longest above the shortest.",
                code="CONFIG_VALUE",
            )
