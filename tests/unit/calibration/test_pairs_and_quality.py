"""Pairwise poses through planar ambiguity, and the figures in millimetres."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.errors import ShapeError
from calibration.initial.extrinsics import pair_pose
from calibration.quality.figures import aligning, neighbour_pairs, score_board, volume_error
from calibration.rigid import apply, from_rotvec, inverse, rigid
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from calibration.views import mirrored_views, spread_views, usable_views

BOARD = Board("charuco", 6, 5, 0.1, 0.07, "DICT_4X4_50")


def test_pair_pose_sees_through_planar_ambiguity() -> None:
    rng = np.random.default_rng(1)
    i_from_j = from_rotvec(np.array([0.1, 1.2, -0.2]), np.array([2.0, 0.1, 1.5]))
    turns = Rotation.random(30, rng=rng).as_matrix()
    j_from_board = rigid(turns, rng.uniform([-0.5, -0.5, 2.5], [0.5, 0.5, 3.5], (30, 3)))
    right = np.stack([i_from_j @ j_from_board, j_from_board])
    # Wrong choices: the board turned about a line of its own, another one in each view, more often first than not.
    wrong = right @ from_rotvec(rng.normal(0, 0.7, (2, 30, 3)), np.zeros((2, 30, 3)))
    first = rng.uniform(size=(2, 30)) < 0.4
    pairs = np.where(first[..., None, None, None], np.stack([right, wrong], 2), np.stack([wrong, right], 2))
    found = pair_pose(pairs[0], pairs[1])
    assert found is not None and found.n_shared == 30 and found.n_agreeing >= 28
    assert np.abs(found.i_from_j() - i_from_j).max() < 1e-9  # measured 6.7e-16: the wrong poses have no say


def test_pair_without_shared_frames() -> None:
    poses = np.full((4, 2, 4, 4), np.nan)
    assert pair_pose(poses, poses) is None


def test_views_on_lines_are_unusable() -> None:
    corners = BOARD.corners_board  # 5 x 4
    row, column, block, elbow = (np.zeros(20, dtype=bool) for _ in range(4))
    row[:5] = True
    column[::5] = True
    block[[0, 1, 2, 5, 6, 7]] = True
    elbow[[0, 1, 2, 3, 4, 5]] = True
    seen = np.stack([row, column, block, elbow, np.ones(20, dtype=bool), np.zeros(20, dtype=bool)])
    assert usable_views(seen, corners).tolist() == [False, False, True, False, True, False]


def test_mirrored_views() -> None:
    rig = ring_rig(2, 3)
    observations = observe_board(rig, BOARD, board_poses(BOARD, 20, 3))
    assert not mirrored_views(observations.pixels, BOARD.corners_board).any()
    flipped = observations.pixels * [-1, 1]
    assert np.array_equal(mirrored_views(flipped, BOARD.corners_board), observations.views())


def test_spread_views_are_the_extremes() -> None:
    grid = BOARD.corners_board[:, :2] * 300
    shifts = np.array([[0, 0], [1, 1], [600, 0], [2, 2], [0, 400], [3, 1]])
    chosen = spread_views(grid[None] + shifts[:, None], 3)
    assert {2, 4} <= set(chosen.tolist()) and len(chosen) == 3


def test_distances_of_a_true_rig_are_true() -> None:
    rig = ring_rig(4, 1)
    observations = observe_board(rig, BOARD, board_poses(BOARD, 10, 1))
    score = score_board(rig, observations)
    assert score.share_counted == 1.0
    assert score.distance_rmse_mm < 1e-6 and score.reprojection_rms_px < 1e-6


def test_a_rig_one_percent_too_large_is_measured_so() -> None:
    rig = ring_rig(4, 1)
    observations = observe_board(rig, BOARD, board_poses(BOARD, 10, 1))
    poses = [rigid(c.cam_from_world[:3, :3], 1.01 * c.cam_from_world[:3, 3]) for c in rig]
    larger = CameraRig(
        tuple(Camera(c.name, c.size, c.matrix, c.distortion, pose) for c, pose in zip(rig, poses, strict=True))
    )
    score = score_board(larger, observations)
    assert score.distance_bias_mm == pytest.approx(1.0, abs=1e-6)  # 1 % of 100 mm
    assert score.distance_rmse_mm == pytest.approx(1.0, abs=1e-6)
    points = np.random.default_rng(0).uniform([-0.5, -0.5, 0.5], [0.5, 0.5, 1.5], (200, 3))
    spread = np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert volume_error(larger, rig, points) == pytest.approx(0.01 * spread, rel=1e-3)
    assert volume_error(larger, rig, points, align=False) == pytest.approx(
        0.01 * np.sqrt((points**2).sum(axis=1).mean()), rel=1e-6
    )


def test_volume_error_forgives_the_frame_only_when_asked() -> None:
    rig = ring_rig(3, 2)
    moved = from_rotvec(np.array([0.0, 0.0, 0.2]), np.array([0.1, 0.0, 0.0]))
    other = CameraRig(tuple(Camera(c.name, c.size, c.matrix, c.distortion, c.cam_from_world @ moved) for c in rig))
    points = np.random.default_rng(0).uniform([-0.5, -0.5, 0.5], [0.5, 0.5, 1.5], (100, 3))
    assert volume_error(other, rig, points) < 1e-9
    assert volume_error(other, rig, points, align=False) > 0.05
    with pytest.raises(ShapeError, match="in view of two cameras"):
        volume_error(other, rig, points + 50.0)


def test_aligning_finds_the_motion_and_never_mirrors() -> None:
    rng = np.random.default_rng(4)
    points = rng.standard_normal((20, 3))
    b_from_a = from_rotvec(rng.standard_normal(3), rng.standard_normal(3))
    assert np.abs(aligning(points, apply(b_from_a, points)) - b_from_a).max() < 1e-12
    assert np.linalg.det(aligning(points, points * [1, 1, -1])[:3, :3]) == pytest.approx(1.0)
    assert np.abs(inverse(b_from_a) @ b_from_a - np.eye(4)).max() < 1e-12


def test_neighbours_are_one_square_apart() -> None:
    first, second = neighbour_pairs(BOARD)
    distances = np.linalg.norm(BOARD.corners_board[first] - BOARD.corners_board[second], axis=1)
    assert np.allclose(distances, BOARD.square_length)
    assert len(first) == 4 * 4 + 5 * 3
