"""Planted losses, drifts and odd samples are told by name, camera and time."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import ReconstructionError
from mocap.reconstruction import reconstruct_details
from mocap.reconstruction.losses import enough_found
from mocap.reconstruction.quality import length_verdicts, losses, oddity_verdicts, presence_verdict, size_verdicts
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Keypoints2D, Points3D

NAMES = ("RASIS", "LASIS", "RLFE", "LLFE", "RHEEL", "LHEEL", "C7", "RLMAL", "LLMAL")


@pytest.fixture(scope="module")
def scene():
    points = squat(default_subject(), repetitions=1).points
    columns = [points.names.index(name) for name in NAMES]
    points = Points3D(points.position[:200, columns], NAMES, points.rate_hz)
    rig = ring_rig(4)
    return rig, points, observe(points, rig, 0).keypoints


def test_losses_tell_what_became_of_every_observation(scene):
    rig, _, clean = scene
    pixels, confidence = clean.pixels.copy(), clean.confidence.copy()
    pixels[1, :80, 2] = np.nan
    confidence[2, 80:200, 2] = 0.1
    pixels[0, 100:150, 2] -= 200.0
    pixels[3, 100:150, 2] += 300.0
    spoiled = Keypoints2D(pixels, np.where(np.isfinite(pixels).all(axis=3), confidence, 0.0), NAMES, clean.rate_hz)
    details = reconstruct_details(spoiled, rig)
    found = losses(details, spoiled, rig)
    assert found.unseen[1, 2] == pytest.approx(0.4) and found.unconfident[2, 2] == pytest.approx(0.6)
    assert found.disagreeing[3, 2] >= 0.25
    assert np.allclose(found.unseen + found.unconfident + found.alone + found.disagreeing + found.used, 1.0)
    hidden = clean.pixels.copy()
    hidden[:3, :, 0] = np.nan
    one_view = Keypoints2D(hidden, np.where(np.isfinite(hidden).all(axis=3), 1.0, 0.0), NAMES, clean.rate_hz)
    lone = losses(reconstruct_details(one_view, rig), one_view, rig)
    assert lone.alone[3, 0] == 1.0 and not lone.disagreeing[:, 0].any()
    assert "cam_3 the only view 100 %" in lone.words()[0]
    (words,) = found.words()  # in frames 100 to 149 one camera is left
    assert words.startswith("RLFE is found in 7") and "cam_2 not confident 60 %" in words
    assert losses(reconstruct_details(clean, rig), clean, rig).words() == ()


def without(clean, gone):
    """Keypoints without some observations, (camera, time, keypoint)."""
    pixels = np.where(np.broadcast_to(gone, clean.confidence.shape)[..., None], np.nan, clean.pixels)
    return Keypoints2D(pixels, np.where(np.isfinite(pixels[..., 0]), 1.0, 0.0), NAMES, clean.rate_hz)


def test_keypoints_that_are_missing_most_of_the_time_are_named(scene):
    rig, _, clean = scene
    gone = np.zeros(clean.confidence.shape, bool)
    gone[1:, :, 6] = True  # C7 is in one view alone
    gone[1:, 50:, 7] = True  # RLMAL too, from the 50th frame on
    gone[:, :20] = True  # nobody is there yet: no keypoint's fault
    spoilt = without(clean, gone)
    verdict = presence_verdict(reconstruct_details(spoilt, rig), NAMES)
    assert not verdict.passed and verdict.measured == 2.0
    assert verdict.text.endswith("any point: C7 0 % (no two cameras saw it at once), RLMAL 17 %")  # 30 of 180 frames
    late = without(clean, np.arange(200)[:, None] < 150)
    assert presence_verdict(reconstruct_details(late, rig), NAMES).passed


def test_a_recording_that_yields_too_little_is_refused_with_cameras_and_keypoints(scene):
    rig, _, clean = scene
    frames = np.arange(200)[:, None]
    scattered = np.random.default_rng(0).random(clean.confidence.shape) > 0.1
    for gone in (frames != 199, scattered):
        with pytest.raises(ReconstructionError) as caught:
            reconstruct_details(without(clean, gone), rig)
        assert caught.value.code == "TOO_FEW_POINTS"
        assert "cam_3 " in caught.value.cause and "RASIS is found in " in caught.value.cause
    for gone in (frames < 180, frames % 10 > 0):  # somebody who comes late, every tenth frame labelled
        assert np.isfinite(reconstruct_details(without(clean, gone), rig).points.position).any()
    still = Keypoints2D(clean.pixels[:, :1], clean.confidence[:, :1], NAMES, clean.rate_hz)
    assert np.isfinite(reconstruct_details(still, rig).points.position).all()


def test_a_lower_body_among_many_keypoints_is_enough():
    found = np.zeros((600, 133), bool)
    found[:, :14] = np.random.default_rng(0).random((600, 14)) < 0.8
    assert enough_found(found, np.ones(133, bool))[0]
    found[10:590] = False
    assert enough_found(found, np.ones(133, bool))[0]
    assert not enough_found(found[:14] & (np.arange(14) % 4 == 0)[:, None], np.ones(133, bool))[0]


def test_sizes_are_those_of_the_noise(scene):
    rig, points, clean = scene
    details = reconstruct_details(clean, rig)
    sd, reprojection = size_verdicts(details.points, details.used)
    true_mm = 1e3 * np.median(np.linalg.norm(details.points.position - points.position, axis=2))
    assert 0.7 < true_mm / sd.measured < 1.2  # measured 0.89: the median of a distance against its RMS
    assert 0.7 < reprojection.measured < 1.3  # 1 px noise, of which the point takes its part; measured 0.9


def test_a_marker_that_slips_is_found_by_its_length(scene):
    _, points, _ = scene
    bones = (("RLFE", "RLMAL"), ("LLFE", "LLMAL"))
    (verdict,) = length_verdicts(points, bones)
    assert verdict.passed and verdict.measured < 0.5
    moved = points.position.copy()
    moved[:, 2, 2] -= np.linspace(0, 0.03, 200)
    (verdict,) = length_verdicts(Points3D(moved, NAMES, 100.0), bones)
    assert not verdict.passed and "RLFE-RLMAL" in verdict.text and 3 < verdict.measured < 8
    assert length_verdicts(points, ()) == ()


def test_odd_samples_are_told_with_keypoint_and_time(scene):
    _, points, _ = scene
    noisy = points.position + np.random.default_rng(0).normal(0, 0.001, points.position.shape)
    verdicts, odd = oddity_verdicts(Points3D(noisy, NAMES, 100.0))
    assert all(verdict.passed for verdict in verdicts) and not odd.any.any()
    noisy[120:150, 3] = noisy[120, 3]
    noisy[50, 6] += 0.06
    noisy[80, 4] += 1.0
    verdicts, odd = oddity_verdicts(Points3D(noisy, NAMES, 100.0))
    assert [verdict.passed for verdict in verdicts] == [False] * 3
    assert "LLFE 1.20 to 1.49 s (frame 120)" in verdicts[0].text
    assert "RHEEL" in verdicts[1].text and "C7 at 0.50 s (frame 50)" in verdicts[2].text
    assert odd.any[[120, 50, 80], [3, 6, 4]].all()
