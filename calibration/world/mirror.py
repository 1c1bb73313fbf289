"""The other pose that a flat board far away may have: found, weighed, and taken or refused, never left to chance.

A plane seen from afar looks the same when its normal is reflected about the line of sight (Collins and Bartoli,
"Infinitesimal plane-based pose estimation", 2014). Perspective, a second camera and other frames tell the two apart;
where they do not, there is no floor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.rigid import inverse
from calibration.solve.bundle_system import BundleState, Views, normal_equations
from calibration.solve.mirrored import copied_views, mirrored_poses

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
    poses, costs = mirrored_poses(
        state, views, sigma, bodies, np.tile(middle_board, (len(bodies), 1))
    )
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


def board_uncertainty(
    state: BundleState, views: Views, sigma: NDArray, body: int
) -> tuple[NDArray, NDArray]:
    """Return `board_alone` (6, 6) and `board_by_camera` (6, n) of one body, as `BundleCovariance` defines them."""
    rows = np.flatnonzero((views.body == body) & views.seen.any(axis=1))
    own = copied_views(views, [rows], np.array([body]))
    there = BundleState(state.lenses, state.cam_from_world, state.world_from_board[[body]])
    system = normal_equations(there, own, sigma)
    alone = np.linalg.inv(system.body[0])
    by_camera = np.zeros((6, len(state.lenses), system.coupling.shape[1]))
    by_camera[:, own.camera] = (alone @ system.coupling.swapaxes(1, 2)).swapaxes(0, 1)
    return alone, by_camera.reshape(6, -1)
