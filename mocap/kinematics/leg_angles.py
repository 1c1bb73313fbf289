"""Angles of hips, knees, ankles and feet of a body, each with the method that was used."""

import numpy as np

from mocap.kinematics.angles import line_elevation, line_lean, signed, traced_joint
from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.hip_words import hip_words
from mocap.kinematics.limb_keypoints import hip_of_thigh_line, knee_of_three_points
from mocap.kinematics.observability import HIP_LINE, NotObservable, Outcome, attempt
from mocap.kinematics.tape.points import column_facts
from mocap.kinematics.traced import Vec, difference

HIP = ("hip_flexion", "hip_adduction", "hip_rotation")
KNEE = ("knee_flexion", "knee_varus", "knee_rotation")
ANKLE = ("ankle_dorsiflexion", "ankle_inversion")
PLAIN = ("shank_inclination", "thigh_elevation", "foot_progression")


def leg_outcomes(body: Body, side: str) -> dict[str, Outcome]:
    """Return the outcomes of all angles of one leg, `side` R or L, under their names with `_r` or `_l`."""
    outcomes = attempt(HIP, lambda: _hip(body, side))
    outcomes |= attempt(KNEE, lambda: _knee(body, side))
    outcomes |= attempt(ANKLE, lambda: _ankle(body, side))
    outcomes |= attempt(PLAIN[:1], lambda: {PLAIN[0]: _shank_inclination(body, side)})
    outcomes |= attempt(PLAIN[1:2], lambda: {PLAIN[1]: _thigh_elevation(body, side)})
    outcomes |= attempt(PLAIN[2:], lambda: {PLAIN[2]: _foot_progression(body, side)})
    return {f"{name}_{side.lower()}": outcome for name, outcome in outcomes.items()}


def _knee_words(body: Body, side: str) -> str:
    words = body.setting.functional.knee_words.get(side, "")
    if side in body.setting.functional.knee_turn_rad:
        return f"knee axis by {words}"
    return f"epicondyles{words and f' ({words})'}"


def _hip(body: Body, side: str) -> dict[str, Outcome]:
    if body.setting.kind == "keypoints":
        raise NotObservable(f"{HIP_LINE}, so the thigh has nothing to be measured against")
    if body.by_keypoints(f"{side}KJC"):
        return hip_of_thigh_line(body, side, hip_words(body, side))
    a, b, g = body.hip_turn(side)
    s = SIDES[side]
    method = f"pelvis from {body.setting.pelvis_method}; {hip_words(body, side)}; {_knee_words(body, side)}"
    angles = (a, signed(s, b), signed(s, g))
    return {name: Outcome(angle, method) for name, angle in zip(HIP, angles, strict=True)}


def _knee(body: Body, side: str) -> dict[str, Outcome]:
    if body.by_keypoints(f"{side}KJC"):
        return knee_of_three_points(body, side)
    a, b, g = body.knee_turn(side)
    s = SIDES[side]
    method = f"{hip_words(body, side)}; {_knee_words(body, side)} and malleoli"
    rotation = Outcome(signed(s, g), f"{method}; knee axis carried by the shank from the static", "static")
    if side not in body.zeros.knee_axis:
        reason = "without a static trial thigh and shank share one epicondylar axis, which turns with neither"
        rotation = Outcome(None, reason=reason)
    return {"knee_flexion": Outcome(signed(-1.0, a), method), "knee_varus": Outcome(signed(s, b), method),
            "knee_rotation": rotation}  # fmt: skip


def _ankle(body: Body, side: str) -> dict[str, Outcome]:
    if body.by_keypoints(f"{side}AJC"):
        raise NotObservable("foot keypoints do not show the sole, and ankle keypoints do not show the malleoli")
    a, b, _ = traced_joint(body.shank_distal(side), body.foot(side))
    if side in body.zeros.foot_flat:
        tip = body.foot_line(side)[1]
        method = f"foot=flat: foot markers, sole level and pointing along HEEL-{tip} in the static; malleoli"
        zero = "shank perpendicular to the sole that stood flat in the static trial"
    else:
        method = "foot=anatomical: HEEL, MT1 and MT5; malleoli"
        zero = "shank perpendicular to the line from HEEL to mid(MT1, MT5)"
    return {"ankle_dorsiflexion": Outcome(a, method, zero=zero),
            "ankle_inversion": Outcome(signed(SIDES[side], b), method)}  # fmt: skip


def _shank(body: Body, side: str) -> Vec:
    return difference(body.knee(side), body.ankle(side))


def _shank_inclination(body: Body, side: str) -> Outcome:
    body.up()
    floor, tip = body.foot_floor(side), body.foot_line(side)[1]
    source = "keypoints" if body.by_keypoints(f"{side}KJC") else "epicondyles and malleoli"
    return Outcome(line_lean(_shank(body, side), floor), f"{source}; foot line HEEL-{tip}")


def _thigh_elevation(body: Body, side: str) -> Outcome:
    body.up()
    line = difference(body.hip(side), body.knee(side))
    if body.setting.kind == "keypoints":
        return Outcome(line_elevation(line), "hip and knee keypoints")
    if body.by_keypoints(f"{side}KJC"):
        return Outcome(line_elevation(line), f"{hip_words(body, side)}; knee keypoint")
    return Outcome(line_elevation(line), f"{hip_words(body, side)}; epicondyles")


def _foot_progression(body: Body, side: str) -> Outcome:
    subject = body.subject()
    # Y of both frames is up, so that the third angle is the turn about the vertical, to the left.
    turn = traced_joint(subject, body.foot_floor(side))[2]
    source = body.heading.source if body.heading else ""
    return Outcome(signed(-SIDES[side], turn), f"foot line HEEL-{body.foot_line(side)[1]}; heading: {source}")


def near_singular(body: Body, side: str) -> float | None:
    """Return the largest |second angle| of hip and knee in deg, None where no frame shows either; above 75 the
    flexion and rotation of that joint lose their meaning."""
    found = [
        outcome.angle.value
        for part in (_hip, _knee)
        for name, outcome in attempt(HIP, lambda part=part: part(body, side)).items()  # type: ignore[misc]
        if name in ("hip_adduction", "knee_varus") and outcome.angle is not None
    ]
    if not found:
        return None
    n_missing, least, largest = column_facts(np.stack(found).T)
    if (n_missing == len(found[0])).all():
        return None
    return float(np.rad2deg(max(-least.min(), largest.max())))
