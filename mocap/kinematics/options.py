"""Choices of the kinematics."""

from dataclasses import dataclass

from mocap.errors import KinematicsError
from mocap.kinematics.option_ranges import RANGES, check_ranges
from mocap.kinematics.tasks import check_task
from mocap.kinematics.uncertainty import LANDMARK_SD_M

_CHOICES = {
    "model": ("segments", "plug-in-gait", "skeleton"),
    "pelvis": ("auto", "plate", "landmarks"),
    "foot": ("flat", "anatomical"),
    "posture": ("upright", "any"),
    "static_check": ("refuse", "flag"),
    "physiology": ("flag", "confirmed"),
    "sex": ("male", "female"),
    "knee_axis": ("auto", "functional", "epicondyles"),
}


@dataclass(frozen=True)
class KinematicsOptions:
    """Choices of the kinematics; `option_ranges` says what the numbers may be.

    Attributes
    ----------
    model : str
        How poses are found: `segments` (closed form, each segment by itself), `plug-in-gait` (joint centres and
        segments of Vicon's model, from the person's measures) or `skeleton` (one body of constant lengths from the
        static, fitted to all markers and frames together; see `mocap.kinematics.fit.model`).
    hip_centre : str
        One of `mocap.kinematics.hip_centre.METHODS`; not used where the points bring hip centres.
    leg_length_m : float
        ASIS to medial malleolus; NaN: from the static.
    marker_radius_m : float
        Radius and base of the markers on the ASIS, for the hip centre.
    skin_asis_m, skin_psis_m : float
        Soft tissue over the ASIS and the PSIS: both are taken that much deeper, along the pelvis's forward axis. The
        hip centres move, the tilt does not.
    pelvis : str
        `auto` (the sacral plate where the static calibrates it), `plate` or `landmarks`.
    foot : str
        `flat` (level in the static; anatomical where there is none) or `anatomical`.
    posture : str
        `upright`: refuse data in which the person never is; `any` for a person who lies.
    static_check : str
        What to do with a static trial whose body lengths are another person's: `refuse` or `flag`.
    physiology : str
        Values beyond what joints reach (`mocap.kinematics.physiology`): `flag` them, fail a verdict and leave them out
        of single figures, or `confirmed`: they are true, and count.
    knee_axis : str
        Where a functional knee movement holds its gates: `auto` uses it if the epicondyles show cross-talk,
        `functional` always, `epicondyles` never.
    landmark_sd_m : float
        Standard uncertainty of landmark placement, per landmark and axis.
    sex : str
        Column of de Leva's table for the centre of mass: `male` or `female`.
    task : str
        What the person does, one of `mocap.kinematics.tasks.TASKS`, for which figures of soft tissue are looked up;
        empty: the task of the trial.
    proxies : bool
        Add `pelvic_tilt_proxy` where pelvic tilt is not observable; see `mocap.kinematics.proxies`.
    marker_diameter_m, inter_asis_m : float
        Of Plug-in Gait; NaN: from the files, else 14 mm and the mean distance of the ASIS in the static.
    knee_width_r_m, knee_width_l_m, ankle_width_r_m, ankle_width_l_m : float
        Of Plug-in Gait; NaN: from the files.
    asis_trochanter_r_m, asis_trochanter_l_m : float
        Sagittal distance from ASIS to greater trochanter, of Plug-in Gait; NaN: from the files, else from the leg.
    heading_rad : float
        Where forward is, about the world's Z from X; NaN: found from the walk or from where the pelvis faces.
    gravity_sd_deg : float
        Standard uncertainty of the angle between the world's Z and up, both axes of tilt combined (about each axis
        less by the root of 2); NaN: as the calibration states it, and not stated for files of other programs.
    soft_tissue_scale : float
        Times the sd of the skin at each site that the skeleton model weighs markers with (`SOFT_TISSUE_M`).
    marker_sd_m : float
        Per axis, of markers that come without covariance, in the skeleton model.
    bridge_s : float
        Longest time for which the skeleton model bridges what no marker shows.
    """

    model: str = "segments"
    hip_centre: str = "harrington"
    leg_length_m: float = float("nan")
    marker_radius_m: float = 0.0
    skin_asis_m: float = 0.0
    skin_psis_m: float = 0.0
    pelvis: str = "auto"
    foot: str = "flat"
    posture: str = "upright"
    static_check: str = "refuse"
    physiology: str = "flag"
    knee_axis: str = "auto"
    landmark_sd_m: float = LANDMARK_SD_M
    sex: str = "male"
    task: str = ""
    heading_rad: float = float("nan")
    gravity_sd_deg: float = float("nan")
    proxies: bool = False
    marker_diameter_m: float = float("nan")
    inter_asis_m: float = float("nan")
    knee_width_r_m: float = float("nan")
    knee_width_l_m: float = float("nan")
    ankle_width_r_m: float = float("nan")
    ankle_width_l_m: float = float("nan")
    asis_trochanter_r_m: float = float("nan")
    asis_trochanter_l_m: float = float("nan")
    soft_tissue_scale: float = 1.0
    marker_sd_m: float = 0.001
    bridge_s: float = 0.5

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise KinematicsError(
                    f"Option {name} is {getattr(self, name)!r}.", f"Choose one of {', '.join(choices)}.", code="OPTION"
                )
        check_task(self.task)
        chosen, defaults = ({name: getattr(of, name) for name in RANGES} for of in (self, KinematicsOptions))
        check_ranges(chosen, defaults)
