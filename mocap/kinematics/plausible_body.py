"""Do the labels make a body? Refuses limbs tied to the wrong side, feet and knees that face backwards, wrong skeletons.

All of it is told by the body alone, without the vertical: it holds for who lies, hinges or faces any direction.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import (
    Positions,
    ankle,
    cosines,
    feet_middle,
    foot_line,
    knee,
    median,
    median_length,
    middle,
    minus,
    pelvis_middle,
    pelvis_right,
    trunk_top,
)
from mocap.kinematics.label_widths import NARROWEST
from mocap.kinematics.tape.points import lengths_between

BACKWARD = -0.2
"""Cosine of a median beyond which a line is reversed: feet of real people are above 0.5 in every single frame."""
FORWARD = 0.2
CROSSED_CHAIN = 1.05
"""Own over crossed lengths of neighbours in a leg: up to 0.90 by the median in people; crossed shins reach 1.03."""
MIN_ACROSS = 0.5
"""Sine between shank and pelvis line; below it (cross-legged sitting) the two make no forward direction."""
BENT_DEG, BENT_SHARE = 20.0, 0.1
"""A knee tells where forward is when bent by more, in more than a tenth of the frames."""
SIDE_RATIO = 1.5
"""Between the same bone left and right; 1.05 in keypoints of a recording."""
FOLDED_DEG = 160.0
"""Least flexion (a tenth of the frames is straighter) of a knee or hip folded flat; knees of people end near 150."""
OFF_MIDDLE = 0.5
"""Of the trunk's length, that a neck or mid-hip may be away from the middle of its pair; 0.12 to 0.15 for necks in
recordings, and 0.57 or more under another skeleton's names."""
# By the segment lengths of Drillis and Contini (1966) thigh over shank is 1.0 and trunk over leg 0.6; recorded
# keypoints have 0.95 to 1.08, 0.61 to 0.72, and hips over leg 0.25 to 0.28. The limits leave room for
# children and for bias.
_PROPORTIONS = {"thigh over shank": (0.6, 1.7), "trunk over leg": (0.33, 1.2), "hip width over leg": (0.05, 0.5)}

_LEG_CHAIN = (("ASIS", "LFE"), ("HJC", "LFE"), ("HJC", "KJC"), ("LFE", "LMAL"), ("KJC", "AJC"), ("LMAL", "HEEL"),
              ("AJC", "HEEL"), ("ASIS", "THI_WAND"), ("LFE", "TIB_WAND"), ("ASIS", "TH1"), ("LFE", "SH1"),
              ("LFE", "MFE"), ("LMAL", "MMAL"))  # fmt: skip
_FOOT_CHAIN = (("HEEL", "MT2"), ("HEEL", "MT5"), ("HEEL", "TOE"), ("HEEL", "BTOE"))
# From back to front of head and chest.
_FRONTS = (("NOSE", ("RSJC", "LSJC")), ("CLAV", ("C7",)), ("STRN", ("T10",)))


def check_legs(points: Positions, owner: str) -> None:
    """Refuse legs and feet tied to the other side, or that face backwards; see `check_chains` and `check_facing`.

    Raises
    ------
    KinematicsError
        LEFT_RIGHT, HEEL_TOE, SKELETON.
    """
    check_chains(points, owner, _LEG_CHAIN)
    check_facing(points, owner)
    # Afterwards, as a heel exchanged with its own toe is nearer to the other foot too.
    check_chains(points, owner, _FOOT_CHAIN)


def check_chains(points: Positions, owner: str, neighbours: tuple[tuple[str, str], ...]) -> None:
    """Refuse legs of which a part is nearer to the other side's neighbour than to its own.

    Raises
    ------
    KinematicsError
        LEFT_RIGHT.
    """
    for upper, lower in neighbours:
        if not all(side + name in points for side in "RL" for name in (upper, lower)):
            continue
        right, left = (lengths_between(points[s + upper], points[s + lower]) for s in "RL")
        from_right, from_left = (lengths_between(points[s + upper], points[o + lower]) for s, o in ("RL", "LR"))
        own, crossed = right + left, from_right + from_left
        if _overlap(points, (upper, lower), median(crossed) / 2.0):
            continue
        if median(own) > CROSSED_CHAIN * median(np.where(np.isfinite(own), crossed, np.nan)):
            raise KinematicsError(
                f"In the {owner}, R{upper} is nearer to L{lower} than to R{lower}: left and right are swapped there.",
                "Mend the labels of the legs or of the pelvis.",
                code="LEFT_RIGHT",
            )


def _overlap(points: Positions, pair: tuple[str, str], apart: float) -> bool:
    """Tell whether landmarks of one joint are nearer, from leg to leg, than it is wide, as exchanged ones are not."""
    if pair not in NARROWEST:
        return False
    shanks = [median_length(points, (f"{side}LFE", f"{side}LMAL")) for side in "RL"]
    return bool(apart < NARROWEST[pair] * min(shanks))  # NaN is none


