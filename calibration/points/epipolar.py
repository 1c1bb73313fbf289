"""Where two cameras stand to each other, from points that both saw at the same moments and nothing else.

Eight-point hypotheses from random samples, all at once; the best few are refined on the Sampson distance with a
robust loss; of the four poses that an essential matrix allows, the one with the points in front of both cameras is
taken. Lengths stay unknown: the baseline is 1. Sources: Hartley and Zisserman, "Multiple View Geometry", 2nd ed.,
sections 9.6 (four poses), 11.1 (normalised eight points), 11.4.3 (Sampson distance), 11.7 (degenerate scenes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import from_rotvec, rigid

MIN_SHARED_POINTS = 16
_SAMPLES = 250
_MOST_POINTS = 400
_BEST = 4  # hypotheses that are refined
_GAUSS_NEWTON = 10
_ROUNDS = 3
_STEP = 1e-6
_INLIER_SIGMAS = 4.0
_FLAT_SIGMAS = 3.0  # a plane explains the pair when the median transfer error is below this many sigma
_SIGMA_FLOOR_PX = 1e-4
_MOST_NOISE = 0.02  # of the focal length
_MEDIAN_ABS = 0.6745  # of a unit Gaussian
_IN_FRONT = 0.75


@dataclass(frozen=True, eq=False)
class EpipolarPair:
    """Relative pose of two cameras up to the length of their baseline.

    Attributes
    ----------
    b_from_a : ndarray, shape (4, 4)
        With a translation of length 1.
    n_shared : int
        Points that both saw.
    n_agreeing : int
        Those of them that fit.
    sigma_px : float
        Noise of one coordinate, from the median Sampson distance.
    cost : float
        Mean squared Sampson distance, truncated at a fixed 20 px, px²: to compare guesses of the lens.
    parallax_deg : float
        Median angle between the two rays of a point.
    flat : bool
        Whether a plane in space, or a mere rotation of the camera, explains the points as well: then the pose is
        not known.
    consistent : bool
        Whether most points fit one pose within a noise of 2 % of the focal length at most.
    sure : bool
        Whether one of the four poses has the points in front of both cameras.
    """

    b_from_a: NDArray
    n_shared: int
    n_agreeing: int
    sigma_px: float
    cost: float
    parallax_deg: float
    flat: bool
    consistent: bool
    sure: bool

    @property
    def usable(self) -> bool:
        """Whether the pose may be built on."""
        return self.sure and self.consistent and not self.flat

    @property
    def strength(self) -> float:
        """How well the pair carries others: points that fit, times the sine of the angle between their rays."""
        return self.n_agreeing * float(np.sin(np.deg2rad(self.parallax_deg))) if self.usable else 0.0


def epipolar_pair(rays_a: NDArray, rays_b: NDArray, focal_a: float, focal_b: float, seed: int = 0) -> EpipolarPair:
    """Find the relative pose of two cameras from points that both saw.

    Parameters
    ----------
    rays_a, rays_b : ndarray, shape (point, 2)
        x/z and y/z in the frame of each camera; finite, `MIN_SHARED_POINTS` at least.
    focal_a, focal_b : float
        Focal lengths in px, in which distances are told.
    seed : int
        Decides the samples.
    """
    rng = np.random.default_rng(seed)
    few = rng.permutation(len(rays_a))[:_MOST_POINTS]
    a, b = rays_a[few], rays_b[few]
    poses = _refined(_hypotheses(a, b, focal_a, focal_b, rng), a, b, focal_a, focal_b)
    off = np.abs(sampson_px(poses, a, b, focal_a, focal_b))
    sigma = np.maximum(np.median(off, axis=1) / _MEDIAN_ABS, _SIGMA_FLOOR_PX)
    limit = _INLIER_SIGMAS * sigma.min()
    best = int(np.minimum(off, limit).sum(axis=1).argmin())
    pose, own_sigma = poses[best], float(sigma[best])
    fits = off[best] < _INLIER_SIGMAS * own_sigma
    b_from_a, share = _in_front(pose, a[fits], b[fits])
    whole = np.abs(sampson_px(b_from_a[None], rays_a, rays_b, focal_a, focal_b)[0])
    n_agreeing = int((whole < _INLIER_SIGMAS * own_sigma).sum())
    relief = min(_transfer_px(a[fits], b[fits], focal_b), _width_px(a[fits], focal_a), _width_px(b[fits], focal_b))
    consistent = 2 * n_agreeing > len(rays_a) and own_sigma < _MOST_NOISE * float(np.sqrt(focal_a * focal_b))
    flat = consistent and relief < _FLAT_SIGMAS * max(own_sigma, 1e-2)
    return EpipolarPair(
        b_from_a, len(rays_a), n_agreeing, own_sigma,
        float(np.mean(np.minimum(off[best], 20.0) ** 2)), _parallax_deg(b_from_a, a[fits], b[fits]), flat,
        consistent, share > _IN_FRONT,
    )  # fmt: skip


def sampson_px(b_from_a: NDArray, rays_a: NDArray, rays_b: NDArray, focal_a: float, focal_b: float) -> NDArray:
    """Return the signed Sampson distance, shape (pose, point), in px: of sd sigma under noise of sigma a coordinate.

    Parameters
    ----------
    b_from_a : ndarray, shape (pose, 4, 4)
    rays_a, rays_b : ndarray, shape (point, 2)
    """
    matrix = essential_of(b_from_a)
    line_b = rays_a @ matrix[:, :, :2].swapaxes(1, 2) + matrix[:, None, :, 2]
    line_a = rays_b @ matrix[:, :2] + matrix[:, None, 2]
    mismatch = np.einsum("ni,pni->pn", rays_b, line_b[..., :2]) + line_b[..., 2]
    slope = (line_a[..., :2] ** 2).sum(axis=-1) / focal_a**2 + (line_b[..., :2] ** 2).sum(axis=-1) / focal_b**2
    return mismatch / np.sqrt(np.maximum(slope, 1e-300))


def essential_of(b_from_a: NDArray) -> NDArray:
    """Return essential matrices, shape (..., 3, 3): ``ray_b @ essential @ ray_a = 0``."""
    x, y, z = np.moveaxis(b_from_a[..., :3, 3], -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return np.stack(rows, axis=-2) @ b_from_a[..., :3, :3]


def _hypotheses(a: NDArray, b: NDArray, focal_a: float, focal_b: float, rng: np.random.Generator) -> NDArray:
    """The best few poses, shape (pose, 4, 4), among those of random eights, and that of all points."""
    scale_a, scale_b = _normaliser(a), _normaliser(b)
    u, v = _homogeneous(a) @ scale_a.T, _homogeneous(b) @ scale_b.T
    rows = (v[:, :, None] * u[:, None, :]).reshape(len(a), 9)
    picks = rng.random((_SAMPLES, len(a))).argpartition(8, axis=1)[:, :8]
    vectors = np.linalg.svd(rows[picks])[2][:, -1]
    vectors = np.concatenate([vectors, np.linalg.svd(rows)[2][-1:]])
    left, _, right = np.linalg.svd(scale_b.T @ vectors.reshape(-1, 3, 3) @ scale_a)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    rotation = left @ turn @ right
    rotation *= np.sign(np.linalg.det(rotation))[:, None, None]
    poses = rigid(rotation, left[:, :, 2])  # any of the four: all have the same epipolar lines
    off = np.abs(sampson_px(poses, a, b, focal_a, focal_b))
    order = np.argsort(np.median(off, axis=1), kind="stable")
    return np.asarray(poses[order[:_BEST]])


def _normaliser(rays: NDArray) -> NDArray:
    centre = rays.mean(axis=0)
    scale = np.sqrt(2.0) / max(float(np.linalg.norm(rays - centre, axis=1).mean()), 1e-12)
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])


def _homogeneous(rays: NDArray) -> NDArray:
    return np.insert(rays, 2, 1.0, axis=1)


def _refined(poses: NDArray, a: NDArray, b: NDArray, focal_a: float, focal_b: float) -> NDArray:
    """Gauss-Newton on the Sampson distance with Cauchy weights, all poses at once."""
    for _ in range(_GAUSS_NEWTON):
        off = sampson_px(poses, a, b, focal_a, focal_b)
        scale = np.maximum(np.median(np.abs(off), axis=1) / _MEDIAN_ABS, _SIGMA_FLOOR_PX)
        weight = 1.0 / (1.0 + (off / (2.0 * scale[:, None])) ** 2)
        slopes = np.stack(
            [(sampson_px(_stepped(poses, step), a, b, focal_a, focal_b) - off) / _STEP for step in _STEP * np.eye(5)],
            axis=-1,
        )
        normal = np.einsum("pn,pni,pnj->pij", weight, slopes, slopes)
        right = -np.einsum("pn,pni,pn->pi", weight, slopes, off)
        diagonal = np.einsum("pii->pi", normal)
        normal[:, np.arange(5), np.arange(5)] += 1e-6 * diagonal + 1e-12
        step = np.linalg.solve(normal, right[..., None])[..., 0]
        step *= np.minimum(1.0, 0.3 / np.maximum(np.linalg.norm(step, axis=1), 1e-12))[:, None]
        trial = _stepped(poses, step)
        after = np.abs(sampson_px(trial, a, b, focal_a, focal_b))
        limit = 3.0 * scale[:, None]
        better = np.minimum(after, limit).sum(axis=1) < np.minimum(np.abs(off), limit).sum(axis=1)
        poses = np.where(better[:, None, None], trial, poses)
        if not better.any():
            break
    return poses


def _stepped(poses: NDArray, step: NDArray) -> NDArray:
    """Turn by three rad and move the unit baseline by two rad across itself; `step` (5,) or (pose, 5)."""
    step = np.zeros((len(poses), 5)) + step
    line = poses[:, :3, 3]
    # Any two directions across the baseline: away from its largest component.
    helper = np.eye(3)[np.abs(line).argmin(axis=1)]
    one = np.cross(line, helper)
    one /= np.linalg.norm(one, axis=1)[:, None]
    moved = line + step[:, 3:4] * one + step[:, 4:5] * np.cross(line, one)
    moved /= np.linalg.norm(moved, axis=1)[:, None]
    turned = from_rotvec(step[:, :3], np.zeros((len(poses), 3)))[:, :3, :3] @ poses[:, :3, :3]
    return rigid(turned, moved)


def _in_front(pose: NDArray, a: NDArray, b: NDArray) -> tuple[NDArray, float]:
    """Of the four poses with these epipolar lines the one with most points in front of both, and their share."""
    line = pose[:3, 3]
    half_turn = 2.0 * np.outer(line, line) - np.eye(3)
    best, best_share = pose, -1.0
    for rotation in (pose[:3, :3], half_turn @ pose[:3, :3]):
        for sign in (1.0, -1.0):
            trial = rigid(rotation, sign * line)
            depth_a, depth_b = _depths(trial, a, b)
            share = float(np.mean((depth_a > 0) & (depth_b > 0))) if len(a) else 0.0
            if share > best_share:
                best, best_share = trial, share
    return best, best_share


def _depths(b_from_a: NDArray, a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
    """Depths in both cameras of the midpoints of two rays, in baselines."""
    turned, other = _homogeneous(a) @ b_from_a[:3, :3].T, _homogeneous(b)
    line = b_from_a[:3, 3]
    # depth_b * other - depth_a * turned = line, by least squares
    uu, vv = (turned**2).sum(axis=1), (other**2).sum(axis=1)
    uv = (turned * other).sum(axis=1)
    ul, vl = turned @ line, other @ line
    determinant = np.maximum(uu * vv - uv**2, 1e-12 * uu * vv)
    return (uv * vl - vv * ul) / determinant, (uu * vl - uv * ul) / determinant


def _parallax_deg(b_from_a: NDArray, a: NDArray, b: NDArray) -> float:
    turned, other = _homogeneous(a) @ b_from_a[:3, :3].T, _homogeneous(b)
    across = np.linalg.norm(np.cross(turned, other), axis=1)
    return float(np.rad2deg(np.median(np.arctan2(across, (turned * other).sum(axis=1)))))


def _width_px(rays: NDArray, focal: float) -> float:
    """Spread of points, px, across the line that fits them best: nothing of a line in space."""
    off = rays - rays.mean(axis=0) if len(rays) else np.zeros((1, 2))
    return focal * float(np.sqrt(max(np.linalg.eigvalsh(off.T @ off / len(off))[0], 0.0)))


def _transfer_px(a: NDArray, b: NDArray, focal_b: float) -> float:
    """Median distance, px, by which the best homography misses: small where all points lie in one plane."""
    if len(a) < 8:
        return 0.0
    scale_a, scale_b = _normaliser(a), _normaliser(b)
    u, v = _homogeneous(a) @ scale_a.T, _homogeneous(b) @ scale_b.T
    zero = np.zeros_like(u)
    rows = np.stack(
        [np.concatenate([u, zero, -v[:, :1] * u], axis=1), np.concatenate([zero, u, -v[:, 1:2] * u], axis=1)], axis=1
    )
    weight, off = np.ones(len(a)), np.zeros(len(a))
    for _ in range(_ROUNDS):
        vector = np.linalg.svd((weight[:, None, None] * rows).reshape(-1, 9), full_matrices=False)[2][-1]
        mapped = u @ vector.reshape(3, 3).T
        safe = np.where(np.abs(mapped[:, 2:]) > 1e-9, mapped[:, 2:], 1e-9)
        off = np.linalg.norm(mapped[:, :2] / safe - v[:, :2], axis=1) * focal_b / scale_b[0, 0]
        weight = 1.0 / (1.0 + off / max(float(np.median(off)), 1e-9))
    return float(np.median(off))
