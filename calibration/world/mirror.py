"""The other pose that a flat board far away may have: found, weighed, and taken or refused, never left to chance.

A plane seen from afar looks the same when its normal is reflected about the line of sight (Collins and Bartoli,
"Infinitesimal plane-based pose estimation", 2014). Perspective, a second camera and other frames tell the two apart;
where they do not, there is no floor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.rigid import from_rotvec, inverse, rigid
from calibration.solve.bundle_system import BundleState, Views, normal_equations, squared_errors

_CAUCHY = 3.0
_STEPS = 25
_SOURCES = 3  # cameras per frame about whose line of sight a board is mirrored
_SAME_DEG = 3.0
#: Difference of chi² below which two poses count as equally likely: odds of 400 to 1.
LEAST_EVIDENCE = 12.0


@dataclass(frozen=True, eq=False)
class FloorPoses:
    """Where boards lie, after their mirror images were weighed.

    Attributes
    ----------
    root_from_board : ndarray, shape (floor, 4, 4)
    turned : ndarray of bool, shape (floor,)
        Boards whose other pose was taken.
    evidence : float
        Chi² by which any other floor is worse; infinite without a rival.
    """

    root_from_board: NDArray
    turned: NDArray
    evidence: float


def resolved_floor(
    state: BundleState, views: Views, sigma: NDArray, bodies: NDArray, middle_board: NDArray
) -> FloorPoses:
    """Choose between the two poses of each board on the floor by what all cameras and all frames say together.

    Parameters
    ----------
    state : BundleState
        Its cameras are taken as they are.
    views : Views
        All that were seen, those that the refinement left out included: a board in its wrong pose makes the views
        that would prove it wrong look like outliers.
    sigma : ndarray, shape (camera,)
    bodies : ndarray of int, shape (floor,)
    middle_board : ndarray, shape (3,)

    Raises
    ------
    CalibrationError
        FLOOR_AMBIGUOUS when another floor is about as likely.
    """
    poses, costs = _candidates(state, views, sigma, bodies, middle_board)
    ups = -poses[..., :3, 2]
    above = _cameras_above(state, poses, middle_board)
    if above.any(axis=1).all():
        costs = np.where(above, costs, np.inf)  # a floor above a camera is no rival
    nearness = _nearness(ups, costs)
    totals, choices, normals = [], [], []
    for row, column in np.argwhere(np.isfinite(costs)):
        up = ups[row, column]
        within = np.where(ups @ up > nearness[:, None], costs, np.inf)
        totals.append(float(within.min(axis=1).sum()))
        choices.append(within.argmin(axis=1))
        normals.append(up)
    order = np.argsort(totals)
    if not len(order) or not np.isfinite(totals[order[0]]):
        # No common floor: the consistency of the poses as they are is judged elsewhere.
        return FloorPoses(poses[:, 0], np.zeros(len(bodies), dtype=bool), float("inf"))
    best = order[0]
    rivals = [i for i in order if (choices[i] != choices[best]).any()]
    evidence = float(totals[rivals[0]] - totals[best]) if rivals else float("inf")
    if evidence < LEAST_EVIDENCE:
        _refuse(normals[rivals[0]], normals[best], evidence, len(bodies))
    chosen = choices[best]
    return FloorPoses(poses[np.arange(len(bodies)), chosen], chosen > 0, evidence)


def _nearness(ups: NDArray, costs: NDArray) -> NDArray:
    """Cosine, shape (floor,), above which a pose belongs to a floor: well short of the other pose of the board."""
    cosine = np.einsum("fci,fi->fc", ups, ups[:, 0])
    cosine[:, 0] = -1.0
    apart = np.arccos(np.clip(np.where(np.isfinite(costs), cosine, -1.0).max(axis=1), -1.0, 1.0))
    apart[~np.isfinite(costs[:, 1:]).any(axis=1)] = 0.0
    return np.cos(np.maximum(0.75 * apart, np.deg2rad(_SAME_DEG)))


def _refuse(rival: NDArray, best: NDArray, evidence: float, n_frames: int) -> None:
    angle = np.rad2deg(np.arccos(np.clip(rival @ best, -1.0, 1.0)))
    raise CalibrationError(
        f"The board on the floor is as likely to lie another way, {angle:.0f} deg away: its views in {n_frames} frames "
        f"differ by chi² {evidence:.1f} (limit {LEAST_EVIDENCE:g}).",
        "Name floor frames that two cameras see, in which the board is nearer, or in which it lies in several places.",
        code="FLOOR_AMBIGUOUS",
    )


def _cameras_above(state: BundleState, poses: NDArray, middle: NDArray) -> NDArray:
    """Whether all cameras are in front of a pose, shape (floor, candidate)."""
    centres = inverse(state.cam_from_world)[:, :3, 3]
    place = poses[..., :3, :3] @ middle + poses[..., :3, 3]
    height = np.einsum("fkci,fki->fkc", centres - place[..., None, :], -poses[..., :3, 2])
    return (height > 0).all(axis=-1)


def _candidates(
    state: BundleState, views: Views, sigma: NDArray, bodies: NDArray, middle: NDArray
) -> tuple[NDArray, NDArray]:
    """Poses (floor, 1 + source, 4, 4), the present one first, and their costs; infinite where there is no other."""
    rows = [np.flatnonzero((views.body == body) & views.seen.any(axis=1)) for body in bodies]
    starts, copies, owner = [], [], []
    for number, (body, own) in enumerate(zip(bodies, rows, strict=True)):
        pose = state.world_from_board[body]
        best = own[np.argsort(-views.seen[own].sum(axis=1), kind="stable")[:_SOURCES]]
        for start in [pose, *(_mirrored(pose, state.cam_from_world[views.camera[row]], middle) for row in best)]:
            starts.append(start)
            copies.append(own)
            owner.append(number)
    trial_views = _copied(views, copies, bodies[owner])
    trial = BundleState(state.lenses, state.cam_from_world, np.stack(starts))
    found, cost = _settled(trial, trial_views, sigma)
    poses = np.tile(state.world_from_board[bodies][:, None], (1, 1 + _SOURCES, 1, 1))
    costs = np.full(poses.shape[:2], np.inf)
    place = np.zeros(len(bodies), dtype=int)
    for number, pose, value in zip(owner, found.world_from_board, cost, strict=True):
        column = place[number]
        place[number] += 1
        if column == 0:
            costs[number, 0] = value  # of the settled pose; the pose itself stays what the joint refinement says
        elif np.isfinite(value):
            poses[number, column], costs[number, column] = pose, value
    return poses, costs


def _mirrored(root_from_board: NDArray, cam_from_root: NDArray, middle: NDArray) -> NDArray:
    """Return the pose of which a far camera cannot tell the given one: reflected about its line of sight."""
    place = root_from_board[:3, :3] @ middle + root_from_board[:3, 3]
    sight = place - inverse(cam_from_root)[:3, 3]
    sight = sight / np.linalg.norm(sight)
    rotation = (np.eye(3) - 2 * np.outer(sight, sight)) @ root_from_board[:3, :3] @ np.diag([1.0, 1.0, -1.0])
    return rigid(rotation, place - rotation @ middle)


def _copied(views: Views, copies: list[NDArray], bodies: NDArray) -> Views:
    rows = np.concatenate(copies)
    body = np.repeat(np.arange(len(copies)), [len(own) for own in copies]).astype(np.int64)
    return Views(
        views.camera[rows], body, views.pixels[rows], views.seen[rows], views.fisheye, views.targets,
        views.body_target[bodies],
    )  # fmt: skip


def _settled(state: BundleState, views: Views, sigma: NDArray) -> tuple[BundleState, NDArray]:
    """Move each body alone to the nearest minimum of its Cauchy cost; return the state and the costs (body,)."""
    cost, damping = _costs(state, views, sigma), np.full(views.n_bodies, 1e-3)
    index = np.arange(6)
    for _ in range(_STEPS):
        sound = np.isfinite(cost)
        if not sound.any():
            break
        system = normal_equations(state, views, sigma, _CAUCHY)
        blocks = np.where(sound[:, None, None], system.body, np.eye(6))
        blocks[:, index, index] = blocks[:, index, index] * (1 + damping[:, None]) + 1e-12
        gradient = np.where(sound[:, None], system.body_gradient, 0.0)
        step = -np.linalg.solve(blocks, gradient[..., None])[..., 0]
        moved = state.world_from_board @ from_rotvec(step[:, :3], step[:, 3:])
        trial = BundleState(state.lenses, state.cam_from_world, moved)
        trial_cost = _costs(trial, views, sigma)
        with np.errstate(invalid="ignore"):
            gain = cost - trial_cost
        better = trial_cost < cost
        done = ~sound | (gain < 1e-6 * cost) & (better | (damping > 1.0))
        state = BundleState(
            state.lenses, state.cam_from_world, np.where(better[:, None, None], moved, state.world_from_board)
        )
        cost = np.where(better, trial_cost, cost)
        damping = np.where(better, damping / 5, np.minimum(damping * 10, 1e9))
        if done.all():
            break
    return state, cost


def _costs(state: BundleState, views: Views, sigma: NDArray) -> NDArray:
    squares = squared_errors(state, views) / sigma[views.camera, None] ** 2
    each = (_CAUCHY**2 * np.log1p(squares / _CAUCHY**2)).sum(axis=1)
    cost = np.zeros(views.n_bodies)
    np.add.at(cost, views.body, each)
    return cost


def board_uncertainty(
    state: BundleState, views: Views, sigma: NDArray, body: int
) -> tuple[NDArray, NDArray]:
    """Return `board_alone` (6, 6) and `board_by_camera` (6, n) of one body, as `BundleCovariance` defines them."""
    rows = np.flatnonzero((views.body == body) & views.seen.any(axis=1))
    own = _copied(views, [rows], np.array([body]))
    there = BundleState(state.lenses, state.cam_from_world, state.world_from_board[[body]])
    system = normal_equations(there, own, sigma)
    alone = np.linalg.inv(system.body[0])
    by_camera = np.zeros((6, len(state.lenses), system.coupling.shape[1]))
    by_camera[:, own.camera] = (alone @ system.coupling.swapaxes(1, 2)).swapaxes(0, 1)
    return alone, by_camera.reshape(6, -1)
