"""The axes of the bones that landmarks are fixed to."""

from collections.abc import Callable, Container

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.landmarks import SPINOUS, TRACKED, Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Frame, evaluate

_WANDS = {"femur_r": ("RTHI_WAND",), "shank_r": ("RTIB_WAND",), "femur_l": ("LTHI_WAND",), "shank_l": ("LTIB_WAND",)}
# Spinous processes turn with the nearer end of the lumbar spine.
_BY_PELVIS = ("L3", "L4", "L5", "S1")
_BY_THORAX = tuple(name for name in ("C7", *SPINOUS) if name not in _BY_PELVIS)


def bone_axes(body: Body, frames: NDArray) -> dict[str, NDArray]:
    """Return the axes, shape (frame, 3, 3), of the bone of each anatomical landmark at some frames.

    The axes of the world stand in for a bone whose pose the trial does not show.
    """
    there = for_placement(Landmarks(body.points, body.poses, "", ()), frames, ())
    poses = _segments(build_body(there.points, there.poses, body.setting, body.zeros, body.heading))
    evaluate(poses.values())
    found: dict[str, NDArray] = {}
    for segment, frame in poses.items():
        axes = frame.axes
        axes = np.where(np.isfinite(axes).all(axis=(1, 2))[:, None, None], axes, np.eye(3))
        found |= dict.fromkeys((*TRACKED[segment][1], *_WANDS.get(segment, ()), *_spinous(segment, poses)), axes)
    return found


def _spinous(segment: str, poses: Container[str]) -> tuple[str, ...]:
    """Return the spinous processes that turn with a segment; those of the thorax with the pelvis where it has none."""
    if segment == "thorax":
        return _BY_THORAX
    if segment == "pelvis":
        return _BY_PELVIS if "thorax" in poses else (*_BY_PELVIS, *_BY_THORAX)
    return ()


def _segments(body: Body) -> dict[str, Frame]:
    wanted: dict[str, Callable[[], Frame]] = {"pelvis": body.pelvis, "thorax": body.thorax}
    for side in SIDES:
        wanted |= {
            f"femur_{side.lower()}": lambda side=side: body.femur(side),  # type: ignore[misc]
            f"shank_{side.lower()}": lambda side=side: body.shank_distal(side),  # type: ignore[misc]
            f"foot_{side.lower()}": lambda side=side: body.foot(side),  # type: ignore[misc]
        }
    found = {}
    for segment, build in wanted.items():
        try:
            found[segment] = build()
        except NotObservable:
            continue
    return found
