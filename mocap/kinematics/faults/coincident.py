"""Landmarks that lie on each other: one marker that carries two labels. Nothing tells which of both is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.frame_flags import PointFlag
from mocap.kinematics.landmarks import ANATOMICAL
from mocap.schema import Status
from mocap.trial import Points3D, Verdict

COINCIDENT_M = 0.005
"""Two markers are never so near: the smallest in use are 6 mm wide. A choice."""
_LOOKS, _FEW = 64, 4  # of so many frames, what lasts is seen in several


@dataclass(frozen=True, eq=False)
class Coincident:
    """Two landmarks, and the frames in which they lie on each other."""

    one: str
    other: str
    frames: NDArray


def find_coincident(points: Points3D, label_of: Mapping[str, str]) -> tuple[Coincident, ...]:
    """Return the pairs of anatomical landmarks that lie on each other in several of 64 looks.

    Parameters
    ----------
    points : Points3D
    label_of : mapping of str to str
        Landmark to label.
    """
    names = [name for name in label_of if name in ANATOMICAL]
    columns = [points.names.index(label_of[name]) for name in names]
    looks = np.unique(np.linspace(0, points.n_frames - 1, _LOOKS).round().astype(int))
    near = np.zeros((len(names), len(names)), int)
    for places in points.position[looks][:, columns]:
        near += np.abs(places[:, None] - places[None]).max(axis=2) < COINCIDENT_M
    found = []
    for one, other in np.argwhere(np.triu(near >= min(_FEW, len(looks)), 1)):
        apart = np.linalg.norm(points.position[:, columns[one]] - points.position[:, columns[other]], axis=1)
        found.append(Coincident(names[one], names[other], np.flatnonzero(apart < COINCIDENT_M)))
    return tuple(found)


def without_coincident(points: Points3D, label_of: Mapping[str, str], found: Sequence[Coincident]) -> Points3D:
    """Return a recording in which landmarks are missing where they lie on each other."""
    if not found:
        return points
    gone = np.zeros(points.position.shape[:2], bool)
    for pair in found:
        for name in (pair.one, pair.other):
            gone[pair.frames, points.names.index(label_of[name])] = True
    return replace(
        points, position=np.where(gone[..., None], np.nan, points.position),
        covariance=np.where(gone[..., None, None], np.nan, points.covariance),
        status=np.where(gone, np.uint8(Status.REJECTED), points.status),
    )  # fmt: skip


def coincident_flags(found: Sequence[Coincident]) -> list[PointFlag]:
    """Return the flags that take away the angles made of such landmarks."""
    return [
        PointFlag(f"{pair.one} and {pair.other} on one spot", (pair.one, pair.other), pair.frames, lost=True)
        for pair in found
    ]


def coincident_verdict(found: Sequence[Coincident], owner: str = "") -> tuple[Verdict, ...]:
    """Return `points_coincident`, of an owner such as the static with its name before; nothing where there are none."""
    if not found:
        return ()
    told = ", ".join(f"{pair.one} and {pair.other} in {len(pair.frames)} frames" for pair in found)
    text = f"pairs of landmarks{owner and f' of the {owner}'} within {1000 * COINCIDENT_M:.0f} mm of each other, one "
    text += f"marker with two labels, taken as missing: {told}. Mend the labels"
    name = f"{owner}_points_coincident" if owner else "points_coincident"
    return (Verdict(name, float(len(found)), 0.0, "1", False, text),)
