"""Flags of what is wrong with points, put on the angles that are made of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.trial import NEAR_GIMBAL_LOCK, JointAngles

MANY = "one of very many reasons for doubt"
_LAST = 255
_MOST_WORDS = 240  # of the 256 that a byte tells apart; the others are for texts that must not be lost


class Reasons:
    """Codes of the frames of angles, and the text of each code; flags of points and the skeleton get theirs here.

    Attributes
    ----------
    codes : ndarray of uint8, shape (time, angle)
        A copy.
    words : list of str
    """

    def __init__(self, angles: JointAngles) -> None:
        self.codes, self.words = np.array(angles.frame_reason), list(angles.frame_reason_words)

    def code(self, text: str, otherwise: str = MANY) -> int:
        """Return the code of a text; where there are too many texts already, that of `otherwise`."""
        if text not in self.words and len(self.words) >= _MOST_WORDS:
            text = otherwise if otherwise in self.words or len(self.words) < _LAST else MANY
        if text not in self.words:
            if len(self.words) > _LAST:
                self.words.pop()  # what had the last code is of too many, too
            self.words.append(text)
        return self.words.index(text)

    def given_to(self, angles: JointAngles) -> JointAngles:
        """Return the angles with these codes."""
        return replace(angles, frame_reason=self.codes, frame_reason_words=tuple(self.words))


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
    lost : bool
        Whether the values are of no use, and become NaN.
    absent : bool
        Whether the points were taken away for it, so that it is told where there is no value, too.
    """

    text: str
    points: Collection[str]
    frames: NDArray
    over: bool = True
    lost: bool = False
    absent: bool = False


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
    asked, reasons = sources(), Reasons(angles)
    there = np.isfinite(angles.values)
    weak = [code for code, text in enumerate(reasons.words) if text in ("", NEAR_GIMBAL_LOCK)]  # a note hides no fault
    for flag in flags:
        code = reasons.code(flag.text)
        made_of_it = [not asked.get(name, frozenset()).isdisjoint(flag.points) for name in angles.names]
        block = np.ix_(flag.frames, np.flatnonzero(made_of_it))
        told = (there[block] | flag.absent) & (flag.over | np.isin(reasons.codes[block], weak))
        reasons.codes[block] = np.where(told, code, reasons.codes[block])
    return _without_lost(reasons.given_to(angles), [flag for flag in flags if flag.lost], asked)


def _without_lost(
    angles: JointAngles, flags: Sequence[PointFlag], asked: Mapping[str, frozenset[str]]
) -> JointAngles:
    if not flags:
        return angles
    values, definitions = np.array(angles.values), list(angles.definitions)
    for flag in flags:
        for column, name in enumerate(angles.names):
            if asked.get(name, frozenset()).isdisjoint(flag.points):
                continue
            values[flag.frames, column] = np.nan
            if definitions[column].observable and np.isnan(values[:, column]).all():
                definitions[column] = replace(definitions[column], observable=False, reason=flag.text)
    return replace(angles, definitions=tuple(definitions), values=values)
