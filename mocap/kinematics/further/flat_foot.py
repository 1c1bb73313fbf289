"""A live check of the ankle: with the sole flat on the floor, the shank inclines by what the ankle dorsiflexes."""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.trial import JointAngles, Verdict

FLAT_M = 0.005
APART_DEG = 5.0
_SHARE = 99.0
_TEXT = (
    "shank inclination against dorsiflexion while heel and toes are down; above the limit the arch gave way, the heel "
    "marker slid or the foot was not flat in the static"
)


def flat_foot_verdicts(angles: JointAngles, body: Body) -> tuple[Verdict, ...]:
    """Return, per side, how far shank inclination and dorsiflexion are apart while heel and toes are down.

    They part when the arch gives way, the heel marker slides on skin or shoe, or the static foot was not flat. The
    figure is the 99th percentile over the frames with every foot point within 5 mm of its height in the static; without
    such frames, or without a static, there is no verdict.
    """
    verdicts = []
    for side in SIDES:
        low = side.lower()
        if side not in body.zeros.foot_flat or not body.setting.gravity_known:
            continue
        apart = np.abs(angles.deg(f"shank_inclination_{low}") - angles.deg(f"ankle_dorsiflexion_{low}"))
        apart = apart[flat_frames(body, side) & np.isfinite(apart)]
        if len(apart):
            largest = float(np.percentile(apart, _SHARE))
            verdicts.append(Verdict(f"flat_foot_{low}", largest, APART_DEG, "deg", largest <= APART_DEG, _TEXT))
    return tuple(verdicts)


def flat_frames(body: Body, side: str) -> NDArray:
    """Return the frames, shape (time,), with every foot point of a side within 5 mm of its height in the static."""
    names = [name for name in body.zeros.standing_height if name[0] == side and name in body.points]
    if not names:
        return np.zeros(body.n_frames, bool)
    rises = [body.points[name].value[:, 1] - body.zeros.standing_height[name] for name in names]
    with np.errstate(invalid="ignore"):
        return np.all(np.abs(rises) < FLAT_M, axis=0)
