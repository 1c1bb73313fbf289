"""What the noise of a static leaves in the angles of a trial, against statics whose points are displaced one by one."""

from dataclasses import replace

import numpy as np

from mocap.kinematics import KinematicsOptions, joint_angles, kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT, SD_M, STEP_M = default_subject(seed=3), 0.001, 1e-5
NOISY = ("RASIS", "SAC2", "RHEEL")
"""Placed by the static, of a cluster, and of a zero alone."""
OPTIONS = KinematicsOptions(heading_rad=0.0)


def one_leg(points: Points3D, frames: slice) -> Points3D:
    """Some frames of the trunk and the right leg."""
    kept = [at for at, name in enumerate(points.names) if name[0] != "L" or name[1:] in ("ASIS", "PSIS")]
    return Points3D(points.position[frames][:, kept], [points.names[at] for at in kept], 20.0)


def noisy(points: Points3D) -> Points3D:
    covariance = np.zeros((*points.position.shape, 3))
    covariance[:, [points.names.index(name) for name in NOISY]] = SD_M**2 * np.eye(3)
    return replace(points, covariance=covariance)


def test_angles_hold_what_the_noise_of_the_static_leaves_in_them() -> None:
    static = one_leg(static_standing(SUBJECT, seconds=0.25, rate_hz=20.0).points, slice(None))
    moving = squat(SUBJECT, repetitions=1, rate_hz=10.0).points
    trial = one_leg(moving, slice(moving.n_frames // 3, moving.n_frames // 3 + 1))
    angles = kinematics(noisy(trial), static=noisy(static), options=OPTIONS, measured=False).angles
    bare, variance = joint_angles(trial, static=static, options=OPTIONS).values, np.zeros(len(angles.names))
    for name in NOISY:
        for direction in np.eye(3):
            position = np.array(static.position)
            position[:, static.names.index(name)] += STEP_M * direction
            moved = joint_angles(trial, static=replace(static, position=position), options=OPTIONS).values
            variance += ((moved - bare)[0] / STEP_M) ** 2
    # The mean of the five quiet frames is what stays.
    left = np.sqrt(variance) * SD_M / np.sqrt(5)
    print({name: one for name, *one in zip(angles.names, *np.rad2deg([angles.u_static, left]).round(4), strict=True)})
    np.testing.assert_allclose(angles.u_static, left, rtol=0.01, atol=1e-6)
    for name in ("pelvic_tilt", "lumbar_flexion", "knee_flexion_r", "ankle_inversion_r", "sole_pitch_r"):
        assert left[angles.names.index(name)] > 1e-4, name
    # It counts in every frame, beside the noise of the trial itself.
    alone = kinematics(noisy(trial), static=static, options=OPTIONS, measured=False).angles
    assert not np.nan_to_num(alone.u_static).any()
    np.testing.assert_allclose(angles.sd[0], np.hypot(alone.sd[0], angles.u_static), rtol=1e-6, atol=1e-9)
