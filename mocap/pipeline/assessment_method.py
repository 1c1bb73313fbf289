"""How a trial was measured, as far as results of another have to share it to be compared."""

from mocap.pipeline.stated_options import options_in_words
from mocap.trial import Operation, Trial

STEP = "assess"
DETECTED_BY = "detected_by"
"""Of the step `assess`: the smallest detectable changes that decide what is detected, by metric."""
_SAID = ("notes", "points", "effective_cutoff_hz")  # what a filter says of one trial


def method_of(trial: Trial, task: str, protocol_sha256: str) -> dict[str, str]:
    """Return what results of another trial have to share to be compared with those of this one."""
    steps = {one.name: one for one in trial.operations}
    computed = steps.get("kinematics", Operation("kinematics"))
    kinematics = computed.parameters
    smooth = steps.get("smooth")
    kept = {} if smooth is None else {key: value for key, value in smooth.parameters.items() if key not in _SAID}
    told = ", ".join(f"{key} {_shown(value)}" for key, value in sorted(kept.items()))
    return {
        "task": task, "protocol_sha256": protocol_sha256,
        "marker_set": str(kinematics.get("marker_set", "not stated")),
        "model": str(kinematics.get("model", "not stated")), "options": options_in_words(computed),
        "filter": told or "none",
    }  # fmt: skip


def detected_by(trial: Trial, task: str) -> str:
    """Return the smallest detectable changes that decided what was detected in a task; empty where none did.

    They are of the lab's reliability or of the default, which the digest of the protocol does not hold. The study that
    a reliability is made of was detected by another one, so that they are no part of `method_of`.
    """
    steps = (one.parameters for one in trial.operations if one.name == STEP)
    return next((str(one.get(DETECTED_BY, "")) for one in steps if one.get("task") == task), "")


def _shown(value: str | float | int | bool) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
