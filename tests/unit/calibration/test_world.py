"""Worlds from boards on the floor: closed forms, several places, mirror images, and the text that names them."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.errors import CalibrationError
from calibration.rigid import apply, from_rotvec, inverse, look_at, rigid
from calibration.solve.bundle_system import BundleState, Views, board_views
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import floor_pose
from calibration.synthetic.rigs import ring_rig
from calibration.world import (
    FloorBoards,
    WorldFrame,
    check_above_floor,
    check_upright,
    floor_frame,
    parse_world,
    root_from_floor,
    tilt_limit,
)
from calibration.world.estimates import rig_lenses
from calibration.world.mirror import resolved_floor

BOARD = Board("charuco", 6, 5, 0.1, 0.07, "DICT_4X4_50")
NAMES = ("left", "right")
ROOT = ring_rig(4, 1).cameras[0].cam_from_world  # root_from_world of the truth


def tilt_deg(frame: WorldFrame) -> float:
    up, true = frame.root_from_world[:3, 2], ROOT[:3, 2]
    return float(np.rad2deg(np.arctan2(np.linalg.norm(np.cross(up, true)), up @ true)))


def test_floor_board_is_the_world() -> None:
    root_from_world = from_rotvec(np.array([0.3, -1.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    found = root_from_floor((root_from_world @ floor_pose(BOARD))[None])
    assert np.abs(found - root_from_world).max() < 1e-12


def test_normals_of_several_frames_are_averaged() -> None:
    tilts = from_rotvec(np.deg2rad([[1.0, 0, 0], [-1.0, 0, 0], [0, 0, 40.0]]), np.zeros((3, 3)))
    found = root_from_floor(tilts @ floor_pose(BOARD))
    assert np.abs(found[:3, 2] - [0, 0, 1]).max() < 1e-12
    assert np.abs(found[:3, 0] - [1, 0, 0]).max() < 1e-12  # heading of the first frame


def test_boards_that_do_not_lie_alike_are_refused() -> None:
    tilts = from_rotvec(np.deg2rad([[0.0, 0, 0], [8.0, 0, 0]]), np.zeros((2, 3)))
    with pytest.raises(CalibrationError, match=r"FLOOR_INCONSISTENT.*4\.0 deg"):
        root_from_floor(tilts @ floor_pose(BOARD))


def test_cameras_below_the_floor_are_named() -> None:
    above, below = np.eye(4), np.eye(4)
    above[2, 3], below[2, 3] = -2.0, 0.5
    check_above_floor(np.stack([above, above]), NAMES)
    with pytest.raises(CalibrationError, match=r"FLOOR_BELOW: Cameras below the floor: right \(-50 cm\)"):
        check_above_floor(np.stack([above, below]), NAMES)
    with pytest.raises(CalibrationError, match="FLOOR_MIRRORED"):
        check_above_floor(np.stack([below, below]), NAMES)


@pytest.mark.parametrize(
    "text",
    ["floor:12", "floor:0-9", "floor:0-9,200-220", "floor:3,7-8@5mm", "camera:right", "lframe:l.toml", "points:p.toml",
     "plumb:bob.toml", "wand:w.toml", "feet:f.toml"],
)  # fmt: skip
def test_world_names_round_trip(text: str) -> None:
    assert parse_world(text, NAMES).describe() == text


def test_cameras_that_all_hang_upside_down_are_refused() -> None:
    upright = np.stack([camera.cam_from_world for camera in ring_rig(3, 1)])
    check_upright(upright, ("a", "b", "c"))
    turned = upright @ from_rotvec(np.array([np.pi, 0.0, 0.0]), np.zeros(3))
    with pytest.raises(CalibrationError, match=r"WORLD_UPSIDE_DOWN.*a 1\d\d deg"):
        check_upright(turned, ("a", "b", "c"))
    check_upright(np.stack([turned[0], turned[1], upright[2]]), ("a", "b", "c"))


@pytest.mark.parametrize("text", ["floor", "floor:9-3", "floor:0-9,5", "camera:top", "lframe:", "moon:1", "floor:1@5"])
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(CalibrationError, match="WORLD_UNKNOWN"):
        parse_world(text, NAMES)


def test_first_camera_is_the_default_world() -> None:
    assert parse_world(None, NAMES).camera == "left"


def test_the_tilt_limit_of_round_and_flat_covariances() -> None:
    round_ = np.eye(2) * 0.01**2
    assert tilt_limit(round_) == pytest.approx(0.01 * np.sqrt(-2 * np.log(0.05)), rel=1e-6)  # Rayleigh
    assert tilt_limit(np.diag([0.01**2, 0.0])) == pytest.approx(0.01 * 1.959964, rel=2e-3)  # normal
    mixed = np.array([[4.0, 1.0], [1.0, 2.0]])
    draws = np.random.default_rng(0).multivariate_normal([0, 0], mixed, 200_000)
    assert (np.hypot(*draws.T) < tilt_limit(mixed)).mean() == pytest.approx(0.95, abs=0.002)


def floor_boards(poses: np.ndarray, place: list[int], sd_rad: float = 1e-3, sd_m: float = 1e-3) -> FloorBoards:
    alone = np.tile(np.diag([sd_rad] * 3 + [sd_m] * 3) ** 2, (len(poses), 1, 1))
    middle = np.array([0.3, 0.25, 0.0])
    return FloorBoards(poses, np.array(place), np.zeros((1, 1)), alone, np.zeros((len(poses), 6, 1)), middle)


def test_the_printed_side_stands_above_the_floor() -> None:
    frame = floor_frame("floor:0@5mm", floor_boards(ROOT @ floor_pose(BOARD, (0.1, 0.2, 0.005))[None], [0]), 0.005)
    there = inverse(ROOT) @ frame.root_from_world
    assert np.abs(there - rigid(np.eye(3), np.array([0.1, 0.2, 0.0]))).max() < 1e-12
    assert frame.gravity_sd_deg == pytest.approx(np.rad2deg(1e-3 * np.sqrt(2)))
    assert frame.origin_sd_mm == pytest.approx(np.sqrt(3))


def test_a_floor_that_may_slope_widens_the_interval() -> None:
    boards = floor_boards(ROOT @ floor_pose(BOARD)[None], [0], sd_rad=np.deg2rad(0.3) / np.sqrt(2))
    assert floor_frame("floor:0", boards, level_sd_deg=0.4).gravity_sd_deg == pytest.approx(0.5)


def test_a_plane_through_several_places_finds_the_floor() -> None:
    spots = [(0.0, 0.0, 0.0), (1.0, 0.2, 0.0), (-0.4, 1.0, 0.0)]
    turns = from_rotvec(np.array([[0, 0, 0], [0, 0, 0.5], [0, 0, 2.0]]), np.zeros((3, 3)))
    poses = ROOT @ np.stack([floor_pose(BOARD, spot) for spot in spots]) @ turns
    boards = floor_boards(poses, [0, 1, 2])
    frame = floor_frame("floor:0,1,2", boards)
    assert np.abs(inverse(ROOT) @ frame.root_from_world - np.eye(4)).max() < 1e-9
    # Independently: the information of three normals, and of three heights about their mean.
    middles = np.array([apply(inverse(ROOT) @ pose, boards.middle_board) for pose in poses])[:, :2]
    lever = middles - middles.mean(axis=0)
    by_turning = boards.middle_board[:2] @ boards.middle_board[:2]  # a board that turns lifts its middle, too
    assert frame.gravity_sd_deg < np.rad2deg(np.sqrt(np.trace(np.linalg.inv(lever.T @ lever))) * 1e-3) * np.sqrt(
        1 + by_turning
    )
    assert frame.gravity_sd_deg < np.rad2deg(1e-3 * np.sqrt(2 / 3))
    assert "3 places" in frame.notes and frame.residual < 1e-6


def test_the_interval_of_several_places_holds() -> None:
    rng = np.random.default_rng(2)
    spots = [(0.0, 0.0, 0.0), (1.0, 0.2, 0.0), (-0.4, 1.0, 0.0)]
    poses = ROOT @ np.stack([floor_pose(BOARD, spot) for spot in spots])
    held = []
    for _ in range(400):
        noise = from_rotvec(1e-3 * rng.standard_normal((3, 3)), 1e-3 * rng.standard_normal((3, 3)))
        frame = floor_frame("floor", floor_boards(poses @ noise, [0, 1, 2]))
        held.append(tilt_deg(frame) < frame.gravity_limit_deg)
    assert 0.915 < np.mean(held) < 0.985  # 3.2 sd of a binomial; measured 0.95


def test_a_board_on_a_slope_is_named() -> None:
    slope = from_rotvec(np.deg2rad([0.0, 6.0, 0.0]), np.array([1.0, 0.2, 0.0]))
    poses = ROOT @ np.stack([floor_pose(BOARD), slope @ floor_pose(BOARD), floor_pose(BOARD, (-0.4, 1.0, 0.0))])
    with pytest.raises(CalibrationError, match=r"FLOOR_INCONSISTENT.*place 2: \d\.\d deg"):
        floor_frame("floor", floor_boards(poses, [0, 1, 2]))


def mirrored_case(
    focal: float, square_m: float, wrong: bool, seed: int = 3
) -> tuple[BundleState, Views, np.ndarray, np.ndarray, np.ndarray]:
    """Two cameras overhead of which one sees a board on the floor in three frames; its pose mirrored in one."""
    board = Board("charuco", 6, 5, square_m, 0.7 * square_m, "DICT_4X4_50")
    matrix = np.array([[focal, 0, 640], [0, focal, 360], [0, 0, 1.0]])
    middle = board.corners_board.mean(axis=0)
    at = np.array([middle[0], -middle[1], 0.0])
    poses = np.stack([look_at(at + np.array(off), at) for off in ([0.8, 0.1, 3.0], [0.2, 0.9, 3.2])])
    rig = CameraRig(tuple(Camera(f"c{i}", (1280, 720), matrix, np.zeros(5), pose) for i, pose in enumerate(poses)))
    truth = np.repeat(floor_pose(board)[None], 3, axis=0)
    pixels = observe_board(rig, board, truth, 0.5, seed).pixels.copy()
    pixels[1] = np.nan
    views = board_views(pixels, np.zeros(2, dtype=bool), board.corners_board)
    given = truth.copy()
    if wrong:
        sight = -inverse(poses[0])[:3, 3] + at
        sight /= np.linalg.norm(sight)
        turn = (np.eye(3) - 2 * np.outer(sight, sight)) @ truth[1, :3, :3] @ np.diag([1.0, 1.0, -1.0])
        given[1] = rigid(turn, at - turn @ middle)
    return BundleState(rig_lenses(rig), poses, given), views, np.full(2, 0.5), truth, middle


SEEDS = [3, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(10, 29))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mirrored_floor_board_is_turned_back(seed: int) -> None:
    state, views, sigma, truth, middle = mirrored_case(1100.0, 0.1, True, seed)
    found = resolved_floor(state, views, sigma, np.arange(3), middle)
    assert found.turned.tolist() == [False, True, False] and found.evidence > 50
    angle = np.arccos(np.clip((found.root_from_board[:, :3, 2] * truth[:, :3, 2]).sum(axis=1), -1, 1))
    assert np.rad2deg(angle).max() < 2.0  # measured 0.8, one frame of one camera; the mirror image is 29 deg away


@pytest.mark.parametrize("seed", SEEDS)
def test_a_floor_board_too_far_to_tell_from_its_mirror_image_is_refused(seed: int) -> None:
    state, views, sigma, _, middle = mirrored_case(500.0, 0.02, False, seed)
    with pytest.raises(CalibrationError, match=r"FLOOR_AMBIGUOUS.*\d+ deg away"):
        resolved_floor(state, views, sigma, np.arange(3), middle)
