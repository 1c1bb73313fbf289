"""The sd of angles of points that were reconstructed and smoothed, against their error over many draws."""

from collections.abc import Callable

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.reconstruction import Reconstruction, reconstruct_details
from mocap.reconstruction.smooth import smooth_points_kalman
from mocap.reconstruction.smooth_map import smooth_points_map
from mocap.synthetic import LANDMARK_BONES, default_subject, observe, squat, static_standing
from mocap.trial import Keypoints2D, Points3D

RIG = ring_rig(4, radius_m=4.0, size=(1920, 1080))
WAYS: dict[str, Callable[[Reconstruction, Keypoints2D], Points3D]] = {
    "kalman": lambda found, seen: smooth_points_kalman(found.points).points,
    "map": lambda found, seen: smooth_points_map(found, seen, RIG, LANDMARK_BONES).points,
}


@pytest.mark.heavy
@pytest.mark.parametrize("way", list(WAYS))
def test_the_sd_of_angles_of_smoothed_points_is_their_error(way: str) -> None:
    subject = default_subject(seed=3)
    trial = squat(subject, repetitions=1, rate_hz=50.0)
    names = trial.points.names[:26]
    truth = Points3D(trial.points.position[:, :26], names, 50.0)
    static = Points3D(static_standing(subject, seconds=1.0, rate_hz=30.0).points.position[:, :26], names, 30.0)
    options = KinematicsOptions(heading_rad=trial.motion.heading)
    true = kinematics(truth, static=static, options=options, measured=False).angles
    square, stated = [], []
    for seed in range(16):
        seen = observe(truth, RIG, seed, dropout=0.05).keypoints
        points = WAYS[way](reconstruct_details(seen, RIG), seen)
        angles = kinematics(points, static=static, options=options, measured=False).angles
        square.append(np.angle(np.exp(1j * (angles.values - true.values)))[20:-20] ** 2)
        stated.append(angles.sd[20:-20] ** 2)
    shown = np.flatnonzero(np.isfinite(true.values).all(axis=0) & np.isfinite(stated).any(axis=(0, 1)))
    ratio = {
        true.names[k]: float(np.sqrt(np.nanmean(np.array(stated)[:, :, k]) / np.nanmean(np.array(square)[:, :, k])))
        for k in shown
    }
    found = np.array(list(ratio.values()))
    worst = sorted(ratio.items(), key=lambda one: one[1])
    print(way, np.median(found).round(3), [(name, round(one, 3)) for name, one in (*worst[:4], *worst[-4:])])
    # Measured, of 16 draws, sd over error: kalman 1.04 in the median, 0.97 (hip rotation) to 1.15; map 1.04, 0.97 to
    # 1.13. Bones tie the errors of their ends together: as independent, trunk lean and pelvic obliquity would be 0.83.
    assert 0.95 <= np.median(found) <= 1.08
    assert found.min() >= 0.92 and found.max() <= 1.2
