"""What the uncertainty of the cameras' calibration does to the angles of a trial.

Errors of the calibration are the same in every frame, and nearly the same for neighbouring points: taken point by point
as independent they would make angles look many times worse than they are. So whole calibrations are drawn from the
covariance of the cameras, and points of trial and static moved as each of them would have it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.solve.propagation import point_shifts
from mocap.errors import KinematicsError
from mocap.trial import JointAngles, Points3D

_DRAWS, _FRAMES, _SEED = 16, 12, 0

Compute = Callable[[Points3D, Points3D | None], JointAngles]


def with_calibration_part(
    angles: JointAngles, points: Points3D, static: Points3D | None, rig: CameraRig | None, compute: Compute
) -> JointAngles:
    """Return the angles with `u_calibration`, where the rig has a covariance.

    Parameters
    ----------
    angles : JointAngles
        Of the trial.
    points, static : Points3D
        As the angles were computed from; the static is taken as recorded with the same calibration.
    rig : CameraRig, optional
    compute : callable
        Points and static to angles.

    Returns
    -------
    JointAngles
        The part is the root mean square over 16 drawn calibrations, so known to a fifth; the median over 12 frames.
        Points count as seen by every camera that has them in its image.
    """
    if rig is None or rig.covariance is None or points.calibration_covariance is None:
        return angles
    size = rig.covariance.shape[0] * rig.covariance.shape[1]
    errors = _drawn(rig.covariance.reshape(size, size))
    trial = _thinned(points)
    moved = _moved(trial, rig, errors)
    standing: Sequence[Points3D | None] = [None] * _DRAWS if static is None else _moved(static, rig, errors)
    try:
        reference = compute(trial, static)
        shifts = [compute(one, other).values - reference.values for one, other in zip(moved, standing, strict=True)]
    except KinematicsError:  # what the whole trial shows may not show in a few frames of it
        return angles
    turned = np.angle(np.exp(1j * np.stack(shifts)))
    by_frame = np.sqrt(np.mean(turned**2, axis=0))
    columns = [column[np.isfinite(column)] for column in by_frame.T]
    return replace(angles, u_calibration=np.array([np.median(one) if len(one) else np.nan for one in columns]))


def _drawn(covariance: NDArray) -> NDArray:
    """Return errors of all cameras, shape (draw, parameter)."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn: NDArray = np.random.default_rng(_SEED).normal(size=(_DRAWS, len(values))) @ root.T
    return drawn


def _thinned(points: Points3D) -> Points3D:
    """Return some frames of a trial without all that no angle needs."""
    chosen = np.unique(np.linspace(0, points.n_frames - 1, _FRAMES).round().astype(int))
    return Points3D(points.position[chosen], points.names, points.rate_hz, gravity_known=points.gravity_known)


def _moved(points: Points3D, rig: CameraRig, errors: NDArray) -> list[Points3D]:
    shifts = point_shifts(rig, points.position.reshape(-1, 3), errors).reshape(len(errors), *points.position.shape)
    return [Points3D(points.position + one, points.names, points.rate_hz, gravity_known=points.gravity_known)
            for one in shifts]  # fmt: skip
