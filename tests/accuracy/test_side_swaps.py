"""Exchanged left and right: synthetic people whose labels are known, and two detectors on one video."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.keypoints import find_side_swaps
from mocap.keypoints.sides_names import part_of, side_pairs
from mocap.synthetic import default_subject, faced, observe, squat, walking
from mocap.trial import Keypoints2D, Points3D

# Like what pose models report of a person.
BODY = ("RASIS", "LASIS", "RPSIS", "LPSIS", "RSJC", "LSJC", "REJC", "LEJC", "RWJC", "LWJC", "RLFE", "LLFE", "RLMAL",
        "LLMAL", "RHEEL", "LHEEL", "RHALLUX", "LHALLUX", "C7", "CLAV")  # fmt: skip
N_FRAMES = 120


def person(seed, heading=0.0, n_frames=N_FRAMES):
    trial = faced((walking if seed % 2 else squat)(default_subject(seed=seed)), heading, (0.0, 0.0, 0.0))
    places = [trial.points.names.index(name) for name in BODY]
    start = max(trial.points.n_frames // 2 - n_frames // 2, 0)
    return Points3D(trial.points.position[start : start + n_frames, places], BODY, 100.0)


def seen(seed, rig, sigma=3.0):
    heading = float(np.random.default_rng(seed).uniform(-np.pi, np.pi))
    return observe(person(seed, heading), rig, seed, pixel_sigma=sigma, outlier_fraction=0.02, dropout=0.05).keypoints


def exchanged(keypoints, views, parts=None):
    """The same with labels exchanged in some views, shape (camera, time), and which keypoints really were."""
    mask = np.zeros(keypoints.confidence.shape, bool)
    pixels, confidence = keypoints.pixels.copy(), keypoints.confidence.copy()
    for right, left in side_pairs(keypoints.names):
        if parts is None or part_of(keypoints.names[right]) in parts:
            for one, other in ((right, left), (left, right)):
                pixels[views, one] = keypoints.pixels[views, other]
                confidence[views, one] = keypoints.confidence[views, other]
                mask[:, :, one] = views
    return Keypoints2D(pixels, confidence, keypoints.names, keypoints.rate_hz), mask


def burst(rng, n_cameras, length):
    views = np.zeros((n_cameras, N_FRAMES), bool)
    start = int(rng.integers(0, N_FRAMES - length))
    views[int(rng.integers(n_cameras)), start : start + length] = True
    return views


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(3, 40))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_burst_of_one_camera_is_found_to_the_frame(seed):
    rng, rig = np.random.default_rng(seed), ring_rig(4 + seed % 3, seed)
    views = burst(rng, len(rig), int(rng.integers(3, 30)))
    found = find_side_swaps(exchanged(seen(seed, rig), views)[0], rig)
    assert np.array_equal(found.whole, views) and found.part.mean() < 0.01
    assert (found.facing > 0).mean() > 0.9
