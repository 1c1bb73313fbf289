"""Standard uncertainties of angles from the covariance of points, to first order: J Sigma J^T."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import Scalar

LANDMARK_SD_M = 0.005
"""Default standard uncertainty of palpation, per landmark and axis. A choice of this project, not a measurement."""


def random_sd(angle: Scalar, covariance: Mapping[str, NDArray]) -> NDArray:
    """Return the frame-to-frame standard uncertainty of an angle.

    Parameters
    ----------
    angle : Scalar
        With its gradients by source.
    covariance : mapping of str to ndarray, shape (time, 3, 3)
        Of each source, in m², in the axes of the gradients. Sources are taken as independent of each other.

    Returns
    -------
    ndarray, shape (time,)
        rad; NaN where the angle or a covariance that matters is missing.
    """
    variance = np.zeros(angle.value.shape)
    for source, row in angle.grad.items():
        term = np.einsum("ti,tij,tj->t", row, np.asarray(covariance[source], float), row)
        # A point that this frame does not use (gradient 0) may have no covariance.
        variance += np.where((row == 0).all(axis=1), 0.0, term)
    known = np.isfinite(angle.value) & bool(angle.grad)
    return np.sqrt(np.where(known, np.maximum(variance, 0.0), np.nan))


def landmark_sd(angle: Scalar, sd_m: float = LANDMARK_SD_M) -> float:
    """Return the standard uncertainty (rad) of an angle from landmark placement, one figure for the trial.

    Every landmark is off by `sd_m` in each direction, independently, and stays so over the trial. The figure is the
    median over frames; NaN when the angle is never there. For tilt it is sd / pelvic depth.
    """
    variance = np.zeros(angle.value.shape)
    for row in angle.grad.values():
        variance += np.sum(row * row, axis=1)
    found = variance[np.isfinite(angle.value) & np.isfinite(variance)]
    return float(sd_m * np.sqrt(np.median(found))) if len(found) else float("nan")