def check_facing(points: Positions, owner: str) -> None:
    """Refuse a body whose feet, knees, chest or face point backwards, as left and right of the pelvis say.

    Raises
    ------
    KinematicsError
        HEEL_TOE when the feet (or the one named) alone are reversed; LEFT_RIGHT when all that shows it says that left
        and right are exchanged or mirrored; SKELETON when the knees alone bend backwards.
    """
    right = pelvis_right(points)
    if right is None:
        return
    feet = {side: _foot_forward(points, side, right) for side in "RL"}
    feet = {side: cosine for side, cosine in feet.items() if np.isfinite(cosine)}
    reversed_feet = [side for side, cosine in feet.items() if cosine < BACKWARD]
    knees, front = _knees_forward(points, right), _front_forward(points, right)
    if reversed_feet:
        # The back of the pelvis, knees and chest tell whether it is the feet or the sides.
        faced = _pelvis_has_back(points) or knees > FORWARD or front > FORWARD
        if faced or len(reversed_feet) < len(feet):
            raise _heel_toe(owner, reversed_feet)
        raise _swapped(owner, "the feet point backwards")
    if knees < BACKWARD:
        if max(feet.values(), default=-1.0) > FORWARD or _pelvis_has_back(points):
            raise KinematicsError(
                f"In the {owner} the knees bend backwards, though the body faces forward.",
                "Mend the labels of hips, knees and ankles, or name the skeleton that the detector used.",
                code="SKELETON",
            )
        raise _swapped(owner, "the knees bend backwards")
    if front < BACKWARD and not feet and not knees > FORWARD:
        raise _swapped(owner, "face or chest point backwards")


def _heel_toe(owner: str, sides: list[str]) -> KinematicsError:
    which = {"R": "right foot points", "L": "left foot points"}[sides[0]] if len(sides) == 1 else "feet point"
    labels = " and ".join(f"{side}HEEL and the toe of the {'right' if side == 'R' else 'left'} foot" for side in sides)
    return KinematicsError(
        f"In the {owner} the {which} backwards against shank and pelvis: heel and toe are exchanged.",
        f"Mend the labels: {labels}.",
        code="HEEL_TOE",
    )


def _swapped(owner: str, what: str) -> KinematicsError:
    return KinematicsError(
        f"In the {owner} {what} against the pelvis: left and right are exchanged, or the data is mirrored.",
        "Mend the labels of left and right, or the handedness of the axes (or, of feet alone, heel and toe).",
        code="LEFT_RIGHT",
    )


def _pelvis_has_back(points: Positions) -> bool:
    return "SACR" in points or ("RPSIS" in points and "LPSIS" in points)


def _foot_forward(points: Positions, side: str, right: NDArray) -> float:
    """Return the median cosine of the foot with forward, across its shank (or else the legs); NaN without a foot.

    No ankle bends beyond its shank, so that a kneeling or pointed foot is not reversed.
    """
    foot = foot_line(points, side)
    up = minus(knee(points, side), ankle(points, side))
    if up is None:
        up = minus(pelvis_middle(points), feet_middle(points))
    if foot is None or up is None:
        return float("nan")
    across = np.abs(np.nan_to_num(cosines(up, right))) < np.sqrt(1.0 - MIN_ACROSS**2)
    return median(np.where(across, cosines(foot, np.cross(up, right)), np.nan))


def _knees_forward(points: Positions, right: NDArray) -> float:
    """Return the median cosine with forward of where knees bend to, NaN while they hardly do."""
    found, n_seen = [], 0
    for side in "RL":
        hip, mid, low = points.get(f"{side}HJC"), knee(points, side), ankle(points, side)
        if hip is None or mid is None or low is None:
            continue
        leg = hip - low
        flexion = _fold_deg(hip - mid, low - mid)
        seen = np.isfinite(flexion)
        n_seen += int(seen.sum())
        bent = seen & (np.where(seen, flexion, 0.0) > BENT_DEG)
        length2 = np.sum(leg * leg, axis=1, keepdims=True)
        along = np.sum((mid - low) * leg, axis=1, keepdims=True) / np.where(length2 > 0, length2, np.nan)
        found.append(cosines((mid - low) - along * leg, np.cross(leg, right))[bent])
    bends = np.concatenate(found) if found else np.empty(0)
    return median(bends) if len(bends) and len(bends) >= BENT_SHARE * n_seen else float("nan")


