"""Where boards may be and which markers are there: against OpenCV's detector and projected truth."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection.corners import board_markers, detect_corners, detect_markers
from calibration.detection.marker_kernels import read_markers
from calibration.detection.markers import _codes, find_markers
from calibration.detection.pattern import marker_cells, marker_corners
from calibration.detection.pattern_kernels import fit_homographies
from calibration.detection.quad_kernels import fit_quads
from calibration.detection.regions import Region, find_regions
from calibration.rigid import apply, rigid
from calibration.synthetic import RenderOptions, render_board, ring_rig

CAMERA = ring_rig(1, 0).cameras[0]
BOARD = Board("charuco", 7, 5, 0.11, 0.085, "DICT_4X4_50")


def view(board: Board, distance: float = 2.2, turn: float = 0.35, noise: float = 2.0, seed: int = 0):
    """Image of a board before the camera, turned about its vertical, and the true corners of its markers."""
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    cam_from_board = rigid(rotation, np.array([0, 0, distance]) - rotation @ [*np.array(board.size) / 2, 0])
    pose = np.linalg.inv(CAMERA.cam_from_world) @ cam_from_board
    side = float(board.marker_length or 0) / board.square_length
    flat = marker_corners(marker_cells(np.arange(board.n_markers), board.squares_x, False), side) * board.square_length
    points = np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2)
    return render_board(CAMERA, board, pose, seed, RenderOptions(noise=noise)), CAMERA.project(apply(pose, points))


@pytest.mark.parametrize(
    "dictionary",
    ["DICT_4X4_50", "DICT_5X5_100", "DICT_6X6_250", "DICT_7X7_1000", "DICT_APRILTAG_36h11", "DICT_ARUCO_ORIGINAL"],
)
@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_all_markers_are_found_in_opencvs_order_and_nearer_to_the_truth(dictionary: str, quarter_turns: int) -> None:
    board = Board("charuco", 7, 5, 0.11, 0.085, dictionary)
    image, truth = view(board)
    for _ in range(quarter_turns):  # rot90 takes (x, y) to (y, width - 1 - x)
        truth = np.stack([truth[..., 1], image.shape[1] - 1 - truth[..., 0]], axis=-1)
        image = np.ascontiguousarray(np.rot90(image))
    found = find_markers(image, dictionary, board.n_markers, board.n_markers)
    theirs = detect_markers(image, dictionary)
    assert sorted(found.ids) == sorted(theirs.ids) == list(range(board.n_markers))
    errors = [np.linalg.norm(one.corners - truth[one.ids], axis=-1) for one in (found, theirs)]
    assert errors[0].max() < 0.25  # measured 0.11 px; OpenCV's whole pixels 1.3 to 1.9
    assert np.median(errors[0]) < 0.15 * np.median(errors[1])  # measured 0.068


@pytest.mark.parametrize("distance", [0.55, 1.0, 2.0, 4.0, 6.5])
def test_boards_are_found_near_and_far(distance: float) -> None:
    image, truth = view(BOARD, distance)
    inside = ((truth > 3) & (truth < np.array(CAMERA.size) - 4)).all(axis=(1, 2))
    found = set(board_markers(image, BOARD).ids)
    # A marker is from 140 down to 12 px wide. Half of them are enough to find every corner.
    assert len(found) >= min(8, inside.sum()) and found <= set(range(17))
    regions = find_regions(image)
    corners = truth[inside].reshape(-1, 2)
    held = [
        ((corners >= [r.left, r.top]) & (corners < [r.right, r.bottom])).all(axis=1) for r in regions
    ]
    assert np.any(held, axis=0).all()


def test_images_without_a_board_have_no_region() -> None:
    rng = np.random.default_rng(0)
    wall = np.clip(110 + rng.normal(0, 4, (1080, 1920)), 0, 255).astype(np.uint8)
    assert find_regions(wall) == []
    edges = wall.copy()
    for _ in range(40):  # furniture: edges and their corners, which are no saddle points
        x, y, w, h = rng.integers(0, 1500), rng.integers(0, 800), rng.integers(50, 400), rng.integers(50, 250)
        cv2.rectangle(edges, (int(x), int(y)), (int(x + w), int(y + h)), int(rng.integers(0, 255)), -1)
    assert sum(region.area for region in find_regions(edges)) < 0.1 * edges.size  # measured 0
    assert len(board_markers(edges, BOARD)) == 0
    assert np.isnan(detect_corners(edges, BOARD)).all()


def test_regions_do_not_overlap_and_stay_inside() -> None:
    image, _ = view(BOARD, 1.5)
    two = np.hstack([image, image[:, ::-1]])
    regions = find_regions(np.ascontiguousarray(two))
    assert regions
    for region in regions:
        assert 0 <= region.left < region.right <= two.shape[1] and 0 <= region.top < region.bottom <= two.shape[0]
    covered = np.zeros(two.shape, int)
    for region in regions:
        region.of(covered)[:] += 1
    assert covered.max() == 1
    assert Region(0, 0, 3, 4).area == 12


def test_a_marker_that_shows_twice_is_not_taken() -> None:
    image, _ = view(BOARD, 2.5)
    two = np.ascontiguousarray(np.hstack([image, image]))
    assert len(board_markers(two, BOARD)) == 0


def test_codes_are_those_of_opencvs_pictures() -> None:
    for dictionary in ("DICT_4X4_50", "DICT_APRILTAG_36h11"):
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
        codes, bits, _ = _codes(dictionary)
        for marker in (0, 7, 29):
            picture = cv2.aruco.generateImageMarker(table, marker, bits + 2)[1:-1, 1:-1] > 127
            for turn in range(4):
                value = int("".join("1" if cell else "0" for cell in np.rot90(picture, turn).ravel()), 2)
                assert int(codes[turn, marker]) == value


def test_quadrilaterals_are_told_from_other_shapes() -> None:
    picture = np.zeros((200, 500), np.uint8)
    square = np.array([[20, 30], [80, 40], [75, 100], [15, 95]])
    cv2.fillPoly(picture, [square], 255)
    cv2.circle(picture, (150, 70), 35, 255, -1)
    cv2.fillPoly(picture, [np.array([[220, 30], [290, 40], [250, 100]])], 255)
    cv2.fillPoly(picture, [np.array([[320, 30], [400, 30], [400, 60], [350, 60], [350, 110], [320, 110]])], 255)
    contours, _ = cv2.findContours(picture, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    points = [contour[:, 0] for contour in contours]
    quads = fit_quads(np.concatenate(points), np.cumsum([len(p) for p in points]), 0.03, 5.0)
    assert len(quads) == 1
    first = int(np.argmin(np.linalg.norm(quads[0] - square[0], axis=1)))
    np.testing.assert_allclose(np.roll(quads[0], -first, axis=0), square, atol=1.5)  # clockwise as seen


def test_homographies_are_those_of_the_singular_value_decomposition() -> None:
    rng = np.random.default_rng(2)
    board, weights = rng.uniform(-1, 1, (30, 2)), rng.uniform(0, 1, (5, 30))
    true = np.array([[1.1, 0.2, 0.1], [-0.1, 0.9, 0.2], [0.1, -0.05, 1.0]])
    mapped = np.column_stack([board, np.ones(30)]) @ true.T
    image = mapped[:, :2] / mapped[:, 2:] + rng.normal(0, 0.01, (30, 2))
    found = fit_homographies(board, image, weights)
    for own, weight in zip(found, weights, strict=True):
        zero, one = np.zeros((30, 3)), np.column_stack([board, np.ones(30)])
        u, v = image[:, :1], image[:, 1:]
        rows = np.concatenate([np.hstack([one, zero, -u * one]), np.hstack([zero, one, -v * one])])
        best = np.linalg.svd(np.sqrt(np.tile(weight, 2))[:, None] * rows)[2][-1]
        np.testing.assert_allclose(own * np.sign(own @ best), best, atol=1e-6)


def test_corners_that_are_no_quadrilateral_are_no_marker_and_no_failure() -> None:
    """Edges that are sharpened on clutter may cross or fold, and put the horizon where the paper is read."""
    rng = np.random.default_rng(1)
    gray = rng.integers(0, 255, (100, 120)).astype(np.uint8)
    codes, bits, _ = _codes("DICT_4X4_50")
    quads = np.concatenate([rng.integers(0, 100, (100_000, 4, 2)), rng.integers(0, 4, (50_000, 4, 2))]).astype(float)
    read = read_markers(gray, quads, codes, bits, 0)
    assert (read[:, 0] >= 0).mean() < 1e-3
