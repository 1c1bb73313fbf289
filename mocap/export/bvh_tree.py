"""Segments as one tree of joints: who hangs on whom, where the joints are, and how far the segments part there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What a segment hangs on, nearest first; `shank` stands for `shank_proximal`, `shank_distal`, ... of one side.
_ABOVE = {
    "lumbar": ("pelvis",), "thorax": ("lumbar", "pelvis"), "head": ("thorax", "lumbar", "pelvis"),
    "femur": ("pelvis",), "shank_prox": ("femur",), "shank_dist": ("shank_prox", "femur"), "shank": ("femur",),
    "tibia": ("femur",), "foot": ("shank_dist", "shank_prox", "shank", "tibia", "femur"), "toes": ("foot",),
    "upper_arm": ("thorax", "lumbar", "pelvis"), "forearm": ("upper_arm",), "hand": ("forearm",),
}  # fmt: skip
# A pivot away from a segment's origin has to show itself by turns of more than this, rad.
_TURNED = 0.1


@dataclass(frozen=True, eq=False)
class Joint:
    """One joint of the tree, which carries a segment.

    Attributes
    ----------
    name : str
        Of the segment.
    parent : int
        Place of the joint that it hangs on; -1 for the root.
    in_parent, in_segment : ndarray, shape (3,)
        The joint in the axes of both segments, from their origins, m.
    parting : ndarray, shape (time,)
        Distance of the two places of the joint, m: what a tree of constant lengths leaves out. NaN where unknown.
    """

    name: str
    parent: int
    in_parent: NDArray
    in_segment: NDArray
    parting: NDArray


def joints_of(names: Sequence[str], poses: NDArray) -> list[Joint]:
    """Return the joints of all segments that have a pose in any frame, parents before children.

    Parameters
    ----------
    names : sequence of str
    poses : ndarray, shape (time, segment, 4, 4)
    """
    seen = np.isfinite(poses).all(axis=(2, 3)).any(axis=0)
    present = [name for name, known in zip(names, seen, strict=True) if known]
    if not present:
        return []
    root = "pelvis" if "pelvis" in present else present[0]
    above = {name: _above(name, present, root) for name in present}
    order = sorted(present, key=lambda name: (_depth(name, above), present.index(name)))
    places = {name: place for place, name in enumerate(order)}
    none = np.zeros(3)
    joints = []
    for name in order:
        parent = above[name]
        child = poses[:, list(names).index(name)]
        if parent is None:
            joints.append(Joint(name, -1, none, none, np.zeros(len(poses))))
            continue
        other = poses[:, list(names).index(parent)]
        joints.append(Joint(name, places[parent], *_pivot(other, child)))
    return joints


def _above(name: str, present: Sequence[str], root: str) -> str | None:
    if name == root:
        return None
    side = next((ending for ending in ("_r", "_l") if name.endswith(ending)), "")
    stem = name.removesuffix(side) if side else name
    kind = max((key for key in _ABOVE if stem.startswith(key)), key=len, default="")
    for wanted in _ABOVE.get(kind, ()):
        for other in present:
            if other != name and (other == wanted or (other.startswith(wanted) and side and other.endswith(side))):
                return other
    return root


def _depth(name: str, above: dict[str, str | None]) -> int:
    depth, one = 0, above[name]
    while one is not None:
        depth, one = depth + 1, above[one]
    return depth


def _pivot(parent: NDArray, child: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The point that stays put in both segments, nearest to the child's origin where the movement leaves it open.

    Least squares as the SCoRE method (Ehrig et al., Journal of Biomechanics 39:2798, 2006), with a small weight on the
    distance from the child's origin, so that noise of a joint that hardly turns moves nothing.
    """
    known = np.isfinite(parent).all(axis=(1, 2)) & np.isfinite(child).all(axis=(1, 2))
    parting = np.full(len(parent), np.nan)
    if not known.any():
        return np.zeros(3), np.zeros(3), parting
    turn_p, turn_c = parent[known, :3, :3], child[known, :3, :3]
    gap = child[known, :3, 3] - parent[known, :3, 3]
    rows = np.concatenate([np.concatenate([turn_p, -turn_c], axis=2).reshape(-1, 6),
                           np.hstack([np.zeros((3, 3)), np.eye(3) * _TURNED * np.sqrt(known.sum())])])  # fmt: skip
    found = np.linalg.lstsq(rows, np.concatenate([gap.ravel(), np.zeros(3)]), rcond=None)[0]
    in_parent, in_segment = found[:3], found[3:]
    parting[known] = np.linalg.norm(turn_p @ in_parent - gap - turn_c @ in_segment, axis=1)
    return in_parent, in_segment, parting
