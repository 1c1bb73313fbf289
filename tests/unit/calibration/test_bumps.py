"""Bumps within a recording: found where they were, as large as they were, and clocks that step are none."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import CameraRig
from calibration.in_use.bumps import find_bumps
from calibration.rigid import from_rotvec
from calibration.synthetic import ring_rig

RATE_HZ, N_FRAMES, BUMP, NOISE_PX = 50.0, 250, 150, 1.0


def someone_swaying(seed=0, n_points=14):
    """Points of a body that leans and turns, (time, point, 3), m."""
    rng = np.random.default_rng(seed)
    body = rng.uniform((-0.4, -0.3, 0.1), (0.4, 0.3, 1.8), (n_points, 3))
    when = np.arange(N_FRAMES) / RATE_HZ
    ways = rng.uniform(-0.3, 0.3, (2, 3))
    sway = np.sin(2 * np.pi * 0.4 * when)[:, None] * ways[0] + np.cos(2 * np.pi * 0.7 * when)[:, None] * ways[1]
    return body + sway[:, None]


def seen_by(rig, points):
    return np.stack([camera.project(points) for camera in rig])


def bumped(rig, camera, turn_deg, shift_mm):
    own = rig.cameras[camera]
    pose = from_rotvec(np.deg2rad(turn_deg), np.array(shift_mm) / 1e3) @ own.cam_from_world
    moved = replace(own, cam_from_world=pose)
    return CameraRig(tuple(moved if index == camera else one for index, one in enumerate(rig)))


def filmed(rig, after, noise_px=NOISE_PX, seed=0):
    points = someone_swaying(seed)
    pixels = seen_by(rig, points)
    pixels[:, BUMP:] = seen_by(after, points[BUMP:])
    return pixels + noise_px * np.random.default_rng(seed).standard_normal(pixels.shape)


def test_a_turn_and_a_shift_come_back_with_time_camera_and_size():
    rig = ring_rig(4, 3)
    turn_deg, shift_mm = np.array([0.3, -0.8, 1.0]), np.array([40.0, -25.0, 30.0])
    found = find_bumps(rig, filmed(rig, bumped(rig, 2, turn_deg, shift_mm), 0.05), RATE_HZ)
    assert found is not None
    (bump,) = found.bumps
    assert (bump.camera, bump.first) == (2, BUMP)
    off = np.concatenate([np.rad2deg(bump.value[:3]) - turn_deg, 1e3 * bump.value[3:] - shift_mm])
    sd = np.sqrt(np.diagonal(bump.covariance)) * np.repeat([np.rad2deg(1.0), 1e3], 3)
    assert (np.abs(off) < 4 * sd).all()  # measured 0.92
    assert sd[:3].max() < 0.02 and sd[3:].max() < 2.0  # deg, mm: measured 0.0018 and 0.12
    assert found.sigma_px == pytest.approx(0.05, rel=0.1)


def test_the_error_is_what_the_covariance_says():
    square = []
    rig = ring_rig(4, 5)
    true = np.array([0.5, -0.4, 0.6])
    for seed in range(6):
        found = find_bumps(rig, filmed(rig, bumped(rig, 1, true, (0, 0, 0)), seed=seed), RATE_HZ)
        (bump,) = found.bumps
        off = bump.value[:3] - np.deg2rad(true)
        square.append(off @ np.linalg.solve(bump.covariance[:3, :3], off))
    assert 0.3 < np.mean(square) / 3 < 2.2  # measured 0.50; chi-square of 18 freedoms, 99.8 %


def test_cameras_that_stand_still_are_not_accused_and_drift_by_no_more_than_their_error():
    rig = ring_rig(4, 1)
    found = find_bumps(rig, filmed(rig, rig), RATE_HZ)
    assert found.bumps == ()
    assert all(drift.turn_deg < 4 * drift.sd_deg for drift in found.drifts)
    assert all(drift.chance > 1e-4 for drift in found.drifts)


def test_a_small_bump_shows_in_the_drift():
    rig = ring_rig(4, 1)
    found = find_bumps(rig, filmed(rig, bumped(rig, 0, (0.1, 0.15, 0.1), (0, 0, 0))), RATE_HZ)
    drift = found.drifts[0]
    assert drift.turn_deg == pytest.approx(np.linalg.norm((0.1, 0.15, 0.1)), abs=4 * drift.sd_deg)
    assert drift.chance < 1e-6


def test_frames_lost_are_no_bump():
    rig = ring_rig(4, 2)
    pixels = filmed(rig, rig)
    pixels[3, BUMP:-2] = pixels[3, BUMP + 2 :]
    assert find_bumps(rig, pixels, RATE_HZ).bumps == ()


def test_too_little_tells_nothing():
    rig = ring_rig(4, 2)
    pixels = filmed(rig, rig)
    assert find_bumps(rig, pixels[:, :10], RATE_HZ) is None
    pixels[2:] = np.nan
    assert find_bumps(rig, pixels, RATE_HZ) is None
    assert find_bumps(CameraRig(rig.cameras[:2]), pixels[:2], RATE_HZ) is None
