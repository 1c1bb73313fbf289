"""What the numbers among the choices of the kinematics may be: beyond it lies another unit, or nothing of a person."""

import math
from collections.abc import Mapping

from mocap.errors import KinematicsError

_LENGTHS_M = {
    "leg_length_m": (0.25, 1.5),
    "marker_radius_m": (0.0, 0.05),
    # Five fingers of abdominal fat and more; a value in cm is above it.
    "skin_asis_m": (0.0, 0.15),
    "skin_psis_m": (0.0, 0.15),
    "landmark_sd_m": (0.0, 0.1),
    "marker_diameter_m": (0.002, 0.05),
    "inter_asis_m": (0.05, 0.5),
    **{f"knee_width_{side}_m": (0.03, 0.25) for side in "rl"},
    **{f"ankle_width_{side}_m": (0.02, 0.2) for side in "rl"},
    **{f"asis_trochanter_{side}_m": (-0.05, 0.2) for side in "rl"},
    # Without any noise the skeleton model has no weights.
    "marker_sd_m": (1e-5, 0.1),
}
_OTHERS = {
    "heading_rad": (-2.0 * math.pi, 2.0 * math.pi, "radians"),
    "gravity_sd_deg": (0.0, 20.0, "degrees"),
    "soft_tissue_scale": (0.0, 20.0, ""),
    "bridge_s": (0.0, 5.0, "seconds"),
}
RANGES: Mapping[str, tuple[float, float, str]] = {
    **{name: (low, high, "metres") for name, (low, high) in _LENGTHS_M.items()}, **_OTHERS
}  # fmt: skip
"""By the name of the choice: lowest and highest value, and the unit in words."""


def check_ranges(chosen: Mapping[str, float], defaults: Mapping[str, float]) -> None:
    """Refuse numbers that no person, marker or recording has.

    Parameters
    ----------
    chosen, defaults : mapping of str to float
        By the names of `RANGES`; NaN is a value only where it is the default (then it stands for not stated).

    Raises
    ------
    KinematicsError
        OPTION.
    """
    for name, (low, high, unit) in RANGES.items():
        value = chosen[name]
        if low <= value <= high or (math.isnan(value) and math.isnan(defaults[name])):
            continue
        raise KinematicsError(
            f"Option {name} is {value:g}, outside of {low:g} to {high:g}.",
            f"Give it in {unit}." if unit else "Give a number in that range.",
            code="OPTION",
        )


def check_stated(stated: Mapping[str, object]) -> None:
    """Refuse what is no number among the choices as somebody wrote them: what is not known is left out.

    Parameters
    ----------
    stated : mapping of str to object
        By the names of `RANGES` and others, as numbers or as text.

    Raises
    ------
    KinematicsError
        OPTION.
    """
    for name in RANGES:
        if str(stated.get(name, "")).strip().lstrip("+-").lower() == "nan":
            raise KinematicsError(
                f"Option {name} is {stated[name]}, which is no number.",
                "Give its value, or leave it out.",
                code="OPTION",
            )
