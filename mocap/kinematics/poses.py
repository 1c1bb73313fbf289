"""Segment poses and joint centres of a body, in the Z-up world."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.tape.evaluate import transforms
from mocap.kinematics.traced import Frame, Vec, turned_by


def segment_transforms(body: Body) -> tuple[tuple[str, ...], NDArray]:
    """Return the names of all observable segments and world_from_segment, shape (time, segment, 4, 4).

    Origins: pelvis mid-ASIS; lumbar the plate's centroid, its axes those of the pelvis in the static; thorax CLAV;
    femur hip centre; shank_proximal knee centre; shank_distal ankle centre; foot heel.
    """
    frames = segment_frames(body)
    return tuple(frames), transforms([(axes.node, origin.node) for axes, origin in frames.values()], body.n_frames)


def segment_frames(body: Body) -> dict[str, tuple[Frame, Vec]]:
    """Return axes and origin of all observable segments, ISB-turned world; origins as in `segment_transforms`."""
    wanted: dict[str, Callable[[], tuple[Frame, Vec]]] = {
        "pelvis": lambda: (body.pelvis(), body.mid_asis()),
        "lumbar": lambda: _lumbar(body),
        "thorax": lambda: (body.thorax(), body.need("CLAV")[0]),
    }
    for side in SIDES:
        low = side.lower()
        wanted |= {
            f"femur_{low}": lambda side=side: (body.femur(side), body.hip(side)),  # type: ignore[misc]
            f"shank_proximal_{low}": lambda side=side: (body.shank_proximal(side), body.knee(side)),  # type: ignore[misc]
            f"shank_distal_{low}": lambda side=side: (body.shank_distal(side), body.ankle(side)),  # type: ignore[misc]
            f"foot_{low}": lambda side=side: (body.foot(side), body.need(f"{side}HEEL")[0]),  # type: ignore[misc]
        }
    found = {}
    for name, build in wanted.items():
        try:
            found[name] = build()
        except NotObservable:
            continue
    return found


def _lumbar(body: Body) -> tuple[Frame, Vec]:
    if "lumbar" not in body.poses or body.zeros.lumbar is None:
        raise NotObservable("no plate at T12/L1 with a static trial")
    pose = body.poses["lumbar"]
    return turned_by(pose.frame, body.zeros.lumbar.T), pose.centroid


def joint_centre_positions(body: Body) -> dict[str, NDArray]:
    """Return the observable joint centres in the world, shape (time, 3) in m, as `RHJC`, `RKJC`, `RAJC`, `LHJC`, ..."""
    centres = {}
    for side in SIDES:
        for name, build in (("HJC", body.hip), ("KJC", body.knee), ("AJC", body.ankle)):
            try:
                centres[side + name] = in_world(build(side).value)
            except NotObservable:
                continue
    return centres


def in_world(vectors: NDArray) -> NDArray:
    """Return vectors of ISB axes, shape (time, 3), in the Z-up world."""
    rows = np.empty((3, len(vectors)))
    rows[0], rows[2] = vectors[:, 0], vectors[:, 1]
    np.subtract(0.0, vectors[:, 2], out=rows[1])  # not -0
    return rows.T


def frequent_parts(body: Body) -> list[Vec | Frame]:
    """Return what many ask for of a body: pelvis and its middles, and the centres of the joints."""
    wanted: list[Callable[[], Vec | Frame]] = [body.pelvis, body.mid_asis, body.mid_psis]
    for side in SIDES:
        wanted += [partial(centre, side) for centre in (body.hip, body.knee, body.ankle)]
    found: list[Vec | Frame] = []
    for build in wanted:
        try:
            found.append(build())
        except NotObservable:
            continue
    return found
