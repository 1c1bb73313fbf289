"""Are neighbouring labels in their order? Refuses exchanges that leave a body which is possible on the whole.

All of it is told by distances and directions within the body: it holds for who lies, hinges or faces any direction.
"""

import numpy as np

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import (
    Positions,
    cosines,
    median,
    median_length,
    middle,
    minus,
    pelvis_middle,
    pelvis_right,
    trunk_top,
)
from mocap.kinematics.plausible_body import BACKWARD

FARTHER = 1.07
"""What should be nearer may be farther by this. Right labels in recorded walks and squats and in synthetic bodies have
0.89 or less of each pair below, by the median; exchanged ones hence 1.12 or more."""
SIDEWAYS = 0.8
"""Cosine, by the median, of a line in the middle of the trunk with the line of the ASIS: a twist of 53 deg."""
_THIGH = ("THI_WAND", "TH1", "TH2", "TH3", "TH4")
_SHANK = ("TIB_WAND", "SH1", "SH2", "SH3", "SH4")
# From the first the second is nearer than the third.
_NEARER = (
    ("MT5", "MT2", "MT1"), ("MT1", "MT2", "MT5"), ("HEEL", "MT2", "HALLUX"),
    ("MT2", "LMAL", "HEEL"), ("MT2", "MMAL", "HEEL"), ("MT5", "LMAL", "HEEL"), ("TOE", "LMAL", "HEEL"),
    ("HEEL", "LMAL", "MT5"), ("HEEL", "LMAL", "MT2"), ("HEEL", "LMAL", "TOE"), ("HEEL", "MMAL", "MT1"),
    *(("ASIS", marker, "LFE") for marker in _THIGH), *(("LFE", marker, "LMAL") for marker in _SHANK),
)  # fmt: skip


def check_order(points: Positions, owner: str) -> None:
    """Refuse neighbours on one segment, or front and back of the chest, with exchanged labels.

    Raises
    ------
    KinematicsError
        LABEL_ORDER.
    """
    for side in "RL":
        for names in _NEARER:
            origin, nearer, farther = (side + name for name in names)
            ratio = median_length(points, (origin, nearer)) / (median_length(points, (origin, farther)) or np.nan)
            if ratio > FARTHER:
                raise KinematicsError(
                    f"In the {owner}, {nearer} is farther from {origin} than {farther} is: {nearer} or {farther} has "
                    "the other's label, or another's.",
                    "Mend the labels; most often these two are exchanged.",
                    code="LABEL_ORDER",
                )
    _check_chest(points, owner)


def _check_chest(points: Positions, owner: str) -> None:
    right, up = pelvis_right(points), minus(trunk_top(points), pelvis_middle(points))
    if right is None or up is None:
        return
    forward = np.cross(up, right)
    for front, back in (("CLAV", "C7"), ("STRN", "T10")):
        line = minus(points.get(front), points.get(back))
        if line is not None and median(cosines(line, forward)) < BACKWARD:
            raise KinematicsError(
                f"In the {owner}, {front} lies behind {back} as the pelvis faces.",
                f"Mend the labels: {front} and {back}, or left and right of the pelvis, are exchanged.",
                code="LABEL_ORDER",
            )
    for one, other in (("CLAV", "C7"), ("STRN", "T10")):
        line = minus(points.get(one), points.get(other))
        if line is not None and abs(median(cosines(line, right))) > SIDEWAYS:
            raise KinematicsError(
                f"In the {owner}, {one} lies beside {other}, off the middle of the trunk.",
                f"Mend the labels: {one} or {other} has that of another point.",
                code="LABEL_ORDER",
            )
    line = minus(middle(points, "CLAV"), middle(points, "STRN"))
    if line is not None and median(cosines(line, up)) < BACKWARD:
        raise KinematicsError(
            f"In the {owner}, CLAV lies below STRN along the trunk.",
            "Mend the labels: the two are exchanged.",
            code="LABEL_ORDER",
        )
