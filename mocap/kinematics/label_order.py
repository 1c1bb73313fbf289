"""Are neighbouring labels in their order? Refuses exchanges that leave a body which is possible on the whole.

All of it is told by distances and directions within the body: it holds for who lies, hinges or faces any direction.
What a posture, or a marker high on a boot, explains as well is a doubt.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import (
    Positions,
    cosines,
    knee,
    median,
    median_length,
    middle,
    minus,
    pelvis_middle,
    pelvis_right,
    trunk_top,
)
from mocap.kinematics.frame_flags import PointFlag
from mocap.kinematics.label_widths import odd_widths
from mocap.kinematics.plausible_body import BACKWARD
from mocap.kinematics.tape.points import lengths_between
from mocap.trial import Verdict

FARTHER = 1.07
"""What should be nearer may be farther by this. Right labels in recorded walks and squats and in synthetic bodies have
0.89 or less of each pair below, by the median; exchanged ones hence 1.12 or more."""
SIDEWAYS = 0.8
"""Cosine, by the median, of a line in the middle of the trunk with the line of the ASIS: a twist of 53 deg."""
TURNED = 0.3
"""Of the other line there, to the same side, where the trunk is twisted: 17 deg; 0.1 or less where one label is off."""
ABOVE = 0.9
"""A malleolus is nearer to its knee than heel and forefoot are, by so much where its marker is too high: 0.9 to 1 times
in right labels, and more than 1 in exchanged ones."""
_THIGH = ("THI_WAND", "TH1", "TH2", "TH3", "TH4")
_SHANK = ("TIB_WAND", "SH1", "SH2", "SH3", "SH4")
_MIDDLE = (("CLAV", "C7"), ("STRN", "T10"))
# From the first the second is nearer than the third.
_NEARER = (
    ("MT5", "MT2", "MT1"), ("MT1", "MT2", "MT5"), ("HEEL", "MT2", "HALLUX"),
    ("MT2", "LMAL", "HEEL"), ("MT2", "MMAL", "HEEL"), ("MT5", "LMAL", "HEEL"), ("TOE", "LMAL", "HEEL"),
    ("HEEL", "LMAL", "MT5"), ("HEEL", "LMAL", "MT2"), ("HEEL", "LMAL", "TOE"), ("HEEL", "MMAL", "MT1"),
    *(("ASIS", marker, "LFE") for marker in _THIGH), *(("LFE", marker, "LMAL") for marker in _SHANK),
)  # fmt: skip



@dataclass(frozen=True)
class OrderDoubt:
    """Landmarks out of their order, by their labels or by something that is no fault of them."""

    text: str
    points: tuple[str, ...]


def check_order(points: Positions, owner: str, *, standing: bool = False) -> tuple[OrderDoubt, ...]:
    """Refuse neighbours on one segment, or front and back of the chest, with exchanged labels.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        m, any axes.
    owner : str
    standing : bool
        Whether the person only stands, untwisted.

    Returns
    -------
    tuple of OrderDoubt
        What malleoli far above their places, or a twist of the trunk, explain as well as labels do, and neighbours too
        far apart or too near for a person.

    Raises
    ------
    KinematicsError
        LABEL_ORDER.
    """
    doubts: dict[str, OrderDoubt] = {}
    for side in "RL":
        for names in _NEARER:
            origin, nearer, farther = (side + name for name in names)
            ratio = median_length(points, (origin, nearer)) / (median_length(points, (origin, farther)) or np.nan)
            if not ratio > FARTHER:
                continue
            if not (names[1] in ("LMAL", "MMAL") and _is_above(points, side, nearer, farther)):
                raise KinematicsError(
                    f"In the {owner}, {nearer} is farther from {origin} than {farther} is: {nearer} or {farther} has "
                    "the other's label, or another's.",
                    "Mend the labels; most often these two are exchanged.",
                    code="LABEL_ORDER",
                )
            doubts.setdefault(nearer, OrderDoubt(f"{nearer} far above the ankle, or another's label", (nearer,)))
    widths = (OrderDoubt(text, names) for text, names in odd_widths(points))
    return (*doubts.values(), *widths, *_check_chest(points, owner, standing))


def _is_above(points: Positions, side: str, malleolus: str, low: str) -> bool:
    """Tell whether a malleolus that is out of order is where no label of the foot is: well above."""
    upper = knee(points, side)
    if upper is None:
        return False
    above, below = (median(lengths_between(upper, points[name])) for name in (malleolus, low))
    return above < ABOVE * below


def _check_chest(points: Positions, owner: str, standing: bool) -> tuple[OrderDoubt, ...]:
    right, up = pelvis_right(points), minus(trunk_top(points), pelvis_middle(points))
    if right is None or up is None:
        return ()
    forward = np.cross(up, right)
    for front, back in _MIDDLE:
        line = minus(points.get(front), points.get(back))
        if line is not None and median(cosines(line, forward)) < BACKWARD:
            raise KinematicsError(
                f"In the {owner}, {front} lies behind {back} as the pelvis faces.",
                f"Mend the labels: {front} and {back}, or left and right of the pelvis, are exchanged.",
                code="LABEL_ORDER",
            )
    doubts = _check_twist(points, owner, right, standing)
    line = minus(middle(points, "CLAV"), middle(points, "STRN"))
    if line is not None and median(cosines(line, up)) < BACKWARD:
        raise KinematicsError(
            f"In the {owner}, CLAV lies below STRN along the trunk.",
            "Mend the labels: the two are exchanged.",
            code="LABEL_ORDER",
        )
    return doubts


def _check_twist(points: Positions, owner: str, right: NDArray, standing: bool) -> tuple[OrderDoubt, ...]:
    """Refuse a line from back to front of the chest that points sideways alone; both do in a trunk that is twisted."""
    lines = {pair: minus(points.get(pair[0]), points.get(pair[1])) for pair in _MIDDLE}
    sideways = {pair: median(cosines(line, right)) for pair, line in lines.items() if line is not None}
    doubts = []
    for (one, other), cosine in sideways.items():
        if not abs(cosine) > SIDEWAYS:
            continue
        others = [own * np.sign(cosine) for pair, own in sideways.items() if pair != (one, other) and np.isfinite(own)]
        if standing or not all(own > TURNED for own in others):
            raise KinematicsError(
                f"In the {owner}, {one} lies beside {other}, off the middle of the trunk.",
                f"Mend the labels: {one} or {other} has that of another point.",
                code="LABEL_ORDER",
            )
        text = f"{one} beside {other}: trunk twisted by more than 53 deg against the pelvis, or labels exchanged"
        doubts.append(OrderDoubt(text, (one, other)))
    return tuple(doubts)


def order_flags(
    doubts: Sequence[OrderDoubt], n_frames: int, carriers: Mapping[str, Collection[str]] = MappingProxyType({})
) -> list[PointFlag]:
    """Return the flags of all frames for angles made of such landmarks, or of what carries them from the static."""
    frames = np.arange(n_frames)
    return [
        PointFlag(doubt.text, {*doubt.points, *(c for name in doubt.points for c in carriers.get(name, ()))}, frames,
                  over=False)
        for doubt in doubts
    ]  # fmt: skip


def order_verdict(doubts: Sequence[OrderDoubt], owner: str = "") -> tuple[Verdict, ...]:
    """Return `labels_in_order`, of an owner such as the static with its name before; nothing without a doubt."""
    if not doubts:
        return ()
    text = f"landmarks out of their order{owner and f' in the {owner}'}: {'; '.join(doubt.text for doubt in doubts)}"
    name = f"{owner}_labels_in_order" if owner else "labels_in_order"
    return (Verdict(name, float(len(doubts)), 0.0, "1", False, text),)
