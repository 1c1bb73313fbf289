"""Angular velocities and rates of angles against closed forms and the synthetic body."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.kinematics import kinematics
from mocap.kinematics.further.rates import angle_rates, angular_velocity, central_difference
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()


def test_a_steady_turn_is_exact() -> None:
    axis = np.array([1.0, -2.0, 0.5]) / np.linalg.norm([1.0, -2.0, 0.5])
    start = Rotation.from_rotvec([0.3, 0.2, -1.0])
    for speed in (0.5, 40.0, 300.0):  # rad/s, the last one 172 deg in two frames
        turns = Rotation.from_rotvec(np.arange(50)[:, None] / 200.0 * speed * axis) * start
        found = angular_velocity(turns.as_matrix(), 200.0)
        np.testing.assert_allclose(found[1:-1], np.tile(speed * axis, (48, 1)), atol=1e-9)
        assert np.isnan(found[[0, -1]]).all()


def test_a_swing_agrees_with_its_derivative() -> None:
    t = np.arange(400) / 200.0
    angle = 0.8 * np.sin(2 * np.pi * t)
    found = angular_velocity(Rotation.from_rotvec(angle[:, None] * [0, 0, 1.0]).as_matrix(), 200.0)
    # The third derivative times dt^2 / 6: 0.083 % of the amplitude.
    np.testing.assert_allclose(found[1:-1, 2], (1.6 * np.pi * np.cos(2 * np.pi * t))[1:-1], atol=0.0009 * 1.6 * np.pi)
    np.testing.assert_allclose(found[1:-1, :2], 0.0, atol=1e-12)


def test_missing_frames_take_their_neighbours_along() -> None:
    turns = Rotation.from_rotvec(np.arange(20)[:, None] * [0.01, 0.0, 0.0]).as_matrix()
    turns[10] = np.nan
    missing = np.isnan(angular_velocity(turns, 100.0)[:, 0])
    assert np.flatnonzero(missing).tolist() == [0, 9, 11, 19]
    for n_frames in (0, 1, 2):
        assert np.isnan(angular_velocity(turns[:n_frames], 100.0)).all()
        assert central_difference(np.zeros(n_frames), 100.0).shape == (n_frames,)


def test_segments_turn_as_the_body_does() -> None:
    trial = squat(SUBJECT, repetitions=1)
    static = static_standing(SUBJECT, seconds=1.0).points
    result = kinematics(trial.points, static=static)
    truth = trial.segments
    for name in ("pelvis", "thorax", "femur_r", "foot_l"):
        turns = truth.world_from_segment[:, truth.names.index(name), :3, :3]
        expected = Rotation.from_matrix(turns[2:] @ np.swapaxes(turns[:-2], 1, 2)).as_rotvec() * 50.0
        found = result.segments.measure(f"angular_velocity_{name}")
        assert found.unit == "rad/s"
        np.testing.assert_allclose(found.values[1:-1], expected, atol=1e-9)
    # In the sagittal plane the pelvis turns by what its tilt changes: forward about the world's Y, which points left.
    rates, _ = angle_rates(result.angles)
    tilt = rates[:, result.angles.names.index("pelvic_tilt")]
    turning = result.segments.measure("angular_velocity_pelvis").values
    np.testing.assert_allclose(turning[1:-1, 1], tilt[1:-1], atol=1e-6)


def test_rates_of_angles_carry_their_uncertainty() -> None:
    trial = squat(SUBJECT, repetitions=1)
    angles = kinematics(trial.points, static=static_standing(SUBJECT, seconds=1.0).points).angles
    rate, sd = angle_rates(replace(angles, sd=np.full(angles.values.shape, 0.01)))
    np.testing.assert_allclose(sd[1:-1], 0.01 * np.sqrt(2.0) * 50.0, atol=1e-12)
    knee = angles.names.index("knee_flexion_r")
    np.testing.assert_allclose(rate[1:-1, knee], np.gradient(angles.values[:, knee], 0.01)[1:-1], atol=1e-9)


def test_who_asks_for_angles_alone_waits_for_nothing_else() -> None:
    trial = squat(SUBJECT, repetitions=1)
    whole, alone = kinematics(trial.points), kinematics(trial.points, measured=False)
    assert whole.segments.measures and not alone.segments.measures
    np.testing.assert_array_equal(whole.angles.values, alone.angles.values)


def test_a_joint_that_leaves_its_turn_has_a_steady_rate() -> None:
    angles = kinematics(squat(SUBJECT, repetitions=1).points).angles
    column = angles.names.index("hip_rotation_r")
    values = np.array(angles.values)
    steady = np.deg2rad(np.linspace(170.0, 190.0, len(values)))
    values[:, column] = np.where(steady < np.pi, steady, steady - 2 * np.pi)
    rate, _ = angle_rates(replace(angles, values=values))
    # Two frames stood at -180 deg times the rate and more.
    np.testing.assert_allclose(rate[1:-1, column], np.diff(steady)[0] * angles.rate_hz, atol=1e-9)


@pytest.mark.parametrize("n_frames", [1, 2])
def test_a_velocity_without_a_value_says_why(n_frames: int) -> None:
    points = squat(SUBJECT, repetitions=1).points
    few = Points3D(points.position[:n_frames], points.names, points.rate_hz)
    found = kinematics(few).segments.measure("angular_velocity_pelvis")
    assert np.isnan(found.values).all() and not found.observable
    assert found.reason.startswith("no frame has the segment in the frame before it")
