"""Repetitions of a hinge, by the lean of the trunk."""

import numpy as np

from mocap.assessment.excursions import Excursion, Excursions, ExcursionSettings, find_excursions
from mocap.assessment.facing import middle
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition

SIGNAL = "trunk_lean"


def hinge_repetitions(
    movement: Movement, settings: ExcursionSettings
) -> tuple[tuple[Repetition, ...], Excursions]:
    """Return the repetitions of a hinge: start, bottom and return of the forward lean of the trunk.

    Returns
    -------
    repetitions : tuple of Repetition
        `depth_m` is the drop of the hip centres, NaN where they are not known.
    Excursions
        The same with the size of each in deg, what was rejected, and why there is none.
    """
    reason = movement.why_not(SIGNAL)
    if reason:
        return (), Excursions((), (), f"trunk lean is not observable: {reason}")
    found = find_excursions(movement.angle_deg(SIGNAL), movement.rate_hz, settings, float(movement.time_s[0]))
    return tuple(_repetition(movement, one) for one in found.found), found


def _repetition(movement: Movement, one: Excursion) -> Repetition:
    height = middle(movement, "HJC")[:, 2]
    standing = float(height[one.start])
    lowest = height[one.still_from : one.still_to + 1]
    depth = standing - float(np.nanmean(lowest)) if np.isfinite(lowest).any() else float("nan")
    return Repetition(
        one.start, one.extreme, one.end, one.still_from, one.still_to, one.paused, depth, standing, one.start_sd_s,
        one.extreme_sd_s, one.end_sd_s,
    )  # fmt: skip
