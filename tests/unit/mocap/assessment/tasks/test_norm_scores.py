"""Scores against the lab's own people: who makes the norm, the z and its uncertainty, and when it is withheld."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.assessment.lab import LabFigures
from mocap.assessment.norm_scores import NormSettings, norm_columns, norm_score
from mocap.assessment.statistics.measured import repeated_metrics
from mocap.assessment.statistics.study import norm_of
from mocap.config.protocols import read_protocol
from mocap.config.reliability import read_reliability
from mocap.errors import ConfigError
from mocap.pipeline.assess_squat import NORMED, assess_squat
from mocap.pipeline.movement import lab_figures
from mocap.synthetic import default_subject, squat

SUBJECT = default_subject(seed=3)
FILE = """format = "mocap-reliability"
format_version = 1
name = "lab 2"
from_lab = true
date = "2026-03-15"
[metric.wink_magnitude]
unit = "deg"
mdc95 = 3.0
norm_mean = 8.0
norm_sd = 4.0
norm_people = {people}
[metric.depth]
unit = "m"
mdc95 = 0.02
norm_mean = 0.5
norm_sd = 0.1
norm_people = 25
"""


def test_the_uncertainty_of_a_z_is_that_of_simulated_norms() -> None:
    rng = np.random.default_rng(1)
    people, truth, error = 25, 1.5, 0.3
    norms = rng.normal(size=(20_000, people))
    person = truth + error * rng.normal(size=20_000)
    settings = NormSettings(20)
    mdc = error * 1.959964 * np.sqrt(2)
    scores = [
        norm_score(one, LabFigures(mdc, np.nan, "", norm.mean(), norm.std(ddof=1), people), settings)
        for one, norm in zip(person, norms, strict=True)
    ]
    found = np.array([one.value for one in scores])
    # Measured: SD 0.443 against 0.435 that is stated on the mean; 95.4 % of the intervals hold the truth.
    assert found.std() == pytest.approx(np.mean([one.sd for one in scores]), rel=0.06)
    held = np.mean([abs(one.value - truth) < 1.96 * one.sd for one in scores])
    assert 0.93 <= held <= 0.97


def test_everybody_counts_once_by_the_first_measurement_that_has_a_value() -> None:
    made = norm_of([
        [np.array([1.0, 3.0, np.nan]), np.array([90.0])], [np.array([np.nan]), np.array([4.0])], [np.array([6.0])],
        [np.array([np.nan])], [],
    ])  # fmt: skip
    assert (made.mean, made.people) == (4.0, 3) and made.sd == pytest.approx(2.0)
    one = norm_of([[np.array([1.0])]])
    assert one.people == 1 and np.isnan(one.sd) and norm_of([]).people == 0


def columns(movement_of, tmp_path: Path, people: int):
    file = tmp_path / "reliability.toml"
    file.write_text(FILE.format(people=people), encoding="utf-8")
    own = read_reliability(file)
    movement = movement_of(squat(SUBJECT, 2, wink_deg=12.0, rate_hz=50.0), lab=lambda *asked: lab_figures(own, *asked))
    return assess_squat(movement, read_protocol("squat"))[0]


def test_a_set_stands_beside_the_labs_people(movement_of, tmp_path: Path) -> None:
    made = columns(movement_of, tmp_path, 20)
    table, told = made.repetitions, made.table("set")
    z = told["wink_magnitude_norm_z"]
    expected = (table["wink_magnitude"].values.mean() - 8.0) / 4.0
    assert z.values[0] == pytest.approx(expected) and 0.5 < expected < 1.5 and z.n[0] == 2
    error = 3.0 / (1.959964 * np.sqrt(2)) / 4.0
    assert z.sd[0] == pytest.approx(np.sqrt(error**2 + 1 / 20 + expected**2 / 38), rel=1e-6)
    assert "20 people, from reliability 'lab 2' of 2026-03-15" in z.meaning and z.unit == "1"
    depth = told["depth_norm_z"]
    assert depth.values[0] == pytest.approx((table["depth"].values.mean() - 0.5) / 0.1)
    # Of what the file lacks there is no norm.
    assert told["lumbar_change_norm_z"].reasons[0].startswith("withheld: no norm of it by a reliability")
    # A norm may be another one another day: it is compared with nothing.
    assert not any("norm_z" in name for name in repeated_metrics(made))
    assert "wink_magnitude" in repeated_metrics(made)


def test_a_norm_of_few_people_is_withheld(movement_of, tmp_path: Path) -> None:
    z = columns(movement_of, tmp_path, 19).table("set")["wink_magnitude_norm_z"]
    assert np.isnan(z.values[0]) and z.reasons[0] == "withheld: norm of 19 people, needs 20"
    bare, _ = assess_squat(movement_of(squat(SUBJECT, 1, rate_hz=50.0)), read_protocol("squat"))
    for name in NORMED:
        one = bare.table("set")[f"{name}_norm_z"]
        assert np.isnan(one.values[0]) and one.reasons[0].startswith("withheld: ")
    assert bare.table("set")["depth_norm_z"].reasons[0].startswith("withheld: no norm of it by a reliability")
    settings = NormSettings(20)
    flat = LabFigures(1.0, 1.0, "", 8.0, 0.0, 30)
    assert norm_score(9.0, flat, settings).reason == "withheld: the norm has no mean or no spread"
    assert norm_score(9.0, replace(flat, norm_mean=np.nan, norm_sd=1.0), settings).reason.startswith("withheld")
    with pytest.raises(ConfigError, match="too few to show a spread"):
        NormSettings(2)
    empty = replace(bare.repetitions, metrics=())
    assert norm_columns(movement_of(squat(SUBJECT, 1, rate_hz=50.0)), empty, NORMED, settings) == ()
