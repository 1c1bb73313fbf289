"""The closing static: the same person standing again when all is done, against the opening one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.joints import CalibrationRecordings, movement_positions, same_person
from mocap.kinematics.anatomical.same_body import same_body
from mocap.kinematics.anatomical.slip import compare_statics
from mocap.kinematics.anatomical.trial_slip import carried_hips
from mocap.kinematics.marker_sets import MarkerSet
from mocap.kinematics.static import quiet_part
from mocap.trial import Verdict

STANDING_PART = 0.5
LEAST_S = 1.0
"""Of a recording that mostly is no quiet standing, what has to be for slides to be judged by it."""


def closing_verdicts(
    recordings: CalibrationRecordings,
    marker_set: MarkerSet,
    opening: Mapping[str, NDArray],
    hips: Mapping[str, NDArray],
    refuse: bool,
) -> tuple[Verdict, ...]:
    """Return what a closing static says of plates and clusters, nothing without one.

    Parameters
    ----------
    recordings : CalibrationRecordings
    marker_set : MarkerSet
    opening : mapping of str to ndarray, shape (time, 3)
        Landmarks in the quiet frames of the opening static, ISB-turned world, m; all of them where their markers are,
        as the closing static has them, and none where it was touched.
    hips : mapping of str to ndarray, shape (time, 3)
        Hip centres there, by side, m.
    refuse : bool
        Whether another person's closing static is an error.

    Raises
    ------
    KinematicsError
        STATIC_MOVING, STATIC_FEW_FRAMES, STATIC_OTHER_SUBJECT, and those of `check_body`.
    """
    closing = recordings.closing
    if closing is None:
        return ()
    owner = "closing static trial"
    positions, person = movement_positions(closing, marker_set, opening, owner, refuse)
    if not positions:
        return compare_statics(opening, {})
    quiet = quiet_part(positions, closing.rate_hz, owner)
    still = {name: values[quiet] for name, values in positions.items()}
    still = {name: values for name, values in still.items() if np.isfinite(values).all(axis=1).any()}
    closer = same_body(opening, still)
    same = same_person("closing", [person]) if closer is None else (closer,)
    known = np.any([np.isfinite(values).all(axis=1) for values in positions.values()], axis=0)
    stands = _stands(quiet[known], closing.rate_hz)
    same += (stands,)
    if not stands.passed and quiet.sum() < LEAST_S * closing.rate_hz:
        text = "not judged whether plates or clusters slid: the closing static is a movement, with too little standing"
        return (*same, Verdict("closing_static", 0.0, 1.0, "1", False, text))
    carried = carried_hips(opening, opening, hips), carried_hips(opening, still, hips)
    return same + compare_statics(opening, still, carried)


def _stands(quiet: NDArray, rate_hz: float) -> Verdict:
    """Return whether most of the known frames of a closing static, shape (time,) of bool, is quiet standing."""
    part = float(quiet.mean())
    text = f"part of the closing static that is quiet standing ({quiet.sum() / rate_hz:.1f} s)"
    text += "" if part >= STANDING_PART else ": it looks like a movement; record quiet standing"
    return Verdict("closing_quiet", part, STANDING_PART, "1", part >= STANDING_PART, text)
