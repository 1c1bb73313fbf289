"""Lunges of the leg in front, found in the inclination of its shank."""

from dataclasses import dataclass

import numpy as np

from mocap.assessment.excursions import Excursion, ExcursionSettings, Signal, find_excursions
from mocap.assessment.facing import facing, middle
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases, phases
from mocap.assessment.repetitions import Found, Repetition

_WORDS = {"R": "right", "L": "left"}
_APART_M = 0.05  # from heel to heel along the way the person faces: less, and no leg is in front


@dataclass(frozen=True, eq=False)
class Lunge:
    """One lunge.

    Attributes
    ----------
    side : str
        `R` or `L`: the leg in front.
    repetition : Repetition
    part : Phases
    """

    side: str
    repetition: Repetition
    part: Phases

    @property
    def word(self) -> str:
        """`right` or `left`."""
        return _WORDS[self.side]


def find_lunges(
    movement: Movement, settings: ExcursionSettings, standing_seconds: float
) -> tuple[tuple[Lunge, ...], Found]:
    """Return the lunges of both legs in order, and the same as repetitions with what was rejected.

    A lunge is an excursion of the shank's inclination of the leg in front: the one that the context's `side` names,
    else the one whose heel is ahead of the other's. What the rear shank does is no lunge.
    """
    lunges: list[Lunge] = []
    rejected, notes = [], []
    for side in "RL":
        name = f"shank_inclination_{side.lower()}"
        reason = movement.why_not(name)
        if reason:
            notes.append(f"no lunge of the {_WORDS[side]} leg: its shank is not observable: {reason}")
            continue
        start_s = movement.angles.start_s
        shank = Signal(movement.angle_deg(name), f"the inclination of the {_WORDS[side]} shank", "deg")
        found = find_excursions(shank, movement.rate_hz, settings, start_s)
        for one in found.found:
            made = _repetition(movement, one)
            if front_leg(movement, made) == side:
                lunges.append(Lunge(side, made, phases(movement, made, standing_seconds)))
        rejected += [one for one in found.rejected if _front_at(movement, one.bottom_s) == side]
    lunges.sort(key=lambda one: one.repetition.bottom)
    if not lunges:
        least = f"{settings.smallest:g} deg or more"
        notes.append(f"no lunge: no shank of a leg in front inclines by {least} and comes back")
    repetitions = tuple(one.repetition for one in lunges)
    return tuple(lunges), Found(repetitions, tuple(sorted(rejected, key=lambda one: one.bottom_s)), tuple(notes))


def front_leg(movement: Movement, repetition: Repetition) -> str:
    """Return `R` or `L`, the leg in front at the furthest of a repetition; empty where neither is."""
    return _front(movement, repetition.bottom)


def _front_at(movement: Movement, time_s: float) -> str:
    if not np.isfinite(time_s):
        return ""
    return _front(movement, round((time_s - movement.angles.start_s) * movement.rate_hz))


def _front(movement: Movement, frame: int) -> str:
    stated = str(movement.context.get("side", "")).strip().lower()
    if stated in ("right", "left", "r", "l"):
        return stated[0].upper()
    seen = facing(movement, np.array([frame]))
    if not seen.known:
        return ""
    ahead = float((movement.place("RHEEL") - movement.place("LHEEL"))[frame] @ seen.ahead)
    if not np.isfinite(ahead) or abs(ahead) < _APART_M:
        return ""
    return "R" if ahead > 0 else "L"


def _repetition(movement: Movement, one: Excursion) -> Repetition:
    height = middle(movement, "HJC")[:, 2]
    drop, standing = float(height[one.start] - height[one.extreme]), float(height[one.start])
    return Repetition(
        one.start, one.extreme, one.end, one.still_from, one.still_to, one.paused, drop, standing, one.start_sd_s,
        one.extreme_sd_s, one.end_sd_s,
    )  # fmt: skip
