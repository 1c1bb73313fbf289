"""Repetitions of a hinge, by the lean of the trunk."""

from dataclasses import replace

import numpy as np

from mocap.assessment.excursions import Excursion, Excursions, ExcursionSettings, Signal, find_excursions
from mocap.assessment.facing import middle
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.trial import Rejected

SIGNAL = "trunk_lean"
_KNOWN = 0.6  # least share of the frames in which a knee is to be known


def hinge_repetitions(
    movement: Movement, settings: ExcursionSettings, most_knee_share: float
) -> tuple[tuple[Repetition, ...], Excursions]:
    """Return the repetitions of a hinge: start, bottom and return of the forward lean of the trunk.

    One in which the knees bend by more than `most_knee_share` of the lean is a squat, and is rejected.

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
    lean = Signal(movement.angle_deg(SIGNAL), "the lean of the trunk", "deg")
    found = _without_squats(
        movement, find_excursions(lean, movement.rate_hz, settings, float(movement.time_s[0])), most_knee_share
    )
    return tuple(_repetition(movement, one) for one in found.found), found


def hinge_candidates(movement: Movement, found: Excursions) -> tuple[Repetition, ...]:
    """Return the rejected ones that a reviewer may take all the same."""
    return tuple(_repetition(movement, one) for one in found.refused)


def _without_squats(movement: Movement, found: Excursions, most_knee_share: float) -> Excursions:
    """Return excursions of the trunk without those in which the knees bend more; they are among the rejected."""
    times, taken, rejected, unknown = movement.time_s, [], list(found.rejected), 0
    refused = list(found.refused)
    for one in found.found:
        bend = _knee_bend_deg(movement, one)
        if not bend > most_knee_share * one.size:
            taken.append(one)
            unknown += not np.isfinite(bend)
            continue
        refused.append(one)
        rejected.append(Rejected(
            float(times[one.start]), float(times[one.extreme]), float(times[one.end]),
            f"the knees bend by {bend:.0f} deg and the trunk leans by {one.size:.0f} deg: a squat, not a hinge",
        ))  # fmt: skip
    note = found.note if taken or found.note else f"all {len(rejected)} candidates were rejected"
    if unknown:
        note = f"{unknown} of {len(taken)} may be squats: how far the knees bend is not known"
    ordered = tuple(sorted(rejected, key=_when))
    return replace(found, found=tuple(taken), rejected=ordered, note=note, refused=tuple(refused))


def _when(one: Rejected) -> float:
    return one.bottom_s


def _knee_bend_deg(movement: Movement, one: Excursion) -> float:
    """Return how far the knees bend in a repetition, the mean of those known in most of its frames; else NaN."""
    names = [name for name in ("knee_flexion_r", "knee_flexion_l") if not movement.why_not(name)]
    knees = [movement.angle_deg(name)[one.start : one.end + 1] for name in names]
    bends = [float(np.ptp(knee[np.isfinite(knee)])) for knee in knees
             if np.isfinite(knee).mean() >= _KNOWN and np.isfinite(knee[_middle(len(knee))]).any()]  # fmt: skip
    return float(np.mean(bends)) if bends else float("nan")


def _middle(n: int) -> slice:
    """Return the middle third of n frames, in which the knees are bent most."""
    return slice(n // 3, n - n // 3)


def _repetition(movement: Movement, one: Excursion) -> Repetition:
    height = middle(movement, "HJC")[:, 2]
    standing = float(height[one.start])
    lowest = height[one.still_from : one.still_to + 1]
    depth = standing - float(np.nanmean(lowest)) if np.isfinite(lowest).any() else float("nan")
    return Repetition(
        one.start, one.extreme, one.end, one.still_from, one.still_to, one.paused, depth, standing, one.start_sd_s,
        one.extreme_sd_s, one.end_sd_s,
    )  # fmt: skip
