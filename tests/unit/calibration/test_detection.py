"""Corners in images: against projected truth, with markers missing, false or of another board."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.detection import detect_board, detect_corners
from calibration.detection.chessboard import _goes_on
from calibration.detection.corners import Markers, consistent, corners_from_markers, detect_markers
from calibration.detection.pattern import marker_cells, marker_corners, misfit, predict, usable_view
from calibration.detection.saddles import fit_saddles
from calibration.errors import BoardError, ShapeError, SourceError
from calibration.rigid import apply, rigid
from calibration.sources import find_sources
from calibration.synthetic import RenderOptions, board_poses, render_board, render_calibration_footage, ring_rig

BOARD = Board("charuco", 7, 5, 0.11, 0.085, "DICT_4X4_50")
CAMERA = ring_rig(1, 0).cameras[0]


def facing_pose(board, camera=CAMERA, distance=2.5, turn=0.35):
    """Return world_from_board of a board before the camera, turned about its vertical."""
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    cam_from_board = rigid(rotation, np.array([0, 0, distance]) - rotation @ [*np.array(board.size) / 2, 0])
    return np.linalg.inv(camera.cam_from_world) @ cam_from_board


def view(board, seed=0, options=None, **pose):
    pose = facing_pose(board, **pose)
    return render_board(CAMERA, board, pose, seed, options), CAMERA.project(apply(pose, board.corners_board))


@pytest.mark.parametrize(
    "board",
    [
        BOARD,
        Board("charuco", 5, 6, 0.11, 0.085, "DICT_4X4_50"),
        Board("charuco", 5, 6, 0.11, 0.085, "DICT_4X4_50", legacy=True),
        Board("charuco", 4, 5, 0.13, 0.0975, "DICT_4X4_1000", inverted=True),
        Board("charuco", 6, 4, 0.13, 0.1, "DICT_APRILTAG_36h11", inverted=True, legacy=True),
        Board("chessboard", 8, 5, 0.1),
        Board("chessboard", 5, 8, 0.1),
        Board("chessboard", 6, 7, 0.1, inverted=True),
    ],
    ids=lambda board: board.describe(),
)
def test_every_corner_of_a_full_view_lies_on_the_truth(board):
    image, truth = view(board)
    corners = detect_corners(image, board)
    assert corners.shape == (board.n_corners, 2)
    error = corners - truth
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.03  # measured 0.006 to 0.010 px
    assert np.abs(error.mean(axis=0)).max() < 0.03  # measured 0.014 in one view; many views: tests/accuracy


@pytest.mark.parametrize("board", [BOARD, Board("chessboard", 8, 5, 0.1)], ids=lambda board: board.type)
def test_a_board_in_dim_light_is_found(board):
    image, truth = view(board, options=RenderOptions(white=110, black=60, noise=3.0))
    error = detect_corners(image, board) - truth
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.1  # measured 0.033 and 0.035 px


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_chessboard_order_survives_a_turned_camera(quarter_turns):
    board = Board("chessboard", 8, 5, 0.1)
    image, truth = view(board)
    turned = np.ascontiguousarray(np.rot90(image, quarter_turns))
    width, height = CAMERA.size
    for _ in range(quarter_turns):  # rot90 takes (x, y) to (y, width - 1 - x)
        truth = np.stack([truth[:, 1], width - 1 - truth[:, 0]], axis=1)
        width, height = height, width
    np.testing.assert_allclose(detect_corners(turned, board), truth, atol=0.1)


@pytest.mark.parametrize(("x", "y"), [(6, 5), (10, 5), (8, 7), (4, 5)])
def test_chessboard_of_other_size_is_not_taken(x, y):
    image, _ = view(Board("chessboard", 8, 5, 0.1))
    assert np.isnan(detect_corners(image, Board("chessboard", x, y, 0.1))).all()


def test_part_of_a_larger_chessboard_is_known_to_go_on():
    whole = Board("chessboard", 8, 5, 0.1)
    image, truth = view(whole)
    grid = truth.reshape(4, 7, 2)
    assert not _goes_on(image, grid)
    assert _goes_on(image, grid[:, :5])
    part = grid[:3, :6]  # 7 x 4 squares
    assert _goes_on(image, part)
    # All but three squares of what goes on are hidden: a dark one, a light one, a dark one tell.
    below, beside = truth[7 * 3 + 2], truth[6]
    hidden = image.copy()
    hidden[int(below[1]) + 4 :, int(below[0]) :] = hidden[:, int(beside[0]) + 4 :] = 120
    assert _goes_on(hidden, part)
    # A dark finger at the rim of the whole board does not.
    held, place = image.copy(), truth[0] + 1.5 * (truth[0] - truth[8]) + (truth[1] - truth[0])
    cv2.circle(held, (int(place[0]), int(place[1])), 12, 20, -1)
    assert not _goes_on(held, grid)


def test_hidden_corners_are_nan_and_the_others_stay():
    image, truth = view(BOARD)
    hidden = image.copy()
    x0, y0 = np.rint(truth[8]).astype(int)
    cv2.circle(hidden, (int(x0), int(y0)), 45, 120, -1)
    distance = np.linalg.norm(truth - [x0, y0], axis=1)
    corners = detect_corners(hidden, BOARD)
    assert np.isnan(corners[distance < 40]).all()
    far = distance > 60
    assert np.isfinite(corners[far]).all()
    np.testing.assert_allclose(corners[far], truth[far], atol=0.1)


def test_corner_cut_by_the_image_edge_is_nan():
    image, truth = view(BOARD)
    cut = int(truth[:, 0].mean())
    corners = detect_corners(np.ascontiguousarray(image[:, :cut]), BOARD)
    assert np.isnan(corners[truth[:, 0] > cut]).all()
    assert np.isfinite(corners[truth[:, 0] < cut - 60]).all()


def test_a_blank_image_shows_no_corner():
    assert np.isnan(detect_corners(np.full((200, 300), 90, np.uint8), BOARD)).all()


ODD = {
    "nothing but NaN": np.full((60, 80), np.nan),
    "fractions": np.full((60, 80), 0.5),
    "16 bits, small values": np.full((60, 80), 200, np.uint16),
    "16 bits": np.full((60, 80), 40000, np.uint16),
    "signed": np.full((60, 80), -1, np.int16),
    "yes and no": np.zeros((60, 80), bool),
    "no rows": np.zeros((0, 80), np.uint8),
    "no columns": np.zeros((60, 0), np.uint8),
    "colours": np.zeros((60, 80, 3), np.uint8),
}


@pytest.mark.parametrize("board", [BOARD, Board("chessboard", 8, 5, 0.1)], ids=lambda board: board.type)
@pytest.mark.parametrize("image", ODD.values(), ids=ODD.keys())
def test_odd_images_are_refused_in_words(image, board):
    with pytest.raises(ShapeError, match=r"gray has (values of type|no pixels|shape)") as caught:
        detect_corners(image, board)
    assert caught.value.remedy


@pytest.mark.parametrize("board", [BOARD, Board("chessboard", 8, 5, 0.1)], ids=lambda board: board.type)
def test_a_board_close_up_in_a_large_frame_is_found(board):
    # Squares of 310 to 350 px: corners so far apart showed no place with a board at an eighth of the resolution.
    image, truth = view(board, distance=1.6)
    large = cv2.resize(image, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)  # 7680 x 4320
    error = detect_corners(large, board) - ((truth + 0.5) * 6 - 0.5)
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.25  # measured 0.14 and 0.15 px of the large frame


def test_input_is_not_changed():
    image, _ = view(BOARD)
    before = image.copy()
    detect_corners(image, BOARD)
    np.testing.assert_array_equal(image, before)


def test_false_markers_are_taken_out():
    image, truth = view(BOARD)
    markers = detect_markers(image, "DICT_4X4_50")
    assert len(markers) == 17
    moved = markers.corners.copy()
    moved[3] += 150.0
    moved[9] = moved[9][[1, 2, 3, 0]]  # read with a quarter turn
    spoilt = Markers(np.append(markers.ids, 40), np.concatenate([moved, moved[:1] + 300]))
    assert sorted(set(markers.ids) - set(consistent(spoilt, BOARD).ids)) == sorted(markers.ids[[3, 9]])
    np.testing.assert_allclose(corners_from_markers(image, BOARD, spoilt), truth, atol=0.1)


@pytest.mark.parametrize(("x", "y"), [(6, 5), (8, 5), (5, 7), (4, 5)])
def test_board_of_another_width_gives_no_corner(x, y):
    image, _ = view(BOARD)
    assert np.isnan(detect_corners(image, Board("charuco", x, y, 0.11, 0.085, "DICT_4X4_50"))).all()


@pytest.mark.parametrize(("x", "y", "legacy"), [(7, 5, False), (4, 5, False), (5, 6, True), (6, 4, True)])
def test_marker_corners_are_those_of_opencv(x, y, legacy):
    theirs = cv2.aruco.CharucoBoard((x, y), 1.0, 0.75, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100))
    theirs.setLegacyPattern(legacy)
    ids = np.asarray(theirs.getIds()).ravel()
    ours = marker_corners(marker_cells(ids, x, legacy and y % 2 == 0), 0.75)
    np.testing.assert_allclose(ours, np.array(theirs.getObjPoints())[..., :2], atol=1e-6)


def test_prediction_is_exact_for_a_plane_and_close_for_a_fisheye():
    ids = np.arange(17)
    squares = marker_corners(marker_cells(ids, 7, False), 0.77)
    targets = BOARD.corners_board[:, :2] / 0.11
    for fisheye, limit in ((False, 1e-6), (True, 1.5)):  # measured 4e-10 px and 0.5 px
        camera = ring_rig(1, 1, fisheye=fisheye).cameras[0]
        if not fisheye:
            camera = type(camera)("c", camera.size, camera.matrix, np.zeros(5), camera.cam_from_world)
        pose = facing_pose(BOARD, camera, distance=1.2)

        def image(points, camera=camera, pose=pose):
            flat = np.concatenate([points * 0.11, np.zeros((*points.shape[:-1], 1))], axis=-1)
            return camera.project(apply(pose, flat))

        seen = image(squares)
        assert misfit(squares, seen).max() < (1e-6 if not fisheye else 0.1)  # measured 4e-11 and 0.02
        start, axes = predict(squares.reshape(-1, 2), seen.reshape(-1, 2), targets)
        assert np.abs(start - image(targets)).max() < limit
        step = (image(targets + np.array([0.01, 0])) - image(targets - np.array([0.01, 0]))) / 0.02
        assert np.abs(axes[..., 0] - step).max() < 3  # px per square, of about 60


def test_saddle_sd_tells_the_error_truly():
    rng = np.random.default_rng(3)
    image, truth = view(BOARD, options=RenderOptions(noise=0.0))
    _, axes = predict(BOARD.corners_board[:, :2] / 0.11, truth, BOARD.corners_board[:, :2] / 0.11)
    y, x = np.mgrid[1:5, 1:7]
    sign = np.where((x + y) % 2 == 1, 1.0, -1.0).ravel()
    errors, sds = [], []
    for _ in range(30):
        noisy = np.clip(np.rint(image + rng.normal(0, 6, image.shape)), 0, 255).astype(np.uint8)
        fit = fit_saddles(noisy, truth + rng.normal(0, 1, truth.shape), axes, sign, 0.11)
        errors.append(fit.position - truth)
        sds.append(fit.sd)
    spread = np.std(errors, axis=0).mean()
    assert spread == pytest.approx(np.mean(sds), rel=0.2)  # measured ratio near 1


def test_usable_view_needs_six_corners_off_one_line():
    corners = np.full((24, 2), np.nan)
    corners[:6] = 1.0  # one row of the board
    assert not usable_view(corners, BOARD, 6)
    corners[6] = 1.0
    assert usable_view(corners, BOARD, 6)
    corners[1:3] = np.nan
    assert not usable_view(corners, BOARD, 6)


def test_footage_becomes_observations(tmp_path):
    rig = ring_rig(3, 0, radius_m=2.6)
    poses = board_poses(BOARD, 8, 5)
    render_calibration_footage(rig, BOARD, poses, tmp_path)
    calls = []
    seen = detect_board(find_sources(tmp_path)[0], BOARD, progress=lambda *args: calls.append(args))
    assert seen.camera_names == rig.names
    np.testing.assert_array_equal(seen.image_sizes, [[1280, 720]] * 3)
    assert {call[1:] for call in calls if call[0] == "cam_0"} == {(i, 8) for i in range(1, 9)}
    truth = rig.project(apply(poses[seen.frame_ids][:, None], BOARD.corners_board))
    error = (seen.pixels - truth)[seen.seen]
    assert np.sqrt((error**2).sum(axis=1).mean()) < 0.05  # measured 0.012 px, through JPEG
    counts = seen.seen.sum(axis=2)
    assert ((counts == 0) | (counts >= 6)).all()
    assert seen.views().any(axis=0).all()  # frames without the board are left out
    half = detect_board(find_sources(tmp_path)[0], BOARD, every=2, limit=7)
    assert set(half.frame_ids) <= {0, 2, 4, 6}


def test_nothing_to_look_at(tmp_path):
    with pytest.raises(SourceError):
        detect_board((), BOARD)
    (tmp_path / "cam").mkdir()
    cv2.imwrite(str(tmp_path / "cam" / "0.png"), np.full((120, 160), 90, np.uint8))
    with pytest.raises(BoardError) as caught:
        detect_board(find_sources(tmp_path)[0], BOARD)
    assert caught.value.code == "BOARD_NOT_SEEN"
