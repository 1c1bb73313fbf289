"""How the heading depends on where landmarks were placed: misplaced points of the pelvis turn where it faces."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.bone_axes import bone_axes
from mocap.kinematics.heading import Heading
from mocap.kinematics.landmarks import Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Vec, carried, constant, difference

_MOST = 50  # frames of the heading that are looked at


def with_placement(heading: Heading | None, body: Body) -> Heading | None:
    """Return the heading with its mean gradient (rad/m, about the vertical) by each landmark it is made of.

    Parameters
    ----------
    heading : Heading or None
        Of this body.
    body : Body
        Of the trial.

    Notes
    -----
    A given heading and a walking direction depend on no landmark, and nor do keypoints, which nobody placed.
    """
    if heading is None or not len(heading.frames) or body.setting.kind == "keypoints":
        return heading
    frames = heading.frames[np.unique(np.linspace(0, len(heading.frames) - 1, _MOST).round().astype(int))]
    placed = for_placement(Landmarks(body.points, body.poses, "", ()), frames, bone_axes=bone_axes(body, frames))
    setting = replace(body.setting, placement_pass=True)
    posed = build_body(placed.points, placed.poses, setting, body.zeros)
    try:
        lines = _lines(posed, "feet" in heading.source)
    except NotObservable:
        return heading
    return replace(heading, by_landmark=_turn(lines))


def _lines(body: Body, by_feet: bool) -> list[Vec]:
    """Return horizontal lines, any of which turns as the heading does."""
    if by_feet:
        return [body.foot_line(side)[0] for side in SIDES]
    try:
        return [carried(body.pelvis(), np.array([1.0, 0.0, 0.0]), constant(np.zeros(3), body.n_frames))]
    except NotObservable:
        if body.has("RASIS", "LASIS"):
            return [difference(*body.need("RASIS", "LASIS"))]
        return [difference(body.hip("R"), body.hip("L"))]


def _turn(lines: list[Vec]) -> dict[str, NDArray]:
    """Return the gradient of the turn about Y, shape (3,), of the mean direction of lines, by source."""
    total = np.zeros(3)
    gradients: dict[str, NDArray] = {}
    for line in lines:
        value = line.value
        there = np.isfinite(value).all(axis=1)
        length = np.linalg.norm(value[there], axis=1)
        unit = value[there] / length[:, None]
        total = total + unit.mean(axis=0)
        across = (np.eye(3) - unit[:, :, None] * unit[:, None, :]) / length[:, None, None]
        for source, rows in line.grad.items():
            gradients[source] = gradients.get(source, 0.0) + (across @ np.asarray(rows)[there]).mean(axis=0)
    x, _, z = total
    return {source: (z * rows[0] - x * rows[2]) / (x * x + z * z) for source, rows in gradients.items()}
