"""What gait events, cycles and scores go by; the values and their sources stand in `configs/protocols/gait.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass

from mocap.errors import ConfigError

_LARGEST = 1e6
_MAY_BE_0 = (
    "bridge_s", "forefoot_m", "least_foot_lift_m", "least_foot_travel", "shortest_s", "most_off_imported_s",
    "most_plate_lag_s", "least_step", "edge_level",
)  # fmt: skip


@dataclass(frozen=True)
class PassSettings:
    """Where somebody walks straight on.

    Attributes
    ----------
    window_s : float
        Over which the velocity of the pelvis is fitted, about a stride: its sway drops out.
    least_speed_m_s : float
        Mid-pelvis; below, nobody walks over ground.
    most_turn_deg : float
        Change of heading over the window, and within a pass; beyond, it is turning.
    most_oblique_deg : float
        Of the feet against the direction of travel; beyond, it is walking sideways or backwards.
    shortest_s : float
        Of a pass.
    least_foot_travel : float
        Forward excursion of both heels against the pelvis, in leg lengths; below, nobody walks on a treadmill either.
    least_foot_lift_m : float
        Range of the height of both heels; below, the feet stay on the floor.
    """

    window_s: float
    least_speed_m_s: float
    most_turn_deg: float
    most_oblique_deg: float
    shortest_s: float
    least_foot_travel: float
    least_foot_lift_m: float

    def __post_init__(self) -> None:
        _in_range("passes", vars(self), {"window_s": 60.0, "most_turn_deg": 180.0, "most_oblique_deg": 180.0})


@dataclass(frozen=True)
class ContactSettings:
    """How contacts of the feet are found and refined.

    Attributes
    ----------
    cutoff_hz : float
        Low-pass of the points before all else.
    bridge_s : float
        Longest gap of a point that is bridged before.
    prominence : float
        Of an extreme of heel or toe against the pelvis, in leg lengths.
    least_interval_s : float
        Between two contacts of a kind of one foot.
    window_before_s, window_after_s : float
        About the extreme, in which the instant is refined.
    contact_speed_m_s : float
        Sagittal speed of the heel below which it stands.
    toe_speed_ratio : float
        Sagittal speed of the toe, in walking speeds, above which it has left.
    edge_level : float
        How near to the usual extreme a curve has to be where it begins or ends, as a share of its range, for the
        extreme to be taken as cut off there.
    most_disagreement_s : float
        Between the methods; beyond, the event is flagged.
    most_off_imported_s : float
        Between an event and the file's own of that kind and foot; beyond, the event is flagged.
    rise_sd_s, speed_sd_s : float
        Of the methods of the initial contact, by which they are weighted.
    method_sd_s : float
        Standard uncertainty of an event that all methods agree on.
    edge_sd_s : float
        Added to it where the recording cuts off the extreme that finds the contact.
    least_step : float
        Step length in leg lengths; below, it is shuffling.
    forefoot_m : float
        How much higher than the forefoot the heel may be at contact, each above its own lowest height.
    most_uneven : float
        Distance of a cycle time from the trial's median, as a share of it; beyond, the cycle is in no mean.
    most_plate_lag_s : float
        Between a plate's strike and the course of the foot; beyond, it is flagged and moves no other contact.
    least_sure_step : float
        Step length in leg lengths; below, final contacts are not sure, and the cycle is in no mean.
    """

    cutoff_hz: float
    bridge_s: float
    prominence: float
    least_interval_s: float
    window_before_s: float
    window_after_s: float
    contact_speed_m_s: float
    toe_speed_ratio: float
    edge_level: float
    most_disagreement_s: float
    most_off_imported_s: float
    rise_sd_s: float
    speed_sd_s: float
    method_sd_s: float
    edge_sd_s: float
    least_step: float
    forefoot_m: float
    most_uneven: float
    most_plate_lag_s: float
    least_sure_step: float

    def __post_init__(self) -> None:
        limits = {"window_before_s": 1.0, "window_after_s": 1.0, "most_disagreement_s": 0.5, "bridge_s": 10.0}
        _in_range("contacts", vars(self), {**limits, "edge_level": 1.0})



@dataclass(frozen=True)
class ReportSettings:
    """What cycles are set beside.

    Attributes
    ----------
    fewest_cycles : int
        Of a foot that a mean is to rest on; fewer are told with a note.
    norm : str
        Name of a norm set, a file ending in `.toml`, or `none`.
    interpolate_norm : bool
        Whether a norm known at fewer points than a score needs is joined by straight lines.
    """

    fewest_cycles: int
    norm: str
    interpolate_norm: bool

    def __post_init__(self) -> None:
        _in_range("report", {"fewest_cycles": self.fewest_cycles}, {})


def _in_range(section: str, values: Mapping[str, float], most: Mapping[str, float]) -> None:
    """Refuse values that are negative, not finite, 0 where that makes no sense, or beyond a limit of their own."""
    wrong = [name for name, value in values.items()
             if not 0.0 <= value <= most.get(name, _LARGEST) or (value == 0 and name not in _MAY_BE_0)]  # fmt: skip
    if wrong:
        ends = ", ".join(f"{name} up to {limit:g}" for name, limit in most.items() if name in wrong)
        raise ConfigError(
            f"[{section}]: {', '.join(wrong)} is out of range.",
            f"Give finite values above 0{'; ' if ends else ''}{ends}.", code="CONFIG_VALUE",
        )  # fmt: skip
