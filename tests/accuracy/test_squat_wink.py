"""The tuck of the pelvis in a recording of five squats with skin markers: one of about 6 deg, then none to be told."""

from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.assessment.wink import WinkSettings, wink_columns, wink_set
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.readers.trc import read_trc
from mocap.signal.filters import lowpass
from mocap.trial.assessment import Table, joined

BOTTOMS_S = (1.36, 3.93, 6.72, 9.39, 12.25)
SETTINGS = build(WinkSettings, read_protocol("squat").section("wink"), "squat.toml")


def repetitions_at(height_m: np.ndarray, rate_hz: float) -> list[Repetition]:
    """Repetitions about the bottoms that the description of the recording gives."""
    height = lowpass(height_m[:, None], rate_hz, 6.0)[0][:, 0]
    speed = np.gradient(height) * rate_hz
    standing = float(np.percentile(height, 95))
    found = []
    for seconds in BOTTOMS_S:
        near = round(seconds * rate_hz)
        bottom = near - 10 + int(np.argmin(height[near - 10 : near + 10]))
        fastest = bottom - 200 + int(np.argmin(speed[bottom - 200 : bottom])) if bottom > 200 else int(
            np.argmin(speed[:bottom]))  # fmt: skip
        start = fastest - int(np.argmax(np.abs(speed[fastest::-1]) < max(0.02, -0.05 * speed[fastest])))
        rise = bottom + int(np.argmax(speed[bottom : bottom + 200]))
        end = rise + int(np.argmax(np.abs(speed[rise:]) < max(0.02, 0.05 * speed[rise])))
        low = start + np.flatnonzero(height[start:end] < height[bottom] + 0.005)
        found.append(
            Repetition(start, bottom, end, int(low[0]), int(low[-1]), False, standing - height[bottom], standing)
        )
    return found


@pytest.fixture(scope="module")
def squats(shared_data: Path) -> tuple[Table, Table]:
    """The table of the repetitions, and that of the set."""
    folder = shared_data / "squat_markers"
    points = read_trc(folder / "squats1.trc", up="y").points
    static = read_trc(folder / "static1.trc", up="y").points
    found = kinematics(points, static=static, options=KinematicsOptions(task="squat"))
    places = {name: points.point(label) for name, label in
              (("RHJC", "R_HJC"), ("LHJC", "L_HJC"), ("RHEEL", "r_calc"), ("LHEEL", "L_calc"))}  # fmt: skip
    hips = (places["RHJC"][:, 2] + places["LHJC"][:, 2]) / 2
    repetitions = repetitions_at(hips, points.rate_hz)
    columns = wink_columns(Movement(found.angles, places), repetitions, SETTINGS)
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
    # Measured: 0.78 +- 0.006, in the middle of a bend of +- 0.15; the greatest tilt itself is at 0.68.
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
    assert table["wink_magnitude_mean"].n[0] == 5
    # Measured: -1.05 deg per repetition, 95 % interval -2.05 to -0.06.
    assert table["wink_magnitude_slope"].high[0] < 0
    assert "3 are needed" in table["wink_onset_depth_sd"].reasons[0]
