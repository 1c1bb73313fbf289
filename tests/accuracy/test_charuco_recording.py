"""A real recording: four cameras, a hand-held inverted ChArUco board, imperfect timing, little geometry."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from calibration.camera import Camera, CameraRig
from calibration.observations import BoardObservations
from calibration.quality.figures import BoardScore, score_board
from calibration.recipe import Calibration, calibrate, cross_validate

N_FOLDS = 3


@pytest.fixture(scope="module")
def observations(board_recording) -> BoardObservations:
    return board_recording.observations


@pytest.fixture(scope="module")
def result(observations: BoardObservations) -> Calibration:
    return calibrate(observations)


@pytest.fixture(scope="module")
def published(shared_data: Path) -> CameraRig:
    """The cameras that another program found with all frames of this recording."""
    tables = tomllib.loads((shared_data / "charuco_4cam" / "reference_cameras.toml").read_text())["cameras"]
    cameras = []
    for key, table in tables.items():
        cam_from_world = np.eye(4)
        cam_from_world[:3, :3], cam_from_world[:3, 3] = table["rotation"], table["translation"]
        matrix, distortion = np.array(table["matrix"]), np.array(table["distortions"])
        cameras.append(Camera(f"cam_{key}", tuple(table["size"]), matrix, distortion, cam_from_world))
    return CameraRig(tuple(cameras))


@pytest.fixture(scope="module")
def held_out(observations: BoardObservations) -> tuple[BoardScore, ...]:
    return cross_validate(observations, N_FOLDS)


def mean(scores: tuple[BoardScore, ...] | list[BoardScore], figure: str) -> float:
    return float(np.mean([getattr(score, figure) for score in scores]))


def test_all_four_cameras_are_calibrated(
    observations: BoardObservations, result: Calibration, published: CameraRig
) -> None:
    assert result.rig.names == observations.camera_names and len(result.rig) == 4
    # Measured: RMS 1.091 px, median 0.702 px.
    assert result.quality.rms_px < 1.35
    assert result.quality.median_px < 0.95
    assert sum(result.quality.n_rejected_corners) < 0.02 * observations.seen.sum()
    # Measured 0.344 mm between neighbours and 0.595 mm over all pairs, 761 pairs; the published cameras, scored on
    # the same corners, 0.499 mm and 0.962 mm.
    ours, theirs = score_board(result.rig, observations), score_board(published, observations)
    assert ours.n_pairs == theirs.n_pairs >= 720
    assert ours.distance_rmse_mm < min(0.43, theirs.distance_rmse_mm)
    assert ours.all_pairs_rmse_mm < min(0.75, theirs.all_pairs_rmse_mm)


def test_focal_lengths_are_near_the_published_ones(result: Calibration, published: CameraRig) -> None:
    # Measured 875.0, 733.5, 611.9 and 585.6 px against 903.6, 760.3, 650.8 and 639.9 px: 3.2 to 8.5 % off, where
    # 5 to 8 % is what this recording leaves open; once its timing is known, 1.3 % (test_recording_timing).
    for ours, theirs in zip(result.rig, published, strict=True):
        assert ours.matrix[0, 0] == pytest.approx(theirs.matrix[0, 0], rel=0.10)


def test_frames_never_seen_are_measured_to_a_millimetre(held_out: tuple[BoardScore, ...]) -> None:
    # Measured per fold: neighbours 0.415, 0.420, 0.308 mm (mean 0.381); all pairs 0.723, 0.759, 0.546 mm (mean
    # 0.676); median reprojection 0.707, 0.960, 0.747 px (mean 0.805); every corner counted, 255, 238, 238 pairs.
    assert mean(held_out, "distance_rmse_mm") < 0.5
    assert mean(held_out, "all_pairs_rmse_mm") <= 0.9
    assert mean(held_out, "reprojection_median_px") <= 0.9
    assert all(score.share_counted == 1.0 for score in held_out)
    assert sum(score.n_pairs for score in held_out) >= 720


def test_frames_never_seen_are_measured_better_than_by_cameras_that_saw_them(
    observations: BoardObservations, held_out: tuple[BoardScore, ...], published: CameraRig
) -> None:
    frames = np.flatnonzero(observations.views().any(axis=0))
    theirs = [score_board(published, observations.subset_frames(frames[k::N_FOLDS])) for k in range(N_FOLDS)]
    # The published cameras on the same corners: neighbours 0.500, 0.533, 0.462 mm (mean 0.498); all pairs 0.951,
    # 1.032, 0.898 mm (mean 0.960); median reprojection 0.715, 0.940, 0.735 px (mean 0.796). They were fitted to
    # these very frames, and still measure the board worse; only their reprojection is smaller.
    assert [score.n_pairs for score in theirs] == [score.n_pairs for score in held_out]
    assert mean(held_out, "distance_rmse_mm") < mean(theirs, "distance_rmse_mm")
    assert mean(held_out, "all_pairs_rmse_mm") < mean(theirs, "all_pairs_rmse_mm")
    assert mean(held_out, "reprojection_median_px") < 1.2 * mean(theirs, "reprojection_median_px")
