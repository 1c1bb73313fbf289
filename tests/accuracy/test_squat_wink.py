"""The tuck of the pelvis in a recording of five squats with skin markers: one of about 6 deg, then none to be told."""

from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.heights import hip_height
from mocap.assessment.movement import Movement
from mocap.assessment.repetition_settings import RepetitionSettings
from mocap.assessment.repetitions import find_repetitions
from mocap.assessment.wink import WinkSettings, wink_columns, wink_set
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.readers.trc import read_trc
from mocap.trial.assessment import Table, joined

SETTINGS = build(WinkSettings, read_protocol("squat").section("wink"), "squat.toml")


@pytest.fixture(scope="module")
def squats(shared_data: Path) -> tuple[Table, Table]:
    """The table of the repetitions, and that of the set."""
    folder = shared_data / "squat_markers"
    points = read_trc(folder / "squats1.trc", up="y").points
    static = read_trc(folder / "static1.trc", up="y").points
    found = kinematics(points, static=static, options=KinematicsOptions(task="squat"))
    places = {name: points.point(label) for name, label in
              (("RHJC", "R_HJC"), ("LHJC", "L_HJC"), ("RHEEL", "r_calc"), ("LHEEL", "L_calc"))}  # fmt: skip
    movement = Movement(found.angles, places)
    height = hip_height(movement)
    assert height is not None
    limits = build(RepetitionSettings, read_protocol("squat").section("repetitions"), "squat.toml")
    repetitions = find_repetitions(height, movement.rate_hz, 0.0, limits).repetitions
    columns = wink_columns(movement, repetitions, SETTINGS)
    return joined("repetitions", 5, [columns]), joined("set", 1, [wink_set(columns, SETTINGS)])


def test_only_the_first_repetition_shows_a_tuck(squats: tuple[Table, Table]) -> None:
    table, _ = squats
    magnitude = table["wink_magnitude"]
    # Measured: 5.9, 2.7, 2.5, 1.5 and 1.3 deg; the largest less the value at the bottom, picked, 6.1 to 1.2.
    assert abs(magnitude.values[0] - 6.0) <= 0.5
    assert (magnitude.values[1:] < 3.5).all()
    assert [grade[0] for grade in table.told("grade")] == ["2", "0", "0", "0", "0"]
    assert table.told("wink")[0].startswith("tuck")
    assert all("limit of detection" in reason for reason in magnitude.reasons[1:])
    assert "not from this lab" in table["wink_threshold"].meaning
    # What could have been detected: 5.1 to 5.3 deg.
    assert (table["wink_detectable"].values < 6.0).all()


def test_the_onset_is_told_of_the_tuck_alone(squats: tuple[Table, Table]) -> None:
    onset = squats[0]["wink_onset_depth"]
    # Measured: 0.78 +- 0.016, in the middle of a bend of +- 0.15; the greatest tilt itself is at 0.68.
    assert "gradual: the tilt bends from 0.6" in onset.reasons[0]
    assert 0.68 < onset.values[0] < 0.85
    assert np.isnan(onset.values[1:]).all()
    assert all("not detected" in reason for reason in onset.reasons[1:])


def test_lumbar_flexion_is_withheld_with_its_reason(squats: tuple[Table, Table]) -> None:
    for name in ("lumbar_change", "lumbar_bottom", "wink_lumbar_ratio", "lumbar_flexed_time"):
        metric = squats[0][name]
        assert np.isnan(metric.values).all()
        assert all("T12/L1" in reason for reason in metric.reasons)


def test_the_set_says_how_it_went(squats: tuple[Table, Table]) -> None:
    _, table = squats
    assert table["wink_largest_repetition"].values[0] == 1
    assert table["wink_detected"].values[0] == 1
    mean, sizes = table["wink_magnitude_mean"], squats[0]["wink_magnitude"].values
    assert mean.n[0] == 5
    # Student's t of 4 degrees of freedom: 2.776.
    error = sizes.std(ddof=1) / np.sqrt(5)
    assert [mean.sd[0], mean.high[0] - mean.values[0]] == pytest.approx([error, 2.776 * error], rel=1e-3)
    # Measured: -1.05 deg per repetition, 95 % interval -2.05 to -0.06.
    assert table["wink_magnitude_slope"].high[0] < 0
    assert "3 are needed" in table["wink_onset_depth_sd"].reasons[0]
