"""Changes of an angle: their random part against filtered noise, their landmark part against misplaced landmarks."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ShapeError
from mocap.kinematics import Change, change_between, joint_angles, kinematics
from mocap.pipeline.motion import analyse
from mocap.pipeline.point_noise import trial_noise_correlation
from mocap.signal.filter_options import FilterOptions
from mocap.signal.filters import Butterworth, lowpass, variance_gain
from mocap.signal.linear import noise_correlation
from mocap.signal.polynomials import SavitzkyGolay
from mocap.signal.splines import SmoothingSpline
from mocap.synthetic import SyntheticTrial, default_subject, squat, static_standing
from mocap.synthetic.motion import pose, to_world
from mocap.trial import NEAR_GIMBAL_LOCK, AngleDefinition, JointAngles, Points3D, Trial

RATE = 100.0
SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT, seconds=1.0, rate_hz=10.0)
TRIAL = squat(SUBJECT, repetitions=1, rate_hz=10.0)
PLACED = ("RASIS", "LASIS", "RPSIS", "LPSIS", "RLFE", "RMFE", "RLMAL", "RMMAL", "RHEEL", "RMT1", "RMT2", "RMT5")


def _angles(values: np.ndarray, sd: float, **parts: np.ndarray) -> JointAngles:
    definition = AngleDefinition("pelvic_tilt", "", "", "", "", "absolute", "")
    values = np.asarray(values, float)[:, None]
    return JointAngles((definition,), values, RATE, sd=np.full(values.shape, sd), **parts)


def test_frames_without_filter_add_as_independent_ones() -> None:
    constant = {"u_sta": 0.05, "u_landmark_change": 0.01, "u_gravity": 0.3, "u_gravity_change": 0.03,
                "u_hip_centre": 0.2, "u_hip_centre_change": 0.04}  # fmt: skip
    constant_parts = {name: np.array([size]) for name, size in constant.items()}
    angles = _angles(np.r_[np.zeros(40), np.ones(60)], 0.02, **constant_parts)
    found = change_between(angles, "pelvic_tilt", np.arange(16), np.arange(50, 54))
    assert found.value_rad == pytest.approx(1.0) and (found.n_from, found.n_to) == (16, 4)
    assert found.random_rad == pytest.approx(0.02 * np.sqrt(1 / 16 + 1 / 4))
    assert (found.landmark_rad, found.soft_tissue_rad, found.gravity_rad) == (0.01, 0.05, 0.03)
    assert found.hip_centre_rad == 0.04
    assert found.uncertainty_rad == pytest.approx(np.sqrt(found.random_rad**2 + 0.01**2 + 0.05**2 + 0.03**2 + 0.04**2))
    # Masks are frames, and a single frame is one too; the way back is the same with the other sign.
    mask = np.zeros(100, bool)
    mask[50:54] = True
    assert change_between(angles, "pelvic_tilt", np.arange(16), mask) == found
    back = change_between(angles, "pelvic_tilt", mask, np.arange(16))
    assert back.value_rad == -found.value_rad and back.random_rad == pytest.approx(found.random_rad)
    assert change_between(angles, "pelvic_tilt", np.array(3), np.array(7)).random_rad == pytest.approx(0.02 * 2**0.5)


def test_what_the_static_left_in_both_parts_cancels() -> None:
    angles = _angles(np.zeros(10), np.hypot(0.02, 0.03), u_static=np.array([0.03]))
    assert change_between(angles, "pelvic_tilt", np.array(0), np.array(9)).random_rad == pytest.approx(0.02 * 2**0.5)


def test_missing_frames_are_left_out_and_nothing_gives_nothing() -> None:
    values = np.r_[np.nan, 1.0, 2.0, 5.0]
    angles = _angles(values, 0.02)
    found = change_between(angles, "pelvic_tilt", np.arange(2), np.array([3]))
    assert found.value_rad == 4.0 and found.n_from == 1
    assert np.isnan(found.landmark_rad) and np.isnan(found.soft_tissue_rad)
    assert found.uncertainty_rad == pytest.approx(found.random_rad)
    nothing = change_between(angles, "pelvic_tilt", np.array([0]), np.array([3]))
    assert np.isnan([nothing.value_rad, nothing.random_rad, nothing.uncertainty_rad]).all()
    unknown = change_between(_angles(values, np.nan), "pelvic_tilt", np.array([1]), np.array([3]))
    assert unknown.value_rad == 4.0 and np.isnan(unknown.random_rad)
    sd = np.full((4, 1), 0.02)
    sd[2] = np.nan  # a filled sample has a value and no sd, and does not count
    filled = change_between(replace(angles, sd=sd), "pelvic_tilt", np.array([1, 2]), np.array([3]))
    assert filled.n_from == 1 and filled.value_rad == 4.0
    with pytest.raises(ShapeError, match="no angle"):
        change_between(angles, "hip_flexion_r", np.array([1]), np.array([3]))
    with pytest.raises(ShapeError, match="begin with 1"):
        change_between(angles, "pelvic_tilt", np.array([1]), np.array([3]), np.array([0.5]))


def test_flagged_frames_are_left_out_and_counted() -> None:
    codes = np.array([0, 0, 1, 0, 2, 1, 0])[:, None]
    words = ("", "RLFE 60 mm off its place on the right thigh", NEAR_GIMBAL_LOCK)
    values = np.array([1.0, 1.0, 9.0, 2.0, 4.0, 9.0, np.nan])
    angles = _angles(values, 0.02, frame_reason=codes, frame_reason_words=words)
    found = change_between(angles, "pelvic_tilt", np.arange(3), np.arange(3, 7))
    assert found.value_rad == 2.0 and (found.n_from, found.n_to) == (2, 2)  # a note leaves nothing out
    assert (found.doubted_from, found.doubted_to) == (1, 1)
    nothing = change_between(angles, "pelvic_tilt", np.arange(3), np.array([5]))
    assert np.isnan(nothing.value_rad) and (nothing.n_to, nothing.doubted_to) == (0, 1)


@pytest.mark.parametrize(("start", "stop"), [((60, 90), (110, 111)), ((60, 61), (66, 67)), ((60, 100), (100, 130))])
def test_filtered_noise_scatters_changes_as_stated(start: tuple[int, int], stop: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.02, (200, 4000))
    filtered, _ = lowpass(noise, RATE, 6.0)
    found = (filtered[slice(*stop)].mean(axis=0) - filtered[slice(*start)].mean(axis=0)).std()
    angles = _angles(np.zeros(200), 0.02 * np.sqrt(variance_gain(200, RATE)[100]))
    frames = np.arange(*start), np.arange(*stop)
    stated = change_between(angles, "pelvic_tilt", *frames, noise_correlation(Butterworth(6.0, RATE))).random_rad
    assert stated / found == pytest.approx(1.0, abs=0.04)  # measured 0.99 to 1.01; the scatter itself is known to 1.1 %
    # Taken for independent, frames of one part would count for more than they tell, and neighbours cancel too little.
    assert abs(change_between(angles, "pelvic_tilt", *frames).random_rad / found - 1) > 0.08


@pytest.mark.parametrize("linear", [Butterworth(6.0, RATE), SavitzkyGolay(21, 3, RATE), SmoothingSpline(5.0, RATE)])
def test_the_correlation_of_filtered_noise_is_that_of_draws(linear: Butterworth) -> None:
    correlation = noise_correlation(linear)
    assert correlation[0] == 1.0 and abs(correlation[-1]) < 0.01
    size = 6 * linear.reach + 40
    filtered = linear(np.random.default_rng(2).normal(size=(size, 4000)))
    middle = size // 2
    found = [np.corrcoef(filtered[middle], filtered[middle + lag])[0, 1] for lag in range(0, linear.reach, 4)]
    # Measured within 0.04; a correlation of 4000 pairs is known to 0.016.
    np.testing.assert_allclose(correlation[: linear.reach : 4], found, atol=0.06)


@pytest.mark.parametrize("method", ["butterworth", "savitzky_golay", "gcv_spline", "none"])
def test_the_correlation_of_a_trial_is_that_of_its_filter(method: str) -> None:
    rng = np.random.default_rng(5)
    sigma = 0.001
    points = TRIAL.points
    covariance = np.broadcast_to(sigma**2 * np.eye(3), (*points.position.shape, 3)).astype(np.float32)
    noisy = Points3D(points.position + rng.normal(0, sigma, points.position.shape), points.names, 10.0, covariance)
    cutoff = 2.0 if method in ("butterworth", "savitzky_golay") else None
    filtering = FilterOptions(method, cutoff_hz=cutoff)  # type: ignore[arg-type]
    trial = analyse(Trial("t", noisy), STATIC.points, filtering=filtering)
    correlation = trial_noise_correlation(trial)
    if method == "none":
        assert correlation.tolist() == [1.0]
        return
    assert correlation[0] == 1.0 and len(correlation) > 5
    if method == "butterworth":
        np.testing.assert_array_equal(correlation, noise_correlation(Butterworth(2.0, 10.0)))
    # As if the filter had learned from the data: the gain tells it as well, to a tenth or so.
    learned = trial_noise_correlation(replace(trial, operations=()))
    assert learned[1] == pytest.approx(correlation[1], abs=0.15)


def _misplaced(trial: SyntheticTrial, moved: dict[str, np.ndarray]) -> Points3D:
    """The trial with landmarks marked elsewhere on the same bones, which move as before."""
    body = pose(trial.subject, trial.motion)
    placed = {
        name: body.place(segment, spot + moved.get(name, 0.0))
        for segment, table in trial.subject.landmarks.items()
        for name, spot in table.items()
    }
    world = to_world(trial.motion, np.stack([placed[name] for name in trial.points.names], axis=1))
    return Points3D(world, trial.points.names, trial.points.rate_hz)


def test_misplaced_landmarks_leave_in_changes_what_is_stated() -> None:
    result = kinematics(TRIAL.points, static=STATIC.points)
    reference = result.angles
    bottom = int(np.argmin(TRIAL.points.point("RASIS")[:, 2]))
    before, after = np.arange(5), np.arange(bottom - 1, bottom + 2)
    # One landmark along one axis of its bone after the other: independent misplacements add in squares.
    change, whole, step = np.zeros(len(reference.names)), np.zeros(reference.values.shape), 1e-5
    for name in PLACED:
        for direction in np.eye(3):
            moved = {name: step * direction}
            values = joint_angles(_misplaced(TRIAL, moved), static=_misplaced(STATIC, moved)).values
            shift = (values - reference.values) / step * 0.005
            change += (shift[after].mean(axis=0) - shift[before].mean(axis=0)) ** 2
            whole += shift**2
    change, whole = np.sqrt(change), np.median(np.sqrt(whole), axis=0)
    assert result.placement is not None
    told = {}
    for name in ("pelvic_tilt", "lumbar_flexion", "hip_flexion_r", "knee_flexion_r", "knee_varus_r", "knee_rotation_r",
                 "ankle_dorsiflexion_r", "shank_inclination_r", "thigh_elevation_r"):  # fmt: skip
        index = reference.names.index(name)
        stated = result.placement.change_sd(name, before, after)
        sizes = whole[index], change[index], stated, reference.u_landmark_change[index]
        told[name] = [float(np.rad2deg(one).round(3)) for one in sizes]
        # Measured: within 0.1 % of what all misplacements do, but knee varus, which looks at 50 frames, 5 %.
        assert reference.u_landmark[index] == pytest.approx(whole[index], rel=0.08, abs=np.deg2rad(0.02)), name
        # Never more than the most of the trial, of which 50 frames are looked at.
        assert stated <= 1.02 * reference.u_landmark_change[index] + 1e-9, name
        assert change_between(reference, name, before, after).landmark_rad == reference.u_landmark_change[index]
        exact = change_between(reference, name, before, after, landmark_rad=stated)
        assert isinstance(exact, Change) and exact.landmark_rad == stated
        # Misplaced ASIS also move the hip centre by the size of the pelvis that they show: with that known, of the
        # thigh's elevation 0.82 of 0.98 deg would be stated. Within 3 %.
        assert stated == pytest.approx(change[index], rel=0.05, abs=np.deg2rad(0.02)), name
    print(told)
    # In a squat without obliquity a misplaced ASIS or PSIS shifts tilt by the same everywhere: of 1.9 deg nothing is
    # left. Of hip flexion 1.2 of 1.9 deg stay, as the thigh turns about misplaced condyles.
    tilt, hip = (reference.names.index(name) for name in ("pelvic_tilt", "hip_flexion_r"))
    assert change[tilt] < 0.02 * whole[tilt] and change[hip] > 0.4 * whole[hip]


@pytest.mark.parametrize("frames", [np.array([10]), np.array([3, -11]), np.ones(11, bool)])
def test_frames_that_a_trial_does_not_have_are_refused(frames: np.ndarray) -> None:
    angles = _angles(np.arange(10.0), 0.02)
    assert change_between(angles, "pelvic_tilt", np.array([0]), np.array([-1])).value_rad == 9.0
    for pair in ((frames, np.array([1])), (np.array([1]), frames)):
        with pytest.raises(ShapeError, match="10 frames"):
            change_between(angles, "pelvic_tilt", *pair)
