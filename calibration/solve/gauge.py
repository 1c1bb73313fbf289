"""Relative to what the cameras are uncertain: the covariance of all camera parameters in a chosen world.

Cameras know each other, and nothing fixes the whole rig in space: a covariance of their poses says nothing before a
frame is chosen that cannot err (the gauge; Triggs et al., "Bundle adjustment: a modern synthesis", 2000, ch. 9). The
refinement's own is the camera whose pose it held: rotation and position of all others carry that camera's trade of
principal point against rotation. Here the same uncertainty is told in the world that the rig is stored in.

Let x be the small changes of all camera parameters (poses: motions (w, t), rad and m, applied from the left in each
camera's own frame), and let the world move in the root frame by the left motion ``m = by_camera @ x + e``. A camera
moves against the world by its own motion and by the world's, carried into its frame: ``x' = x + A (by_camera x + e)``.
Only then does an error that turns cameras and world alike cost nothing. First order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import from_rotvec, inverse, rotvec
from calibration.solve.bundle_system import N_CAMERA, N_LENS

_STEP = 1e-5  # rad and m, for differences of a world that is built from boards


@dataclass(frozen=True, eq=False)
class WorldMotion:
    """How a world moves in the root frame: a small motion (three rad, three m) applied from the left.

    Attributes
    ----------
    by_camera : ndarray, shape (6, camera * 18)
        Per unit of each camera parameter.
    alone : ndarray, shape (6, 6)
        Covariance of what the cameras do not explain: the noise of the corners of the boards that carry the world.
    """

    by_camera: NDArray
    alone: NDArray


def adjoint(b_from_a: NDArray) -> NDArray:
    """Return how small motions (w, t) of frame a read in frame b, shape (..., 6, 6): (R w, R t + p x R w)."""
    rotation, (x, y, z) = b_from_a[..., :3, :3], np.moveaxis(b_from_a[..., :3, 3], -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    answer = np.zeros((*b_from_a.shape[:-2], 6, 6))
    answer[..., :3, :3] = answer[..., 3:, 3:] = rotation
    answer[..., 3:, :3] = np.stack(rows, axis=-2) @ rotation
    return answer


def moved_with_camera(cam_from_root: NDArray, camera: int) -> WorldMotion:
    """Return the motion of a world that is the frame of one camera.

    Parameters
    ----------
    cam_from_root : ndarray, shape (camera, 4, 4)
    camera : int
    """
    by_camera = np.zeros((6, len(cam_from_root), N_CAMERA))
    by_camera[:, camera, N_LENS:] = -adjoint(inverse(cam_from_root[camera]))
    return WorldMotion(by_camera.reshape(6, -1), np.zeros((6, 6)))


def moved_with_boards(
    root_from_board: NDArray,
    board_alone: NDArray,
    board_by_camera: NDArray,
    root_from_world: Callable[[NDArray], NDArray],
) -> WorldMotion:
    """Return the motion of a world that is built from boards, for example those on the floor.

    Parameters
    ----------
    root_from_board : ndarray, shape (board, 4, 4)
    board_alone, board_by_camera : ndarray, shape (board, 6, 6) and (board, 6, camera * 18)
        As `BundleCovariance` gives them.
    root_from_world : callable
        From poses like `root_from_board` to the world, shape (4, 4): `world.floor.root_from_floor`, say.
    """
    here = inverse(root_from_world(root_from_board))
    by_camera, alone = np.zeros((6, board_by_camera.shape[2])), np.zeros((6, 6))
    for board in range(len(root_from_board)):
        by_board = np.empty((6, 6))
        for index, step in enumerate(_STEP * np.eye(6)):
            sides = []
            for sign in (1.0, -1.0):
                poses = root_from_board.copy()
                poses[board] = poses[board] @ from_rotvec(sign * step[:3], sign * step[3:])
                turned = root_from_world(poses) @ here
                sides.append(np.concatenate([rotvec(turned), turned[:3, 3]]))
            by_board[:, index] = (sides[0] - sides[1]) / (2 * _STEP)
        by_camera -= by_board @ board_by_camera[board]  # of opposite sign, see there
        alone += by_board @ board_alone[board] @ by_board.T
    return WorldMotion(by_camera, alone)


def covariance_in_world(camera_covariance: NDArray, cam_from_root: NDArray, motion: WorldMotion) -> NDArray:
    """Return the covariance of all camera parameters relative to a world that is taken as exact.

    Parameters
    ----------
    camera_covariance : ndarray, shape (camera * 18, camera * 18) or (camera, 18, camera, 18)
        In the frame of the refinement (`BundleCovariance.camera`).
    cam_from_root : ndarray, shape (camera, 4, 4)
        In that frame.
    motion : WorldMotion
        `moved_with_camera`, `moved_with_boards`, or the measured volume's
        (``WorldMotion(np.concatenate([turn, shift]), np.zeros((6, 6)))`` of `world.anchor.VolumeMotion`).

    Returns
    -------
    ndarray, shape (camera, 18, camera, 18)
        Of fx fy cx cy, eight coefficients, and a small rotation (rad) and translation (m) in the camera's own frame.
        It does not depend on where in the world the origin lies: only on what carries it.
    """
    n = len(cam_from_root)
    size = n * N_CAMERA
    blocks = np.zeros((n, N_CAMERA, 6))
    blocks[:, N_LENS:] = adjoint(cam_from_root)
    carried = blocks.reshape(size, 6)
    whole = np.eye(size) + carried @ motion.by_camera
    answer = whole @ np.asarray(camera_covariance).reshape(size, size) @ whole.T
    answer += carried @ motion.alone @ carried.T
    return (0.5 * (answer + answer.T)).reshape(n, N_CAMERA, n, N_CAMERA)
