"""Whether the stated uncertainty of cameras is true: intervals at 95 % hold the truth in 95 % of calibrations."""

import numpy as np
import pytest

from calibration.board import Board
from calibration.recipe import calibrate
from calibration.rigid import inverse
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")


def errors_over_sd(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Errors of focal lengths (fx, fy of each camera) and camera positions (x, y, z) over their stated sd.

    Positions are those of the other cameras in the frame of the camera that was held. No priors: these would have
    to describe the population that lenses are drawn from.
    """
    truth = ring_rig(4, seed, radius_m=3.0)
    found = calibrate(observe_board(truth, BOARD, board_poses(BOARD, 40, seed), 0.4, seed + 5000), lens="brown5")
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


def shares(seeds: range) -> tuple[float, float]:
    """Shares of focal lengths and of positions that lie within their 95 % intervals."""
    pairs = [errors_over_sd(seed) for seed in seeds]
    focal, position = (float((np.abs(np.concatenate(part)) < 1.96).mean()) for part in zip(*pairs, strict=True))
    print(f"{len(seeds)} calibrations: focal length {100 * focal:.1f} %, position {100 * position:.1f} %")
    return focal, position


def test_intervals_hold_the_truth_in_some_calibrations() -> None:
    focal, position = shares(range(25))
    # Measured 95.5 and 96.4 %. Values of one calibration hang together: 25 scatter by about 2 %.
    assert focal > 0.89 and position > 0.89


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_intervals_hold_the_truth_in_a_thousand_calibrations() -> None:
    focal, position = shares(range(1000))
    # Measured 94.3 and 93.7 %; 94.4 and 93.7 % with the refinement of today.
    assert 0.93 <= focal <= 0.97
    assert 0.93 <= position <= 0.97
