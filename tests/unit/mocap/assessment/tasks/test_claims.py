"""The 44 questions: every one that a lab can answer has its columns computed in a full synthetic set of tests."""

import numpy as np
import pytest

from mocap.assessment.claim_list import CLAIMS
from mocap.assessment.claims import KINDS, Claim, claim_answers, claims_table
from mocap.assessment.lab import LabFigures
from mocap.config.protocols import read_protocol
from mocap.pipeline.assess_hinge import assess_hinge
from mocap.pipeline.assess_knee_to_wall import assess_knee_to_wall
from mocap.pipeline.assess_squat import assess_squat
from mocap.synthetic import default_subject, hip_hinge, lunge, squat
from mocap.trial import Assessment, Metric, Table

SUBJECT = default_subject(seed=3)
NOT_ASSESSABLE = {5, 15, 32, 34}
CONTEXT = {
    "load_kg": 40.0, "heel_height_mm": 15.0, "bar_position": "back high", "passive_hip_flexion_deg": 125.0,
    "lumbar_flexion_max_deg": 50.0, "beighton": 2.0,
}  # fmt: skip


def _lab(name: str, unit: str, repetitions: tuple[int, int]) -> LabFigures:
    """A lab that measured 20 people."""
    del name, unit, repetitions
    return LabFigures(4.0, 1.4, "of a made-up lab", 8.0, 3.0, 20)


def _wall(distance_m: float, n: int) -> dict[str, np.ndarray]:
    x = SUBJECT.foot_length - SUBJECT.heel_to_ankle + distance_m
    return {f"WALL{k}": np.tile([x, a, b], (n, 1)) for k, (a, b) in enumerate(((-0.2, 0.3), (0.3, 0.4), (0.1, 0.9)))}


@pytest.fixture(scope="module")
def full_set(movement_of) -> tuple[Assessment, ...]:
    """Hinge, knee-to-wall of both legs, and loaded squats with a marked bar and a static, by the recipes."""
    hinge, _ = assess_hinge(movement_of(hip_hinge(SUBJECT, 1, rate_hz=50.0), sigma_m=5e-4), read_protocol("hinge"))
    reach = SUBJECT.shank * np.sin(np.deg2rad(38.0)) + 0.05 - (SUBJECT.foot_length - SUBJECT.heel_to_ankle)
    walls = []
    for side in "rl":
        trial = lunge(SUBJECT, 38.0, 1, side, rate_hz=50.0)
        movement = movement_of(trial, extra=_wall(reach, len(trial.points.position)))
        walls.append(assess_knee_to_wall(movement, read_protocol("knee_to_wall"))[0])
    both = _both_sides(*walls)
    trial = squat(SUBJECT, 3, wink_deg=12.0, wink_onset=0.8, rate_hz=50.0)
    shoulders = {side: trial.points.point(f"{side}SJC") for side in "RL"}
    bar = {f"BAR_{side}": 3 * place - shoulders["RL".replace(side, "")] * 2 for side, place in shoulders.items()}
    others = {"hinge": hinge.repetitions, "knee_to_wall": both}
    movement = movement_of(trial, extra=bar, sigma_m=5e-4, context=CONTEXT, others=others, lab=_lab)
    made, _ = assess_squat(movement, read_protocol("squat"))
    return (made, hinge, *walls)


def _both_sides(right: Assessment, left: Assessment) -> Table:
    one, other = right.repetitions, left.repetitions
    shank = Metric("shank_inclination", "deg", "", np.concatenate([one["shank_inclination"].values,
                                                                    other["shank_inclination"].values]))  # fmt: skip
    word = one.words[[each.name for each in one.words].index("side")]
    sides = type(word)("side", "", (*one.told("side"), *other.told("side")))
    return Table("repetitions", 2, (shank,), (sides,))


def test_there_are_44_questions_and_their_kinds() -> None:
    assert [one.number for one in CLAIMS] == list(range(1, 45))
    assert {one.number for one in CLAIMS if one.kind == "not assessable"} == NOT_ASSESSABLE
    assert {one.number for one in CLAIMS if one.kind == "surrogate"} == {13, 25}
    assert {one.number for one in CLAIMS if one.kind == "in part"} == {14, 42}
    assert all(one.kind in KINDS and one.question.endswith("?") for one in CLAIMS)
    assert all(bool(one.columns) != (one.kind == "not assessable") for one in CLAIMS)
    assert all(one.note for one in CLAIMS if one.kind != "measured")


@pytest.mark.parametrize("number", sorted(set(range(1, 45)) - NOT_ASSESSABLE))
def test_each_has_its_columns_computed(full_set, number) -> None:
    answer = claim_answers(full_set, [CLAIMS[number - 1]])[0]
    assert not answer.lacking, answer.lacking
    assert answer.answer == CLAIMS[number - 1].kind and answer.found


def test_those_that_movement_does_not_show_say_why(full_set) -> None:
    for number in NOT_ASSESSABLE:
        answer = claim_answers(full_set, [CLAIMS[number - 1]])[0]
        assert answer.answer == "not assessable" and not answer.found and answer.claim.note


def test_what_is_lacking_is_told_with_its_reason(full_set) -> None:
    squat_alone = claim_answers(full_set[:1], CLAIMS)
    told = {one.claim.number: one for one in squat_alone}
    assert told[33].answer == "not computed" and "no assessment of the task knee_to_wall" in told[33].lacking[0]
    assert told[16].answer == "computed in part" and told[1].answer == "measured"
    table = claims_table(squat_alone)
    assert table.rows == 44 and table.told("answer")[32] == "not computed"
    made_up = claim_answers(full_set, [Claim(0, "?", ("squat.nothing_like_it", "squat.context_footwear"))])[0]
    assert made_up.lacking == ("squat.nothing_like_it: not computed", "squat.context_footwear: not stated")


def test_people_differ_by_the_norm_of_the_lab_alone(movement_of) -> None:
    bare, _ = assess_squat(movement_of(squat(SUBJECT, 2, wink_deg=12.0)), read_protocol("squat"))
    answer = claim_answers([bare], [CLAIMS[6]])[0]
    assert answer.answer == "computed in part" and "squat.pelvic_tilt_neutral_band" in answer.found
    assert [one for one in answer.lacking if "no norm of it by a reliability file" in one] == [
        f"squat.{name}_norm_z: withheld: no norm of it by a reliability file of this lab that fits this trial"
        for name in ("wink_magnitude", "wink_onset_depth", "lumbar_change", "depth")
    ]


def test_a_value_that_is_withheld_answers_nothing(movement_of) -> None:
    still = squat(SUBJECT, 1, wink_deg=0.0)
    made, _ = assess_squat(movement_of(still), read_protocol("squat"))
    (onset,) = claim_answers([made], [CLAIMS[7]])
    assert onset.answer == "not computed" and all("wink_onset_depth: " not in one or len(one) > 25
                                                  for one in onset.lacking)  # fmt: skip
