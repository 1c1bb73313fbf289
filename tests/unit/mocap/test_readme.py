"""What the README shows has to work as it stands."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from calibration.boards.board import read_board
from mocap.cli import app
from mocap.config.build import build
from mocap.config.exact_types import mistyped
from mocap.config.session import (
    CalibrationSource,
    CameraEntry,
    KeypointSource,
    Participant,
    Session,
    SessionInfo,
    StaticTrial,
    SyncSettings,
    TrialEntry,
)
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.session_assessment import AssessmentOptions
from mocap.pipeline.session_options import stage_options
from mocap.reconstruction import ReconstructionOptions
from mocap.signal.filter_options import FilterOptions

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def block(title: str) -> str:
    (found,) = re.findall(rf"```toml\n# {re.escape(title)}\n(.*?)```", README, re.DOTALL)
    return found


def test_the_session_file_is_a_session_file() -> None:
    session = build(Session, tomllib.loads(block("session.toml")), "README")
    assert stage_options(session).filter.cutoff_hz == 6.0
    assert session.static is not None
    shown = set(session.options["calibration"])
    assert shown == {field.name for field in fields(CalibrationOptions)}


#: What stands in each section of a session file, and what it is read as.
SECTIONS = {
    "session": SessionInfo, "calibration": CalibrationSource, "sync": SyncSettings, "keypoints": KeypointSource,
    "static": StaticTrial,
}  # fmt: skip
OPTIONS = {
    "calibration": CalibrationOptions, "reconstruction": ReconstructionOptions, "filter": FilterOptions,
    "kinematics": KinematicsOptions, "assessment": AssessmentOptions,
}  # fmt: skip


def names_of(*kinds: type) -> set[str]:
    return {field.name for kind in kinds for field in fields(kind)}


def every_entry() -> dict:
    """The session file with the entries that stand behind a '#'."""
    return tomllib.loads(re.sub(r"^# (?=\w+ = )", "", block("session.toml"), flags=re.MULTILINE))


def test_the_session_file_shows_every_entry_there_is_and_no_other() -> None:
    shown = every_entry()
    assert set(shown) == names_of(Session)
    assert {name: set(shown[name]) for name in SECTIONS} == {name: names_of(kind) for name, kind in SECTIONS.items()}
    assert set().union(*shown["trial"]) == names_of(TrialEntry)
    assert set(shown["keypoints"]["participant"]) | set(shown["trial"][1]["participant"]) == names_of(Participant)
    tables = [entry for entry in shown["cameras"].values() if isinstance(entry, dict)]
    assert set().union(*tables) == names_of(CameraEntry)
    apart = {"kinematics": {"marker_set"}}  # which is no choice of the kinematics proper
    for stage, kind in OPTIONS.items():
        assert set(shown["options"][stage]) == names_of(kind) | apart.get(stage, set()), stage
    assert set(shown["options"]) == set(OPTIONS)


def test_what_stands_behind_a_mark_in_the_session_file_is_read_as_well() -> None:
    shown = every_entry()
    assert not list(mistyped(Session, shown))
    of_method = {"window_frames", "order", "cutoff_hz"}  # of another method, or in place of each other
    shown["keypoints"]["source"] = "video"
    shown["calibration"] = {"file": shown["calibration"]["file"]}
    chosen = shown["options"]["filter"]
    shown["options"]["filter"] = {name: chosen[name] for name in chosen if name not in of_method} | {"hampel": True}
    options = stage_options(build(Session, shown, "README"))
    assert options.reconstruction.threads == 4 and options.marker_set == "plug-in-gait"
    windowed = {"method": "savitzky_golay", "window_frames": chosen["window_frames"], "order": chosen["order"]}
    assert build(FilterOptions, windowed, "README").order == 3


def test_the_session_file_shows_what_is_done_without_it() -> None:
    session = build(Session, tomllib.loads(block("session.toml")), "README")
    options = stage_options(session)
    # By their words: a NaN is not equal to itself.
    assert repr(options.reconstruction) == repr(ReconstructionOptions())
    assert repr(options.kinematics) == repr(KinematicsOptions())
    assert (session.sync.clocks, session.sync.method) == (SyncSettings().clocks, SyncSettings().method)
    assert session.keypoints.sides == KeypointSource().sides
    written, left = options.filter, FilterOptions()
    assert (written.cutoff, written.gap_s, written.hampel) == (left.cutoff, left.gap_s, left.hampel)


def test_the_board_file_is_a_board_file(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(block("board.toml"), encoding="utf-8")
    assert read_board(path).squares_x == 5


def test_the_table_of_commands_is_the_command_line() -> None:
    shown = set(re.findall(r"^\| `mocap ([\w-]+)", README, re.MULTILINE))
    assert shown == {command.name for command in app.registered_commands}


@pytest.mark.parametrize("ending", ["mocap demo --out demo_out", "pytest"])
def test_the_two_lines_set_themselves_up(ending: str) -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv") and line.endswith(ending)]
    assert len(lines) == 1
    assert "pip install" in lines[0]


def test_its_pictures_are_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert len(shown) >= 3
    for path in shown:
        assert (Path(__file__).resolve().parents[3] / path).stat().st_size < 300_000, path
