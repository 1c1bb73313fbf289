"""Single labels of a leg that are on a marker of the other one; told apart from medial and lateral exchanged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import Positions, median
from mocap.kinematics.faults.coincident import COINCIDENT_M
from mocap.kinematics.tape.points import lengths_between

_WORDS = {"R": "right", "L": "left"}
# What a landmark of a leg keeps its distance to on its own one, and in standing is farther from on the other.
_NEIGHBOURS = {
    "LFE": ("LMAL",), "MFE": ("LMAL",), "LMAL": ("LFE", "HEEL"), "MMAL": ("LFE", "HEEL"), "MT5": ("LMAL", "HEEL"),
    "MT1": ("LMAL", "HEEL"),
}  # fmt: skip
MOVING_M, CLEARLY = 0.03, 2.0
"""Range of distances to what is on a leg, and times the one to the other leg, that tells more than where a point is;
choices."""


def check_crossed(points: Positions, pairs: Sequence[tuple[str, str]], owner: str) -> None:
    """Refuse labels that are on the other leg, where not all of their pair are: then the sides are exchanged.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        m, any axes.
    pairs : sequence of (str, str)
        Lateral and medial landmarks, without their side, of which one side or both look reversed.
    owner : str

    Raises
    ------
    KinematicsError
        LEFT_RIGHT; DOUBLE_LABEL where one of them is on the spot of another label.
    """
    every = [side + name for pair in pairs for name in pair for side in "RL" if side + name in points]
    _check_double(points, every, owner)
    crossed = [name for name in every if _on_other_leg(points, name)]
    if not crossed or any({side + name for side in "RL" for name in pair} <= set(crossed) for pair in pairs):
        return
    told = " and ".join(f"{name} lies on the {_leg(name)} leg" for name in crossed)
    raise KinematicsError(
        f"In the {owner}, {told}.",
        f"Mend the labels: {' and '.join(crossed)} {'are exchanged' if len(crossed) > 1 else 'is on another marker'}.",
        code="LEFT_RIGHT",
    )


def _check_double(points: Positions, names: Sequence[str], owner: str) -> None:
    for name in names:
        for other in points:
            if other != name and median(lengths_between(points[name], points[other])) < COINCIDENT_M:
                raise KinematicsError(
                    f"In the {owner}, {name} and {other} lie on one spot: one marker has both labels.",
                    f"Mend the labels: {name} or {other} is not that of this marker.",
                    code="DOUBLE_LABEL",
                )


def _leg(name: str) -> str:
    return _WORDS["L" if name[0] == "R" else "R"]


def _on_other_leg(points: Positions, label: str) -> bool:
    """Tell whether a landmark goes with its neighbours on the other leg: keeps its distance to them, or is nearer."""
    side, name = label[0], label[1:]
    other = "L" if side == "R" else "R"
    near = [n for n in _NEIGHBOURS[name] if side + n in points and other + n in points]
    own, crossed = (
        [_apart(points[label], points[leg + n]) for n in near] for leg in (side, other)
    )
    if not near:
        return False
    (own_length, own_spread), (length, spread) = np.sum(own, axis=0), np.sum(crossed, axis=0)
    if max(own_spread, spread) > max(MOVING_M, CLEARLY * min(own_spread, spread)):
        return bool(own_spread > spread)
    return bool(own_length > length)


def _apart(one: NDArray, other: NDArray) -> tuple[float, float]:
    """Return the median distance of two points, shape (time, 3), and the range of 80 % of the distances."""
    lengths = lengths_between(one, other)
    lengths = lengths[np.isfinite(lengths)]
    if not len(lengths):
        return float("nan"), float("nan")
    low, median_, high = np.quantile(lengths, (0.1, 0.5, 0.9))
    return float(median_), float(high - low)
