"""Angles of other programs under our names and signs: OpenSim's coordinates and Plug-in Gait's model outputs.

Signs and orders of OpenSim are those of the axes of its usual models (gait2392, Rajagopal 2016): the pelvis turns about
Z (right), X (forward), Y (up) by tilt, list and rotation, so that anterior tilt and right side up are negative there.
Those of Plug-in Gait were found from the segment axes that its C3D files carry.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.definitions import LEG_WORDS, TRUNK_WORDS
from mocap.trial import AngleDefinition, JointAngles

PREFIX = "imported_"
_FLEXED_DEG, _EXTENDED_DEG = 30.0, 20.0  # a knee bends back by more, never forward by more


@dataclass(frozen=True)
class _Counterpart:
    """Which of our angles another program's output is, and what turns it into ours."""

    name: str
    sign: int
    definition: str
    sequence: str
    zero: str


@dataclass(frozen=True)
class _Own:
    """Where Plug-in Gait's words for an angle are not ours; empty where they are."""

    sequence: str = ""
    zero: str = ""
    definition: str = ""


_GROUND = "Pelvis of the model against its ground"
_PELVIS = "tilt, list, rotation: Rz Rx Ry against the ground frame of the model"
_TORSO = "Torso of the model against its pelvis"
_TORSO_TURNS = "extension, bending, rotation of one joint: Rz Rx Ry of the torso in the pelvis of the model"
_HIP = "flexion, adduction, rotation: Rz Rx Ry of the femur in the pelvis of the model"
_MODEL = "the model's segments aligned"
_OPENSIM: tuple[tuple[str, _Counterpart], ...] = (
    *(
        (coordinate, _Counterpart(f"{name}{order}", sign, _GROUND, _PELVIS, zero))
        for coordinate, name, sign, zero in (
            ("pelvis_tilt", "pelvic_tilt", -1, "pelvis of the model level, as its markers were registered"),
            ("pelvis_list", "pelvic_obliquity", -1, "pelvis of the model level"),
            ("pelvis_rotation", "pelvic_rotation", 1, "pelvis facing the X axis of the ground"),
        )
        for order in ("", "_conventional")
    ),
    *(
        (f"lumbar_{own}", _Counterpart(f"thoracopelvic_{ours}", sign, _TORSO, _TORSO_TURNS, _MODEL))
        for own, ours, sign in (
            ("extension", "flexion", -1), ("bending", "lateral_bend", 1), ("rotation", "rotation", -1),
        )
    ),
    *(
        (f"{coordinate}_{side}", _Counterpart(f"{name}_{side}", 1, f"{what} of the model", sequence, _MODEL))
        for coordinate, name, what, sequence in (
            ("hip_flexion", "hip_flexion", "Femur against the pelvis", _HIP),
            ("hip_adduction", "hip_adduction", "Femur against the pelvis", _HIP),
            ("hip_rotation", "hip_rotation", "Femur against the pelvis", _HIP),
            ("knee_angle", "knee_flexion", "Tibia against the femur", "the one axis of the model's knee"),
            ("ankle_angle", "ankle_dorsiflexion", "Talus against the tibia", "the one axis of the model's ankle"),
            ("subtalar_angle", "ankle_inversion", "Calcaneus against the talus", "the model's oblique subtalar axis"),
        )
        for side in "rl"
    ),
)  # fmt: skip

# Where Plug-in Gait has an angle of its own, in the words that our model of it (`--model plug-in-gait`) has for it.
_FOOT = "Rz(a) Rx(b) Ry(g) of the foot, Y along its long axis towards the heel, in the shank"
_WANDS = "femur and shank, both turned by their wands, aligned"
_SPINE = "Rz(a) Rx(b) Ry(g) of the pelvis in the thorax (Plug-in Gait)"
_WALKWAY = "Rz(a) Rx(b) Ry(g) of the thorax in the frame of the heading: lean, lateral lean, rotation (Plug-in Gait)"
_TRUNK_ALIGNED = "axes of thorax and pelvis aligned"
_TILT_FIRST = TRUNK_WORDS["pelvic_tilt_conventional"].sequence
#: Label without side, component, our name without side, sign of the right and of the left one, own words.
_PLUG_IN_GAIT: tuple[tuple[str, int, str, int, int, _Own], ...] = (
    ("Pelvis", 0, "pelvic_tilt_conventional", 1, 1, _Own()),
    ("Pelvis", 1, "pelvic_obliquity_conventional", 1, -1, _Own()),
    ("Pelvis", 2, "pelvic_rotation_conventional", 1, -1, _Own()),
    ("Pelvis", 0, "pelvic_tilt", 1, 1, _Own(_TILT_FIRST)),
    ("Pelvis", 1, "pelvic_obliquity", 1, -1, _Own(_TILT_FIRST)),
    ("Pelvis", 2, "pelvic_rotation", 1, -1, _Own(_TILT_FIRST)),
    ("Thorax", 0, "trunk_lean", 1, 1, _Own(f"-a of {_WALKWAY}")),
    ("Thorax", 1, "trunk_lateral_lean", -1, 1, _Own(f"b of {_WALKWAY}")),
    ("Thorax", 2, "trunk_rotation", -1, 1, _Own(f"-g of {_WALKWAY}")),
    ("Spine", 0, "thoracopelvic_flexion", 1, 1, _Own(f"a of {_SPINE}", _TRUNK_ALIGNED)),
    ("Spine", 1, "thoracopelvic_lateral_bend", 1, -1, _Own(f"-b of {_SPINE}", _TRUNK_ALIGNED)),
    ("Spine", 2, "thoracopelvic_rotation", 1, -1, _Own(f"g of {_SPINE}", _TRUNK_ALIGNED)),
    ("Hip", 0, "hip_flexion", 1, 1, _Own()), ("Hip", 1, "hip_adduction", 1, 1, _Own()),
    ("Hip", 2, "hip_rotation", 1, 1, _Own()),
    ("Knee", 0, "knee_flexion", 1, 1, _Own(zero=_WANDS)), ("Knee", 1, "knee_varus", 1, 1, _Own(zero=_WANDS)),
    ("Knee", 2, "knee_rotation", 1, 1, _Own(zero=_WANDS)),
    ("Ankle", 0, "ankle_dorsiflexion", 1, 1,
     _Own(f"a - 90 deg of {_FOOT}", "shank perpendicular to the long axis of the foot")),
    ("Ankle", 1, "ankle_inversion", -1, -1,
     _Own(f"-s g of {_FOOT}", "mediolateral axis of the foot along that of the shank")),
    ("FootProgress", 2, "foot_progression", -1, -1, _Own(
        "last of three Cardan angles of the foot against the laboratory", "along the walking direction, snapped to a "
        "lab axis", "Long axis of the foot against the laboratory.")),
)  # fmt: skip
_LABEL = re.compile(r"(?:.*:)?([LR])(\w+?)AnglesV?$")


