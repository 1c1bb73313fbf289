"""Speed of board detection as a ratio to aniposelib and to OpenCV, side by side in one run on the same images."""

import contextlib
import io
import time
import warnings
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection.stream import detect_stream
from calibration.rigid import apply, inverse
from calibration.synthetic import RenderOptions, board_poses, render_board, ring_rig

BOARD = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")
Detector = Callable[[np.ndarray], np.ndarray]


def clip(n_frames: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Full-HD images, three of four with a board at 2.5 to 5 m and up to 60 degrees oblique; corners or NaN."""
    camera = ring_rig(2, seed, radius_m=4.0, size=(1920, 1080)).cameras[0]
    poses = board_poses(BOARD, 12 * n_frames, seed, volume_m=(2.4, 1.2, 1.2))
    centre = np.append(camera.centre_world, 1)
    eyes = (inverse(poses) @ centre)[:, :3] - [*np.array(BOARD.size) / 2, 0]
    facing = iter(poses[-eyes[:, 2] > np.cos(np.deg2rad(60)) * np.linalg.norm(eyes, axis=1)])
    away = board_poses(BOARD, 1, 0, centre_m=tuple(4 * camera.centre_world))[0]  # behind the camera
    images, corners = [], []
    for frame in range(n_frames):
        pose = away if frame % 4 == 3 else next(facing)
        images.append(render_board(camera, BOARD, pose, np.random.default_rng([seed, frame]), RenderOptions()))
        seen = camera.project(apply(pose, BOARD.corners_board))
        outside = ~((seen > 3) & (seen < np.array(camera.size) - 4)).all(axis=1) | (frame % 4 == 3)
        corners.append(np.where(outside[:, None], np.nan, seen))
    return images, np.array(corners)


def opencv_detector() -> Detector:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    detector = cv2.aruco.CharucoDetector(cv2.aruco.CharucoBoard((7, 5), 0.1, 0.07, dictionary))
    return lambda gray: by_id(*detector.detectBoard(gray)[:2])


def aniposelib_detector() -> Detector:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from aniposelib.boards import CharucoBoard

        board = CharucoBoard(7, 5, 0.1, 0.07, marker_bits=4, dict_size=50)
    return lambda gray: by_id(*board.detect_image(gray))


def by_id(corners: np.ndarray | None, ids: np.ndarray | None) -> np.ndarray:
    answer = np.full((BOARD.n_corners, 2), np.nan)
    if ids is not None and len(ids):
        answer[np.asarray(ids).ravel()] = np.asarray(corners).reshape(-1, 2)
    return answer


def timed(run: Callable[[], list[np.ndarray]]) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, np.array(found)


def figures(found: np.ndarray, truth: np.ndarray) -> tuple[int, float]:
    """Number of corners, and their RMS distance from the truth in px."""
    error = found - truth
    error = error[np.isfinite(error[..., 0])]
    return int(np.isfinite(found[..., 0]).sum()), float(np.sqrt((error**2).sum(axis=1).mean()))


@pytest.mark.benchmark
def test_many_times_faster_than_aniposelib_and_opencv_with_more_corners() -> None:
    images, truth = clip(48)
    few = 8
    opencv, aniposelib = opencv_detector(), aniposelib_detector()
    list(detect_stream(images[:2], BOARD))  # compiled
    ours, theirs, slowest = [], [], []
    for _ in range(3):  # interleaved, so that a busy machine is busy for all
        ours.append(timed(lambda: list(detect_stream(images, BOARD, workers=2))))
        theirs.append(timed(lambda: [opencv(image) for image in images]))
        slowest.append(timed(lambda: [aniposelib(image) for image in images[:few]]))
    rate = [len(images) / np.median([run[0] for run in runs]) for runs in (ours, theirs)]
    rate.append(few / np.median([run[0] for run in slowest]))
    found = [figures(ours[0][1], truth), figures(theirs[0][1], truth)]
    share = [figures(runs[0][1][:few], truth[:few])[0] for runs in (ours, slowest)]
    n_true = int(np.isfinite(truth[..., 0]).sum())
    print(f"frames/s: ours {rate[0]:.0f}, OpenCV {rate[1]:.1f}, aniposelib {rate[2]:.2f}")
    print(f"corners and RMS of {n_true}: ours {found[0]}, OpenCV {found[1]}; of {few} images: {share}")
    # Measured on two busy cores: 31 frames/s against 0.64 (48 times) and 11.2 (2.8 times); all 864 corners against 804.
    assert rate[0] >= 25 * rate[2]
    assert rate[0] >= 2 * rate[1]
    assert found[0][0] >= found[1][0] and share[0] >= share[1]
    # Measured 0.010 px against 0.048 px.
    assert found[0][1] < 0.05 and found[0][1] < found[1][1]
