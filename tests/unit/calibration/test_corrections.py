"""The recipe with what it may correct besides: moments of views, and the shape of the board."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.corrections.choice import Wanted, corrected_observations
from calibration.errors import CalibrationError
from calibration.observations import BoardObservations
from calibration.quality.figures import score_board
from calibration.quality.held_out import held_out
from calibration.quality.split_halves import split_halves
from calibration.recipe import calibrate
from calibration.rigid import from_rotvec, rigid
from calibration.synthetic.corners import observe_board
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.10, 0.07, "DICT_4X4_100")
RIG = CameraRig(ring_rig(8, seed=3).cameras[:3])
RATE_HZ = 20.0


def filmed(late_s: tuple[float, float, float], seed: int = 0, n: int = 90) -> BoardObservations:
    """A board that swings through the volume at about 0.8 m/s, each camera late by its own time."""
    parts = []
    for index, (camera, late) in enumerate(zip(RIG, late_s, strict=True)):
        t = np.arange(n) / RATE_HZ + late
        turn = np.stack([0 * t, 0 * t, 0.5 * np.sin(1.1 * t) + 0.8], axis=1)
        tilt = np.stack([0.5 * np.sin(1.7 * t), 0.4 * np.cos(1.3 * t), 0 * t], axis=1)
        middle = np.stack([0.5 * np.sin(1.3 * t), 0.5 * np.cos(0.9 * t), 1 + 0.4 * np.sin(1.9 * t)], axis=1)
        upright = np.array([[0, 0, -1.0], [1, 0, 0], [0, -1, 0]])
        turned = from_rotvec(turn, np.zeros_like(turn))[:, :3, :3] @ upright
        rotation = turned @ from_rotvec(tilt, np.zeros_like(tilt))[:, :3, :3]
        poses = rigid(rotation, middle - rotation @ (np.array([*BOARD.size, 0.0]) / 2))
        parts.append(observe_board(CameraRig((camera,)), BOARD, poses, 0.1, seed + 100 * index).pixels)
    return BoardObservations(BOARD, RIG.names, np.array([c.size for c in RIG]), np.concatenate(parts), np.arange(n))


def test_a_late_camera_is_calibrated_and_named_and_not_taken_for_a_moved_one() -> None:
    observations = filmed((0.0, 0.0, 0.006), seed=5)
    with pytest.raises(CalibrationError) as refused:
        calibrate(observations)
    assert refused.value.code == "CAMERA_MOVED"
    result = calibrate(observations, wanted=Wanted("per-view", rate_hz=RATE_HZ))
    assert result.timing is not None and result.timing.unit == "s"
    # Measured 4.0, -2.0, -2.0 ms: against the mean of all.
    np.testing.assert_allclose(result.timing.camera_shift, [-0.002, -0.002, 0.004], atol=2e-4)
    assert "'cam_2' is late by" in str(result.rig.metadata["timing"])
    focal = np.array([[camera.matrix[0, 0] for camera in rig] for rig in (result.rig, RIG)])
    np.testing.assert_allclose(focal[0], focal[1], rtol=3e-3)  # measured 1.3e-3
    assert result.quality.rms_px < 0.16  # measured 0.14: two coordinates of 0.1 px
    # The corners of the corrected views are where the others see them, those of the late views are not.
    moved = corrected_observations(result.refinement, result.frames, observations)
    before, after = (score_board(result.rig, seen).reprojection_rms_px for seen in (observations, moved))
    assert after < 0.35 * before  # measured 0.09 of 0.38 px
    np.testing.assert_array_equal(np.isnan(moved.pixels), np.isnan(observations.pixels))


def test_views_never_used_are_scored_at_their_moments() -> None:
    observations = filmed((0.0, 0.0, 0.006), seed=5)
    result = calibrate(observations, wanted=Wanted("per-view", rate_hz=RATE_HZ))
    moved, raw = held_out(result, observations), held_out(replace(result, slide=None), observations)
    # Measured 0.069 px, and 0.32 px as they were filmed: late corners measure no camera.
    assert moved.median_px < 0.1 and raw.median_px > 3 * moved.median_px
    # Halves are fitted with their own shifts, so that the promises of the covariance hold.
    assert 0.4 < split_halves(result, observations).whole_ratio < 1.8  # measured 0.86


def test_times_of_the_frames_are_taken_where_given() -> None:
    observations = filmed((0.0, 0.0, 0.0))
    times = 7.0 + np.arange(90) / RATE_HZ
    even = calibrate(observations, wanted=Wanted("per-view", rate_hz=RATE_HZ))
    given = calibrate(observations, wanted=Wanted("per-view", frame_times=times))
    np.testing.assert_allclose(given.rig.cameras[0].matrix, even.rig.cameras[0].matrix, rtol=1e-6)
    alone = calibrate(observations, wanted=Wanted("per-view"))
    assert alone.timing is not None and alone.timing.unit == "frames"


def test_shape_and_timing_may_be_wanted_together() -> None:
    observations = filmed((0.0, 0.0, 0.0))
    result = calibrate(observations, wanted=Wanted("per-view", "bending", rate_hz=RATE_HZ))
    assert result.shape is not None and not result.shape.significant
    assert "No bending" in str(result.rig.metadata["board_shape"])


@pytest.mark.parametrize("words", [{"timing": "late"}, {"board_shape": "wavy"}])
def test_what_is_not_known_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(CalibrationError) as refused:
        Wanted(**words)
    assert refused.value.code == "CORRECTION_UNKNOWN"
