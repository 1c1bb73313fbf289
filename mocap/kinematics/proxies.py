"""Stand-ins for angles that the points cannot show, under names of their own, and only where they are asked for."""

from dataclasses import replace
from typing import Any

import numpy as np

from mocap.kinematics.body import Body
from mocap.kinematics.frame_flags import Reasons
from mocap.kinematics.observability import Outcome
from mocap.kinematics.trunk_angles import trunk_outcomes
from mocap.trial import AngleDefinition, JointAngles
from mocap.trial.angles import CONSTANT_PARTS

PROXIES: tuple[str, ...] = ("pelvic_tilt_proxy",)
"""Names of all stand-ins; none of them is a name of a true angle."""

TRUE_IS_THERE = "pelvic_tilt itself is observable, so that nothing has to stand in for it"
_STOOD_FOR_BY = "trunk_lean"
NO_TRUNK = "no line of the trunk (mid-hip to mid-shoulder or neck) to stand in for the pelvis"
_WORDS = (
    "NOT the tilt of the pelvis: lean of the line from mid-hip to mid-shoulder (or neck), which turns as the pelvis "
    "does only while the spine keeps its shape. It is blind to a tuck of the pelvis under the spine, and its zero is "
    "not that of pelvic_tilt."
)


def with_proxies(angles: JointAngles, body: Body) -> JointAngles:
    """Return the angles with `pelvic_tilt_proxy` after all others; its true namesake stays as it is.

    Parameters
    ----------
    angles : JointAngles
        With `frame_reason`: the stand-in has the values, standard uncertainty, gaps and flags of `trunk_lean`.
    body : Body
    """
    outcome, n_frames = _tilt_proxy(angles, body), len(angles.values)
    reasons = Reasons(angles)
    value, sd, code = np.full(n_frames, np.nan), np.full(n_frames, np.nan), np.zeros(n_frames, np.uint8)
    if outcome.angle is None:
        code[:] = reasons.code(outcome.reason) if n_frames else 0
    else:
        column = angles.names.index(_STOOD_FOR_BY)
        value, sd, code = angles.values[:, column], angles.sd[:, column], reasons.codes[:, column]
    definition = AngleDefinition(
        PROXIES[0], _WORDS, "angle in the vertical plane of the heading", "forward", "line vertical", "absolute",
        outcome.method, observable=outcome.angle is not None, reason=outcome.reason,
    )  # fmt: skip
    parts: dict[str, Any] = {part: np.append(getattr(angles, part), np.nan) for part in CONSTANT_PARTS}
    return replace(
        angles,
        definitions=(*angles.definitions, definition),
        values=np.column_stack([angles.values, value]),
        sd=np.column_stack([angles.sd, sd]),
        **parts,
        frame_reason=np.column_stack([reasons.codes, code]),
        frame_reason_words=tuple(reasons.words),
    )


def _tilt_proxy(angles: JointAngles, body: Body) -> Outcome:
    if angles.definition("pelvic_tilt").observable:
        return Outcome(None, reason=TRUE_IS_THERE)
    if not body.by_keypoints("NECK", "RSJC", "LSJC"):
        return Outcome(None, reason=NO_TRUNK)
    lean, definition = trunk_outcomes(body)[_STOOD_FOR_BY], angles.definition(_STOOD_FOR_BY)
    if lean.angle is None or not definition.observable:
        return Outcome(None, reason=f"{NO_TRUNK}: {lean.reason or definition.reason}")
    return Outcome(lean.angle, f"proxy: {lean.method}", reason="a proxy: tells of the pelvis only with a stiff spine")
