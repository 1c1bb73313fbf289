"""Corner accuracy on rendered boards, and the real recording with an inverted board."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection import detect_board, detect_corners
from calibration.rigid import apply, inverse
from calibration.sources import find_sources
from calibration.synthetic import RenderOptions, board_poses, render_board, ring_rig

BOARDS = {
    "charuco": Board("charuco", 7, 5, 0.1, 0.077, "DICT_4X4_50"),
    "inverted": Board("charuco", 5, 4, 0.125, 0.096, "DICT_5X5_100", inverted=True, legacy=True),
    "chessboard": Board("chessboard", 8, 5, 0.095),
}


def _errors(board, rig, n_poses, seed, options=None):
    """Return corner errors in px and the share of corners found, of boards fully in view, up to 65 degrees oblique."""
    errors, n_corners = [], 0
    for number, camera in enumerate(rig):
        for frame, pose in enumerate(board_poses(board, n_poses, seed)):
            truth = camera.project(apply(pose, board.corners_board))
            eye = (inverse(pose) @ np.append(camera.centre_world, 1))[:3] - [*np.array(board.size) / 2, 0]
            inside = ((truth > 8) & (truth < np.array(camera.size) - 9)).all()
            if -eye[2] / np.linalg.norm(eye) < np.cos(np.deg2rad(65)) or not inside:
                continue
            corners = detect_corners(render_board(camera, board, pose, 100 * number + frame, options), board)
            n_corners += board.n_corners
            errors.append((corners - truth)[np.isfinite(corners[:, 0])])
    found = np.concatenate(errors)
    return found, len(found) / n_corners


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("fisheye", [False, True])
def test_rendered_corners_lie_on_the_truth(name, fisheye):
    radius = 2.2 if fisheye else 3.6  # the wide lens shows the board as large from nearer
    errors, recall = _errors(BOARDS[name], ring_rig(3, 11, radius_m=radius, fisheye=fisheye), 10, 12)
    assert np.sqrt((errors**2).sum(axis=1).mean()) < 0.05  # measured 0.009 to 0.012 px; OpenCV's own corners: 0.17
    assert np.abs(errors.mean(axis=0)).max() < 0.01  # measured at most 0.001
    assert recall > 0.85  # measured 0.9 (fisheye) and 1.0


@pytest.mark.heavy
@pytest.mark.parametrize("name", BOARDS)
def test_rendered_corners_over_many_views(name):
    errors, recall = _errors(BOARDS[name], ring_rig(8, 21), 40, 22)
    assert np.sqrt((errors**2).sum(axis=1).mean()) < 0.05
    assert np.abs(errors.mean(axis=0)).max() < 0.005
    assert recall > 0.9


CONDITIONS = {
    "noise": RenderOptions(noise=6.0),
    "blur": RenderOptions(blur_px=1.2),
    "dim": RenderOptions(white=110, black=60, noise=2.0),
    "sharp": RenderOptions(blur_px=0.3),
}
GRIDS = {
    "aruco grid": Board("aruco_grid", 6, 4, 0.13, 0.1, "DICT_4X4_50"),
    "april grid": Board("april_grid", 6, 4, 0.13, 0.1, "DICT_APRILTAG_36h11"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", ["charuco", "chessboard", *GRIDS])
def test_rendered_corners_in_poor_images(name, condition):
    board = (BOARDS | GRIDS)[name]
    errors, recall = _errors(board, ring_rig(2, 11, radius_m=3.2), 20, 12, CONDITIONS[condition])
    rms, worst = np.sqrt((errors**2).sum(axis=1).mean()), np.linalg.norm(errors, axis=1).max()
    print(f"{name}, {condition}: {rms:.4f} px, worst {worst:.3f} px, {recall:.4f} found")
    # Measured in px under noise, blur, dim light and a sharp lens: ChArUco 0.019, 0.012, 0.022, 0.006; chessboard
    # 0.018, 0.009, 0.021, 0.006; aruco grid 0.053, 0.038, 0.061, 0.021 (the meeting of two edges holds less than a
    # crossing); april grid 0.026, 0.023, 0.030, 0.009. All corners, but for one of 1440 and for blurred markers at
    # 60 degrees (0.867 of ChArUco's).
    assert rms < (0.1 if name == "aruco grid" else 0.05)
    assert worst < 0.5  # never a corner of another id
    assert recall > (0.85 if (name, condition) == ("charuco", "blur") else 0.998)


def _clutter(seed):
    """Return an image, shape (480, 640), of tiles in random patterns, letters, bars and boxes, but no board."""
    rng = np.random.default_rng(seed)
    height, width = 480, 640
    image = np.full((height, width), rng.integers(60, 200), np.uint8)
    for kind in rng.integers(0, 4, 24):
        x, y, size, level = (int(rng.integers(high)) for high in (width, height, 160, 255))
        if kind == 0:
            cv2.rectangle(image, (x, y), (x + size, y + size), level, int(rng.choice([-1, 3])))
        elif kind == 1:
            cv2.putText(image, "".join(rng.choice(list("ABEFHMNX#%8"), 9)), (x, y), 0, 1.5, level, 3)
        elif kind == 2:
            for bar in range(8):
                cv2.line(image, (x + 12 * bar, y), (x + 12 * bar + 20, y + size), level, 4)
        else:
            n, side = int(rng.integers(3, 7)), int(rng.integers(8, 24))
            cells = rng.integers(0, 2, (n, n)) if rng.uniform() < 0.6 else np.indices((n, n)).sum(axis=0) % 2
            tile = cv2.resize((25 + 200 * cells).astype(np.uint8), None, fx=side, fy=side, interpolation=0)
            paper = 255 * int(rng.integers(2))
            tile = cv2.copyMakeBorder(tile, side, side, side, side, cv2.BORDER_CONSTANT, value=paper)
            turn = cv2.getRotationMatrix2D((tile.shape[1] / 2, tile.shape[0] / 2), rng.uniform(0, 360), 1.0)
            turn[:, 2] += [x - tile.shape[1] / 2, y - tile.shape[0] / 2]
            covered = cv2.warpAffine(np.full_like(tile, 255), turn, (width, height)) > 128
            image[covered] = cv2.warpAffine(tile, turn, (width, height))[covered]
    light = cv2.GaussianBlur(image, (0, 0), 0.7) + rng.normal(0, 2, image.shape)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def _corners_in_clutter(name, n):
    board = (BOARDS | GRIDS)[name]
    return sum(int(np.isfinite(detect_corners(_clutter(seed), board)[:, 0]).sum()) for seed in range(n))


def test_no_corner_is_found_where_there_is_no_board():
    assert [_corners_in_clutter(name, 4) for name in ("charuco", *GRIDS)] == [0, 0, 0]
    assert _corners_in_clutter("chessboard", 2) == 0


@pytest.mark.heavy
@pytest.mark.parametrize("name", [*BOARDS, *GRIDS])
def test_no_corner_is_found_in_many_images_without_a_board(name):
    assert _corners_in_clutter(name, 100) == 0  # measured 0 for every type


RECORDED = Board("charuco", 4, 5, 0.054, 0.0405, "DICT_4X4_1000", inverted=True)


def _check_recording(seen):
    assert seen.camera_names == ("cam_0", "cam_1", "cam_2", "cam_3")
    late = (seen.frame_ids >= 64) & (seen.frame_ids <= 110)
    views = seen.subset_frames(late)
    full = (views.seen.sum(axis=2) == 12).sum(axis=1)
    assert (views.shared_views() > 0).all()
    return views.views_per_camera(), full


def test_recording_with_an_inverted_board_every_fourth_frame(shared_data):
    seen = detect_board(find_sources(shared_data / "charuco_4cam")[0], RECORDED, every=4)
    views, full = _check_recording(seen)
    assert views.min() >= 9  # of 12 frames; measured 11, 9, 11, 11 (camera 1 has the board half out of view)
    assert full.min() >= 5  # all 12 corners; measured 11, 6, 11, 11


@pytest.mark.heavy
def test_recording_with_an_inverted_board(shared_data):
    seen = detect_board(find_sources(shared_data / "charuco_4cam")[0], RECORDED)
    views, full = _check_recording(seen)
    assert views.min() >= 35  # of 47 frames; measured 46, 35, 44, 45
    assert full.min() >= 25  # all 12 corners; measured 45, 27, 44, 44; OpenCV's detector finds 43, 24, 41, 33
