"""Angles of the lines of one leg: knee tracking, thigh inclination, pitch of the sole, clinical tilt of one side."""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import line_elevation, line_lean, signed
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.hip_words import hip_words
from mocap.kinematics.observability import HIP_LINE, NotObservable, Outcome, attempt
from mocap.kinematics.tape.points import count_seen
from mocap.kinematics.traced import Frame, Scalar, Vec, carried, difference, turned_by

SHORTEST_TRACK_M = 0.030
"""Horizontal way from ankle to knee under which the knee's track has no direction. A choice, not a measurement."""

# Columns: right, forward, up of an upright frame, so that atan2(X, Y) is the turn to the right about the vertical.
_FROM_ABOVE = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])

NAMES = ("knee_tracking", "thigh_inclination", "sole_pitch", "pelvic_tilt_clinical")


def leg_line_outcomes(body: Body, side: str) -> dict[str, Outcome]:
    """Return the outcomes of these angles of one leg, `side` R or L, under their names with `_r` or `_l`."""
    builds = (_knee_tracking, _thigh_inclination, _sole_pitch, _clinical)
    outcomes: dict[str, Outcome] = {}
    for name, build in zip(NAMES, builds, strict=True):
        outcomes |= attempt((name,), lambda name=name, build=build: {name: build(body, side)})  # type: ignore[misc]
    return {f"{name}_{side.lower()}": outcome for name, outcome in outcomes.items()}


def from_above(upright: Frame) -> Frame:
    """Return an upright frame (Y up) turned so that `line_lean` reads the turn to the right about the vertical."""
    return turned_by(upright, _FROM_ABOVE)


def _knee_tracking(body: Body, side: str) -> Outcome:
    body.up()
    floor, tip = body.foot_floor(side), body.foot_line(side)[1]
    shank = difference(body.knee(side), body.ankle(side))
    turn = signed(SIDES[side], line_lean(shank, from_above(floor)))
    short = short_track(body, side)
    n_short = int(short.sum())
    if n_short and n_short == int(count_seen([shank.value]).sum()):
        raise NotObservable(
            "the knee is never 30 mm or more away from above the ankle, and an upright shank tracks nowhere"
        )
    source = "keypoints" if body.setting.kind == "keypoints" else "epicondyles and malleoli"
    reason = f"no value in {n_short} frames with the knee less than 30 mm from above the ankle" if n_short else ""
    return Outcome(
        Scalar(np.where(short, np.nan, turn.value), turn.grad), f"{source}; foot line HEEL-{tip}", reason=reason
    )


def short_track(body: Body, side: str) -> NDArray:
    """Return the frames, shape (time,), with the knee less than 30 mm from above the ankle."""
    shank = body.knee(side).value - body.ankle(side).value
    return np.hypot(shank[:, 0], shank[:, 2]) < SHORTEST_TRACK_M


def _thigh_inclination(body: Body, side: str) -> Outcome:
    subject = body.subject()
    upward = difference(body.hip(side), body.knee(side))
    # The line is turned about to point down: its lean forward is that of the upward line, backward.
    lean = signed(-1.0, line_lean(upward, subject))
    source = body.heading.source if body.heading else ""
    points = "hip and knee keypoints" if body.setting.kind == "keypoints" else f"{hip_words(body, side)}; epicondyles"
    return Outcome(lean, f"{points}; heading: {source}")


def _sole_pitch(body: Body, side: str) -> Outcome:
    if body.setting.kind == "keypoints":
        raise NotObservable("foot keypoints do not show the sole")
    body.up()
    forward = carried(body.foot(side), np.array([1.0, 0.0, 0.0]), Vec(np.zeros((body.n_frames, 3))))
    if side in body.zeros.foot_flat:
        words, zero = "foot=flat: foot markers, sole level in the static", "sole level, as it stood in the static trial"
    else:
        words, zero = "foot=anatomical: HEEL, MT1 and MT5", "line from HEEL to mid(MT1, MT5) level"
    return Outcome(line_elevation(forward), words, zero=zero)


def _clinical(body: Body, side: str) -> Outcome:
    if body.setting.kind == "keypoints":
        raise NotObservable(HIP_LINE)
    body.up()
    front, back = body.need(f"{side}ASIS", f"{side}PSIS")
    return Outcome(signed(-1.0, line_elevation(difference(front, back))), body.setting.pelvis_method)
