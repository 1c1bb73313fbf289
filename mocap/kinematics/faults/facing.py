"""Frames in which a person has turned away from the one heading that angles by heading refer to."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.frame_flags import Reasons
from mocap.kinematics.heading import FACING_DEG, Heading
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import Outcome
from mocap.kinematics.outcomes import all_outcomes
from mocap.trial import JointAngles, Verdict

TURNED_AWAY = f"the person faces more than {FACING_DEG:.0f} deg off the heading"


def names_by_heading(body: Body, outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Return the angles, of the outcomes of a body, that need its heading."""
    without = all_outcomes(build_body(body.points, body.poses, body.setting, body.zeros, None))
    return tuple(name for name, one in outcomes.items() if one.angle is not None and without[name].angle is None)


def with_turned_flags(angles: JointAngles, turned: NDArray, names: tuple[str, ...]) -> JointAngles:
    """Return the angles with a flag where the person has `turned`, shape (time,) of bool, away, if they have no other.

    Parameters
    ----------
    angles : JointAngles
    turned : ndarray of bool, shape (time,)
    names : tuple of str
        Angles that refer to the heading.
    """
    reasons = Reasons(angles)
    code = reasons.code(TURNED_AWAY)
    columns = np.array([column for column, name in enumerate(angles.names) if name in names], int)
    block = np.ix_(np.flatnonzero(turned), columns)
    free = (reasons.codes[block] == 0) & np.isfinite(angles.values[block])
    reasons.codes[block] = np.where(free, code, reasons.codes[block])
    return reasons.given_to(angles)


def turned_verdict(heading: Heading | None, rate_hz: float) -> tuple[Verdict, ...]:
    """Return `one_heading`: whether the person faces one way throughout; nothing without a heading."""
    if heading is None:
        return ()
    frames = np.flatnonzero(heading.turned)
    text = f"time in which {TURNED_AWAY} (by {heading.source})"
    if len(frames):
        text += f", first at frame {frames[0]}; angles by heading are flagged. Cut the trial where the person turns"
    return (Verdict("one_heading", len(frames) / rate_hz, 0.0, "s", not len(frames), text),)
