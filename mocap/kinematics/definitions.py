"""The words that travel with every angle: what it is, in which order, which direction is +, and what reads 0."""

from dataclasses import dataclass

from mocap.kinematics.anatomical.names import FUNCTIONAL_VERDICTS, SLIP_VERDICTS, STANDING_VERDICTS
from mocap.kinematics.landmarks import TRACKED
from mocap.kinematics.observability import Outcome
from mocap.trial import AngleDefinition


@dataclass(frozen=True)
class Words:
    """The standard words of an angle."""

    definition: str
    sequence: str
    positive: str
    zero: str


_BAKER = "rotation, obliquity, tilt: Ry(rotation) Rx(-obliquity) Rz(-tilt) (Baker 2001)"
_CONVENTIONAL = "tilt, obliquity, rotation: Rz(-tilt) Rx(-obliquity) Ry(rotation) (Plug-in Gait)"
_JCS = "Rz(a) Rx(b) Ry(g) of distal in proximal (Grood and Suntay 1983, ISB)"
_PELVIS = "Pelvis (ASIS, PSIS) against the subject frame (gravity, heading)"
_LUMBAR = "Segment at T12/L1 against the pelvis, relative to the static: R_PT R0^T"
_TANGENTS = "angle in the sagittal plane of the pelvis"
_BENT = "flexion (kyphosis); lordosis is negative"
_STRAIGHT = "tangents parallel, a straight spine"
_UPRIGHT = "line of mid-ASIS and mid-PSIS level"

TRUNK_WORDS = {
    "pelvic_tilt": Words(f"{_PELVIS}.", _BAKER, "anterior", _UPRIGHT),
    "pelvic_obliquity": Words(f"{_PELVIS}.", _BAKER, "right side up", "line of the ASIS level"),
    "pelvic_rotation": Words(f"{_PELVIS}.", _BAKER, "right side forward", "pelvis facing the heading"),
    "pelvic_tilt_conventional": Words(f"{_PELVIS}.", _CONVENTIONAL, "anterior", _UPRIGHT),
    "pelvic_obliquity_conventional": Words(f"{_PELVIS}.", _CONVENTIONAL, "right side up", "line of the ASIS level"),
    "pelvic_rotation_conventional": Words(
        f"{_PELVIS}.", _CONVENTIONAL, "right side forward", "pelvis facing the heading"
    ),
    "pelvic_tilt_clinical": Words(
        "Elevation of the line from mid-PSIS to mid-ASIS below the horizontal.", "line against gravity", "anterior",
        "line level",
    ),
    "lumbar_flexion": Words(f"{_LUMBAR}.", f"-a of {_JCS}", "flexion (forward)", "as in the static trial"),
    "lumbar_lateral_bend": Words(f"{_LUMBAR}.", f"b of {_JCS}", "to the right", "as in the static trial"),
    "lumbar_rotation": Words(f"{_LUMBAR}.", f"-g of {_JCS}", "to the right", "as in the static trial"),
    "thoracopelvic_flexion": Words("Thorax against the pelvis.", f"-a of {_JCS}", "flexion (forward)", ""),
    "trunk_lean": Words("Thorax against gravity.", _BAKER, "forward", "Y axis of the thorax vertical"),
    "trunk_lateral_lean": Words(
        "Thorax against gravity.", f"minus the obliquity of {_BAKER}", "to the right", "Z axis of the thorax level"
    ),
    "trunk_rotation": Words(
        "Thorax against the subject frame (gravity, heading).", f"minus the rotation of {_BAKER}",
        "to the right (left side forward)", "thorax facing the heading",
    ),
    "thoracopelvic_lateral_bend": Words("Thorax against the pelvis.", f"b of {_JCS}", "to the right", ""),
    "thoracopelvic_rotation": Words("Thorax against the pelvis.", f"-g of {_JCS}", "to the right", ""),
    "lumbar_curvature": Words("Tangent of the spine at T12 against that at S1.", _TANGENTS, _BENT, _STRAIGHT),
    "lumbar_curvature_upper": Words("Tangent of the spine at T12 against that at L3.", _TANGENTS, _BENT, _STRAIGHT),
    "lumbar_curvature_lower": Words("Tangent of the spine at L3 against that at S1.", _TANGENTS, _BENT, _STRAIGHT),
    "thoracic_curvature": Words("Tangent of the spine at C7 against that at T12.", _TANGENTS, _BENT, _STRAIGHT),
}  # fmt: skip

