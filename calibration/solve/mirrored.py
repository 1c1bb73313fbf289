"""The other pose that a flat board far away may have, and boards that were started in the wrong one.

A plane seen from afar looks the same when its normal is reflected about the line of sight (Collins and Bartoli,
"Infinitesimal plane-based pose estimation", 2014). A board that begins in the wrong pose stays there: the minimum is
a real one, and the views of other cameras that would prove it wrong are left out as outliers.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import from_rotvec, inverse, rigid
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import BundleState, Views, normal_equations, squared_errors
from calibration.solve.refinement import Refinement, refine

_CAUCHY = 3.0
_STEPS = 25
_SOURCES = 3  # cameras per frame about whose line of sight a board is mirrored
_ROUNDS = 3
_LEAST_EVIDENCE = 12.0  # difference of chi² from which on the other pose is taken: odds of 400 to 1
_MOST_BODIES = 2000


def refine_righted(problem: BundleProblem, start: BundleState) -> Refinement:
    """Refine as `refine` does, and again with those boards turned over that had begun in their mirrored pose.

    Raises
    ------
    SolverError
        As `refine`.
    """
    answer = refine(problem, start)
    for _ in range(_ROUNDS):
        state = _righted(answer)
        if state is None:
            break
        again = refine(problem, state)
        if again.kept.sum() <= answer.kept.sum():
            break
        answer = replace(again, steps=again.steps + answer.steps)
    return answer


def _righted(refinement: Refinement) -> BundleState | None:
    """Turn over what has views left out and fits better mirrored; None where nothing does."""
    state, views = refinement.state, refinement.every_view
    flat = np.asarray(~views.targets[..., 2].any(axis=1))
    lost = views.seen.any(axis=1) & ~refinement.kept.any(axis=1)
    bodies = np.unique(views.body[lost])
    bodies = bodies[flat[views.body_target[bodies]]]
    bodies = bodies[:: max(-(-len(bodies) // _MOST_BODIES), 1)]
    if not len(bodies):
        return None
    corners = views.targets[views.body_target[bodies]]
    middles = 0.5 * (corners.min(axis=1) + corners.max(axis=1))
    poses, costs = mirrored_poses(state, views, refinement.sigma, bodies, middles)
    best = costs.argmin(axis=1)
    rows = np.flatnonzero(costs[np.arange(len(bodies)), best] < costs[:, 0] - _LEAST_EVIDENCE)
    if not len(rows):
        return None
    placed = state.world_from_board.copy()
    placed[bodies[rows]] = poses[rows, best[rows]]
    return BundleState(state.lenses, state.cam_from_world, placed)


def mirrored_poses(
    state: BundleState, views: Views, sigma: NDArray, bodies: NDArray, middles: NDArray
) -> tuple[NDArray, NDArray]:
    """Find the other poses that flat boards may have, with the cameras as they are.

    Parameters
    ----------
    state : BundleState
    views : Views
        All that were seen, those that a refinement left out included.
    sigma : ndarray, shape (camera,)
    bodies : ndarray of int, shape (n,)
    middles : ndarray, shape (n, 3)
        Middle of each board, in its own frame.

    Returns
    -------
    poses : ndarray, shape (n, 1 + source, 4, 4)
        The present one first, then mirrored about the lines of sight of up to three cameras.
    costs : ndarray, shape (n, 1 + source)
        Robust chi² of each, settled in its own minimum; infinite where there is no other.
    """
    rows = [np.flatnonzero((views.body == body) & views.seen.any(axis=1)) for body in bodies]
    starts, copies, owner = [], [], []
    for number, (body, own, middle) in enumerate(zip(bodies, rows, middles, strict=True)):
        pose = state.world_from_board[body]
        best = own[np.argsort(-views.seen[own].sum(axis=1), kind="stable")[:_SOURCES]]
        for start in [pose, *(_mirrored(pose, state.cam_from_world[views.camera[row]], middle) for row in best)]:
            starts.append(start)
            copies.append(own)
            owner.append(number)
    trial_views = copied_views(views, copies, bodies[owner])
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


def copied_views(views: Views, copies: list[NDArray], bodies: NDArray) -> Views:
    """Return the views of rows given body by body, each body a copy of one of `bodies`."""
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
