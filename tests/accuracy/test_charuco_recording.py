"""A real recording: four cameras, a hand-held inverted ChArUco board, imperfect timing, little geometry."""

from pathlib import Path

import numpy as np
import pytest

from calibration.board import Board
from calibration.detection import detect_board
from calibration.observations import BoardObservations
from calibration.quality import score_board
from calibration.recipe import calibrate, cross_validate
from calibration.sources import find_sources

BOARD = Board("charuco", 4, 5, 0.054, 0.0405, "DICT_4X4_1000", inverted=True)


@pytest.fixture(scope="module")
def observations(shared_data: Path) -> BoardObservations:
    sources, _ = find_sources(shared_data / "charuco_4cam")
    return detect_board(sources, BOARD)


def test_all_four_cameras_are_calibrated(observations: BoardObservations) -> None:
    result = calibrate(observations)
    assert result.rig.names == observations.camera_names and len(result.rig) == 4
    # Measured: RMS 1.17 px, median 0.83 px, 8 of 1900 corners and one view left out, distances 0.58 mm.
    # (The published cameras give 1.36 px.)
    assert result.quality.rms_px < 1.5
    assert result.quality.median_px < 1.0
    assert sum(result.quality.n_rejected_corners) < 0.05 * observations.seen.sum()
    score = score_board(result.rig, observations)
    assert score.distance_rmse_mm < 0.7
    for camera in result.rig:
        # Published focal lengths are 904, 760, 651 and 640 px; 5 to 8 % is what this recording leaves open.
        published = {"cam_0": 904, "cam_1": 760, "cam_2": 651, "cam_3": 640}[camera.name]
        assert camera.matrix[0, 0] == pytest.approx(published, rel=0.12)


def test_frames_never_seen_are_measured_to_a_millimetre(observations: BoardObservations) -> None:
    scores = cross_validate(observations, n_folds=3)
    # Measured per fold: neighbours 0.78, 0.48, 0.60 mm (mean 0.62); all pairs 1.02, 0.70, 0.91 mm (mean 0.88);
    # median reprojection 0.93, 0.76, 0.80 px (mean 0.83). The published cameras, fitted to all frames, give
    # 0.57 mm, 0.99 mm and 0.79 px on the same corners; what is left is timing.
    assert np.mean([score.distance_rmse_mm for score in scores]) <= 1.0
    assert np.mean([score.all_pairs_rmse_mm for score in scores]) <= 1.0
    assert np.mean([score.reprojection_median_px for score in scores]) <= 1.0
    assert all(score.share_counted >= 0.9 for score in scores)
    assert sum(score.n_pairs for score in scores) >= 700
