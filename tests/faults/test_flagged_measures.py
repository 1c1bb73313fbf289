"""What is wrong with points is told of the measures and poses that are made of them, frame by frame."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.kinematics import Kinematics, KinematicsOptions, kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Measure, Points3D

FAULT = slice(60, 90)
OFF = {"m": 0.005, "1": 0.02, "rad/s": np.deg2rad(20.0)}


@pytest.fixture(scope="module")
def static() -> Points3D:
    return static_standing(default_subject(), seconds=2.0).points


@pytest.fixture(scope="module")
def points() -> Points3D:
    whole = squat(default_subject(), repetitions=1).points
    return Points3D(whole.position[:200], whole.names, whole.rate_hz)


@pytest.fixture(scope="module")
def sound(points: Points3D, static: Points3D) -> Kinematics:
    return kinematics(points, None, static)


def exchanged(points: Points3D, one: str, other: str) -> Points3D:
    position, (i, j) = np.array(points.position), (points.names.index(one), points.names.index(other))
    position[FAULT, [i]], position[FAULT, [j]] = position[FAULT, [j]], position[FAULT, [i]]
    return replace(points, position=position)


def shifted(points: Points3D, name: str, by_m: tuple[float, float, float], frames: slice = FAULT) -> Points3D:
    position = np.array(points.position)
    position[frames, points.names.index(name)] += by_m
    return replace(points, position=position)


def off(one: Measure, sound: Measure) -> np.ndarray:
    """Frames in which a measure is off by more than noise and rounding make."""
    apart = np.abs(one.values - sound.values).reshape(len(one.values), -1)
    return (np.nan_to_num(apart) > OFF[one.unit]).any(axis=1)


def words(one: Measure) -> set[str]:
    return {one.frame_reason_words[code] for code in np.unique(one.frame_reason)} - {""}


def test_a_sound_trial_has_no_flags(sound: Kinematics) -> None:
    assert not sound.segments.frame_reason.any()
    assert not any(one.frame_reason.any() for one in sound.segments.measures)


@pytest.mark.parametrize("fault", ["heels exchanged", "heel off", "condyle off", "head off"])
def test_no_measure_is_off_without_a_flag(fault: str, points: Points3D, static: Points3D, sound: Kinematics) -> None:
    spoilt = {
        "heels exchanged": lambda: exchanged(points, "RHEEL", "LHEEL"),
        "heel off": lambda: shifted(points, "RHEEL", (0.0, 0.0, 0.05)),
        "head off": lambda: shifted(points, "VERTEX", (0.1, 0.0, 0.0)),
        "condyle off": lambda: shifted(points, "RLFE", (0.0, -0.06, 0.0)),
    }[fault]()
    result = kinematics(spoilt, None, static)
    wrong = 0
    for one in result.segments.measures:
        bad = off(one, sound.segments.measure(one.name))
        assert not (bad & ~one.doubted).any(), one.name
        wrong += bad.any()
    assert wrong >= 2
    apart = np.abs(result.segments.world_from_segment - sound.segments.world_from_segment).max(axis=(2, 3))
    assert (result.segments.frame_reason[(apart > 0.005) | np.isnan(apart)] > 0).all()


def test_flags_name_points_and_frames_of_what_is_made_of_them(points: Points3D, static: Points3D) -> None:
    segments = kinematics(exchanged(points, "RHEEL", "LHEEL"), None, static).segments
    told = {"labels of RHEEL and LHEEL exchanged"}
    for name in ("heel_rise_r", "knee_over_toe_l", "base_of_support_margin", "centre_of_mass", "com_ap_ratio"):
        one = segments.measure(name)
        assert np.flatnonzero(one.frame_reason).tolist() == list(range(60, 90)), name
        assert words(one) == told
    # A velocity is made of the frames beside its own.
    for name in ("angular_velocity_foot_r", "margin_of_stability"):
        assert np.flatnonzero(segments.measure(name).frame_reason).tolist() == list(range(59, 91)), name
    for name in ("angular_velocity_pelvis", "angular_velocity_femur_r"):
        assert not segments.measure(name).frame_reason.any()
    flagged = {segments.names[k] for k in np.flatnonzero(segments.frame_reason.any(axis=0))}
    assert flagged == {"foot_r", "foot_l"}


def test_a_length_that_a_measure_goes_by_is_among_its_points(points: Points3D, static: Points3D) -> None:
    segments = kinematics(shifted(points, "RMMAL", (0.0, 0.0, 0.05)), None, static).segments
    assert segments.measure("margin_of_stability_variable_length").frame_reason[FAULT].all()  # by the ankles' height
    assert not segments.measure("margin_of_stability").frame_reason.any()


def test_what_gives_no_pose_gives_no_measure(points: Points3D, static: Points3D) -> None:
    plate = [points.names.index(f"SAC{number}") for number in range(1, 5)]
    position = np.array(points.position)
    position[FAULT, plate[0]] += (0.04, 0.03, 0.0)
    position[FAULT, plate[1]] -= (0.04, 0.0, 0.03)
    result = kinematics(replace(points, position=position), None, static)
    lost = np.isnan(result.angles["pelvic_tilt"])
    assert lost[FAULT].all()
    spin = result.segments.measure("angular_velocity_pelvis")
    assert np.isnan(spin.values[lost]).all() and (spin.frame_reason[FAULT] > 0).all()
    pelvis = result.segments.names.index("pelvis")
    assert np.isnan(result.segments.world_from_segment[lost, pelvis]).all()
    assert np.isfinite(result.segments.measure("heel_rise_r").values).all()


def test_one_marker_with_two_labels_is_told_where_there_is_no_value(points: Points3D, static: Points3D) -> None:
    position = np.array(points.position)
    position[FAULT, points.names.index("RHEEL")] = position[FAULT, points.names.index("RMT1")]
    one = kinematics(replace(points, position=position), None, static).segments.measure("heel_rise_r")
    assert np.isnan(one.values[FAULT]).all() and not one.doubted.any()
    assert {one.frame_reason_words[code] for code in one.frame_reason[FAULT]} == {"RHEEL and RMT1 on one spot"}


@pytest.mark.heavy
def test_the_fitted_body_tells_its_measures_what_it_doubts(points: Points3D, static: Points3D) -> None:
    options = KinematicsOptions(model="skeleton")
    segments = kinematics(exchanged(points, "RHEEL", "LHEEL"), None, static, options=options).segments
    one = segments.measure("heel_rise_r")
    assert (one.frame_reason[FAULT] > 0).all()
    assert not segments.measure("angular_velocity_thorax").frame_reason.any()


def test_who_turns_away_from_the_heading_has_no_place_between_heels_and_toes(
    points: Points3D, static: Points3D
) -> None:
    turn = np.pi * np.interp(np.arange(points.n_frames), [30, 80, 90, 140], [0.0, 1.0, 1.0, 0.0])
    turn = np.convolve(np.pad(turn, 10), np.full(21, 1 / 21), "valid")
    across, ahead = points.position[..., 1], points.position[..., 0]
    turned = np.array(points.position)
    turned[..., 0] = np.cos(turn)[:, None] * ahead - np.sin(turn)[:, None] * across
    turned[..., 1] = np.sin(turn)[:, None] * ahead + np.cos(turn)[:, None] * across
    segments = kinematics(replace(points, position=turned), None, static).segments
    ratio = segments.measure("com_ap_ratio")
    away = np.array(["off the heading" in text for text in ratio.frame_reason_words])[ratio.frame_reason]
    # The heading is the mean of the frames within 60 deg of it, those on the way round among them.
    assert away[turn > np.deg2rad(85)].all() and not away[turn < np.deg2rad(45)].any()
    assert not any("off the heading" in text for text in words(segments.measure("knee_over_toe_r")))
