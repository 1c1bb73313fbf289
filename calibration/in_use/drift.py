"""Whether cameras still see as they were calibrated: which moved, changed its lens or runs late, how much, since when.

For each camera in turn a change of its own is offered to the points that all cameras have placed, and the fall of the
squared error is told (the score test of Rao 1948; a step in time: Page 1954). To first order that is what a full
refinement with this camera set free would gain, so that gains of different cameras compare: the camera at fault gains
most, the others only what its points had pulled them by.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from calibration.camera import Camera
from calibration.in_use.change_systems import LATE, N_CHANGE, POSE, ZOOM, Systems, typical_square
from calibration.rigid import from_rotvec, rotvec

_PRIOR_SD = np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 30.0])  # a change beyond is no drift
_BLOCKS = 24
_LEAST_FRAMES = 6  # on either side of a step


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
    shown_mm : float
        What of it the cameras' disagreement shows: along weak directions points follow a camera and little is seen.
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
    shown_mm: float
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
# Of what the best kind explains; the simpler come first. Six unknowns fit much of what a zoom does, and noise.
_ENOUGH = {"late": 0.95, "zoom": 0.88, "moved": 0.97}


def best_change(systems: Systems, camera: int) -> CameraChange:
    """Return the simplest change of one camera that explains nearly all that any of its changes can."""
    matrix, gradient = systems.matrix[camera], systems.gradient[camera]
    prior = systems.sigma2 / _PRIOR_SD**2
    first = _best_step(matrix, gradient, prior)
    first += int((matrix[first:, 0, 0] > 0).argmax())  # the next frame that this camera shows
    whole, pull = matrix.sum(axis=0), gradient.sum(axis=0)
    gains = {kind: _gain(whole, pull, prior, _KINDS[kind]) for kind in ("late", "zoom", "moved")}
    gains["bumped"] = _gain(matrix[first:].sum(axis=0), gradient[first:].sum(axis=0), prior, _KINDS["bumped"])
    kind = next(kind for kind, gain in gains.items() if gain >= _ENOUGH.get(kind, 1.0) * max(gains.values()))
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


def _estimated(
    systems: Systems, camera: int, kind: str, first: int, gain: float, before: CameraChange | None = None
) -> CameraChange:
    """Estimate a change; where one was found `before` and is undone already, what is left of it goes on top."""
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
    left_px = np.sqrt(_noise_after(systems, camera, first, columns, part))
    if before is not None:
        value = _on_top(value, before.value)
        part = value[columns]
    moved_px = systems.by_change[camera, first:][..., columns] @ part
    weight = np.where(systems.mm_per_px[camera, first:] > 0, systems.weight[first:], 0.0)
    scale = systems.mm_per_px[camera, first:, :, None]
    total = max(float(weight.sum()), 1e-12)
    shown_px = systems.pull[camera, first:][..., columns] @ part
    shown = float(np.sqrt((weight[..., None] * moved_px * shown_px * scale**2).sum().clip(0.0) / total))
    squared = float((weight[..., None] * (moved_px * scale) ** 2).sum()) / total
    bent = systems.by_change[camera, first:][..., columns] * scale[..., None]
    noise = float(np.trace(np.einsum("tp,tpri,tprj->ij", weight, bent, bent) @ scatter)) / total
    noise = noise if noise >= 0 else np.inf  # far from the calibration, rounding has the last word
    effect, sd = float(np.sqrt(max(squared - noise, 0.0))), float(np.sqrt(noise))
    share = 1.0 - gain / max(float(_total(systems)), 1e-12)
    noise_mm = float(left_px * (weight * scale[..., 0]).sum() / total)
    return CameraChange(
        camera, kind, first, value, covariance, n_clusters, gain / left, share, effect, sd, shown, noise_mm
    )


def sharpened(systems: Systems, change: CameraChange) -> CameraChange:
    """Return a change with what is left of it where it is undone, to first order once more.

    A turn by a degree leaves tenths of a pixel beyond the first order, which would be taken for a shift.

    Parameters
    ----------
    systems : Systems
        Of the frames that the change holds for, about the camera as `undone` returns it.
    change : CameraChange
        Without the doubt of the calibration.
    """
    more = _estimated(systems, change.camera, change.kind, 0, 0.0, change)
    return replace(more, first=change.first, gain=change.gain, share=change.share)


def _on_top(value: NDArray, before: NDArray) -> NDArray:
    answer = value + before
    pose = from_rotvec(value[:3], value[3:6]) @ from_rotvec(before[:3], before[3:6])
    answer[:3], answer[3:6] = rotvec(pose), pose[:3, 3]
    return answer


def undone(camera: Camera, change: CameraChange) -> Camera:
    """Return the camera as it is after its change of pose or focal length, to first order."""
    matrix = camera.matrix.copy()
    matrix[[0, 1], [0, 1]] *= np.exp(change.value[ZOOM])  # stays above 0 where footage of another kind asks for less
    pose = from_rotvec(change.value[:3], change.value[3:6]) @ camera.cam_from_world
    return replace(camera, matrix=matrix, cam_from_world=pose)


def doubted(
    systems: Systems, change: CameraChange, calibration: NDArray, first: int | None = None
) -> CameraChange:
    """Return a change with what the calibration itself is uncertain by added to its covariance.

    Parameters
    ----------
    systems : Systems
    change : CameraChange
        As `best_change` returns it.
    calibration : ndarray, shape (camera, 18, camera, 18)
        `CameraRig.covariance`.
    first : int, optional
        Place on the time axis of `systems` from which on the change holds; its own when left out.
    """
    columns, camera = _KINDS[change.kind], change.camera
    first = change.first if first is None else first
    own = systems.by_change[camera, first:][..., columns]
    weighted = systems.weight[first:, :, None, None] * own
    towards = np.swapaxes(weighted, -1, -2) @ systems.follow[camera, first:]  # (time, point, change, 3)
    towards = np.moveaxis(towards, 2, 0).reshape(len(columns), -1)
    mixed = []
    for other in range(len(calibration)):
        by_camera = systems.by_camera[other, first:]
        pulled = np.swapaxes(systems.by_point[other, first:], -1, -2) @ by_camera
        mixed.append(-towards @ pulled.reshape(-1, by_camera.shape[-1]))
        if other == camera:
            mixed[-1] += np.einsum("tpri,tprj->ij", weighted, by_camera)
    prior = systems.sigma2 / _PRIOR_SD[columns] ** 2
    matrix = systems.matrix[camera, first:].sum(axis=0)[np.ix_(columns, columns)] + np.diag(prior)
    follows = np.linalg.solve(matrix, np.concatenate(mixed, axis=1))
    size = follows.shape[1]
    more = follows @ calibration.reshape(size, size) @ follows.T
    covariance = change.covariance.copy()
    covariance[np.ix_(columns, columns)] += more
    total = max(float(systems.weight[first:][systems.mm_per_px[camera, first:] > 0].sum()), 1e-12)
    scaled = own * systems.mm_per_px[camera, first:, :, None, None]
    squared = float(np.trace(np.einsum("tp,tpri,tprj->ij", systems.weight[first:], scaled, scaled) @ more)) / total
    effect = float(np.sqrt(max(change.effect_mm**2 - squared, 0.0)))
    sd = float(np.hypot(change.effect_sd_mm, np.sqrt(max(squared, 0.0))))
    return replace(change, covariance=covariance, effect_mm=effect, effect_sd_mm=sd)


def _noise_after(
    systems: Systems, camera: int, first: int, columns: list[int], value: NDArray
) -> float:
    """Squared noise of a coordinate once a change is undone, by the median over points."""
    squares = systems.squares.copy()
    moved_px = systems.by_change[camera, first:][..., columns] @ value
    followed = systems.pull[camera, first:][..., columns] @ value
    squares[first:] += (moved_px * (followed - 2 * systems.residual[camera, first:])).sum(axis=-1)
    return typical_square(np.maximum(squares, 0.0), systems.freedom)


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
