"""Left against right: plain differences, and a symmetry index where it means something."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.lab import NOT_FROM_LAB
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import Value, angle_over, column, combined, withheld
from mocap.trial import Metric

_ANGLES = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")


def side_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return right minus left of the sagittal angles at the bottom, and their symmetry index."""
    columns: list[Metric] = []
    for name in _ANGLES:
        right, left = ([angle_over(movement, f"{name}_{side}", part.bottom) for part in parts] for side in "rl")
        sides = list(zip(right, left, strict=True))
        words = name.replace("_", " ")
        sem, source = _sem_of(movement, name, settings)
        columns += [
            column(f"{name}_difference", "deg", f"Right minus left {words} at the bottom.",
                   [difference(*one) for one in sides]),
            column(f"{name}_symmetry_index", "%", f"100 (R - L) / half of (R + L) of {words} at the bottom "
                   "(Robinson et al. 1987). Withheld where a side is not above 0, or their mean under "
                   f"{settings.symmetry_sem_factor:g} standard errors of measurement ({sem:.3g} deg, {source}).",
                   [symmetry_index(*one, settings, sem) for one in sides]),
        ]  # fmt: skip
    return tuple(columns)


def difference(right: Value, left: Value) -> Value:
    """Return right minus left."""
    if not (right.known and left.known):
        return right if not right.known else left
    return combined(right.value - left.value, [(1.0, right.sd), (1.0, left.sd)], n=right.n + left.n)


def _sem_of(movement: Movement, name: str, settings: StanceSettings) -> tuple[float, str]:
    """Return the standard error of measurement of an angle at the bottom, deg, and where it is from.

    The lab's own where it is known of both sides, the larger one; else that of the settings.
    """
    own = [movement.lab(f"{name}_{side}_bottom", "deg", (0, 0)) for side in "rl"]
    known = [one for one in own if one is not None and np.isfinite(one.sem)]
    if len(known) < len(own):
        return settings.symmetry_sem_deg, NOT_FROM_LAB
    largest = max(known, key=lambda one: one.sem)
    return largest.sem, largest.source


def symmetry_index(right: Value, left: Value, settings: StanceSettings, sem_deg: float | None = None) -> Value:
    """Return 100 (R - L) / (0.5 (R + L)), or why it is refused; `sem_deg` in place of that of the settings."""
    if not (right.known and left.known):
        return right if not right.known else left
    mean = (right.value + left.value) / 2
    least = settings.symmetry_sem_factor * (settings.symmetry_sem_deg if sem_deg is None else sem_deg)
    if min(right.value, left.value) <= 0:
        return withheld("withheld: a symmetry index needs both sides above 0")
    if mean < least:
        return withheld(f"withheld: the mean of both sides is {mean:.1f} deg, less than {least:.1f} deg")
    index = 100.0 * (right.value - left.value) / mean
    slopes = 100.0 * left.value / mean**2, -100.0 * right.value / mean**2
    return combined(index, [(slopes[0], right.sd), (slopes[1], left.sd)], n=int(np.sum([right.n, left.n])))
