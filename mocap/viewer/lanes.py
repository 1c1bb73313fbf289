"""Which angles are shown together, and curves thinned out to what a screen can show. Needs no display."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.trial import JointAngles
from mocap.viewer.angles import Curve, curve_of, why_no_curve
from mocap.viewer.review import RawAngles

FIRST_LANES = ("pelvic_tilt", "lumbar_flexion", "ankle_dorsiflexion")
_SIDES = (("_r", "right"), ("_l", "left"))


@dataclass(frozen=True, eq=False)
class Lane:
    """One plot: an angle, or the right and the left one of the same joint.

    Attributes
    ----------
    name : str
        `pelvic_tilt`, `ankle_dorsiflexion`, ...
    curves : tuple of Curve
    sides : tuple of str
        `right`, `left` or `centre` of each curve.
    """

    name: str
    curves: tuple[Curve, ...]
    sides: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why there is nothing to draw; empty where there is."""
        return _common([curve.reason for curve in self.curves])

    @property
    def positive(self) -> str:
        """Which direction is +, in words."""
        return next((curve.positive for curve in self.curves if curve.positive), "")

    @property
    def meaning(self) -> str:
        """What the angle is, what reads 0, how it was made, and of what its uncertainty consists."""
        return "\n\n".join(f"{curve.name}: {curve.meaning}" for curve in self.curves)


def lane_names(angles: JointAngles) -> tuple[str, ...]:
    """Return the names of all lanes, those with a curve first."""
    bases = tuple(dict.fromkeys(_base(name, angles.names) for name in angles.names))
    return tuple(sorted(bases, key=lambda base: bool(why_no_lane(angles, base))))


def why_no_lane(angles: JointAngles, name: str) -> str:
    """Return why there is nothing to draw in the lane of a name; empty where there is."""
    return _common([why_no_curve(angles, one) for one, _ in _angles_of(angles, name)])


def lane_of(angles: JointAngles, name: str) -> Lane:
    """Return the lane of a name: the angle of that name, or those of both sides.

    Raises
    ------
    ShapeError
        When there is no such angle.
    """
    found = _angles_of(angles, name)
    return Lane(name, tuple(curve_of(angles, one) for one, _ in found), tuple(side for _, side in found))


def first_lanes(angles: JointAngles) -> tuple[str, ...]:
    """Return the lanes to show first: tilt, lumbar flexion and dorsiflexion, as far as the trial has them.

    They are shown where they are not observable, too, for their reason to be read; without all of them, the first
    that is there.
    """
    names = lane_names(angles)
    wanted = tuple(name for name in FIRST_LANES if name in names)
    return wanted or names[:1]


def raw_curve(curve: Curve, raw: RawAngles) -> Curve | None:
    """Return the angle of a curve as it is of points that were not smoothed; None where it is not there.

    Angles of another number of frames are of another recording.
    """
    if curve.name not in raw.names or len(raw.values_deg) != len(curve.time_s):
        return None
    values = raw.values_deg[:, raw.names.index(curve.name)]
    if not np.isfinite(values).any():
        return None
    return Curve(curve.name, curve.time_s, values, np.full(1, np.nan), curve.positive)


def thinned(values: NDArray, first: int, last: int, most: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return a part of a curve in so few bins as a screen has columns, none of which hides an extreme or a gap.

    Parameters
    ----------
    values : ndarray, shape (time,)
        NaN is missing.
    first, last : int
        Frames, the last one included.
    most : int
        Bins.

    Returns
    -------
    frame : ndarray, shape (bin,)
        Middle of each bin.
    low, high : ndarray, shape (bin,)
        Extremes of what is known in each bin; NaN where a frame of the bin is missing, so that a gap of a single
        frame stays one.
    """
    part = values[first : last + 1]
    size = max(1, -(-len(part) // max(1, most)))
    starts = np.arange(0, len(part), size)
    # NaN passes through both: a bin with a gap is a gap.
    low, high = np.minimum.reduceat(part, starts), np.maximum.reduceat(part, starts)
    ends = np.minimum(starts + size, len(part))
    return first + (starts + ends - 1) / 2, low, high


def merged(starts: NDArray, ends: NDArray, first: float, last: float, apart: float) -> list[tuple[float, float]]:
    """Return the spans between two places, those that lie no farther apart than so much as one.

    Parameters
    ----------
    starts, ends : ndarray, shape (span,)
        Sorted by their starts.
    first, last, apart : float
    """
    seen = (ends >= first) & (starts <= last)
    starts, ends = starts[seen], np.maximum.accumulate(ends[seen])
    if not len(starts):
        return []
    new = np.concatenate([[True], starts[1:] - ends[:-1] > apart])
    lasts = np.append(np.flatnonzero(new)[1:] - 1, len(starts) - 1)
    return list(zip(starts[new].tolist(), ends[lasts].tolist(), strict=True))


def zigzag(frame: NDArray, low: NDArray, high: NDArray) -> tuple[NDArray, NDArray]:
    """Return x and y, each (2 * bin,), of a line through both extremes of each bin; once each where they are equal."""
    if np.array_equal(low, high, equal_nan=True):
        return frame, low
    return np.repeat(frame, 2), np.column_stack([low, high]).ravel()


def shown_range(lane: Lane, first: int, last: int) -> tuple[float, float]:
    """Return the lowest and highest value, degrees, of curves and bands in some frames, at least 4 degrees apart."""
    parts = [edge[first : last + 1] for curve in lane.curves if not curve.reason
             for edge in (curve.value_deg, *curve.band_deg)]  # fmt: skip
    known = np.concatenate([part[np.isfinite(part)] for part in parts]) if parts else np.empty(0)
    if not len(known):
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    # Less, and the noise of a standing person would fill the plot like a movement.
    spare = max(0.0, 4.0 - (high - low)) / 2
    return low - spare, high + spare


def _angles_of(angles: JointAngles, name: str) -> list[tuple[str, str]]:
    """Return the angles of a lane with the side of each."""
    names = angles.names
    both = [(name + ending, side) for ending, side in _SIDES if name + ending in names]
    return [(name, "centre")] if name in names or not both else both


def _common(reasons: list[str]) -> str:
    return "" if any(not reason for reason in reasons) else "; ".join(dict.fromkeys(reasons))


def _base(name: str, names: tuple[str, ...]) -> str:
    base = name[:-2] if name.endswith(("_r", "_l")) else name
    return base if base not in names or base == name else name
