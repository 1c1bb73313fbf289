"""The parts between corners and a rig, each alone: who is believed, what is left out, and on whose word."""

import numpy as np
import pytest

from calibration import recipe
from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.errors import CalibrationError, ShapeError, SolverError
from calibration.initial.extrinsics import pair_pose
from calibration.initial.placement import place_boards
from calibration.lenses.models import lens_prior
from calibration.observations import BoardObservations
from calibration.quality.figures import neighbour_pairs, score_board, volume_error
from calibration.rigid import from_rotvec
from calibration.solve import refinement
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, board_views
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses, floor_pose
from calibration.synthetic.rigs import ring_rig
from calibration.triangulation import triangulate
from calibration.world import WorldChoice, floor_positions, floor_tilt_sd

BOARD = Board("charuco", 6, 5, 0.1, 0.07, "DICT_4X4_50")
CORNERS = BOARD.corners_board


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    poses = np.concatenate([floor_pose(BOARD)[None], board_poses(BOARD, 30, 1)])
    return observe_board(ring_rig(3, 1), BOARD, poses, 0.3, 7)


def facing(n_cameras: int, n_frames: int, focal: list[float]) -> tuple[BundleState, np.ndarray]:
    """Cameras in one place before boards 2.5 m away: the state, and pixels (camera, frame, corner, 2)."""
    lenses = np.zeros((n_cameras, N_LENS))
    lenses[:, :2], lenses[:, 2:4] = np.array(focal)[:, None], [640, 360]
    poses = np.tile(np.eye(4), (n_frames, 1, 1))
    poses[:, :3, 3] = [-0.25, -0.2, 2.5]
    state = BundleState(lenses, np.tile(np.eye(4), (n_cameras, 1, 1)), poses)
    return state, seen_in(state)


def seen_in(state: BundleState) -> np.ndarray:
    """Pixels (camera, frame, corner, 2) of the boards through lenses without distortion."""
    whole = np.insert(CORNERS, 3, 1, axis=1)
    points = np.einsum("cij,fjk,pk->cfpi", state.cam_from_world, state.world_from_board, whole)
    return points[..., :2] / points[..., 2:3] * state.lenses[:, None, None, :2] + state.lenses[:, None, None, 2:4]


def test_the_relative_pose_is_found_where_the_second_choice_is_mostly_right() -> None:
    rng = np.random.default_rng(2)
    i_from_j = from_rotvec(np.array([0.1, 1.2, -0.2]), np.array([2.0, 0.1, 1.5]))
    j_from_board = from_rotvec(rng.normal(0, 0.5, (20, 3)), rng.uniform([-0.5, -0.5, 2.5], [0.5, 0.5, 3.5], (20, 3)))
    right = np.stack([i_from_j @ j_from_board, j_from_board])
    wrong = right @ from_rotvec(rng.normal(0, 0.7, (2, 20, 3)), np.zeros((2, 20, 3)))
    # The first choice is right in both cameras in frame 0 alone, and never again in either.
    pairs = np.stack([wrong, right], axis=2)
    pairs[:, 0] = pairs[:, 0, ::-1]
    found = pair_pose(pairs[0], pairs[1])
    assert found is not None and found.n_agreeing == 20
    assert np.abs(found.i_from_j() - i_from_j).max() < 1e-9  # measured 4e-16


def test_the_mean_of_relative_poses_shrugs_off_the_odd_one() -> None:
    rng = np.random.default_rng(3)
    i_from_board = from_rotvec(rng.normal(0, 0.5, (20, 3)), rng.uniform([-0.5, -0.5, 2.5], [0.5, 0.5, 3.5], (20, 3)))
    # Four frames of twenty are turned by 0.1 rad: near enough to agree, and 0.02 rad of a plain mean.
    j_from_board = i_from_board.copy()
    j_from_board[:4] = from_rotvec(np.array([0.0, 0.1, 0.0]), np.zeros(3)) @ j_from_board[:4]
    lone = np.full((2, 20, 2, 4, 4), np.nan)
    lone[0, :, 0], lone[1, :, 0] = i_from_board, j_from_board
    found = pair_pose(lone[0], lone[1])
    assert found is not None and found.n_agreeing == 20
    assert np.abs(found.i_from_j() - np.eye(4)).max() < 1e-3


