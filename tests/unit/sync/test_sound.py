"""Clocks by sound: one scene of claps, recorded at known offsets and drifts through different rooms."""

import numpy as np
import pytest
from scipy.signal import fftconvolve, resample_poly

from mocap.errors import ShapeError
from mocap.sync.sound import AudioTrack, estimate_sound

RATE = 8000
INTERVAL = np.full(4, 0.01)


def scene(rng, seconds):
    sound = np.zeros(int(seconds * 4 * RATE))
    for _ in range(max(4, int(seconds / 3))):
        start = int(rng.integers(0, len(sound) - 2 * RATE))
        clap = np.exp(-np.arange(RATE) / (0.12 * RATE)) * rng.standard_normal(RATE)
        sound[start : start + RATE] += clap * rng.uniform(0.5, 2)
    return sound


def track(sound, offset_s, drift_ppm, rng):
    room = np.exp(-np.arange(1300) / 200) * rng.standard_normal(1300) * 0.05
    room[0] = 1.0
    heard = resample_poly(fftconvolve(sound, room)[: len(sound)], 1, 4)
    clock = np.arange(len(heard) - 2 * RATE) / RATE
    common = (clock - offset_s) / (1 + 1e-6 * drift_ppm)
    samples = np.interp(common, np.arange(len(heard)) / RATE, heard, left=0, right=0)
    return AudioTrack((samples + 0.05 * rng.standard_normal(len(samples))).astype(np.float32), RATE)


def test_offsets_to_a_fraction_of_a_sample_and_drift_to_a_ppm():
    rng = np.random.default_rng(0)
    offset, drift = np.array([0, 0.37123, -0.912345]), np.array([0, 30, -50])
    sound = scene(rng, 60)
    found = estimate_sound([track(sound, o, d, rng) for o, d in zip(offset, drift, strict=True)], "abc", INTERVAL[:3])
    assert found.offset_s - found.offset_s[0] == pytest.approx(offset, abs=1.5e-4)  # 0.04 ms measured
    assert found.drift_ppm - found.drift_ppm[0] == pytest.approx(drift, abs=6)  # 1 ppm measured over 120 s
    assert (found.offset_sd_s[1:] > 0.0029).all()  # a metre of way that nobody knows
    assert found.shifted.sum() >= 2
    assert any("2.9 ms per metre" in words for words in found.words)


def test_a_short_recording_tells_the_offset_and_no_drift():
    rng = np.random.default_rng(1)
    sound = scene(rng, 12)
    found = estimate_sound([track(sound, o, 0, rng) for o in (0, -0.6)], "ab", INTERVAL[:2])
    assert np.diff(found.offset_s)[0] == pytest.approx(-0.6, abs=1.5e-4)
    assert np.isnan(found.drift_ppm).any()


def test_tracks_of_other_scenes_tell_nothing():
    # 0 of 40 pairs of different scenes, 12 s each.
    for seed in range(4):
        rng = np.random.default_rng(seed)
        found = estimate_sound([track(scene(rng, 12), 0, 0, rng) for _ in range(2)], "ab", INTERVAL[:2])
        assert not found.estimable.any()
        assert "cannot be told by sound" in found.words[0]


def test_a_camera_that_heard_something_else_is_named():
    rng = np.random.default_rng(3)
    sound = scene(rng, 12)
    tracks = [track(scene(rng, 12), 0, 0, rng), track(sound, 0, 0, rng), None, track(sound, 0.25, 0, rng)]
    found = estimate_sound(tracks, "abcd", INTERVAL)
    assert found.estimable.tolist() == [False, True, False, True]
    assert found.offset_s[3] - found.offset_s[1] == pytest.approx(0.25, abs=1.5e-4)
    assert any(words.startswith("The clock of a, c cannot be told") for words in found.words)


@pytest.mark.parametrize("samples", [np.zeros(100), np.zeros(3 * RATE), np.full(3 * RATE, 0.5)])
def test_silence_tells_nothing(samples):
    silent = AudioTrack(samples.astype(np.float32), RATE)
    assert not estimate_sound([silent, silent], "ab", INTERVAL[:2]).estimable.any()


def test_tracks_of_several_rates_are_refused():
    with pytest.raises(ShapeError):
        estimate_sound([AudioTrack(np.zeros(9), 8000), AudioTrack(np.zeros(9), 16000)], "ab", INTERVAL[:2])
