"""Legs between a given pelvis and given feet: the joint curves that keep the feet exactly where they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.motion import Motion
from mocap.synthetic.names import SIDE_SIGN, SIDES
from mocap.synthetic.rotations import (
    WORLD_FROM_ISB,
    about,
    joint_cardan,
    pelvis_rotation,
    transposed,
    turn,
    unit,
)
from mocap.synthetic.subject import Subject


@dataclass(frozen=True)
class Stance:
    """How the feet stand on the floor.

    Attributes
    ----------
    width : float
        Between the ankle centres, m.
    toe_out : float
        Each foot turned outward, rad.
    """

    width: float = 0.20
    toe_out: float = 0.12


def flat_feet(subject: Subject, stance: Stance, side: str) -> tuple[NDArray, NDArray]:
    """Return ankle centre, shape (3,), and foot rotation, shape (3, 3), of a foot flat on the floor (ISB axes)."""
    s = SIDE_SIGN[side]
    ankle = np.array([0.0, subject.ankle_height, s * stance.width / 2])
    return ankle, about("y", -s * stance.toe_out)


def leg_curves(
    subject: Subject, side: str, hip: NDArray, pelvis: NDArray, ankle: NDArray, foot: NDArray
) -> dict[str, NDArray]:
    """Return the curves of one leg that join a pelvis to a foot.

    The knee is a hinge (no varus, no rotation) that points the way the foot points: thigh and shank lie in the
    vertical-most plane through hip, ankle and the foot's direction.

    Parameters
    ----------
    hip, ankle : ndarray, shape (time, 3) or (3,)
        Hip and ankle centres, subject's ISB axes, m.
    pelvis, foot : ndarray, shape (time, 3, 3) or (3, 3)
        Rotations in the subject's ISB axes.

    Returns
    -------
    dict of str to ndarray, shape (time,)
        rad.

    Raises
    ------
    KinematicsError
        When the leg is too short (`POSE_UNREACHABLE`).
    """
    s = SIDE_SIGN[side]
    span = hip - ankle
    length = np.linalg.norm(span, axis=-1)
    shortest = abs(subject.thigh - subject.shank)
    if not ((length < subject.leg) & (length > shortest)).all():
        raise KinematicsError(
            f"Hip and ankle are {length.min():.3f} to {length.max():.3f} m apart; the leg spans {shortest:.3f} to "
            f"{subject.leg:.3f} m.",
            "Choose less depth, a narrower stance or less inclined shanks.",
            code="POSE_UNREACHABLE",
        )
    along = span / length[..., None]
    heading = foot[..., :, 0] * [1.0, 0.0, 1.0]
    ahead = unit(heading - np.sum(heading * along, axis=-1, keepdims=True) * along)
    up_to_foot_of_height = (subject.shank**2 - subject.thigh**2 + length**2) / (2 * length)
    height = np.sqrt(subject.shank**2 - up_to_foot_of_height**2)
    knee = ankle + up_to_foot_of_height[..., None] * along + height[..., None] * ahead
    right = np.cross(ahead, along)
    femur, shank = _frame(hip - knee, right), _frame(knee - ankle, right)
    hip_a, hip_b, hip_g = joint_cardan(transposed(pelvis) @ femur)
    knee_a, _, _ = joint_cardan(transposed(femur) @ shank)
    twisted = shank @ about("y", -s * subject.tibial_torsion)
    ankle_a, ankle_b, ankle_g = joint_cardan(transposed(twisted) @ foot)
    values = {
        "hip_flexion": hip_a, "hip_adduction": s * hip_b, "hip_rotation": s * hip_g, "knee_flexion": -knee_a,
        "ankle_dorsiflexion": ankle_a, "ankle_inversion": s * ankle_b, "ankle_rotation": s * ankle_g,
    }  # fmt: skip
    return {f"{name}_{side}": value for name, value in values.items()}


def _frame(up: NDArray, right: NDArray) -> NDArray:
    up = unit(up)
    return np.stack(np.broadcast_arrays(np.cross(up, right), up, right), axis=-1)


def planted_motion(
    subject: Subject, stance: Stance, hip_position: NDArray, curves: dict[str, NDArray], rate_hz: float
) -> Motion:
    """Return a motion over two feet that stay flat on their place; the leg curves are found, the rest is given.

    Parameters
    ----------
    hip_position : ndarray, shape (time, 3)
        Middle of the hip centres (X ahead, Y left, Z up), m; the ankles stand at X = 0.
    curves : dict of str to ndarray, shape (time,)
        Pelvis, spine and arms, rad.
    """
    feet = {side: flat_feet(subject, stance, side) for side in SIDES}
    return joined_motion(subject, hip_position, curves, feet, rate_hz)


def joined_motion(
    subject: Subject,
    hip_position: NDArray,
    curves: dict[str, NDArray],
    feet: dict[str, tuple[NDArray, NDArray]],
    rate_hz: float,
) -> Motion:
    """Return a motion over feet of given ankle centre and rotation (ISB axes) per side; see `leg_curves`."""
    zero = np.zeros(len(hip_position))
    pelvis = pelvis_rotation(*(curves.get(f"pelvic_{name}", zero) for name in ("tilt", "obliquity", "rotation")))
    middle = (subject.hip_centre("r") + subject.hip_centre("l")) / 2
    legs: dict[str, NDArray] = {}
    for side, (ankle, foot) in feet.items():
        hip = hip_position @ WORLD_FROM_ISB + turn(pelvis, subject.hip_centre(side) - middle)
        legs |= leg_curves(subject, side, hip, pelvis, ankle, foot)
    return Motion(rate_hz, hip_position, curves | legs)
