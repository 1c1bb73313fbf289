"""Rises from a chair: where the person leans, leaves the seat, stands, and sits again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.excursions import Excursion, ExcursionSettings, Signal, find_excursions
from mocap.assessment.facing import middle
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Found, Repetition
from mocap.assessment.sit_to_stand.settings import SitToStandSettings
from mocap.assessment.values import smoothed


@dataclass(frozen=True)
class Rise:
    """One repetition by frames; -1 where it was not found.

    Attributes
    ----------
    lean, off, standing, sitting, end : int
        The lean begins, the hips leave the seat, the person stands, begins to sit down, and sits again.
    height_m : float
        How far the hips rise.
    """

    lean: int
    off: int
    standing: int
    sitting: int
    end: int
    height_m: float


def find_rises(
    movement: Movement, limits: ExcursionSettings, settings: SitToStandSettings
) -> tuple[tuple[Rise, ...], Found]:
    """Return the rises of a trial, and the same as repetitions.

    The hips rise from the height of sitting and come back to it; the last rise may end the recording standing. Of a
    `Repetition`, `start` is seat-off, `bottom` where the person stands, and `end` where they sit again.
    """
    height = middle(movement, "HJC")[:, 2]
    if not np.isfinite(height).any():
        return (), Found((), (), ("no repetition: the hip centres are not known",))
    start_s = movement.angles.start_s
    hips = Signal(height, "the height of the hip centres", "m")
    found = find_excursions(hips, movement.rate_hz, limits, start_s, open_end=True)
    smooth = smoothed(movement, np.where(np.isfinite(height), height, np.interp(
        np.arange(len(height)), np.flatnonzero(np.isfinite(height)), height[np.isfinite(height)])), limits.filter_hz)
    speed = np.gradient(smooth) * movement.rate_hz
    rises = [_rise(movement, one, speed, limits, settings) for one in found.found]
    repetitions = [_repetition(one, rise) for one, rise in zip(found.found, rises, strict=True)]
    notes = [f"no repetition: {found.note}"] if found.note else []
    if rises and not found.rested:
        notes.append(
            f"the hips rest nowhere for {limits.still_seconds:g} s at the height of sitting, and no seat is seen: "
            "these may be squats"
        )
    return tuple(rises), Found(tuple(repetitions), found.rejected, tuple(notes))


def _repetition(one: Excursion, rise: Rise) -> Repetition:
    last = rise.sitting if rise.sitting >= 0 else one.end
    return Repetition(
        one.start, rise.standing, one.end, rise.standing, last, one.paused, one.size, one.level + one.size,
        one.start_sd_s, one.extreme_sd_s, one.end_sd_s,
    )  # fmt: skip


def _rise(
    movement: Movement, one: Excursion, speed: NDArray, limits: ExcursionSettings, settings: SitToStandSettings
) -> Rise:
    """Return the instants of a rise: each from the sample of the greatest speed of its phase."""
    up = one.start + int(np.argmax(speed[one.start : one.extreme + 1]))
    slow = max(limits.still_speed, limits.edge_speed_share * float(speed[up]))
    stands = np.flatnonzero(speed[up : one.end + 1] < slow)
    standing = up + int(stands[0]) if len(stands) else one.extreme
    down = one.extreme + int(np.argmin(speed[one.extreme : one.end + 1]))
    fast = -float(speed[down])
    if fast <= limits.still_speed:  # the recording ends before the person sits down
        return Rise(_lean(movement, one.start, settings), one.start, standing, -1, -1, one.size)
    begins = np.flatnonzero(-speed[one.extreme : down + 1] < max(limits.still_speed, limits.edge_speed_share * fast))
    sitting = one.extreme + int(begins[-1]) if len(begins) else one.extreme
    return Rise(_lean(movement, one.start, settings), one.start, standing, sitting, one.end, one.size)


def _lean(movement: Movement, off: int, settings: SitToStandSettings) -> int:
    """Return where the trunk begins to lean before seat-off; -1 where its lean is not known."""
    curve = smoothed(movement, movement.angle_deg("trunk_lean"), settings.filter_hz)
    first = max(0, off - round(settings.lean_seconds * movement.rate_hz))
    speed = np.gradient(curve)[first : off + 1] * movement.rate_hz
    if not np.isfinite(speed).all() or len(speed) < 2:
        return -1
    fastest = int(np.argmax(speed))
    still = np.flatnonzero(speed[: fastest + 1] < settings.lean_speed)
    return first + int(still[-1]) if len(still) else -1
