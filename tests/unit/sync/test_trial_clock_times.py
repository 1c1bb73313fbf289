"""Frame times of another rate than stated, clocks that are only to be told, and clocks that nothing tells."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.pipeline.trial_clocks import set_clocks
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import CameraTimes, Points3D, SyncEstimate

RIG = ring_rig(3, 8, radius_m=4.0, size=(1920, 1080))


@pytest.fixture(scope="module")
def truth():
    points = squat(default_subject(), repetitions=1).points
    return Points3D(points.position[:, ::4], points.names[::4], 100.0)


def stamped(n_frames, rate_hz):
    times = np.tile(np.arange(n_frames) / rate_hz, (3, 1))
    return CameraTimes(RIG.names, times, ("timestamps",) * 3)


def test_the_whole_recording_is_kept_at_its_own_rate(truth):
    slow = observe(replace(truth, rate_hz=50.0), RIG, 0).keypoints  # frames of 50 Hz that a session calls 100 Hz
    called = replace(slow, rate_hz=100.0)
    done = set_clocks(called, RIG, "auto", times=stamped(called.n_frames, 50.0))
    assert done.timeline.rate_hz == 50.0 and done.keypoints.rate_hz == 50.0
    assert done.keypoints.n_frames == called.n_frames
    np.testing.assert_array_equal(done.keypoints.pixels, called.pixels)
    (rate,) = [verdict for verdict in done.verdicts if verdict.name == "rate"]
    assert not rate.passed and rate.measured == 50.0 and "100" in rate.text


def test_check_tells_and_moves_nothing(truth):
    late = observe(truth, RIG, 1, desync_frames=[0, 6.5, 0]).keypoints
    done = set_clocks(late, RIG, "check", times=stamped(late.n_frames, 100.0))
    np.testing.assert_array_equal(done.keypoints.pixels, late.pixels)
    (verdict,) = [verdict for verdict in done.verdicts if verdict.name == "cam_1 clock"]
    assert not verdict.passed and "This was done" not in verdict.text
    np.testing.assert_array_equal(done.timeline.offset_s, 0.0)


def test_clocks_that_nothing_tells_fail_where_somebody_moves(truth):
    seen = observe(truth, RIG, 2).keypoints
    alone = np.array(seen.pixels)
    alone[1, :, ::2], alone[2, :, ::2] = np.nan, np.nan
    alone[0, :, 1::2] = np.nan
    alone[2, :, 1::2] = np.nan  # no keypoint is seen by two cameras
    apart = replace(seen, pixels=alone, confidence=np.where(np.isfinite(alone).all(axis=3), seen.confidence, 0.0))
    (verdict,) = set_clocks(apart, RIG, "auto").verdicts
    assert np.isnan(verdict.measured) and not verdict.passed and "mocap sync" in verdict.text
    still = replace(seen, pixels=np.repeat(alone[:, :1], seen.n_frames, axis=1))
    (verdict,) = set_clocks(still, RIG, "auto").verdicts
    assert verdict.passed and "Nothing moves" in verdict.text
    assert verdict.measured == 0.0 and verdict.unit == "% of the image"  # nothing passes that is not known


def test_a_shift_of_a_camera_in_a_part_that_moves_is_told(truth):
    late = observe(truth, RIG, 3, desync_frames=[-12, 0, 0]).keypoints
    done = set_clocks(late, RIG, "auto")
    assert [verdict.name for verdict in done.verdicts if "clock" in verdict.name] == ["cam_0 clock"]
    assert done.timeline.offset_s[0] == pytest.approx(-0.12, abs=0.002)


@pytest.mark.parametrize(("frames", "known_after"), [(12.0, True), (160.0, False)])
def test_clocks_that_are_known_wrongly_do_not_pass(truth, frames, known_after):
    late = observe(truth, RIG, 4, desync_frames=[0, 6.0, 0]).keypoints
    unknown = np.full(3, np.nan)
    wrong = SyncEstimate(
        RIG.names, "flash", np.array([0.0, frames / 100, 0.0]), np.full(3, 1e-4), unknown, unknown, unknown, unknown,
        np.array([False, True, False]), ("Shifting camera 'cam_1' is what the file says.",),
    )  # fmt: skip
    done = set_clocks(late, RIG, "auto", known=wrong)
    (verdict,) = [verdict for verdict in done.verdicts if verdict.name == "cam_1 clock"]
    assert np.isfinite(verdict.measured) == known_after and not verdict.passed
    assert "what the file says. This was done" in verdict.text
    assert "run mocap sync again" in verdict.text and "--clocks" not in verdict.text
    assert not any("--clocks" in one.text for one in done.verdicts)
    assert all(np.isfinite(one.measured) for one in done.verdicts if one.passed)


def test_a_clock_that_is_only_checked_says_how_it_is_set_right(truth):
    late = observe(truth, RIG, 4, desync_frames=[0, 6.0, 0]).keypoints
    (told,) = [one for one in set_clocks(late, RIG, "check").verdicts if one.name == "cam_1 clock"]
    assert '(`--clocks auto`, or clocks = "auto" in [sync] of a session)' in told.text
