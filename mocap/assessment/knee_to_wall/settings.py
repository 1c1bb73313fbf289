"""Settings of the knee-to-wall test; values in the protocol."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KneeToWallSettings:
    """How a lunge towards a wall is measured.

    Attributes
    ----------
    standing_seconds : float
        Time before the start of a lunge that its foot's height is taken from where no static tells it.
    filter_hz, extreme_seconds : float
        Cut-off of curves whose extremes are sought, and the time to either side that is averaged.
    contact_mm : float
        Distance of the knee's front from the wall that is contact.
    heel_down_mm : float
        Heel rise under which the heel is down.
    patella_offset_mm : float
        From the knee centre to the front of the knee, where no landmark shows it.
    landmark_sd_mm : float
        Standard uncertainty of the place of a landmark, per axis.
    deg_per_cm, cross_check_deg : float
        Inclination that a centimetre stands for, and the difference from it at which the set-up is told.
    """

    standing_seconds: float
    filter_hz: float
    extreme_seconds: float
    contact_mm: float
    heel_down_mm: float
    patella_offset_mm: float
    landmark_sd_mm: float
    deg_per_cm: float
    cross_check_deg: float
