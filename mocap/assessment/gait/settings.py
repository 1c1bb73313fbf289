"""What gait events, cycles and scores go by; the values and their sources stand in `configs/protocols/gait.toml`."""

from dataclasses import dataclass


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
    least_step : float
        Step length in leg lengths; below, it is shuffling.
    forefoot_m : float
        How much higher than the forefoot the heel may be at contact, each above its own lowest height.
    most_uneven : float
        Distance of a cycle time from the trial's median, as a share of it; beyond, the cycle is in no mean.
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
    least_step: float
    forefoot_m: float
    most_uneven: float


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
