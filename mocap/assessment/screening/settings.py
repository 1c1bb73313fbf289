"""Settings of the screening rules; values in the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScreeningSettings:
    """Limits of the rules; angles in deg.

    Attributes
    ----------
    ankle_limited : float
        Inclination of the shank in the knee-to-wall test under which the ankle counts as limited.
    ankle_reserve, hip_reserve : float
        Least reserve at the onset that is adequate.
    hip_near : float
        Distance from passive hip flexion within which the onset is at the end of the hip's range.
    stance_low, stance_high : float
        Band of the stance's width over biacromial width.
    toe_out_low, toe_out_high : float
        Band of toe-out.
    control_lumbar : float
        Lumbar flexion early in a hinge that is more than control lets expect.
    control_scatter : float
        SD of the tuck over repetitions that is more than control lets expect.
    balance_ratio : float
        Place of the centre of mass between heels and toes under which it is far back.
    fewest_loads : int
        Loads that a trend over them needs.
    mdc_magnitude, mdc_onset : float
        Minimal detectable changes of tuck and onset depth, where the lab has none of its own.
    """

    ankle_limited: float
    ankle_reserve: float
    hip_reserve: float
    hip_near: float
    stance_low: float
    stance_high: float
    toe_out_low: float
    toe_out_high: float
    control_lumbar: float
    control_scatter: float
    balance_ratio: float
    fewest_loads: int
    mdc_magnitude: float
    mdc_onset: float
