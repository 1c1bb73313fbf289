"""What misplaced landmarks leave in an angle whose zero is a plain angle of the static: the gradient of the difference.

The markers were as misplaced in the static as they are in the trial, so that most of it is in the zero as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import signed
from mocap.kinematics.body import Body
from mocap.kinematics.bone_axes import bone_axes
from mocap.kinematics.landmarks import Landmarks, for_placement
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Scalar

_MOST = 25  # frames of the static that are looked at
_NONE: Mapping[str, NDArray] = MappingProxyType({})


def zero_gradient(found: Landmarks, body: Body, angle_of: Callable[[Body], Scalar]) -> Mapping[str, NDArray]:
    """Return the mean gradient (rad/m) of an angle over the quiet frames by each landmark, shape (3,).

    Parameters
    ----------
    found : Landmarks
        Of the quiet frames.
    body : Body
        Made of them.
    angle_of : callable
        Builds the angle on a body; may find it not observable, and then there is no gradient.
    """
    try:
        angle = angle_of(placed_body(found, body))
    except NotObservable:
        return _NONE
    there = np.isfinite(angle.value)
    return {name: rows[there].mean(axis=0) for name, rows in angle.grad.items()} if there.any() else _NONE


def placed_body(found: Landmarks, body: Body) -> Body:
    """Return the body at some of its frames, each landmark depending on its own placement; see `zero_gradient`."""
    frames = np.unique(np.linspace(0, body.n_frames - 1, min(_MOST, body.n_frames)).round().astype(int))
    placed = for_placement(found, frames, bone_axes=bone_axes(body, frames))
    return Body(placed.points, placed.poses, replace(body.setting, placement_pass=True), body.zeros)


def less_zero(body: Body, angle: Scalar, zero: float, gradient: Mapping[str, NDArray] = _NONE) -> Scalar:
    """Return an angle less its zero (rad); where placement is looked at, with what the zero has of it."""
    shared = {name: row for name, row in gradient.items() if name in angle.grad}
    if not body.setting.placement_pass or not shared:
        return signed(1.0, angle, zero)
    rows = {name: np.broadcast_to(row, (body.n_frames, 3)) for name, row in shared.items()}
    return angle.less(Scalar(np.full(body.n_frames, zero), rows))
