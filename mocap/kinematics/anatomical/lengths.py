"""Lengths and widths of a person from the static, left and right, each with its scatter over the quiet frames."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.kinematics.observability import NotObservable
from mocap.trial import Verdict

#: Standing angles whose usual range is published: low and high in deg, and where from.
STANDING_RANGES: Mapping[str, tuple[float, float, str]] = {
    "pelvic_tilt": (0.0, 23.0, "inclination of the line from PSIS to ASIS over cadaver pelves (Preece et al. 2008)"),
}


def body_lengths(body: Body) -> dict[str, float]:
    """Return the lengths that a static shows.

    Parameters
    ----------
    body : Body
        Of the quiet frames of the static.

    Returns
    -------
    dict of str to float
        m, between landmarks (marker centres where landmarks carry markers) and joint centres, mean over the frames:
        `pelvis_width_m`, `pelvis_depth_m`, and by side (`_r_m`, `_l_m`) `leg_length` (ASIS to medial malleolus),
        `knee_width`, `ankle_width`, `thigh_length`, `shank_length`, `foot_length` (heel to the front of the foot line).
        With `_sd` before the side: the standard deviation over the frames. What is not observable is left out.
    """
    found = _mean_sd("pelvis_width", "", lambda: _apart(*(v.value for v in body.need("RASIS", "LASIS"))))
    found |= _mean_sd("pelvis_depth", "", lambda: _apart(body.mid_asis().value, body.mid_psis().value))
    for side in SIDES:
        low = f"_{side.lower()}"
        pairs: Mapping[str, Callable[[], NDArray]] = {
            "leg_length": lambda: _apart(*(v.value for v in body.need(f"{side}ASIS", f"{side}MMAL"))),  # noqa: B023
            "knee_width": lambda: _apart(*(v.value for v in body.condyles(side))),  # noqa: B023
            "ankle_width": lambda: _apart(*(v.value for v in body.malleoli(side))),  # noqa: B023
            "thigh_length": lambda: _apart(body.hip(side).value, body.knee(side).value),  # noqa: B023
            "shank_length": lambda: _apart(body.knee(side).value, body.ankle(side).value),  # noqa: B023
            "foot_length": lambda: np.linalg.norm(body.foot_line(side)[0].value, axis=1),  # noqa: B023
        }
        for name, measure in pairs.items():
            found |= _mean_sd(name, low, measure)
    return found


def standing_verdicts(mean_rad: Mapping[str, float]) -> tuple[Verdict, ...]:
    """Return whether standing angles, name to mean in rad, are in the ranges that are published."""
    verdicts: tuple[Verdict, ...] = ()
    for name, (low, high, source) in STANDING_RANGES.items():
        if name in mean_rad:
            value = float(np.rad2deg(mean_rad[name]))
            limit = low if value < low else high
            text = f"standing, usual {low:g} to {high:g} deg: {source}; outside it look at the landmarks first"
            verdicts += (Verdict(f"standing_{name}", value, limit, "deg", low <= value <= high, text),)
    return verdicts


def skin_facts(size: PelvisSize | None, hip_method: str) -> dict[str, float | str]:
    """Return what the soft tissue over ASIS and PSIS, as entered, does to the hip centres; nothing without any."""
    if size is None or not (size.skin_asis or size.skin_psis):
        return {}
    seen = hip_centre(hip_method, replace(size, skin_asis=0.0, skin_psis=0.0), 1.0)
    moved = hip_centre(hip_method, size, 1.0) - seen
    return {
        "skin_asis_m": size.skin_asis,
        "skin_psis_m": size.skin_psis,
        "skin_effect": f"moves the hip centres of the regression by {1e3 * moved[0]:+.1f} mm forward, "
        f"{1e3 * moved[1]:+.1f} up and {1e3 * moved[2]:+.1f} outward; tilt by 0.0 deg",
    }


def _apart(one: NDArray, other: NDArray) -> NDArray:
    return np.linalg.norm(other - one, axis=1)


def _mean_sd(name: str, side: str, measure: Callable[[], NDArray]) -> dict[str, float]:
    try:
        values = measure()
    except NotObservable:
        return {}
    values = values[np.isfinite(values)]
    if not len(values):
        return {}
    return {f"{name}{side}_m": float(values.mean()), f"{name}_sd{side}_m": float(values.std())}
