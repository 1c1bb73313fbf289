"""The estimate of clocks from movement in small: its door, its gauge, frame times, words, and its pieces."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from calibration.triangulation import sampson_distance_px
from mocap.errors import ConfigError, KeypointError
from mocap.pipeline.trial_clock_verdicts import clock_verdicts
from mocap.sync import MotionSyncOptions, common_times, estimate_offsets, resample_keypoints
from mocap.sync.motion_pairs import pairs_of
from mocap.sync.words import OTHER_RATE, agreed_words, drift_words, relative_words, shift_words, untold_words
from mocap.synthetic import observe
from mocap.trial import CameraTimes, Keypoints2D, Points3D

RATE = 100.0


def wandering(seconds=3.0, n_keypoints=8, seed=5):
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * rng.uniform(0.2, 0.9, (3, n_keypoints, 3)) * time_s[:, None, None, None]
    wave = np.sin(phase + rng.uniform(0, 6, (3, n_keypoints, 3))).sum(axis=1)
    return Points3D(np.array([0, 0, 1.0]) + 0.25 * wave, tuple(f"p{i}" for i in range(n_keypoints)), RATE)


@pytest.fixture(scope="module")
def rig():
    return ring_rig(4, seed=2)


@pytest.fixture(scope="module")
def points():
    return wandering()


def test_perfect_keypoints_give_the_shift_exactly(rig, points):
    seen = observe(points, rig, pixel_sigma=0.0, desync_frames=[0, -7.35, 0, 0])
    found = estimate_offsets(seen.keypoints, rig)
    assert np.abs(found.offset_s * RATE - [0, -7.35, 0, 0]).max() < 2e-3  # 3e-4: the smoothing bends tracks alike
    assert found.shifted.tolist() == [False, True, False, False] and found.method == "motion"
    assert found.error_after_px[1] < 0.05 < 5 < found.error_before_px[1]


def test_a_drift_that_no_clock_has_is_told_and_not_applied(rig, points):
    seen = observe(points, rig, pixel_sigma=0.1, drift_ppm=[0, 6000.0, 0, 0])
    found = estimate_offsets(seen.keypoints, rig)
    # Taken for a drift it would have been carried out, 0.9 frames from begin to end.
    assert not np.isfinite(found.drift_ppm[1]) and "ppm off. No clock does" in " ".join(found.words)
    assert OTHER_RATE in found.words[0]
    (verdict,) = clock_verdicts(found, seen.keypoints, rig)
    assert not verdict.passed


def test_setting_the_clocks_puts_the_pixels_where_they_belong(rig, points):
    seen = observe(points, rig, pixel_sigma=0.0, desync_frames=[0, -7.35, 0, 2.5])
    found = estimate_offsets(seen.keypoints, rig)
    common, _ = common_times(found, n_frames=300, rate_hz=RATE)
    answer = resample_keypoints(seen.keypoints, common).keypoints.pixels
    true = observe(points, rig, pixel_sigma=0.0).keypoints.pixels
    error = np.linalg.norm(answer - true, axis=-1)[:, 12:-12]
    assert np.nanmax(error) < 0.02 and np.isfinite(error).mean() > 0.98  # px; 30 px before


def test_the_clock_of_most_cameras_is_the_common_one(rig, points):
    seen = observe(points, rig, 3, pixel_sigma=1.0, desync_frames=[4.0, 0, 0, 0])
    found = estimate_offsets(seen.keypoints, rig)
    assert found.shifted.tolist() == [True, False, False, False] and abs(found.offset_s[0] * RATE - 4) < 0.1
    assert found.words[0].startswith("Shifting camera 'cam_0' by -4.0") and "Too few" not in " ".join(found.words)


def test_of_two_cameras_it_is_said_that_nobody_knows_whose_clock_is_right(points):
    pair = ring_rig(3, seed=2).subset(("cam_0", "cam_1"))
    found = estimate_offsets(observe(points, pair, 3, desync_frames=[0, 4.0]).keypoints, pair)
    assert abs((found.offset_s[1] - found.offset_s[0]) * RATE - 4) < 0.2
    assert found.shifted.tolist() == [False, True] and "Too few clocks agree" in " ".join(found.words)


def test_frame_times_take_away_what_they_explain(rig, points):
    seen = observe(points, rig, 3, pixel_sigma=0.5, desync_frames=[0, 5.0, 0, 0]).keypoints
    times = np.tile(np.arange(300) / RATE, (4, 1))
    times[1] -= 0.05  # camera 1 knows by its own clock that it was late
    # Camera 2 dropped ten frames, and its clock tells.
    keep = np.r_[0:120, 130:300]
    pixels, confidence = np.array(seen.pixels), np.array(seen.confidence)
    pixels[2, :290], confidence[2, :290] = seen.pixels[2, keep], seen.confidence[2, keep]
    times[2, :290] = times[2, keep]
    pixels[2, 290:], confidence[2, 290:], times[2, 290:] = np.nan, 0, np.nan
    given = CameraTimes(rig.names, times, ("timestamps",) * 4)
    found = estimate_offsets(Keypoints2D(pixels, confidence, seen.names, RATE), rig, times=given)
    assert not found.shifted.any() and np.abs(found.offset_s * RATE).max() < 0.1  # 0.02
    late = estimate_offsets(Keypoints2D(pixels, confidence, seen.names, RATE), rig)
    assert late.shifted[1]


def test_a_camera_that_sees_nothing_is_left_out(rig, points):
    seen = observe(points, rig, 3, desync_frames=[0, 4.0, 0, 0]).keypoints
    pixels, confidence = np.array(seen.pixels), np.array(seen.confidence)
    pixels[3], confidence[3] = np.nan, 0
    found = estimate_offsets(Keypoints2D(pixels, confidence, seen.names, RATE), rig)
    assert found.estimable.tolist() == [True, True, True, False]
    assert found.shifted.tolist() == [False, True, False, False]
    assert np.isnan(found.error_before_px[3])
    assert any("camera 'cam_3' cannot be told from the movement: too little" in words for words in found.words)


@pytest.mark.parametrize("n_frames", [2, 20, 500])
def test_an_empty_recording_tells_nothing(rig, n_frames):
    empty = Keypoints2D(np.full((4, n_frames, 3, 2), np.nan), np.zeros((4, n_frames, 3)), ("a", "b", "c"), RATE)
    found = estimate_offsets(empty, rig)
    assert not found.estimable.any() and not found.shifted.any() and len(found.words) == 1


def test_the_same_input_gives_the_same_bits(rig, points):
    seen = observe(points, rig, 3).keypoints
    one, two = estimate_offsets(seen, rig), estimate_offsets(seen, rig)
    assert one.offset_s.tobytes() == two.offset_s.tobytes() and one.words == two.words


def test_what_does_not_fit_is_refused(rig, points):
    seen = observe(points, rig).keypoints
    with pytest.raises(KeypointError, match="Keypoints of 4 cameras for a calibration of 2"):
        estimate_offsets(seen, rig.subset(("cam_0", "cam_1")))
    one = Keypoints2D(seen.pixels[:1], seen.confidence[:1], seen.names, RATE)
    with pytest.raises(KeypointError, match="One camera"):
        estimate_offsets(one, rig.subset(("cam_0",)))
    with pytest.raises(KeypointError, match="1 frames shows no movement"):
        estimate_offsets(Keypoints2D(seen.pixels[:, :1], seen.confidence[:, :1], seen.names, RATE), rig)
    times = np.arange(300) / RATE + np.array([0, 0, 5000, 0])[:, None]
    with pytest.raises(KeypointError, match="clocks lie 5003 s apart"):
        estimate_offsets(seen, rig, times=CameraTimes(rig.names, times, ("timestamps",) * 4))
    with pytest.raises(ConfigError, match="negative"):
        MotionSyncOptions(smoothing_s=-1.0)


def test_a_pair_misses_by_the_sampson_distance(rig):
    rng = np.random.default_rng(0)
    rays_a, rays_b = rng.uniform(-0.3, 0.3, (2, 20, 2))
    pair = pairs_of(rig)[1]
    miss, line_a, _ = pair.miss(rays_a, rays_b)
    expected = sampson_distance_px(rig.cameras[pair.a], rig.cameras[pair.b], rays_a, rays_b)
    np.testing.assert_allclose(np.abs(miss), expected, rtol=1e-12)
    # The line is the derivative with the scale held: exact where the miss is 0.
    step = 1e-6 * rng.normal(size=(20, 2))
    changed, _, _ = pair.miss(rays_a + step, rays_b)
    linear = miss + line_a[0] * step[:, 0] + line_a[1] * step[:, 1]
    assert np.abs(changed - linear).max() < 0.02 * np.abs(step).max() * 1e3 + 1e-3 * np.abs(miss).max()


def test_words():
    assert shift_words("cam_3", 4.31, 0.06, 21.0, 3.04) == (
        "Shifting camera 'cam_3' by -4.3 +- 0.06 frames lowers the median distance of its moving keypoints from what "
        "the other cameras see from 21 to 3.0 px."
    )
    assert "does not lower" in shift_words("a", 1.0, 0.1, 3.0, 3.5)
    assert drift_words("a", -51.2, 0.4, -3.1) == (
        "The clock of camera 'a' runs 51.2 +- 0.4 ppm slow: 3.1 frames over this recording."
    )
    assert "cameras 'a' and 'b' cannot" in untold_words(["a", "b"], np.inf)
    assert "below about 3.2 frames would not" in untold_words(["a"], 3.2)
    assert "offsets are 0 to within 0.040 frames (95 %), and no clock drifts over 600 s." in agreed_words(
        np.array([0.02, 0.01]), "", 600.0
    )
    assert relative_words(["a"]).endswith("set against camera 'a'.")
