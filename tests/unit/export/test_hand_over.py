"""The hand-over as a whole: read back before it counts, whole or not at all, nothing of others lost."""

from dataclasses import replace

import ezc3d
import numpy as np
import pytest

import mocap.pipeline.export as hand_over
from mocap.cli.export import FORMATS as TOLD
from mocap.errors import ConfigError, ExportError
from mocap.export import FORMATS, ExportFormat, c3d, format_for
from mocap.export.differences import number_differences, word_differences
from mocap.pipeline.export import ROWS, export_to_file
from mocap.pipeline.export_back import DIFFERENCES
from mocap.pipeline.motion import import_motion
from mocap.storage import write_trial
from mocap.storage.journal import entries
from mocap.trial import Analog, AngleDefinition, Event, ForcePlate, JointAngles, Points3D, Trial


def _trial_file(folder):
    position = np.random.default_rng(3).normal(size=(6, 2, 3))
    position[3, 1] = np.nan
    write_trial(folder / "t.h5", Trial("t", Points3D(position, ("A", "B"), 50.0)))
    return folder / "t.h5"


def listing(folder):
    return [path.name for path in folder.iterdir() if path.name != "journal.jsonl"]


def _write_plainly(trial, path):
    path.write_text("plain")
    return (path,)


@pytest.fixture
def plain(monkeypatch):
    """A format whose files say nothing of themselves, and which nothing reads back."""
    monkeypatch.setitem(ROWS, "plain", ExportFormat("plain", _write_plainly, (".txt",)))


def test_help_tells_the_formats_there_are():
    assert list(TOLD) == list(ROWS)


def test_what_reads_back_otherwise_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    file = _trial_file(tmp_path)

    def write_another(trial, path):
        moved = replace(trial, points=replace(trial.points, position=trial.points.position + 1e-9))
        return FORMATS["csv"].write(moved, path)

    row = replace(format_for("csv", tmp_path / "a.csv"), write=write_another)
    monkeypatch.setattr(hand_over, "format_for", lambda name, out, rows: row)
    with pytest.raises(ExportError, match=r"EXPORT_DIFFERS.*A_x_m: differs by up to 1e-09"):
        export_to_file(file, "csv", tmp_path / "tables", verify=True)
    assert listing(tmp_path) == ["t.h5"]
    assert export_to_file(file, "csv", tmp_path / "tables").verified is False


def test_a_format_that_nothing_reads_back_says_so(tmp_path, plain):
    with pytest.raises(ExportError, match="EXPORT_UNVERIFIED"):
        export_to_file(_trial_file(tmp_path), "plain", tmp_path / "a.txt", verify=True)
    assert listing(tmp_path) == ["t.h5"]


def test_a_file_that_says_nothing_of_itself_is_written_over_on_demand_alone(tmp_path, plain):
    file = _trial_file(tmp_path)
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"OUTPUT_EXISTS.*--overwrite"):
        export_to_file(file, "plain", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "mine"
    export_to_file(file, "plain", tmp_path / "a.txt", overwrite=True)
    assert (tmp_path / "a.txt").read_text() == "plain"


def test_the_trial_itself_is_never_written_over(tmp_path, monkeypatch):
    file = _trial_file(tmp_path)
    monkeypatch.setitem(ROWS, "plain", ExportFormat("plain", _write_plainly, (".h5",)))
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match=r"OUTPUT_(IS_INPUT|EXISTS)"):
            export_to_file(file, "plain", file, overwrite=overwrite)


def test_an_ending_of_another_format_is_refused(tmp_path, plain):
    with pytest.raises(ExportError, match=r"EXPORT_SUFFIX.*\.txt"):
        export_to_file(_trial_file(tmp_path), "plain", tmp_path / "a.c3d")


