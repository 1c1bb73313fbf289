"""Frames that a camera lost without a word: found from movement, located, and nothing shifts after the gap."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.pipeline.trial_clocks import set_clocks
from mocap.sync import estimate_offsets, find_lost_frames
from mocap.synthetic import default_subject, faced, free_motion, observe, squat, static_standing, walking
from mocap.trial import Keypoints2D, Points3D

FAULTS = {"pixel_sigma": 1.0, "dropout": 0.1, "outlier_fraction": 0.02, "swap_fraction": 0.01, "swap_run": 5}


def thinned(points, n_keypoints=12):
    keep = np.linspace(0, len(points.names) - 1, n_keypoints).astype(int)
    return Points3D(points.position[:, keep], tuple(points.names[i] for i in keep), points.rate_hz)


@pytest.fixture(scope="module")
def scenes():
    subject = default_subject()
    return {
        "squat": thinned(squat(subject, 2).points),
        "walk": thinned(faced(walking(subject, 4.0), 0.7, (0, 0, 0)).points),
        "free": thinned(free_motion(subject, 4.0, seed=1).points),
    }


def without(keypoints, camera, after, count):
    """The footage of a camera that lost frames: later ones move up, and it ends early."""
    pixels, confidence = np.array(keypoints.pixels), np.array(keypoints.confidence)
    pixels[camera, after + 1 : -count] = keypoints.pixels[camera, after + 1 + count :]
    confidence[camera, after + 1 : -count] = keypoints.confidence[camera, after + 1 + count :]
    pixels[camera, -count:], confidence[camera, -count:] = np.nan, 0
    return Keypoints2D(pixels, confidence, keypoints.names, keypoints.rate_hz)


def looked_for(scenes, seed, count, kind=None):
    """Lose frames somewhere in the middle half, with another camera's clock off; returns what is found, and where."""
    rng = np.random.default_rng(seed)
    points = scenes[kind or ("squat", "walk", "free")[seed % 3]]
    n_cameras = (4, 3, 8)[seed // 3 % 3]
    rig = ring_rig(n_cameras, seed=seed)
    offset = np.zeros(n_cameras)
    offset[(seed + 1) % n_cameras] = (0, 2.4, -7.3)[seed // 2 % 3]
    seen = observe(points, rig, seed, desync_frames=offset, **FAULTS).keypoints
    after = int(rng.integers(seen.n_frames // 4, 3 * seen.n_frames // 4 - count))
    seen = without(seen, seed % n_cameras, after, count) if count else seen
    found = find_lost_frames(seen, rig, estimate_offsets(seen, rig))
    return found, rig.names[seed % n_cameras], after


@pytest.mark.parametrize(
    ("seed", "count", "kind"),
    [(14, 50, "free"), pytest.param(3, 5, "walk", marks=pytest.mark.heavy), (3, 1, "free")],
)
def test_lost_frames_are_found_where_they_were_lost(scenes, seed, count, kind):
    (found,), camera, after = looked_for(scenes, seed, count, kind)
    assert (found.camera, found.count) == (camera, count)
    assert found.after_frame == after and found.first <= after <= found.last
    assert found.last - found.first <= (0 if count > 1 else 2)  # 0, 0, 0 or 1


def shares(scenes, seeds):
    """Share of losses of 1, 5 and 50 frames found with camera and count; of those told to the frame, how many of them
    there are and those right; and those within the span that is told."""
    found, exact, right, held = {1: [], 5: [], 50: []}, [], [], []
    for seed in seeds:
        count = (5, 50, 1)[seed // 9 % 3]
        lost, camera, after = looked_for(scenes, seed, count)
        told = len(lost) == 1 and (lost[0].camera, lost[0].count) == (camera, count)
        found[count].append(told)
        if count > 1:
            exact.append(told and lost[0].first == lost[0].last)
        if told:
            held.append(lost[0].first <= after <= lost[0].last)
            if lost[0].first == lost[0].last:
                right.append(lost[0].after_frame == after)
    return {count: np.mean(told) for count, told in found.items()}, np.mean(exact), np.mean(right), np.mean(held)


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_lost_frames_are_found_in_108_seeds(scenes):
    found, exact, right, held = shares(scenes, range(108))
    # Measured: 1.00, 0.97, 0.75 and 0.97.
    assert found[5] >= 0.95 and found[50] >= 0.95 and found[1] >= 0.7 and held >= 0.95
    # Measured: 0.82 and 1.00; the others were lost while the person stood still.
    assert exact >= 0.8 and right >= 0.99


def test_nothing_is_lost_where_nothing_was(scenes):
    assert not any(looked_for(scenes, seed, 0)[0] for seed in (4,))


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_nothing_is_lost_in_200_seeds(scenes):
    assert np.mean([bool(looked_for(scenes, seed, 0)[0]) for seed in range(200)]) <= 0.01


def test_two_cameras_tell_of_a_loss(scenes):
    rig = ring_rig(3, seed=2).subset(("cam_0", "cam_1"))
    (found,) = find_lost_frames(without(observe(scenes["free"], rig, 2, **FAULTS).keypoints, 1, 180, 20), rig)
    assert found.count == 20 and found.first <= 180 <= found.last and found.last - found.first <= 3


def test_who_stands_still_tells_of_no_loss():
    points = thinned(static_standing(default_subject()).points)
    rig = ring_rig(4, seed=0)
    seen = observe(points, rig, 0, **FAULTS).keypoints
    assert find_lost_frames(without(seen, 1, 150, 5), rig) == ()


@pytest.mark.heavy
def test_a_drifting_clock_loses_no_frames():
    points = thinned(free_motion(default_subject(), 120.0, seed=2).points)
    rig = ring_rig(4, seed=3)
    for ppm in (50, 200, 500):
        seen = observe(points, rig, 1, drift_ppm=[0, ppm, 0, 0], **FAULTS).keypoints
        assert find_lost_frames(seen, rig, estimate_offsets(seen, rig)) == ()


@pytest.mark.heavy
def test_several_losses_of_several_cameras_are_found(scenes):
    rig = ring_rig(4, seed=5)
    points = thinned(free_motion(default_subject(), 12.0, seed=1).points)
    seen = without(without(without(observe(points, rig, 5, **FAULTS).keypoints, 2, 900, 3), 2, 300, 10), 0, 600, 4)
    found = find_lost_frames(seen, rig)
    assert [(item.camera, item.count) for item in found] == [("cam_0", 4), ("cam_2", 10), ("cam_2", 3)]
    assert all(abs(item.after_frame - after) <= 1 for item, after in zip(found, (600, 300, 890), strict=True))


def test_a_trial_with_a_loss_is_told_or_set_right(scenes):
    rig = ring_rig(4, seed=5)
    short = Points3D(scenes["free"].position[:250, ::2], scenes["free"].names[::2], scenes["free"].rate_hz)
    whole = observe(short, rig, 5, pixel_sigma=1.0).keypoints
    seen = without(whole, 2, 120, 5)
    told = set_clocks(seen, rig, "check")
    assert [(verdict.name, verdict.passed) for verdict in told.verdicts] == [
        ("cam_2 frames", False), ("clocks agree", True)]  # fmt: skip
    assert "lost 5 frames after frame 120: from there on" in told.verdicts[0].text
    np.testing.assert_array_equal(told.keypoints.pixels, seen.pixels)
    done = set_clocks(seen, rig, "auto")
    assert all(verdict.passed for verdict in done.verdicts)
    expected = np.array(whole.pixels)
    expected[2, 121:126] = np.nan
    np.testing.assert_array_equal(done.keypoints.pixels, expected)  # to the bit: whole frames are copied
    assert "lost 5 frames after frame 120" in done.operation.parameters["notes"]
