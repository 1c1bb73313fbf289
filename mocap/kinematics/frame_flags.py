"""Flags of what is wrong with points, put on the angles that are made of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.trial import NEAR_GIMBAL_LOCK, JointAngles

MANY = "one of very many points is not to be trusted"
_MOST_REASONS = 240  # of 255; the last ones are for flags that come later


@dataclass(frozen=True, eq=False)
class PointFlag:
    """What is wrong with some points in some frames.

    Attributes
    ----------
    text : str
    points : collection of str
        Landmarks; an angle that is made of any of them is flagged.
    frames : ndarray of int
    over : bool
        Whether it is told in place of an earlier reason.
    """

    text: str
    points: Collection[str]
    frames: NDArray
    over: bool = True


def with_point_flags(
    angles: JointAngles, flags: Sequence[PointFlag], sources: Callable[[], Mapping[str, frozenset[str]]]
) -> JointAngles:
    """Return the angles with flags where they have a value; what has none keeps the reason for it.

    Parameters
    ----------
    angles : JointAngles
        With `frame_reason`.
    flags : sequence of PointFlag
        Where two concern a frame the later one is told, if it is `over`; all are told in place of a note (near
        gimbal lock).
    sources : callable
        Gives, per angle, the points that it is made of; asked only where there are flags.
    """
    if not flags:
        return angles
    asked, codes, words = sources(), np.array(angles.frame_reason), list(angles.frame_reason_words)
    there = np.isfinite(angles.values)
    weak = [code for code, text in enumerate(words) if text in ("", NEAR_GIMBAL_LOCK)]  # a note hides no fault
    for flag in flags:
        text = flag.text if flag.text in words or len(words) < _MOST_REASONS else MANY
        if text not in words:
            words.append(text)
        made_of_it = [not asked.get(name, frozenset()).isdisjoint(flag.points) for name in angles.names]
        block = np.ix_(flag.frames, np.flatnonzero(made_of_it))
        told = there[block] & (flag.over | np.isin(codes[block], weak))
        codes[block] = np.where(told, words.index(text), codes[block])
    return replace(angles, frame_reason=codes, frame_reason_words=tuple(words))
