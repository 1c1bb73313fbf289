"""Cameras that are lost on the way: the points go on with the covariance that is then true, or not at all."""

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.reconstruction import reconstruct
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Keypoints2D, Points3D

LOST = {"4 cameras": (), "3 cameras": (2,), "2 cameras": (2, 3), "1 camera": (0, 2, 3)}


def spoiled(seed):
    """Four cameras of which one, two and three are lost in the quarters of a squat: keypoints and truth."""
    trial = squat(default_subject(), repetitions=1).points
    names = trial.names[:26]
    points = Points3D(trial.position[100:180, :26], names, trial.rate_hz)
    rig = ring_rig(4, radius_m=4.0, size=(1920, 1080))
    seen = observe(points, rig, seed).keypoints
    pixels, confidence = seen.pixels.copy(), seen.confidence.copy()
    for quarter, lost in enumerate(LOST.values()):
        for camera in lost:
            pixels[camera, 20 * quarter : 20 * quarter + 20] = np.nan
            confidence[camera, 20 * quarter : 20 * quarter + 20] = 0.0
    return rig, points, Keypoints2D(pixels, confidence, names, trial.rate_hz)


def ratios(n_seeds):
    """Root of mean squared error over predicted variance, per axis of the covariance, by quarter."""
    errors, predicted = [], []
    for seed in range(n_seeds):
        rig, points, keypoints = spoiled(seed)
        found = reconstruct(keypoints, rig)
        errors.append(found.position - points.position)
        predicted.append(found.covariance.astype(float))
    error, covariance = np.array(errors), np.array(predicted)
    result = {}
    for quarter, name in enumerate(LOST):
        part = slice(20 * quarter, 20 * quarter + 20)
        e, c = error[:, part].reshape(-1, 3), covariance[:, part].reshape(-1, 3, 3)
        known = np.isfinite(e).all(axis=1)
        share = float(known.mean())
        sd_mm = float(1e3 * np.sqrt(np.trace(c[known], axis1=1, axis2=2).mean())) if known.any() else np.nan
        ratio = np.nan
        if known.any():
            whitened = np.linalg.solve(np.linalg.cholesky(c[known]), e[known][..., None])
            # The trimmed mean square: two views admit a rare wrong pair, which is another matter than the spread.
            squared = np.sort((whitened**2).sum(axis=(1, 2)))[: int(0.999 * known.sum())]
            ratio = float(np.sqrt(squared.mean() / 3))
        result[name] = (share, sd_mm, ratio)
        print(f"{name}: found {100 * share:.2f} %, sd {sd_mm:.2f} mm, true over predicted {ratio:.3f}")
    return result


def check(found):
    for name in ("4 cameras", "3 cameras", "2 cameras"):
        share, _, ratio = found[name]
        assert share > 0.995 and 0.9 < ratio < 1.1, name
    assert found["4 cameras"][1] < found["3 cameras"][1] < found["2 cameras"][1]
    assert found["1 camera"][0] == 0.0


def test_covariance_grows_as_cameras_are_lost():
    check(ratios(3))


@pytest.mark.heavy
def test_covariance_grows_as_cameras_are_lost_over_200_draws():
    check(ratios(200))
