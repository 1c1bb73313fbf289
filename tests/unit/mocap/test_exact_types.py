"""Values of a TOML file have types: none is made of another in silence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mocap.config.build import build
from mocap.config.exact_types import mistyped
from mocap.config.presets import configs_folder
from mocap.config.room import read_room
from mocap.config.session import Session
from mocap.errors import ConfigError
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.calibration import CalibrationOptions
from mocap.reconstruction import ReconstructionOptions

SESSION = {
    "session": {"id": "a"}, "calibration": {"file": "c.toml"}, "trial": [{"name": "s", "files": "s.parquet"}]
}  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "key", "value", "expected"),
    [
        (CalibrationOptions, "bending", "yes", "true or false"),
        (CalibrationOptions, "bending", 1, "true or false"),
        (CalibrationOptions, "timing", 1, "true or false"),
        (CalibrationOptions, "timing", "true", "true or false"),
        (CalibrationOptions, "max_frames", "400", "a whole number"),
        (CalibrationOptions, "max_frames", 400.0, "a whole number"),
        (CalibrationOptions, "max_frames", True, "a whole number"),
        (CalibrationOptions, "rate_hz", "50", "a number"),
        (CalibrationOptions, "rate_hz", True, "a number"),
        (CalibrationOptions, "boards", "board.toml", "a list"),
        (CalibrationOptions, "frame_times", 3, "text"),
        (CalibrationOptions, "lens", 3, "text or a table"),
        (ReconstructionOptions, "min_views", True, "a whole number"),
        (KinematicsOptions, "leg_length_m", "0.9", "a number"),
    ],
)
def test_another_type_is_refused_by_key_value_and_what_is_expected(
    cls: type, key: str, value: Any, expected: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        build(cls, {key: value}, "session.toml", "options.stage")
    assert f"'{key}' in [options.stage] is {value!r}: expected {expected}." in str(refused.value)
    assert refused.value.code == "CONFIG_VALUE"


@pytest.mark.parametrize(
    "given",
    [
        {"bending": True, "timing": False, "max_frames": 0, "rate_hz": 50, "boards": ["a.toml"]},
        {"lens": {"cam_0": "fisheye"}, "lengths": ("cam_0-cam_1=4.2+-0.005",), "rate_hz": 59.94, "frame_times": ""},
    ],
)
def test_right_types_are_taken_as_they_are(given: Mapping[str, Any]) -> None:
    options = build(CalibrationOptions, given, "session.toml")
    for key, value in given.items():
        assert getattr(options, key) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("sync", "rate_hz", "100", "'rate_hz' in [sync] is '100': expected a number"),
        ("session", "id", 3, "'id' in [session] is 3: expected text"),
        ("cameras", "cam_0", 3, "'cam_0' in [cameras] is 3: expected text or a table"),
        ("cameras", "cam_0", {"pattern": "a*", "rate_hz": "9"}, "'rate_hz' in [cameras.cam_0] is '9': expected a numb"),
        ("keypoints", "names", ["a", 1], "'1' in [keypoints.names] is 1: expected text"),
        ("trial", "0", {"name": "s", "files": True}, "'files' in [trial.0] is True: expected text"),
    ],
)
def test_the_place_is_named_at_any_depth(section: str, key: str, value: Any, told: str) -> None:
    held = [value] if section == "trial" else {**dict(SESSION.get(section, {})), key: value}
    with pytest.raises(ConfigError) as refused:
        build(Session, {**SESSION, section: held}, "session.toml")
    assert told in str(refused.value)
    assert str(refused.value).count("expected") == 1  # told once


def test_unknown_keys_and_other_types_are_told_together() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'bnding'.*'timing' in \[o\] is 1: expected true or false"):
        build(CalibrationOptions, {"bnding": True, "timing": 1}, "session.toml", "o")


def test_text_of_a_command_line_has_no_types() -> None:
    assert build(KinematicsOptions, {"leg_length_m": "0.9"}, "command line", typed=False).leg_length_m == 0.9


def test_what_is_shipped_has_the_right_types() -> None:
    for path in sorted((configs_folder() / "rooms").glob("*.toml")):
        assert read_room(path).size
    assert not list(mistyped(dict[str, str | float | int | bool], {"load_kg": 20.0, "footwear": "bare", "n": 1}))


def test_a_room_is_held_to_its_types(tmp_path: Path) -> None:
    room = tmp_path / "room.toml"
    room.write_text('size = [6, 5.0, "2.8"]\nn_cameras = 4\n')
    with pytest.raises(ConfigError, match=r"'2' in \[size\] is '2.8': expected a number"):
        read_room(room)
