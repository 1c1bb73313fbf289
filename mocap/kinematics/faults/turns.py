"""The full turn of an angle behind frames that are not to be trusted: that before them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.facing import TURNED_AWAY
from mocap.kinematics.frame_reasons import BEYOND_RANGE, GIMBAL_FLAG, GIMBAL_LOST, TOO_UNSURE
from mocap.kinematics.further.branches import GAP_S, joint_middle, on_branches
from mocap.signal.runs import runs
from mocap.trial import JointAngles

_TURN = 2.0 * np.pi
#: Flags that a turning body may bear for long, in frames that are sound: only short stretches are left out.
_ALSO_SOUND = (BEYOND_RANGE, GIMBAL_FLAG, TURNED_AWAY)
#: Frames whose values were taken away, but through which turns had been counted before.
_TURNED_THROUGH = (GIMBAL_LOST, TOO_UNSURE)


def settled_turns(angles: JointAngles) -> JointAngles:
    """Return the angles with the full turn of every frame found from the frames without a flag.

    Continuity through a frame with exchanged labels, or the like, may lead into another turn, to the end of the trial.
    Frames with a flag lie in the turn nearest to the sound frames around them. Angles of joints need no continuity,
    see `mocap.kinematics.further.branches`.

    Parameters
    ----------
    angles : JointAngles
        With `frame_reason`.
    """
    flagged = (angles.frame_reason > 0).any(axis=0)
    columns = [int(at) for at in np.flatnonzero(flagged) if joint_middle(angles.names[at]) is None]
    values: NDArray | None = None
    lasting, through = (np.isin(angles.frame_reason_words, words) for words in (_ALSO_SOUND, _TURNED_THROUGH))
    for column in columns:
        codes, angle = angles.frame_reason[:, column], angles.values[:, column]
        doubted = (codes > 0) & ~lasting[codes] & np.isfinite(angle)
        for start, stop in runs(lasting[codes] & np.isfinite(angle)):
            doubted[start:stop] |= stop - start <= GAP_S * angles.rate_hz
        doubted |= through[codes]
        if doubted.any():
            values = np.array(angles.values) if values is None else values
            values[:, column] = _settled(angle, doubted, angles.names[column], angles.rate_hz)
    return angles if values is None else replace(angles, values=values)


def _settled(angle: NDArray, doubted: NDArray, name: str, rate_hz: float) -> NDArray:
    sound = np.isfinite(angle) & ~doubted
    if not sound.any():
        # Turns that were counted in frames without a value, by noise, are none.
        return angle - _TURN * np.round(angle / _TURN) if (doubted & np.isnan(angle)).any() else angle
    settled, at = np.full(angle.shape, np.nan), np.flatnonzero(sound)
    # The first sound frame may be behind a doubted one that led it astray.
    first = angle[at[0]] - _TURN * np.round(angle[at[0]] / _TURN) if doubted[: at[0]].any() else angle[at[0]]
    settled[at] = np.unwrap(np.append(first, angle[at]))[1:]
    settled = on_branches(settled[:, None], (name,), rate_hz)[:, 0]
    near = np.interp(np.flatnonzero(doubted), at, settled[at])
    settled[doubted] = angle[doubted] - _TURN * np.round((angle[doubted] - near) / _TURN)
    return settled
