"""Squats with the results of the person's other tests beside them, by the recipe."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.stacking import stacked_tables
from mocap.config.protocols import read_protocol
from mocap.errors import AssessmentError
from mocap.pipeline.assess import assessed
from mocap.pipeline.motion import analyse
from mocap.pipeline.other_tests import other_tests, read_tests
from mocap.storage import write_trial
from mocap.synthetic import SyntheticTrial, default_subject, hip_hinge, lunge, squat, static_standing
from mocap.trial import Assessment, Metric, Table, Trial, Words

SUBJECT = default_subject(seed=3)


def made(name: str, one: SyntheticTrial, context: dict | None = None) -> Trial:
    static = static_standing(SUBJECT, rate_hz=50.0).points
    return analyse(Trial(name, one.points, task=one.task, context=context or {}, subject_code="S01"), static)


def with_results(trial: Trial, **more) -> Trial:
    return assessed(trial, read_protocol(trial.task), **more)


@pytest.fixture(scope="module")
def beside() -> tuple[Trial, ...]:
    """A hinge, both legs at a wall, and squats in a narrow stance, assessed."""
    trials = {
        "hinge": hip_hinge(SUBJECT, 1, rate_hz=50.0), "wall_r": lunge(SUBJECT, 28.0, 1, "r", rate_hz=50.0),
        "wall_l": lunge(SUBJECT, 42.0, 1, "l", rate_hz=50.0),
    }  # fmt: skip
    narrow = made("narrow", squat(SUBJECT, 1, wink_deg=2.0, rate_hz=50.0), {"condition": "narrow"})
    return (*(with_results(made(name, one)) for name, one in trials.items()), with_results(narrow))


def test_other_tests_answer_what_squats_alone_do_not(beside) -> None:
    squats = made("squats", squat(SUBJECT, 3, wink_deg=12.0, rate_hz=50.0), {"passive_hip_flexion_deg": 125.0})
    alone = {one.name: one.answer for one in with_results(squats).assessments[-1].screening}
    assert alone["ANKLE"] == alone["CONTROL"] == "not assessable"
    found = with_results(squats, beside=beside)
    told = {one.name: one for one in found.assessments[-1].screening}
    assert told["ANKLE"].answer == "supported"
    assert "right knee-to-wall 28.0 deg, under 30 (yes)" in told["ANKLE"].numbers
    assert "left knee-to-wall 42.0 deg" in told["ANKLE"].numbers
    assert told["CONTROL"].answer == "not supported"
    assert "with a narrower stance: tuck -" in told["STANCE"].numbers
    table = found.assessments[-1].repetitions
    gap = table["ankle_reserve_l"].values - table["ankle_reserve_r"].values
    np.testing.assert_allclose(gap, 14.0, atol=0.3)
    (step,) = [one for one in found.operations if one.name == "assess"]
    assert step.parameters["beside"] == "hinge, wall_r, wall_l, narrow"


def test_tests_of_somebody_else_or_without_results_are_refused(beside, tmp_path) -> None:
    with pytest.raises(AssessmentError) as refused:
        other_tests(beside[0], [replace(beside[1], subject_code="S02")])
    assert refused.value.code == "OTHER_SUBJECT"
    write_trial(tmp_path / "bare.h5", Trial("bare", static_standing(SUBJECT, 0.1).points))
    for name, code in (("bare.h5", "NOT_ASSESSED"), ("test.c3d", "NOT_A_TRIAL_FILE")):
        with pytest.raises(AssessmentError) as refused:
            read_tests([tmp_path / name])
        assert refused.value.code == code


def test_only_the_assessment_of_its_own_task_counts() -> None:
    points = squat(SUBJECT, 1).points
    hinge, squats = (Assessment(task, Table("repetitions", 0)) for task in ("hinge", "squat"))
    trial = Trial("squats", points, task="squat", assessments=(squats, hinge))
    assert set(other_tests(trial, [trial])) == {"squat_squats"}
    assert set(other_tests(trial, [replace(trial, task="")])) == {"squat_squats", "hinge"}


def test_tables_below_each_other() -> None:
    one = Table("t", 1, (Metric("a", "deg", "", np.array([1.0])), Metric("b", "deg", "", np.array([2.0]))),
                (Words("side", "", ("right",)),))  # fmt: skip
    lost = Metric("a", "deg", "", np.array([np.nan]), reasons=("lost",))
    other = Table("t", 1, (lost,), (Words("side", "", ("left",)),))
    both = stacked_tables([one, other])
    assert both.rows == 2 and both.told("side") == ("right", "left") and not both.has("b")
    assert both["a"].values[0] == 1.0 and both["a"].reasons == ("", "lost")
