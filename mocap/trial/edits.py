"""A reviewer's corrections of points: kept beside the raw ones, which never change, and applied when they are used."""

import hashlib
import json
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ShapeError
from mocap.schema import Status
from mocap.trial.checks import freeze
from mocap.trial.points import Points3D

MOVED, MISSING, EXCHANGED, CAMERA_OUT, MARKED = "moved", "missing", "exchanged", "camera left out", "marked in a view"
EDIT_KINDS = (MOVED, MISSING, EXCHANGED, CAMERA_OUT, MARKED)
IN_VIEWS = (CAMERA_OUT, MARKED)
"""Kinds that change what a camera saw, so that the points have to be reconstructed again."""
_LONGEST = 300
_LONGEST_TOLD = 60
_LAST_FRAME = (1 << 63) - 1


@dataclass(frozen=True)
class PointEdit:
    """One correction.

    Attributes
    ----------
    kind : str
        `moved` (to a position), `missing`, `exchanged` (two points, or several pairs), `camera left out` (of the
        points named, of all when none is), or `marked in a view` (where a point is in the image of a camera).
    first, last : int
        Frames, the last one included.
    points : tuple of str
        Of `exchanged` the pairs one after the other.
    position : tuple of float, optional
        Of `moved`: m, in the world.
    camera : str
    pixel : tuple of float, optional
        Of `marked in a view`: u, v.
    reason, initials : str
        Why, and who; no clock.

    Raises
    ------
    ShapeError
        EDIT_WRONG, for one that contradicts itself.
    """

    kind: str
    first: int
    last: int
    points: tuple[str, ...] = ()
    position: tuple[float, float, float] | None = None
    camera: str = ""
    pixel: tuple[float, float] | None = None
    reason: str = ""
    initials: str = ""

    def __post_init__(self) -> None:
        freeze(
            self, first=_frame(self.first), last=_frame(self.last), points=_names(self.points),
            position=_coordinates("position", self.position, 3), pixel=_coordinates("pixel", self.pixel, 2),
        )  # fmt: skip
        for name in ("kind", "camera", "reason", "initials"):
            if not isinstance(getattr(self, name), str):
                raise _wrong(f"its {name} is {_told(getattr(self, name))}")
        wrong = [
            words for words, holds in (
                (f"there is no kind '{self.kind}'", self.kind in EDIT_KINDS),
                (f"it goes from frame {self.first} to {self.last}", 0 <= self.first <= self.last),
                ("it names no point", self.points or self.kind == CAMERA_OUT),
                ("it has no position", (self.position is not None) == (self.kind == MOVED)),
                ("it is of no pairs", self.kind != EXCHANGED or len(self.points) % 2 == 0),
                ("it says a point twice", len(set(self.points)) == len(self.points)),
                ("it is of several points", self.kind not in (MOVED, MARKED) or len(self.points) == 1),
                ("it has no camera", bool(self.camera) == (self.kind in IN_VIEWS)),
                ("it has no pixel", (self.pixel is not None) == (self.kind == MARKED)),
                ("its words are too long, or no plain text",
                 all(len(word) <= _LONGEST and word.isprintable() for word in (self.reason, self.initials))),
            ) if not holds
        ]  # fmt: skip
        if wrong:
            raise _wrong(wrong[0])

    @property
    def frames(self) -> slice:
        """The frames as a slice."""
        return slice(self.first, self.last + 1)


def _frame(value: Any) -> int:
    """Return a whole number that a file can hold; True is none."""
    try:
        frame = operator.index(value)
    except TypeError as error:
        raise _wrong(f"a frame is {_told(value)}") from error
    if isinstance(value, bool) or abs(frame) > _LAST_FRAME:
        raise _wrong(f"a frame is {_told(value)}")
    return frame


