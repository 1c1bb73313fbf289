"""What the estimate of the pixel noise finds: a camera that is worse, and confidence that tells good from bad."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.reconstruction import ReconstructionOptions, reconstruct_details
from mocap.trial import Keypoints2D


def scene(n_cameras, sigma_of, seed=0, n_frames=300, n_keypoints=8):
    """Random points seen with noise of `sigma_of(confidence)` times that of the camera."""
    rng = np.random.default_rng(seed)
    rig = ring_rig(n_cameras, radius_m=4.0, size=(1920, 1080))
    points = rng.uniform([-0.6, -0.6, 0.1], [0.6, 0.6, 1.8], (n_frames, n_keypoints, 3))
    confidence = rng.uniform(0.3, 1.0, (n_cameras, n_frames, n_keypoints))
    pixels = rig.project(points) + rng.normal(size=(*confidence.shape, 2)) * sigma_of(confidence)[..., None]
    return rig, points, Keypoints2D(pixels, confidence, tuple(f"k{i}" for i in range(n_keypoints)), 100.0)


def rms_mm(details, points):
    return 1e3 * float(np.sqrt(((details.points.position - points) ** 2).sum(axis=-1).mean()))


def test_a_worse_camera_weighs_less():
    scale = np.array([1.0, 1.0, 1.0, 5.0])[:, None, None]
    rig, points, keypoints = scene(4, lambda confidence: scale * np.ones_like(confidence))
    details = reconstruct_details(keypoints, rig)
    assert details.sigma_px.mean(axis=1) == pytest.approx([1.0, 1.0, 1.0, 5.0], rel=0.1)  # measured 1.00 to 1.02, 4.97
    without = reconstruct_details(keypoints, rig, options=ReconstructionOptions(pixel_sigma=1.7))
    assert rms_mm(details, points) < 0.8 * rms_mm(without, points)  # measured 4.1 against 7.2 mm
    e, c = details.points.position - points, details.points.covariance.astype(float)
    inside = np.einsum("tki,tkij,tkj->tk", e, np.linalg.inv(c), e) < 7.815
    assert 0.93 < inside.mean() < 0.97  # measured 0.951


def test_cameras_that_differ_a_little_share_one_sigma():
    scale = np.array([1.0, 1.2, 0.9, 1.3])[:, None, None]
    rig, _, keypoints = scene(4, lambda confidence: scale * np.ones_like(confidence))
    sigma = reconstruct_details(keypoints, rig).sigma_px
    assert (sigma == sigma[:1]).all()


def test_confidence_counts_where_it_tells_good_from_bad():
    rig, points, keypoints = scene(6, lambda confidence: 1.0 / confidence)
    details = reconstruct_details(keypoints, rig)
    plain = reconstruct_details(keypoints, rig, options=ReconstructionOptions(weigh_confidence=False))
    assert details.confidence_power == pytest.approx(1.0, abs=0.1) and plain.confidence_power == 0.0
    assert rms_mm(details, points) < 0.92 * rms_mm(plain, points)  # measured 3.9 against 4.6 mm


def test_confidence_that_tells_nothing_has_no_say():
    for seed in range(5):
        rig, _, keypoints = scene(4, np.ones_like, seed)
        assert reconstruct_details(keypoints, rig).confidence_power == 0.0


def test_frames_that_differ_every_fourth_time_do_not_mislead_the_search():
    # Interpolated keypoints: every fourth frame is detected, the others lie off.
    rng, rig = np.random.default_rng(0), ring_rig(4)
    points = rng.uniform(-0.4, 0.4, (400, 9, 3)) + np.array([0.0, 0.0, 1.0])
    sd = np.where(np.arange(400) % 4 == 0, 0.05, 2.0)[:, None, None]
    pixels = rig.project(points) + rng.normal(0, 1, (4, 400, 9, 2)) * sd
    keypoints = Keypoints2D(pixels, np.ones(pixels.shape[:3]), tuple("abcdefghi"), 100.0)
    found = reconstruct_details(keypoints, rig)
    assert 1.5 < found.sigma_px.mean() < 2.0  # measured 1.72; 0.05 where the search starts from every fourth frame
    assert np.isfinite(found.points.position).mean() > 0.95
