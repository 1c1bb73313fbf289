"""Which full turn an angle is given in: by continuity where the recording shows it, else by what a body does.

An angle is known up to full turns. Frame by frame the nearer turn is the right one, but behind a long gap, or a step
that no segment makes, continuity tells nothing, and a wrong turn would stay to the end of the trial.

- Joints do not turn fully: each value lies within 180 deg of the middle of the joint's range.
- Rotations about the vertical run on through any number of turns; behind a gap the nearest turn to that before it.
- Tilts, leans and inclinations run on too (somersaults, swings); behind a gap, or a step faster than 3000 deg/s, what
  follows begins anew in the turn nearest to upright.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape.points import column_facts

GAP_S = 0.25
"""Longest gap that continuity bridges. A choice: half a turn in it is 720 deg/s."""
FASTEST_DEG_S = 3000.0
"""No segment turns faster; a choice, twice what kicks reach."""
_LEAST_STEP_DEG = 30.0

# Middles of joint ranges (deg), by how names begin; the first that fits counts.
_JOINTS = (
    ("hip_flexion", 50.0), ("knee_flexion", 70.0), ("hip_", 0.0), ("knee_", 0.0), ("ankle_", 0.0), ("lumbar_", 0.0),
    ("thoracopelvic_", 0.0), ("thoracic_", 0.0),
)  # fmt: skip
_ABOUT_VERTICAL = ("pelvic_rotation", "trunk_rotation", "foot_progression")
_TURN = 2.0 * np.pi


def on_branches(values: NDArray, names: Sequence[str], rate_hz: float) -> NDArray:
    """Return angles (rad), shape (time, angle), each in the full turn that its kind asks for.

    Parameters
    ----------
    values : ndarray, shape (time, angle)
        Without jumps of a full turn from one known frame to the next (`mocap.kinematics.angles.unwrap`).
    names : sequence of str
    rate_hz : float
    """
    chosen = np.asarray(values, float)
    _, low, high = column_facts(chosen)
    for column, name in enumerate(names):
        middle = joint_middle(name)
        # Most angles are where they belong: least and largest value tell it at once.
        centre = 0.0 if middle is None else middle
        if name.startswith(_ABOUT_VERTICAL) or not (low[column] < centre - np.pi or high[column] >= centre + np.pi):
            continue
        if chosen is values:
            chosen = np.array(values, float)
        if middle is None:
            chosen[:, column] = anew_behind_gaps(chosen[:, column], rate_hz)
        else:
            chosen[:, column] = within_half_a_turn(chosen[:, column], middle)
    return chosen


def joint_middle(name: str) -> float | None:
    """Return the middle (rad) of a joint angle's range; None for an angle against gravity or heading."""
    for start, middle in _JOINTS:
        if name.startswith(start):
            return float(np.deg2rad(middle))
    return None


def within_half_a_turn(angle: NDArray, middle: float) -> NDArray:
    """Return angles (rad) in [middle - pi, middle + pi), by whole turns."""
    return np.asarray(angle, float) - _TURN * np.floor((angle - middle) / _TURN + 0.5)


def anew_behind_gaps(angle: NDArray, rate_hz: float) -> NDArray:
    """Return an angle (rad), shape (time,), whose pieces between gaps lie in the turn nearest to 0 by their median.

    A piece that goes through more than half a turn begins within 180 deg of 0, and runs on: a somersault that lands
    short of the full turn started upright all the same.
    """
    chosen = np.array(angle, float)
    there = np.flatnonzero(np.isfinite(chosen))
    if not len(there):
        return chosen
    frames = np.diff(there)
    limit = np.deg2rad(max(FASTEST_DEG_S / rate_hz, _LEAST_STEP_DEG))
    breaks = (frames > GAP_S * rate_hz) | (np.abs(np.diff(chosen[there])) > limit * frames)
    for piece in np.split(there, np.flatnonzero(breaks) + 1):
        part = chosen[piece]
        telling = part[0] if np.ptp(part) > np.pi else np.median(part)
        chosen[piece] = part - _TURN * np.floor(telling / _TURN + 0.5)
    return chosen
