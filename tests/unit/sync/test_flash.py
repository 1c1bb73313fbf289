"""Clocks by a flash: lamps of known time, between the frames, with and without known exposure."""

import numpy as np
import pytest

from mocap.sync.flash import LONE_FLASH, estimate_flash, find_flashes
from mocap.trial import CameraTimes

INTERVAL = 0.01
NAMES = ("a", "b", "c", "d")


def brightness(time, exposure, lamps, rng, noise=0.3):
    level = 80 + 3 * np.sin(1.7 * time) + noise * rng.standard_normal(len(time))
    for start, lasts in lamps:
        lit = np.minimum(time + exposure / 2, start + lasts) - np.maximum(time - exposure / 2, start)
        level = level + 25 * np.clip(lit, 0, None) / exposure
    return level


def recording(seed, share, lamps=None, n_frames=600, drift_ppm=(0, 0, 0, 0)):
    rng = np.random.default_rng(seed)
    offset = np.array([0, 0, *rng.uniform(-0.3, 0.3, 2)])
    times = np.arange(n_frames) * INTERVAL + rng.uniform(0, INTERVAL, (4, 1))
    lamps = lamps or [(2.5 + rng.uniform(0, INTERVAL), rng.uniform(0.04, 0.2))]
    common = (times - offset[:, None]) / (1 + 1e-6 * np.array(drift_ppm)[:, None])
    level = np.array([brightness(row, share * INTERVAL, lamps, rng) for row in common])
    return level, CameraTimes(NAMES, times, ("container",) * 4), offset


@pytest.mark.parametrize(
    # Share of the interval that is exposed, whether it is known, limits of the error in frames: RMS and largest.
    ("share", "known", "rms", "most"),
    [(0.98, False, 0.09, 0.25),  # measured 0.065, 0.21 (60 seeds)
     (0.98, True, 0.03, 0.09),  # 0.020, 0.07
     (0.5, False, 0.12, 0.35),  # 0.093, 0.28
     (0.5, True, 0.11, 0.32),  # 0.084, 0.26
     (0.1, False, 0.32, 0.85)],  # 0.25, 0.68: nearly all light is between two exposures or in one
)  # fmt: skip
def test_one_flash_tells_the_clocks_between_frames(share, known, rms, most):
    errors, scores = [], []
    for seed in range(15):
        level, times, offset = recording(seed, share)
        found = estimate_flash(level, times, exposure_s=[share * INTERVAL] * 4 if known else None)
        assert found.estimable.all()
        error = (found.offset_s - found.offset_s[0] - offset)[2:]
        errors += list(error / INTERVAL)
        scores += list(error / found.offset_sd_s[2:])
    assert np.sqrt(np.mean(np.square(errors))) < rms
    assert np.abs(errors).max() < most
    assert 0.3 < np.std(scores) < 1.3  # the SD is honest, rather a little wide


def test_flashes_far_apart_tell_the_drift():
    lamps = [(5.0 + 28.3 * k + 0.0031 * k**2, 0.1) for k in range(20)]
    level, times, offset = recording(3, 0.98, lamps, 58_000, (0, 0, 40, 0))
    found = estimate_flash(level, times, exposure_s=[0.98 * INTERVAL] * 4)
    assert found.drift_ppm[2] - found.drift_ppm[0] == pytest.approx(40, abs=3)
    assert (found.drift_sd_ppm < 3).all()
    assert (found.offset_s - found.offset_s[0])[2:] == pytest.approx(offset[2:], abs=5e-4)


def test_a_camera_without_the_flash_is_said():
    level, times, _ = recording(1, 0.98)
    level[2] = 80 + 0.3 * np.random.default_rng(0).standard_normal(600)
    found = estimate_flash(level, times)
    assert found.estimable.tolist() == [True, True, False, True]
    assert any("The clock of c cannot be told by flash" in words for words in found.words)


def test_one_flash_alone_is_said_not_to_be_confirmed():
    level, times, _ = recording(1, 0.98, [(2.5, 0.15)])
    level[2] = brightness(times.time_s[2], 0.0098, [(4.0, 0.15)], np.random.default_rng(2))  # another lamp, as long
    found = estimate_flash(level, times)
    assert found.shifted[2] and found.offset_sd_s[2] < 0.5 * INTERVAL
    (said,) = [words for words in found.words if LONE_FLASH in words]
    assert all(f"'{name}'" in said for name in NAMES) and "not confirmed" in said
    level, times, _ = recording(1, 0.98, [(1.5, 0.15), (2.8, 0.15)])
    assert not [words for words in estimate_flash(level, times).words if LONE_FLASH in words]


def test_another_light_is_not_the_flash():
    level, times, _ = recording(1, 0.98, [(2.5, 0.15)])
    rng = np.random.default_rng(2)
    level[2] = brightness(times.time_s[2], 0.0098, [(4.0, 0.04)], rng)  # one of another length
    assert not estimate_flash(level, times).estimable[2]


def test_no_flash_tells_nothing():
    # Nothing but noise and slow change: 0 of 200 recordings tell an offset.
    for seed in range(20):
        rng = np.random.default_rng(seed)
        times = np.tile(np.arange(400) * INTERVAL, (2, 1))
        level = np.array([brightness(row, 0.01, [], rng) for row in times])
        level += np.cumsum(rng.standard_normal(level.shape), axis=1) * 0.1
        assert not estimate_flash(level, CameraTimes(("a", "b"), times, ("n", "n"))).estimable.any()


def test_an_even_blinking_fits_in_several_ways_and_tells_nothing():
    level, times, _ = recording(5, 0.98, [(0.6 + 0.5 * k, 0.1) for k in range(9)])
    shifted = estimate_flash(level, times)
    assert not shifted.shifted.any()
    assert not shifted.estimable.all()


def test_frames_missing_at_the_edge_of_a_flash_widen_its_sd():
    rng = np.random.default_rng(7)
    times = np.arange(600) * INTERVAL
    level = brightness(times, 0.0098, [(2.5, 0.15)], rng)
    kept = np.delete(np.arange(600), np.arange(262, 267))
    flash = find_flashes(level[kept], times[kept])
    assert flash.on_s == pytest.approx([2.5], abs=0.004)
    assert flash.off_sd_s[0] > INTERVAL
    assert abs(flash.off_s[0] - 2.65) < 3 * flash.off_sd_s[0]


def test_light_switched_on_for_good_is_no_flash():
    level = np.where(np.arange(600) > 300, 120.0, 80.0) + 0.1 * np.random.default_rng(0).standard_normal(600)
    assert len(find_flashes(level, np.arange(600) * INTERVAL).on_s) == 0
