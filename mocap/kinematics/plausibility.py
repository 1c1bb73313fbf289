"""Is this a person, in metres, right on the right? Refuses what cannot be, flags what is unusual."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import (
    Positions,
    cosines,
    feet_middle,
    first,
    median,
    median_length,
    middle,
    minus,
    pelvis_middle,
    pelvis_right,
    trunk_top,
)
from mocap.kinematics.crossed_labels import check_crossed
from mocap.kinematics.label_order import OrderDoubt, check_order
from mocap.kinematics.plausible_body import BACKWARD, check_legs, check_skeleton
from mocap.trial import Verdict

# Pairs of landmarks with their usual distance in an adult (m); only the order of magnitude matters.
_USUAL_M = {
    ("RASIS", "LASIS"): 0.25, ("RASIS", "RPSIS"): 0.16, ("LASIS", "LPSIS"): 0.16, ("C7", "T10"): 0.19,
    ("RLFE", "RLMAL"): 0.40, ("LLFE", "LLMAL"): 0.40, ("RHEEL", "RMT5"): 0.17, ("LHEEL", "LMT5"): 0.17,
    ("RHEEL", "RMT2"): 0.20, ("LHEEL", "LMT2"): 0.20, ("RHJC", "RKJC"): 0.40, ("LHJC", "LKJC"): 0.40,
    ("RKJC", "RAJC"): 0.41, ("LKJC", "LAJC"): 0.41, ("RSJC", "LSJC"): 0.35, ("C7", "RASIS"): 0.50,
}  # fmt: skip
_SMALLEST, _LARGEST = 1 / 3, 2.5
_UNITS = {"millimetres": 1000.0, "centimetres": 100.0, "inches": 39.37, "decimetres": 10.0, "feet": 3.281,
          "kilometres": 0.001, "metres read as millimetres": 0.001}  # fmt: skip
# Lengths that a person keeps between trials, whatever the posture.
_PERSONAL = (
    ("RASIS", "LASIS"), ("RPSIS", "LPSIS"), ("RASIS", "RPSIS"), ("LASIS", "LPSIS"), ("RLFE", "RLMAL"),
    ("LLFE", "LLMAL"), ("RHEEL", "RMT5"), ("LHEEL", "LMT5"), ("RHEEL", "RMT2"), ("LHEEL", "LMT2"),
    ("RHEEL", "RTOE"), ("LHEEL", "LTOE"), ("RLFE", "RMFE"), ("LLFE", "LMFE"), ("RLMAL", "RMMAL"), ("LLMAL", "LMMAL"),
)  # fmt: skip
_SPINE = ("C7", "T10", "T12", "L1", "L2", "L3", "L4", "L5", "S1")
SUBJECT_FLAG = 0.03
# Median mismatch over real walks and squats: the same person up to 1.8 %, other adults of like stature from 4.9 %.
SUBJECT_REFUSE = 0.045
# With few lengths in common soft tissue weighs more.
SUBJECT_REFUSE_FEW = 0.10
MANY_LENGTHS = 6


def check_body(points: Positions, owner: str, *, standing: bool = False) -> tuple[OrderDoubt, ...]:
    """Refuse points that are not a person in metres with the right on the right; the vertical plays no part.

    Parameters and what is returned are those of `check_order`.

    Raises
    ------
    KinematicsError
        UNITS, SKELETON, LEFT_RIGHT, MEDIAL_LATERAL, DOUBLE_LABEL, HEEL_TOE, SPINE_ORDER, LABEL_ORDER.
    """
    check_units(points, owner)
    check_skeleton(points, owner)
    check_sides(points, owner)
    check_legs(points, owner)
    check_spine(points, owner)
    return check_order(points, owner, standing=standing)


def check_units(points: Positions, owner: str) -> None:
    """Refuse points that are not in metres by the size of the body.

    Raises
    ------
    KinematicsError
        UNITS, with the unit it looks like. Lengths from a third to two and a half times an adult's pass, so that
        children and giants do.
    """
    ratios = {pair: median_length(points, pair) / usual for pair, usual in _USUAL_M.items()}
    known = {pair: ratio for pair, ratio in ratios.items() if np.isfinite(ratio)}
    if not known:
        return
    scale = float(np.median(list(known.values())))
    if _SMALLEST <= scale <= _LARGEST:
        return
    # The pair nearest to the median stands for all in the message.
    (first, second), _ = min(known.items(), key=lambda item: abs(item[1] - scale))
    found = median_length(points, (first, second))
    guess = min(_UNITS, key=lambda unit: abs(np.log(max(scale, 1e-12) / _UNITS[unit])))
    usual = _USUAL_M[first, second]
    raise KinematicsError(
        f"In the {owner}, {first} and {second} are {found:.4g} m apart, usual is {usual} m: it looks like {guess}.",
        "Read the file with its true unit of length; points are in metres.",
        code="UNITS",
    )


def check_sides(points: Positions, owner: str) -> None:
    """Refuse points whose left and right, or medial and lateral, cannot be.

    Raises
    ------
    KinematicsError
        LEFT_RIGHT when the pelvis would point down, or its PSIS, the knees or shoulders are on the wrong side of it;
        MEDIAL_LATERAL when a medial landmark is lateral of its partner; see `check_crossed`.
    """
    right = pelvis_right(points)
    if right is None:
        return
    back = first(middle(points, "RPSIS", "LPSIS"), points.get("SACR"))
    forward = minus(middle(points, "RASIS", "LASIS"), back)
    above = first(minus(trunk_top(points), back), minus(back, feet_middle(points)))
    if forward is not None and above is not None and _median_cosine(np.cross(right, forward), above) < BACKWARD:
        raise KinematicsError(
            f"In the {owner} the pelvis points away from the trunk: left and right (or front and back) are swapped.",
            "Mend the labels of ASIS and PSIS, or the handedness of the axes.",
            code="LEFT_RIGHT",
        )
    # Ankles and heels may cross, as on a beam; `check_chains` judges them.
    for name in ("PSIS", "LFE", "KJC", "SJC", "SHOULDER"):
        across = minus(points.get(f"R{name}"), points.get(f"L{name}"))
        if across is not None and _median_cosine(right, across) < BACKWARD:
            raise KinematicsError(
                f"In the {owner}, R{name} is on the left of L{name} as the pelvis faces: left and right are swapped.",
                "Mend the labels of the limbs or of the pelvis.",
                code="LEFT_RIGHT",
            )
    _check_medial(points, right, owner)


def check_spine(points: Positions, owner: str) -> None:
    """Refuse spinous markers that are not in their order from the pelvis up.

    Raises
    ------
    KinematicsError
        SPINE_ORDER.
    """
    base = pelvis_middle(points)
    spine = [name for name in _SPINE if name in points]
    for upper, lower in pairwise(spine):
        top = points[spine[0]] if len(spine) > 2 else trunk_top(points)
        trunk, step = minus(top, base), points[upper] - points[lower]
        if trunk is not None and _median_cosine(trunk, step) < BACKWARD:
            raise KinematicsError(
                f"In the {owner}, {upper} lies below {lower} along the spine.",
                "Mend the labels: the two are exchanged.",
                code="SPINE_ORDER",
            )


def _median_cosine(one: NDArray, other: NDArray) -> float:
    return median(cosines(one, other))


def _check_medial(points: Positions, right: NDArray, owner: str) -> None:
    reversed_pairs = [
        (side, *pair) for pair in (("LFE", "MFE"), ("LMAL", "MMAL"), ("MT5", "MT1")) for side in "RL"
        if _is_reversed(points, right if side == "R" else -right, side, *pair)
    ]  # fmt: skip
    if not reversed_pairs:
        return
    check_crossed(points, tuple(dict.fromkeys((lateral, medial) for _, lateral, medial in reversed_pairs)), owner)
    _check_whole_sides(points, right, reversed_pairs, owner)
    side, lateral, medial = reversed_pairs[0]
    raise KinematicsError(
        f"In the {owner}, {side}{lateral} lies medial of {side}{medial}.",
        "Mend the labels: the two are exchanged.",
        code="MEDIAL_LATERAL",
    )


def _is_reversed(points: Positions, outwards: NDArray, side: str, lateral: str, medial: str) -> bool:
    outward = minus(points.get(side + lateral), points.get(side + medial))
    return outward is not None and _median_cosine(outwards, outward) < BACKWARD


def _check_whole_sides(
    points: Positions, right: NDArray, reversed_pairs: Sequence[tuple[str, str, str]], owner: str
) -> None:
    """Where a pair is reversed on both sides, and its right one lies left of its left one, the sides are exchanged."""
    pairs = dict.fromkeys((lateral, medial) for _, lateral, medial in reversed_pairs)
    crossed = [
        name for lateral, medial in pairs if all((side, lateral, medial) in reversed_pairs for side in "RL")
        if _median_cosine(right, points[f"R{lateral}"] + points[f"R{medial}"] - points[f"L{lateral}"]
                          - points[f"L{medial}"]) < BACKWARD
        for name in (lateral, medial)
    ]  # fmt: skip
    if crossed:
        raise KinematicsError(
            f"In the {owner}, {', '.join(f'R{name}' for name in crossed)} are on the left leg, and "
            f"{', '.join(f'L{name}' for name in crossed)} on the right one: left and right are swapped.",
            "Mend the labels of the shanks and feet.",
            code="LEFT_RIGHT",
        )


def same_subject(
    static: Positions, trial: Positions, refuse: bool = True, other: str = "trial"
) -> Verdict | None:
    """Compare the lengths of a static trial with those of the trial; the median mismatch is flagged above 3 %.

    Without a length in common nothing can be compared, and there is no verdict.

    Raises
    ------
    KinematicsError
        STATIC_OTHER_SUBJECT when it is above 4.5 % (10 % with less than six lengths in common) and `refuse`.
    """
    pairs = [(median_length(static, pair), median_length(trial, pair)) for pair in _PERSONAL]
    mismatch = [abs(b / a - 1.0) for a, b in pairs if np.isfinite(a * b) and a > 0]
    if not mismatch:
        return None
    found = float(np.median(mismatch))
    if refuse and found > (SUBJECT_REFUSE if len(mismatch) >= MANY_LENGTHS else SUBJECT_REFUSE_FEW):
        raise KinematicsError(
            f"The static trial is of another person: body lengths differ by {100 * found:.1f} % from the {other}'s.",
            "Give the static trial of this person; static_check=flag (--set, or [options.kinematics]) lets it pass, "
            "flagged.",
            code="STATIC_OTHER_SUBJECT",
        )
    text = f"median difference of {len(mismatch)} body lengths between static and {other}"
    return Verdict("static_same_subject", 100 * found, 100 * SUBJECT_FLAG, "%", found <= SUBJECT_FLAG, text)


def pelvis_verdicts(width_m: float, depth_m: float) -> tuple[Verdict, ...]:
    """Return whether pelvis width (0.17 to 0.35 m) and depth (0.09 to 0.25 m) are usual."""
    verdicts = []
    for name, value, low, high in (("width", width_m, 0.17, 0.35), ("depth", depth_m, 0.09, 0.25)):
        limit = low if value < low else high
        text = f"usual: {low} to {high} m"
        verdicts.append(Verdict(f"pelvis_{name}", value, limit, "m", low <= value <= high, text))
    return tuple(verdicts)
