"""How clocks are found from movement."""

from dataclasses import dataclass

from mocap.errors import ConfigError


@dataclass(frozen=True)
class MotionSyncOptions:
    """How clocks are found from movement.

    Attributes
    ----------
    reach_s : float
        Offsets of up to this much are searched.
    most_drift_ppm : float
    smoothing_s : float
        Half width of the local quadratic that smooths the tracks.
    window_s : float
        Length of the stretches of time that are looked at; a mean miss is taken off in each.
    most_windows : int
        As many are looked at, spread over the recording.
    min_confidence : float
        Observations below it are left out.
    matters_frames : float
        A camera is shifted when its clock is off by more than this somewhere in the recording, and beyond chance.
    chance_sd : float
        Standard deviations that chance may reach.
    told_sd_frames, told_sd_ppm : float
        An offset or drift is told when its standard deviation is below this, or when it is beyond chance.
    """

    reach_s: float = 0.4
    most_drift_ppm: float = 1000.0
    smoothing_s: float = 0.15
    window_s: float = 2.0
    most_windows: int = 30
    min_confidence: float = 0.3
    matters_frames: float = 0.25
    chance_sd: float = 4.0
    told_sd_frames: float = 0.5
    told_sd_ppm: float = 20.0

    def __post_init__(self) -> None:
        above = (self.smoothing_s, self.window_s, self.matters_frames, self.chance_sd, self.told_sd_frames,
                 self.told_sd_ppm)  # fmt: skip
        sound = all(value > 0 for value in above) and self.reach_s >= 0 and self.most_drift_ppm >= 0
        if not (sound and self.most_windows >= 1 and 0 <= self.min_confidence <= 1):
            raise ConfigError(
                "Options of synchronisation by movement that are negative, or a confidence outside 0 to 1.",
                "Give times, limits and numbers above 0.",
                code="SYNC_OPTIONS",
            )


def frames_of(seconds: float, rate_hz: float, fewest: int) -> int:
    """Return a time in whole frames, not fewer than some."""
    return max(round(seconds * rate_hz), fewest)
