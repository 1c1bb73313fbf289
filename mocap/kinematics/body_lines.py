"""Lines and middles of the body from whatever landmarks show them, for judging whether the points are a person."""

from collections.abc import Mapping

from numpy.typing import NDArray

from mocap.kinematics.tape.points import cosines as tape_cosines
from mocap.kinematics.tape.points import lengths_between
from mocap.kinematics.tape.points import median as tape_median

Positions = Mapping[str, NDArray]


MOST_FRAMES = 4000
"""Up to twice as many frames tell of the body as a whole; of a longer recording every second one, third one, ..."""


def thinned(points: Positions) -> Positions:
    """Return points, shape (time, 3) each, at few enough frames for medians over the recording."""
    stride = max(1, max((len(values) for values in points.values()), default=0) // MOST_FRAMES)
    return points if stride == 1 else {name: values[::stride] for name, values in points.items()}


def middle(points: Positions, *names: str) -> NDArray | None:
    """Return the mean of the named points, shape (time, 3); None unless all are there."""
    found = [points[name] for name in names if name in points]
    return sum(found[1:], start=found[0]) / len(found) if len(found) == len(names) else None


def first(*candidates: NDArray | None) -> NDArray | None:
    """Return the first that is there."""
    return next((c for c in candidates if c is not None), None)


def minus(tip: NDArray | None, tail: NDArray | None) -> NDArray | None:
    """Return the vector from tail to tip; None unless both are there."""
    return None if tip is None or tail is None else tip - tail


def cosines(one: NDArray, other: NDArray) -> NDArray:
    """Return the cosine of the angle between vectors, shape (time,); NaN where one is missing or has no length."""
    return tape_cosines(one, other)


def median(values: NDArray) -> float:
    """Return the median of what is there, NaN without anything."""
    return tape_median(values)


def median_length(points: Positions, pair: tuple[str, str]) -> float:
    """Return the median distance of two landmarks over the frames that show both, NaN when none does."""
    if pair[0] not in points or pair[1] not in points:
        return float("nan")
    return median(lengths_between(points[pair[0]], points[pair[1]]))


def trunk_top(points: Positions) -> NDArray | None:
    """Return the upper end of the trunk, shape (time, 3), as far up as anything shows it; None without anything."""
    single = (points.get(name) for name in ("C7", "NECK", "T10", "CLAV", "T12"))
    return first(*single, middle(points, "RSJC", "LSJC"), points.get("T12_1"))


def pelvis_middle(points: Positions) -> NDArray | None:
    """Return the middle of the pelvis, shape (time, 3), from what shows it; None without anything."""
    asis = middle(points, "RASIS", "LASIS")
    return first(middle(points, "RASIS", "LASIS", "RPSIS", "LPSIS"), asis, middle(points, "RHJC", "LHJC"))


def pelvis_right(points: Positions) -> NDArray | None:
    """Return the line from left to right of the pelvis, shape (time, 3), by its ASIS or else its hip centres."""
    return first(
        minus(points.get("RASIS"), points.get("LASIS")),
        minus(points.get("RHJC"), points.get("LHJC")),
        minus(points.get("RPSIS"), points.get("LPSIS")),
    )


def feet_middle(points: Positions) -> NDArray | None:
    """Return the middle between both ankles, heels or else knees, shape (time, 3); None without any."""
    pairs = (("RAJC", "LAJC"), ("RLMAL", "LLMAL"), ("RHEEL", "LHEEL"), ("RLFE", "LLFE"), ("RKJC", "LKJC"))
    return first(*(middle(points, *pair) for pair in pairs))


def knee(points: Positions, side: str) -> NDArray | None:
    """Return the knee of a side, shape (time, 3): its centre, or a marker on it."""
    return first(points.get(f"{side}KJC"), points.get(f"{side}LFE"))


def ankle(points: Positions, side: str) -> NDArray | None:
    """Return the ankle of a side, shape (time, 3): its centre, or a marker on it."""
    return first(points.get(f"{side}AJC"), points.get(f"{side}LMAL"))


def foot_line(points: Positions, side: str) -> NDArray | None:
    """Return the line from heel to forefoot, shape (time, 3)."""
    tips = (points.get(side + tip) for tip in ("MT2", "TOE", "BTOE", "HALLUX", "MT1", "STOE", "MT5"))
    return minus(first(*tips), points.get(f"{side}HEEL"))
