"""Lens models of OpenCV in plain numpy: Brown 5 and rational 8 coefficients, and fisheye (equidistant) 4.

Normalised coordinates are x/z, y/z in the camera's frame; pixels have their origin in the centre of the
top-left pixel. Source: OpenCV documentation, "Camera Calibration and 3D Reconstruction" and "Fisheye camera
model"; checked against cv2 in the tests.
"""

import numpy as np
from numpy.typing import NDArray

_NEWTON_STEPS = 60
_NEWTON_TOLERANCE = 1e-14
_COMPILED_FROM = 1000  # points


def distort(normalised: NDArray, distortion: NDArray, fisheye: bool) -> tuple[NDArray, NDArray]:
    """Bend ideal rays as the lens does.

    Parameters
    ----------
    normalised : ndarray, shape (..., 2)
        x/z and y/z.
    distortion : ndarray, shape (5,), (8,) or, for a fisheye, (4,)
        In OpenCV's order: k1 k2 p1 p2 k3 [k4 k5 k6], or k1 k2 k3 k4.
    fisheye : bool
        Which model.

    Returns
    -------
    distorted : ndarray, shape (..., 2)
    jacobian : ndarray, shape (..., 2, 2)
        d distorted / d normalised.
    """
    return (_distort_fisheye if fisheye else _distort_brown)(np.asarray(normalised, float), distortion)


def undistort(distorted: NDArray, distortion: NDArray, fisheye: bool) -> tuple[NDArray, NDArray]:
    """Invert `distort` by damped Newton steps.

    Parameters
    ----------
    distorted : ndarray, shape (..., 2)

    Returns
    -------
    normalised : ndarray, shape (..., 2)
        NaN where no ray on the lens's first (orientation keeping) branch gives that point.
    jacobian : ndarray, shape (..., 2, 2)
        d distorted / d normalised at the answer.
    """
    shape = np.shape(distorted)
    target = np.asarray(distorted, float).reshape(-1, 2)
    answer = _newton_start(target, distortion, fisheye)
    if not fisheye and len(target) >= _COMPILED_FROM:
        from calibration.lens_kernels import newton_brown  # the compiler, that few points must not wait for

        eight = np.zeros(8)
        eight[: len(distortion)] = distortion
        newton_brown(target, eight, _NEWTON_STEPS, _NEWTON_TOLERANCE, answer)
    else:
        _newton(target, distortion, fisheye, answer)
    bent, jacobian = distort(answer, distortion, fisheye)
    residual = np.linalg.norm(bent - target, axis=1)
    with np.errstate(invalid="ignore"):
        # Far outside, the polynomial can also be met from the other side of the centre, where it has turned its sign.
        opposite = np.einsum("ni,ni->n", answer, target) < 0
        lost = ~(residual < 1e-9) | ~(_determinant(jacobian) > 0) | opposite
    answer[lost], jacobian[lost] = np.nan, np.nan
    return answer.reshape(shape), jacobian.reshape(*shape, 2)


def _newton(target: NDArray, distortion: NDArray, fisheye: bool, answer: NDArray) -> None:
    """Move `answer` by damped Newton steps to where it bends to `target`."""
    todo = np.flatnonzero(np.isfinite(target).all(axis=1))
    for _ in range(_NEWTON_STEPS):
        if not len(todo):
            break
        bent, jacobian = distort(answer[todo], distortion, fisheye)
        step = _solved(jacobian, target[todo] - bent)
        # A full step from far outside can jump over the fold of the polynomial: at most half a radius.
        limit = 0.5 * (0.2 + np.linalg.norm(answer[todo], axis=1))
        length = np.linalg.norm(step, axis=1)
        step *= np.minimum(1.0, limit / np.maximum(length, 1e-300))[:, None]
        answer[todo] += step
        todo = todo[length > _NEWTON_TOLERANCE * (1.0 + np.linalg.norm(answer[todo], axis=1))]


def _newton_start(target: NDArray, distortion: NDArray, fisheye: bool) -> NDArray:
    if not fisheye:
        return target.copy()
    theta = np.minimum(np.linalg.norm(target, axis=1), 1.4)
    scale = np.tan(theta) / np.maximum(theta, 1e-12)
    return target * np.where(theta > 1e-12, scale, 1.0)[:, None]


def _determinant(matrices: NDArray) -> NDArray:
    return matrices[..., 0, 0] * matrices[..., 1, 1] - matrices[..., 0, 1] * matrices[..., 1, 0]


def _solved(jacobian: NDArray, right: NDArray) -> NDArray:
    """Solve 2x2 systems in closed form (several times as fast as LAPACK); where singular, a step along `right`."""
    determinant = _determinant(jacobian)
    singular = ~(np.abs(determinant) > 1e-12)
    scale = 1.0 / np.where(singular, 1.0, determinant)
    x = (jacobian[..., 1, 1] * right[..., 0] - jacobian[..., 0, 1] * right[..., 1]) * scale
    y = (jacobian[..., 0, 0] * right[..., 1] - jacobian[..., 1, 0] * right[..., 0]) * scale
    return np.where(singular[..., None], right, np.stack([x, y], axis=-1))


def _distort_brown(normalised: NDArray, distortion: NDArray) -> tuple[NDArray, NDArray]:
    k1, k2, p1, p2, k3 = distortion[:5]
    k4, k5, k6 = distortion[5:8] if len(distortion) >= 8 else (0.0, 0.0, 0.0)
    x, y = normalised[..., 0], normalised[..., 1]
    r2 = x * x + y * y
    above = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    radial = above / below
    slope_above = k1 + r2 * (2 * k2 + r2 * 3 * k3)
    slope_below = k4 + r2 * (2 * k5 + r2 * 3 * k6)
    slope = (slope_above - radial * slope_below) / below  # d radial / d r2
    distorted = np.empty_like(normalised)
    distorted[..., 0] = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    distorted[..., 1] = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    jacobian = np.empty((*normalised.shape, 2))
    cross = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
    jacobian[..., 0, 0] = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
    jacobian[..., 0, 1] = cross
    jacobian[..., 1, 0] = cross
    jacobian[..., 1, 1] = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
    return distorted, jacobian


def _distort_fisheye(normalised: NDArray, distortion: NDArray) -> tuple[NDArray, NDArray]:
    k1, k2, k3, k4 = distortion
    r = np.linalg.norm(normalised, axis=-1)
    theta = np.arctan(r)
    t2 = theta * theta
    bent = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    slope = (1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * k3 + t2 * 9 * k4)))) / (1 + r * r)  # d bent / d r
    centre = r < 1e-8
    safe = np.where(centre, 1.0, r)
    scale = np.where(centre, 1.0, bent / safe)
    unit = normalised / safe[..., None]
    outer = unit[..., :, None] * unit[..., None, :]
    radial = np.where(centre, 0.0, slope - scale)
    jacobian = scale[..., None, None] * np.eye(2) + radial[..., None, None] * outer
    return normalised * scale[..., None], jacobian
