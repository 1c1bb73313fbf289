"""Choices of the kinematics."""

from dataclasses import dataclass

from mocap.errors import KinematicsError
from mocap.kinematics.uncertainty import LANDMARK_SD_M

_CHOICES = {
    "model": ("segments",),
    "pelvis": ("auto", "plate", "landmarks"),
    "foot": ("flat", "anatomical"),
    "posture": ("upright", "any"),
    "static_check": ("refuse", "flag"),
}


@dataclass(frozen=True)
class KinematicsOptions:
    """Choices of the kinematics; every one is named in the method of the angles it changes.

    Attributes
    ----------
    model : str
        How poses are found: `segments` (closed form, each segment by itself).
    hip_centre : str
        One of `mocap.kinematics.hip_centre.METHODS`; not used where the points bring hip centres.
    leg_length_m : float
        ASIS to medial malleolus; NaN: from the static.
    marker_radius_m : float
        Radius and base of the markers on the ASIS, for the hip centre.
    pelvis : str
        `auto` (the sacral plate where the static calibrates it), `plate` or `landmarks`.
    foot : str
        `flat` (level in the static; anatomical where there is none) or `anatomical`.
    posture : str
        `upright`: refuse data in which the person never is; `any` for a person who lies.
    static_check : str
        What to do with a static trial whose body lengths are another person's: `refuse` or `flag`.
    landmark_sd_m : float
        Standard uncertainty of landmark placement, per landmark and axis.
    task : str
        What the person does (`squat`, `hinge`, `gait`, ...), for which figures of soft tissue are looked up; empty: the
        task of the trial.
    heading_rad : float
        Where forward is, about the world's Z from X; NaN: found from the walk or from where the pelvis faces.
    """

    model: str = "segments"
    hip_centre: str = "harrington"
    leg_length_m: float = float("nan")
    marker_radius_m: float = 0.0
    pelvis: str = "auto"
    foot: str = "flat"
    posture: str = "upright"
    static_check: str = "refuse"
    landmark_sd_m: float = LANDMARK_SD_M
    task: str = ""
    heading_rad: float = float("nan")

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise KinematicsError(
                    f"Option {name} is {getattr(self, name)!r}.", f"Choose one of {', '.join(choices)}.", code="OPTION"
                )
