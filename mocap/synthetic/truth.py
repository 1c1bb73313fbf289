"""True angle curves of a motion, by the names and signs of the trial file."""

from collections.abc import Mapping
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

    Those that drive the motion are its own curves. The others (conventional and clinical tilt, trunk lean,
    thoracopelvic flexion, shank inclination, thigh elevation, foot progression) follow from the segment frames.
    The heading is known, so nothing here is estimated. `lumbar_*` and `thoracopelvic_flexion` are zero in neutral
    standing; `trunk_lean` is absolute.
    """
    body = pose(subject, motion)
    angles = {name: motion[name] for name in _GIVEN}
    angles |= _pelvis_by_other_definitions(body)
    angles |= _trunk(subject, body)
    for side in SIDES:
        angles |= _leg(subject, body, side)
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
    return {
        "thoracopelvic_flexion": -joint_cardan(zeroed)[0],
        "trunk_lean": -np.arctan2(thorax[:, 1, 0], thorax[:, 1, 1]),
    }


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
