"""The printed page: measured on its own raster, by the detector."""

import shutil
import subprocess

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.board_page import page_size_mm, write_board_pdf
from calibration.boards.tag_object import tag_cube
from calibration.detection import detect_corners
from calibration.errors import BoardError, SourceError
from calibration.rigid import apply, inverse

SMALL = Board("charuco", 5, 4, 0.035, 0.027, "DICT_4X4_50")


@pytest.mark.parametrize(
    ("board", "page"),
    [
        (SMALL, ("A4", 210.0, 297.0)),
        (Board("charuco", 7, 5, 0.048, 0.036, "DICT_5X5_100"), ("A3", 420.0, 297.0)),
        (Board("chessboard", 8, 5, 0.095), ("A1", 841.0, 594.0)),
        (Board("charuco", 10, 8, 0.2, 0.15, "DICT_5X5_100"), ("custom", 2100.0, 1724.0)),
    ],
)
def test_smallest_page_that_holds_the_board(board, page):
    assert page_size_mm(board) == page


@pytest.mark.parametrize(
    "board",
    [
        SMALL,
        Board("charuco", 4, 6, 0.035, 0.02625, "DICT_4X4_50", inverted=True, legacy=True),
        Board("chessboard", 6, 5, 0.03),
        Board("aruco_grid", 4, 5, 0.04, 0.03, "DICT_5X5_50"),
        Board("april_grid", 4, 5, 0.04, 0.032, "DICT_APRILTAG_36h11"),
        Board("april_grid", 4, 5, 0.04, 0.032, "DICT_APRILTAG_36h11", inverted=True),
    ],
)
def test_print_is_true_to_scale(tmp_path, board):
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm (poppler) is not installed")
    path = write_board_pdf(board, tmp_path / "board.pdf")
    dpi = 254  # 10 px per mm: squares of whole mm begin and end between pixels
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", "-singlefile", str(path), str(tmp_path / "page")], check=True)
    image = cv2.imread(str(tmp_path / "page.pgm"), cv2.IMREAD_GRAYSCALE)
    corners = detect_corners(image, board)
    assert np.isfinite(corners).all()
    expected = board.corners_board[:, :2] * 1e3 / 25.4 * dpi
    design = np.column_stack([expected, np.ones(len(expected))])
    scale = np.linalg.lstsq(design, corners, rcond=None)[0][:2]
    np.testing.assert_allclose(scale, np.eye(2), atol=4e-6)  # measured 3e-9; grids of tags 1.4e-6


def test_an_object_has_a_page_per_face_true_to_scale(tmp_path):
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm (poppler) is not installed")
    cube = tag_cube(0.16, 0.06, tags_per_edge=2)
    path = write_board_pdf(cube, tmp_path / "cube.pdf")
    dpi = 254
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", str(path), str(tmp_path / "page")], check=True)
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) == 6
    for face, page in enumerate(pages):
        corners = detect_corners(cv2.imread(str(page), cv2.IMREAD_GRAYSCALE), cube)
        seen = np.flatnonzero(np.isfinite(corners[:, 0]))
        np.testing.assert_array_equal(seen, cube.faces[face])
        flat = apply(inverse(cube.target_from_face(cube.tag_faces[face])), cube.corners_board[seen])[:, :2]
        design = np.column_stack([flat * 1e3 / 25.4 * dpi, np.ones(len(flat))])
        scale = np.linalg.lstsq(design, corners[seen], rcond=None)[0][:2]
        np.testing.assert_allclose(scale, np.eye(2), atol=1e-5)  # measured 2e-6


def test_same_board_gives_the_same_bytes(tmp_path):
    first, second = (write_board_pdf(SMALL, tmp_path / name).read_bytes() for name in ("a.pdf", "b.pdf"))
    assert first == second


def test_caption_and_ruler_are_on_the_page(tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not installed")
    path = write_board_pdf(SMALL, tmp_path / "board.pdf")
    text = subprocess.run(["pdftotext", str(path), "-"], check=True, capture_output=True, text=True).stdout
    assert "charuco 5 x 4 squares of 35 mm, markers 27 mm, DICT_4X4_50" in text
    assert {"0", "50", "100", "mm"} <= set(text.split())


def test_where_it_cannot_be_written(tmp_path):
    with pytest.raises(BoardError, match=r"end in \.pdf"):
        write_board_pdf(SMALL, tmp_path / "board.png")
    with pytest.raises(SourceError) as caught:
        write_board_pdf(SMALL, tmp_path / "missing" / "board.pdf")
    assert caught.value.code == "PAGE_UNWRITABLE"
