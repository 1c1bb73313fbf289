"""Sub-pixel corners: a blurred crossing of two edges fitted to the pixels around each corner.

The gray level near a corner of the pattern is ``offset + contrast * erf(a / sa) * erf(b / sb)`` with `a` and `b` the
signed distances from the two edges and one blur for each, so that motion blur is fitted and not suffered.
Straight edges stay straight in perspective, hence the model needs no board pose. Pixels that a marker may touch
are left out, which is what OpenCV's window search (`cornerSubPix`) cannot do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

_EXTENT = 0.45  # of a square: the next corner's edges begin at 1
_BLUR_MARGIN_PX = 1.5
_HALF_WINDOW_PX = 10
_ROUNDS, _STEPS = 2, 7
_ROOT_2_OVER_PI = np.sqrt(2 / np.pi)


@dataclass(frozen=True, eq=False)
class Saddles:
    """Fitted corners.

    Attributes
    ----------
    position : ndarray, shape (corner, 2)
        In px.
    sd : ndarray, shape (corner,)
        Standard deviation of the position in px, from the residual and the gradients; inf where it is undetermined.
    contrast : ndarray, shape (corner,)
        In gray levels; above 0 when light and dark lie as the board says.
    residual : ndarray, shape (corner,)
        RMS residual over |contrast|.
    """

    position: NDArray
    sd: NDArray
    contrast: NDArray
    residual: NDArray


def fit_saddles(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float | None) -> Saddles:
    """Fit the crossing of edges at each corner.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    start : ndarray, shape (corner, 2)
        Expected positions, good to about a tenth of a square.
    axes : ndarray, shape (corner, 2, 2)
        Columns: px per square along the board's x and y.
    sign : ndarray, shape (corner,)
        +1 where the square towards +x +y of the corner is light, -1 where it is dark.
    gap : float or None
        Blank rim of a light square around its marker, in squares; None when light squares are empty.

    Returns
    -------
    Saddles
    """
    position = np.array(start, float)
    angle = np.arctan2(axes[:, 1, :], axes[:, 0, :])  # of the edges along x and along y
    # Of the normals of the two edges, those that point towards +y and +x.
    side = np.sign(np.stack([_cross(axes[..., 0], axes[..., 1]), -_cross(axes[..., 0], axes[..., 1])], axis=1))
    blur = np.log(np.clip(0.08 * np.linalg.norm(axes, axis=1), 1.0, 4.0))
    fit = None
    for _ in range(_ROUNDS):
        pixels, levels, weight = _gather(gray, position, axes, sign, gap)
        fit = _Fit(pixels, levels, weight, side, position, angle, blur)
        for _ in range(_STEPS):
            fit.step()
        position, angle, blur = fit.position, fit.angle, fit.blur
    assert fit is not None
    return fit.result(sign)


def _cross(a: NDArray, b: NDArray) -> NDArray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _gather(
    gray: NDArray, position: NDArray, axes: NDArray, sign: NDArray, gap: float | None
) -> tuple[NDArray, NDArray, NDArray]:
    """Return pixel positions (corner, pixel, 2), their gray levels and their weights 0 or 1."""
    height, width = gray.shape
    reach = np.abs(axes).sum(axis=2).max() * _EXTENT
    half = int(np.clip(np.ceil(reach), 2, _HALF_WINDOW_PX))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    pixels = np.rint(position)[:, None, :].astype(int) + np.stack([x.ravel(), y.ravel()], axis=1)
    inside = ((pixels >= 0) & (pixels < [width, height])).all(axis=-1)
    levels = gray[np.clip(pixels[..., 1], 0, height - 1), np.clip(pixels[..., 0], 0, width - 1)].astype(float)
    squares = np.einsum("nij,npj->npi", _inverse_2x2(axes), pixels - position[:, None, :])
    weight = inside & (np.abs(squares) < _EXTENT).all(axis=-1)
    if gap is not None:
        # The rim in squares, less the blur's reach in px: distance from an edge = squares * px height over that edge.
        heights = np.abs(_cross(axes[..., 0], axes[..., 1]))[:, None] / np.linalg.norm(axes, axis=1)[:, ::-1]
        rim = np.maximum(gap - _BLUR_MARGIN_PX / np.maximum(heights, 1e-9), 0.02)
        light = np.sign(squares[..., 0] * squares[..., 1]) == sign[:, None]
        weight &= ~(light & (np.abs(squares) > rim[:, None, :]).all(axis=-1))
    return pixels, levels, weight.astype(float)


def _inverse_2x2(matrix: NDArray) -> NDArray:
    determinant = _cross(matrix[..., 0], matrix[..., 1])
    determinant = np.where(np.abs(determinant) < 1e-9, 1e-9, determinant)
    (a, b), (c, d) = matrix[..., 0, :].T, matrix[..., 1, :].T
    return np.stack([np.stack([d, -b], axis=-1), np.stack([-c, a], axis=-1)], axis=-2) / determinant[..., None, None]


class _Fit:
    """Gauss-Newton on position, edge angles and log blurs; offset and contrast enter linearly."""

    def __init__(self, pixels, levels, weight, side, position, angle, blur) -> None:  # type: ignore[no-untyped-def]
        self.pixels, self.levels, self.weight, self.side = pixels, levels, weight, side
        self.position, self.angle, self.blur = position.copy(), angle.copy(), blur.copy()

    def step(self) -> None:
        residual, jacobian, contrast = self._linearised()
        normal = np.einsum("npi,npj->nij", jacobian, jacobian)
        gradient = np.einsum("npi,np->ni", jacobian, residual)
        diagonal = np.einsum("nii->ni", normal)
        normal = normal + np.eye(8) * (1e-3 * diagonal + 1e-9)[:, :, None]
        step = np.linalg.solve(normal, gradient[..., None])[..., 0]
        step[np.abs(contrast) < 1e-6] = 0.0
        self.position += np.clip(step[:, :2], -1.0, 1.0)
        self.angle += np.clip(step[:, 2:4], -0.1, 0.1)
        self.blur = np.clip(self.blur + np.clip(step[:, 4:6], -0.3, 0.3), np.log(0.2), np.log(8.0))

    def result(self, sign: NDArray) -> Saddles:
        residual, jacobian, contrast = self._linearised()
        count = self.weight.sum(axis=1)
        variance = (residual**2).sum(axis=1) / np.maximum(count - 8, 1)
        normal = np.einsum("npi,npj->nij", jacobian, jacobian)
        scale = np.sqrt(np.einsum("nii->ni", normal))
        known = (count > 12) & (scale > 1e-6).all(axis=1)
        unit = normal / np.maximum(scale[:, :, None] * scale[:, None, :], 1e-12)
        unit[~known] = np.eye(8)
        known &= np.linalg.eigvalsh(unit)[:, 0] > 1e-9
        unit[~known] = np.eye(8)
        covariance = np.linalg.inv(unit)[:, [0, 1], [0, 1]] / np.maximum(scale[:, :2], 1e-6) ** 2
        sd = np.where(known, np.sqrt(variance * covariance.mean(axis=1)), np.inf)
        rms = np.sqrt((residual**2).sum(axis=1) / np.maximum(count, 1))
        return Saddles(self.position, sd, contrast * sign, rms / np.maximum(np.abs(contrast), 1e-6))

    def _linearised(self) -> tuple[NDArray, NDArray, NDArray]:
        """Return weighted residuals (corner, pixel), their Jacobian (corner, pixel, 8) and the contrast."""
        away = self.pixels - self.position[:, None, :]
        direction = np.stack([np.cos(self.angle), np.sin(self.angle)], axis=-1)  # corner, edge, xy
        normal = np.stack([-direction[..., 1], direction[..., 0]], axis=-1) * self.side[..., None]
        sigma = np.exp(self.blur)[:, :, None]
        z = np.einsum("nei,npi->nep", normal, away) / sigma
        step, slope = erf(z / np.sqrt(2)), _ROOT_2_OVER_PI * np.exp(-0.5 * z**2)
        shape = step[:, 0] * step[:, 1]
        offset, contrast = _line(shape, self.levels, self.weight)
        residual = self.weight * (self.levels - offset[:, None] - contrast[:, None] * shape)
        lean = contrast[:, None, None] * slope * step[:, ::-1]  # corner, edge, pixel: d model / d z
        jacobian = np.empty((*shape.shape, 8))
        jacobian[..., :2] = -np.einsum("nep,nei->npi", lean / sigma, normal)
        along = np.einsum("nei,npi->nep", direction, away)
        jacobian[..., 2:4] = np.moveaxis(-lean / sigma * along * self.side[..., None], 1, 2)
        jacobian[..., 4:6] = np.moveaxis(-lean * z, 1, 2)
        jacobian[..., 6], jacobian[..., 7] = 1.0, shape
        return residual, jacobian * self.weight[..., None], contrast


def _line(x: NDArray, y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """Fit y = offset + slope * x with weights, row by row."""
    total = np.maximum(weight.sum(axis=1), 1.0)
    x_mean, y_mean = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
    dx, dy = x - x_mean[:, None], y - y_mean[:, None]
    spread = (weight * dx * dx).sum(axis=1)
    slope = (weight * dx * dy).sum(axis=1) / np.maximum(spread, 1e-9)
    return y_mean - slope * x_mean, slope
