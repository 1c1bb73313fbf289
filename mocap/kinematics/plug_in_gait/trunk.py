"""Trunk angles of Plug-in Gait: thorax against the walkway, and spine (thorax against pelvis)."""

from mocap.kinematics.angles import signed, traced_joint
from mocap.kinematics.observability import Outcome, attempt
from mocap.kinematics.plug_in_gait.body import PlugInGaitBody

LEAN = ("trunk_lean", "trunk_lateral_lean", "trunk_rotation")
SPINE = ("thoracopelvic_flexion", "thoracopelvic_lateral_bend", "thoracopelvic_rotation")
_WALKWAY = "Rz(a) Rx(b) Ry(g) of the thorax in the frame of the heading: lean, lateral lean, rotation (Plug-in Gait)"
_SPINE = "Rz(a) Rx(b) Ry(g) of the pelvis in the thorax (Plug-in Gait)"


def trunk_of_model(body: PlugInGaitBody) -> dict[str, Outcome]:
    """Return the outcomes of thorax and spine where the trunk carries its four markers; empty elsewhere."""
    if not body.has("C7", "T10", "CLAV", "STRN"):
        return {}
    return attempt(LEAN, lambda: _lean(body)) | attempt(SPINE, lambda: _spine(body))


def _lean(body: PlugInGaitBody) -> dict[str, Outcome]:
    a, b, g = traced_joint(body.subject(conventional=True), body.thorax())
    source = body.heading.conventional_source if body.heading else ""
    method = f"Plug-in Gait: thorax of C7, T10, CLAV, STRN; heading: {source}"
    parts = zip(LEAN, (signed(-1.0, a), b, signed(-1.0, g)), ("-a", "b", "-g"), strict=True)
    return {name: Outcome(angle, method, sequence=f"{part} of {_WALKWAY}") for name, angle, part in parts}


def _spine(body: PlugInGaitBody) -> dict[str, Outcome]:
    a, b, g = traced_joint(body.thorax(), body.pelvis())
    method = (
        f"Plug-in Gait: thorax of C7, T10, CLAV, STRN against the pelvis from {body.setting.pelvis_method}; contains "
        "thoracic motion and how the person stands"
    )
    parts = zip(SPINE, (a, signed(-1.0, b), g), ("a", "-b", "g"), strict=True)
    return {
        name: Outcome(angle, method, sequence=f"{part} of {_SPINE}", zero="axes of thorax and pelvis aligned")
        for name, angle, part in parts
    }
