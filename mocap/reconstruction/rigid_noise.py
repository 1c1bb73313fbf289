"""How noisy the corners of plates are, from what the rigid fits leave over: two components of variance.

The stated variances of a camera's corners are right up to a factor, and all corners of a view share a shift (of a
calibration or a shutter that is a little off, of one blur). Both are estimated by equating what the residuals of many
frames are with what they would be on average (Henderson's method), the share that the fit takes up counted exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.rigid_fit import Linear

_PRIOR_FREEDOM = 12.0  # with little data the stated variances count as that many residuals
_LEAST_FACTOR = 0.05


@dataclass(frozen=True, eq=False)
class CornerNoise:
    """Noise of corners.

    Attributes
    ----------
    factor : ndarray, shape (camera,)
        By which the stated variances are multiplied.
    shared_px2 : float
        Variance of the shift of a view, in u and in v.
    freedom : ndarray, shape (camera,)
        Degrees of freedom that the factor rests on.
    """

    factor: NDArray
    shared_px2: float
    freedom: NDArray


def estimate_noise(linear: Linear) -> CornerNoise:
    """Estimate the noise from fits whose weights were one over the stated variances, without a shared shift.

    Parameters
    ----------
    linear : Linear
        At the fitted poses; frames with gross errors left out.
    """
    covariance = np.linalg.inv(linear.normal().sum(axis=0))
    count = np.maximum(linear.weight.sum(axis=2), 1e-12)
    mean = np.einsum("ctk,ctka->cta", linear.weight, linear.residual) / count[..., None]
    lean = linear.sums() / count[..., None, None]
    seen = linear.weight > 0
    inner = np.where(seen[..., None], linear.residual - mean[:, :, None], 0.0)
    inner_lean = np.where(seen[..., None, None], linear.jacobian - lean[:, :, None], 0.0)
    squares = np.einsum("ctk,ctka->c", linear.weight, inner**2)
    taken = np.einsum("ctk,ctkai,tij,ctkaj->c", linear.weight, inner_lean, covariance, inner_lean, optimize=True)
    views = np.asarray(seen.any(axis=2))
    freedom = 2.0 * (seen.sum(axis=(1, 2)) - views.sum(axis=1)) - taken
    factor = (squares + _PRIOR_FREEDOM) / (np.maximum(freedom, 0.0) + _PRIOR_FREEDOM)
    factor = np.maximum(factor, _LEAST_FACTOR)
    return CornerNoise(factor, _shared(linear, covariance, factor, mean, lean, count, views), freedom)


def _shared(
    linear: Linear, covariance: NDArray, factor: NDArray, mean: NDArray, lean: NDArray, count: NDArray, views: NDArray
) -> float:
    """Equate the views' mean residuals, squared, with their expectation."""
    n_cameras, n_frames = views.shape
    found = float(np.sum(np.where(views[..., None], mean**2, 0.0)))
    # What noise that is independent from corner to corner leaves in the means of views.
    rows = np.swapaxes(lean, 0, 1).reshape(n_frames, 2 * n_cameras, 6)
    pulls = np.swapaxes(linear.sums(), 0, 1).reshape(n_frames, 2 * n_cameras, 6)
    there = np.repeat(views.T, 2, axis=1)
    response = np.einsum("nd,de->nde", there, np.eye(2 * n_cameras)) - rows @ covariance @ np.swapaxes(pulls, 1, 2)
    response = np.where(there[:, :, None] & there[:, None, :], response, 0.0)
    scale = np.repeat(factor, 2)
    own = np.where(there, 1.0 / np.repeat(count.T, 2, axis=1), 0.0)
    # The noise of the corners: by its means, as the shift has it, and by what is left within views.
    by_means = np.einsum("nde,ne,e->", response**2, own, scale)
    within = _within(linear, lean, views)
    by_inner = 0.0
    for camera in range(n_cameras):
        spread = rows @ covariance @ within[camera] @ covariance @ np.swapaxes(rows, 1, 2)
        by_inner += factor[camera] * float(np.einsum("ndd,nd->", spread, there))
    by_shift = float(np.sum(response**2))
    if by_shift < 1e-9:
        return 0.0
    return max(0.0, (found - float(by_means) - by_inner) / by_shift)


def _within(linear: Linear, lean: NDArray, views: NDArray) -> NDArray:
    """Return what noise within views adds to the gradient, as normal matrices, shape (camera, time, 6, 6)."""
    off = np.where((linear.weight > 0)[..., None, None], linear.jacobian - lean[:, :, None], 0.0)
    flat = off.reshape(*off.shape[:2], -1, 6)
    weighted = (off * linear.weight[..., None, None]).reshape(flat.shape)
    return np.swapaxes(flat, -1, -2) @ weighted
