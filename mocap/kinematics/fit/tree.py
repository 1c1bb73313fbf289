"""The person's model from the static trial: segments, joint centres in them, places of markers and landmarks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.fit.limits import joint_limits
from mocap.kinematics.landmarks import ANATOMICAL, TRACKED, Calibration
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.traced import Frame, Vec

Place = tuple[str, NDArray]


@dataclass(frozen=True, eq=False)
class Tree:
    """Segments that hang together in joints.

    Attributes
    ----------
    name : str
    segments : tuple of str
        The root first, each after the one it hangs on.
    parent : ndarray of int, shape (segment,)
        -1 for the root.
    offset : ndarray, shape (segment, 3)
        Joint with the parent, in the parent's axes, m; 0 for the root.
    low, high : ndarray, shape (segment, 3)
        Limits of the joint with the parent, rad: a, b, g of Rz(a) Rx(b) Ry(g) of the segment in its parent.
    places : mapping of str to (str, ndarray of shape (3,))
        Segment of every marker and landmark, and where it lies in the segment's axes from its upper joint, m.
    femur_from_pelvis : mapping of str to ndarray, shape (3, 3)
        By side (`r`, `l`): how the pelvis stands to the femur in the static, on average.
    """

    name: str
    segments: tuple[str, ...]
    parent: NDArray
    offset: NDArray
    low: NDArray
    high: NDArray
    places: Mapping[str, Place]
    femur_from_pelvis: Mapping[str, NDArray] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def n_unknowns(self) -> int:
        """Unknowns of a frame: place of the root, and a turn of each segment."""
        return 3 + 3 * len(self.segments)


def build_trees(static: Mapping[str, NDArray], body: Body, calibration: Calibration) -> tuple[Tree, ...]:
    """Return the models of pelvis and legs, of the plate at T12/L1, and of the thorax.

    Parameters
    ----------
    static : mapping of str to ndarray, shape (time, 3)
        Every point of the quiet frames, ISB-turned world, m.
    body : Body
        Of the same points, without clusters.
    calibration : Calibration
        Brings the shape of the plate at T12/L1.

    Raises
    ------
    KinematicsError
        SKELETON_STATIC when the static does not show the pelvis.
    """
    try:
        root = (body.pelvis(), body.mid_asis())
    except NotObservable as missing:
        raise KinematicsError(
            f"The skeleton model has no pelvis: in the static trial it {missing.reason}.",
            "Record a static trial with both ASIS and both PSIS (or SACR), or choose the model 'segments'.",
            code="SKELETON_STATIC",
        ) from None
    trees = [_legs(static, body, root)]
    if "lumbar" in calibration.clusters:
        plate = calibration.clusters["lumbar"]
        places = {name: ("lumbar", spot) for name, spot in zip(plate.names, plate.shape_cluster, strict=True)}
        trees.append(_single("lumbar", places))
    try:
        thorax = _placed(static, "thorax", body.thorax(), body.need("CLAV")[0])
    except NotObservable:
        thorax = {}
    if thorax:
        trees.append(_single("thorax", thorax))
    return tuple(trees)


def _single(name: str, places: Mapping[str, Place]) -> Tree:
    free = np.full((1, 3), np.inf)
    return Tree(name, (name,), np.array([-1]), np.zeros((1, 3)), -free, free, places)


def _legs(static: Mapping[str, NDArray], body: Body, root: tuple[Frame, Vec]) -> Tree:
    segments, parent, offset = ["pelvis"], [-1], [np.zeros(3)]
    places = _placed(static, "pelvis", *root)
    turns: dict[str, NDArray] = {}
    for side in SIDES:
        above, above_pose = "pelvis", root
        for segment, build in _leg(body, side).items():
            try:
                pose = build()
                spot = _mean_place(*above_pose, pose[1].value)
                own = _placed(static, segment, *pose)
            except NotObservable:
                break
            if spot is None:
                break
            parent.append(segments.index(above))
            segments.append(segment)
            offset.append(spot)
            places |= own
            if segment.startswith("femur"):
                turns[side.lower()] = _mean_turn(pose[0], root[0])
                if f"{side}HJC" in static:
                    places[f"{side}HJC"] = (above, spot)
            above, above_pose = segment, pose
    low, high = joint_limits(segments)
    return Tree("legs", tuple(segments), np.array(parent), np.array(offset), low, high, places, turns)


def _leg(body: Body, side: str) -> dict[str, Callable[[], tuple[Frame, Vec]]]:
    low = side.lower()
    return {
        f"femur_{low}": lambda: (body.femur(side), body.hip(side)),
        f"shank_{low}": lambda: (body.shank_proximal(side), body.knee(side)),
        f"foot_{low}": lambda: (_foot_axes(body, side), body.ankle(side)),
    }


def _foot_axes(body: Body, side: str) -> Frame:
    """Return axes of the foot in the static: upright along its line, or else those of its markers."""
    try:
        return body.foot_floor(side)
    except NotObservable:
        return body.foot(side)


def _placed(static: Mapping[str, NDArray], segment: str, axes: Frame, origin: Vec) -> dict[str, Place]:
    found = {}
    for name in dict.fromkeys(TRACKED[segment][0] + TRACKED[segment][1]):
        spot = _mean_place(axes, origin, static[name]) if name in static else None
        if spot is not None:
            found[name] = (segment, spot)
    return found


def _mean_turn(segment: Frame, other: Frame) -> NDArray:
    """Return the mean of another frame in the axes of a segment, shape (3, 3), over the frames that show both."""
    inside = np.swapaxes(segment.axes, -1, -2) @ other.axes
    mean: NDArray = inside[np.isfinite(inside).all(axis=(1, 2))].mean(axis=0)
    return mean


def _mean_place(axes: Frame, origin: Vec, point: NDArray) -> NDArray | None:
    inside = np.einsum("tji,tj->ti", axes.axes, point - origin.value)
    there = np.isfinite(inside).all(axis=1)
    return inside[there].mean(axis=0) if there.any() else None


def trackers(tree: Tree, available: Mapping[str, NDArray], pelvis: str) -> tuple[str, ...]:
    """Return the markers of a tree that a trial has and that may pull at it.

    `pelvis` is that of `KinematicsOptions`: `plate` leaves the landmarks of the pelvis out, `landmarks` its plate.
    """
    chosen = []
    for name, (segment, _) in tree.places.items():
        if name not in available or name.endswith("HJC"):
            continue
        if segment == "pelvis" and pelvis != "auto" and (name in ANATOMICAL) == (pelvis == "plate"):
            continue
        chosen.append(name)
    return tuple(chosen)
