"""How noisy the corners of plates are, from what the rigid fits leave over: components of variance.

What a detection says of its noise assumes that of pixels to be independent. Compressed video breaks that: errors are
larger, and more alike between good and poor corners than stated. So the variance of a camera's corners is a floor and
a multiple of the stated one, and all corners of a view share a shift (of a calibration or a shutter that is a little
off). These are estimated by equating quadratic forms of the residuals of many frames with their expectation, the share
that the fit takes up counted exactly; repeated with the weights that follow this is restricted maximum likelihood.
Source: Rao, "Estimation of variance and covariance components: MINQUE theory", 1971.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mocap.reconstruction.rigid_fit import Linear

_PRIOR_FREEDOM = 12.0  # with little data the stated variances count as that many residuals
_LEAST = 0.05  # of the stated variance
_CELLS = 4_000_000  # numbers of a matrix that are held at once


@dataclass(frozen=True, eq=False)
class CornerNoise:
    """Noise of corners.

    Attributes
    ----------
    factor : ndarray, shape (camera,)
        By which the stated variances are multiplied.
    floor_px2 : ndarray, shape (camera,)
        Variance, in u and in v, that is added to them.
    shared_px2 : float
        Variance of the shift of a view, in u and in v.
    freedom : ndarray, shape (camera,)
        Degrees of freedom that factor and floor rest on.
    """

    factor: NDArray
    floor_px2: NDArray
    shared_px2: float
    freedom: NDArray

    def variance(self, stated: NDArray) -> NDArray:
        """Return the variances of u and of v of corners with the stated ones, both of shape (camera, time, corner)."""
        return self.factor[:, None, None] * stated + self.floor_px2[:, None, None]


def as_stated(n_cameras: int) -> CornerNoise:
    """Return the noise that detections state."""
    return CornerNoise(np.ones(n_cameras), np.zeros(n_cameras), 0.0, np.zeros(n_cameras))


def estimate_noise(linear: Linear, stated: NDArray) -> CornerNoise:
    """Estimate the noise from fits.

    Parameters
    ----------
    linear : Linear
        At the fitted poses; frames with gross errors left out.
    stated : ndarray, shape (camera, time, corner)
        The stated variances, px^2.
    """
    n_cameras = len(linear.weight)
    seen = linear.weight > 0
    typical = _medians(stated, seen)
    unit = float(np.median(stated[seen])) if seen.any() else 1.0
    forms, found = np.zeros((2 * n_cameras + 1,) * 2), np.zeros(2 * n_cameras + 1)
    freedom = np.zeros(n_cameras)
    size = 2 * n_cameras * linear.weight.shape[2]
    step = max(1, _CELLS // size**2)
    for first in range(0, linear.weight.shape[1], step):
        part = linear.at(slice(first, first + step))
        own = _forms(part, stated[:, first : first + step], typical, unit)
        forms, found, freedom = forms + own[0], found + own[1], freedom + own[2]
    weight = _medians(linear.weight, seen)
    for camera in range(n_cameras):
        # Residuals as they are stated; and none that speaks for a floor.
        known = _PRIOR_FREEDOM * (weight[camera] * typical[camera]) ** 2
        pair = np.array([camera, n_cameras + camera])
        forms[np.ix_(pair, pair)] += known
        found[pair] += known
        forms[camera, camera] += known
    part, _ = nnls(*_rooted(forms, found))
    floor, factor = part[:n_cameras], part[n_cameras:-1]
    factor = np.maximum(factor, np.where(floor < _LEAST, _LEAST, 0.0))
    return CornerNoise(factor, floor * typical, float(part[-1]) * unit, freedom)


def _medians(values: NDArray, seen: NDArray) -> NDArray:
    """Return the median of each camera's corners; 1 where it saw none."""
    return np.array([np.median(own[mask]) if mask.any() else 1.0 for own, mask in zip(values, seen, strict=True)])


def _rooted(forms: NDArray, found: NDArray) -> tuple[NDArray, NDArray]:
    """Return the matrix A and the vector b of |A x - b|^2, least where x' forms x - 2 x' found is."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(forms), 1e-30))
    value, vector = np.linalg.eigh(forms * scale[:, None] * scale)
    root = np.sqrt(np.maximum(value, 1e-12 * value[-1]))
    return (root[:, None] * vector.T) / scale, (vector.T @ (found * scale)) / root


def _forms(linear: Linear, stated: NDArray, typical: NDArray, unit: float) -> tuple[NDArray, NDArray, NDArray]:
    """Return what the quadratic forms are on average per unit of each component, what they are, and the freedom.

    Components: a floor per camera in units of `typical`, the factor per camera, the shared shift in units of `unit`.
    """
    n_cameras, _, n_points = linear.weight.shape
    camera = np.repeat(np.arange(n_cameras), 2 * n_points)
    axis = np.tile([0, 1], n_cameras * n_points)
    weight = _rows(np.repeat(linear.weight[..., None], 2, axis=-1))
    seen = (weight > 0)[..., None]
    own = (camera[:, None] == np.arange(n_cameras)) * seen
    level = _rows(np.repeat(stated[..., None], 2, axis=-1))
    parts = np.concatenate([own * typical, np.where(seen, own * level[..., None], 0.0)], axis=2)
    shift = ((2 * camera + axis)[:, None] == np.arange(2 * n_cameras)) * seen
    left, pulled = _left_over(linear, weight, shift)
    forms, found = np.empty((2 * n_cameras + 1,) * 2), np.empty(2 * n_cameras + 1)
    shifted = left @ shift
    forms[:-1, :-1] = np.einsum("tim,tij,tjl->ml", parts, left**2, parts, optimize=True)
    forms[:-1, -1] = forms[-1, :-1] = unit * np.einsum("tim,tiz->m", parts, shifted**2)
    forms[-1, -1] = unit**2 * float(np.sum((np.swapaxes(shift, 1, 2) @ shifted) ** 2))
    found[:-1] = np.einsum("ti,tim->m", pulled**2, parts)
    found[-1] = unit * float(np.sum((pulled[:, None] @ shift) ** 2))
    free = np.einsum("tii,ti,tic->c", left, 1.0 / np.where(weight > 0, weight, 1.0), own)
    return forms, found, free


def _rows(values: NDArray) -> NDArray:
    """Return values of shape (camera, time, point, 2, ...) as (time, row, ...)."""
    moved = np.moveaxis(values, 0, 1)
    return moved.reshape(len(moved), -1, *values.shape[4:])


def _left_over(linear: Linear, weight: NDArray, shift: NDArray) -> tuple[NDArray, NDArray]:
    """Return the inverse covariance of the corners, less what the fit takes up, and that times the residuals."""
    pull = weight[:, :, None] * shift
    shrink = np.repeat(linear.shrink.T, 2, axis=1)
    inverse = weight[:, :, None] * np.eye(weight.shape[1]) - (pull * shrink[:, None]) @ np.swapaxes(pull, 1, 2)
    lean = inverse @ _rows(linear.jacobian)
    left = inverse - lean @ np.linalg.inv(linear.normal().sum(axis=0)) @ np.swapaxes(lean, 1, 2)
    return left, (inverse @ _rows(linear.residual)[..., None])[..., 0]
