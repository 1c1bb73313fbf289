"""Landmarks that lie on each other: one marker that carries two labels. Nothing tells which of both is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.exchange_kernels import boxes, boxes_meet
from mocap.kinematics.frame_flags import PointFlag
from mocap.kinematics.landmarks import ANATOMICAL, positions_isb
from mocap.kinematics.marker_sets import Matched
from mocap.kinematics.tape.evaluate import read_only
from mocap.schema import Status
from mocap.trial import Points3D, Verdict

COINCIDENT_M = 0.005
"""Two markers are never so near: the smallest in use are 6 mm wide. A choice."""


@dataclass(frozen=True, eq=False)
class Coincident:
    """Two landmarks, and the frames in which they lie on each other."""

    one: str
    other: str
    frames: NDArray


def find_coincident(positions: Mapping[str, NDArray]) -> tuple[Coincident, ...]:
    """Return the pairs of anatomical landmarks that lie on each other in any frame.

    Parameters
    ----------
    positions : mapping of str to ndarray, shape (time, 3)
        Landmarks in any axes, m; NaN is missing.
    """
    names = [name for name in positions if name in ANATOMICAL]
    rows = [read_only(np.ascontiguousarray(positions[name].T, float)) for name in names]
    if not rows:
        return ()
    around = np.stack([boxes(places, COINCIDENT_M) for places in rows])
    found = []
    for one, other in np.argwhere(boxes_meet(around)):
        frames = np.flatnonzero(np.linalg.norm(rows[one] - rows[other], axis=0) < COINCIDENT_M)
        if len(frames):
            found.append(Coincident(names[one], names[other], frames))
    return tuple(found)


def without_coincident(
    points: Points3D, matched: Matched
) -> tuple[Points3D, dict[str, NDArray], tuple[Coincident, ...]]:
    """Return a recording, its landmarks as of `positions_isb`, and what lies on one spot, which is missing in both.

    Keypoints are left out: a detector takes one joint for two without doubt.
    """
    positions, marks = positions_isb(points, matched), matched.marker_set
    keypoints = frozenset(matched.label_of) if marks.kind == "keypoints" else marks.keypoints
    found = find_coincident({name: places for name, places in positions.items() if name not in keypoints})
    if not found:
        return points, positions, ()
    gone = np.zeros(points.position.shape[:2], bool)
    for pair in found:
        for name in (pair.one, pair.other):
            gone[pair.frames, points.names.index(matched.label_of[name])] = True
    points = replace(
        points, position=np.where(gone[..., None], np.nan, points.position),
        covariance=np.where(gone[..., None, None], np.nan, points.covariance),
        status=np.where(gone, np.uint8(Status.REJECTED), points.status),
    )  # fmt: skip
    return points, positions_isb(points, matched), found


def coincident_flags(found: Sequence[Coincident]) -> list[PointFlag]:
    """Return the flags that take away the angles made of such landmarks."""
    return [
        PointFlag(f"{pair.one} and {pair.other} on one spot", (pair.one, pair.other), pair.frames, lost=True,
                  absent=True)
        for pair in found
    ]  # fmt: skip


def coincident_verdict(found: Sequence[Coincident], owner: str = "") -> tuple[Verdict, ...]:
    """Return `points_coincident`, of an owner such as the static with its name before; nothing where there are none."""
    if not found:
        return ()
    told = ", ".join(f"{pair.one} and {pair.other} in {len(pair.frames)} frames" for pair in found)
    text = f"pairs of landmarks{owner and f' of the {owner}'} within {1000 * COINCIDENT_M:.0f} mm of each other, one "
    text += f"marker with two labels, taken as missing: {told}. Mend the labels"
    name = f"{owner}_points_coincident" if owner else "points_coincident"
    return (Verdict(name, float(len(found)), 0.0, "1", False, text),)
