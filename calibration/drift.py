"""Whether cameras still see as they were calibrated: which moved, changed its lens or runs late, how much, since when.

Points are triangulated from all cameras. For each camera in turn a change of its own is offered to that answer, all
points free to follow, and the fall of the squared error is told (the score test of Rao 1948; a step in time: Page
1954). To first order that is what a full refinement with this camera set free would gain, so that gains of different
cameras compare: the camera at fault gains most, the others only what its points had pulled them by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from calibration.camera import CameraRig
from calibration.propagation import camera_jacobian
from calibration.triangulation import triangulate

N_CHANGE = 8  # rotation 3 (rad), translation 3 (m), relative focal length, frames late
POSE, ZOOM, LATE = slice(0, 6), 6, 7
_PRIOR_SD = np.array([0.3, 0.3, 0.3, 1.0, 1.0, 1.0, 0.3, 30.0])  # a change beyond is no drift
_REACH = 4  # frames to either side through which a line is laid for the speed in the image
_LEAST_SPREAD = 20.0  # squared frames: five in a row have 10, nine 60
_ROBUST = 3.0
_BLOCKS = 24
_LEAST_POINTS = 30
_LEAST_FRAMES = 6  # on either side of a step


@dataclass(frozen=True, eq=False)
class Systems:
    """The least-squares systems of each camera's own change, frame by frame, with what they were made of.

    Attributes
    ----------
    matrix : ndarray, shape (camera, time, 8, 8)
        The points eliminated; units of px².
    gradient : ndarray, shape (camera, time, 8)
    by_change, pull : ndarray, shape (camera, time, point, 2, 8)
        d pixel / d change with points held and with points following; 0 where not seen.
    residual : ndarray, shape (camera, time, point, 2)
        Seen minus projected, px; 0 where not seen.
    weight : ndarray, shape (time, point)
        Less than 1 for points whose views contradict each other more than most.
    mm_per_px : ndarray, shape (camera, time, point)
        What a pixel is at the point's distance.
    sigma2 : float
        Squared noise of a coordinate, px², with the residuals as they are.
    """

    matrix: NDArray
    gradient: NDArray
    by_change: NDArray
    pull: NDArray
    residual: NDArray
    weight: NDArray
    mm_per_px: NDArray
    sigma2: float


def change_systems(rig: CameraRig, pixels: NDArray, speed: NDArray) -> Systems | None:
    """Linearise what a change of each camera would do.

    Parameters
    ----------
    rig : CameraRig
    pixels, speed : ndarray, shape (camera, time, point, 2)
        px, and px per frame; NaN where not seen, or where the speed is not known.

    Returns
    -------
    Systems or None
        None with fewer than 30 points that two cameras share.
    """
    points = triangulate(rig, pixels)
    shape = pixels.shape[:3]
    seen = np.isfinite(pixels).all(axis=-1) & np.isfinite(points).all(axis=-1)
    projected = rig.project(points)
    seen &= np.isfinite(projected).all(axis=-1)
    seen &= seen.sum(axis=0) >= 2
    if seen.any(axis=0).sum() < _LEAST_POINTS:
        return None
    residual = np.where(seen[..., None], pixels - projected, 0.0)
    by_change, by_point = np.zeros((*shape, 2, N_CHANGE)), np.zeros((*shape, 2, 3))
    mm_per_px = np.zeros(shape)
    for index, camera in enumerate(rig):
        own = seen[index]
        by_camera, by_point[index][own] = camera_jacobian(camera, points[own])
        focal = camera.matrix[[0, 1], [0, 1]]
        columns = by_change[index]
        mine = np.concatenate([by_camera[..., 12:18], by_camera[..., :2] @ focal[:, None]], axis=-1)
        late = -np.nan_to_num(speed[index][own])[..., None]
        columns[own] = np.concatenate([mine, late], axis=-1)
        depth = points[own] @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3]
        mm_per_px[index][own] = 1e3 * depth / focal.mean()
    normal = np.einsum("ctpri,ctprj->tpij", by_point, by_point)
    there = seen.any(axis=0)
    normal[~there] = np.eye(3)
    follow = by_point @ np.linalg.inv(normal)[None]  # (camera, time, point, 2, 3)
    pull = by_change - follow @ (np.swapaxes(by_point, -1, -2) @ by_change)
    freedom = np.maximum(2 * seen.sum(axis=0) - 3, 1)
    misfit = (residual**2).sum(axis=(0, -1)) / freedom
    typical = max(float(np.median(misfit[there])), 1e-12)
    weight = np.where(there, 1.0 / (1.0 + misfit / (_ROBUST**2 * typical)), 0.0)
    matrix = np.einsum("tp,ctpri,ctprj->ctij", weight, by_change, pull)
    gradient = np.einsum("tp,ctpri,ctpr->cti", weight, by_change, residual)
    sigma2 = float((weight * misfit * freedom).sum() / (weight * freedom).sum())
    return Systems(matrix, gradient, by_change, pull, residual, weight, mm_per_px, max(sigma2, 1e-12))


def speeds(pixels: NDArray, frames: NDArray) -> NDArray:
    """Return how fast points move in the image at some frames, px per frame; NaN where not known.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, point, 2)
    frames : ndarray of int, shape (chosen,)
    """
    steps = np.arange(-_REACH, _REACH + 1)
    near = frames[:, None] + steps
    inside = (near >= 0) & (near < pixels.shape[1])
    window = pixels[:, np.clip(near, 0, pixels.shape[1] - 1)]  # (camera, chosen, step, point, 2)
    there = np.isfinite(window) & inside[None, :, :, None, None]
    count = np.maximum(there.sum(axis=2), 1)
    when = np.where(there, steps[None, None, :, None, None], 0.0)
    centred = np.where(there, when - (when.sum(axis=2) / count)[:, :, None], 0.0)
    spread = (centred**2).sum(axis=2)
    slope = (centred * np.where(there, window, 0.0)).sum(axis=2) / np.maximum(spread, 1e-12)
    return np.where(spread >= _LEAST_SPREAD, slope, np.nan)


@dataclass(frozen=True, eq=False)
class CameraChange:
    """The change of one camera that explains the disagreement of all best.

    Attributes
    ----------
    camera : int
    kind : str
        'late', 'zoom', 'moved' or 'bumped' (moved within the footage).
    first : int
        Place on the time axis from which on it holds.
    value : ndarray, shape (8,)
    covariance : ndarray, shape (8, 8)
    n_clusters : int
        Blocks of time, or points, that the covariance is the scatter of; 0 where it is of independent noise.
    gain : float
        Fall of the squared error per squared noise that is left.
    share : float
        Of the squared error that remains with this change.
    effect_mm : float
        What it does at the points that were seen, root mean square, the estimate's own noise taken off.
    effect_sd_mm : float
    noise_mm : float
        What is left once the change is undone, as the sigma of a coordinate, at the distance of the points.
    """

    camera: int
    kind: str
    first: int
    value: NDArray
    covariance: NDArray
    n_clusters: int
    gain: float
    share: float
    effect_mm: float
    effect_sd_mm: float
    noise_mm: float

    @property
    def turn_deg(self) -> float:
        """Angle turned."""
        return float(np.rad2deg(np.linalg.norm(self.value[:3])))

    @property
    def turn_sd_deg(self) -> float:
        """Standard deviation of the angle turned."""
        return float(np.rad2deg(_along(self.value[:3], self.covariance[:3, :3])))

    @property
    def shift_mm(self) -> float:
        """Distance moved."""
        return float(1e3 * np.linalg.norm(self.value[3:6]))

    @property
    def shift_sd_mm(self) -> float:
        """Standard deviation of the distance moved."""
        return float(1e3 * _along(self.value[3:6], self.covariance[3:6, 3:6]))

    @property
    def chance(self) -> float:
        """Probability of so large a change where there is none (Hotelling's T squared; chi-square of pure noise)."""
        chosen = np.flatnonzero(np.diagonal(self.covariance) > 0)
        value, n, k = self.value[chosen], self.n_clusters, len(chosen)
        square = float(value @ np.linalg.pinv(self.covariance[np.ix_(chosen, chosen)], hermitian=True) @ value)
        return float(fdtrc(k, n - k, square * (n - k) / (k * (n - 1))) if n > k else chdtrc(k, square))


def _along(value: NDArray, covariance: NDArray) -> float:
    length = np.linalg.norm(value)
    unit = value / length if length > 0 else np.full(3, 3**-0.5)
    return float(np.sqrt(max(unit @ covariance @ unit, 0.0)))


_KINDS = {"late": [LATE], "zoom": [ZOOM], "moved": list(range(6)), "bumped": list(range(6))}
_ENOUGH = 0.95  # of what the best kind explains; the simpler come first


def best_change(systems: Systems, camera: int) -> CameraChange:
    """Return the simplest change of one camera that explains nearly all that any of its changes can."""
    matrix, gradient = systems.matrix[camera], systems.gradient[camera]
    prior = systems.sigma2 / _PRIOR_SD**2
    first = _best_step(matrix, gradient, prior)
    whole, pull = matrix.sum(axis=0), gradient.sum(axis=0)
    gains = {kind: _gain(whole, pull, prior, _KINDS[kind]) for kind in ("late", "zoom", "moved")}
    gains["bumped"] = _gain(matrix[first:].sum(axis=0), gradient[first:].sum(axis=0), prior, _KINDS["bumped"])
    kind = next(kind for kind, gain in gains.items() if gain >= _ENOUGH * max(gains.values()))
    return _estimated(systems, camera, kind, first if kind == "bumped" else 0, gains[kind])


def _gain(matrix: NDArray, gradient: NDArray, prior: NDArray, columns: list[int]) -> float:
    part = matrix[np.ix_(columns, columns)] + np.diag(prior[columns])
    return float(gradient[columns] @ np.linalg.solve(part, gradient[columns]))


def _best_step(matrix: NDArray, gradient: NDArray, prior: NDArray) -> int:
    """Return the frame at which poses before and after explain most together."""
    n = len(matrix)
    if n < 2 * _LEAST_FRAMES:
        return 0
    blocks, pulls = matrix[:, POSE, POSE], gradient[:, POSE]
    sums, pulled = np.cumsum(blocks, axis=0), np.cumsum(pulls, axis=0)
    places = np.arange(_LEAST_FRAMES, n - _LEAST_FRAMES + 1)
    gains = np.zeros(len(places))
    for part, pull in (
        (sums[places - 1], pulled[places - 1]),
        (sums[-1] - sums[places - 1], pulled[-1] - pulled[places - 1]),
    ):
        solved = np.linalg.solve(part + np.diag(prior[POSE]), pull[..., None])[..., 0]
        gains += (pull * solved).sum(axis=1)
    return int(places[gains.argmax()])


def _estimated(systems: Systems, camera: int, kind: str, first: int, gain: float) -> CameraChange:
    columns, prior = _KINDS[kind], systems.sigma2 / _PRIOR_SD**2
    matrix = systems.matrix[camera, first:].sum(axis=0)[np.ix_(columns, columns)]
    gradient = systems.gradient[camera, first:].sum(axis=0)[columns]
    inverse = np.linalg.inv(matrix + np.diag(prior[columns]))
    part = inverse @ gradient
    value, covariance = np.zeros(N_CHANGE), np.zeros((N_CHANGE, N_CHANGE))
    value[columns] = part
    scatter, n_clusters = _covariance(systems, camera, columns, first, part, inverse)
    covariance[np.ix_(columns, columns)] = scatter
    left = _left_over(systems, gain)
    moved_px = systems.by_change[camera, first:][..., columns] @ part
    weight = np.where(systems.mm_per_px[camera, first:] > 0, systems.weight[first:], 0.0)
    scale = systems.mm_per_px[camera, first:, :, None]
    total = max(float(weight.sum()), 1e-12)
    squared = float((weight[..., None] * (moved_px * scale) ** 2).sum()) / total
    bent = systems.by_change[camera, first:][..., columns] * scale[..., None]
    noise = float(np.trace(np.einsum("tp,tpri,tprj->ij", weight, bent, bent) @ scatter)) / total
    effect, sd = float(np.sqrt(max(squared - noise, 0.0))), float(np.sqrt(noise))
    share = 1.0 - gain / max(float(_total(systems)), 1e-12)
    noise_mm = float(np.sqrt(left) * (weight * scale[..., 0]).sum() / total)
    return CameraChange(camera, kind, first, value, covariance, n_clusters, gain / left, share, effect, sd, noise_mm)


def _total(systems: Systems) -> float:
    return float((systems.weight[None, ..., None] * systems.residual**2).sum())


def _left_over(systems: Systems, gain: float) -> float:
    """Squared noise per degree of freedom once a gain is taken."""
    freedom = _total(systems) / systems.sigma2
    return max((_total(systems) - gain) / max(freedom - 6, 1.0), 1e-12)


def _covariance(
    systems: Systems, camera: int, columns: list[int], first: int, value: NDArray, inverse: NDArray
) -> tuple[NDArray, int]:
    """Covariance of a change: of independent noise, or, where larger, of what blocks of time or points scatter by.

    Keypoints are wrong in the same way for many frames, and in their own way in each view.
    """
    pull = systems.pull[camera, first:][..., columns]
    bent = systems.by_change[camera, first:][..., columns]
    residual = systems.residual[camera, first:] - pull @ value
    scores = np.einsum("tp,tpri,tpr->tpi", systems.weight[first:], bent, residual)
    noise = _left_over(systems, float(value @ np.linalg.solve(inverse, value)))
    answer, n_clusters = noise * inverse, 0
    blocks = [part.sum(axis=(0, 1)) for part in np.array_split(scores, min(_BLOCKS, len(scores))) if len(part)]
    for clusters in (np.array(blocks), scores.sum(axis=0)):
        n = len(clusters)
        if n < len(columns) + 4:
            continue
        spread = inverse @ (clusters.T @ clusters) @ inverse * n / (n - len(columns))
        if np.trace(np.linalg.solve(answer, spread)) > len(columns):
            answer, n_clusters = spread, n
    return answer, n_clusters
