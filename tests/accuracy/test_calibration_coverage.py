"""Whether the stated uncertainty of cameras is true: intervals at 95 % hold the truth in 95 % of calibrations."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.lenses.models import ASPECT_SD, BROWN_SD, CENTRE_SD
from calibration.recipe import calibrate
from calibration.rigid import inverse
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")


def ordinary_rig(seed: int) -> CameraRig:
    """Cameras whose lenses are drawn from what is believed of lenses before any view (k1 aside, which views show)."""
    rng, cameras = np.random.default_rng([seed, 77]), []
    for camera in ring_rig(4, seed, radius_m=3.0):
        matrix, distortion = camera.matrix.copy(), np.zeros(5)
        matrix[:2, 2] = [639.5, 359.5] + CENTRE_SD * 1280 * rng.standard_normal(2)
        matrix[1, 1] = matrix[0, 0] * (1 + ASPECT_SD * rng.standard_normal())
        distortion[0] = camera.distortion[0]
        distortion[1:] = np.array(BROWN_SD)[1:5] * rng.standard_normal(4)
        cameras.append(replace(camera, matrix=matrix, distortion=distortion))
    return CameraRig(tuple(cameras))


def errors_over_sd(seed: int, lens: str = "brown5") -> tuple[np.ndarray, np.ndarray]:
    """Errors of focal lengths (fx, fy of each camera) and camera positions (x, y, z) over their stated sd.

    Positions are those of the other cameras in the frame of the camera that was held. Without priors on synthetic
    lenses; with priors, which have to describe the population that lenses are drawn from, on lenses that they do
    describe.
    """
    truth = ordinary_rig(seed) if lens == "auto" else ring_rig(4, seed, radius_m=3.0)
    found = calibrate(observe_board(truth, BOARD, board_poses(BOARD, 40, seed), 0.4, seed + 5000), lens=lens)
    held = found.rig.names.index(found.held)
    focal, position = [], []
    for camera, (ours, true) in enumerate(zip(found.rig, truth, strict=True)):
        covariance = found.camera_covariance[camera, :, camera]
        off = (ours.matrix - true.matrix)[[0, 1], [0, 1]]
        focal.append(off / np.sqrt(np.diagonal(covariance)[:2]))
        if camera == held:
            continue
        cam_from_held = ours.cam_from_world @ inverse(found.rig.cameras[held].cam_from_world)
        true_from_held = true.cam_from_world @ inverse(truth.cameras[held].cam_from_world)
        rotation = cam_from_held[:3, :3]
        # A small turn about the camera's own centre does not move it: only the translations count.
        spread = rotation.T @ covariance[15:, 15:] @ rotation
        off = inverse(cam_from_held)[:3, 3] - inverse(true_from_held)[:3, 3]
        position.append(off / np.sqrt(np.diagonal(spread)))
    return np.concatenate(focal), np.concatenate(position)


def shares(seeds: range, lens: str = "brown5") -> tuple[float, float]:
    """Shares of focal lengths and of positions that lie within their 95 % intervals."""
    pairs = [errors_over_sd(seed, lens) for seed in seeds]
    focal, position = (float((np.abs(np.concatenate(part)) < 1.96).mean()) for part in zip(*pairs, strict=True))
    print(f"{len(seeds)} calibrations: focal length {100 * focal:.1f} %, position {100 * position:.1f} %")
    return focal, position


def test_intervals_hold_the_truth_in_some_calibrations() -> None:
    focal, position = shares(range(25))
    # Measured 95.5 and 96.4 %. Values of one calibration hang together: 25 scatter by about 2 %.
    assert focal > 0.89 and position > 0.89


def test_intervals_of_a_chosen_lens_hold_the_truth_in_some_calibrations() -> None:
    focal, position = shares(range(12), "auto")
    # Measured 94.8 and 98.1 %; 12 scatter by about 3 %.
    assert focal > 0.89 and position > 0.89


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_intervals_of_a_chosen_lens_hold_the_truth_in_a_thousand_calibrations() -> None:
    """What a chosen lens holds at 0 for want of evidence is as uncertain as it was believed to be, and so all else."""
    focal, position = shares(range(1000), "auto")
    # Measured 95.1 and 94.7 %. On rigs of `ring_rig`, whose lenses are more alike than is believed
    # of lenses (decentring half as large, k3 a fifth), positions lie within in 97 to 98 %: the beliefs are kept wide
    # on purpose.
    assert 0.93 <= focal <= 0.97
    assert 0.93 <= position <= 0.97


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_intervals_hold_the_truth_in_a_thousand_calibrations() -> None:
    focal, position = shares(range(1000))
    # Measured 94.3 and 93.7 %; 94.4 and 93.7 % with the refinement of today.
    assert 0.93 <= focal <= 0.97
    assert 0.93 <= position <= 0.97
