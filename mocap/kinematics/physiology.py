"""What human joints reach: values beyond it are faults of labels, units or tracking, and are flagged, never hidden."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.frame_flags import Reasons
from mocap.kinematics.tape.points import column_facts
from mocap.trial import BEYOND_REACH, CONFIRMED_REACH, JointAngles, Verdict

# Degrees; choices of this project, well beyond the ranges of motion of goniometry, so that gymnasts and deep hinges
# (95 deg of anterior tilt) pass. Angles that are not listed have no bound.
RANGES_DEG: dict[str, tuple[float, float]] = {
    "pelvic_tilt": (-75.0, 130.0),
    "pelvic_tilt_conventional": (-75.0, 130.0),
    "pelvic_tilt_clinical": (-75.0, 130.0),
    "pelvic_obliquity": (-60.0, 60.0),
    "pelvic_obliquity_conventional": (-60.0, 60.0),
    "lumbar_flexion": (-60.0, 95.0),
    "lumbar_lateral_bend": (-60.0, 60.0),
    "lumbar_rotation": (-60.0, 60.0),
    "thoracopelvic_flexion": (-90.0, 130.0),
    "hip_flexion": (-60.0, 160.0),
    "hip_adduction": (-85.0, 60.0),
    "hip_rotation": (-90.0, 90.0),
    "knee_flexion": (-15.0, 170.0),
    "knee_varus": (-40.0, 40.0),
    "knee_rotation": (-60.0, 60.0),
    "ankle_dorsiflexion": (-90.0, 60.0),
    "ankle_inversion": (-60.0, 60.0),
}
_AGAINST_GRAVITY = ("pelvic_tilt", "pelvic_obliquity")
_NAMED = 3


def ranges(names: Sequence[str], *, upright: bool = True) -> NDArray:
    """Return the least and the largest value (rad) of each angle, shape (2, angle); infinite without a bound."""
    found = np.tile([[-np.inf], [np.inf]], len(names))
    for index, name in enumerate(names):
        plain = name[:-2] if name.endswith(("_r", "_l")) else name
        if plain in RANGES_DEG and (upright or not plain.startswith(_AGAINST_GRAVITY)):
            found[:, index] = np.deg2rad(RANGES_DEG[plain])
    return found


def beyond_range(names: Sequence[str], values: NDArray, *, upright: bool = True) -> NDArray:
    """Return which values (rad), shape (time, angle), no joint of a person reaches; NaN is none of them."""
    low, high = ranges(names, upright=upright)
    # Most trials have none: least and largest of each angle tell it at once.
    _, least, largest = column_facts(values)
    doubtful = (least < low) | (largest > high)
    odd = np.zeros(values.shape, bool, order="F")
    odd[:, doubtful] = (values[:, doubtful] < low[doubtful]) | (values[:, doubtful] > high[doubtful])
    return odd


def with_reach_flags(angles: JointAngles, *, upright: bool = True, confirmed: bool = False) -> JointAngles:
    """Return the angles with every value that no joint reaches flagged as such, whatever else is wrong there.

    Parameters
    ----------
    angles : JointAngles
        With the flags of other faults, which stay named.
    upright : bool
        Whether angles against gravity have a range.
    confirmed : bool
        Whether the user holds such values for true: the flag says so, and `mocap.trial.scalar_values` keeps them.
    """
    beyond = beyond_range(angles.names, angles.values, upright=upright)
    if not beyond.any():
        return angles
    reasons, ending = Reasons(angles), CONFIRMED_REACH if confirmed else BEYOND_REACH
    for code in np.unique(reasons.codes[beyond]):
        before = reasons.words[code].removesuffix(BEYOND_REACH).removesuffix("; ")
        text = f"{before}; {ending}" if before else ending
        reasons.codes[beyond & (angles.frame_reason == code)] = reasons.code(text, ending)
    return reasons.given_to(angles)


def physiology_verdict(
    angles: JointAngles, *, upright: bool = True, confirmed: bool = False
) -> tuple[Verdict, ...]:
    """Return whether all values are within what joints reach or confirmed; without any value there is no verdict."""
    low, high = ranges(angles.names, upright=upright)
    _, least, largest = column_facts(angles.values)
    if not (np.isfinite(low) & np.isfinite(largest)).any():
        return ()
    excess = np.maximum(low - least, largest - high)
    beyond = [int(column) for column in np.argsort(-excess, kind="stable") if excess[column] > 0.0]
    text = "largest excess of an angle over what its joint reaches"
    if beyond:
        told = [_told(angles, column, low[column], high[column]) for column in beyond[:_NAMED]]
        more = f" and {len(beyond) - _NAMED} more angles" if len(beyond) > _NAMED else ""
        text += f": {'; '.join(told)}{more}. "
        text += "Confirmed by the user, and kept in all figures" if confirmed else (
            "Left out of single figures (mean, range, agreement). Check labels, sides and gaps there; if it is true, "
            "confirm it: physiology=confirmed"
        )  # fmt: skip
    measured = float(np.rad2deg(excess[beyond[0]])) if beyond else 0.0
    return (Verdict("physiology", measured, 0.0, "deg", confirmed or not beyond, text),)


def standing_reach(
    means: Mapping[str, float], *, upright: bool = True, confirmed: bool = False
) -> tuple[frozenset[str], tuple[Verdict, ...]]:
    """Return which angles no one stands in, by their means (rad) over a static trial, and the verdict on them.

    Without any the verdict is left out; confirmed ones are in the verdict alone.
    """
    low, high = np.rad2deg(ranges(list(means), upright=upright))
    values = np.rad2deg(list(means.values()))
    excess = dict(zip(means, np.maximum(low - values, values - high), strict=True)) if means else {}
    beyond = sorted((name for name in means if excess[name] > 0.0), key=lambda name: -excess[name])
    if not beyond:
        return frozenset(), ()
    told = ", ".join(f"{name} {np.rad2deg(means[name]):.0f} deg" for name in beyond[:_NAMED])
    more = f" and {len(beyond) - _NAMED} more angles" if len(beyond) > _NAMED else ""
    last = "confirmed by the user" if confirmed else "left out of the neutral band. Check its labels and sides"
    text = f"largest excess of a standing angle over what its joint reaches: {told}{more}; {last}"
    verdict = Verdict("static_physiology", float(excess[beyond[0]]), 0.0, "deg", confirmed, text)
    return frozenset() if confirmed else frozenset(beyond), (verdict,)


def _told(angles: JointAngles, column: int, low: float, high: float) -> str:
    excess = np.nan_to_num(np.maximum(low - angles.values[:, column], angles.values[:, column] - high), nan=-1.0)
    frame, count = int(np.argmax(excess)), int((excess > 0).sum())
    value, frames = np.rad2deg(angles.values[frame, column]), f"{count} frame{'s' if count > 1 else ''}"
    return f"{angles.names[column]} {value:.0f} deg at {angles.time_s[frame]:.2f} s ({frames})"
