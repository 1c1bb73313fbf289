"""Corrections of points as the group `/edits`, and back."""

import json

import numpy as np

from mocap.storage.layout import Group, numbers, words
from mocap.trial import PointEdit

EDITS = "/edits"


def edits_group(edits: tuple[PointEdit, ...]) -> Group | None:
    """Return the group of edits, in their order; None without any."""
    if not edits:
        return None
    axis = ["edit"]
    position = [one.position or (np.nan,) * 3 for one in edits]
    pixel = [one.pixel or (np.nan,) * 2 for one in edits]
    return Group({
        "edit": numbers(axis, np.arange(len(edits)), "1", "index of the edit, in the order of applying them", "<i4"),
        "space": words(["space"], ("x", "y", "z"), "axis of the world, right-handed, z up"),
        "uv": words(["uv"], ("u", "v"), "axis of the image"),
        "kind": words(axis, [one.kind for one in edits], "what is corrected"),
        "first_frame": numbers(axis, [one.first for one in edits], "1", "first frame", "<i8"),
        "last_frame": numbers(axis, [one.last for one in edits], "1", "last frame, included", "<i8"),
        "points": words(axis, [json.dumps(one.points) for one in edits], "names of the points, as JSON"),
        "position": numbers([*axis, "space"], position, "m", "position in the world; NaN is none", "<f8"),
        "camera": words(axis, [one.camera for one in edits], "name of the camera"),
        "pixel": numbers([*axis, "uv"], pixel, "pixel", "where the point is in the image; NaN is none", "<f8"),
        "reason": words(axis, [one.reason for one in edits], "why"),
        "initials": words(axis, [one.initials for one in edits], "who"),
    })  # fmt: skip


def decoded_edits(group: Group | None) -> tuple[PointEdit, ...]:
    """Return the edits of a group."""
    if group is None:
        return ()
    names = ("kind", "first_frame", "last_frame", "points", "position", "camera", "pixel", "reason", "initials")
    columns = [group.variables[name].data for name in names]
    return tuple(
        PointEdit(
            str(kind), int(first), int(last), json.loads(str(points)),
            None if np.isnan(position).any() else tuple(position.tolist()), str(camera),
            None if np.isnan(pixel).any() else tuple(pixel.tolist()), str(reason), str(initials),
        )
        for kind, first, last, points, position, camera, pixel, reason, initials in zip(*columns, strict=True)
    )  # fmt: skip
