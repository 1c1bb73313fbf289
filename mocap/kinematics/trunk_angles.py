"""Angles of pelvis, lumbar spine and trunk of a body, each with the method that was used."""

from collections.abc import Container, Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import line_elevation, line_lean, signed, subtract, traced_baker, traced_joint
from mocap.kinematics.body import Body
from mocap.kinematics.clusters import MIN_SPREAD_M
from mocap.kinematics.observability import (
    HIP_KEYPOINTS,
    HIP_LINE,
    NO_LUMBAR,
    NO_STATIC,
    NotObservable,
    Outcome,
    attempt,
)
from mocap.kinematics.placed_zeros import less_zero
from mocap.kinematics.spine_chords import with_chords
from mocap.kinematics.traced import Frame, Scalar, Vec, combine, difference, mean

PELVIS = ("pelvic_tilt", "pelvic_obliquity", "pelvic_rotation")
CONVENTIONAL = tuple(f"{name}_conventional" for name in PELVIS)
LUMBAR = ("lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation")
SPINE = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


def trunk_outcomes(body: Body) -> dict[str, Outcome]:
    """Return the outcomes of all angles of pelvis and trunk."""
    outcomes = attempt(PELVIS, lambda: _pelvis(body))
    outcomes |= attempt(CONVENTIONAL, lambda: _conventional(body))
    outcomes |= attempt(("pelvic_tilt_clinical",), lambda: _clinical(body))
    if body.setting.kind == "keypoints":
        outcomes |= {name: Outcome(None, reason=HIP_KEYPOINTS) for name in outcomes if "tilt" not in name}
    outcomes |= attempt(LUMBAR, lambda: _lumbar(body))
    outcomes |= attempt(("thoracopelvic_flexion",), lambda: {"thoracopelvic_flexion": _thoracopelvic(body)})
    return outcomes | attempt(("trunk_lean",), lambda: {"trunk_lean": _trunk_lean(body)})


def _pelvis(body: Body) -> dict[str, Outcome]:
    pelvis = body.pelvis()
    up = Frame(np.broadcast_to(np.eye(3), (body.n_frames, 3, 3)))
    body.up()
    method = body.setting.pelvis_method
    # Tilt and obliquity need no heading: they are computed without one, so that none can touch them.
    tilt, obliquity, _ = traced_baker(up, pelvis)
    outcomes = {"pelvic_tilt": Outcome(tilt, method), "pelvic_obliquity": Outcome(obliquity, method)}

    def rotation() -> dict[str, Outcome]:
        turn = traced_baker(body.subject(), pelvis)[2]
        source = body.heading.source if body.heading else ""
        return {"pelvic_rotation": Outcome(turn, f"{method}; heading: {source}")}

    return outcomes | attempt(("pelvic_rotation",), rotation)


def _conventional(body: Body) -> dict[str, Outcome]:
    pelvis = body.pelvis()
    a, b, g = traced_joint(body.subject(conventional=True), pelvis)
    source = body.heading.conventional_source if body.heading else ""
    method = f"{body.setting.pelvis_method}; heading: {source}"
    angles = (signed(-1.0, a), signed(-1.0, b), g)
    return {name: Outcome(angle, method) for name, angle in zip(CONVENTIONAL, angles, strict=True)}


def _clinical(body: Body) -> dict[str, Outcome]:
    body.pelvis()
    body.up()
    line = difference(body.mid_asis(), body.mid_psis())
    return {"pelvic_tilt_clinical": Outcome(signed(-1.0, line_elevation(line)), body.setting.pelvis_method)}


def _lumbar(body: Body) -> dict[str, Outcome]:
    if body.setting.kind == "keypoints":
        raise NotObservable(f"{HIP_LINE}, and no keypoint marks T12 or L1")
    if "lumbar" in body.poses:
        return _lumbar_plate(body)
    if spine_names(body.points):
        flexion = _lumbar_spine(body)
        reason = "spinous markers lie on one line and show the sagittal curve alone; a plate at T12/L1 is needed"
        return {"lumbar_flexion": flexion} | {name: Outcome(None, reason=reason) for name in LUMBAR[1:]}
    plate = [name for name in body.points if name.startswith("T12_")]
    if len(plate) >= 3:
        raise NotObservable(f"{NO_STATIC}, with the plate at T12/L1 ({', '.join(plate)}) and the pelvis in view")
    raise NotObservable(NO_LUMBAR)


def _lumbar_plate(body: Body) -> dict[str, Outcome]:
    if body.zeros.lumbar is None:
        raise NotObservable(f"{NO_STATIC}, with the plate at T12/L1 and the pelvis in view together")
    pose = body.poses["lumbar"]
    a, b, g = traced_joint(body.pelvis(), body.zeroed(pose.frame, body.zeros.lumbar))
    method = f"L-plate: rigid plate at T12/L1 against the pelvis ({body.setting.pelvis_method}), zeroed in the static"
    angles = (signed(-1.0, a), b, signed(-1.0, g))
    return {name: Outcome(angle, method, "static") for name, angle in zip(LUMBAR, angles, strict=True)}


