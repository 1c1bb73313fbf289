"""Boards: geometry against OpenCV, and what board.toml may say."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.boards.board import DICTIONARY_SIZES, WORLD_FROM_FLOOR_BOARD, Board, read_board, write_board
from calibration.errors import BoardError, FormatError, SourceError

CHARUCO = Board("charuco", 7, 5, 0.11, 0.085, "DICT_5X5_100")


@pytest.mark.parametrize(("x", "y", "legacy"), [(7, 5, False), (5, 8, False), (5, 8, True), (4, 5, True)])
def test_corners_are_those_of_opencv(x, y, legacy):
    board = Board("charuco", x, y, 0.04, 0.03, "DICT_4X4_100", legacy=legacy)
    theirs = cv2.aruco.CharucoBoard((x, y), 0.04, 0.03, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100))
    theirs.setLegacyPattern(legacy)
    np.testing.assert_allclose(board.corners_board, theirs.getChessboardCorners(), atol=1e-7)  # float32: 4e-8
    assert board.n_corners == len(board.corners_board)
    assert board.n_markers == len(theirs.getIds())


def test_dictionary_sizes_are_those_of_opencv():
    for name, size in DICTIONARY_SIZES.items():
        assert len(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name)).bytesList) == size


def test_floor_board_keeps_x_and_shows_its_front_upwards():
    front_board = np.array([0, 0, -1])  # z runs into the board
    np.testing.assert_array_equal(WORLD_FROM_FLOOR_BOARD @ front_board, [0, 0, 1])
    np.testing.assert_array_equal(WORLD_FROM_FLOOR_BOARD @ [1, 0, 0], [1, 0, 0])
    assert np.linalg.det(WORLD_FROM_FLOOR_BOARD) == pytest.approx(1)


@pytest.mark.parametrize(
    "board",
    [CHARUCO, Board("chessboard", 8, 5, 0.05), Board("charuco", 4, 6, 0.054, 0.0405, "DICT_4X4_1000", True, True),
     Board("april_grid", 6, 6, 0.1, 0.077, "DICT_APRILTAG_36h11")],
)
def test_written_board_reads_back_equal(tmp_path, board):
    write_board(tmp_path / "board.toml", board)
    assert read_board(tmp_path / "board.toml") == board


def _read(tmp_path, text):
    (tmp_path / "board.toml").write_text(text)
    return read_board(tmp_path / "board.toml")


GOOD = 'type = "charuco"\nsquares_x = 7\nsquares_y = 5\nmarker_length = 0.03\ndictionary = "DICT_4X4_50"\n'


def test_misspelt_key_names_the_nearest(tmp_path):
    with pytest.raises(FormatError, match=r"square_lenght.*Did you mean 'square_length'"):
        _read(tmp_path, GOOD + "square_lenght = 0.04")


def test_missing_key_wrong_type_and_broken_toml(tmp_path):
    with pytest.raises(FormatError, match="lacks square_length"):
        _read(tmp_path, GOOD)
    with pytest.raises(FormatError, match="squares_x = '7' is not a whole number"):
        _read(tmp_path, GOOD.replace("= 7", '= "7"') + "square_length = 0.04")
    with pytest.raises(FormatError, match="squares_x = True"):
        _read(tmp_path, GOOD.replace("= 7", "= true") + "square_length = 0.04")
    with pytest.raises(FormatError, match="is not TOML"):
        _read(tmp_path, "type = charuco")


def test_missing_file(tmp_path):
    with pytest.raises(SourceError) as caught:
        read_board(tmp_path / "none.toml")
    assert caught.value.code == "BOARD_FILE_MISSING"


@pytest.mark.parametrize(("value", "unit"), [(54, "millimetres"), (5.4, "centimetres")])
def test_lengths_in_other_units_are_noticed(tmp_path, value, unit):
    with pytest.raises(BoardError, match=f"looks like {unit}; metres are expected.*square_length = 0.054") as caught:
        _read(tmp_path, GOOD + f"square_length = {value}")
    assert caught.value.code == "BOARD_UNITS"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "charucco"}, "Did you mean 'charuco'"),
        ({"squares_x": 2}, "at least 3"),
        ({"squares_x": 10**9}, "more squares than a camera tells apart"),
        ({"squares_x": 3, "squares_y": 3}, "4 interior corners"),
        ({"square_length": 0.0}, "not above 0"),
        ({"square_length": float("nan")}, "not a number"),
        ({"square_length": 0.0004}, "below 2 mm"),
        ({"marker_length": 0.12}, "does not fit"),
        ({"marker_length": None}, "needs a marker_length"),
        ({"dictionary": "DICT_5X5_10"}, "Did you mean 'DICT_5X5_100'"),
        ({"squares_x": 20, "squares_y": 20}, "needs 200 markers, DICT_5X5_100 has 100"),
    ],
)
def test_impossible_boards_are_refused(change, message):
    values = {name: getattr(CHARUCO, name) for name in CHARUCO.__dataclass_fields__}
    with pytest.raises(BoardError, match=message):
        Board(**{**values, **change})


GRID = Board("aruco_grid", 4, 3, 0.06, 0.045, "DICT_APRILTAG_36h11")


def test_corners_of_a_grid_are_those_of_opencv():
    markers = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    theirs = cv2.aruco.GridBoard((4, 3), 0.045, 0.015, markers)
    np.testing.assert_allclose(GRID.corners_board, np.array(theirs.getObjPoints()).reshape(-1, 3), atol=1e-7)
    np.testing.assert_array_equal(np.asarray(theirs.getIds()).ravel(), np.arange(GRID.n_markers))
    assert (GRID.n_corners, GRID.n_markers) == (48, 12)
    np.testing.assert_allclose(GRID.size, GRID.corners_board[:, :2].max(axis=0))
    assert GRID.apron == 0.0
    april = replace(GRID, type="april_grid")
    np.testing.assert_array_equal(april.corners_board, GRID.corners_board)
    assert april.apron == pytest.approx(0.015)


@pytest.mark.parametrize("board", [CHARUCO, GRID])
def test_neighbours_are_as_far_apart_as_they_say(board):
    first, second, distance = board.neighbours
    corners = board.corners_board
    np.testing.assert_allclose(np.linalg.norm(corners[first] - corners[second], axis=1), distance)
    if board.is_grid:  # 48 sides of 45 mm; 9 + 8 pitches of 60 mm
        assert (np.isclose(distance, 0.045).sum(), np.isclose(distance, 0.06).sum(), len(distance)) == (48, 17, 65)
    else:
        np.testing.assert_allclose(distance, 0.11)
        assert len(distance) == 5 * 4 + 6 * 3
    assert len({tuple(sorted(pair)) for pair in zip(first, second, strict=True)}) == len(first)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"marker_length": None}, "'aruco_grid' needs a marker_length"),
        ({"marker_length": 0.06}, "does not fit into a pitch"),
        ({"squares_x": 0}, "at least 1"),
        ({"squares_x": 1, "squares_y": 1}, "4 tag corners"),
        ({"squares_x": 30, "squares_y": 20}, "needs 600 markers, DICT_APRILTAG_36h11 has 587"),
        ({"legacy": True}, "no legacy layout"),
    ],
)
def test_impossible_grids_are_refused(change, message):
    with pytest.raises(BoardError, match=message):
        replace(GRID, **change)


@pytest.mark.parametrize(("x", "y"), [(8, 6), (7, 5), (7, 7)])
def test_chessboards_that_look_alike_turned_are_refused(x, y):
    with pytest.raises(BoardError) as caught:
        Board("chessboard", x, y, 0.04)
    assert caught.value.code == "BOARD_AMBIGUOUS"


def test_chessboard_has_no_markers():
    with pytest.raises(BoardError, match="has no dictionary"):
        Board("chessboard", 8, 5, 0.04, dictionary="DICT_4X4_50")


def test_presets_are_sound():
    from mocap.config.presets import preset_names, preset_path

    names = preset_names("boards")
    assert {"charuco_7x5_a1", "charuco_7x5_a3", "chessboard_8x5_a1"} <= set(names)
    for name in names:
        assert read_board(preset_path("boards", name)).n_corners >= 12
