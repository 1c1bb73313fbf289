"""Names of what anatomical calibration judges and keeps."""

HIP_GATES = ("flexion", "abduction", "condition", "residual", "distance")
KNEE_GATES = ("flexion", "hinge", "residual", "tilt")

FUNCTIONAL_VERDICTS: frozenset[str] = frozenset(
    f"functional_{joint}_{side}{gate}"
    for joint, gates in (("hip", HIP_GATES), ("knee", KNEE_GATES))
    for side in "rl"
    for gate in ("", *(f"_{gate}" for gate in gates))
)
"""Verdicts on functional hip centres and knee axes: whether each was used, and its gates."""

_SEGMENTS = ("pelvis", "lumbar", "thorax", *(f"{part}_{side}" for part in ("femur", "shank", "foot") for side in "rl"))
STANDING_VERDICTS: frozenset[str] = frozenset({"standing_pelvic_tilt"})
"""Verdicts on standing angles whose usual range is published."""

SLIP_VERDICTS: frozenset[str] = frozenset(
    {"plate_slip", "closing_static", "closing_quiet"}
    | {f"{kind}_same_subject" for kind in ("functional_hip", "functional_knee", "pointing", "closing")}
    | {f"closing_{segment}_{what}" for segment in _SEGMENTS for what in ("shape", "shift", "turn")}
)
"""Verdicts on plates and clusters that moved on their segment, within a trial or between two statics."""
