"""One camera placed anew while all others stay: what a bumped tripod needs, in place of a new calibration.

The lenses and the other cameras are taken as calibrated; the pose of the one and the bodies that were shown (boards,
or free points) are refined together over all views. What the others and the lens are uncertain by goes into the new
pose to first order: with the bodies eliminated, the pose follows a change of the rest by the implicit function of the
reduced system (Triggs et al., "Bundle adjustment: a modern synthesis", 2000). Errors of free points that go together
enlarge it, see `dependent_errors`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array, one_blas_thread
from calibration.camera import Camera, CameraRig
from calibration.errors import SolverError, ViewGraphError
from calibration.in_use.dependent_errors import covariance_of_points
from calibration.initial.intrinsics import board_candidates
from calibration.initial.placement import place_boards
from calibration.observations import BoardObservations
from calibration.rigid import inverse, rotvec
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import (
    N_CAMERA,
    N_LENS,
    BundleState,
    Views,
    board_views,
    normal_equations,
    reduced_system,
    squared_errors,
)
from calibration.solve.resection import resected
from calibration.triangulation import triangulate
from calibration.views import usable_views

_LEAST_VIEWS = 5  # of a board
_LEAST_POINTS = 30
_CAUCHY_SIGMAS = 3.0
_REJECT_SIGMAS = 6.0
_ROUNDS = 4
_NEAR_SHARE = 0.03  # of the longer side: bodies that the others disagree on by more are left out
_WORST_SHARE = 0.0125  # residual above which there is no answer, as a share of the longer side
_LEAST_SHARE = 0.5  # of what the camera saw
_MEDIAN_OF_SQUARES = 2 * np.log(2.0)


@dataclass(frozen=True, eq=False)
class Reestimation:
    """A rig with one camera placed anew.

    Attributes
    ----------
    rig : CameraRig
        The others unchanged; the covariance holds the new pose with all it depends on. None where the given rig had
        none.
    name : str
    turn_deg, shift_mm : float
        From the old pose to the new.
    turn_sd_deg, shift_sd_mm : float
        Root of the summed variances of the new pose's rotation and position in the camera's frame; of the noise alone
        where the given rig had no covariance.
    sigma_px : float
        Noise of a coordinate.
    n_used : int
        Corners or points of this camera that the answer rests on.
    """

    rig: CameraRig
    name: str
    turn_deg: float
    shift_mm: float
    turn_sd_deg: float
    shift_sd_mm: float
    sigma_px: float
    n_used: int


def reestimate_camera(rig: CameraRig, name: str, observations: BoardObservations | NDArray) -> CameraRig:
    """Return the rig with one camera placed anew; see `reestimate`."""
    return reestimate(rig, name, observations).rig


def reestimate(rig: CameraRig, name: str, observations: BoardObservations | NDArray) -> Reestimation:
    """Place one camera anew from what it and the others see together.

    Parameters
    ----------
    rig : CameraRig
    name : str
        Of the camera that moved. Its lens is taken as it was.
    observations : BoardObservations, or ndarray, shape (camera, time, point, 2)
        Of a board, or of any points, in the order of the rig's cameras, taken since the camera moved; NaN where not
        seen.

    Raises
    ------
    ViewGraphError
        TOO_FEW_VIEWS when it shares too little with the others.
    SolverError
        RESIDUAL_TOO_LARGE when no pose of this camera agrees with the others.
    ShapeError
        When the camera is not in the rig, or the observations are of other cameras.
    """
    rig.subset([name])  # refuses unknown names
    camera = rig.names.index(name)
    with one_blas_thread():
        if isinstance(observations, BoardObservations):
            state, views = _placed_boards(rig, camera, observations)
            kinds = None
        else:
            state, views, kinds = _placed_points(rig, camera, observations)
        state = _started(rig, camera, state, views)
        state, views, sigma = _refined(rig, camera, state, views)
        return _answer(rig, camera, state, views, sigma, kinds)


def _lenses(rig: CameraRig) -> NDArray:
    lenses = np.zeros((len(rig), N_LENS))
    for row, camera in zip(lenses, rig, strict=True):
        row[:4] = camera.matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
        row[4 : 4 + len(camera.distortion)] = camera.distortion
    return lenses


def _poses(rig: CameraRig) -> NDArray:
    return np.stack([camera.cam_from_world for camera in rig])


def _fisheye(rig: CameraRig) -> NDArray:
    return np.array([camera.fisheye for camera in rig])


def _placed_boards(rig: CameraRig, camera: int, observations: BoardObservations) -> tuple[BundleState, Views]:
    """Place the boards by the other cameras; of frames that this camera and another saw."""
    observations = observations.subset_cameras(rig.names)
    corners, lenses = observations.board.corners_board, _lenses(rig)
    usable = usable_views(observations.seen, corners)
    others = np.delete(np.arange(len(rig)), camera)
    frames = np.flatnonzero(usable[camera] & usable[others].any(axis=0))
    if len(frames) < _LEAST_VIEWS:
        raise _too_few(rig, camera, f"{len(frames)} views of the board", f"{_LEAST_VIEWS}")
    pixels = np.where(usable[:, frames, None, None], observations.pixels[:, frames], np.nan)
    candidates = np.full((len(rig), len(frames), 2, 4, 4), np.nan)
    for other in others:
        own = usable[other, frames]
        candidates[other, own], _ = board_candidates(
            pixels[other, own], corners, lenses[other], rig.cameras[other].fisheye, observations.board.faces
        )
    without = pixels.copy()
    without[camera] = np.nan
    placed = place_boards(lenses, _poses(rig), candidates, board_views(without, _fisheye(rig), corners))
    return placed, board_views(pixels, _fisheye(rig), corners)


def _placed_points(rig: CameraRig, camera: int, pixels: NDArray) -> tuple[BundleState, Views, NDArray]:
    """Triangulate by the other cameras what they agree on; return also frame and point of each body."""
    n_points = checked_array(pixels, "pixels", (len(rig), "time", "point", 2)).shape[2]
    pixels = pixels.reshape(len(rig), -1, 1, 2)
    without = pixels.copy()
    without[camera] = np.nan
    points = triangulate(rig, without)
    off = np.linalg.norm(rig.project(points) - without, axis=-1)
    limit = _NEAR_SHARE * max(max(one.size) for one in rig)
    fits = np.nan_to_num(np.where(np.isfinite(without[..., 0]), off, 0.0), nan=np.inf).max(axis=0) < limit
    rows = np.flatnonzero((fits & np.isfinite(points).all(axis=-1) & np.isfinite(pixels[camera, ..., 0]))[:, 0])
    if len(rows) < _LEAST_POINTS:
        raise _too_few(rig, camera, f"{len(rows)} points that two others see too", f"{_LEAST_POINTS}")
    world_from_point = np.tile(np.eye(4), (len(rows), 1, 1))
    world_from_point[:, :3, 3] = points[rows, 0]
    views = board_views(pixels[:, rows], _fisheye(rig), np.zeros((1, 3)))
    return BundleState(_lenses(rig), _poses(rig), world_from_point), views, np.stack(np.divmod(rows, n_points))


def _too_few(rig: CameraRig, camera: int, found: str, wanted: str) -> ViewGraphError:
    return ViewGraphError(
        f"Camera '{rig.names[camera]}' shares only {found} with the other cameras; {wanted} are needed.",
        "Show the board, the wand or the person longer where this camera and others see it at once.",
        code="TOO_FEW_VIEWS",
    )


def _started(rig: CameraRig, camera: int, state: BundleState, views: Views) -> BundleState:
    """Place the camera by the bodies, which the others have placed."""
    rows = np.flatnonzero(views.camera == camera)
    corners = views.targets[views.body_target[views.body[rows]]]
    poses = state.world_from_board[views.body[rows]]
    points = np.einsum("vij,vkj->vki", poses[:, :3, :3], corners) + poses[:, None, :3, 3]
    seen = views.seen[rows]
    pose = resected(rig.cameras[camera], points[seen], views.pixels[rows][seen])
    moved = state.cam_from_world.copy()
    moved[camera] = pose
    return replace(state, cam_from_world=moved)


def _refined(
    rig: CameraRig, camera: int, state: BundleState, views: Views
) -> tuple[BundleState, Views, NDArray]:
    """Refine the pose and the bodies, leaving out what does not fit; return also sigma, shape (camera,), in px."""
    free = np.zeros((len(rig), N_CAMERA), dtype=bool)
    free[camera, N_LENS:] = True
    nothing = LensPrior(state.lenses, np.zeros_like(state.lenses), np.zeros(len(rig)))
    every, loss = views.seen, _CAUCHY_SIGMAS
    views = _sound(views, every & np.isfinite(squared_errors(state, views)))
    sigma = _median_sigma(state, views, len(rig))
    for turn in range(_ROUNDS):
        state = minimise(BundleProblem(views, free, nothing), state, sigma, loss if turn < 2 else None).state
        sigma = _median_sigma(state, views, len(rig)) if turn < 2 else _sigma(state, views, len(rig))
        fits = every & (squared_errors(state, views.with_seen(every)) < (_REJECT_SIGMAS * sigma[0]) ** 2)
        views = _sound(views, fits)
    _check_fit(rig.cameras[camera], float(sigma[0]), every[views.camera == camera], views.seen[views.camera == camera])
    final = minimise(BundleProblem(views, free, nothing), state, sigma).state
    return final, views, _sigma(final, views, len(rig))


def _check_fit(camera: Camera, sigma: float, every: NDArray, used: NDArray) -> None:
    limit, share = _WORST_SHARE * max(camera.size), used.sum() / max(every.sum(), 1)
    if share < _LEAST_SHARE or not sigma < limit:
        raise SolverError(
            f"No pose of camera '{camera.name}' agrees with the other cameras: {100 * share:.0f} % of "
            f"what it saw fits to {sigma:.1f} px (limits {100 * _LEAST_SHARE:.0f} % and {limit:.1f} px).",
            "Check that only this camera moved, that its lens was not touched, and that the footage is synchronous.",
            code="RESIDUAL_TOO_LARGE",
        )


def _sound(views: Views, seen: NDArray) -> Views:
    """Count only bodies that their views fix: of points two cameras, of boards one usable view."""
    if views.targets.shape[1] == 1:
        enough = np.bincount(views.body, seen[:, 0], minlength=views.n_bodies) >= 2
    else:
        usable = np.zeros(len(seen), dtype=bool)
        kinds = views.body_target[views.body]
        for kind, corners in enumerate(views.targets):
            rows = kinds == kind
            usable[rows] = usable_views(seen[rows], corners)
        seen = seen & usable[:, None]
        enough = np.bincount(views.body, seen.any(axis=1), minlength=views.n_bodies) >= 1
    return views.with_seen(seen & enough[views.body, None])


def _n_unknown(views: Views) -> int:
    bodies = np.unique(views.body[views.seen.any(axis=1)])
    return 6 + (3 if views.targets.shape[1] == 1 else 6) * len(bodies)


def _median_sigma(state: BundleState, views: Views, n_cameras: int) -> NDArray:
    squares = squared_errors(state, views)[views.seen]
    share = max(1 - _n_unknown(views) / max(2 * len(squares), 1), 0.1)
    middle = float(np.median(squares)) if len(squares) else 1.0
    return np.full(n_cameras, max(np.sqrt(middle / _MEDIAN_OF_SQUARES / share), 1e-3))


def _sigma(state: BundleState, views: Views, n_cameras: int) -> NDArray:
    squares = squared_errors(state, views)[views.seen]
    freedom = max(2 * len(squares) - _n_unknown(views), 1)
    return np.full(n_cameras, max(np.sqrt(float(squares.sum()) / freedom), 1e-3))


def _answer(
    rig: CameraRig, camera: int, state: BundleState, views: Views, sigma: NDArray, kinds: NDArray | None
) -> Reestimation:
    own = slice(camera * N_CAMERA + N_LENS, (camera + 1) * N_CAMERA)
    system = normal_equations(state, views, sigma)
    matrix, _, _ = reduced_system(system, np.ones((len(rig), N_CAMERA), dtype=bool), 0.0)
    noise = np.linalg.inv(matrix[own, own])
    follow = -noise @ matrix[own]
    follow[:, own] = 0.0
    old = rig.cameras[camera]
    new = Camera(old.name, old.size, old.matrix, old.distortion, state.cam_from_world[camera], old.fisheye)
    if kinds is not None:
        noise = covariance_of_points(new, camera, state, views, float(sigma[camera]), noise, kinds)
    covariance = None
    if rig.covariance is not None:
        size = len(rig) * N_CAMERA
        whole = np.eye(size)
        whole[own] = follow
        known = whole @ rig.covariance.reshape(size, size) @ whole.T
        known[own, own] += noise
        known = 0.5 * (known + known.T)
        noise, covariance = known[own, own], known.reshape(rig.covariance.shape)
    cameras = tuple(new if index == camera else other for index, other in enumerate(rig))
    metadata = {**rig.metadata, "reestimated": _listed(rig, old.name), "reestimated_sigma_px": float(sigma[0])}
    motion = new.cam_from_world @ inverse(old.cam_from_world)
    return Reestimation(
        CameraRig(cameras, metadata, covariance), old.name,
        float(np.rad2deg(np.linalg.norm(rotvec(motion)))),
        float(1e3 * np.linalg.norm(new.centre_world - old.centre_world)),
        float(np.rad2deg(np.sqrt(np.trace(noise[:3, :3])))), float(1e3 * np.sqrt(np.trace(noise[3:, 3:]))),
        float(sigma[0]), int(views.seen[views.camera == camera].sum()),
    )  # fmt: skip


def _listed(rig: CameraRig, name: str) -> str:
    before = [one for one in str(rig.metadata.get("reestimated", "")).split(", ") if one]
    return ", ".join(dict.fromkeys([*before, name]))