def test_a_disk_error_of_an_exporter_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    file = _trial_file(tmp_path)

    def write_half(trial, path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(ROWS, "plain", ExportFormat("plain", write_half, (".txt",)))
    with pytest.raises(OSError, match=r"WRITE_FAILED.*No space left"):
        export_to_file(file, "plain", tmp_path / "a.txt")
    assert listing(tmp_path) == ["t.h5"]


def test_differences_name_shape_gap_value_and_word():
    (shape,) = number_differences("x", np.zeros((2, 3)), np.zeros((3, 2)))
    (gap,) = number_differences("x", [0.0, np.nan], [0.0, 1.0])
    (value,) = number_differences("x", [[0.0, 2.0]], [[0.0, 2.5]], 0.4)
    assert [str(one) for one in (shape, gap, value)] == [
        "x: has the shape (3, 2), expected (2, 3)",
        "x: 1 values are missing on one side alone, first at (1,)",
        "x: differs by up to 0.5 at (0, 1), allowed 0.4",
    ]
    assert not number_differences("x", [1.0, np.nan], [1.3, np.nan], 0.4)
    assert [one.problem for one in word_differences("w", ["a", "b"], ["a", "c"])] == ["entry 1 is 'c', expected 'b'"]
    assert word_differences("w", ["a"], [])[0].problem == "has 0 entries, expected 1"


def test_what_a_killed_export_left_goes_with_the_next_and_what_is_at_work_stays(tmp_path, monkeypatch):
    file = _trial_file(tmp_path)
    (tmp_path / ".a.txt.killed.part").mkdir()
    (tmp_path / ".a.txt.killed.part" / "half").write_text("half")
    seen = []

    def write_and_look(trial, path):
        if path.name == "a.txt" and not seen:
            seen.append(sorted(listing(tmp_path)))
            export_to_file(file, "plain", tmp_path / "a.txt")  # another one at the same time
        return _write_plainly(trial, path)

    monkeypatch.setitem(ROWS, "plain", ExportFormat("plain", write_and_look, (".txt",)))
    export_to_file(file, "plain", tmp_path / "a.txt", overwrite=True)
    assert len(seen[0]) == 2 and seen[0][1] == "t.h5" and "killed" not in seen[0][0]
    assert sorted(listing(tmp_path)) == ["a.txt", "t.h5"]


def test_a_hand_over_is_told_in_the_journal_of_its_trial_and_nowhere_else(tmp_path):
    file = _trial_file(tmp_path)
    (tmp_path / "away").mkdir()
    export_to_file(file, "h5", tmp_path / "away" / "copy.h5")
    export_to_file(file, "csv", tmp_path / "away" / "points.csv")
    told = [one for one in entries(tmp_path) if one.operation == "export"]
    assert [(one.file, one.reason, one.outputs[0]) for one in told] == [
        ("t.h5", "h5", "away/copy.h5"), ("t.h5", "csv", "away/points.csv")]  # fmt: skip
    assert told[0].new_sha256 == told[0].old_sha256 == entries(tmp_path)[0].new_sha256
    assert not (tmp_path / "away" / "journal.jsonl").exists()


def test_tables_of_an_earlier_trial_do_not_stay_beside_those_of_another(tmp_path):
    file = _trial_file(tmp_path)
    points = Points3D(np.ones((6, 2, 3)), ("A", "B"), 50.0)
    write_trial(tmp_path / "smooth.h5", Trial("s", points, points_smoothed=points))
    export_to_file(tmp_path / "smooth.h5", "csv", tmp_path / "tables")
    (tmp_path / "tables" / "mine.csv").write_text("a,b\n1,2\n")
    export_to_file(file, "csv", tmp_path / "tables")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["mine.csv", "points.csv"]


def _with_angles() -> Trial:
    rng = np.random.default_rng(4)
    names = ("knee_flexion_r", "trunk_lean")
    texts = tuple(AngleDefinition(name, "d", "s", "p", "z", "absolute", "m") for name in names)
    angles = JointAngles(texts, rng.normal(size=(9, 2)), 50.0, np.full((9, 2), 0.01))
    return Trial("t", Points3D(rng.normal(size=(9, 2, 3)), ("LASI", "RASI"), 50.0), angles=angles, subject_code="S01")


@pytest.mark.parametrize(("to", "before", "after"), [
    ("trc", "LASI\t\t\tRASI", "LASI\tRASI\t\t"), ("trc", "X1\tY1", "Y1\tX1"), ("mot", "nRows=9\n", ""),
    ("mot", "DataType=double", "DataType=Vec3"), ("mot", "version=2", "version=1"),
])  # fmt: skip
def test_a_header_that_is_not_as_it_should_be_is_found(tmp_path, to, before, after):
    trial, path = _with_angles(), tmp_path / f"a.{to}"
    ROWS[to].write(trial, path)
    assert DIFFERENCES[to](trial, path) == ()
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert DIFFERENCES[to](trial, path)


def test_a_c3d_of_a_trial_that_came_from_one_has_the_present_angles_under_their_names(tmp_path):
    """They had given way to those of the file before, and were called `trunk_lean#2`."""
    trial = _with_angles()
    ROWS["c3d"].write(trial, tmp_path / "a.c3d")
    back = import_motion(tmp_path / "a.c3d", None, None)
    later = np.array(trial.angles.values)
    later[:, 1] += 1.0
    now = replace(back, angles=replace(trial.angles, values=later))
    ROWS["c3d"].write(now, tmp_path / "b.c3d")
    assert DIFFERENCES["c3d"](now, tmp_path / "b.c3d") == ()
    found = ezc3d.c3d(str(tmp_path / "b.c3d"))
    labels = found["parameters"]["POINT"]["LABELS"]["value"]
    values = found["data"]["points"][0]
    np.testing.assert_allclose(values[labels.index("trunk_lean")], np.rad2deg(later[:, 1]), rtol=1e-6)
    np.testing.assert_allclose(values[labels.index("trunk_lean#imported")], np.rad2deg(later[:, 1] - 1), rtol=1e-5)
    assert labels.count("knee_flexion_r") == 1 and "knee_flexion_r#imported" not in labels


@pytest.mark.parametrize("how", ["sd", "no sd", "y", "code", "error", "bit"])
def test_a_c3d_that_says_something_else_is_found(tmp_path, monkeypatch, how):
    trial, path, columns_of = _with_angles(), tmp_path / "a.c3d", c3d.columns_of

    def others(*given):
        for one in columns_of(*given):
            if one.label.endswith("_sd") and how in ("sd", "no sd"):
                if how == "sd":
                    yield replace(one, values=one.values * 10)
            else:
                if how == "error":
                    one = replace(one, residual=one.residual + 1.0)
                aside = np.array([0, one.kind == "angles" and how == "y", 0])
                yield replace(one, values=one.values + aside)

    monkeypatch.setattr(c3d, "columns_of", lambda *given: tuple(others(*given)))
    ROWS["c3d"].write(replace(trial, subject_code="S02") if how == "code" else trial, path)
    if how == "bit":
        content = bytearray(path.read_bytes())
        content[-600] ^= 1
        path.write_bytes(content)
    assert DIFFERENCES["c3d"](trial, path)
    monkeypatch.undo()
    ROWS["c3d"].write(trial, path)
    assert DIFFERENCES["c3d"](trial, path) == ()


@pytest.mark.parametrize("to", ["csv", "trc", "mot", "parquet"])
def test_no_companion_of_an_earlier_trial_stays_beside_one_file(tmp_path, to):
    """Forces of one trial beside the angles of another under the name that inverse dynamics would look for."""
    bare, corners = _with_angles(), np.array([[0.4, 0.3, 0], [0, 0.3, 0], [0, 0, 0], [0.4, 0, 0]])
    forces = np.tile([10.0, 5.0, -700.0, 100.0, 200.0, 30.0], (90, 1))
    full = replace(
        bare, points_smoothed=bare.points, events=(Event(0.1, "squat_bottom"),),
        analog=Analog(forces, tuple("abcdef"), ("N",) * 3 + ("Nmm",) * 3, 500.0, ("",) * 6),
        force_plates=(ForcePlate(2, corners, np.zeros(3), tuple(range(6))),),
    )  # fmt: skip
    write_trial(tmp_path / "full.h5", full)
    write_trial(tmp_path / "bare.h5", bare)
    out = tmp_path / "out"
    out.mkdir()
    export_to_file(tmp_path / "full.h5", to, out / f"a.{to}", overwrite=True)
    (out / "a_2_events.csv").write_text("time_s,label,side,confidence,source,\n")
    before = {file.name for file in out.iterdir()}
    export_to_file(tmp_path / "bare.h5", to, out / f"a.{to}", overwrite=True)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    export_to_file(tmp_path / "bare.h5", to, fresh / f"a.{to}")
    kept = {"a_2_events.csv"}
    assert {file.name for file in out.iterdir()} == {file.name for file in fresh.iterdir()} | kept
    assert len(before) > len(list(fresh.iterdir())) + len(kept)


@pytest.mark.parametrize(("names", "place", "code"), [
    (("C ", "C"), 0.0, "EXPORT_NAMES"), (("a\nb", "C"), 0.0, "EXPORT_NAMES"), (("A", "B"), 1e36, "EXPORT_RANGE"),
    (("A", "B"), np.inf, "EXPORT_RANGE"),
])  # fmt: skip
def test_what_a_c3d_cannot_keep_is_refused_before_it_is_written(tmp_path, names, place, code):
    position = np.zeros((4, 2, 3))
    position[1, 0, 1] = place
    with pytest.raises(ExportError, match=code):
        ROWS["c3d"].write(Trial("t", Points3D(position, names, 50.0)), tmp_path / "a.c3d")
    assert not list(tmp_path.iterdir())


def test_plates_without_forces_say_why(tmp_path):
    plate = ForcePlate(4, np.zeros((4, 3)), np.zeros(3), tuple(range(6)))
    analog = Analog(np.zeros((40, 6)), tuple("abcdef"), ("N",) * 6, 500.0, ("",) * 6)
    trial = Trial("t", Points3D(np.zeros((4, 1, 3)), ("A",), 50.0), analog=analog, force_plates=(plate,))
    with pytest.raises(ExportError, match=r"EXPORT_EMPTY.*force plates of type 4 are not turned into forces"):
        ROWS["mot"].write(trial, tmp_path / "a.mot")
