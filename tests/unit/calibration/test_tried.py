"""The picture of what was tried: the fullest frame, with the right and the wrong markers told apart."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection.tried import tried_frame
from calibration.sources import find_sources
from calibration.synthetic import board_poses, render_board, ring_rig

TRUE = Board("charuco", 7, 5, 0.125, 0.096, "DICT_5X5_100")
RIG = ring_rig(2, 1, radius_m=2.2, size=(800, 450))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two cameras of three frames; only frame 1 of cam_1 shows the board."""
    folder = tmp_path_factory.mktemp("footage")
    for camera in RIG:
        (folder / camera.name).mkdir()
        for frame in range(3):
            cv2.imwrite(str(folder / camera.name / f"{frame}.png"), np.full((450, 800), 120, np.uint8))
    camera = RIG.cameras[1]
    pose = next(
        pose for pose in board_poses(TRUE, 60, 2, volume_m=(0.3, 0.3, 0.3))
        if (np.linalg.inv(pose) @ np.append(camera.centre_world, 1))[2] < -1.9
    )
    cv2.imwrite(str(folder / "cam_1" / "1.png"), render_board(camera, TRUE, pose))
    return find_sources(folder)[0]


def _count(image, colour):
    return int((image == colour).all(axis=2).sum())


@pytest.mark.parametrize(
    ("told", "words", "right", "wrong"),
    [
        (Board("charuco", 5, 4, 0.125, 0.096, "DICT_5X5_50"), "ids 0 to 16, 10 of them the board's", True, True),
        (Board("charuco", 7, 5, 0.125, 0.096, "DICT_4X4_50"), "17 markers of DICT_5X5", False, True),
        (Board("charuco", 7, 5, 0.125, 0.096, "DICT_5X5_50", inverted=True), "black on white", False, True),
        (Board("chessboard", 8, 5, 0.1), "17 markers of DICT_5X5", False, True),
    ],
    ids=lambda value: value.describe() if isinstance(value, Board) else "",
)
def test_the_frame_with_the_board_is_drawn(sources, told, words, right, wrong):
    tried = tried_frame(sources, told)
    assert (tried.camera, tried.frame) == ("cam_1", 1)
    assert words in tried.found
    assert tried.image.shape[1:] == (1600, 3) and tried.image.shape[0] > 900  # enlarged: the markers are small
    assert (_count(tried.image, (60, 200, 60)) > 10) == right
    assert (_count(tried.image, (50, 80, 240)) > 10) == wrong
    again = cv2.imdecode(np.frombuffer(tried.png(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(again, tried.image)


def test_footage_that_shows_nothing_is_shown_all_the_same(sources):
    tried = tried_frame([source for source in sources if source.name == "cam_0"], TRUE)
    assert tried.camera == "cam_0"
    assert "no marker of any dictionary" in tried.found
    assert tried_frame([], TRUE) is None
