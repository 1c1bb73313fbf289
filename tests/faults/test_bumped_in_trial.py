"""A camera that is bumped two seconds before the end of a trial: some verdict fails and names it."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import CameraRig
from calibration.rigid import from_rotvec
from calibration.synthetic import ring_rig
from mocap.pipeline.trial_bumps import bump_verdicts, without_bumped_ends
from mocap.pipeline.trial_check import check_against_calibration
from mocap.pipeline.trial_clocks import set_clocks
from mocap.synthetic import default_subject, observe, squat, walking
from mocap.trial import Points3D

N_CAMERAS, N_FRAMES, AFTER = 4, 600, 200
NOISE = {"pixel_sigma": 2.0, "outlier_fraction": 0.03, "dropout": 0.05}


def bumped(rig, which, degrees, seed, shift_mm=0.0):
    axis = np.random.default_rng(seed).standard_normal(3)
    axis /= np.linalg.norm(axis)
    turn = from_rotvec(np.deg2rad(degrees) * axis, 1e-3 * shift_mm * axis)
    own = rig.cameras[which]
    moved = replace(own, cam_from_world=turn @ own.cam_from_world)
    return CameraRig(tuple(moved if index == which else camera for index, camera in enumerate(rig)))


def filmed(seed, degrees, shift_mm=0.0):
    rig, which = ring_rig(N_CAMERAS, seed), seed % N_CAMERAS
    points = (walking if seed % 2 else squat)(default_subject(seed=seed)).points
    start = max(0, points.n_frames // 2 - N_FRAMES // 2)
    some = Points3D(points.position[start : start + N_FRAMES, ::4], points.names[::4], points.rate_hz)
    seen = observe(some, rig, seed, **NOISE).keypoints
    pixels = np.array(seen.pixels)
    if degrees or shift_mm:
        moved = observe(some, bumped(rig, which, degrees, seed, shift_mm), seed, **NOISE).keypoints
        pixels[:, -AFTER:] = moved.pixels[:, -AFTER:]
    return replace(seen, pixels=pixels), rig, rig.names[which]


def alarm(seed, degrees):
    """Whether a verdict fails that names the bumped camera; of others that fail, or are about clocks, the names."""
    film, rig, name = filmed(seed, degrees)
    done = set_clocks(film, rig)
    bumps = bump_verdicts(done.keypoints, rig, done.verdicts)
    clocks = without_bumped_ends(done.verdicts, bumps)
    verdicts = (*clocks, *bumps, *check_against_calibration(done.keypoints, rig))
    failed = [verdict.name for verdict in verdicts if not verdict.passed]
    told = f"{name} steady" in failed
    clocks_named = [verdict.name for verdict in clocks if verdict.name.endswith((" frames", " clock", " ends"))]
    return told, [one for one in failed if not one.startswith(f"{name} ")] + clocks_named


def told_bumps(seed, degrees, shift_mm=0.0):
    """The bumped camera, and the verdicts on bumps alone."""
    film, rig, name = filmed(seed, degrees, shift_mm)
    return name, {verdict.name: verdict for verdict in bump_verdicts(film, rig)}


def test_a_camera_bumped_by_half_a_degree_is_told_and_no_other():
    name, verdicts = told_bumps(2, 0.5)
    assert [one for one, verdict in verdicts.items() if not verdict.passed] == [f"{name} steady", f"{name} drift"]
    assert verdicts[f"{name} drift"].measured == pytest.approx(0.5, abs=0.1)  # measured 0.48, sd 0.023
    assert "at 4.00 s (frame 400)" in verdicts[f"{name} steady"].text
    assert "clocks are not known to agree" in verdicts[f"{name} drift"].text


def test_small_bumps_pass_the_drift_limit_and_are_told():
    name, verdicts = told_bumps(1, 0.2)
    drift = verdicts[f"{name} drift"]
    assert not drift.passed and drift.measured == pytest.approx(0.2, abs=0.05)  # measured 0.215, sd 0.010


# Without clocks set, squats and walking, sigma 2 px, 3 % outliers, bumped 2 s before the end. Measured: 2, 1, 0.5 and
# 0.2 deg within these limits over 200 seeds each, no other camera. Of 5 mm 34 of 40: what is known of the missed
# ones, were the noise perfectly known, is 6 to 42 of chi-square (6 freedoms), where a chance of 1e-6 takes 38; of the
# two of 0.2 deg 27 and 31.
@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("degrees", "shift_mm", "share"), [(2.0, 0.0, 0.99), (1.0, 0.0, 0.99), (0.5, 0.0, 0.95), (0.2, 0.0, 0.95)]
)
def test_bumps_are_told_in_200_trials(degrees, shift_mm, share):
    found = [told_bumps(seed, degrees, shift_mm) for seed in range(200)]
    assert np.mean([not verdicts[f"{name} steady"].passed for name, verdicts in found]) >= share
    others = [any(not v.passed for one, v in verdicts.items() if not one.startswith(name)) for name, verdicts in found]
    assert np.mean(others) <= 0.01  # measured 0


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("degrees", [0.2, 0.5, 1.0, 2.0])
def test_bumps_are_not_told_as_clocks(degrees):
    found = [alarm(seed, degrees) for seed in range(60)]
    assert np.mean([told for told, _ in found]) >= 0.95
    assert np.mean([bool(others) for _, others in found]) <= 0.05


@pytest.mark.heavy
def test_no_camera_is_accused_that_stood_still():
    found = [told_bumps(seed, 0.0)[1] for seed in range(200)]
    assert np.mean([any(not verdict.passed for verdict in one.values()) for one in found]) <= 0.01  # measured 0


@pytest.mark.heavy
@pytest.mark.parametrize(("degrees", "told"), [(0.0, False), (0.5, True), (1.0, True)])
def test_eight_cameras_in_ten_minutes_show_a_bump_two_seconds_before_the_end(degrees, told):
    # Of a long trial not every frame is looked at; measured: right in 8 of 8 seeds each, no other camera.
    for seed in range(4):
        rig, which, n_frames = ring_rig(8, seed), seed % 8, 60_000
        once = (walking if seed % 2 else squat)(default_subject(seed=seed)).points
        there_and_back = np.concatenate([once.position[:, ::4], once.position[::-1, ::4]])
        position = np.resize(there_and_back, (n_frames, *there_and_back.shape[1:]))
        some = Points3D(position, once.names[::4], once.rate_hz)
        seen = observe(some, rig, seed, **NOISE).keypoints
        if told:
            end = Points3D(position[-AFTER:], some.names, some.rate_hz)
            moved = observe(end, bumped(rig, which, degrees, seed), seed, **NOISE).keypoints
            pixels = np.array(seen.pixels)
            pixels[:, -AFTER:] = moved.pixels
            seen = replace(seen, pixels=pixels)
        verdicts = bump_verdicts(seen, rig)
        failed = {verdict.name.rsplit(" ", 1)[0] for verdict in verdicts if not verdict.passed}
        assert failed == ({rig.names[which]} if told else set())
