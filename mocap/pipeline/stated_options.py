"""Choices of the kinematics as a trial file keeps them, so that results made by others are told apart."""

import json
from dataclasses import asdict

from mocap.kinematics import KinematicsOptions
from mocap.trial import Operation

#: What is the person's own, said elsewhere (task, model), or changes no value: a gate, a proxy beside, what is doubted.
_APART = (
    "task", "model", "leg_length_m", "inter_asis_m", "knee_width_r_m", "knee_width_l_m", "ankle_width_r_m",
    "ankle_width_l_m", "asis_trochanter_r_m", "asis_trochanter_l_m", "marker_diameter_m", "sex", "posture",
    "static_check", "physiology", "proxies", "gravity_sd_deg",
)  # fmt: skip


def stated_options(options: KinematicsOptions) -> str:
    """Return the options that differ from their defaults, without the task, as JSON sorted by name."""
    default = asdict(KinematicsOptions())
    # NaN, a default, is like no number; as text it is like itself.
    told = {key: value for key, value in asdict(options).items() if key != "task" and str(value) != str(default[key])}
    return json.dumps(told, sort_keys=True)


def options_in_words(kinematics: Operation) -> str:
    """Return the options of an operation `kinematics` that results have to share to be compared.

    A file that keeps none, of an older version, says `not stated`.
    """
    told = kinematics.parameters.get("options")
    if told is None:
        return "not stated"
    shared = {key: value for key, value in json.loads(str(told)).items() if key not in _APART}
    return ", ".join(f"{key} {value}" for key, value in sorted(shared.items())) or "usual"
