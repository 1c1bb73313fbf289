"""How far a lens is extrapolated beyond the corners seen: as a figure, in a sentence, and in the picture."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.lenses.whole_image import image_places
from calibration.quality.assessment import assess, fold_sentence
from calibration.quality.uncertainty import draw_rigs, edge_sd
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.rigid import apply, inverse
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from mocap.report.calibration_figures import coverage_picture

BOARD = Board("charuco", 7, 5, 0.06, 0.045, "DICT_4X4_50")
OBSERVATIONS = observe_board(ring_rig(3, 4), BOARD, board_poses(BOARD, 150, 4, volume_m=(0.7, 0.7, 0.7)), 0.2, 5)


@pytest.fixture(scope="module")
def result() -> Calibration:
    return calibrate(OBSERVATIONS)


def test_edge_sd_is_the_scatter_of_rigs_that_the_corners_allow(result: Calibration) -> None:
    place = np.array([0.0, 0.0, 1.0])
    stated = edge_sd(result.rig, place)
    assert result.rig.covariance is not None
    # Small draws, as the covariance speaks of small changes.
    drawn = draw_rigs(result.rig, 1e-4 * result.rig.covariance, 300, 1)
    for index, camera in enumerate(result.rig):
        ideal = camera.undistort(image_places(camera.size)[1::3, 1::3].reshape(-1, 2))[0]
        ideal = ideal[np.isfinite(ideal).all(axis=1)]
        depth = apply(camera.cam_from_world, place)[2]
        points = apply(inverse(camera.cam_from_world), depth * np.column_stack([ideal, np.ones(len(ideal))]))
        moved = np.stack([rig.cameras[index].project(points) for rig in drawn])
        scatter = 100 * np.sqrt(moved.var(axis=0).sum(axis=1))
        assert np.percentile(scatter, 90) == pytest.approx(stated[index], rel=0.1)


def test_a_folding_lens_is_told_and_shown(result: Calibration) -> None:
    folding = replace(result.rig.cameras[1], distortion=np.array([-0.5, 0.0, 0.0, 0.0, 0.0]))
    cameras = (result.rig.cameras[0], folding, result.rig.cameras[2])
    rig = CameraRig(cameras, result.rig.metadata, result.rig.covariance)
    found = assess(replace(result, rig=rig), OBSERVATIONS)
    share = found.coverage[1].ray_share
    assert 0.3 < share < 0.9 and found.coverage[0].ray_share == 1.0
    check = next(check for check in found.cameras[1].checks if check.name == "with_ray")
    assert check.status != "ok" and check.measured == pytest.approx(100 * share)
    told = [sentence for sentence in found.limits if "folds inside the image" in sentence]
    assert len(told) == 1 and f"cam_1 ({100 * (1 - share):.0f} %" in told[0] and "cam_0" not in told[0]
    picture = coverage_picture(found.coverage[1], folding.size, "cam_1")
    assert picture.count("l5.2") == int((~found.coverage[1].with_ray).sum()) > 0  # a stroke for each place
    assert "l5.2" not in coverage_picture(found.coverage[0], cameras[0].size, "cam_0")


def test_nothing_is_said_of_lenses_without_a_fold(result: Calibration) -> None:
    assert not any("folds" in sentence for sentence in assess(result, OBSERVATIONS).limits)
    assert fold_sentence((), ()) == ""
