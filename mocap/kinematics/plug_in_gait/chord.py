"""The chord function: a joint centre from the joint above it, the lateral marker and a wand."""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import Frame, Vec, add_grads, chain, difference, frame, skew, turned


def chord(upper: Vec, lateral: Vec, wand: Vec, radius_m: float) -> Vec:
    """Return the joint centre J with |J - lateral| = radius and a right angle at J between lateral and upper joint.

    Parameters
    ----------
    upper : Vec
        Centre of the joint above: hip for the knee, knee for the ankle.
    lateral : Vec
        Marker on the lateral side of the joint.
    wand : Vec
        Marker in the plane of the joint's axis and the bone; J lies on the other side of the line from `lateral` to
        `upper`.
    radius_m : float
        Half of the joint's width and of the marker's diameter.

    Returns
    -------
    Vec
        NaN where `upper` is no further from `lateral` than the radius, or where the wand is within 10 deg of the line
        between them.

    Notes
    -----
    Kadaba 1990. With u along the line of length L and w across it towards the wand:
    J = lateral + (r^2 / L) u - r sqrt(1 - (r / L)^2) w.
    """
    line = difference(upper, lateral)
    plane = frame(line, difference(wand, lateral), "yx")
    length = np.linalg.norm(line.value, axis=-1)
    with_solution = np.isfinite(length) & (length > radius_m)
    length = np.where(with_solution, length, np.nan)
    share = radius_m / length
    cosine = np.sqrt(1.0 - share**2)
    zero = np.zeros_like(length)
    arm = turned(plane.axes, np.stack([-radius_m * cosine, radius_m * share, zero], axis=-1))
    if not (upper.grad or lateral.grad or wand.grad):
        return Vec(lateral.value + arm)
    # The line's length moves the centre within the plane; the rest is the turning of the plane.
    by_length = turned(plane.axes, np.stack([-(share**3) / cosine, -(share**2), zero], axis=-1))
    stretch = by_length[..., :, None] * plane.axes[..., None, :, 1]
    return Vec(lateral.value + arm, add_grads(lateral.grad, chain(-skew(arm), plane.grad), chain(stretch, line.grad)))


def axis_of(segment: Frame, axis: NDArray) -> Vec:
    """Return a direction, shape (3,) in the segment's axes, as it is over time."""
    arm = segment.axes @ axis
    return Vec(arm, chain(-skew(arm), segment.grad) if segment.grad else {})
