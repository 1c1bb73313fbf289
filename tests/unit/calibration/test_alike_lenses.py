"""Cameras that cannot tell their focal length alone begin with that of the others."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.initial.alike import alike_lenses
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

SMALL = Board("charuco", 6, 5, 0.04, 0.03, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.6, 0.6, 4)] * 2, np.linspace(0.4, 1.6, 4)), axis=-1).reshape(-1, 3)


def long_lens(camera: Camera) -> Camera:
    """A full-HD sensor and a lens twice as long."""
    matrix = camera.matrix.copy()
    matrix[:2, 2] = (matrix[:2, 2] - (np.array(camera.size) - 1) / 2) * 1.5 + [959.5, 539.5]
    matrix[[0, 1], [0, 1]] *= 3.0
    return replace(camera, size=(1920, 1080), matrix=matrix, distortion=camera.distortion / np.array([4, 16, 1, 1, 64]))


def far_footage(seed: int) -> tuple[CameraRig, BoardObservations]:
    """A sheet of paper seven metres away, hardly tilted; half of the frames are seen by one camera alone."""
    rig = CameraRig(tuple(map(long_lens, ring_rig(5, seed, radius_m=7.0))))
    observations = observe_board(rig, SMALL, board_poses(SMALL, 120, seed, tilt_deg=20.0), 0.4, seed + 77)
    rng, pixels, views = np.random.default_rng(seed), observations.pixels.copy(), observations.views()
    for frame in rng.permutation(observations.n_frames)[: observations.n_frames // 2]:
        if views[:, frame].any():
            kept = rng.choice(np.flatnonzero(views[:, frame]))
            pixels[np.arange(5) != kept, frame] = np.nan
    return rig, replace(observations, pixels=pixels)


@pytest.mark.parametrize(
    "seed", [19, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(40) if seed != 19)]
)
def test_small_boards_far_away_that_one_camera_sees_alone_are_calibrated(seed: int) -> None:
    # From each camera's own estimate, 960 to 9900 px where 3000 is true, seeds 19 and 38 did not converge: a focal
    # length ran off to 1e6 px. The error is 0.74 mm over 40 seeds, 1.18 at most, in half the steps.
    rig, observations = far_footage(seed)
    assert 1e3 * volume_error(calibrate(observations).rig, rig, GRID) < 1.6


def test_only_cameras_that_cannot_tell_take_the_median() -> None:
    lenses = np.zeros((4, 12))
    lenses[:, 0] = lenses[:, 1] = [1000.0, 1100.0, 9000.0, 300.0]
    lenses[:, 4] = -0.1
    sizes = np.array([[1000, 800], [1000, 800], [2000, 1600], [1000, 800]])
    fisheye = np.array([False, False, False, True])
    answer, changed = alike_lenses(lenses, fisheye, sizes, np.array([0.01, 0.02, 0.3, 0.3]))
    assert changed.tolist() == [2]
    assert answer[2, :5].tolist() == [2200.0, 2200.0, 0.0, 0.0, 0.0]
    np.testing.assert_array_equal(np.delete(answer, 2, axis=0), np.delete(lenses, 2, axis=0))
