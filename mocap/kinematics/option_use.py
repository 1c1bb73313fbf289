"""Which choices of the kinematics a model heeds: one that it would ignore is refused, so that nobody rests on it."""

import math
from typing import TYPE_CHECKING

from mocap.errors import KinematicsError

if TYPE_CHECKING:
    from mocap.kinematics.options import KinematicsOptions

_BOTH_SIDES = ("knee_width_{}_m", "ankle_width_{}_m", "asis_trochanter_{}_m")
PLUG_IN_GAIT = (
    "marker_diameter_m", "inter_asis_m", *(name.format(side) for name in _BOTH_SIDES for side in "rl")
)  # fmt: skip
SKELETON = ("soft_tissue_scale", "marker_sd_m", "bridge_s")
UNUSED = {
    "segments": (*PLUG_IN_GAIT, *SKELETON),
    "skeleton": PLUG_IN_GAIT,
    "plug-in-gait": ("skin_asis_m", "skin_psis_m", "knee_axis", "pelvis", *SKELETON),
}
"""By model, what it does not use."""


def check_used(options: "KinematicsOptions") -> None:
    """Refuse choices that the model does not use.

    Raises
    ------
    KinematicsError
        OPTION.
    """
    stated = [name for name in UNUSED[options.model] if _differs(getattr(options, name), getattr(type(options), name))]
    if not stated:
        return
    users = [model for model, unused in UNUSED.items() if not set(stated) & set(unused)]
    use = f", or use model {' or '.join(repr(model) for model in users)}" if users else ""
    raise KinematicsError(
        f"Model {options.model} does not use the option{'s' * (len(stated) > 1)} {', '.join(stated)}.",
        f"Leave {'them' if len(stated) > 1 else 'it'} out{use}.",
        code="OPTION",
    )


def check_functional(options: "KinematicsOptions", *, has_knees: bool) -> None:
    """Refuse a functional knee axis that no recording shows.

    Raises
    ------
    KinematicsError
        OPTION.
    """
    if options.knee_axis == "functional" and not has_knees:
        raise KinematicsError(
            "Option knee_axis is 'functional', and no functional knee movement is given.",
            "Give the recording (functional_knee), or leave knee_axis out.",
            code="OPTION",
        )


def _differs(value: object, default: object) -> bool:
    if isinstance(value, float) and isinstance(default, float) and math.isnan(default):
        return not math.isnan(value)
    return value != default
