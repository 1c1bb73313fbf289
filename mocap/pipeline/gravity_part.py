"""What the uncertainty of the vertical does to the angles of a trial.

Where the world's Z is off the true vertical, every point of the trial and of its static is turned about the same
horizontal axis. So both are turned a little about each horizontal axis, and the angles computed anew: whatever way the
vertical has into an angle (of the pelvis, of the heading, of the sole that stood flat in the static) is in the
difference. The error is the same throughout a trial, and drops out of changes as far as the posture lets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import KinematicsError
from mocap.kinematics import GRAVITY_ANGLES, Kinematics, KinematicsOptions
from mocap.kinematics.faults.floor import FLOOR_NOT_JUDGED
from mocap.kinematics.proxies import PROXIES
from mocap.trial import JointAngles, Points3D

_FRAMES = 100
_STEP_RAD = np.deg2rad(0.05)
# Beside a singularity a gradient may be large; beyond this the angle leapt with what it refers to, as the heading of
# Plug-in Gait does from one axis of the lab to the next.
_LEAP = 50.0
# Of what the steps of the turned worlds leave: an angle that moves by less does not know of the vertical.
_NOTHING = 1e-6
_AXIS_WORDS = {
    "stated": "up axis stated by the file", "given": "up axis as given", "inferred": "up axis inferred from the body",
}  # fmt: skip

Compute = Callable[[Points3D, Points3D | None], JointAngles]


@dataclass(frozen=True, eq=False)
class Vertical:
    """How well the world's Z is known to be up.

    Attributes
    ----------
    covariance : ndarray, shape (2, 2), or None
        Of small turns of the world about its x and y, rad²; None where nothing states it.
    words : str
        For the method of angles.
    """

    covariance: NDArray | None
    words: str


def vertical_of(rig: CameraRig | None, gravity_sd_deg: float, axis_source: str) -> Vertical:
    """Return the uncertainty of the vertical: as chosen, else as the calibration states it, else unknown.

    Parameters
    ----------
    rig : CameraRig, optional
        Its metadata hold `world_tilt_covariance_rad2` or `world_gravity_sd_deg`.
    gravity_sd_deg : float
        Of the angle between Z and up, both axes of tilt combined; NaN is not stated.
    axis_source : str
        How the axes of the trial are known.
    """
    covariance, source = _stated(gravity_sd_deg, {} if rig is None else rig.metadata)
    how = _AXIS_WORDS.get(axis_source, "")
    words = f"vertical: world z{how and f' ({how})'}"
    if covariance is None:
        return Vertical(None, f"{words}, sd not stated")
    sd = np.rad2deg(np.sqrt(np.trace(covariance) / 2.0))
    return Vertical(covariance, f"{words}, sd {sd:.2g} deg about each axis ({source})")


def _stated(chosen_deg: float, metadata: Mapping[str, object]) -> tuple[NDArray | None, str]:
    if np.isfinite(chosen_deg):
        return np.deg2rad(chosen_deg) ** 2 / 2.0 * np.eye(2), "as given"
    row = _numbers(metadata.get("world_tilt_covariance_rad2", ""))
    if len(row) == 4:
        return row.reshape(2, 2), "calibration"
    combined = _numbers(metadata.get("world_gravity_sd_deg", ""))
    if len(combined) == 1:
        return np.deg2rad(combined[0]) ** 2 / 2.0 * np.eye(2), "calibration"
    return None, ""


def _numbers(told: object) -> NDArray:
    """Return the numbers of an entry that someone may have edited; none where it holds anything else."""
    try:
        found = np.array([float(word) for word in str(told).split()])
    except ValueError:
        return np.empty(0)
    return found if np.isfinite(found).all() else np.empty(0)


def floor_note(result: Kinematics, options: KinematicsOptions, gravity_known: bool) -> str:
    """Return that nothing was said of the floor, where angles are measured against gravity; empty elsewhere."""
    judged = any(verdict.name == "floor_level" for verdict in result.verdicts)
    asked = any(one.observable and one.name in GRAVITY_ANGLES for one in result.angles.definitions)
    return FLOOR_NOT_JUDGED if asked and gravity_known and not judged and options.posture == "upright" else ""


def with_gravity_part(
    angles: JointAngles, points: Points3D, static: Points3D | None, vertical: Vertical, compute: Compute
) -> JointAngles:
    """Return the angles with `u_gravity`, `u_gravity_change` and the vertical in the method of those that refer to it.

    Parameters
    ----------
    angles : JointAngles
        Of the trial.
    points, static : Points3D
        As the angles were computed from; the static stands in the same world.
    vertical : Vertical
    compute : callable
        Points and static to angles.

    Returns
    -------
    JointAngles
        `u_gravity` is the median over up to 100 frames, `u_gravity_change` the most in a change between two of them;
        0 for angles that do not depend on the vertical, NaN where its uncertainty is not known.
    """
    told = _with_words(angles, vertical.words)
    if vertical.covariance is None:
        return told
    rows = _gradients(_thinned(points), static, compute)
    if rows is None:
        return told
    root = np.linalg.cholesky(vertical.covariance + 1e-24 * np.eye(2))
    parts = np.array([_parts(one @ root, one) for one in np.moveaxis(rows, 1, 0)])
    parts[~np.array([one.observable for one in angles.definitions])] = np.nan
    return replace(told, u_gravity=parts[:, 0], u_gravity_change=parts[:, 1])


def _with_words(angles: JointAngles, words: str) -> JointAngles:
    definitions = tuple(
        replace(one, method=f"{one.method}; {words}")
        if one.observable and (one.name in GRAVITY_ANGLES or one.name in PROXIES)
        else one
        for one in angles.definitions
    )
    return replace(angles, definitions=definitions)


def _gradients(points: Points3D, static: Points3D | None, compute: Compute) -> NDArray | None:
    """Return how each angle moves with turns of the world about x and y, shape (time, angle, 2)."""
    try:
        reference = compute(points, None if static is None else _turned(static, np.eye(3))).values
        moved = [
            compute(_turned(points, turn), None if static is None else _turned(static, turn)).values - reference
            for turn in (_rotation(axis) for axis in (0, 1))
        ]
    except KinematicsError:  # what the whole trial shows may not show in a part of its frames
        return None
    rows: NDArray = np.angle(np.exp(1j * np.stack(moved, axis=-1))) / _STEP_RAD
    rows[np.abs(rows).max(axis=-1) < _NOTHING] = 0.0
    return rows


def _parts(scaled: NDArray, rows: NDArray) -> tuple[float, float]:
    """Return the median size of rows, shape (time, 2), and the largest distance between two of them."""
    there = np.isfinite(rows).all(axis=1)
    if not there.any() or np.median(np.abs(rows[there]).max(axis=1)) > _LEAP:
        return float("nan"), float("nan")
    scaled = scaled[there]
    apart = np.linalg.norm(scaled[:, None] - scaled[None, :], axis=-1)
    return float(np.median(np.linalg.norm(scaled, axis=1))), float(apart.max())


def _rotation(axis: int) -> NDArray:
    """Return a turn by a small step about an axis of the world."""
    sine, cosine = np.sin(_STEP_RAD), np.cos(_STEP_RAD)
    turn = np.eye(3)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    turn[one, one] = turn[other, other] = cosine
    turn[other, one], turn[one, other] = sine, -sine
    return turn


def _thinned(points: Points3D) -> Points3D:
    """Return every n-th frame of a trial at the rate that this leaves, without all that no angle needs."""
    step = max(1, -(-points.n_frames // _FRAMES))
    return Points3D(
        points.position[::step], points.names, points.rate_hz / step, gravity_known=points.gravity_known
    )


def _turned(points: Points3D, turn: NDArray) -> Points3D:
    return Points3D(points.position @ turn.T, points.names, points.rate_hz, gravity_known=points.gravity_known)