def _names(value: Any) -> tuple[str, ...]:
    """Return names of points; a single word is no list of its letters."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise _wrong(f"its points are {_told(value)}, and no list of names")
    names = tuple(value)
    if not all(isinstance(name, str) and name for name in names):
        raise _wrong(f"its points are {_told(names)}, and no list of names")
    return tuple(map(str, names))  # words of numpy are of a kind of their own


def _coordinates(name: str, value: Any, length: int) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        parts = () if isinstance(value, str | bytes) else tuple(value)
        numbers = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError) as error:
        raise _wrong(f"its {name} is {_told(value)}") from error
    if len(numbers) != length or any(isinstance(part, str) for part in parts) or not np.isfinite(numbers).all():
        raise _wrong(f"its {name} is {_told(value)}")
    return numbers


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}..."


def checked_edits(edits: Sequence[PointEdit], names: Sequence[str], n_frames: int) -> tuple[PointEdit, ...]:
    """Return edits that fit points; ShapeError (EDIT_WRONG) for those of points or frames that are not there."""
    for one in edits:
        unknown = [name for name in one.points if name not in names]
        if unknown:
            raise _wrong(f"there is no point '{unknown[0]}'")
        if one.last >= n_frames:
            raise _wrong(f"frame {one.last} is behind the last, {n_frames - 1}")
    return tuple(edits)


def edits_sha256(edits: Sequence[PointEdit]) -> str:
    """Return the digest of edits, empty where there are none: what was computed with them tells which these were."""
    return hashlib.sha256(json.dumps([vars(one) for one in edits]).encode()).hexdigest() if edits else ""


def edited(points: Points3D, edits: Sequence[PointEdit]) -> Points3D:
    """Return points with the corrections in the world applied, in their order; those in views are left out.

    A moved sample is flagged EDITED and nothing is known of its uncertainty; one that is made missing is NaN, flagged
    REJECTED and EDITED; exchanged ones are flagged EDITED.
    """
    if all(one.kind in IN_VIEWS for one in edits):
        return points
    parts: dict[str, Any] = {name: np.array(value) for name, value in _parts(points).items()}
    correct(parts, points.names, edits)
    return replace(points, **parts)


def correct(parts: Mapping[str, NDArray], names: Sequence[str], edits: Sequence[PointEdit]) -> None:
    """Apply the corrections in the world to arrays, in place.

    Parameters
    ----------
    parts : mapping of str to ndarray
        Fields of `Points3D`, those that are wanted.
    names : sequence of str
        Of the points.
    edits : sequence of PointEdit
    """
    for one in (each for each in edits if each.kind not in IN_VIEWS):
        if one.kind == EXCHANGED:
            for first, second in zip(one.points[::2], one.points[1::2], strict=True):
                _exchange(parts, names.index(first), names.index(second), one.frames)
            continue
        for column in (names.index(name) for name in one.points):
            _clear(parts, one.frames, column)
            if one.position is not None and "position" in parts:
                parts["position"][one.frames, column] = one.position
            flag = Status.EDITED if one.position is not None else Status.EDITED | Status.REJECTED
            if "status" in parts:
                parts["status"][one.frames, column] = np.uint8(flag)


def _parts(points: Points3D) -> dict[str, NDArray]:
    found = {"position": points.position, "covariance": points.covariance, "status": points.status}
    later = ("reprojection_error", "n_views", "calibration_covariance")
    return found | {name: getattr(points, name) for name in later if getattr(points, name) is not None}


def _at(name: str, frames: slice, column: int) -> tuple[slice | int, ...]:
    return (slice(None), frames, column) if name == "reprojection_error" else (frames, column)


def _exchange(parts: Mapping[str, NDArray], first: int, second: int, frames: slice) -> None:
    for name, values in parts.items():
        one, other = _at(name, frames, first), _at(name, frames, second)
        values[one], values[other] = values[other].copy(), values[one].copy()
    for column in (first, second) if "status" in parts else ():
        parts["status"][frames, column] |= np.uint8(Status.EDITED)


def _clear(parts: Mapping[str, NDArray], frames: slice, column: int) -> None:
    for name, values in parts.items():
        values[_at(name, frames, column)] = np.nan if values.dtype.kind == "f" else 0


def _wrong(what: str) -> ShapeError:
    return ShapeError(f"An edit of points cannot be: {what}.", "Mend that edit.", code="EDIT_WRONG")
