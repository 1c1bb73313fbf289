"""Settings of what is measured of stance, tracking, balance and bar; values in the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StanceSettings:
    """How a repetition's stance is measured.

    Attributes
    ----------
    standing_seconds : float
        Time before the start that counts as standing.
    filter_hz : float
        Cut-off of curves whose extremes are sought.
    extreme_seconds : float
        Time to either side of an extreme that is averaged.
    heel_lift_mm, heel_lift_seconds : float
        Heel rise from which, and time for which, a heel is called lifted.
    heel_down_mm : float
        Heel rise under which the sole is taken as flat.
    shank_ankle_deg : float
        Difference of shank inclination and dorsiflexion that is told with a flat sole.
    low_share : float
        Part of the depth, from the bottom, over which balance is judged.
    matched_depth : float
        Drop of the hips, in leg lengths, at which hip flexion is compared between conditions.
    landmark_sd_mm, hip_centre_sd_mm : float
        Standard uncertainties of the place of a landmark and of a hip centre, per axis.
    symmetry_sem_deg, symmetry_sem_factor : float
        Standard error of measurement, and how many of them the mean of both sides has to reach for a symmetry index.
    """

    standing_seconds: float
    filter_hz: float
    extreme_seconds: float
    heel_lift_mm: float
    heel_lift_seconds: float
    heel_down_mm: float
    shank_ankle_deg: float
    low_share: float
    matched_depth: float
    landmark_sd_mm: float
    hip_centre_sd_mm: float
    symmetry_sem_deg: float
    symmetry_sem_factor: float