def _front_forward(points: Positions, right: NDArray) -> float:
    """Return the median cosine with forward of the line from back to front of face or chest, NaN without it."""
    trunk = minus(trunk_top(points), pelvis_middle(points))
    for front, back in _FRONTS:
        line = minus(points.get(front), middle(points, *back))
        if line is not None and trunk is not None:
            return median(cosines(line, np.cross(trunk, right)))
    return float("nan")


def _fold_deg(one: NDArray, other: NDArray) -> NDArray:
    """Return the flexion of a joint, deg, from the lines to its neighbours: 0 straight, 180 folded flat."""
    return 180.0 - np.rad2deg(np.arccos(np.clip(cosines(one, other), -1.0, 1.0)))


def check_skeleton(points: Positions, owner: str) -> None:
    """Refuse joint centres that do not make a body, as those of another skeleton's names do.

    Raises
    ------
    KinematicsError
        SKELETON, with what is impossible.
    """
    wrong = _unlike_sides(points) + _wrong_proportions(points) + _folded(points) + _off_middle(points)
    wrong += _ankles_above_knees(points)
    if wrong:
        raise KinematicsError(
            f"The points of the {owner} do not make a body: {'; '.join(wrong[:3])}.",
            "Name the skeleton that the detector used (is BODY_25B data read as BODY_25, or the reverse?), or mend the "
            "labels.",
            code="SKELETON",
        )


def _unlike_sides(points: Positions) -> list[str]:
    wrong = []
    for bone, upper, lower in (("thigh", "HJC", "KJC"), ("shank", "KJC", "AJC")):
        right, left = (median_length(points, (side + upper, side + lower)) for side in "RL")
        ratio = _ratio(right, left)
        if not 1.0 / SIDE_RATIO <= ratio <= SIDE_RATIO and np.isfinite(ratio):
            wrong.append(f"the right {bone} is {ratio:.2g} times the left")
    return wrong


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else float("nan")


def _wrong_proportions(points: Positions) -> list[str]:
    thigh, shank = (
        float(np.mean([median_length(points, (s + upper, s + lower)) for s in "RL"]))
        for upper, lower in (("HJC", "KJC"), ("KJC", "AJC"))
    )
    found = {
        "thigh over shank": _ratio(thigh, shank),
        "trunk over leg": _ratio(_trunk_length(points), thigh + shank),
        "hip width over leg": _ratio(median_length(points, ("RHJC", "LHJC")), thigh + shank),
    }
    wrong = []
    for name, (low, high) in _PROPORTIONS.items():
        if np.isfinite(found[name]) and not low <= found[name] <= high:
            wrong.append(f"{name} is {found[name]:.2g} (people: {low} to {high})")
    return wrong


def _trunk_length(points: Positions) -> float:
    trunk = minus(middle(points, "RSJC", "LSJC"), middle(points, "RHJC", "LHJC"))
    return float("nan") if trunk is None else median(np.linalg.norm(trunk, axis=1))


def _folded(points: Positions) -> list[str]:
    """Name the joints that are folded flat even where they are straightest."""
    wrong = []
    for side, word in (("R", "right"), ("L", "left")):
        for joint, names in (("knee", ("HJC", "KJC", "AJC")), ("hip", ("SJC", "HJC", "KJC"))):
            if not all(side + name in points for name in names):
                continue
            upper, mid, lower = (points[side + name] for name in names)
            flexion = _fold_deg(upper - mid, lower - mid)
            flexion = flexion[np.isfinite(flexion)]
            if len(flexion) and np.quantile(flexion, 0.1) > FOLDED_DEG:
                wrong.append(f"the {word} {joint} is never less bent than {np.quantile(flexion, 0.1):.0f} deg")
    return wrong


def _off_middle(points: Positions) -> list[str]:
    trunk, wrong = _trunk_length(points), []
    for name, pair in (("NECK", ("RSJC", "LSJC")), ("MIDHIP", ("RHJC", "LHJC"))):
        apart = minus(points.get(name), middle(points, *pair))
        if apart is None:
            continue
        share = _ratio(median(np.linalg.norm(apart, axis=1)), trunk)
        if share > OFF_MIDDLE:
            wrong.append(f"{name} is {share:.2g} trunk lengths from the middle of {pair[0]} and {pair[1]}")
    return wrong


def _ankles_above_knees(points: Positions) -> list[str]:
    """Name the knees that are nearer to their heel than either ankle is (another side's ankle is of the legs)."""
    wrong = []
    for side, word in (("R", "right"), ("L", "left")):
        heel, near, ankles = points.get(f"{side}HEEL"), knee(points, side), [ankle(points, s) for s in "RL"]
        if heel is None or near is None:
            continue
        apart = [median(lengths_between(low, heel)) for low in ankles if low is not None]
        if len(apart) == len(ankles) and median(lengths_between(near, heel)) < min(apart):
            wrong.append(f"the {word} knee is nearer to the heel than the ankle is")
    return wrong
