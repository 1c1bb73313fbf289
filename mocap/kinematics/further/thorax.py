"""The thorax against gravity and heading and against the pelvis, in the planes that the contract's angles leave out."""

import numpy as np

from mocap.kinematics.angles import signed, traced_baker, traced_joint
from mocap.kinematics.body import Body
from mocap.kinematics.observability import Outcome, attempt
from mocap.kinematics.traced import Frame

NAMES = ("trunk_lateral_lean", "trunk_rotation", "thoracopelvic_lateral_bend", "thoracopelvic_rotation")
_FRAME = "thorax frame of C7, T10, CLAV, STRN"


def thorax_outcomes(body: Body) -> dict[str, Outcome]:
    """Return the outcomes of lateral lean and rotation of the thorax against gravity, heading and pelvis."""
    outcomes = attempt(NAMES[:1], lambda: {NAMES[0]: _lateral_lean(body)})
    outcomes |= attempt(NAMES[1:2], lambda: {NAMES[1]: _rotation(body)})
    return outcomes | attempt(NAMES[2:], lambda: _against_pelvis(body))


def _lateral_lean(body: Body) -> Outcome:
    body.up()
    up = Frame(np.broadcast_to(np.eye(3), (body.n_frames, 3, 3)))
    # Obliquity is + with the right side up, which is a lean to the left.
    return Outcome(signed(-1.0, traced_baker(up, body.thorax())[1]), _FRAME)


def _rotation(body: Body) -> Outcome:
    turn = traced_baker(body.subject(), body.thorax())[2]
    source = body.heading.source if body.heading else ""
    return Outcome(signed(-1.0, turn), f"{_FRAME}; heading: {source}")


def _against_pelvis(body: Body) -> dict[str, Outcome]:
    pelvis, thorax, zero = body.pelvis(), body.thorax(), body.zeros.thorax
    distal = thorax if zero is None else body.zeroed(thorax, zero)
    _, bend, turn = traced_joint(pelvis, distal)
    reference = "absolute" if zero is None else "static"
    words = "axes of thorax and pelvis aligned" if zero is None else "as in the static trial"
    method = f"{_FRAME} against the pelvis ({body.setting.pelvis_method}); contains thoracic motion"
    return {
        NAMES[2]: Outcome(bend, method, reference, zero=words),
        NAMES[3]: Outcome(signed(-1.0, turn), method, reference, zero=words),
    }
