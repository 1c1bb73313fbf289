"""Resampling against closed forms: cubics are exact, each observation stays one, holes and ends stay empty."""

import numpy as np
import pytest

from mocap.errors import KeypointError
from mocap.sync import common_times, resample_keypoints
from mocap.trial import CameraTimes, Keypoints2D, SyncEstimate

RATE = 100.0


def cubic(time_s):
    """A cubic in time for u and v, px."""
    return np.stack([100 + 30 * time_s - 80 * time_s**2 + 50 * time_s**3, 50 - 20 * time_s + 10 * time_s**3], axis=-1)


def keypoints_at(times, curve=cubic, dtype=float):
    """One keypoint seen at the given times, shape (camera, frame)."""
    pixels = np.asarray(curve(times), dtype)[:, :, None]
    return Keypoints2D(pixels, np.full(pixels.shape[:3], 0.9, dtype), ("a",), RATE)


def even(n_cameras=2, n_frames=50):
    return np.tile(np.arange(n_frames) / RATE, (n_cameras, 1))


def estimate(offset, drift=(0.0, 0.0)):
    nothing = np.full(2, np.nan)
    return SyncEstimate(("a", "b"), "motion", np.array(offset), np.zeros(2), np.array(drift), nothing, nothing, nothing,
                        np.zeros(2, bool))  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_a_shift_every_bit_stays(dtype):
    rng = np.random.default_rng(1)
    pixels = rng.uniform(0, 1000, (2, 50, 3, 2)).astype(dtype)
    pixels[0, 4, 1] = np.nan
    confidence = np.where(np.isfinite(pixels).all(-1), rng.uniform(0, 1, (2, 50, 3)), 0).astype(dtype)
    given = Keypoints2D(pixels, confidence, ("a", "b", "c"), RATE)
    common, residual = common_times(estimate([0.0, np.nan]), n_frames=50, rate_hz=RATE)
    answer = resample_keypoints(given, common)
    assert answer.keypoints.pixels.dtype == dtype and not answer.bridged.any()
    assert answer.keypoints.pixels.tobytes() == given.pixels.tobytes()
    assert answer.keypoints.confidence.tobytes() == given.confidence.tobytes()
    assert (residual == 0).all()


def test_whole_frames_are_copied_and_nothing_is_extrapolated():
    given = keypoints_at(even())
    common, _ = common_times(estimate([0.03, 0.0]), n_frames=50, rate_hz=RATE)
    answer = resample_keypoints(given, common).keypoints
    np.testing.assert_array_equal(answer.pixels[0, :47], given.pixels[0, 3:])
    assert np.isnan(answer.pixels[0, 47:]).all() and (answer.confidence[0, 47:] == 0).all()
    np.testing.assert_array_equal(answer.pixels[1], given.pixels[1])


def test_cubics_are_exact_at_any_shift_and_drift():
    own = even()
    offset, drift = np.array([0.0037, -0.012]), np.array([4000.0, -150.0])
    common, residual = common_times(estimate(offset, drift), n_frames=50, rate_hz=RATE)
    np.testing.assert_allclose(common * (1 + 1e-6 * drift[:, None]) + offset[:, None], own, atol=1e-15)
    assert np.abs(residual).max() <= 0.5 / RATE + 1e-12
    answer = resample_keypoints(keypoints_at(common), common).keypoints
    curve = resample_keypoints(keypoints_at(common), common, method="cubic").keypoints
    for camera in range(2):
        beyond = (own[0] < common[camera, 0]) | (own[0] > common[camera, -1])
        for found, ends in ((answer.pixels[camera, :, 0], 5), (curve.pixels[camera, :, 0], 1)):
            inside = (own[0] > common[camera, ends]) & (own[0] < common[camera, -1 - ends])
            np.testing.assert_allclose(found[inside], cubic(own[0])[inside], atol=1e-9)  # 2e-13 px
            assert np.isfinite(found[~beyond]).all()
        np.testing.assert_allclose(found[~beyond], cubic(own[0])[~beyond], atol=2e-3)
        assert np.isnan(curve.pixels[camera, beyond]).all()


def test_at_an_end_a_parabola_is_exact():
    times = even() - 0.004
    answer = resample_keypoints(keypoints_at(times, lambda t: np.stack([t**2, 3 * t], -1)), times).keypoints
    np.testing.assert_allclose(answer.pixels[0, 0, 0], [0.0, 0.0], atol=1e-12)


