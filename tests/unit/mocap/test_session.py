from dataclasses import dataclass
from pathlib import Path

import pytest

from mocap.config.build import build
from mocap.config.session import read_session
from mocap.errors import ConfigError, SourceError

GOOD = """
[session]
id = "s1"
subject_code = "P01"
date = 2026-03-01

[calibration]
folder = "calibration"
board = "board.toml"
world = "floor:0"

[cameras]
cam_0 = "cam_0*"

[sync]
rate_hz = 100

[static]
trial = "standing"

[[trial]]
name = "standing"
task = "static"
files = "standing.parquet"

[[trial]]
name = "squat"
task = "squat"
files = "squat.parquet"
context = { load_kg = 20.0, footwear = "barefoot" }
"""


def session_in(folder: Path, text: str) -> Path:
    (folder / "session.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_whole_session_is_read(tmp_path: Path) -> None:
    session = read_session(session_in(tmp_path, GOOD))
    assert session.session.id == "s1"
    assert session.camera_patterns == {"cam_0": "cam_0*"}
    assert session.trial[1].context["load_kg"] == 20.0
    assert session.static is not None and session.static.trial == "standing"


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("subject_code", "subjct_code", r"'subjct_code' in \[session\], did you mean 'subject_code'"),
        ("[static]", "[statics]", r"'statics' in \[top level\], did you mean 'static'"),
        ("board =", "bord =", r"'bord' in \[calibration\], did you mean 'board'"),
        ("context =", "contxt =", r"'contxt' in \[trial.1\], did you mean 'context'"),
        ('id = "s1"', "", r"\[session\] lacks the key 'id'"),
        ("rate_hz = 100", 'rate_hz = "fast"', r"'rate_hz' in \[sync\] is 'fast'"),
        ('trial = "standing"', 'trial = "stand"', r"'stand' is not among the trials"),
        ('trial = "standing"', 'trial = "standin"', r"did you mean 'standing'"),
        ('trial = "standing"', 'trial = "standing"\nclosing = "end"', r"closing = 'end' is neither among .*h5"),
        ('trial = "standing"', 'trial = "standing"\nfunctional_hip = ["sqat"]', r"_hip = 'sqat'.*mean 'squat'"),
        ('trial = "standing"', 'trial = "standing"\nfunctional_knee = "standing"', r"is the standing trial itself"),
        ('trial = "standing"', 'trial = "standing"\nfunctional_hip = 3', r"'functional_hip' in \[static\] is 3"),
        ('trial = "standing"', 'trial = "standing"\nlandmark = "l.toml"', r"did you mean 'landmarks'"),
        ('trial = "standing"', 'trial = "standing"\npointer_pivot = "squat"', r"belong together"),
        ('trial = "standing"', 'trial = "standing"\npointer = { RASIS = "squat" }', r"belong together"),
        (
            'trial = "standing"',
            'trial = "standing"\npointer_pivot = "p.c3d"\npointer = { RASIS = "squat", LASIS = "squat" }',
            r"'squat' touches RASIS and LASIS",
        ),
        ('name = "squat"', 'name = "standing"', r"doubled names \['standing'\]"),
        ('name = "squat"', 'name = "../squat"', r"unusable names"),
        ('board = "board.toml"', "", "needs its 'board'"),
        ("[sync]", "[options.recon]\na = 1\n[sync]", "unknown stages"),
        ("[sync]", "[sync", "not valid TOML"),
        ("[static]", '[keypoints]\nsource = "video"\nsha256 = "ab"\n[static]', "'sha256' is that of a 'model'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, good: str, bad: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_session(session_in(tmp_path, GOOD.replace(good, bad, 1)))


def test_the_recordings_of_the_static_are_trials_or_files(tmp_path: Path) -> None:
    named = """trial = "standing"
functional_hip = "squat"
functional_knee = ["bend.C3D", "squat"]
pointer = { RASIS = ["a.trc", "b.h5"] }
pointer_pivot = "pivot.h5"
"""
    static = read_session(session_in(tmp_path, GOOD.replace('trial = "standing"\n', named, 1))).static
    assert static is not None
    assert (static.hips, static.knees) == (("squat",), ("bend.C3D", "squat"))
    assert static.pointed == (("RASIS", "a.trc"), ("RASIS", "b.h5"))
    assert static.owner_of("squat") == "functional_hip" and static.owner_of("standing") == ""


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("subject_code", "subjct_code").replace("rate_hz", "rat_hz")
    with pytest.raises(ConfigError, match=r"subjct_code.*rat_hz"):
        read_session(session_in(tmp_path, text))


def test_a_folder_without_a_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="SESSION_MISSING"):
        read_session(tmp_path)


@dataclass(frozen=True)
class StageOptions:
    """As a stage brings them: a plain frozen dataclass."""

    cutoff_hz: float = 6.0


def test_options_of_a_stage_are_built_strictly() -> None:
    assert build(StageOptions, {"cutoff_hz": 8}, "session.toml", "options.filter").cutoff_hz == 8.0
    with pytest.raises(ConfigError, match=r"'cutof_hz' in \[options.filter\], did you mean 'cutoff_hz'"):
        build(StageOptions, {"cutof_hz": 8}, "session.toml", "options.filter")
    with pytest.raises(ConfigError, match=r"'cutoff_hz' in \[options.filter\] is 'low'"):
        build(StageOptions, {"cutoff_hz": "low"}, "session.toml", "options.filter")
