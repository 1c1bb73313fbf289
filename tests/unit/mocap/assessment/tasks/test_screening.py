"""Every rule of the screening by each of its answers, from columns that are made up to mean one thing."""

from dataclasses import fields

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.assessment.screening import ScreeningSettings, reserve_columns, screening
from mocap.assessment.screening.logic import Finding, all_of, any_of
from mocap.trial import AngleDefinition, JointAngles, Metric, Table, Words, joined

# A squat that supports no rule: each test changes what it is about.
USUAL = {
    "wink_magnitude": (12.0, 12.5, 11.5), "wink_onset_depth": (0.8, 0.8, 0.8), "lumbar_change": (8.0, 8.0, 8.0),
    "onset_ankle_r": 25.0, "onset_ankle_l": 25.0, "onset_hip_r": 95.0, "onset_hip_l": 95.0, "onset_knee_r": 100.0,
    "onset_knee_l": 100.0, "com_ap_ratio_lowest": 0.4, "xcom_heel_margin": 40.0, "stance_to_biacromial": 1.0,
    "toe_out_r": 20.0, "toe_out_l": 20.0, "context_load": 20.0,
}  # fmt: skip
PERSON = {"passive_hip_flexion_deg": 125.0, "knee_to_wall_deg": 40.0}
HINGE = {"hinge": 4.0}


def table_of(change: dict | None = None, lifts: tuple[float, ...] = (np.nan,) * 3) -> Table:
    values = {name: np.broadcast_to(one, 3) for name, one in (USUAL | (change or {})).items()}
    made = [Metric(name, "deg", "", one, reasons=tuple("" if np.isfinite(v) else "no onset" for v in one))
            for name, one in values.items()]  # fmt: skip
    made += [Metric(f"heel_lift_depth_{side}", "1", "", np.array(lifts),
                    reasons=tuple("" if np.isfinite(one) else "the heel does not lift in the descent" for one in lifts))
             for side in "rl"]  # fmt: skip
    return Table("repetitions", 3, tuple(made))


def _tests(context: dict, hinge_deg: float | None) -> Movement:
    angles = JointAngles((AngleDefinition("trunk_lean", "", "", "", "", "absolute", ""),), np.zeros((3, 1)), 100.0)
    others = {}
    if hinge_deg is not None:
        others["hinge"] = Table("repetitions", 1, (Metric("lumbar_early", "deg", "", np.array([hinge_deg])),))
    return Movement(angles, {}, context=context, others=others)


@pytest.fixture(scope="module")
def settings(settings_of) -> ScreeningSettings:
    return settings_of(ScreeningSettings, "squat", "screening")


@pytest.fixture
def answers(settings):
    def run(change=None, person=None, hinge_deg=4.0, conditions=None, **more):
        rules = screening(table_of(change, **more), _tests({**PERSON, **(person or {})}, hinge_deg), settings,
                          conditions or {})  # fmt: skip
        return {one.name: one for one in rules}

    return run


def test_nothing_is_supported_where_nothing_is_at_its_limit(answers) -> None:
    found = {name: one.answer for name, one in answers().items()}
    assert found == {
        "ANKLE": "not supported", "HIP": "not supported", "STANCE": "not supported", "CONTROL": "not supported",
        "BALANCE": "not supported", "LOAD": "not assessable", "HAMSTRING": "not assessable",
    }  # fmt: skip


def test_the_ankle(answers) -> None:
    near = {"onset_ankle_r": 26.0}
    assert answers(near, {"knee_to_wall_deg": 28.0})["ANKLE"].answer == "supported"
    # Limited, but with a reserve; a reserve without a limit; nothing tested.
    assert answers({"onset_ankle_r": 20.0, "onset_ankle_l": 20.0}, {"knee_to_wall_deg": 28.0})["ANKLE"].answer == \
        "not supported"  # fmt: skip
    assert answers({"onset_ankle_r": 38.0}, {"knee_to_wall_deg": 40.0})["ANKLE"].answer == "not supported"
    untested = answers(person={"knee_to_wall_deg": "unknown"})["ANKLE"]
    assert untested.answer == "not assessable" and "no knee-to-wall test" in untested.numbers
    # A heel that lifts before the onset is enough; after it, it is not.
    assert answers(lifts=(0.7, np.nan, np.nan))["ANKLE"].answer == "supported"
    assert answers(lifts=(0.9, np.nan, np.nan))["ANKLE"].answer == "not supported"
    # Raised heels have to change something where they were tested.
    person = {"knee_to_wall_deg": 28.0}
    same, less = table_of(), table_of({"wink_magnitude": 4.0})
    assert answers(near, person, conditions={"squat_heels_raised": same})["ANKLE"].answer == "not supported"
    helped = answers(near, person, conditions={"squat_heels_raised": less})["ANKLE"]
    assert helped.answer == "supported" and "tuck -8.0 deg (MDC95 5, default, not from this lab)" in helped.numbers


