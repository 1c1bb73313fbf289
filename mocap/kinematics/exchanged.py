"""Points whose labels are exchanged for some frames: left and right, neighbours on one segment, or any that jump.

Each of two such points jumps to where the other one was. They are told, never set right: which stretch carries the
wrong labels is only presumed to be the shorter one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.exchange_kernels import courses_changed, line_never_turns, places_changed
from mocap.kinematics.frame_flags import PointFlag, with_point_flags
from mocap.kinematics.tape.evaluate import for_each, read_only
from mocap.trial import JointAngles, Points3D, Verdict

LEAST_M = 0.010
"""Spinous processes in a row are 30 mm apart, and no two landmarks of a pair are nearer."""
LEAST_APART_M, COURSE_RATIO = 0.030, 0.3
"""Of any two points that jump: nearer ones do no harm; and what they are off each other's course to off their own."""
RATIO = 0.5
"""Of the sum of the lines before and after to their difference: 0 where a line is reversed, infinite where it stays."""
LONGEST_GAP_S = 0.1
_SPINE = ("C7", "T10", "T12", "L1", "L2", "L3", "L4", "L5", "S1")
_NEIGHBOURS = (
    ("LFE", "MFE"), ("LMAL", "MMAL"), ("MT1", "MT2"), ("MT1", "MT5"), ("MT2", "MT5"), ("HEEL", "MT2"),
    ("HEEL", "TOE"), ("BTOE", "STOE"), ("ASIS", "PSIS"),
)  # fmt: skip
_NAMED = 3


@dataclass(frozen=True)
class Exchange:
    """Two points with exchanged labels in the frames `start` to `stop` (not included)."""

    one: str
    other: str
    start: int
    stop: int


def candidate_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of points whose labels are mixed up in practice, of those that are there."""
    there = set(names)
    pairs = [(name, "L" + name[1:]) for name in names if name[0] == "R" and "L" + name[1:] in there]
    pairs += [(side + one, side + other) for side in "RL" for one, other in _NEIGHBOURS]
    spine = [name for name in _SPINE if name in there]
    pairs += list(pairwise(spine))
    return [pair for pair in pairs if there.issuperset(pair)]


def find_exchanges(
    positions: Mapping[str, NDArray], rate_hz: float, jumping: Collection[str] = ()
) -> tuple[Exchange, ...]:
    """Find the stretches of frames in which the labels of two points are exchanged.

    Parameters
    ----------
    positions : mapping of str to ndarray, shape (time, 3)
        Landmarks in any axes, m; NaN is missing.
    rate_hz : float
    jumping : collection of str
        Landmarks that jump at all: any two of them may have got each other's labels, on other segments, too.

    Returns
    -------
    tuple of Exchange
        In the order of pairs and of time. A whole trial with exchanged labels has none: nothing changes places in it.
    """
    usual = candidate_pairs(list(positions))
    known = {frozenset(pair) for pair in usual}
    others = [pair for pair in combinations([name for name in positions if name in jumping], 2)
              if frozenset(pair) not in known]  # fmt: skip
    pairs = usual + others
    n_frames = len(next(iter(positions.values()))) if positions else 0
    if n_frames < 2:
        return ()
    rows = {name: read_only(np.ascontiguousarray(positions[name].T, float)) for pair in pairs for name in pair}
    longest = max(2, round(LONGEST_GAP_S * rate_hz))
    changed: dict[int, NDArray] = {}

    def work(index: int) -> None:
        one, other = (rows[name] for name in pairs[index])
        if index >= len(usual):
            changed[index] = np.flatnonzero(courses_changed(one, other, LEAST_APART_M, COURSE_RATIO))
        elif not line_never_turns(one, other):
            changed[index] = np.flatnonzero(places_changed(one, other, LEAST_M, RATIO, longest))

    for_each(work, range(len(pairs)), len(pairs) * n_frames)
    return tuple(
        Exchange(*pairs[index], start, stop)
        for index in sorted(changed)
        if len(changed[index])
        for start, stop in _stretches(changed[index], n_frames)
    )


def unmixed(positions: Mapping[str, NDArray], exchanges: Sequence[Exchange]) -> Mapping[str, NDArray]:
    """Return positions, shape (time, 3) each, without the frames in which their labels look exchanged: NaN there."""
    left = dict(positions)
    for found in exchanges:
        for name in {found.one, found.other} & set(left):
            values = np.array(left[name], float)
            values[found.start : found.stop] = np.nan
            left[name] = values
    return left


def with_exchange_flags(
    angles: JointAngles, exchanges: Sequence[Exchange], sources: Callable[[], Mapping[str, frozenset[str]]]
) -> JointAngles:
    """Return the angles with a flag where they are made of points whose labels look exchanged.

    Parameters
    ----------
    angles : JointAngles
    exchanges : sequence of Exchange
    sources : callable
        Gives, per angle, the points that it is made of; asked only where there are exchanges.
    """
    flags = [
        PointFlag(f"labels of {found.one} and {found.other} exchanged", (found.one, found.other),
                  np.arange(found.start, found.stop))
        for found in exchanges
    ]  # fmt: skip
    return with_point_flags(angles, flags, sources)


def _stretches(at: NDArray, n_frames: int) -> list[tuple[int, int]]:
    """Return the stretches between changes of places of which every second one is exchanged: the shorter half."""
    edges = [0, *(int(frame) for frame in at), n_frames]
    parts = list(pairwise(edges))
    return min(parts[1::2], parts[0::2], key=lambda half: sum(stop - start for start, stop in half))


def exchange_verdict(exchanges: Sequence[Exchange], points: Points3D, owner: str = "trial") -> Verdict:
    """Return whether no labels are exchanged in a recording, naming points and times."""
    rate_hz, start_s = points.rate_hz, points.start_s
    text = "stretches in which two points change places"
    told = [
        f"{one.one} and {one.other} {start_s + one.start / rate_hz:.2f} to "
        f"{start_s + (one.stop - 1) / rate_hz:.2f} s (frame {one.start})"
        for one in exchanges[:_NAMED]
    ]
    if told:
        more = len(exchanges) - len(told)
        text += f": {'; '.join(told)}{f' and {more} more' if more else ''}. Mend the labels"
    name = "labels_exchanged" if owner == "trial" else f"{owner}_labels_exchanged"
    return Verdict(name, float(len(exchanges)), 0.0, "1", not exchanges, text)
