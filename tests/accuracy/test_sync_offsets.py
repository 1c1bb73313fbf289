"""Clocks found from movement, against the shifts and drifts that were put in, and on a real recording."""

from dataclasses import replace

import numpy as np
import pytest

from calibration import CameraRig, read_rig
from calibration.rigid import rigid
from calibration.synthetic import ring_rig
from mocap.keypoints import associate_people, choose_participant
from mocap.readers.keypoints import read_keypoints
from mocap.sync import estimate_offsets
from mocap.synthetic import default_subject, faced, free_motion, observe, squat, static_standing, walking
from mocap.trial import Points3D

RATE = 100.0
SHIFTS = (0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
FAULTS = {"pixel_sigma": 1.0, "dropout": 0.1, "outlier_fraction": 0.02, "swap_fraction": 0.01, "swap_run": 5}


def thinned(points, n_keypoints=12):
    """As many keypoints as a pose model gives, spread over the body."""
    keep = np.linspace(0, len(points.names) - 1, n_keypoints).astype(int)
    return Points3D(points.position[:, keep], tuple(points.names[i] for i in keep), points.rate_hz)


def movement(kind, seconds=6.0, n_keypoints=12):
    subject = default_subject()
    if kind == "squat":
        return thinned(squat(subject, 2).points, n_keypoints)
    if kind == "walk":
        return thinned(faced(walking(subject, 4.0), 0.7, (0, 0, 0)).points, n_keypoints)
    if kind == "still":
        return thinned(static_standing(subject).points, n_keypoints)
    return thinned(free_motion(subject, seconds, seed=1).points, n_keypoints)


@pytest.fixture(scope="module")
def scenes():
    return {kind: movement(kind) for kind in ("squat", "walk", "free")}


def estimated(points, seed, shift, n_cameras=4):
    """One camera late or early by `shift` frames; returns the estimate and the largest error, frames."""
    offset = np.zeros(n_cameras)
    offset[seed % n_cameras] = shift if seed % 2 else -shift
    seen = observe(points, ring_rig(n_cameras, seed=seed), seed, desync_frames=offset, **FAULTS)
    found = estimate_offsets(seen.keypoints, ring_rig(n_cameras, seed=seed))
    return found, float(np.abs(found.offset_s * RATE - offset).max()), offset


def shares(scenes, seeds, n_cameras=(4,)):
    """Share of trials estimated within 0.2 frame, of shifts from half a frame on found, and of good cameras blamed."""
    close, detected, blamed = [], [], []
    for seed in seeds:
        kind, shift = ("squat", "walk", "free")[seed % 3], SHIFTS[seed % len(SHIFTS)]
        found, error, offset = estimated(scenes[kind], seed, shift, n_cameras[seed % len(n_cameras)])
        close.append(error <= 0.2)
        if shift >= 0.5:
            detected.append(found.shifted[offset != 0].all())
        blamed.append(found.shifted[offset == 0].any())
    return np.mean(close), np.mean(detected), np.mean(blamed)


def test_shifts_of_a_quarter_to_thirty_frames_are_found(scenes):
    close, detected, blamed = shares(scenes, (0, 4, 6))
    assert close == 1 and detected == 1 and blamed == 0


@pytest.mark.heavy
def test_shifts_are_found_in_200_seeds(scenes):
    close, detected, blamed = shares(scenes, range(200), (4, 3, 8))
    assert close >= 0.99 and detected >= 0.99 and blamed <= 0.01


def false_alarms(scenes, seeds):
    alarms = []
    for seed in seeds:
        found, _, _ = estimated(scenes[("squat", "walk", "free")[seed % 3]], seed, 0.0, (4, 3, 8)[seed % 3])
        assert found.estimable.all()
        alarms.append(found.shifted.any())
    return np.mean(alarms)


def test_clocks_that_agree_raise_no_alarm(scenes):
    assert false_alarms(scenes, range(2)) == 0


@pytest.mark.heavy
def test_clocks_that_agree_raise_no_alarm_in_200_seeds(scenes):
    assert false_alarms(scenes, range(200)) <= 0.01


def wandering(seconds, n_keypoints):
    """Points that wander about a room on three sines each: a long recording that costs little to make."""
    rng = np.random.default_rng(5)
    time_s = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * rng.uniform(0.2, 0.7, (3, n_keypoints, 3)) * time_s[:, None, None, None]
    wave = np.sin(phase + rng.uniform(0, 6, (3, n_keypoints, 3))).sum(axis=1)
    names = tuple(f"p{i}" for i in range(n_keypoints))
    return Points3D(np.array([0, 0, 1.0]) + 0.2 * wave, names, RATE)


def drift_errors(points, n_cameras):
    """Errors of drifts of 20, -50 and 200 ppm beside clocks that agree, ppm, and of the offsets, frames."""
    drift, offset = np.zeros(n_cameras), np.zeros(n_cameras)
    drift[:3], offset[2:4] = (20, -50, 200), (7, 0)
    rig = ring_rig(n_cameras, seed=3)
    seen = observe(points, rig, 1, drift_ppm=drift, desync_frames=offset, pixel_sigma=1.0, dropout=0.1,
                   outlier_fraction=0.02)  # fmt: skip
    found = estimate_offsets(seen.keypoints, rig)
    ends = (found.drift_ppm - drift) * 1e-6 * len(points.position) + (found.offset_s * RATE - offset)
    return np.abs(found.drift_ppm - drift).max(), np.abs(found.offset_s * RATE - offset).max(), np.abs(ends).max()


def test_drifts_are_found():
    drift, offset, end = drift_errors(wandering(240.0, 8), 5)
    assert drift <= 5 and offset <= 0.2 and end <= 0.2  # 0.6 ppm, 0.016 and 0.006 frames


@pytest.mark.heavy
def test_drifts_over_ten_minutes_are_found():
    drift, offset, end = drift_errors(wandering(600.0, 12), 5)
    assert drift <= 1 and offset <= 0.05 and end <= 0.05  # 0.23 ppm, 0.009 and 0.007 frames


def test_a_still_person_tells_nothing():
    points = movement("still")
    for seed, shift in ((1, 5.0),):
        offset = np.zeros(4)
        offset[1] = shift
        rig = ring_rig(4, seed=seed)
        found = estimate_offsets(observe(points, rig, seed, desync_frames=offset, **FAULTS).keypoints, rig)
        assert not found.estimable.any() and not found.shifted.any()
        assert "cannot be told from the movement" in found.words[0]


def test_a_short_trial_says_what_drift_it_could_have_seen(scenes):
    found, _, _ = estimated(scenes["squat"], 1, 4.3)
    assert abs(found.offset_s[1] * RATE - 4.3) < 0.1  # 4.24, sd 0.05
    assert np.isnan(found.drift_ppm).all() and found.shifted.tolist() == [False, True, False, False]
    assert found.words[0].startswith("Shifting camera 'cam_1' by -4.2") and "lowers" in found.words[0]
    assert "rift not estimable: over 9.6 s it could tell" in found.words[1]


def test_a_camera_that_was_bumped_is_not_taken_for_one_that_is_late(scenes):
    rig = ring_rig(4, seed=1)
    cameras = list(rig.cameras)
    cameras[1] = replace(cameras[1], cam_from_world=_turn(0.7) @ cameras[1].cam_from_world)
    bumped = CameraRig(tuple(cameras))
    for shift in (0.0, 3.0):
        seen = observe(scenes["squat"], rig, 1, desync_frames=[0, 0, shift, 0], **FAULTS)
        found = estimate_offsets(seen.keypoints, bumped)
        assert found.shifted.tolist() == [False, False, shift > 0, False]
        assert np.abs(found.offset_s * RATE - [0, 0, shift, 0]).max() < 0.2  # 0.09


def _turn(degrees):
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    return rigid(rotation, np.zeros(3))


@pytest.fixture(scope="module")
def balancing(shared_data):
    folder = shared_data / "openpose_4cam"
    rig = read_rig(folder / "calibration.toml")
    recording = read_keypoints(folder / "balancing", camera_names=rig.names, rate_hz=60, skeleton="BODY_25B")
    return choose_participant(associate_people(recording.people, rig)).keypoints, rig


def test_a_real_recording_that_is_synchronised_raises_no_alarm(balancing):
    keypoints, rig = balancing
    found = estimate_offsets(keypoints, rig)
    assert not found.shifted.any() and found.estimable.all()
    # -0.06, -0.01, 0.22, -0.14 frames, sd 0.07 to 0.10: cam_03, whose calibration is off, least agrees.
    assert np.abs(found.offset_s * 60).max() < 0.25


@pytest.mark.parametrize(("camera", "frames"), [
    (0, 3), pytest.param(1, -3, marks=pytest.mark.heavy), pytest.param(2, 3, marks=pytest.mark.heavy),
    pytest.param(3, -3, marks=pytest.mark.heavy),
])  # fmt: skip
def test_a_real_recording_shifted_by_hand_is_found(balancing, camera, frames):
    keypoints, rig = balancing
    pixels, confidence = np.full(keypoints.pixels.shape, np.nan), np.zeros(keypoints.confidence.shape)
    pixels[:], confidence[:] = keypoints.pixels, keypoints.confidence
    pixels[camera], confidence[camera] = np.nan, 0
    into, out = slice(max(frames, 0), min(frames, 0) or None), slice(max(-frames, 0), min(-frames, 0) or None)
    pixels[camera, into], confidence[camera, into] = keypoints.pixels[camera, out], keypoints.confidence[camera, out]
    found = estimate_offsets(replace(keypoints, pixels=pixels, confidence=confidence), rig)
    assert found.shifted.tolist() == [index == camera for index in range(4)]
    assert abs(found.offset_s[camera] * 60 - frames) < 0.4  # 0.02 to 0.31 (cam_03); noise of 8 px, 1.7 s
