"""Settings of the hip hinge; values in the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HingeSettings:
    """Limits and weights of the components of a hinge.

    Attributes
    ----------
    standing_seconds : float
        Time before the start of a repetition that counts as standing.
    filter_hz, extreme_seconds : float
        Cut-off of curves whose extremes are sought, and the time to either side that is averaged.
    most_knee_share : float
        Change of knee flexion over that of trunk lean, above which it is a squat.
    <component>_full, <component>_zero, <component>_weight : float
        Where a component has full marks and where none, and its weight; the knee has a band with zeros on either side.
    knee_tolerant_low, knee_tolerant_high : float
        Knee flexion that still is called near the target, deg.
    least_change : float
        Least change of an angle that something is divided by, deg.
    soften_deg : float
        Least flexion of the knees in the descent for its beginning to be told, deg.
    hip_centre_sd_mm : float
        Standard uncertainty of the place of a hip centre in the pelvis, per axis.
    control_lean : float
        Trunk lean up to which early lumbar flexion is taken, deg.
    """

    standing_seconds: float
    filter_hz: float
    extreme_seconds: float
    most_knee_share: float
    knee_zero_low: float
    knee_full_low: float
    knee_full_high: float
    knee_zero_high: float
    knee_tolerant_low: float
    knee_tolerant_high: float
    knee_weight: float
    shank_full: float
    shank_zero: float
    shank_weight: float
    lumbar_full: float
    lumbar_zero: float
    lumbar_weight: float
    share_full: float
    share_zero: float
    share_weight: float
    back_full: float
    back_zero: float
    back_weight: float
    drop_full: float
    drop_zero: float
    drop_weight: float
    lean_full: float
    lean_zero: float
    lean_weight: float
    symmetry_full: float
    symmetry_zero: float
    symmetry_weight: float
    least_change: float
    soften_deg: float
    hip_centre_sd_mm: float
    control_lean: float
