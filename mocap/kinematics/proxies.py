"""Stand-ins for angles that the points cannot show, under names of their own, and only where they are asked for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import Body
from mocap.kinematics.observability import Outcome
from mocap.kinematics.trunk_angles import trunk_outcomes
from mocap.kinematics.uncertainty import random_sd
from mocap.trial import AngleDefinition, JointAngles
from mocap.trial.angles import CONSTANT_PARTS

PROXIES: tuple[str, ...] = ("pelvic_tilt_proxy",)
"""Names of all stand-ins; none of them is a name of a true angle."""

TRUE_IS_THERE = "pelvic_tilt itself is observable, so that nothing has to stand in for it"
NO_TRUNK = "no line of the trunk (mid-hip to mid-shoulder or neck) to stand in for the pelvis"
_WORDS = (
    "NOT the tilt of the pelvis: lean of the line from mid-hip to mid-shoulder (or neck), which turns as the pelvis "
    "does only while the spine keeps its shape. It is blind to a tuck of the pelvis under the spine, and its zero is "
    "not that of pelvic_tilt."
)


def with_proxies(angles: JointAngles, body: Body, covariance: Mapping[str, NDArray]) -> JointAngles:
    """Return the angles with `pelvic_tilt_proxy` after all others; its true namesake stays as it is.

    Parameters
    ----------
    angles : JointAngles
    body : Body
    covariance : mapping of str to ndarray, shape (time, 3, 3)
        Of each point, m²; empty where unknown.
    """
    outcome = _tilt_proxy(angles, body)
    n_frames = len(angles.values)
    value, sd, code = np.full((n_frames, 1), np.nan), np.full((n_frames, 1), np.nan), np.zeros((n_frames, 1), np.uint8)
    words = list(angles.frame_reason_words)
    if outcome.angle is not None:
        value[:, 0] = outcome.angle.value
        if covariance:
            sd[:, 0] = random_sd(outcome.angle, covariance)
    reason = outcome.reason or "a point of the trunk's line missing"
    missing = np.isnan(value[:, 0])
    if missing.any() and len(words) < 256:
        words = words if reason in words else [*words, reason]
        code[missing, 0] = words.index(reason)
    definition = AngleDefinition(
        PROXIES[0], _WORDS, "angle in the vertical plane of the heading", "forward", "line vertical", "absolute",
        outcome.method, observable=outcome.angle is not None, reason=outcome.reason,
    )  # fmt: skip
    parts: dict[str, Any] = {part: np.append(getattr(angles, part), np.nan) for part in CONSTANT_PARTS}
    return replace(
        angles,
        definitions=(*angles.definitions, definition),
        values=np.concatenate([angles.values, value], axis=1),
        sd=np.concatenate([angles.sd, sd], axis=1),
        **parts,
        frame_reason=np.concatenate([angles.frame_reason, code], axis=1),
        frame_reason_words=tuple(words),
    )


def _tilt_proxy(angles: JointAngles, body: Body) -> Outcome:
    if angles.definition("pelvic_tilt").observable:
        return Outcome(None, reason=TRUE_IS_THERE)
    if not body.by_keypoints("NECK", "RSJC", "LSJC"):
        return Outcome(None, reason=NO_TRUNK)
    lean = trunk_outcomes(body)["trunk_lean"]
    if lean.angle is None:
        return Outcome(None, reason=f"{NO_TRUNK}: {lean.reason}")
    return Outcome(lean.angle, f"proxy: {lean.method}", reason="a proxy: tells of the pelvis only with a stiff spine")
