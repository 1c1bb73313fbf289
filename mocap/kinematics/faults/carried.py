"""Landmarks that plates and clusters carry to where no body has them: labels exchanged on a symmetric one.

Two exchanged labels of a triangle with two equal sides leave its shape as it is, and turn it about.
"""

import numpy as np

from mocap.errors import KinematicsError
from mocap.kinematics.body import Body
from mocap.kinematics.body_lines import MOST_FRAMES, thinned
from mocap.kinematics.landmarks import Landmarks
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.plausibility import check_sides
from mocap.kinematics.tape.points import any_finite, median
from mocap.kinematics.traced import turned_by

MOST_TURN_DEG = 120.0
"""No trunk is turned farther against the pelvis for most of a trial; a choice, beyond any range of motion."""
_REMEDY = (
    "Mend the labels of the plates and clusters in the trial and the static: where two are exchanged on a symmetric "
    "one, its shape does not show it."
)


def check_sides_carried(found: Landmarks, body: Body) -> None:
    """Refuse a trial whose plates or clusters carry left to the right, medial to lateral, or the trunk backwards.

    Parameters
    ----------
    found : Landmarks
        Those of the trial, computed.
    body : Body
        Of the same trial, with the zeros of its static.

    Raises
    ------
    KinematicsError
        LEFT_RIGHT, MEDIAL_LATERAL.
    """
    if found.reconstructed:
        every = thinned({name: point.value for name, point in found.points.items()})
        positions = {name: values for name, values in every.items() if any_finite(values)}
        try:
            check_sides(positions, "trial, as its plates and clusters carry the landmarks,")
        except KinematicsError as error:
            raise KinematicsError(error.cause, _REMEDY, code=error.code) from error
    turn = _lumbar_turn_deg(body)
    if turn > MOST_TURN_DEG:
        raise KinematicsError(
            f"In the trial the plate at T12/L1 is turned by {turn:.0f} deg against the pelvis.", _REMEDY,
            code="LEFT_RIGHT",
        )  # fmt: skip


def _lumbar_turn_deg(body: Body) -> float:
    """Return the median turn of the T12/L1 plate against the pelvis since the static, deg; NaN unknown."""
    pose = body.poses.get("lumbar")
    if pose is None or body.zeros.lumbar is None:
        return float("nan")
    try:
        pelvis = body.pelvis().axes
    except NotObservable:
        return float("nan")
    lumbar = turned_by(pose.frame, body.zeros.lumbar.T).axes
    some = slice(None, None, max(1, len(pelvis) // MOST_FRAMES))
    cosine = (np.einsum("tij,tij->t", pelvis[some], lumbar[some]) - 1.0) / 2.0
    return float(np.rad2deg(np.arccos(np.clip(median(cosine), -1.0, 1.0))))
