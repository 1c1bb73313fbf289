"""Corrections of points as a person writes them in one word: which, in which frames, to what."""

import re
from collections.abc import Callable

from mocap.errors import ConfigError
from mocap.trial import PointEdit
from mocap.trial.edits import CAMERA_OUT, EXCHANGED, MARKED, MISSING, MOVED

_WORD = re.compile(r"(?P<what>.+)@(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?(?:=(?P<value>.+))?")
FORMS = {
    MISSING: "LASI,RASI@120-140",
    EXCHANGED: "LASI,RASI@50-60",
    MOVED: "LASI@77=0.101,-0.02,0.95",
    CAMERA_OUT: "cam_2@100-120 or cam_2:LASI@100-120",
    MARKED: "cam_2:LASI@77=512.5,300",
}
"""An example of each kind: points or a camera, @, frames from 0 on with the last one, =, m in the world or pixels."""
_LENGTHS = {MOVED: 3, MARKED: 2}


def point_edit(kind: str, word: str, reason: str = "", initials: str = "") -> PointEdit:
    """Return the correction that a word says.

    Parameters
    ----------
    kind : str
        A key of `FORMS`.
    word : str
        As the example of the kind.
    reason, initials : str
        Why, and who.

    Raises
    ------
    ConfigError
        EDIT_WORD, for another form.
    ShapeError
        EDIT_WRONG, for one that contradicts itself.
    """
    found = _WORD.fullmatch(word.strip())
    if found is None or (found["value"] is None) == (kind in _LENGTHS):
        raise _wrong(kind, word)
    value = _numbers(found["value"], _LENGTHS[kind], lambda: _wrong(kind, word)) if kind in _LENGTHS else ()
    camera, points = "", found["what"]
    if kind in (CAMERA_OUT, MARKED):
        camera, _, points = found["what"].partition(":")
    first = int(found["first"])
    return PointEdit(
        kind, first, int(found["last"] or first), tuple(name.strip() for name in points.split(",") if name.strip()),
        (value[0], value[1], value[2]) if kind == MOVED else None, camera,
        (value[0], value[1]) if kind == MARKED else None, reason, initials,
    )  # fmt: skip


def edit_line(edit: PointEdit, most_points: int | None = None) -> str:
    """Return a correction as a line for people, with `most_points` of its points by name where there are more."""
    frames = f"frame {edit.first}" if edit.first == edit.last else f"frames {edit.first} to {edit.last}"
    points = list(edit.points)
    if most_points is not None and len(points) > most_points + 1:
        points[most_points:] = [f"{len(points) - most_points} more points"]
    what = " and ".join(part for part in (edit.camera, ", ".join(points)) if part)
    value = edit.position or edit.pixel
    to = f" to ({', '.join(f'{part:g}' for part in value)}) {'m' if edit.position else 'px'}" if value else ""
    said = "".join(f", {word}" for word in (edit.reason, edit.initials) if word)
    return f"{what}: {edit.kind}{to}, {frames}{said}"


def _numbers(words: str, length: int, wrong: Callable[[], ConfigError]) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in words.split(","))
    except ValueError as error:
        raise wrong() from error
    if len(values) != length:
        raise wrong()
    return values


def _wrong(kind: str, word: str) -> ConfigError:
    return ConfigError(
        f"'{word:.80}' does not say which points are {kind}, and in which frames.", f"Write it like {FORMS[kind]}.",
        code="EDIT_WORD",
    )  # fmt: skip
