"""Files of what is filmed for a calibration: a board.toml, or an object of tags.

An object of tags is a TOML with `dictionary` (and `inverted`, `margin`, `name`), and its tags in either of two ways::

    [[tag]]                        # as measured
    id = 3
    corners = [[x, y, z], ...]     # m, clockwise from the top left of the black border as seen from its front

    [[face]]                       # as printed: rows of equal tags
    first_id = 0
    tags_x = 2
    tags_y = 2
    tag_length = 0.08              # m
    pitch = 0.11                   # m, from a tag's edge to the same edge of the next
    origin = [x, y, z]             # m, top-left corner of the first tag
    right = [0, 1, 0]              # along the rows, as seen from the front
    down = [0, 0, -1]
"""

import difflib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import DICTIONARY_SIZES, Board, board_of_table, read_table, write_board
from calibration.boards.tag_object import TagObject, tag_grid
from calibration.errors import BoardError, FormatError

__all__ = ["Target", "read_target", "write_target"]

Target = Board | TagObject

_OBJECT = {"type": str, "dictionary": str, "inverted": bool, "margin": float, "name": str, "tag": list, "face": list}
_TAG = {"id": int, "corners": list}
_FACE = {
    "first_id": int, "tags_x": int, "tags_y": int, "tag_length": float, "pitch": float,
    "origin": list, "right": list, "down": list,
}  # fmt: skip


def read_target(path: str | Path) -> Target:
    """Read a board.toml or the file of an object of tags.

    Parameters
    ----------
    path : path
        An object is known by its `[[tag]]` or `[[face]]` tables, or by ``type = "tag_object"``.

    Raises
    ------
    SourceError
        BOARD_FILE_MISSING
    FormatError
        BOARD_FORMAT, for keys that are unknown (the nearest is named), missing or of a wrong type.
    BoardError
        As `Board` and `TagObject`.
    """
    path = Path(path)
    table = read_table(path)
    if table.get("type") != "tag_object" and not {"tag", "face"} & set(table):
        return board_of_table(table, path.name)
    _check(table, _OBJECT, {"dictionary"}, path.name)
    ids, corners = [], []
    for number, entry in enumerate(table.get("tag", ())):
        where = f"{path.name}, tag {number + 1}"
        _check(entry, _TAG, set(_TAG), where)
        ids.append(entry["id"])
        corners.append(_numbers(entry["corners"], (4, 3), "corners", where)[None])
    for number, entry in enumerate(table.get("face", ())):
        where = f"{path.name}, face {number + 1}"
        _check(entry, _FACE, set(_FACE), where)
        face = _face(entry, where)
        ids += range(entry["first_id"], entry["first_id"] + len(face))
        corners.append(face)
    extra = {key: table[key] for key in ("inverted", "margin", "name") if key in table}
    try:
        every = np.concatenate([np.empty((0, 4, 3)), *corners])
        return TagObject(tuple(ids), every, table["dictionary"], **extra)
    except BoardError as error:
        raise BoardError(f"{path.name}: {error.cause}", error.remedy, error.code) from error


def write_target(path: str | Path, target: Target) -> None:
    """Write a board or an object of tags so that `read_target` reads it back equal."""
    if isinstance(target, Board):
        write_board(path, target)
        return
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Object of tags. Corners in metres, clockwise from the top left of the black border."))
    document.add("type", target.type)
    for key in ("name", "dictionary", "inverted", "margin"):
        document.add(key, getattr(target, key))
    rows = tomlkit.aot()
    for number, corners in zip(target.ids, target.corners, strict=True):
        row = tomlkit.table()
        row.add("id", number)
        row.add("corners", [[float(value) + 0.0 for value in corner] for corner in corners])
        rows.append(row)
    document.add("tag", rows)
    Path(path).write_text(tomlkit.dumps(document), encoding="utf-8")


def _face(entry: dict[str, Any], where: str) -> NDArray[np.float64]:
    if min(entry["tags_x"], entry["tags_y"]) < 1:
        raise FormatError(f"{where} has no tags.", "Give tags_x and tags_y of at least 1.", "BOARD_FORMAT")
    if entry["tags_x"] * entry["tags_y"] > max(DICTIONARY_SIZES.values()):
        raise FormatError(
            f"{where} has {entry['tags_x']} x {entry['tags_y']} tags, more than any dictionary.",
            "Count the tags of the face again.", "BOARD_FORMAT",
        )  # fmt: skip
    places = [_numbers(entry[key], (3,), key, where) for key in ("origin", "right", "down")]
    return tag_grid(entry["tags_x"], entry["tags_y"], entry["tag_length"], entry["pitch"], *places)


def _numbers(value: Any, shape: tuple[int, ...], key: str, where: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != shape or not np.isfinite(array).all():
        wanted = " x ".join(map(str, shape))
        raise FormatError(f"{where}: {key} is not {wanted} numbers.", f"Give {key} in m.", "BOARD_FORMAT")
    return array


def _check(table: Any, kinds: dict[str, type], required: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise FormatError(f"{where} is {table!r}, not a table.", "Write it as [[tag]] or [[face]].", "BOARD_FORMAT")
    for key, value in table.items():
        if key not in kinds:
            near = difflib.get_close_matches(key, kinds, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise FormatError(
                f"{where} has the unknown key '{key}'.", f"{hint}Known keys: {', '.join(kinds)}.", "BOARD_FORMAT"
            )
        wanted = (int, float) if kinds[key] is float else (kinds[key],)
        if not isinstance(value, wanted) or (isinstance(value, bool) and kinds[key] is not bool):
            raise FormatError(
                f"{where}: {key} = {value!r} is not of the right kind.", f"Write {key} as {kinds[key].__name__}.",
                "BOARD_FORMAT",
            )  # fmt: skip
    missing = sorted(required - set(table))
    if missing:
        raise FormatError(f"{where} lacks {', '.join(missing)}.", "Add the missing keys.", "BOARD_FORMAT")
