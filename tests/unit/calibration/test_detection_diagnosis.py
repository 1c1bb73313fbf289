"""The wrong board: each mistake has its own code, and the remedy names the right setting."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection import detect_board
from calibration.detection.corners import Markers, origin_white
from calibration.detection.diagnosis import check_pattern, explain_absence
from calibration.detection.pattern import marker_cells, marker_corners
from calibration.errors import BoardError
from calibration.rigid import apply, inverse
from calibration.sources import find_sources
from calibration.synthetic import board_poses, render_board, render_calibration_footage, ring_rig

RIG = ring_rig(3, 1, radius_m=2.6)


def board(x=5, y=4, **other):
    values = {"marker_length": 0.096, "dictionary": "DICT_4X4_50"} | other
    return Board("charuco", x, y, 0.125, **values)


def sightings(true, n_poses=10, false_markers=1, fisheye=False):
    """Project the markers of a board: 20 % hidden, corners off by 0.5 px, and false ones anywhere."""
    rng = np.random.default_rng(4)
    found = []
    for camera in ring_rig(4, 1, fisheye=fisheye):
        for pose in board_poses(true, n_poses, 2):
            if (inverse(pose) @ np.append(camera.centre_world, 1))[2] > -0.5:
                continue
            ids = np.flatnonzero(rng.uniform(size=true.n_markers) > 0.2)
            squares = marker_corners(marker_cells(ids, true.squares_x, origin_white(true)), _side(true))
            points = np.concatenate([squares * true.square_length, np.zeros((len(ids), 4, 1))], axis=2)
            pixels = camera.project(apply(pose, points)) + rng.normal(0, 0.5, (len(ids), 4, 2))
            false = rng.uniform(0, 700, (false_markers, 1, 2)) + np.array([[0, 0], [20, 0], [20, 20], [0, 20]])
            ids = np.append(ids, rng.integers(0, 1000, false_markers))
            found.append(Markers(ids, np.concatenate([pixels, false])))
    return [markers for markers in found if len(markers) >= 4 and np.isfinite(markers.corners).all()]


def _side(one):
    return one.marker_length / one.square_length


@pytest.mark.parametrize("fisheye", [False, True])
@pytest.mark.parametrize(("x", "y", "legacy"), [(5, 4, False), (6, 4, True), (7, 5, False), (7, 6, True)])
def test_the_right_board_passes(x, y, legacy, fisheye):
    true = board(x, y, legacy=legacy)
    samples = sightings(true, fisheye=fisheye)
    assert len(samples) >= 15
    check_pattern(samples, true)
    check_pattern(samples[:1], true)
    check_pattern([], true)


@pytest.mark.parametrize(
    ("true", "told", "code", "remedy"),
    [
        (board(7, 5), board(8, 5), "BOARD_SIZE", "Set squares_x = 7 in"),
        (board(7, 5), board(5, 7), "BOARD_SIZE", "Set squares_x = 7, squares_y = 5 in"),
        (board(7, 5), board(7, 4), "BOARD_SIZE", "Set squares_y = 5 in"),
        (board(7, 5), board(7, 6), "BOARD_SIZE", "Set squares_y = 5 in"),
        (board(6, 4), board(6, 4, legacy=True), "BOARD_LAYOUT", "Set legacy = false in"),
        (board(6, 4, legacy=True), board(6, 4), "BOARD_LAYOUT", "Set legacy = true in"),
    ],
    ids=str,
)
def test_another_arrangement_is_refused(true, told, code, remedy):
    with pytest.raises(BoardError, match=remedy) as caught:
        check_pattern(sightings(true), told)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("true", "told", "remedy"),
    [
        (board(7, 6, legacy=True), board(7, 6), "Set legacy = true in"),
        (board(7, 6), board(7, 6, legacy=True), "Set legacy = false in"),
        (board(7, 6, legacy=True), board(7, 5, legacy=True), "Set squares_y = 6 in"),
        (board(7, 6, legacy=True), board(7, 5), "Set squares_y = 6, legacy = true in"),
    ],
    ids=str,
)
def test_the_layout_is_told_by_the_few_markers_in_which_it_shows(true, told, remedy):
    # On an odd number of columns 18 of 21 markers lie alike in both layouts, one square aside.
    with pytest.raises(BoardError, match=remedy):
        check_pattern(sightings(true, 6, false_markers=0), told)


def test_size_says_what_was_seen_and_what_may_be():
    with pytest.raises(BoardError, match=r"saw marker ids 0 to 16, a 5 x 4 board has 10 \(0 to 9\)"):
        check_pattern(sightings(board(7, 5)), board(5, 4))


@pytest.mark.heavy
@pytest.mark.parametrize(("x", "y", "legacy"), [(7, 5, False), (4, 5, False), (6, 4, False), (7, 6, True)])
def test_every_near_size_is_told_apart(x, y, legacy):
    samples = sightings(board(x, y, legacy=legacy))
    for told_x in range(max(x - 1, 3), x + 2):
        for told_y in range(max(y - 1, 3), y + 2):
            for told_legacy in (False, True):
                told = board(told_x, told_y, legacy=told_legacy)
                if (told_x, told_y) == (x, y) and (told_legacy == legacy or y % 2):
                    check_pattern(samples, told)
                else:
                    with pytest.raises(BoardError):
                        check_pattern(samples, told)


def test_rows_hidden_in_few_views_are_no_other_board():
    told = board(7, 5)
    few = [Markers(m.ids[m.ids < 14], m.corners[m.ids < 14]) for m in sightings(told, false_markers=0)[:5]]
    check_pattern(few, told)


@pytest.fixture(scope="module")
def images():
    """Return a function that renders a board four times, well in view, once per board."""
    cache = {}

    def rendered(true):
        if true not in cache:
            pairs = [(RIG.cameras[0], pose) for pose in board_poses(true, 40, 3)]
            facing = [(inverse(p) @ np.append(c.centre_world, 1))[2] < -1.8 for c, p in pairs]
            cache[true] = [render_board(c, true, p) for (c, p), ok in zip(pairs, facing, strict=True) if ok][:4]
        return cache[true]

    return rendered


UNSEEN = [
    (board(inverted=True), board(), "BOARD_INVERTED", "Set inverted = true in"),
    (board(dictionary="DICT_5X5_100"), board(), "BOARD_DICTIONARY", 'Set dictionary = "DICT_5X5_50" in'),
    (board(legacy=True), board(), "BOARD_LAYOUT", "Set legacy = true in"),
    (board(6, 4, inverted=True), board(), "BOARD_INVERTED", "Set inverted = true, squares_x = 6 in"),
    (Board("chessboard", 8, 5, 0.09), Board("chessboard", 7, 6, 0.09), "BOARD_SIZE", "Count the squares"),
]


@pytest.mark.parametrize(("true", "told", "code", "remedy"), UNSEEN, ids=str)
def test_unseen_board_is_explained_by_what_is_there(images, true, told, code, remedy):
    # Sizes of chessboards are tried one by one, so that each image takes seconds.
    error = explain_absence(images(true)[: 1 if true.type == "chessboard" else 2], told)
    assert error.code == code
    assert remedy in error.remedy


@pytest.mark.heavy
@pytest.mark.parametrize(("true", "told", "code", "remedy"), UNSEEN, ids=str)
def test_unseen_boards_are_explained_by_all_images(images, true, told, code, remedy):
    error = explain_absence(images(true), told)
    assert error.code == code
    assert remedy in error.remedy


def test_mirrored_images_are_noticed(images):
    error = explain_absence([np.ascontiguousarray(image[:, ::-1]) for image in images(board())], board())
    assert error.code == "IMAGE_MIRRORED"


def test_nothing_there_is_not_seen():
    assert explain_absence([np.full((90, 160), 100, np.uint8)] * 2, board()).code == "BOARD_NOT_SEEN"
    assert explain_absence([np.full((90, 160), 100, np.uint8)], Board("chessboard", 8, 5, 0.1)).code == "BOARD_NOT_SEEN"


def test_footage_of_another_board_is_refused_and_a_blind_camera_named(tmp_path):
    true = board()
    poses = board_poses(true, 6, 5)
    render_calibration_footage(RIG.subset(["cam_0", "cam_1"]), true, poses, tmp_path)
    sources, _ = find_sources(tmp_path)
    # 6 x 4 gives no corner at all; of 5 x 3 every corner is found, and only the fourth row tells.
    for told in (board(6, 4), board(5, 3)):
        with pytest.raises(BoardError, match="It fits 5 x 4 squares") as other:
            detect_board(sources, told)
        assert other.value.code == "BOARD_SIZE"
    blind = _without_board(tmp_path, len(poses))
    with pytest.raises(BoardError, match="camera 'cam_blind', but by the others") as caught:
        detect_board([*sources, blind], true)
    assert caught.value.code == "CAMERA_BLIND"


def _without_board(folder, n_frames):
    (folder / "cam_blind").mkdir()
    for frame in range(n_frames):
        cv2.imwrite(str(folder / "cam_blind" / f"{frame}.png"), np.full((120, 160), 100, np.uint8))
    return next(source for source in find_sources(folder)[0] if source.name == "cam_blind")
