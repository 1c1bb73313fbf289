"""Fits with a full covariance: rigid motions onto known points, and when a fit's own scatter has to count."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.quality.figures import aligning
from calibration.rigid import apply, from_rotvec, inverse

_SIGNIFICANT = 0.01


def inflation(chi2: float, freedom: int) -> float:
    """Return by how much a standard deviation has to grow because residuals exceed what was stated; 1 at least.

    Birge's ratio, but only where chance alone would show as much in fewer than 1 of 100 cases: a stated noise that
    is right stays as it is.
    """
    if freedom < 1:
        return 1.0
    from scipy.special import gammaincc  # scipy is slow to import, and most calls end above

    surprising = gammaincc(freedom / 2, chi2 / 2) < _SIGNIFICANT  # the upper tail of chi²
    return float(np.sqrt(chi2 / freedom)) if surprising else 1.0


@dataclass(frozen=True, eq=False)
class RigidFit:
    """A rigid motion onto known points.

    Attributes
    ----------
    root_from_world : ndarray, shape (4, 4)
    covariance : ndarray, shape (6, 6)
        Of a small rotation (rad) and translation (m) of the world in its own frame, inflated by `inflation`.
    residuals_world : ndarray, shape (point, 3)
        Measured minus known, m.
    inflation : float
    scale, scale_sd : float
        Known over measured size, fitted besides; the motion itself does not scale.
    """

    root_from_world: NDArray
    covariance: NDArray
    residuals_world: NDArray
    inflation: float
    scale: float
    scale_sd: float

    @property
    def rms_mm(self) -> float:
        """Root mean square length of the residuals."""
        return float(1e3 * np.sqrt((self.residuals_world**2).sum(axis=1).mean()))


def rigid_fit(points_root: NDArray, known_world: NDArray, covariance: NDArray) -> RigidFit:
    """Fit root_from_world by generalised least squares; never mirrors, never scales.

    Parameters
    ----------
    points_root : ndarray, shape (point, 3)
        Measured; three or more that are not on a line.
    known_world : ndarray, shape (point, 3)
    covariance : ndarray, shape (point * 3, point * 3)
        Of measured and known coordinates together, in the root frame, m².

    Notes
    -----
    Starts at the unweighted optimum (Kabsch 1976; Umeyama 1991 for the guard against mirroring).
    """
    root_from_world = aligning(known_world, points_root)
    for _ in range(5):
        residual, design, weight = _equations(root_from_world, points_root, known_world, covariance)
        normal = design.T @ weight @ design
        step = np.linalg.solve(normal, design.T @ weight @ residual)
        root_from_world = root_from_world @ from_rotvec(step[:3], step[3:])
    residual, design, weight = _equations(root_from_world, points_root, known_world, covariance)
    normal = design.T @ weight @ design
    grow = inflation(float(residual @ weight @ residual), len(residual) - 6)
    wide = np.column_stack([design, known_world.ravel()])
    both = np.linalg.inv(wide.T @ weight @ wide)
    size = 1.0 + float(both[6] @ wide.T @ weight @ residual)  # measured over known
    # The rigid fit's own inflation would count a wrong scale as noise.
    left = residual - wide @ both @ wide.T @ weight @ residual
    grow_scaled = inflation(float(left @ weight @ left), len(residual) - 7)
    return RigidFit(
        root_from_world, np.linalg.inv(normal) * grow**2, residual.reshape(-1, 3), grow,
        1.0 / size, float(np.sqrt(both[6, 6])) * grow_scaled,
    )  # fmt: skip


def _equations(
    root_from_world: NDArray, points_root: NDArray, known_world: NDArray, covariance: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Residuals (3 p), design (3 p, 6) of a small motion of the world, and weight (3 p, 3 p), in the world."""
    n = len(known_world)
    residual = (apply(inverse(root_from_world), points_root) - known_world).ravel()
    design = np.zeros((n, 3, 6))
    x, y, z = known_world.T
    zero = np.zeros(n)
    # w x p, column by column of w
    design[:, :, 0] = np.stack([zero, -z, y], axis=1)
    design[:, :, 1] = np.stack([z, zero, -x], axis=1)
    design[:, :, 2] = np.stack([-y, x, zero], axis=1)
    design[:, :, 3:] = np.eye(3)
    turn = np.kron(np.eye(n), root_from_world[:3, :3].T)
    return residual, design.reshape(3 * n, 6), np.linalg.inv(turn @ covariance @ turn.T)


def fit_rms(points_root: NDArray, known_world: NDArray) -> float:
    """Return the RMS distance, in m, of the unweighted rigid fit."""
    moved = apply(aligning(known_world, points_root), known_world)
    return float(np.sqrt(((moved - points_root) ** 2).sum(axis=1).mean()))


def spread_m(points: NDArray) -> NDArray:
    """Return the standard deviations along the principal axes, shape (3,), largest first, in m."""
    centred = points - points.mean(axis=0)
    return np.sqrt(np.maximum(np.linalg.eigvalsh(centred.T @ centred / len(points))[::-1], 0.0))


def across(up: NDArray) -> NDArray:
    """Return two unit vectors across `up`, shape (3, 2)."""
    first = np.cross(up, np.eye(3)[np.abs(up).argmin()])
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(up, first)], axis=1)
