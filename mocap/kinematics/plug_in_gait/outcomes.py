"""The angles that Plug-in Gait defines in its own way, under our names and with our signs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.angles import signed, traced_joint
from mocap.kinematics.body import SIDES
from mocap.kinematics.observability import NotObservable, Outcome, attempt
from mocap.kinematics.plug_in_gait.body import PlugInGaitBody
from mocap.kinematics.plug_in_gait.trunk import trunk_of_model

HIP = ("hip_flexion", "hip_adduction", "hip_rotation")
KNEE = ("knee_flexion", "knee_varus", "knee_rotation")
ANKLE = ("ankle_dorsiflexion", "ankle_inversion")
_KNEE_ZERO = "femur and shank, both turned by their wands, aligned"
_ANKLE = "Rz(a) Rx(b) Ry(g) of the foot, Y along its long axis towards the heel, in the shank"


def own_outcomes(body: PlugInGaitBody, found: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes of all angles that differ from those of the segments' own model, or in their words.

    Parameters
    ----------
    body : PlugInGaitBody
    found : mapping of str to Outcome
        Of all angles, computed on this body by the usual definitions.
    """
    own = trunk_of_model(body)
    for side in SIDES:
        low = side.lower()
        leg = attempt(HIP, lambda side=side: _hip(body, side))  # type: ignore[misc]
        leg |= attempt(KNEE, lambda side=side: _knee(body, side))  # type: ignore[misc]
        leg |= attempt(ANKLE, lambda side=side: _ankle(body, side))  # type: ignore[misc]
        own |= {f"{name}_{low}": outcome for name, outcome in leg.items()}
        own |= _reworded(body, side, found)
    return own


def ankle_seconds(body: PlugInGaitBody) -> dict[tuple[str, ...], NDArray]:
    """Return the second angle (rad, shape (time,)) of either ankle, by the names of its first and third."""
    found = {}
    for side in SIDES:
        try:
            _, b, _ = traced_joint(body.shank_distal(side), body.foot_heelward(side))
        except NotObservable:
            continue
        found[tuple(f"{name}_{side.lower()}" for name in ANKLE)] = b.value
    return found


def _reworded(body: PlugInGaitBody, side: str, found: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the angles of lines between joint centres and of the foot with this model's words."""
    thigh, shank, low = _hip_words(body, side), _shank_words(body, side), side.lower()
    heading = f"heading: {body.heading.source}" if body.heading else ""
    foot_line = f"foot line {side}HEE to {side}TOE"
    methods = {
        "shank_inclination": f"{shank}; {foot_line}",
        "knee_tracking": f"{shank}; {foot_line}",
        "thigh_elevation": thigh,
        "thigh_inclination": f"{thigh}; {heading}",
        "sole_pitch": f"{shank}; {_foot_words(body, side)}",
        "foot_progression": f"{foot_line}; {heading}",
    }
    own = {}
    for name, method in methods.items():
        outcome = found[f"{name}_{low}"]
        if outcome.angle is not None:
            zero = "long axis of the foot level" if name == "sole_pitch" else outcome.zero
            own[f"{name}_{low}"] = replace(outcome, method=method, zero=zero)
    return own


def _words(body: PlugInGaitBody, *names: str) -> str:
    words = body.measures.words
    return ", ".join(words[name] for name in names if name in words)


def _hip_words(body: PlugInGaitBody, side: str) -> str:
    low = side.lower()
    told = _words(body, "leg_length", f"asis_trochanter_{low}", "inter_asis", f"knee_width_{low}", "marker_diameter")
    return (
        f"Plug-in Gait: pelvis from {body.setting.pelvis_method}; hip centre by davis, knee centre by the chord "
        f"function with the thigh wand; {told}"
    )


def _shank_words(body: PlugInGaitBody, side: str) -> str:
    return (
        f"{_hip_words(body, side)}; ankle centre likewise with the shank wand; "
        f"{_words(body, f'ankle_width_{side.lower()}')}"
    )


def _foot_words(body: PlugInGaitBody, side: str) -> str:
    if side not in body.zeros.plug_in_gait:
        return ""
    offset = body.zeros.plug_in_gait[side]
    stood = (
        "foot=flat: heel and toe marker taken as level in the static" if offset.flat
        else "foot=anatomical: heel and toe marker as they were in the static"
    )  # fmt: skip
    return (
        f"foot from toe marker and ankle centre, turned as the static tells by "
        f"{np.rad2deg(offset.plantar_flexion_rad):.2f} deg (plantar flexion) and "
        f"{np.rad2deg(offset.rotation_rad):.2f} deg (rotation); {stood}"
    )


def _hip(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, b, g = body.hip_turn(side)
    s = SIDES[side]
    angles = (a, signed(s, b), signed(s, g))
    return {name: Outcome(angle, _hip_words(body, side)) for name, angle in zip(HIP, angles, strict=True)}


def _knee(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, b, g = body.knee_turn(side)
    s, method = SIDES[side], _shank_words(body, side)
    angles = (signed(-1.0, a), signed(s, b), signed(s, g))
    return {name: Outcome(angle, method, zero=_KNEE_ZERO) for name, angle in zip(KNEE, angles, strict=True)}


def _ankle(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, _, g = traced_joint(body.shank_distal(side), body.foot_heelward(side))
    method = f"{_shank_words(body, side)}; {_foot_words(body, side)}"
    return {
        "ankle_dorsiflexion": Outcome(
            signed(1.0, a, np.pi / 2), method, sequence=f"a - 90 deg of {_ANKLE}",
            zero="shank perpendicular to the long axis of the foot",
        ),
        "ankle_inversion": Outcome(
            signed(-SIDES[side], g), method, sequence=f"-s g of {_ANKLE}",
            zero="mediolateral axis of the foot along that of the shank",
        ),
    }  # fmt: skip
