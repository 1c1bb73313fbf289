"""Protocols: whole presets whose every setting says what it is and whence, and files of the lab's own."""

import pytest

from mocap.config.presets import preset_names
from mocap.config.protocols import read_protocol
from mocap.errors import ConfigError, SourceError

TASKS = [name for name in preset_names("protocols") if name != "claims"]


@pytest.mark.parametrize("task", TASKS)
def test_every_setting_of_a_preset_is_told(task):
    made = read_protocol(task)
    assert made.task == task
    for section, inner in made.sections.items():
        for name, one in inner.items():
            assert one.source and one.meaning and one.unit, f"{section}.{name}"
            assert isinstance(one.value, float | int | bool | str)


def test_the_digest_goes_with_the_values_alone(tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text('based_on = "squat"\ndescription = "named otherwise"\n')
    plain, same = read_protocol("squat"), read_protocol("squat", str(own))
    assert (plain.name, same.name) == ("squat", "ours")
    assert plain.sha256 == same.sha256
    other = read_protocol("squat", None, {"repetitions.plateau": "0.006"})
    assert other.sha256 != plain.sha256
    assert other.values["repetitions.plateau"] == 0.006
    assert read_protocol("squat", None, {"repetitions.plateau": "0.005"}).sha256 == plain.sha256


def test_a_file_of_the_labs_own(tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text('based_on = "squat"\n[repetitions]\nplateau = 0.01\nfoot_shift = { value = 0.03 }\n')
    made = read_protocol("squat", str(own))
    assert made.section("repetitions")["plateau"] == 0.01
    assert made.section("repetitions")["foot_shift"] == 0.03
    assert made.section("repetitions")["filter_hz"] == 4.0
    assert made.sections["repetitions"]["plateau"].source == "ours.toml"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[repetitions]\nplateau = 0.01\n", "PROTOCOL"),
        ('based_on = "squat"\nrepetitions = 3\n', "PROTOCOL"),
        ('based_on = "squat"\n[repetitions]\nplatoe = 0.01\n', "CONFIG_KEY"),
        ('based_on = "squat"\n[repetitions]\nplateau = "low"\n', "CONFIG_VALUE"),
        ('based_on = "squat"\n[repetitions]\nplateau = nan\n', "CONFIG_VALUE"),
        ('based_on = "squat"\n[repetitions]\nplateau = true\n', "CONFIG_VALUE"),
        ('based_on = "squad"\n', "PRESET_UNKNOWN"),
        ("based_on = squat\n", "TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, code):
    own = tmp_path / "ours.toml"
    own.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_protocol("squat", str(own))
    assert caught.value.code == code


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(SourceError):
        read_protocol("squat", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match=r"Did you mean 'repetitions\.plateau'"):
        read_protocol("squat", None, {"repetitions.platau": "1"})