def test_one_camera_that_errs_wildly_does_not_place_the_board() -> None:
    state, pixels = facing(3, 1, [900, 900, 20000])
    moved = state.world_from_board.copy()
    moved[0, 0, 3] += 0.6
    off = BundleState(state.lenses, state.cam_from_world, moved)
    pixels[2] = seen_in(off)[2]  # the third camera saw it 0.6 m aside: 4800 px
    candidates = np.full((3, 1, 2, 4, 4), np.nan)
    candidates[:2, :, 0], candidates[2, :, 0] = state.world_from_board, moved
    views = board_views(pixels, np.zeros(3, dtype=bool), CORNERS)
    found = place_boards(state.lenses, state.cam_from_world, candidates, views)
    assert np.array_equal(found.world_from_board, state.world_from_board)


def test_what_does_not_fix_a_board_is_left_out_before_and_after() -> None:
    state, pixels = facing(2, 3, [900, 900])
    pixels[1, 2] += 300.0
    views = board_views(pixels, np.zeros(2, dtype=bool), CORNERS)
    prior = lens_prior(["auto"] * 2, np.array([[1280, 720]] * 2), state.lenses[:, 0])
    problem = BundleProblem(views, np.ones((2, N_CAMERA), dtype=bool), prior)
    near = refinement._near_views(problem, state)
    assert np.array_equal(near.all(axis=1), ~((views.camera == 1) & (views.body == 2)))
    line = views.seen.copy()
    line[views.body == 1, 5:] = False  # one row of corners in both cameras: the board may turn about it
    line[(views.body == 2) & (views.camera == 0), 5:] = False  # one row in one camera, the whole board in the other
    sound = refinement._keep_sound(views, line)
    assert not sound[views.body == 1].any()
    assert sound[views.body == 2].sum(axis=1).tolist() == [5, len(CORNERS)]


def test_scores_are_root_mean_squares_of_the_distances(observations: BoardObservations) -> None:
    rig = ring_rig(3, 1)
    corners = triangulate(rig, observations.pixels)
    distance = np.linalg.norm(corners[:, :, None] - corners[:, None], axis=-1)
    true = np.linalg.norm(CORNERS[:, None] - CORNERS[None], axis=-1)
    squares = 1e6 * (distance - true) ** 2
    first, second = neighbour_pairs(BOARD)
    score = score_board(rig, observations)
    assert score.distance_rmse_mm == pytest.approx(np.sqrt(np.nanmean(squares[:, first, second])), rel=1e-9)
    apart = ~np.eye(len(CORNERS), dtype=bool)
    assert score.all_pairs_rmse_mm == pytest.approx(np.sqrt(np.nanmean(squares[:, apart])), rel=1e-9)


def test_points_beside_the_images_do_not_count() -> None:
    state, _ = facing(2, 1, [900, 900])
    poses = from_rotvec(np.zeros((2, 3)), np.array([[0.0, 0, 0], [-0.3, 0, 0]]))
    matrix = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
    rig = CameraRig(tuple(Camera(f"c{i}", (1280, 720), matrix, np.zeros(5), pose) for i, pose in enumerate(poses)))
    inside = state.world_from_board[0, :3, 3] + CORNERS
    assert volume_error(rig, rig, inside) < 1e-9
    for aside in ([0, 5.0, 0], [0, -5.0, 0], [5.0, 0, 0], [-5.0, 0, 0]):
        with pytest.raises(ShapeError, match="Only 0 of 20"):
            volume_error(rig, rig, inside + np.array(aside))


