"""All further angles of a body."""

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.further.curvature import curvature_outcomes
from mocap.kinematics.further.leg_lines import leg_line_outcomes
from mocap.kinematics.further.thorax import thorax_outcomes
from mocap.kinematics.observability import Outcome


def further_outcomes(body: Body) -> dict[str, Outcome]:
    """Return the outcomes of the further angles of trunk and legs."""
    found = thorax_outcomes(body) | curvature_outcomes(body)
    for side in SIDES:
        found |= leg_line_outcomes(body, side)
    return found
