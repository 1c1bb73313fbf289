"""What limits a recording: noise where there is nothing else, and patterns of whole views where they were put in."""

from functools import cache

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.corrections.limits import recording_limits, what_limits
from calibration.corrections.view_patterns import view_patterns
from calibration.observations import BoardObservations
from calibration.recipe import Calibration, calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 9, 7, 0.08, 0.06, "DICT_5X5_250")
RIG = ring_rig(4, 0)


@cache
def clean() -> tuple[BoardObservations, Calibration]:
    observations = observe_board(RIG, BOARD, board_poses(BOARD, 80, 0), 0.12, 0)
    return observations, calibrate(observations)


def test_of_perfect_footage_the_corners_are_the_limit() -> None:
    observations, result = clean()
    patterns = view_patterns(result.refinement.state, result.refinement.problem.views)
    assert patterns.corner_px == pytest.approx(0.12, rel=0.03)  # measured 0.119
    assert patterns.excess < 1.2  # measured 1.05
    told = what_limits(result, observations)
    assert told == ("The recording is limited by corner noise: 0.12 px.",)


def test_views_that_are_off_as_a_whole_are_told_from_noise() -> None:
    observations, _ = clean()
    rng = np.random.default_rng(1)
    pixels = observations.pixels + rng.normal(0, 0.6, (*observations.pixels.shape[:2], 1, 2))
    shaken = BoardObservations(BOARD, RIG.names, observations.image_sizes, pixels, observations.frame_ids)
    result = calibrate(shaken)
    patterns = view_patterns(result.refinement.state, result.refinement.problem.views)
    assert patterns.corner_px == pytest.approx(0.12, rel=0.1)  # measured 0.121
    assert 0.1 < patterns.view_px < 0.6  # measured 0.18 of 0.6 px: poses have followed most of it
    assert "whole views are off" in what_limits(result, shaken)[0]


def test_a_camera_with_few_shared_views_is_named() -> None:
    observations, _ = clean()
    pixels = observations.pixels.copy()
    others = np.isfinite(pixels[:3, ..., 0]).any(axis=(0, 2)) & np.isfinite(pixels[3, ..., 0]).any(axis=1)
    pixels[3, np.flatnonzero(others)[10:]] = np.nan
    few = BoardObservations(BOARD, RIG.names, observations.image_sizes, pixels, observations.frame_ids)
    assert any("Camera 'cam_3' shares only" in sentence for sentence in what_limits(calibrate(few), few))


def test_shaken_views_are_not_called_late() -> None:
    observations, _ = clean()
    rng = np.random.default_rng(5)
    pixels = observations.pixels + rng.normal(0, 0.25, (*observations.pixels.shape[:2], 1, 2))
    shaken = BoardObservations(BOARD, RIG.names, observations.image_sizes, pixels, observations.frame_ids)
    told = recording_limits(calibrate(shaken), shaken)
    assert not any("Timing limits" in one or "early or late" in one for one in told)
    assert not any("bent," in one for one in told)
    assert recording_limits(clean()[1], observations) == ("The recording is limited by corner noise: 0.12 px.",)