def spine_names(points: Container[str]) -> tuple[str, ...]:
    """Return the spinous markers from T12 to S1 that are there: both ends and two between, or none."""
    names = tuple(name for name in SPINE if name in points)
    return names if len(names) >= 4 and {"T12", "S1"} <= set(names) else ()


def spine_steps(points: NDArray) -> NDArray | None:
    """Return where along the spine (0 at T12, 1 at S1) markers are, from positions of shape (time, marker, 3).

    None where they lie within 10 mm of each other in most frames.
    """
    chords = np.nanmedian(np.linalg.norm(np.diff(points, axis=1), axis=2), axis=0)
    along = np.concatenate([[0.0], np.cumsum(chords)])
    return along / along[-1] if along[-1] >= MIN_SPREAD_M else None


def spine_curvature(body: Body, steps: NDArray, by_placement: Mapping[str, NDArray] | None = None) -> Scalar:
    """Return the forward lean of the tangent at T12 against that at S1, of a quadratic through the spinous markers.

    Where placement is looked at, `by_placement` tells what the steps have of it (`spine_chords.chord_gradients`).
    """
    vectors = [body.points[name] for name in spine_names(body.points)]
    upward = [combine(list(row), vectors) for row in _spine_weights(steps)]
    if body.setting.placement_pass and by_placement:
        upward = with_chords(upward, vectors, steps, _spine_weights, by_placement)
    upper, lower = (line_lean(line, body.pelvis()) for line in upward)
    return subtract(upper, lower)


def _spine_weights(steps: NDArray) -> NDArray:
    """Return the weights of the markers in the tangents at both ends, shape (2, marker)."""
    coefficients = np.linalg.pinv(np.vander(steps, 3, increasing=True))
    # The parameter runs downward from T12, so the tangent is turned about to point up.
    return -(np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 2.0]]) @ coefficients)


def _lumbar_spine(body: Body) -> Outcome:
    if body.zeros.spine is None or body.zeros.spine_steps is None:
        raise NotObservable(f"{NO_STATIC}, with the spinous markers and the pelvis in view together")
    curvature = spine_curvature(body, body.zeros.spine_steps, body.zeros.spine_chords)
    return Outcome(
        less_zero(body, curvature, body.zeros.spine, body.zeros.gradients.get("spine", {})),
        f"L-spine: tangents at T12 and S1 of a quadratic through {', '.join(spine_names(body.points))}",
        "static",
        sequence="angle in the sagittal plane of the pelvis",
        definition="Tangent of the lumbar spine at T12 against that at S1, in the sagittal plane of the pelvis.",
    )


def _thoracopelvic(body: Body) -> Outcome:
    pelvis = body.pelvis()
    if body.has("C7", "T10", "CLAV", "STRN"):
        thorax, zero = body.thorax(), body.zeros.thorax
        distal = thorax if zero is None else body.zeroed(thorax, zero)
        method = "thorax frame of C7, T10, CLAV, STRN against the pelvis; contains thoracic motion"
        angle = signed(-1.0, traced_joint(pelvis, distal)[0])
        return Outcome(angle, method, "absolute" if zero is None else "static", zero=_zero_words(zero is not None))
    line = _c7_line(body)
    offset = body.zeros.c7_line
    return Outcome(
        less_zero(body, line_lean(line, pelvis), offset or 0.0, body.zeros.gradients.get("c7_line", {})),
        "C7 line: from mid-PSIS to C7 in the sagittal plane of the pelvis; no thorax frame (T10, CLAV, STRN missing)",
        "absolute" if offset is None else "static",
        zero="line along the Y axis of the pelvis" if offset is None else "as in the static trial",
        sequence="angle in the sagittal plane of the pelvis",
        definition="Line from mid-PSIS to C7 against the Y axis of the pelvis, in the sagittal plane of the pelvis.",
    )


def _zero_words(zeroed: bool) -> str:
    return "as in the static trial" if zeroed else "axes of thorax and pelvis aligned"


def _c7_line(body: Body) -> Vec:
    (c7,) = body.need("C7")
    return difference(c7, body.mid_psis())


def _trunk_lean(body: Body) -> Outcome:
    body.up()
    if body.has("C7", "T10", "CLAV", "STRN"):
        up = Frame(np.broadcast_to(np.eye(3), (body.n_frames, 3, 3)))
        return Outcome(traced_baker(up, body.thorax())[0], "thorax frame of C7, T10, CLAV, STRN")
    if not body.has("C7") and body.by_keypoints("NECK", "RSJC", "LSJC"):
        top = body.points["NECK"] if body.has("NECK") else mean(body.need("RSJC", "LSJC"))
        words = "mid-hip to neck keypoint" if body.has("NECK") else "mid-hip to mid-shoulder keypoints"
        line = difference(top, body.mid_hip())
    else:
        line, words = _c7_line(body), "C7 line: from mid-PSIS to C7"
    lean = line_lean(line, body.subject())
    source = body.heading.source if body.heading else ""
    return Outcome(
        lean,
        f"{words}, in the vertical plane of the heading ({source})",
        zero="line vertical",
        sequence="angle in the vertical plane of the heading",
        definition="Line of the trunk against the vertical, in the vertical plane of the heading.",
    )
