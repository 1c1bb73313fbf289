"""The closing static: the same person standing again when all is done, against the opening one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.anatomical.joints import CalibrationRecordings, movement_positions, same_person
from mocap.kinematics.anatomical.slip import compare_statics
from mocap.kinematics.anatomical.trial_slip import carried_hips
from mocap.kinematics.marker_sets import MarkerSet
from mocap.kinematics.static import quiet_part
from mocap.trial import Verdict


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
        STATIC_MOVING, STATIC_OTHER_SUBJECT, and those of `check_body`.
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
    same = same_person("closing", [person])
    still = {name: values for name, values in still.items() if np.isfinite(values).all(axis=1).any()}
    carried = carried_hips(opening, opening, hips), carried_hips(opening, still, hips)
    return same + compare_statics(opening, still, carried)