def test_half_way_a_movement_keeps_its_size():
    times = even() + 0.005
    wave = lambda t: np.stack([np.sin(2 * np.pi * 5 * t), np.cos(2 * np.pi * 5 * t)], -1)  # noqa: E731
    inside = slice(7, 43)
    for method, limit in (("cubic", 4e-4), ("carried", 8e-3)):  # 2.3e-4: 3/128 (2 pi f / rate)^4; 4.7e-3
        answer = resample_keypoints(keypoints_at(times, wave), times, method=method).keypoints
        assert np.abs(answer.pixels[0, inside, 0] - wave(even()[0])[inside]).max() < limit


def test_nothing_is_read_across_a_missing_frame_unless_allowed():
    times = even() + 0.004
    pixels, confidence = cubic(times)[:, :, None], np.full((2, 50, 1), 0.9)
    pixels[0, 20:22], confidence[0, 20:22] = np.nan, 0
    given = Keypoints2D(pixels, confidence, ("a",), RATE)
    carried = resample_keypoints(given, times)
    assert np.flatnonzero(np.isnan(carried.keypoints.pixels[0, :, 0, 0])).tolist() == [20, 21]
    np.testing.assert_allclose(carried.keypoints.pixels[0, 22:42, 0], cubic(even())[0, 22:42], atol=1e-9)
    with pytest.raises(KeypointError, match="no observation to carry"):
        resample_keypoints(given, times, longest_hole=1)
    strict = resample_keypoints(given, times, method="cubic")
    assert np.flatnonzero(np.isnan(strict.keypoints.pixels[0, :, 0, 0])).tolist() == [0, 20, 21, 22]
    short = resample_keypoints(given, times, longest_hole=1, method="cubic").keypoints
    np.testing.assert_array_equal(short.pixels, strict.keypoints.pixels)
    bridged = resample_keypoints(given, times, longest_hole=2, method="cubic")
    assert np.flatnonzero(bridged.bridged[0, :, 0]).tolist() == [20, 21, 22] and not bridged.bridged[1].any()
    np.testing.assert_allclose(bridged.keypoints.pixels[0, 2:49, 0], cubic(even())[0, 2:49], atol=1e-9)
    assert "never across a missing frame" in carried.note and "at most 2 missing frames (3 observ" in bridged.note


def test_a_hole_in_the_frame_times_stays_a_hole():
    times = even(1, 60)
    times = np.delete(times, range(20, 25), axis=1)
    answer = resample_keypoints(keypoints_at(times), times, n_frames=60).keypoints
    assert np.flatnonzero(np.isnan(answer.pixels[0, :, 0, 0])).tolist() == list(range(20, 25))
    np.testing.assert_array_equal(answer.pixels[0, 25:, 0], cubic(times)[0, 20:])


def test_uneven_frame_times_are_taken_as_they_are():
    rng = np.random.default_rng(3)
    times = even(1, 200) + rng.uniform(-0.002, 0.002, (1, 200))
    for method, inside in (("cubic", slice(2, 198)), ("carried", slice(5, 195))):
        answer = resample_keypoints(keypoints_at(times), times, method=method).keypoints
        np.testing.assert_allclose(answer.pixels[0, inside, 0], cubic(even(1, 200))[0, inside], atol=1e-9)


def test_confidence_is_carried_along_or_the_lowest_of_the_samples_that_a_curve_uses():
    times = even(1) + 0.004
    confidence = np.full((1, 50, 1), 0.9)
    confidence[0, 20] = 0.3
    given = Keypoints2D(cubic(times)[:, :, None], confidence, ("a",), RATE)
    for method, frames in (("carried", [20]), ("cubic", [19, 20, 21, 22])):
        answer = resample_keypoints(given, times, method=method).keypoints
        assert np.flatnonzero(answer.confidence[0, :, 0] == 0.3).tolist() == frames


