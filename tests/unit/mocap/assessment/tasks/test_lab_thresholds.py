"""The lab's own reliability in every threshold that asks for it, each with its source; the default elsewhere."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.lab import LabFigures
from mocap.assessment.movement import Movement
from mocap.assessment.screening import ScreeningSettings, screening
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.stance.sides import side_columns
from mocap.config.protocols import read_protocol
from mocap.config.reliability import MetricReliability, Reliability, read_reliability
from mocap.errors import AssessmentError
from mocap.pipeline.assess import assessed
from mocap.pipeline.assess_squat import assess_squat
from mocap.pipeline.assessed_trials import check_method, recording
from mocap.pipeline.motion import analyse
from mocap.pipeline.movement import lab_figures, movement_of
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import AngleDefinition, JointAngles, Metric, Rule, Table, Trial

SUBJECT = default_subject(seed=3)
DEFAULT, OWN = "default, not from this lab", "from reliability 'lab 2' of 2026-03-15"


def lab(date: str = "2026-03-15", **mdc95: float) -> Reliability:
    units = {"wink_onset_depth": "1"}
    metric = {name: MetricReliability(units.get(name, "deg"), value, sem=value / 2.77) for name, value in mdc95.items()}
    return Reliability("mocap-reliability", 1, "lab 2", True, date=date, metric=metric)


def rows(wink: float, onset: float = 0.8, lumbar: float = 8.0, load: float = 20.0) -> Table:
    values = {"wink_magnitude": wink, "wink_onset_depth": onset, "lumbar_change": lumbar, "context_load": load}
    return Table("repetitions", 3, tuple(Metric(name, "deg", "", np.full(3, one)) for name, one in values.items()))


def rule(name: str, own: Reliability, settings: ScreeningSettings, **conditions: Table) -> Rule:
    angles = JointAngles((AngleDefinition("trunk_lean", "", "", "", "", "absolute", ""),), np.zeros((3, 1)), 100.0)
    movement = Movement(angles, {}, lab=lambda *asked: lab_figures(own, *asked))
    found = screening(rows(12.0), movement, settings, conditions)
    return next(one for one in found if one.name == name)


@pytest.fixture(scope="module")
def limits(settings_of) -> ScreeningSettings:
    return settings_of(ScreeningSettings, "squat", "screening")


def test_a_change_of_condition_is_measured_by_the_labs_own_mdc(limits) -> None:
    less, later = rows(8.0), rows(12.0, onset=0.95)
    for own, table, holds in (
        (lab(), less, "no"), (lab(wink_magnitude=3.0), less, "yes"), (lab(wink_magnitude=4.5), less, "no"),
        (lab(), later, "yes"), (lab(wink_onset_depth=0.2), later, "no"),
    ):  # fmt: skip
        told = rule("BALANCE", own, limits, squat_front=table).numbers
        assert told.endswith(f"({holds})"), told
    told = rule("BALANCE", lab(wink_magnitude=3.0), limits, squat_front=less).numbers
    assert f"(MDC95 3, {OWN})" in told and f"(MDC95 0.1, {DEFAULT})" in told
    assert "(MDC95 3, from reliability 'lab 2')" in rule("BALANCE", lab("", wink_magnitude=3.0), limits,
                                                        squat_front=less).numbers  # fmt: skip


def test_the_default_and_what_is_not_known_are_no_figures_of_the_lab(limits) -> None:
    assert lab_figures(read_reliability(), "wink_magnitude", "deg") is None
    assert lab_figures(lab(wink_magnitude=3.0), "wink_magnitude", "mm") is None
    angles = JointAngles((AngleDefinition("trunk_lean", "", "", "", "", "absolute", ""),), np.zeros((3, 1)), 100.0)
    movement = Movement(angles, {}, lab=lambda *asked: LabFigures(np.nan, 1.0, "from here"))
    balance = screening(rows(12.0), movement, limits, {"squat_front": rows(8.0)})[4]
    assert balance.name == "BALANCE" and f"(MDC95 5, {DEFAULT})" in balance.numbers


def test_the_mdc_is_that_of_the_numbers_of_repetitions(limits) -> None:
    parts = MetricReliability("deg", 5.0, sem_measurement=1.0, sd_repetition=2.0)
    own = replace(lab(), metric={"wink_magnitude": parts})
    expected = 1.959964 * np.sqrt(2 * (1 + 4 / 3))  # three of each
    assert f"(MDC95 {expected:.3g}, {OWN})" in rule("BALANCE", own, limits, squat_front=rows(8.0)).numbers


def test_the_trend_over_loads_has_the_mdc_of_each_metric(limits) -> None:
    loads = {f"squat_{kg}": rows(12.0, lumbar=8.0 + change, load=kg) for kg, change in ((40.0, 2.0), (60.0, 4.0))}
    told = rule("LOAD", lab(wink_magnitude=3.0), limits, **loads)
    assert told.answer == "not supported" and f"+4.0 deg from 20 to 60 kg (MDC95 5, {DEFAULT})" in told.numbers
    told = rule("LOAD", lab(lumbar_change=3.0), limits, **loads)
    assert told.answer == "supported" and f"+4.0 deg from 20 to 60 kg (MDC95 3, {OWN})" in told.numbers


def test_a_symmetry_index_asks_for_the_labs_own_standard_error(movement_of, settings_of) -> None:
    settings = settings_of(StanceSettings, "squat", "stance")
    movement = movement_of(squat(SUBJECT, 1, rate_hz=50.0))

    def meaning(*known: str) -> str:
        errors = {"hip_flexion_r_bottom": 2.5, "hip_flexion_l_bottom": 3.5}

        def figures(name: str, unit: str, repetitions: tuple[int, int]) -> LabFigures | None:
            assert unit == "deg" and repetitions == (0, 0)
            return LabFigures(9.0, errors[name], "from here") if name in known else None

        return side_columns(replace(movement, lab=figures), (), settings)[1].meaning

    assert "5 standard errors of measurement (3.5 deg, from here)" in meaning(
        "hip_flexion_r_bottom", "hip_flexion_l_bottom")  # fmt: skip
    assert f"(1.8 deg, {DEFAULT})" in meaning("hip_flexion_r_bottom") and f"(1.8 deg, {DEFAULT})" in meaning()


def test_a_symmetry_index_is_withheld_by_the_labs_own_standard_error(movement_of) -> None:
    movement = movement_of(squat(SUBJECT, 1, rate_hz=50.0))
    knee = "knee_flexion_symmetry_index"

    def index(sem: float) -> Metric:
        own = LabFigures(2.77 * sem, sem, "from here")
        made, _ = assess_squat(replace(movement, lab=lambda *asked: own), read_protocol("squat"))
        return made.repetitions[knee]

    bent = index(2.0)
    assert np.isfinite(bent.values).all() and "(2 deg, from here)" in bent.meaning
    refused = index(40.0)
    assert np.isnan(refused.values).all() and refused.reasons[0].endswith("less than 200.0 deg")


def made(name: str, own: Reliability | None) -> Trial:
    trial = Trial(name, squat(SUBJECT, 1, wink_deg=12.0, rate_hz=50.0).points, task="squat", subject_code="S01")
    return assessed(analyse(trial, static_standing(SUBJECT, rate_hz=50.0).points), read_protocol("squat"), own)


def test_visits_that_were_detected_by_other_limits_are_not_compared() -> None:
    trials = [made("one", None), made("two", lab(wink_magnitude=8.0)), made("three", lab(hip_flexion=8.0))]
    one, two, three = (recording(trial, trial.assessments[-1], trial.trial_id, "descent") for trial in trials)
    assert one.method == two.method  # one protocol, by its digest
    assert (one.detected_by, two.detected_by) == ("wink_magnitude 5 deg", "wink_magnitude 8 deg")
    with pytest.raises(AssessmentError) as refused:
        check_method([one, two])
    assert refused.value.code == "METHOD_DIFFERS"
    assert "wink_magnitude 5 deg in one, wink_magnitude 8 deg in two" in str(refused.value)
    assert "--reliability" in refused.value.remedy
    # A file that lacks the tuck leaves its default in force, and named.
    check_method([one, three])
    assert f"{DEFAULT}: our choice" in trials[2].assessments[-1].repetitions["wink_threshold"].meaning
    notes = [trial.assessments[-1].notes for trial in trials]
    assert f"smallest detectable changes: {DEFAULT}" in notes[0]
    assert any(note.startswith(f"smallest detectable changes: {OWN}") for note in notes[1])
    value, words = movement_of(trials[2], lab(wink_magnitude=8.0)).mdc95("wink_magnitude", "deg")
    assert value == 8.0 and words.startswith("this lab's own reliability 'lab 2' of 2026-03-15")