def plug_in_gait_angles(
    model: Mapping[str, NDArray], rate_hz: float, start_s: float, source: str
) -> JointAngles | None:
    """Return the model outputs of a Plug-in Gait file as angles of ours; None where it has none that are known.

    Parameters
    ----------
    model : mapping of str to ndarray, shape (time, 3)
        Degrees, by label (`LHipAngles`); a subject's prefix and the suffix `V` are allowed.
    rate_hz, start_s : float
    source : str
        The file, for the method.
    """
    found = {(match[1], match[2]): label for label in model if (match := _LABEL.fullmatch(label))}
    definitions: list[AngleDefinition] = []
    columns = []
    for stem, component, ours, right, left, own in _PLUG_IN_GAIT:
        sided = ours in LEG_WORDS
        for side, sign in (("R", right), ("L", left)):
            name = f"{ours}_{side.lower()}" if sided else ours
            label = found.get((side, stem))
            if label is None or name in {one.name for one in definitions}:
                continue
            part = f"{'-' if sign < 0 else ''}{'xyz'[component]} of {label}"
            words = LEG_WORDS[ours] if sided else TRUNK_WORDS[ours]
            definitions.append(AngleDefinition(
                name, own.definition or words.definition, own.sequence or words.sequence, words.positive,
                own.zero or words.zero, "absolute",
                f"{part} in {source} (Plug-in Gait)",
            ))  # fmt: skip
            columns.append(sign * model[label][:, component])
    if not definitions:
        return None
    return JointAngles(tuple(definitions), np.deg2rad(np.stack(columns, axis=1)), rate_hz, start_s=start_s)


def opensim_angles(angles: JointAngles) -> tuple[JointAngles | None, tuple[str, ...]]:
    """Return OpenSim's coordinates among imported angles as angles of ours, and what has to be told of signs.

    Parameters
    ----------
    angles : JointAngles
        Named `imported_<coordinate>`.

    Returns
    -------
    angles : JointAngles or None
        None without a known coordinate.
    notes : tuple of str
    """
    definitions, columns, notes = [], [], []
    for coordinate, ours in _OPENSIM:
        if f"{PREFIX}{coordinate}" not in angles.names:
            continue
        values = angles[f"{PREFIX}{coordinate}"]
        sign = ours.sign
        if coordinate.startswith("knee_angle") and _bends_back(values):
            sign = -sign
            notes.append(f"{coordinate} is negative in flexion, by its values: turned round")
        imported = angles.definition(f"{PREFIX}{coordinate}")
        definitions.append(replace(
            imported, name=ours.name, definition=f"{ours.definition}.", sequence=ours.sequence, zero=ours.zero,
            positive=_positive(ours.name),
            method=f"{'-' if sign < 0 else ''}{coordinate}, imported",
        ))  # fmt: skip
        columns.append(sign * values)
    if not definitions:
        return None, ()
    translated = JointAngles(
        tuple(definitions), np.stack(columns, axis=1), angles.rate_hz, start_s=angles.start_s
    )
    return translated, tuple(notes)


def without_counterpart(names: Iterable[str], translated: JointAngles | None) -> tuple[str, ...]:
    """Return the imported angles that no angle of ours corresponds to."""
    used = {coordinate for coordinate, ours in _OPENSIM if translated is not None and ours.name in translated.names}
    return tuple(name for name in names if name.removeprefix(PREFIX) not in used)


def _positive(name: str) -> str:
    return (TRUNK_WORDS[name] if name in TRUNK_WORDS else LEG_WORDS[name[:-2]]).positive


def _bends_back(values: NDArray) -> bool:
    known = np.rad2deg(values[np.isfinite(values)])
    return len(known) > 0 and bool(np.quantile(known, 0.01) < -_FLEXED_DEG and np.quantile(known, 0.99) < _EXTENDED_DEG)
