"""A new session that is right from the first line, values of a cohort, and where each value came from."""

import json
from pathlib import Path

import pytest

import mocap
from mocap.config.cohort import cohort_file, cohort_values, with_cohort
from mocap.config.presets import preset_names
from mocap.config.session import read_session
from mocap.config.toml_lines import line_of, toml_lines
from mocap.errors import ConfigError
from mocap.pipeline.session import run_session
from tests.fixtures.small_session import SESSION, silent, small_session


@pytest.mark.parametrize("board", preset_names("boards"))
def test_a_new_session_can_be_read_and_has_a_place_for_each_recording(tmp_path: Path, mocap_cli, board: str) -> None:
    folder = tmp_path / "P01_2026-03-01"
    options = ["--cameras", "12", "--rate", "59.94", "--trial", "standing", "--trial", "deep:squat", "--board", board]
    done = mocap_cli("new", folder, *options, "--date", "2026-03-01", "--operator", "AB")
    assert done.status == 0, done.err
    session = read_session(folder)
    assert (session.session.subject_code, str(session.session.date)) == ("P01", "2026-03-01")
    assert list(session.cameras)[:2] == ["cam_00", "cam_01"] and len(session.cameras) == 12
    assert [(one.name, one.task) for one in session.trial] == [("standing", "static"), ("deep", "squat")]
    assert session.static is not None and session.static.trial == "standing" and session.sync.rate_hz == 59.94
    assert all((folder / name).is_dir() for name in ("calibration", "standing", "deep"))
    assert mocap_cli("board", folder / "board.toml", "--out", folder / "board.pdf").status == 0
    assert "mocap doctor" in done.out and "mocap run" in done.out


def test_a_new_session_is_written_over_nothing_and_never_by_half(tmp_path: Path, mocap_cli) -> None:
    assert mocap_cli("new", tmp_path / "P1", "--source", "files", "--calibration", "calibration.toml").status == 0
    assert not (tmp_path / "P1" / "board.toml").exists()
    text = (tmp_path / "P1" / "session.toml").read_text("utf-8")
    assert "SESSION_THERE" in mocap_cli("new", tmp_path / "P1").error_line
    assert (tmp_path / "P1" / "session.toml").read_text("utf-8") == text
    for options, code in (
        (["--subject", "Jane Doe"], "CONFIG_VALUE"), (["--cameras", "a,a"], "CONFIG_VALUE"),
        (["--board", "charuco"], "PRESET_UNKNOWN"), (["--trial", "dance"], "CONFIG_VALUE"),
        (["--date", "1.3.26"], "CONFIG_VALUE"), (["--source", "tape"], "CONFIG_VALUE"),
    ):  # fmt: skip
        done = mocap_cli("new", tmp_path / "P2", *options)
        assert done.status == 1 and code in done.error_line, options
        assert not (tmp_path / "P2").exists(), options


COHORT = """\
subject,session,options.kinematics.leg_length_m,context.footwear,trial.squat.context.load_kg,session.operator
S01,,0.91,barefoot,,
S01,small,,,40,007
S02,,0.5,,,
"""


def test_a_table_of_the_cohort_counts_more_than_the_session_and_reaches_the_results(tmp_path: Path, mocap_cli) -> None:
    folder = small_session(tmp_path / "day" / "session")
    (tmp_path / "cohort.csv").write_text(COHORT, encoding="utf-8")
    assert cohort_file(folder) == tmp_path / "cohort.csv"
    session = read_session(folder)
    assert session.options["kinematics"]["leg_length_m"] == 0.91 and session.session.operator == "007"
    assert session.trial[1].context == {"load_kg": 40, "footwear": "barefoot"}
    assert session.trial[0].context == {"footwear": "barefoot"}
    run_session(folder, folder / "results", silent)
    trial = mocap.read_trial(folder / "results" / "squat.h5")
    sources = {f"{row.stage}.{row.option}": (row.value, row.source) for row in trial.settings}
    assert sources["kinematics.leg_length_m"] == ("0.91", "cohort.csv line 2")
    assert sources["kinematics.marker_set"] == ('"landmarks"', "session.toml")
    assert trial.operator == "007" and trial.context["load_kg"] == 40.0
    told = json.loads(mocap_cli("config", folder, "--explain", "--json").out)["values"]
    where = {f"{row['stage']}.{row['option']}": row["source"] for row in told}
    assert where["trial.squat.context.load_kg"] == "cohort.csv line 3"
    assert where["session.subject_code"] == "session.toml line 3" and where["sync.clocks"] == "default"
    assert where["options.kinematics.hip_centre"] == "default"
    assert where["assessment squat.repetitions.foot_shift"].startswith("protocol squat")
    # Without the table the value is the session's own again, and only what depends on it is made.
    (tmp_path / "cohort.csv").unlink()
    outcomes = run_session(folder, folder / "results", silent).outcomes
    assert "reconstruction" not in {stage for one in outcomes for stage in one.stages}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name,x\n1,2\n", "a column 'subject' or 'session'"),
        ("subject,operator\nS01,AB\n", "the column 'operator', which is no value of a session"),
        ("subject,trial.squat\nS01,AB\n", "names no value of a trial"),
        ("subject,session.operator\nS01\n", "1 cells in line 2, and 2 columns"),
        ("subject,options.kinematics.leg_lenght_m\nS01,1\n", "did you mean 'leg_length_m'"),
        ("subject,keypoints.sides\nS01,maybe\n", "session.toml with cohort.csv"),
        ("subject,subject\nS01,S01\n", "every name once"),
        ("\n", "a column"),
        ("subject,options.calibration.boards.x\nS01,1\n", "boards"),
    ],
)
def test_a_table_that_says_nothing_sound_is_one_line(tmp_path: Path, mocap_cli, table: str, words: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "session.toml").write_text(SESSION, encoding="utf-8")
    (tmp_path / "cohort.csv").write_text(table, encoding="utf-8")
    done = mocap_cli("config", tmp_path / "s", "--explain")
    assert done.status == 1 and words in done.error_line


def test_cells_are_typed_as_toml_and_the_content_stays(tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").write_text("session;a.b;c.d;e.f\nx;1.5;true;2026-03-01\n", encoding="utf-8")
    content = {"session": {"id": "x"}, "a": {"k": 1}}
    made = with_cohort(content, cohort_values(tmp_path / "cohort.csv", content))
    assert made["a"] == {"k": 1, "b": 1.5} and made["c"] == {"d": True} and str(made["e"]["f"]) == "2026-03-01"
    assert content == {"session": {"id": "x"}, "a": {"k": 1}}
    (tmp_path / "cohort.csv").write_bytes(b"subject,a.b\n\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        cohort_values(tmp_path / "cohort.csv", content)


def test_lines_of_a_toml_file() -> None:
    text = (
        '[a]\nx = 1\n"y z" = [\n  1, # x = 2\n  2,\n]\n\n[[t]]\nname = "p"\n[[t]]\nname = "q"\n'
        "[t.c]\nk = { l = 1 }\nm.n = 3\n"
    )
    lines = toml_lines(text)
    assert [lines[key] for key in ("a.x", "a.y z", "t.0.name", "t.1.name", "t.c.m.n")] == [2, 3, 9, 11, 14]
    assert line_of(lines, "t.c.k.l") == 13 and line_of(lines, "b.x") is None
