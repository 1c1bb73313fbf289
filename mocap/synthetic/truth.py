"""True angle curves of a motion, by the names and signs of the trial file."""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.motion import Motion, Pose, neutral_thorax, pose
from mocap.synthetic.names import SIDE_SIGN, SIDES
from mocap.synthetic.rotations import joint_cardan, transposed, turn
from mocap.synthetic.subject import Subject

_GIVEN = (
    "pelvic_tilt", "pelvic_obliquity", "pelvic_rotation", "lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation",
    *(f"{name}_{side}" for side in SIDES
      for name in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "knee_varus", "knee_rotation",
                   "ankle_dorsiflexion", "ankle_inversion")),
)  # fmt: skip


def true_angles(subject: Subject, motion: Motion) -> Mapping[str, NDArray]:
    """Return the true angles, name -> (time,), in rad.

    Those that drive the motion are its own curves. The others (conventional and clinical tilt, trunk, thorax against
    pelvis, inclinations of shank, thigh and sole, foot progression, knee tracking, thoracic curvature) follow from the
    segment frames. The heading is known, so nothing here is estimated. `lumbar_*` and `thoracopelvic_*` are zero in
    neutral standing; `trunk_*` are absolute. The body has no spinous markers below T12, and so no lumbar curvature.
    Knee tracking is NaN where the knee is less than 30 mm from above the ankle.
    """
    body = pose(subject, motion)
    angles = {name: motion[name] for name in _GIVEN}
    angles |= _pelvis_by_other_definitions(body)
    angles |= _trunk(subject, body)
    angles |= {"thoracic_curvature": _thoracic_curvature(subject, body)}
    for side in SIDES:
        angles |= _leg(subject, body, side) | _more_of_leg(subject, body, side)
    return MappingProxyType(angles)


def _pelvis_by_other_definitions(body: Pose) -> dict[str, NDArray]:
    rotation = body.rotation["pelvis"]
    a, b, g = joint_cardan(rotation)
    return {
        "pelvic_tilt_conventional": -a,
        "pelvic_obliquity_conventional": -b,
        "pelvic_rotation_conventional": g,
        # Elevation of the line from mid-PSIS to mid-ASIS, the pelvis's own X axis, below the horizontal.
        "pelvic_tilt_clinical": np.arcsin(np.clip(-rotation[:, 1, 0], -1.0, 1.0)),
    }


def _trunk(subject: Subject, body: Pose) -> dict[str, NDArray]:
    thorax = body.rotation["thorax"]
    zeroed = transposed(body.rotation["pelvis"]) @ thorax @ transposed(neutral_thorax(subject))
    flexion, bend, turning = joint_cardan(zeroed)
    return {
        "thoracopelvic_flexion": -flexion,
        "thoracopelvic_lateral_bend": bend,
        "thoracopelvic_rotation": -turning,
        "trunk_lean": -np.arctan2(thorax[:, 1, 0], thorax[:, 1, 1]),
        # The right axis of the thorax points down when it leans to the right.
        "trunk_lateral_lean": np.arcsin(np.clip(-thorax[:, 1, 2], -1.0, 1.0)),
        "trunk_rotation": np.arctan2(-thorax[:, 0, 2], thorax[:, 2, 2]),
    }


def _thoracic_curvature(subject: Subject, body: Pose) -> NDArray:
    """Lean of the parabola through C7, T10 and T12 at its upper end against that at its lower end, in the pelvis."""
    places = [body.place(*spot) for spot in (
        ("thorax", subject.landmarks["thorax"]["C7"]), ("thorax", subject.landmarks["thorax"]["T10"]),
        ("lumbar", subject.landmarks["lumbar"]["T12"]),
    )]  # fmt: skip
    upper, lower = (np.median(np.linalg.norm(b - a, axis=1)) for a, b in pairwise(places))
    first, second = (places[0] - places[1]) / upper, (places[1] - places[2]) / lower
    # Slopes of the parabola at the ends of two chords, by divided differences.
    change = (first - second) / (upper + lower)
    leans = []
    for slope in (first + upper * change, second - lower * change):
        inside = turn(transposed(body.rotation["pelvis"]), slope)
        leans.append(np.arctan2(inside[:, 0], inside[:, 1]))
    return leans[0] - leans[1]


def _leg(subject: Subject, body: Pose, side: str) -> dict[str, NDArray]:
    ahead = body.place(f"foot_{side}", subject.landmarks[f"foot_{side}"][f"{side.upper()}MT2"])
    ahead = (ahead - body.origin[f"foot_{side}"]) * [1.0, 0.0, 1.0]
    level = np.linalg.norm(ahead, axis=1)
    up_shank = turn(body.rotation[f"shank_prox_{side}"], np.array([0.0, 1.0, 0.0]))
    up_thigh = turn(body.rotation[f"femur_{side}"], np.array([0.0, 1.0, 0.0]))
    return {
        f"shank_inclination_{side}": np.arctan2(np.sum(up_shank * ahead, axis=1) / level, up_shank[:, 1]),
        f"thigh_elevation_{side}": np.arcsin(np.clip(up_thigh[:, 1], -1.0, 1.0)),
        f"foot_progression_{side}": np.arctan2(SIDE_SIGN[side] * ahead[:, 2], ahead[:, 0]),
    }


def _more_of_leg(subject: Subject, body: Pose, side: str) -> dict[str, NDArray]:
    up = np.array([0.0, 1.0, 0.0])
    thigh, shank = turn(body.rotation[f"femur_{side}"], up), turn(body.rotation[f"shank_prox_{side}"], up)
    foot = body.rotation[f"foot_{side}"]
    tip = turn(foot, subject.landmarks[f"foot_{side}"][f"{side.upper()}MT2"])
    ahead = shank[:, 0] * tip[:, 0] + shank[:, 2] * tip[:, 2]
    rightward = tip[:, 0] * shank[:, 2] - tip[:, 2] * shank[:, 0]
    defined = subject.shank * np.hypot(shank[:, 0], shank[:, 2]) >= 0.030
    front, back = (subject.landmarks["pelvis"][side.upper() + name] for name in ("ASIS", "PSIS"))
    line = turn(body.rotation["pelvis"], (front - back) / np.linalg.norm(front - back))
    return {
        f"thigh_inclination_{side}": np.arctan2(-thigh[:, 0], thigh[:, 1]),
        f"sole_pitch_{side}": np.arcsin(np.clip(foot[:, 1, 0], -1.0, 1.0)),
        f"knee_tracking_{side}": np.where(defined, SIDE_SIGN[side] * np.arctan2(rightward, ahead), np.nan),
        f"pelvic_tilt_clinical_{side}": np.arcsin(np.clip(-line[:, 1], -1.0, 1.0)),
    }