LEG_WORDS = {
    "hip_flexion": Words("Femur against the pelvis.", f"a of {_JCS}", "flexion", "long axes aligned"),
    "hip_adduction": Words("Femur against the pelvis.", f"s b of {_JCS}", "adduction", "axes aligned"),
    "hip_rotation": Words("Femur against the pelvis.", f"s g of {_JCS}", "internal", "axes aligned"),
    "knee_flexion": Words("Proximal shank against the femur.", f"-a of {_JCS}", "flexion", "long axes aligned"),
    "knee_varus": Words("Proximal shank against the femur.", f"s b of {_JCS}", "varus (adduction)", "axes aligned"),
    "knee_rotation": Words(
        "Proximal shank against the femur.", f"s g of {_JCS}", "internal", "epicondylar axes as in the static trial"
    ),
    "ankle_dorsiflexion": Words(
        "Foot against the distal shank.", f"a of {_JCS}", "dorsiflexion", "shank perpendicular to the sole"
    ),
    "ankle_inversion": Words("Foot against the distal shank.", f"s b of {_JCS}", "inversion", "axes aligned"),
    "shank_inclination": Words(
        "Line from ankle to knee centre against the vertical, in the vertical plane of the foot.",
        "angle in a plane", "knee in front of the ankle", "line vertical",
    ),
    "thigh_elevation": Words(
        "Elevation of the line from knee to hip centre above the horizontal.", "line against gravity",
        "hip above the knee", "thigh level",
    ),
    "foot_progression": Words(
        "Foot line against the heading, in the floor plane.", "about the vertical", "toes out", "along the heading"
    ),
    "knee_tracking": Words(
        "Horizontal part of the line from ankle to knee centre against the foot line.", "about the vertical",
        "knee lateral to the foot line", "knee above the foot line",
    ),
    "thigh_inclination": Words(
        "Line from hip to knee centre against the downward vertical, in the vertical plane of the heading.",
        "angle in a plane", "knee in front of the hip", "thigh hanging straight down",
    ),
    "sole_pitch": Words(
        "Elevation of the sole's forward axis above the horizontal.", "line against gravity", "toes up", ""
    ),
    "pelvic_tilt_clinical": Words(
        "Elevation of the line from PSIS to ASIS of one side below the horizontal.", "line against gravity",
        "anterior", "line level",
    ),
}  # fmt: skip

ANGLE_NAMES: tuple[str, ...] = (*TRUNK_WORDS, *(f"{name}_{side}" for name in LEG_WORDS for side in "rl"))
"""Every angle, in the order of the angle axis."""

GRAVITY_ANGLES: frozenset[str] = frozenset(
    name
    for name in ANGLE_NAMES
    if name.startswith(("pelvic_", "trunk_", "shank_", "thigh_", "foot_progression", "knee_tracking", "sole_"))
)
"""Angles that are measured against the vertical, and not observable where that is not known.

Dorsiflexion and inversion with foot=flat take the sole as level in the static trial; without gravity they stay, of the
anatomical foot, so that they are not among these.
"""


def definition_of(name: str, outcome: Outcome, reason: str = "") -> AngleDefinition:
    """Return the definition of an angle as it was computed.

    Parameters
    ----------
    name : str
        One of `ANGLE_NAMES`.
    outcome : Outcome
    reason : str
        Why it carries no value after all; makes it not observable.
    """
    words = TRUNK_WORDS[name] if name in TRUNK_WORDS else LEG_WORDS[name[:-2]]
    observable = outcome.angle is not None and not reason
    return AngleDefinition(
        name=name,
        definition=outcome.definition or words.definition,
        sequence=outcome.sequence or words.sequence,
        positive=outcome.positive or words.positive,
        zero=outcome.zero or words.zero,
        reference=outcome.reference,
        method=outcome.method,
        observable=observable,
        reason=reason or outcome.reason,
    )

#: Names of the verdicts that `kinematics` may give, so that a later analysis can replace those of an earlier one.
VERDICT_NAMES: frozenset[str] = frozenset(
    {
        "static_same_subject", "static_quiet", "pelvis_width", "pelvis_depth", "pelvis_sta", "cardan_r", "cardan_l",
        "upright", "feet_level", "static_upright", "static_feet_level", "physiology", "static_physiology",
        "skeleton_gap", "skeleton_settled", "skeleton_left_out", "skeleton_agreement",
        "flat_foot_r", "flat_foot_l",
        "labels_exchanged", "static_labels_exchanged", "labels_in_order", "static_labels_in_order", "static_usable",
        "static_landmarks",
        "points_frozen", "points_leaping", "points_off_course", "points_far_off_the_body",
        "points_coincident", "static_points_coincident", "calibration_points_coincident",
        "points_absurd", "static_points_absurd", "calibration_points_absurd",
        "markers_moved", "one_heading", "measures_sides", "measures_changed",
        "static_same_placement",
    }
    | {"floor_level", "same_vertical", "static_balance"}
    | FUNCTIONAL_VERDICTS
    | {f"residual_{name}" for parts in TRACKED.values() for names in parts for name in names}
    | SLIP_VERDICTS
    | STANDING_VERDICTS
)
