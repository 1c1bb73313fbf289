"""Calibration from corners of a synthetic board: the truth found again, and bad footage refused by name."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import BoardError, CalibrationError, ViewGraphError
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.quality.uncertainty import draw_rigs
from calibration.recipe import Calibration, calibrate
from calibration.rigid import inverse
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses, floor_pose
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 9, 7, 0.08, 0.06, "DICT_5X5_250")
GRID = np.stack(np.meshgrid([-0.7, 0, 0.7], [-0.7, 0, 0.7], [0.2, 1.0, 1.7]), axis=-1).reshape(-1, 3)


def footage(n_cameras: int = 4, n_poses: int = 40, sigma_px: float = 0.3, seed: int = 0, fisheye: bool = False):
    rig = ring_rig(n_cameras, seed, fisheye=fisheye)
    poses = np.concatenate([np.repeat(floor_pose(BOARD)[None], 3, axis=0), board_poses(BOARD, n_poses, seed)])
    return rig, observe_board(rig, BOARD, poses, sigma_px, seed + 100)


@pytest.fixture(scope="module")
def noisy() -> tuple[CameraRig, BoardObservations, Calibration]:
    rig, observations = footage()
    return rig, observations, calibrate(observations, world="floor:0-2")


def changed(observations: BoardObservations, pixels: np.ndarray) -> BoardObservations:
    return BoardObservations(
        observations.board, observations.camera_names, observations.image_sizes, pixels, observations.frame_ids
    )


@pytest.mark.parametrize("fisheye", [False, True], ids=["brown5", "fisheye"])
def test_perfect_corners_give_the_truth(fisheye: bool) -> None:
    truth, observations = footage(sigma_px=0.0, fisheye=fisheye)
    result = calibrate(observations, world="floor:0", lens="fisheye" if fisheye else "auto")
    assert result.quality.rms_px < 1e-8  # measured 2.7e-12, fisheye 5.4e-11
    for ours, true in zip(result.rig, truth, strict=True):
        assert np.abs(ours.matrix - true.matrix).max() < 1e-6  # px; measured 7.8e-10, fisheye 8.5e-9
        # Measured 6.4e-9; the fisheye's k4, which the views hardly show, 1.6e-5.
        assert np.abs(ours.distortion - true.distortion).max() < (1e-4 if fisheye else 1e-6)
        # The board lies at the true origin, so the worlds are the same. Measured 3.3e-12, fisheye 4.3e-11.
        assert np.abs(ours.cam_from_world - true.cam_from_world).max() < 1e-8
    assert volume_error(result.rig, truth, GRID, align=False) < 1e-8  # m; measured 5.5e-13, fisheye 1.3e-10


def test_noisy_corners(noisy) -> None:
    truth, _, result = noisy
    assert 1e3 * volume_error(result.rig, truth, GRID) < 0.9  # measured 0.50 mm
    assert np.allclose(result.quality.sigma_px, 0.3, rtol=0.06)  # measured 0.292 to 0.307
    assert "rests on board's square length 0.0800 m alone" in result.rig.metadata["scale"]
    assert result.quality.rms_px == pytest.approx(0.3 * np.sqrt(2), rel=0.04)  # measured 0.415 of 0.424
    assert result.quality.n_rejected_corners == (0, 0, 0, 0)
    assert np.array_equal(np.isfinite(result.residuals), result.kept)
    assert result.quality.board is not None and result.quality.board.distance_rmse_mm < 1.7  # measured 1.39
    tilt = np.rad2deg(np.arccos(result.world_from_board[1][2, 2] * -1))
    assert tilt < 5 * result.quality.floor_tilt_sd_deg < 3.0


def test_board_poses_are_in_the_world(noisy) -> None:
    _, _, result = noisy
    poses = np.concatenate([floor_pose(BOARD)[None], board_poses(BOARD, 40, 0)])
    placed = result.world_from_board[2:]
    seen = np.isfinite(placed[:, 0, 0])
    assert seen.mean() > 0.9
    # The frame of the world is uncertain by the floor's noise; measured 6.9 mm, 0.0086.
    assert np.abs(placed[seen, :3, 3] - poses[seen, :3, 3]).max() < 0.015
    assert np.abs(placed[seen, :3, :3] - poses[seen, :3, :3]).max() < 0.02


def test_metadata_says_where_it_comes_from(noisy) -> None:
    _, _, result = noisy
    metadata = result.rig.metadata
    assert metadata["world"] == "floor:0-2" and metadata["gravity"] == "board on floor"
    assert result.rig.gravity_known
    assert metadata["board"] == BOARD.describe()
    assert metadata["reprojection_rms_px"] == result.quality.rms_px
    assert 0 < metadata["floor_tilt_sd_deg"] < 1


def test_without_a_floor_gravity_is_unknown(noisy) -> None:
    _, observations, with_floor = noisy
    first = calibrate(observations)
    assert first.rig.metadata["world"] == "camera:cam_0" and not first.rig.gravity_known
    assert np.allclose(first.rig.cameras[0].cam_from_world, np.eye(4), atol=1e-12)
    other = calibrate(observations, world="camera:cam_2")
    assert np.allclose(other.rig.cameras[2].cam_from_world, np.eye(4), atol=1e-12)
    # Nothing but the frame differs.
    moved = other.rig.cameras[0].cam_from_world @ inverse(other.rig.cameras[1].cam_from_world)
    same = with_floor.rig.cameras[0].cam_from_world @ inverse(with_floor.rig.cameras[1].cam_from_world)
    assert np.allclose(moved, same, atol=1e-9)


def test_the_covariance_foretells_the_error() -> None:
    ratios = []
    for seed in range(4):
        truth, observations = footage(3, 24, 0.3, seed)
        result = calibrate(observations, world="floor:0-2")
        draws = draw_rigs(result.rig, result.camera_covariance, 20, seed)
        expected = np.sqrt(np.mean([volume_error(draw, result.rig, GRID) ** 2 for draw in draws]))
        ratios.append(volume_error(result.rig, truth, GRID) / expected)
    # RMS 1 for a right covariance; four seeds leave about 0.25 either way. Measured 0.934.
    assert 0.5 < np.sqrt(np.mean(np.square(ratios))) < 1.6


def test_calibration_is_repeatable(noisy) -> None:
    _, observations, result = noisy
    again = calibrate(observations, world="floor:0-2")
    for one, other in zip(again.rig, result.rig, strict=True):
        assert np.array_equal(one.cam_from_world, other.cam_from_world)
        assert np.array_equal(one.matrix, other.matrix)


def test_outliers_are_left_out_by_name(noisy) -> None:
    truth, observations, _ = noisy
    rng = np.random.default_rng(5)
    pixels = observations.pixels.copy()
    seen = np.argwhere(observations.seen)
    wrong = seen[rng.choice(len(seen), len(seen) // 100, replace=False)]
    pixels[tuple(wrong.T)] += rng.choice([-1, 1], (len(wrong), 2)) * rng.uniform(8, 60, (len(wrong), 2))
    views = np.argwhere(observations.views()[:, 3:])[[5, 30, 50]] + [0, 3]
    for camera, frame in views:
        pixels[camera, frame] = pixels[camera, frame, ::-1]  # the ids run backwards: the board turned by 180 degrees
    result = calibrate(changed(observations, pixels), world="floor:0-2")
    elsewhere = wrong[~np.isin(wrong[:, 1], views[:, 1])]
    assert len(elsewhere) == 30
    assert not result.kept[tuple(elsewhere.T)].any()
    # Where only two cameras saw the board, which of the two is wrong cannot be known; never are both kept.
    for _, frame in views:
        assert result.kept[:, frame].any(axis=1).sum() <= 1
    good = result.kept.sum() / observations.seen.sum()
    assert good > 0.92  # measured 0.939; three frames lose a view or both
    assert 1e3 * volume_error(result.rig, truth, GRID) < 1.3  # measured 0.83 mm


def test_a_camera_that_sees_too_little_is_named(noisy) -> None:
    _, observations, _ = noisy
    pixels = observations.pixels.copy()
    pixels[1, np.flatnonzero(observations.views()[1])[3:]] = np.nan
    with pytest.raises(ViewGraphError, match=r"TOO_FEW_VIEWS.*fewer than 5.*: cam_1 3\. All cameras: cam_0 \d+"):
        calibrate(changed(observations, pixels))


def test_views_on_one_line_do_not_count(noisy) -> None:
    _, observations, _ = noisy
    pixels = observations.pixels.copy()
    pixels[2, :, 8:] = np.nan  # only the first row of 8 corners
    with pytest.raises(ViewGraphError, match=r"TOO_FEW_VIEWS.*cam_2 0"):
        calibrate(changed(observations, pixels))


def test_cameras_that_share_nothing_are_named(noisy) -> None:
    _, observations, _ = noisy
    pixels = observations.pixels.copy()
    pixels[:2, ::2] = np.nan
    pixels[2:, 1::2] = np.nan
    with pytest.raises(
        ViewGraphError, match=r"CAMERAS_NOT_CONNECTED.*2 groups.*cam_0 cam_1 \| cam_2 cam_3.*cam_0-cam_2 0"
    ):
        calibrate(changed(observations, pixels))


def test_empty_footage_is_refused(noisy) -> None:
    _, observations, _ = noisy
    with pytest.raises(ViewGraphError, match="TOO_FEW_VIEWS"):
        calibrate(changed(observations, np.full_like(observations.pixels, np.nan)))


def test_a_camera_out_of_step_is_refused(noisy) -> None:
    _, observations, _ = noisy
    pixels = observations.pixels.copy()
    pixels[3, 3:] = np.roll(pixels[3, 3:], 1, axis=0)  # one frame late, and the board jumps between frames
    with pytest.raises(CalibrationError) as caught:
        calibrate(changed(observations, pixels))
    assert caught.value.code in ("CAMERAS_NOT_CONNECTED", "TOO_MANY_REJECTED", "RESIDUAL_TOO_LARGE")
    assert "cam_3" in caught.value.cause


def test_another_board_is_refused(noisy) -> None:
    _, observations, _ = noisy
    wider = Board("charuco", 7, 9, 0.08, 0.06, "DICT_5X5_250")  # the ids count along other rows
    wrong = BoardObservations(
        wider, observations.camera_names, observations.image_sizes, observations.pixels, observations.frame_ids
    )
    with pytest.raises(BoardError, match=r"BOARD_MISMATCH.*'cam_0'"):
        calibrate(wrong)


def test_a_mirrored_camera_is_refused(noisy) -> None:
    _, observations, _ = noisy
    pixels = observations.pixels.copy()
    pixels[1, ..., 0] = observations.image_sizes[1, 0] - 1 - pixels[1, ..., 0]
    with pytest.raises(BoardError, match="CAMERA_MIRRORED: Cameras cam_1 show"):
        calibrate(changed(observations, pixels))


def test_one_camera_alone_can_be_calibrated() -> None:
    truth, observations = footage(1, 60, 0.1)
    result = calibrate(observations)
    # Measured 986.92 px of 986.74 px.
    assert result.rig.cameras[0].matrix[0, 0] == pytest.approx(truth.cameras[0].matrix[0, 0], rel=0.002)
    assert result.quality.board is not None and np.isnan(result.quality.board.distance_rmse_mm)


@pytest.mark.parametrize(
    ("world", "code"),
    [
        ("floor", "WORLD_UNKNOWN"),
        ("floor:9-2", "WORLD_UNKNOWN"),
        ("camera:nobody", "WORLD_UNKNOWN"),
        ("floor:900", "FLOOR_NOT_SEEN"),
        ("floor:0-20", "FLOOR_INCONSISTENT"),
    ],
)
def test_worlds_that_cannot_be(noisy, world: str, code: str) -> None:
    _, observations, _ = noisy
    with pytest.raises(CalibrationError, match=code):
        calibrate(observations, world=world)


def test_an_unknown_lens_model_is_named(noisy) -> None:
    _, observations, _ = noisy
    with pytest.raises(CalibrationError, match=r"LENS_MODEL_UNKNOWN.*'brown9'.*'cam_0'"):
        calibrate(observations, lens="brown9")