def test_the_hip(answers) -> None:
    assert answers(person={"passive_hip_flexion_deg": 103.0})["HIP"].answer == "supported"
    assert answers(person={"passive_hip_flexion_deg": 106.0})["HIP"].answer == "not supported"
    # Not where the ankle explains it.
    both = {"passive_hip_flexion_deg": 103.0, "knee_to_wall_deg": 28.0}
    assert answers(person=both)["HIP"].answer == "not supported"
    assert answers(person={"passive_hip_flexion_deg": "?"})["HIP"].answer == "not assessable"


def test_the_stance(answers) -> None:
    wide = {"stance_to_biacromial": 1.6}
    untested = answers(wide)["STANCE"]
    assert untested.answer == "not assessable" and "no squats in another stance" in untested.numbers
    better = {"squat_narrow": table_of({"wink_onset_depth": 0.95})}
    assert answers(wide, conditions=better)["STANCE"].answer == "supported"
    assert answers(wide, conditions={"squat_narrow": table_of()})["STANCE"].answer == "not supported"
    assert answers({"toe_out_l": 45.0}, conditions=better)["STANCE"].answer == "supported"


def test_control(answers) -> None:
    assert answers(hinge_deg=11.0)["CONTROL"].answer == "supported"
    assert answers({"wink_magnitude": (4.0, 12.0, 20.0)})["CONTROL"].answer == "supported"
    assert answers(hinge_deg=None)["CONTROL"].answer == "not assessable"
    # Not where a joint is near its end.
    assert answers(hinge_deg=11.0, person={"passive_hip_flexion_deg": 109.0})["CONTROL"].answer == "not supported"
    told = answers(hinge_deg=11.0, person={"beighton": 7.0})["CONTROL"]
    assert told.answer == "supported" and "Beighton score 7 of 9" in told.numbers
    assert answers(conditions={"squat_cued": table_of({"wink_magnitude": 5.0})})["CONTROL"].answer == "supported"


def test_balance(answers) -> None:
    assert answers({"com_ap_ratio_lowest": 0.24})["BALANCE"].answer == "supported"
    assert answers({"xcom_heel_margin": -1.0})["BALANCE"].answer == "supported"
    lost = answers({"xcom_heel_margin": np.nan})["BALANCE"]
    assert lost.answer == "not assessable" and "centre of mass between heels (0) and toes (1) 0.400" in lost.numbers


def test_the_load(answers) -> None:
    def loads(step: float) -> dict[str, Table]:
        return {f"squat_{k}": table_of({"wink_magnitude": 12.0 + step * k, "context_load": 20.0 * (k + 1)})
                for k in (1, 2)}  # fmt: skip

    assert answers(conditions=loads(3.0))["LOAD"].answer == "supported"  # 6 deg over 40 kg
    assert answers(conditions=loads(2.0))["LOAD"].answer == "not supported"  # 4 deg
    assert "1 loads have one, and 3 are needed" in answers()["LOAD"].numbers


def test_the_hamstrings_are_told_and_not_judged(answers) -> None:
    found = answers(person={"straight_leg_raise_deg_r": 55.0})["HAMSTRING"]
    assert found.answer == "not assessable" and "right 55 deg" in found.numbers


def test_without_a_tuck_there_is_no_reserve(answers) -> None:
    none = {name: np.nan for name in USUAL if name.startswith("onset_")} | {"wink_onset_depth": np.nan}
    found = answers(none, {"knee_to_wall_deg": 28.0})
    assert found["ANKLE"].answer == found["HIP"].answer == "not assessable"
    assert "no onset" in found["HIP"].numbers


def test_reserves(settings) -> None:
    side = Words("side", "", ("right", "right", "left"))
    wall = joined("repetitions", 3, [(side, Metric("shank_inclination", "deg", "", np.array([35.0, 38.0, 30.0])))])
    movement = _tests({"passive_hip_flexion_deg_r": 110.0}, None)
    movement = Movement(movement.angles, {}, context=movement.context, others={"knee_to_wall": wall})
    found = {one.name: one for one in reserve_columns(movement, table_of())}
    assert found["hip_reserve_r"].values[0] == pytest.approx(15.0)
    assert "not stated" in found["hip_reserve_l"].reasons[0]
    assert found["ankle_reserve_r"].values[0] == pytest.approx(13.0)  # the best lunge of that side
    assert found["ankle_reserve_l"].values[0] == pytest.approx(5.0)
    assert found["hamstring_surrogate_r"].values[0] == pytest.approx(-5.0)


def test_answers_join_as_in_kleenes_logic() -> None:
    yes, no, unknown = Finding(True, ""), Finding(False, ""), Finding(None, "")
    assert all_of([yes, unknown]) is None and all_of([no, unknown]) is False and all_of([yes, yes]) is True
    assert any_of([no, unknown]) is None and any_of([yes, unknown]) is True and any_of([no, no]) is False


def test_no_rule_speaks_of_fault_or_risk(answers) -> None:
    words = " ".join(f"{one.numbers} {one.evidence}" for one in answers().values()).lower()
    assert not any(word in words for word in ("fault", "risk", "abnormal", "injury", "bad", "normal "))
    assert len(fields(ScreeningSettings)) == 14