def test_a_rolling_shutter_gives_each_keypoint_its_own_time():
    height, row = 1080, 1e-5
    middle = (height - 1) / 2
    times = even(1)
    # v is linear in its own time: v = 500 + 900 (t + row (v - middle)), solved for v.
    v = (500 + 900 * times - 900 * row * middle) / (1 - 900 * row)
    exposed = times + row * (v - middle)
    given = Keypoints2D(np.stack([cubic(exposed)[..., 0], v], -1)[:, :, None], np.ones((1, 50, 1)), ("a",), RATE)
    answer = resample_keypoints(given, times, row_time_s=[row], image_height=[height])
    inside = slice(5, 45)
    np.testing.assert_allclose(answer.keypoints.pixels[0, inside, 0, 0], cubic(times)[0, inside, 0], atol=1e-9)
    np.testing.assert_allclose(answer.keypoints.pixels[0, inside, 0, 1], (500 + 900 * times)[0, inside], atol=1e-9)
    assert "at the time its row was read" in answer.note
    wrong = resample_keypoints(given, times).keypoints.pixels
    assert np.abs(wrong[0, inside, 0, 1] - (500 + 900 * times)[0, inside]).max() > 0.3  # 4.9: what ignoring it costs


def test_each_observation_stays_one():
    """Noise as large as it was and independent from frame to frame, and none lost beside gaps and outliers."""
    rng = np.random.default_rng(4)
    times = np.arange(2000)[None] / RATE + 0.005
    wave = lambda t: np.stack([800 + 150 * np.sin(4 * t), 500 + 90 * np.cos(7 * t)], -1)  # noqa: E731
    noise = rng.standard_normal((1, 2000, 2))
    pixels = wave(times) + noise
    outlier, missing = rng.random((1, 2000)) < 0.02, rng.random((1, 2000)) < 0.1
    pixels[outlier] += 200.0
    pixels[missing] = np.nan
    given = Keypoints2D(pixels[:, :, None], np.ones((1, 2000, 1)), ("a",), RATE)
    # Between two frames the later common one is meant: frame i becomes frame i + 1, and there is none for frame 0.
    answer = resample_keypoints(given, times).keypoints.pixels[0, 1:, 0] - wave(np.arange(1, 2000) / RATE)
    np.testing.assert_array_equal(np.isnan(answer[:, 0]), missing[0, :-1])
    good = ~(outlier | missing)[0, :-1]
    carried = answer - noise[0, :-1]
    assert np.sqrt(np.mean(carried[good] ** 2)) < 0.12 and np.abs(carried[good]).max() < 0.6  # px: 0.09, 0.4
    assert np.sqrt(np.mean(answer[good] ** 2)) == pytest.approx(1.0, abs=0.04)
    both = good[1:] & good[:-1]
    assert abs(np.mean(answer[1:][both] * answer[:-1][both])) < 0.05  # 0.02; a cubic between frames gives 0.3
    np.testing.assert_allclose(answer[outlier[0, :-1] & ~missing[0, :-1]], 200, atol=5)


def test_times_that_tremble_about_the_middle_between_frames_lose_and_double_nothing():
    rng = np.random.default_rng(5)
    times = even(1, 400) + 0.005 + rng.uniform(-0.001, 0.001, (1, 400))
    mark = np.linspace(0.1, 1.0, 400)[None, :, None]
    given = Keypoints2D(cubic(times)[:, :, None], mark, ("a",), RATE)
    answer = resample_keypoints(given, times, n_frames=402).keypoints.confidence[0, :, 0]
    np.testing.assert_array_equal(answer[1:401], mark[0, :, 0])


def test_half_the_rate_serves_twice_and_twice_the_rate_once():
    slow, fast = np.arange(0, 1.0, 0.02)[None], np.arange(0, 0.25, 0.005)[None]
    answer = resample_keypoints(keypoints_at(slow), slow, n_frames=100).keypoints.pixels[0, :99, 0]
    np.testing.assert_allclose(answer[10:89], cubic(np.arange(10, 89) / RATE), atol=1e-9)
    answer = resample_keypoints(keypoints_at(fast), fast, n_frames=25).keypoints.pixels[0, :, 0]
    np.testing.assert_array_equal(answer, cubic(np.arange(0, 0.25, 0.01)))


def test_what_cannot_be_resampled_is_refused():
    with pytest.raises(KeypointError, match="no way 'linear'"):
        resample_keypoints(keypoints_at(even()), even(), method="linear")
    given = keypoints_at(even())
    with pytest.raises(KeypointError, match="do not increase"):
        resample_keypoints(given, even()[:, ::-1])
    with pytest.raises(KeypointError, match="without the heights"):
        resample_keypoints(given, even(), row_time_s=[0.0, 0.0])
    with pytest.raises(KeypointError, match="Neither frame times"):
        common_times(estimate([0.0, 0.0]))
    with pytest.raises(KeypointError, match="Times of cameras"):
        common_times(estimate([0.0, 0.0]), CameraTimes(("a", "c"), even(), ("nominal rate",) * 2))
