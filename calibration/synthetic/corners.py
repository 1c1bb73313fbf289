"""Corners of a moving board as a perfect detector would report them, with noise from a seed; no images involved."""

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.camera import CameraRig
from calibration.observations import BoardObservations
from calibration.rigid import inverse


def observe_board(
    rig: CameraRig,
    board: Board | TagObject,
    world_from_board: NDArray,
    sigma_px: float = 0.0,
    seed: int = 0,
    steepest_deg: float = 70.0,
    missing: float = 0.0,
) -> BoardObservations:
    """Project a board into all cameras.

    Parameters
    ----------
    rig : CameraRig
    board : Board or TagObject
    world_from_board : ndarray, shape (frame, 4, 4)
    sigma_px : float
        Standard deviation of the Gaussian noise of each coordinate.
    seed : int
    steepest_deg : float
        A camera sees a face when it stands less than this far from the face's normal, in front of it.
    missing : float
        Share of the corners, taken at random, that were not detected.

    Returns
    -------
    BoardObservations
        `frame_ids` count from 0; a corner outside the image is not seen.
    """
    rng = np.random.default_rng(seed)
    corners_world = np.einsum("fij,kj->fki", world_from_board[:, :3, :3], board.corners_board)
    corners_world = corners_world + world_from_board[:, None, :3, 3]
    pixels = rig.project(corners_world)
    pixels = pixels + sigma_px * rng.standard_normal(pixels.shape)
    for camera, own in zip(rig, pixels, strict=True):
        with np.errstate(invalid="ignore"):
            inside = ((own >= 0) & (own <= np.array(camera.size) - 1)).all(axis=-1)
        own[~inside] = np.nan
        centre_board = (inverse(world_from_board) @ np.append(camera.centre_world, 1.0))[:, :3]
        for face, front in zip(board.faces, board.face_fronts, strict=True):
            to_camera = centre_board - board.corners_board[face].mean(axis=0)
            facing = to_camera @ front > np.cos(np.deg2rad(steepest_deg)) * np.linalg.norm(to_camera, axis=1)
            own[np.ix_(~facing, face)] = np.nan
    pixels[rng.uniform(size=pixels.shape[:3]) < missing] = np.nan
    return BoardObservations(
        board, rig.names, np.array([camera.size for camera in rig]), pixels, np.arange(len(world_from_board))
    )
