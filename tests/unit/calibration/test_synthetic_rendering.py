"""Rendered boards against analytic truth: texture, pose, pixel centres, visibility."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera
from calibration.rigid import apply, inverse, rigid
from calibration.sources import find_sources, iter_frames
from calibration.synthetic import (
    RenderOptions,
    board_poses,
    floor_pose,
    render_board,
    render_calibration_footage,
    ring_rig,
)
from calibration.synthetic.sheets import ray_map
from calibration.synthetic.texture import board_texture

BOARD = Board("charuco", 7, 5, 0.11, 0.085, "DICT_5X5_100")
CLEAN = RenderOptions(blur_px=0.0, noise=0.0)


@pytest.mark.parametrize(("x", "y", "legacy"), [(5, 6, False), (5, 6, True), (7, 5, False)])
def test_texture_is_the_board_of_opencv(x, y, legacy):
    board = Board("charuco", x, y, 0.08, 0.06, "DICT_4X4_50", legacy=legacy)
    theirs = cv2.aruco.CharucoBoard((x, y), 0.08, 0.06, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
    theirs.setLegacyPattern(legacy)
    image = theirs.generateImage((x * 64, y * 64))
    np.testing.assert_array_equal(board_texture(board, 64), image)
    inverted = Board("charuco", x, y, 0.08, 0.06, "DICT_4X4_50", True, legacy)
    np.testing.assert_array_equal(board_texture(inverted, 64), 255 - image)


def test_edge_between_pixels_shows_the_area_of_each_side():
    """A board square to the camera whose squares are 20.25 px: gray levels on an edge are shares of an area."""
    camera = Camera("c", (320, 240), np.array([[810.0, 0, 100], [0, 810, 100], [0, 0, 1]]), np.zeros(5), np.eye(4))
    board = Board("chessboard", 6, 5, 0.1)
    image = render_board(camera, board, rigid(np.eye(3), np.array([0, 0, 4.0])), options=CLEAN)
    # Origin at pixel (100, 100), the centre of that pixel; the first edge along x at 100 + 20.25.
    assert image[110, 101] == 35
    assert image[110, 119] == 35
    # Pixel 120 reaches from 119.5 to 120.5: three quarters black.
    assert image[110, 120] == pytest.approx(35 + 175 * 0.25, abs=12)  # measured 77 against 78.75
    assert image[110, 121] == 210


@pytest.mark.parametrize("fisheye", [False, True])
def testray_map_is_the_lens_model(fisheye):
    camera = ring_rig(1, 5, fisheye=fisheye).cameras[0]
    rng = np.random.default_rng(0)
    pixels = np.stack([rng.integers(0, 1280, 50), rng.integers(0, 720, 50)], axis=1)
    pixels = np.concatenate([pixels, [[0, 0], [1279, 0], [0, 719], [1279, 719]]])
    rays = ray_map(camera)[pixels[:, 1], pixels[:, 0]]
    back = camera.project_cam(np.concatenate([rays, np.ones((len(rays), 1))], axis=1))
    assert np.abs(back - pixels).max() < 1e-3  # measured 3e-6 px


def test_rig_sees_the_volume_and_is_reproducible():
    rig = ring_rig(12, 3)
    assert rig.names[:2] == ("cam_00", "cam_01")
    assert rig.names[-1] == "cam_11"
    corners = np.stack(np.meshgrid([-0.8, 0.8], [-0.8, 0.8], [0.2, 1.8]), axis=-1).reshape(-1, 3)
    pixels = rig.project(corners)
    assert np.mean((pixels >= 0).all(-1) & (pixels < [1280, 720]).all(-1)) > 0.9  # measured 1.0
    for camera in rig:
        up_image = camera.project(np.array([[0, 0, 1.0], [0, 0, 1.5]]))
        assert up_image[1, 1] < up_image[0, 1]  # upright
    np.testing.assert_array_equal(rig.cameras[5].matrix, ring_rig(12, 3).cameras[5].matrix)
    assert (rig.cameras[5].matrix != ring_rig(12, 4).cameras[5].matrix).any()


def test_poses_are_rigid_stay_in_the_volume_and_face_every_way():
    poses = board_poses(BOARD, 60, 2)
    np.testing.assert_allclose(poses[:, :3, :3] @ np.swapaxes(poses[:, :3, :3], 1, 2), np.tile(np.eye(3), (60, 1, 1)),
                               atol=1e-12)  # fmt: skip
    assert np.linalg.det(poses[:, :3, :3]).min() > 0.999
    middle = apply(poses, np.array([*BOARD.size, 0.0]) / 2)
    assert (np.abs(middle - [0, 0, 1]) <= [0.6, 0.6, 0.7]).all()
    azimuth = np.arctan2(-poses[:, 1, 2], -poses[:, 0, 2])  # the front looks along -z
    assert np.histogram(azimuth, 8, (-np.pi, np.pi))[0].min() >= 3


def test_floor_board_is_seen_from_above_with_its_front():
    pose = floor_pose(BOARD)
    corners = apply(pose, BOARD.corners_board)
    assert np.abs(corners[:, 2]).max() == 0
    assert corners[:, 0].min() > 0 > corners[:, 1].max()
    for camera in ring_rig(3, 0):
        assert inverse(pose)[2] @ np.append(camera.centre_world, 1) < 0  # on the front side


def test_board_out_of_view_behind_or_turned_away():
    camera = ring_rig(1, 0).cameras[0]
    wall = render_board(camera, BOARD, rigid(np.eye(3), camera.centre_world * 3), options=CLEAN)
    pose = board_poses(BOARD, 1, 0)[0]
    away = pose @ np.diag([1.0, -1.0, -1.0, 1.0])
    front_is_seen = inverse(pose)[2] @ np.append(camera.centre_world, 1) < 0
    seen, turned = (pose, away) if front_is_seen else (away, pose)
    assert wall.std() < 30
    changed = render_board(camera, BOARD, turned, options=CLEAN).astype(int) - wall
    assert (changed != 0).mean() > 0.005
    assert render_board(camera, BOARD, turned, options=CLEAN).min() > 60  # no ink on the back
    assert render_board(camera, BOARD, seen, options=CLEAN).min() == 35


def test_noise_follows_the_seed():
    camera = ring_rig(1, 0).cameras[0]
    pose = board_poses(BOARD, 1, 0)[0]
    first = render_board(camera, BOARD, pose, 1)
    np.testing.assert_array_equal(first, render_board(camera, BOARD, pose, 1))
    other = render_board(camera, BOARD, pose, 2).astype(float) - first
    assert other.std() == pytest.approx(2 * np.sqrt(2), rel=0.05)  # sigma 2 each; measured 2.86 with rounding


@pytest.mark.parametrize("video", [False, True])
def test_footage_has_one_source_per_camera_and_frames_by_index(tmp_path, video):
    rig = ring_rig(2, 0, size=(320, 180))
    poses = board_poses(BOARD, 3, 0)
    calls = []
    render_calibration_footage(rig, BOARD, poses, tmp_path / "in", 7, video, progress=lambda *a: calls.append(a))
    assert calls[-1] == (6, 6)
    sources, ignored = find_sources(tmp_path / "in")
    assert [s.name for s in sources] == list(rig.names)
    assert not ignored
    for number, (source, camera) in enumerate(zip(sources, rig, strict=True)):
        frames = list(iter_frames(source))
        assert [index for index, _ in frames] == [0, 1, 2]
        for index, gray in frames:
            true = render_board(camera, BOARD, poses[index], np.random.default_rng([7, number, index]))
            assert np.abs(gray.astype(float) - true).mean() < 3  # JPEG; measured 1.1
