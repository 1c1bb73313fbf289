"""What a user states of a trial beside its recording."""

import numpy as np
import pytest

from mocap.assessment.repetition_columns import context_columns
from mocap.config.circumstances import checked_circumstances
from mocap.errors import ConfigError
from mocap.pipeline.stated_facts import with_facts
from tests.fixtures.assessed_trials import squat_trial


def test_numbers_become_numbers_and_words_stay() -> None:
    stated = checked_circumstances(
        {"load_kg": "40", "footwear": "barefoot", "passive_hip_flexion_deg_l": 112, "rack": "2", "beighton": 9}, "here"
    )
    assert stated == {
        "load_kg": 40.0, "footwear": "barefoot", "passive_hip_flexion_deg_l": 112.0, "rack": "2", "beighton": 9.0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "code", "told"),
    [
        ("load_kg", "40 kg", "CONFIG_VALUE", "0 to 600"),
        ("load_kg", "-1", "CONFIG_VALUE", "0 to 600"),
        ("load_kg", "nan", "CONFIG_VALUE", "0 to 600"),
        ("load_kg", True, "CONFIG_VALUE", "0 to 600"),
        ("heel_height_m", "20", "CONFIG_VALUE", "0 to 0.15"),
        ("passive_hip_flexion_deg_r", "1.9", "CONFIG_VALUE", "30 to 180"),
        ("beighton", "10", "CONFIG_VALUE", "0 to 9"),
        ("load_kg", 10**400, "CONFIG_VALUE", "0 to 600"),
        ("leg_length_m_r", "0.9", "CONFIG_KEY", "leg_length"),
        ("load_kg_r", "40", "CONFIG_KEY", "'load_kg'"),
        ("mass_kg", "70", "CONFIG_KEY", "'body_mass_kg'"),
        ("load_lb", "70", "CONFIG_KEY", "'load_kg'"),
        ("side", "banana", "CONFIG_VALUE", "right or left"),
        ("load", "40", "CONFIG_KEY", "'load_kg'"),
        ("load_kgs", "40", "CONFIG_KEY", "'load_kg'"),
        ("passive_hip_flexion_r", "110", "CONFIG_KEY", "passive_hip_flexion_deg"),
        ("Footwear", "none", "CONFIG_KEY", "'footwear'"),
        ("my name", "1", "CONFIG_KEY", "plain"),
        ("cue", "a" * 201, "CONFIG_VALUE", "200"),
        ("cue", "up\nand down", "CONFIG_VALUE", "plain text"),
    ],
)
def test_what_nothing_would_use_or_cannot_be_is_refused(name: str, value: str | float, code: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        checked_circumstances({name: value}, "--state")
    assert refused.value.code == code
    assert str(refused.value).startswith(f"{code}: --state: ")


def test_what_gait_and_knee_to_wall_take_of_the_context_may_be_stated() -> None:
    stated = {"leg_length_r_m": "0.9", "leg_length_l_m": "0.91", "wall_x_m": "-1.2", "side": "right"}
    assert checked_circumstances(stated, "here") == {
        "leg_length_r_m": 0.9, "leg_length_l_m": 0.91, "wall_x_m": -1.2, "side": "right"
    }  # fmt: skip


def test_facts_go_where_they_belong_and_are_taken_back() -> None:
    trial = squat_trial()
    made = with_facts(
        trial, {"subject": "P07", "date": "2026-03-01", "operator": "AB", "load_kg": "62.5", "footwear": "flat"}, "here"
    )
    assert (made.subject_code, made.created_utc, made.operator) == ("P07", "2026-03-01", "AB")
    assert made.context == {**trial.context, "load_kg": 62.5, "footwear": "flat"}
    back = with_facts(made, {"load_kg": "", "operator": ""}, "here")
    assert "load_kg" not in back.context
    assert back.context["footwear"] == "flat"
    assert back.operator == ""
    assert with_facts(trial, {}, "here") is trial


@pytest.mark.parametrize(("name", "text"), [("date", "1 March"), ("date", "2026-13-01"), ("subject", "P" * 65)])
def test_a_date_that_is_none_and_an_endless_code_are_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        with_facts(squat_trial(), {name: text}, "here")
    assert refused.value.code == "CONFIG_VALUE"


def test_every_circumstance_has_a_column_of_its_own() -> None:
    columns = context_columns({"load": "heavy", "load_kg": 40.0, "heel_height_mm": 20.0, "heel_height_m": 0.02}, 2)
    assert [one.name for one in columns] == [
        "context_load", "context_load_2", "context_heel_height", "context_heel_height_2"
    ]  # fmt: skip
    assert [getattr(one, "unit", "") for one in columns] == ["", "kg", "mm", "m"]
    assert np.array_equal(columns[1].values, [40.0, 40.0])
    names = [one.name for one in context_columns({"foo": "a", "foo_2": "b", "foo_m": 1.0, "foo_mm": 2.0}, 1)]
    assert names == ["context_foo", "context_foo_2", "context_foo_3", "context_foo_4"]


def test_a_field_that_is_nearly_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="'subject'"):
        with_facts(squat_trial(), {"subjet": "P9"}, "--state")
