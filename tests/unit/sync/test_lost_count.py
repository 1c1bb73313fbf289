"""The number of lost frames: told with the camera's clock, and with all numbers that fit where little moves."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.pipeline.trial_clock_verdicts import lost_verdicts
from mocap.sync.lost import LOST_OPTIONS
from mocap.sync.lost_count import count_lost
from mocap.sync.lost_holes import LostFrames
from mocap.trial import Keypoints2D

N_FRAMES, AFTER, COUNT, CAMERA = 240, 119, 12, 1


def seen_by(rig, moves_before):
    """A cloud that sways, before the loss by a share of what it does later; noise of 1 px."""
    rng = np.random.default_rng(3)
    rate, start = rng.uniform(3, 8, (8, 3)), rng.uniform(0, 6, (8, 3))
    at = np.arange(N_FRAMES + COUNT) / 100
    sway = 0.15 * (np.sin(at[:, None, None] * rate + start) - np.sin((AFTER + 1) / 100 * rate + start))
    sway[: AFTER + 1] *= moves_before
    points = np.array([0, 0, 1.0]) + rng.uniform(-0.4, 0.4, (8, 3)) + sway
    pixels = np.stack([camera.project(points.reshape(-1, 3)).reshape(len(at), 8, 2) for camera in rig])
    pixels += rng.normal(size=pixels.shape)
    footage = np.array(pixels[:, :N_FRAMES])
    footage[CAMERA, AFTER + 1 :] = pixels[CAMERA, AFTER + 1 + COUNT :]
    return Keypoints2D(footage, np.ones(footage.shape[:3]), tuple("abcdefgh"), 100.0)


def told(moves_before, known=(0.0, -COUNT), sd=(0.3, 0.3), asked=COUNT):
    rig = ring_rig(4, seed=2)
    shifts = np.zeros((2, 4))
    shifts[:, CAMERA] = known
    return count_lost(seen_by(rig, moves_before), rig, CAMERA, AFTER, shifts, np.array(sd), asked, LOST_OPTIONS)


@pytest.mark.parametrize("known", [(0.0, -COUNT), (1.0, -COUNT), (0.0, 1.0 - COUNT)])
def test_a_clock_that_is_thought_to_be_off_makes_no_other_number(known):
    found = told(1.0, known, asked=round(known[0] - known[1]))
    assert (found.count, found.least, found.most, found.closed) == (COUNT, COUNT, COUNT, True)
    assert abs(found.before) < 0.1 and found.sd < 0.1  # 0.005, 0.04
    assert found.gain > 1000  # 4490


@pytest.mark.parametrize("moves_before", [0.03, 0.06])
def test_where_little_moves_before_the_loss_all_numbers_that_fit_are_told(moves_before):
    found = told(moves_before, sd=(np.inf, 0.1))
    assert found.least <= COUNT <= found.most and found.least < found.most  # 12 to 15, 12 to 14; likeliest is 13


def test_where_nothing_moves_before_the_loss_no_number_is_told():
    found = told(0.0, sd=(np.inf, 0.1))
    assert not found.closed


def test_a_number_that_is_not_decided_is_told_with_its_range_and_fails():
    loss = LostFrames("cam_1", 168, 44, 168, 168, 0.3, (43, 44))
    (verdict,) = lost_verdicts((loss,), "auto")
    assert not verdict.passed and "lost 43 or 44 frames (most likely 44) after frame 168" in verdict.text
    (verdict,) = lost_verdicts((LostFrames("cam_1", 168, 44, 168, 168, 0.3, (44, 44)),), "auto")
    assert verdict.passed and "lost 44 frames after frame 168" in verdict.text


@pytest.mark.parametrize("mode", ["auto", "check"])
def test_frames_set_by_a_likeliest_number_are_not_said_to_be_where_they_belong(mode):
    (guess,) = lost_verdicts((LostFrames("cam_1", 168, 44, 168, 168, 0.3, (43, 44)),), mode)
    (sure,) = lost_verdicts((LostFrames("cam_1", 168, 44, 168, 168, 0.3),), mode)
    assert "does not decide the number" in guess.text and "does not decide" not in sure.text
    assert "where they belong" not in guess.text and "et them right" not in guess.text
    assert ("where they belong." in sure.text) == (mode == "auto") == ("were set by the likeliest number" in guess.text)