def test_floor_frames_whose_board_was_not_placed_do_not_count() -> None:
    placed = np.array([True, False, True, True])
    choice = WorldChoice(first=4, last=6)
    assert floor_positions(choice, np.array([4, 5, 6, 7]), placed).tolist() == [0, 2]
    with pytest.raises(CalibrationError, match="FLOOR_NOT_SEEN"):
        floor_positions(WorldChoice(first=5, last=5), np.array([4, 5, 6, 7]), placed)


def test_the_tilt_of_the_floor_averages_own_noise_and_keeps_the_common_one() -> None:
    alone = np.tile(np.diag([3e-3, 4e-3, 1.0, 0, 0, 0]) ** 2, (4, 1, 1))
    half_turn = from_rotvec(np.array([0.0, 0.0, np.pi]), np.zeros(3))
    boards = np.stack([floor_pose(BOARD), floor_pose(BOARD) @ half_turn] * 2)
    nothing, no_follow = np.zeros((1, 1)), np.zeros((4, 6, 1))
    assert floor_tilt_sd(nothing, alone[:1], no_follow[:1], boards[:1]) == pytest.approx(5e-3)
    assert floor_tilt_sd(nothing, alone, no_follow, boards) == pytest.approx(2.5e-3)
    # A camera that turns takes all boards along, each about its own axis: turned boards the other way.
    follow = np.zeros((4, 6, 1))
    follow[:, 0, 0] = [1, -1, 1, -1]
    assert floor_tilt_sd(np.full((1, 1), 6e-3**2), 0 * alone, follow, boards) == pytest.approx(6e-3)


def test_mirrored_views_are_not_used(observations: BoardObservations) -> None:
    usable = observations.views().copy()
    camera, frame = np.argwhere(usable)[4]
    pixels = observations.pixels.copy()
    pixels[camera, frame, :, 0] = 1279 - pixels[camera, frame, :, 0]
    flipped = BoardObservations(BOARD, observations.camera_names, observations.image_sizes, pixels, np.arange(31))
    assert np.argwhere(usable & ~recipe.without_mirrored(usable, flipped)).tolist() == [[camera, frame]]


def test_folds_are_scored_on_frames_that_were_not_fitted(
    observations: BoardObservations, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted, scored = [], []
    whole = recipe.calibrate(observations)

    def fit(given: BoardObservations, **_: object) -> recipe.Calibration:
        fitted.append(set(given.frame_ids.tolist()))
        return whole

    def score(_: CameraRig, given: BoardObservations) -> None:
        scored.append(set(given.frame_ids.tolist()))

    monkeypatch.setattr(recipe, "calibrate", fit)
    monkeypatch.setattr(recipe, "score_board", score)
    recipe.cross_validate(observations, 3)
    every = set(observations.frame_ids[observations.views().any(axis=0)].tolist())
    assert len(fitted) == len(scored) == 3 and set.union(*scored) == every
    assert all(not fit & test and fit | test == every for fit, test in zip(fitted, scored, strict=True))


def test_residuals_beyond_the_limit_are_refused(observations: BoardObservations) -> None:
    with pytest.raises(SolverError, match=r"RESIDUAL_TOO_LARGE.*cam_0 0\.4 px \(limit 0\.1\)"):
        recipe.calibrate(observations, max_rms_share=1e-4)


def test_a_model_without_distortion_has_none(observations: BoardObservations) -> None:
    result = recipe.calibrate(observations, lens={"cam_1": "pinhole"}, max_rms_share=0.1)
    assert not result.rig.cameras[1].distortion.any()
    assert result.rig.cameras[0].distortion[:4].all()


def test_a_board_held_up_is_no_floor(observations: BoardObservations) -> None:
    with pytest.raises(CalibrationError, match=r"FLOOR_BELOW.*cam_\d \(-\d+ cm\)"):
        recipe.calibrate(observations, world="floor:4")
