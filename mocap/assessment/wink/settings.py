"""Limits of the assessment of the butt wink."""

from dataclasses import dataclass

from mocap.errors import ConfigError


@dataclass(frozen=True)
class WinkSettings:
    """Settings; the protocol tells the unit, the meaning and the source of each.

    Angles in deg, depths in parts of a repetition's own depth.
    """

    filter_hz: float
    least_magnitude: float
    default_mdc95: float
    false_call_chance: float
    power: float
    crossing_sds: float
    window_from: float
    window_before_peak: float
    before_peak: float
    last_breakpoint: float
    widest_bend: float
    bootstrap_draws: int
    block_depth: float
    seed: int
    no_onset_chance: float
    gradual_bend: float
    terminal_onset: float
    terminal_below: float
    large_from: float
    early_before: float
    persists_below: float
    gain_least_flexion: float
    neutral_band_sds: float
    neutral_zone_percent: float
    asymmetry: float
    fewest_repetitions: int

    def __post_init__(self) -> None:
        wrong = [name for name, value in vars(self).items() if not value > 0 and name != "seed"]
        shares = (
            "false_call_chance", "power", "window_from", "last_breakpoint", "no_onset_chance", "widest_bend",
            "block_depth",
        )  # fmt: skip
        wrong += [name for name in shares if not getattr(self, name) < 1]
        wrong += ["seed"] if self.seed < 0 else []
        if wrong or self.bootstrap_draws < 100:
            raise ConfigError(
                f"[wink]: {', '.join(wrong) or 'bootstrap_draws'} is out of range.",
                "Give values above 0, shares below 1, and 100 draws or more.",
                code="CONFIG_VALUE",
            )
