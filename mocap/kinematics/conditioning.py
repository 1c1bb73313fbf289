"""Where the points of a segment cannot carry its angles: lines too short, frames that are none."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.clusters import MIN_SPREAD_M
from mocap.kinematics.further.leg_lines import short_track
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.tape.points import shorter_than
from mocap.kinematics.traced import Vec

Construction = tuple[Callable[[], NDArray], str]


def short_lines(body: Body) -> Iterator[tuple[str, NDArray, str]]:
    """Yield the angles that are made of a line, the frames in which it is shorter than 10 mm, and the reason.

    Frames of segments hold to their own limits; a line that points anywhere when its ends coincide has none.
    """
    lines = _lines(body)
    for names, ends, words in lines:
        try:
            head, tail = (end() for end in ends)
        except NotObservable:
            continue
        short = shorter_than(head.value, tail.value, MIN_SPREAD_M)
        if short is not None:
            for name in names:
                yield name, short, f"{words} coincide"


def _lines(body: Body) -> list[tuple[tuple[str, ...], tuple[Callable[[], Vec], Callable[[], Vec]], str]]:
    parts = ("tilt", "obliquity", "rotation")
    pelvic = tuple(f"pelvic_{part}{kind}" for part in parts for kind in ("", "_conventional"))
    right, left = (lambda name=name: body.need(name)[0] for name in ("RASIS", "LASIS"))
    hips = ("hip_flexion", "hip_adduction", "hip_rotation")
    lines = [
        ((*pelvic, *(f"{n}_{s}" for n in hips for s in "rl")), (right, left), "RASIS and LASIS"),
        ((*pelvic, "pelvic_tilt_clinical"), (body.mid_asis, body.mid_psis), "the middles of ASIS and PSIS"),
    ]
    for side in SIDES:
        low = side.lower()
        hip, knee, ankle = (lambda s=side: body.hip(s)), (lambda s=side: body.knee(s)), (lambda s=side: body.ankle(s))
        asis, psis = (lambda name=side + end: body.need(name)[0] for end in ("ASIS", "PSIS"))
        lines.append(((f"pelvic_tilt_clinical_{low}",), (asis, psis), f"{side}ASIS and {side}PSIS"))
        thigh = ("thigh_elevation", "thigh_inclination", "knee_flexion", "knee_varus", "knee_rotation", *hips)
        shank = ("shank_inclination", "knee_flexion", "knee_varus", "knee_rotation", "ankle_dorsiflexion")
        lines.append((tuple(f"{name}_{low}" for name in thigh), (hip, knee), "hip and knee centre"))
        lines.append((tuple(f"{name}_{low}" for name in shank), (knee, ankle), "knee and ankle centre"))
    return lines


def geometry_of(body: Body, name: str) -> Iterator[tuple[NDArray, str]]:
    """Yield the segments of an angle that are no frame: the frames of the trial, shape (time,), and the reason."""
    if name.startswith("knee_tracking"):
        yield short_track(body, name[-1].upper()), "knee less than 30 mm from above the ankle"
    for build, words in _segments_of(body, name):
        try:
            axes = build()
        except NotObservable:
            continue
        yield np.isnan(axes[:, 0, 0]), words


def _segments_of(body: Body, name: str) -> list[Construction]:
    side = name[-1].upper() if name.endswith(("_r", "_l")) else ""
    line = "coincide or lie within 10 deg of a line"
    pelvis: Construction = (lambda: body.pelvis().axes, f"ASIS and PSIS {line}")
    if name.startswith(("pelvic_", "lumbar_", "thoracic_")):
        return [pelvis]
    if name.startswith(("thoracopelvic_", "trunk_")):
        return [pelvis] * name.startswith("thoraco") + [(lambda: body.thorax().axes, f"C7, T10, CLAV and STRN {line}")]
    if not side or name.startswith("thigh_"):
        return []
    foot: Construction = (lambda: body.foot(side).axes, f"foot points {line}")
    floor: Construction = (lambda: body.foot_floor(side).axes, "the foot points straight up or down")
    if name.startswith("sole_"):
        return [foot]
    if name.startswith("knee_tracking"):
        return [floor]
    femur: Construction = (lambda: body.femur(side).axes, f"hip centre and epicondyles {line}")
    shank: Construction = (lambda: body.shank_proximal(side).axes, f"knee, ankle and the epicondylar axis {line}")
    if name.startswith("hip_"):
        return [pelvis, femur]
    if name.startswith("knee_"):
        return [femur, shank]
    if name.startswith("ankle_"):
        return [
            (lambda: body.shank_distal(side).axes, f"knee centre and malleoli {line}"),
            foot,
        ]
    return [floor]
