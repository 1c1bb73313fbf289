"""Soft tissue: how far skin moves over the bones, as published, turned into uncertainties of angles.

There are few figures. An angle has one where a study measured it in the task at hand, with markers of the kind at
hand; every other angle has none, and NaN is the answer: pelvic tilt in a squat, for one, though ASIS and PSIS surely
slide under their skin. Published as well, and not used: the mismatch of hip centres carried by thigh clusters beyond
120 deg of knee flexion (28 to 90 mm), since our hip centre is carried by the pelvis; skin over the thoracic spine
(9.3 +- 4.2 mm, Zemp 2014), since the trunk angles rest on sternum or pelvis at their other end, of which nothing is
known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.landmarks import Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import NotObservable, Outcome
from mocap.kinematics.tasks import task_name
from mocap.kinematics.traced import difference
from mocap.kinematics.trunk_angles import spine_names, trunk_outcomes
from mocap.kinematics.uncertainty import landmark_sd


@dataclass(frozen=True)
class SkinDegrees:
    """Mean errors of angles by skin markers against the bones, taken as standard uncertainties.

    Attributes
    ----------
    tasks : tuple of str
    size_deg : mapping of str to float
        By angle, without its side.
    source : str
        In words, for the method of the angle.
    """

    tasks: tuple[str, ...]
    size_deg: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class SkinMillimetres:
    """How far skin moves over the bones, mean and SD between people.

    Attributes
    ----------
    tasks : tuple of str
    mean_m, sd_m : float
    source : str
        In words, for the method of the angle.
    """

    tasks: tuple[str, ...]
    mean_m: float
    sd_m: float
    source: str

    @property
    def rms_m(self) -> float:
        """Root mean square distance."""
        return float(np.hypot(self.mean_m, self.sd_m))


#: Pelvis and thigh by skin markers against dual fluoroscopy, 11 adults walking, abducting and rotating the hip.
HIP = SkinDegrees(
    ("gait",),
    {"hip_flexion": 1.9, "hip_adduction": 0.6, "hip_rotation": 5.8},
    "mean error of skin markers on pelvis and thigh in walking, abduction and rotation (Fiorentino 2017)",
)

#: Skin over the lumbar spine, flexed against extended, by upright MRI of 7 people.
LUMBAR = SkinMillimetres(
    ("squat", "hinge"), 0.0102, 0.0061, "lumbar skin moves 10.2 +- 6.1 mm from extension to flexion (Zemp 2014)"
)


@dataclass(frozen=True)
class SoftTissue:
    """Standard uncertainty (rad) of an angle from soft tissue, NaN where no figure is known, and what it rests on."""

    sd_rad: float
    words: str


def soft_tissue(
    outcomes: Mapping[str, Outcome], body: Body, found: Landmarks, frames: NDArray, task: str
) -> dict[str, SoftTissue]:
    """Return what soft tissue adds to every angle.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        Of every angle of the trial.
    body : Body
    found : Landmarks
    frames : ndarray of int
        Frames to look at.
    task : str
        `squat`, `hinge`, `gait`, ...; empty: not stated, and then no figure applies.

    Returns
    -------
    dict of str to SoftTissue
        By angle. Words are empty where no task is stated, and for keypoints of a pose detector, which sit on no skin.
    """
    task = task_name(task)
    if not task or body.setting.kind == "keypoints":
        return {name: SoftTissue(float("nan"), "") for name in outcomes}
    nothing = SoftTissue(float("nan"), f"soft tissue: no figure for {task}")
    parts = {name: nothing if outcome.angle is not None else SoftTissue(float("nan"), "") for name, outcome in
             outcomes.items()}  # fmt: skip
    parts |= _hip_parts(outcomes, body, task)
    if outcomes["lumbar_flexion"].angle is not None and task in LUMBAR.tasks:
        by_plate = "lumbar" in body.poses
        part = _plate_part(outcomes["lumbar_flexion"], body) if by_plate else _spine_part(body, found, frames)
        parts["lumbar_flexion"] = part or nothing
    return parts


def _hip_parts(outcomes: Mapping[str, Outcome], body: Body, task: str) -> dict[str, SoftTissue]:
    if task not in HIP.tasks or "pelvis" in body.poses:  # a sacral plate is none of the markers of that study
        return {}
    words = f"soft tissue: {HIP.source}"
    return {
        f"{name}_{side}": SoftTissue(float(np.deg2rad(size)), words)
        for name, size in HIP.size_deg.items()
        for side in "rl"
        if outcomes[f"{name}_{side}"].angle is not None
    }


def _spine_part(body: Body, found: Landmarks, frames: NDArray) -> SoftTissue:
    """Each spinous marker moves by itself, in any direction: a third of the mean square along each axis."""
    seen = for_placement(found, frames, spine_names(body.points))
    bent = build_body(seen.points, seen.poses, body.setting, body.zeros, body.heading)
    angle = trunk_outcomes(bent)["lumbar_flexion"].angle
    sd = float("nan") if angle is None else landmark_sd(angle, LUMBAR.rms_m / np.sqrt(3.0))
    return SoftTissue(sd, f"soft tissue: {LUMBAR.source}, each marker by itself and in any direction")


def _plate_part(flexion: Outcome, body: Body) -> SoftTissue | None:
    """A plate shifted by as much as the skin under it: the turn of the line from the PSIS to the plate.

    The study is of single markers; that a plate turns with the skin as this line does is the assumption here.
    """
    assert flexion.angle is not None
    try:
        length = np.linalg.norm(difference(body.poses["lumbar"].centroid, body.mid_psis()).value, axis=1)
    except NotObservable:
        return None
    known = np.isfinite(length) & np.isfinite(flexion.angle.value)
    if not known.any():
        return None
    typical = float(np.median(length[known]))
    words = f"soft tissue: {LUMBAR.source}, over the {1e3 * typical:.0f} mm from PSIS to plate"
    return SoftTissue(LUMBAR.rms_m / typical, words)


def sd_of(parts: Mapping[str, SoftTissue], names: Sequence[str]) -> NDArray:
    """Return the standard uncertainties (rad) of named angles, shape (angle,)."""
    return np.array([parts[name].sd_rad for name in names])
