"""Stance, tracking, heels, balance, bar and sides of synthetic squats, against the body's own geometry."""

import numpy as np
import pytest

from mocap.assessment.repetitions import Repetition
from mocap.assessment.stance import StanceSettings, heel_lift_events, stance_columns
from mocap.assessment.stance.sides import symmetry_index
from mocap.assessment.values import Value
from mocap.synthetic import SquatStyle, SyntheticTrial, default_subject, faced, squat
from mocap.trial import Measure, joined

SUBJECT = default_subject(seed=3)
STYLE = SquatStyle(stance_width=0.20, toe_out_deg=24.0)


def repetitions_of(trial: SyntheticTrial) -> tuple[Repetition, ...]:
    rate = trial.points.rate_hz
    height = (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"])[:, 2] / 2

    def frames(*times: float) -> list[int]:
        return [round(time * rate) for time in times]

    made = []
    for one in trial.repetitions:
        start, first, last, end = frames(one.start_s, one.bottom_s, one.rise_s, one.end_s)
        made.append(Repetition(start, (first + last) // 2, end, first, last, False, one.depth, float(height[start])))
    return tuple(made)


@pytest.fixture(scope="module")
def settings(settings_of) -> StanceSettings:
    return settings_of(StanceSettings, "squat", "stance")


@pytest.fixture(scope="module")
def trial() -> SyntheticTrial:
    return squat(SUBJECT, 2, wink_deg=(12.0, 0.0), wink_onset=(0.8, 0.8), style=STYLE)


@pytest.fixture(scope="module")
def table(trial, movement_of, settings):
    # Faces another way than the axes of the room: no column may depend on it.
    turned = faced(trial, np.deg2rad(130.0), (1.5, -2.0, 0.0))
    hands = (turned.points.point("RSJC") + turned.points.point("LSJC")) / 2
    right = turned.points.point("RSJC") - turned.points.point("LSJC")
    ahead = np.cross([0, 0, 1], right / np.linalg.norm(right, axis=1, keepdims=True))
    bar = {"BAR_R": hands + 2 * right - 0.06 * ahead, "BAR_L": hands - 2 * right - 0.06 * ahead}
    movement = movement_of(turned, extra=bar)
    onset = [trial.repetitions[0].wink_onset, float("nan")]
    return joined("repetitions", 2, [stance_columns(movement, repetitions_of(turned), onset, settings)])


def _bottom(trial: SyntheticTrial, name: str) -> float:
    return float(trial.truth_deg(name)[repetitions_of(trial)[0].bottom])


def test_the_stance_is_that_of_the_body(trial, table) -> None:
    width = STYLE.stance_width * SUBJECT.stature
    hips = 2 * SUBJECT.hip_centre("r")[2]
    shoulders = 2 * SUBJECT.joints["shoulder_r"][2]
    # Heels stand behind the ankles on feet that are turned out: nearer to each other.
    heels = width - 2 * SUBJECT.heel_to_ankle * np.sin(np.deg2rad(STYLE.toe_out_deg))
    for name, truth in (
        ("stance_width", width), ("stance_width_heels", heels), ("stance_to_hips", width / hips),
        ("stance_to_biacromial", width / shoulders), ("toe_out_r", 24.0), ("toe_out_l", 24.0),
    ):  # fmt: skip
        np.testing.assert_allclose(table[name].values, truth, atol=1e-3, err_msg=name)


def test_angles_at_the_bottom_and_at_the_onset(trial, table) -> None:
    one = repetitions_of(trial)[0]
    onset = int(np.argmax(trial.truth["pelvic_tilt"][one.start : one.bottom])) + one.start
    for side in "rl":
        pairs = {
            f"knee_tracking_{side}": _bottom(trial, f"knee_tracking_{side}"),
            f"hip_external_rotation_bottom_{side}": -_bottom(trial, f"hip_rotation_{side}"),
            f"hip_abduction_bottom_{side}": -_bottom(trial, f"hip_adduction_{side}"),
            f"hip_external_rotation_onset_{side}": -trial.truth_deg(f"hip_rotation_{side}")[onset],
            f"hip_abduction_onset_{side}": -trial.truth_deg(f"hip_adduction_{side}")[onset],
            f"hip_flexion_largest_{side}": trial.truth_deg(f"hip_flexion_{side}")[one.start : one.end].max(),
            f"knee_flexion_largest_{side}": trial.truth_deg(f"knee_flexion_{side}")[one.start : one.end].max(),
            f"shank_minus_ankle_{side}": _bottom(trial, f"shank_inclination_{side}")
            - _bottom(trial, f"ankle_dorsiflexion_{side}"),
            f"knee_varus_{side}": 0.0,
        }
        for name, truth in pairs.items():
            # Measured: at most 0.25 deg (rotation at the onset, where it changes fast).
            assert table[name].values[0] == pytest.approx(truth, abs=0.5), name
        assert np.isnan(table[f"hip_abduction_onset_{side}"].values[1])
        assert table[f"hip_abduction_onset_{side}"].reasons[1] == "no onset of a tuck was found"
    inside = slice(one.start, one.end)
    lean = trial.truth_deg("trunk_lean")[inside].max()
    # Measured: 0.36 deg less, the corner of the tuck being sharp and the curve low-passed.
    assert table["trunk_lean_largest"].values[0] == pytest.approx(lean, abs=0.5)
    bend = np.ptp(trial.truth_deg("lumbar_flexion")[inside])
    assert table["lumbar_excursion"].values[0] == pytest.approx(bend, abs=0.3)


def test_the_thigh_from_the_side_and_the_asis(trial, table) -> None:
    frame = repetitions_of(trial)[0].bottom
    for side in "RL":
        hip, knee = (trial.joint_centres[f"{side}{name}"][frame] for name in ("HJC", "KJC"))
        thigh = (hip - knee) / np.linalg.norm(hip - knee)
        # The person faces +x here, so that the sagittal plane is y = const.
        name = f"femur_sagittal_length_{side.lower()}"
        assert table[name].values[0] == pytest.approx(np.hypot(thigh[0], thigh[2]), abs=2e-3)
        asis = trial.points.point(f"{side}ASIS")[frame] - hip
        gap = 1000 * np.linalg.norm(np.cross(asis, thigh))
        assert table[f"asis_femur_gap_{side.lower()}"].values[0] == pytest.approx(gap, abs=2.0)


def test_the_knee_in_front_of_the_foot(trial, table) -> None:
    frame = repetitions_of(trial)[0].bottom
    heel, toe = (trial.points.point(f"R{name}")[frame, :2] for name in ("HEEL", "MT2"))
    line = (toe - heel) / np.linalg.norm(toe - heel)
    right = np.array([line[1], -line[0]])
    truth = 1000 * (trial.joint_centres["RKJC"][frame, :2] - heel) @ right
    assert table["knee_over_foot_r"].values[0] == pytest.approx(truth, abs=0.5)
    assert table["knee_over_foot_lowest_r"].values[0] <= truth


def test_the_bar_over_body_and_foot(trial, table) -> None:
    one = repetitions_of(trial)[0]
    shoulders = (trial.points.point("RSJC") + trial.points.point("LSJC")) / 2
    bar = shoulders - [0.06, 0.0, 0.0]
    feet = sum(trial.points.point(f"{side}{name}") for side in "RL" for name in ("HEEL", "HALLUX")) / 4
    assert table["bar_over_mid_foot"].values[0] == pytest.approx(1000 * (bar - feet)[one.bottom, 0], abs=1.0)
    inside = slice(one.start, one.end + 1)
    assert table["bar_path_ap"].values[0] == pytest.approx(1000 * np.ptp(bar[inside, 0]), abs=8.0)
    assert table["bar_travel"].values[0] == pytest.approx(np.ptp(bar[inside, 2]), abs=0.005)
    speed = np.gradient(bar[inside, 2]).max() * 100
    assert table["bar_speed_up"].values[0] == pytest.approx(speed, rel=0.03)
    assert np.isfinite(table["bar_ap_offset"].values).all()


def test_balance_is_where_the_measures_have_it(trial, table, movement_of) -> None:
    one = repetitions_of(trial)[0]
    movement = movement_of(trial)
    ratio = movement.measures["com_ap_ratio"].values
    assert table["com_ap_ratio_bottom"].values[0] == pytest.approx(ratio[one.bottom], abs=1e-3)
    centre = movement.measures["centre_of_mass"].values
    heels = (trial.points.point("RHEEL") + trial.points.point("LHEEL"))[one.bottom, 0] / 2
    length = centre[:, 2] - SUBJECT.ankle_height
    ahead = centre[:, 0] - heels + np.gradient(centre[:, 0]) * 100 * np.sqrt(length / 9.81)
    height = (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"])[:, 2] / 2
    low = np.flatnonzero(one.standing_m - height >= 0.8 * one.depth_m)
    low = low[(low >= one.start) & (low <= one.end)]
    assert table["xcom_heel_margin"].values[0] == pytest.approx(1000 * ahead[low].min(), abs=3.0)
    assert table["com_ap_ratio_lowest"].values[0] == pytest.approx(ratio[low].min(), abs=0.005)
    margin = movement.measures["base_of_support_margin"].values
    assert table["base_margin_lowest"].values[0] == pytest.approx(1000 * margin[low].min(), abs=1.0)


def test_a_lifted_heel(trial, movement_of, settings) -> None:
    movement = movement_of(trial)
    rise = np.zeros(movement.n_frames)
    one, other = repetitions_of(trial)
    depth = (one.standing_m - (trial.joint_centres["RHJC"] + trial.joint_centres["LHJC"])[:, 2] / 2) / one.depth_m
    inside = slice(one.start, one.end)
    rise[inside] = np.maximum(depth[inside] - 0.7, 0.0) * 0.10  # 10 mm at a depth of 0.8
    lifted = Measure("heel_rise_r", rise, "m", "", "", "")
    changed = type(movement)(movement.angles, movement.places, {**movement.measures, "heel_rise_r": lifted})
    table = joined("repetitions", 2, [stance_columns(changed, (one, other), [np.nan] * 2, settings)])
    assert table["heel_rise_r"].values[0] == pytest.approx(30.0, abs=0.5)
    # Measured 0.806.
    assert table["heel_lift_depth_r"].values[0] == pytest.approx(0.8, abs=0.02)
    assert np.isnan(table["heel_lift_depth_r"].values[1])
    (event,) = heel_lift_events(changed, (one, other), settings)
    assert event.side == "right" and depth[round(event.time_s * 100)] == pytest.approx(0.8, abs=0.02)


def test_a_symmetry_index_is_refused_where_it_means_nothing(settings) -> None:
    index = symmetry_index(Value(110.0, 1.0), Value(90.0, 1.0), settings)
    # 100 (R - L) / 100, and its uncertainty by differences.
    assert index.value == pytest.approx(20.0)
    slope = [symmetry_index(Value(110 + a, 1.0), Value(90 + b, 1.0), settings).value - 20
             for a, b in ((1e-4, 0), (0, 1e-4))]  # fmt: skip
    assert index.sd == pytest.approx(np.hypot(*slope) / 1e-4, rel=1e-4)
    assert "above 0" in symmetry_index(Value(-1.0, 1.0), Value(20.0, 1.0), settings).reason
    assert "less than 9.0 deg" in symmetry_index(Value(9.0, 1.0), Value(8.0, 1.0), settings).reason
