"""Boards described wrongly: each mistake is named by its code, with the setting that mends it, over many seeds."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject, tag_cube
from calibration.detection.corners import detect_corners
from calibration.detection.diagnosis import check_pattern, explain_absence, explain_blind_camera
from calibration.detection.tags import read_tags
from calibration.errors import BoardError
from calibration.rigid import inverse
from calibration.synthetic import board_poses, render_board, ring_rig

Target = Board | TagObject
CHARUCO = Board("charuco", 7, 5, 0.125, 0.096, "DICT_5X5_100")
EVEN = Board("charuco", 6, 4, 0.125, 0.096, "DICT_5X5_100")
ARUCO = Board("aruco_grid", 5, 4, 0.15, 0.115, "DICT_5X5_100")
APRIL = Board("april_grid", 5, 4, 0.15, 0.115, "DICT_APRILTAG_36h11")
CHESS = Board("chessboard", 8, 5, 0.11)
CUBE = tag_cube(0.4, 0.15, tags_per_edge=2)
HEAVY = pytest.mark.heavy


@lru_cache(maxsize=4)
def footage(target: Target, seed: int, n_images: int) -> list[np.ndarray]:
    """Images of a target well in view, from cameras that differ by the seed."""
    rig = ring_rig(3, seed, radius_m=2.2, size=(800, 450))
    images = []
    for number, pose in enumerate(board_poses(target, 60, seed, volume_m=(0.6, 0.6, 0.6))):
        for camera in rig:
            eye = (inverse(pose) @ np.append(camera.centre_world, 1.0))[:3]
            eye = eye - target.corners_board.mean(axis=0)
            if isinstance(target, TagObject) or -eye[2] > 0.8 * np.linalg.norm(eye):
                images.append(render_board(camera, target, pose, number))
            if len(images) == n_images:
                return images
    return images


def said(true: Target, told: Target, seed: int) -> BoardError:
    """What is said of footage of one target when another one is described."""
    images = footage(true, seed, 2 if seed == 0 else 4)  # half the time by default; the same is named
    if told.dictionary is not None:
        samples = [read_tags(255 - image if told.inverted else image, str(told.dictionary)) for image in images]
        try:
            check_pattern([markers for markers in samples if len(markers) >= 4], told)
        except BoardError as error:
            return error
    return explain_absence(images, told)


def case(true: Target, told: Target, code: str, remedy: str, many: bool = False, default: bool = True) -> list:
    """Rows of one mistake: a seed by default or not, and 20 of them for the frequent mistakes."""
    name = f"{true.type} as {told.type}, {code} {remedy[:24]}"
    rows = [pytest.param(true, told, code, remedy, 0, marks=() if default else HEAVY, id=f"{name}-0")]
    seeds = range(1, 20) if many else ()
    return rows + [pytest.param(true, told, code, remedy, seed, marks=HEAVY, id=f"{name}-{seed}") for seed in seeds]


SWAPPED = "squares_x = 7, squares_y = 5 in"
AS_CHARUCO = 'type = "charuco", squares_x = 7, squares_y = 5'
CASES = [
    *case(CHARUCO, replace(CHARUCO, squares_x=6), "BOARD_SIZE", "squares_x = 7 in", many=True),
    *case(CHARUCO, replace(CHARUCO, squares_x=5, squares_y=7), "BOARD_SIZE", SWAPPED, many=True),
    *case(CHARUCO, replace(CHARUCO, dictionary="DICT_4X4_50"), "BOARD_DICTIONARY", '= "DICT_5X5_50"', many=True),
    *case(CHARUCO, replace(CHARUCO, inverted=True), "BOARD_INVERTED", "inverted = false", many=True),
    *case(EVEN, replace(EVEN, legacy=True), "BOARD_LAYOUT", "legacy = false", many=True),
    *case(replace(EVEN, legacy=True), EVEN, "BOARD_LAYOUT", "legacy = true", many=True, default=False),
    *case(CHARUCO, ARUCO, "BOARD_TYPE", AS_CHARUCO),
    *case(CHARUCO, CHESS, "BOARD_TYPE", AS_CHARUCO),
    *case(CHARUCO, CUBE, "BOARD_TYPE", AS_CHARUCO, default=False),
    *case(CHESS, replace(CHESS, squares_x=7, squares_y=4), "BOARD_SIZE", "Count the squares (not the inner", many=True),
    *case(CHESS, replace(CHESS, squares_x=7, squares_y=6), "BOARD_SIZE", "Count the squares", True, False),
    *case(CHESS, CHARUCO, "BOARD_TYPE", 'type = "chessboard"', default=False),
    *case(ARUCO, replace(ARUCO, squares_x=4), "BOARD_SIZE", "squares_x = 5 in", many=True),
    *case(ARUCO, replace(ARUCO, squares_x=4, squares_y=5), "BOARD_SIZE", "squares_x = 5, squares_y = 4", default=False),
    *case(ARUCO, replace(ARUCO, squares_y=3), "BOARD_SIZE", "squares_y = 4 in", many=True),
    *case(ARUCO, replace(ARUCO, dictionary="DICT_6X6_50"), "BOARD_DICTIONARY", '= "DICT_5X5_50"', True, False),
    *case(ARUCO, CHARUCO, "BOARD_TYPE", 'type = "aruco_grid", squares_x = 5, squares_y = 4'),
    *case(APRIL, replace(APRIL, squares_x=6), "BOARD_SIZE", "squares_x = 5 in", True, False),
    *case(APRIL, replace(APRIL, inverted=True), "BOARD_INVERTED", "inverted = false", default=False),
    *case(CUBE, replace(CUBE, inverted=True), "BOARD_INVERTED", "inverted = false", default=False),
    *case(CUBE, replace(CUBE, ids=tuple(range(100, 124))), "BOARD_SIZE", "Check that the printed"),
    *case(CUBE, replace(CUBE, dictionary="DICT_5X5_50"), "BOARD_DICTIONARY", '= "DICT_APRILTAG_36h11"', True, False),
]


@pytest.mark.parametrize(("true", "told", "code", "remedy", "seed"), CASES)
def test_what_is_there_is_named(true: Target, told: Target, code: str, remedy: str, seed: int) -> None:
    error = said(true, told, seed)
    assert (error.code, remedy in error.remedy) == (code, True), str(error)
    if true.type == "chessboard" and code == "BOARD_SIZE":
        assert "shows a chessboard of 8 x 5" in error.cause or "of 5 x 8" in error.cause, str(error)


SEEDS = [pytest.param(0), *(pytest.param(seed, marks=HEAVY) for seed in range(1, 20))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_camera_that_films_mirrored_is_named(seed: int) -> None:
    images = [np.ascontiguousarray(image[:, ::-1]) for image in footage(CHARUCO, seed, 4)]
    error = explain_blind_camera(["cam_1"], images, CHARUCO)
    assert error.code == "CAMERA_BLIND" and error.cameras == ("cam_1",)
    assert "'cam_1'" in error.cause and "mirrored" in error.cause and "mirroring off" in error.remedy, str(error)


@pytest.mark.parametrize("target", [CHARUCO, EVEN, ARUCO, APRIL], ids=lambda target: target.describe())
@pytest.mark.parametrize("seed", SEEDS)
def test_the_board_as_described_is_not_accused(seed: int, target: Board) -> None:
    images = footage(target, seed, 4)
    check_pattern([read_tags(image, str(target.dictionary)) for image in images], target)
    # A camera that stands on its side sees it too.
    for image in (*images, np.ascontiguousarray(np.rot90(images[0]))):
        assert np.isfinite(detect_corners(image, target)[:, 0]).sum() >= 0.7 * target.n_corners
