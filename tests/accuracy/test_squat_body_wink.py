"""The tuck of a synthetic body: from points with noise, by way of its angles, to the table of repetitions."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.config.protocols import read_protocol
from mocap.kinematics import kinematics
from mocap.pipeline.assess_squat import assess_squat
from mocap.synthetic import SquatStyle, SyntheticTrial, default_subject, squat, static_standing
from mocap.trial import Points3D, Table

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT)
SIGMA = 0.0007  # m, of each coordinate
WINKS, ONSETS = (12.0, 20.0, 0.0, 8.0), (0.8, 0.55, 0.8, 0.9)
CONTEXT: dict[str, float | str] = {"load_kg": 20.0, "lumbar_flexion_max_deg": 50.0}
NEUTRAL: dict[str, float | str] = {"neutral_lumbar_flexion_deg": 0.0, "neutral_lumbar_flexion_sd_deg": 1.0}


def assessed(movement: Movement) -> Table:
    return assess_squat(movement, read_protocol("squat"))[0].repetitions


@pytest.fixture(scope="module")
def movement(trial: SyntheticTrial) -> Movement:
    rng = np.random.default_rng(4)
    position = trial.points.position + SIGMA * rng.standard_normal(trial.points.position.shape)
    covariance = np.broadcast_to(SIGMA**2 * np.eye(3, dtype=np.float32), (*position.shape, 3))
    points = Points3D(position, trial.points.names, trial.points.rate_hz, covariance=covariance)
    found = kinematics(points, static=STATIC.points)
    heels = {name: points.point(name) for name in ("RHEEL", "LHEEL", "RMT5", "LMT5")}
    return Movement(found.angles, {**trial.joint_centres, **heels}, subject=NEUTRAL, context=CONTEXT)


@pytest.fixture(scope="module")
def trial() -> SyntheticTrial:
    return squat(SUBJECT, len(WINKS), wink_deg=WINKS, wink_onset=ONSETS, lumbar_share=0.7,
                 style=SquatStyle(smoothing=0.02, obliquity_deg=6.0), rate_hz=60.0)  # fmt: skip


@pytest.fixture(scope="module")
def table(movement: Movement) -> Table:
    return assessed(movement)


def test_size_onset_and_lumbar_flexion(trial: SyntheticTrial, table: Table) -> None:
    truth = trial.repetitions
    size = np.rad2deg([one.wink_magnitude for one in truth])
    onset = np.array([one.wink_onset for one in truth])
    lumbar = np.rad2deg([one.lumbar_change for one in truth])
    winks = size > 0
    assert table.rows == len(WINKS)
    assert np.abs(table["wink_magnitude"].values - size)[winks].max() <= 1.0
    assert table["wink_magnitude"].values[2] <= 1.5
    assert np.abs(table["wink_onset_depth"].values - onset)[winks].max() <= 0.03
    assert np.abs(table["lumbar_change"].values - lumbar)[winks].max() <= 1.5
    ratio = table["wink_lumbar_ratio"].values
    assert np.abs(ratio[winks] - 0.7).max() <= 0.15
    assert np.isnan(ratio[2])
    held = (table["wink_magnitude"].low <= size) & (size <= table["wink_magnitude"].high)
    assert held[winks].all()


def test_what_was_detected_is_graded(table: Table) -> None:
    assert [grade[0] for grade in table.told("grade")] == ["2", "3", "0", "1"]
    assert table.told("wink")[2] in ("not detected", "no tuck, maximum at the bottom")
    # Weighted; obliquity comes in with the tuck; lumbar flexion beyond neutral.
    for said in table.told("grade_modifiers")[:2]:
        assert {"F", "W", "A"} <= set(said.split())


def test_joints_at_the_onset_are_those_of_the_body(trial: SyntheticTrial, table: Table) -> None:
    hips = np.mean([trial.joint_centres[name][:, 2] for name in ("RHJC", "LHJC")], axis=0)
    for row in (0, 1, 3):
        one = trial.repetitions[row]
        start, bottom = (round(seconds * trial.points.rate_hz) for seconds in (one.start_s, one.bottom_s))
        depth = (hips[start] - hips[start : bottom + 1]) / (hips[start] - hips[bottom])
        for joint, angle in (("hip", "hip_flexion"), ("knee", "knee_flexion"), ("thigh", "thigh_elevation"),
                             ("ankle", "ankle_dorsiflexion")):  # fmt: skip
            for side in "rl":
                true = np.interp(one.wink_onset, depth, trial.truth_deg(f"{angle}_{side}")[start : bottom + 1])
                found = table[f"onset_{joint}_{side}"]
                assert abs(found.values[row] - true) <= max(1.5, 3 * found.sd[row])


def test_the_course_of_a_tuck(trial: SyntheticTrial, table: Table) -> None:
    # The way up is that down: all of the tuck comes back.
    assert np.abs(table["wink_recovery"].values[[0, 1, 3]] - 1.0).max() <= 0.25
    assert (table["wink_velocity"].values[[0, 1, 3]] > 10).all()
    # In the second the hips extend by 6 deg while the pelvis tucks by 20; in the others they hardly move.
    gain = table["wink_gain"]
    assert gain.values[1] < 0
    assert all("hip flexion changes by" in gain.reasons[row] for row in (0, 3))
    share = table["wink_free_depth"].values[0] / table["wink_onset_depth"].values[0]
    # 0.48 leg lengths from the hip centre to the floor; the lowest marker of the feet is a little above it.
    assert abs(share - 0.48) <= 0.03
    assert np.allclose(table["lumbar_pctmax"].values, 2 * table["lumbar_bottom"].values, equal_nan=True)
    assert np.allclose(table["lumbar_flexed_load"].values, 20 * table["lumbar_flexed_time"].values)


def test_a_squat_without_gravity_or_pelvis_is_withheld(movement: Movement) -> None:
    told = assessed(replace(movement, gravity_known=False))
    assert set(told.told("grade")) == {"withheld"}
    for name in ("wink_magnitude", "wink_onset_depth", "wink_detectable", "tilt_bottom"):
        assert np.isnan(told[name].values).all()
        assert all("gravity" in reason for reason in told[name].reasons)
    hidden = tuple(
        replace(one, observable=False, reason="body keypoints show no pelvis") if one.name == "pelvic_tilt" else one
        for one in movement.angles.definitions
    )
    values = movement.angles.values.copy()
    values[:, movement.angles.names.index("pelvic_tilt")] = np.nan
    told = assessed(replace(movement, angles=replace(movement.angles, definitions=hidden, values=values)))
    assert told.rows == len(WINKS)
    assert all("body keypoints show no pelvis" in reason for reason in told["wink_magnitude"].reasons)
