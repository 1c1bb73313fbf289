"""The foot of Plug-in Gait: along the line to the ankle centre, turned by what the standing trial tells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import from_joint, joint
from mocap.kinematics.traced import Frame, Vec, chain, difference, frame

_LEVEL = np.diag([1.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class FootOffset:
    """How the foot lies to the line from toe marker to ankle centre, in the static.

    Attributes
    ----------
    plantar_flexion_rad, rotation_rad : float
        Means over the static: about the mediolateral axis, and about the axis across it.
    flat : bool
        The foot was taken as flat in the static.
    by_placement : mapping of str to ndarray, shape (3, 3)
        By marker: turn of the offset (rotation vector, rad, in axes of the uncorrected foot) per metre of placement
        (in axes of the segment that carries the marker).
    """

    plantar_flexion_rad: float
    rotation_rad: float
    flat: bool
    by_placement: Mapping[str, NDArray]


def uncorrected_foot(toe: Vec, ankle: Vec, rightward: Vec) -> Frame:
    """Return the foot with Y from the toe marker to the ankle centre, Z along the mediolateral axis of the shank."""
    return frame(difference(ankle, toe), rightward, "yz")


def standing_foot(toe: Vec, heel: Vec, rightward: Vec, flat: bool) -> Frame:
    """Return the foot of the static, Y from the toe to the heel marker; `flat` takes them as level (world Y is up)."""
    line = difference(heel, toe)
    if flat:
        line = Vec(line.value @ _LEVEL, chain(_LEVEL, line.grad))
    return frame(line, rightward, "yz")


def mean_offset(plain: Frame, standing: Frame) -> tuple[float, float] | None:
    """Return the means over time of the two angles of FootOffset; None where no frame shows both."""
    a, b, _ = joint(np.swapaxes(plain.axes, -1, -2) @ standing.axes)
    there = np.isfinite(a) & np.isfinite(b)
    return (float(a[there].mean()), float(b[there].mean())) if there.any() else None


def with_offset(plain: Frame, offset: FootOffset) -> Frame:
    """Return the foot of a trial, Y along its long axis towards the heel."""
    return Frame(plain.axes @ from_joint(offset.plantar_flexion_rad, offset.rotation_rad, 0.0), plain.grad)
