"""Errors that views share are in the covariance; independent noise leaves it as it is."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.observations import BoardObservations
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.rigid import inverse
from calibration.solve.bundle import BundleProblem, lens_and_pose_covariance
from calibration.solve.shared_errors import with_shared_errors
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
RIG = ring_rig(4, 1, radius_m=3.0)


@cache
def poses() -> np.ndarray:
    return board_poses(BOARD, 80, 1)


def shaken(seed: int, view_px: float, stretch: int = 1) -> BoardObservations:
    """Noise of 0.15 px a corner, and whole views off by `view_px`, the same for `stretch` frames in a row."""
    seen = observe_board(RIG, BOARD, poses(), 0.15, seed)
    steps = np.random.default_rng([seed, 9]).normal(0, view_px, (4, -(-80 // stretch), 1, 2))
    return replace(seen, pixels=seen.pixels + np.repeat(steps, stretch, axis=1)[:, :80])


def errors(found: Calibration) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of focal lengths and of positions against the held camera over their sd, stated and of plain noise."""
    held = found.rig.names.index(found.held)
    each = []
    for index, (ours, true) in enumerate(zip(found.rig, RIG, strict=True)):
        relative = [
            (camera.cam_from_world @ inverse(rig.cameras[held].cam_from_world))
            for camera, rig in ((ours, found.rig), (true, RIG))
        ]
        turned = relative[0][:3, :3]
        off = [*(ours.matrix - true.matrix)[[0, 1], [0, 1]]]
        off += [*(inverse(relative[0])[:3, 3] - inverse(relative[1])[:3, 3])] if index != held else []
        sds = []
        for covariance in (found.camera_covariance, found.independent_covariance):
            own = covariance[index, :, index]
            place = np.diagonal(turned.T @ own[15:, 15:] @ turned) if index != held else []
            sds.append(np.sqrt([*np.diagonal(own)[:2], *place]))
        each.append([np.array(off) / sds[0], np.array(off) / sds[1]])
    return tuple(np.concatenate(part) for part in zip(*each, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("stretch", [1, 4])
def test_intervals_hold_the_truth_where_whole_views_are_off(stretch: int) -> None:
    pairs = [errors(calibrate(shaken(seed, 0.3, stretch), lens="brown5")) for seed in range(5)]
    stated, plain = (np.concatenate(part) for part in zip(*pairs, strict=True))
    # Measured 4.0 and 3.6 of independent noise, 0.90 and 0.84 stated.
    assert np.sqrt(np.mean(plain**2)) > 2.5
    assert 0.6 < np.sqrt(np.mean(stated**2)) < 1.4
    assert (np.abs(stated) < 1.96).mean() > 0.88


def test_independent_noise_leaves_the_covariance_as_it_is() -> None:
    for seed in range(4):
        found = calibrate(shaken(seed, 0.0))
        assert np.array_equal(found.camera_covariance, found.independent_covariance)
        assert "uncertainty" not in found.rig.metadata


def test_it_is_never_less_than_independent_noise_leaves_and_is_told() -> None:
    found = calibrate(shaken(3, 0.3))
    size = 72
    larger = (found.camera_covariance - found.independent_covariance).reshape(size, size)
    scale = np.sqrt(np.maximum(np.diagonal(found.camera_covariance.reshape(size, size)), 1e-30))
    assert np.linalg.eigvalsh(larger / scale / scale[:, None]).min() > -1e-9
    assert "hang together" in str(found.rig.metadata["uncertainty"])
    assert found.rig.metadata["uncertainty_factor"] > 1.5


def test_few_moments_tell_nothing() -> None:
    found = calibrate(shaken(3, 0.3))
    problem: BundleProblem = found.refinement.problem
    few = replace(problem, views=problem.views.with_seen(problem.views.seen & (problem.views.body < 5)[:, None]))
    plain = lens_and_pose_covariance(problem, found.refinement.state, found.refinement.sigma)
    assert with_shared_errors(few, found.refinement.state, found.refinement.sigma, plain).ratio == 1.0
