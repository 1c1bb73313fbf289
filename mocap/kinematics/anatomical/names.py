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
