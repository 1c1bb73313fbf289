"""The angles that Plug-in Gait defines in its own way, under our names and with our signs."""

import numpy as np

from mocap.kinematics.angles import line_elevation, line_lean, signed, traced_joint
from mocap.kinematics.body import SIDES
from mocap.kinematics.observability import Outcome, attempt
from mocap.kinematics.plug_in_gait.body import PlugInGaitBody
from mocap.kinematics.traced import difference

HIP = ("hip_flexion", "hip_adduction", "hip_rotation")
KNEE = ("knee_flexion", "knee_varus", "knee_rotation")
SHANK, THIGH = ("shank_inclination",), ("thigh_elevation",)
ANKLE = ("ankle_dorsiflexion", "ankle_inversion")
_KNEE_ZERO = "femur and shank, both turned by their wands, aligned"
_ANKLE = "Rz(a) Rx(b) Ry(g) of the foot, Y along its long axis towards the heel, in the shank"


def own_outcomes(body: PlugInGaitBody) -> dict[str, Outcome]:
    """Return the outcomes of all angles that differ from those of the segments' own model."""
    found: dict[str, Outcome] = {}
    for side in SIDES:
        leg = attempt(HIP, lambda side=side: _hip(body, side))  # type: ignore[misc]
        leg |= attempt(KNEE, lambda side=side: _knee(body, side))  # type: ignore[misc]
        leg |= attempt(ANKLE, lambda side=side: _ankle(body, side))  # type: ignore[misc]
        leg |= attempt(SHANK, lambda side=side: _shank_inclination(body, side))  # type: ignore[misc]
        leg |= attempt(THIGH, lambda side=side: _thigh_elevation(body, side))  # type: ignore[misc]
        found |= {f"{name}_{side.lower()}": outcome for name, outcome in leg.items()}
    if body.has("C7", "T10", "CLAV", "STRN"):
        found |= attempt(("trunk_lean",), lambda: {"trunk_lean": _trunk_lean(body)})
        found |= attempt(("thoracopelvic_flexion",), lambda: {"thoracopelvic_flexion": _spine(body)})
    return found


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


def _hip(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, b, g = traced_joint(body.pelvis(), body.femur(side))
    s = SIDES[side]
    angles = (a, signed(s, b), signed(s, g))
    return {name: Outcome(angle, _hip_words(body, side)) for name, angle in zip(HIP, angles, strict=True)}


def _shank_words(body: PlugInGaitBody, side: str) -> str:
    return (
        f"{_hip_words(body, side)}; ankle centre likewise with the shank wand; "
        f"{_words(body, f'ankle_width_{side.lower()}')}"
    )


def _knee(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, b, g = traced_joint(body.femur(side), body.shank_proximal(side))
    s, method = SIDES[side], _shank_words(body, side)
    angles = (signed(-1.0, a), signed(s, b), signed(s, g))
    return {name: Outcome(angle, method, zero=_KNEE_ZERO) for name, angle in zip(KNEE, angles, strict=True)}


def _ankle(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    a, _, g = traced_joint(body.shank_distal(side), body.foot_heelward(side))
    offset = body.zeros.plug_in_gait[side]
    stood = (
        "foot=flat: heel and toe marker taken as level in the static" if offset.flat
        else "foot=anatomical: heel and toe marker as they were in the static"
    )  # fmt: skip
    method = (
        f"{_shank_words(body, side)}; foot from toe marker and ankle centre, turned as the static tells by "
        f"{np.rad2deg(offset.plantar_flexion_rad):.2f} deg (plantar flexion) and "
        f"{np.rad2deg(offset.rotation_rad):.2f} deg (rotation); {stood}"
    )
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


def _shank_inclination(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    body.up()
    floor, tip = body.foot_floor(side), body.foot_line(side)[1]
    lean = line_lean(difference(body.knee(side), body.ankle(side)), floor)
    return {SHANK[0]: Outcome(lean, f"{_shank_words(body, side)}; foot line HEEL-{tip}")}


def _thigh_elevation(body: PlugInGaitBody, side: str) -> dict[str, Outcome]:
    body.up()
    elevation = line_elevation(difference(body.hip(side), body.knee(side)))
    return {THIGH[0]: Outcome(elevation, _hip_words(body, side))}


def _spine(body: PlugInGaitBody) -> Outcome:
    angle = traced_joint(body.thorax(), body.pelvis())[0]
    return Outcome(
        angle,
        f"Plug-in Gait: thorax of C7, T10, CLAV, STRN against the pelvis from {body.setting.pelvis_method}; contains "
        "thoracic motion and how the person stands",
        sequence="a of Rz(a) Rx(b) Ry(g) of the pelvis in the thorax",
        zero="axes of thorax and pelvis aligned",
    )


def _trunk_lean(body: PlugInGaitBody) -> Outcome:
    lean = line_lean(body.trunk_line(), body.subject(conventional=True))
    source = body.heading.conventional_source if body.heading else ""
    return Outcome(
        lean,
        f"Plug-in Gait: line from mid(STRN, T10) to mid(CLAV, C7), in the vertical plane of the heading ({source})",
        zero="line vertical",
        sequence="angle in the vertical plane of the heading: first of tilt, obliquity, rotation",
        definition="Long axis of the thorax against the vertical, in the vertical plane of the heading.",
    )
