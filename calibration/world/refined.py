"""The world of a calibration that was just refined: from its boards on the floor, or from landmarks."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.rigid import apply, inverse
from calibration.solve.bundle import BundleCovariance
from calibration.solve.bundle_system import BundleState
from calibration.solve.refinement import Refinement
from calibration.world.anchor import VolumeMotion, anchored_boards, volume_motion
from calibration.world.boards import FloorBoards, floor_frame
from calibration.world.build import landmark_frame
from calibration.world.choice import WorldChoice
from calibration.world.floor import (
    MAX_SPREAD_DEG,
    check_above_floor,
    check_boards_above,
    check_upright,
    floor_placements,
)
from calibration.world.frame import WorldFrame
from calibration.world.landmarks import Landmarks
from calibration.world.mirror import FloorPoses, board_uncertainty, resolved_floor

_ON_FLOOR = ("l_frame", "feet")  # landmarks whose Z = 0 is the floor; surveyed points may count from anywhere
_FRAMES_WEIGHED = 24  # whose mirror images are looked at first


def refined_frame(
    choice: WorldChoice,
    rig: CameraRig,
    refinement: Refinement,
    covariance: BundleCovariance,
    frame_ids: NDArray,
    landmarks: Landmarks | None = None,
    level_sd_deg: float = 0.0,
    main: NDArray | None = None,
) -> WorldFrame:
    """Return the world of a refined rig.

    Parameters
    ----------
    choice : WorldChoice
    rig : CameraRig
        The refined cameras in the frame of the refinement.
    refinement : Refinement
        Body by body the frames of the board.
    covariance : BundleCovariance
    frame_ids : ndarray of int, shape (frame,)
        Of the refinement's frames.
    landmarks : Landmarks, optional
        Of `choice.file`.
    level_sd_deg : float
        How level the floor is, for a board on the floor.
    main : ndarray of bool, shape (body,), optional
        Bodies that are the board which may lie on the floor, when there are others; all by default.

    Raises
    ------
    CalibrationError
        FLOOR_NOT_SEEN, FLOOR_INCONSISTENT, FLOOR_AMBIGUOUS, FLOOR_MIRRORED, FLOOR_BELOW, WORLD_UPSIDE_DOWN,
        BOARD_BELOW_FLOOR, or as `landmark_frame`.
    """
    views = refinement.problem.views
    root_from_board = refinement.state.world_from_board
    own = refinement.placed if main is None else refinement.placed & main
    corners = views.targets[views.body_target[int(own.argmax())]]
    middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
    placed = np.flatnonzero(refinement.placed)
    middles = root_from_board[placed, :3, :3] @ middle + root_from_board[placed, :3, 3]
    if not choice.on_floor:
        frame = landmark_frame(choice, rig, landmarks, covariance.camera, middles)
        if frame.source in _ON_FLOOR:
            check_boards_above(apply(inverse(frame.root_from_world), middles)[:, 2], frame.source)
        return frame
    places = floor_placements(choice, frame_ids, own)
    place = np.repeat(np.arange(len(places)), [len(positions) for positions in places])
    motion = volume_motion(rig, middles)
    boards = _floor_boards(refinement, covariance, np.concatenate(places), place, middle, motion)
    frame = floor_frame(choice.describe(), boards, choice.height_m, level_sd_deg)
    cam_from_world = refinement.state.cam_from_world @ frame.root_from_world
    check_above_floor(cam_from_world, rig.names)
    check_upright(cam_from_world, rig.names)
    check_boards_above(apply(inverse(frame.root_from_world), middles)[:, 2], frame.source)
    return frame


def _floor_boards(
    refinement: Refinement,
    covariance: BundleCovariance,
    positions: NDArray,
    place: NDArray,
    middle: NDArray,
    motion: VolumeMotion,
) -> FloorBoards:
    state, sigma = refinement.state, refinement.sigma
    floor = _resolved(refinement, positions, middle)
    alone, by_camera = covariance.board_alone[positions].copy(), covariance.board_by_camera(positions).copy()
    for row in np.flatnonzero(floor.turned):
        poses = state.world_from_board.copy()
        poses[positions[row]] = floor.root_from_board[row]
        turned = BundleState(state.lenses, state.cam_from_world, poses)
        alone[row], by_camera[row] = board_uncertainty(turned, refinement.every_view, sigma, int(positions[row]))
    by_camera = anchored_boards(by_camera, floor.root_from_board, motion)
    return FloorBoards(floor.root_from_board, place, covariance.camera, alone, by_camera, middle)


def _resolved(refinement: Refinement, positions: NDArray, middle: NDArray) -> FloorPoses:
    """Resolve the floor over some frames; over all where one of the others lies otherwise."""
    state, views, sigma = refinement.state, refinement.every_view, refinement.sigma
    some = np.unique(np.linspace(0, len(positions) - 1, min(len(positions), _FRAMES_WEIGHED)).round().astype(int))
    floor = resolved_floor(state, views, sigma, positions[some], middle)
    if len(some) == len(positions):
        return floor
    poses, turned = state.world_from_board[positions], np.zeros(len(positions), dtype=bool)
    poses[some], turned[some] = floor.root_from_board, floor.turned
    if (poses[:, :3, 2] @ floor.root_from_board[0, :3, 2] < np.cos(np.deg2rad(MAX_SPREAD_DEG))).any():
        return resolved_floor(state, views, sigma, positions, middle)
    return FloorPoses(poses, turned, floor.evidence)
