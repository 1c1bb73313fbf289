"""TRC and MOT: what OpenSim's readers need of them, every bit kept, and damage that is found."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ConfigError, ExportError, FormatError
from mocap.export.mot import export_mot
from mocap.export.plain import plain_names
from mocap.export.trc import export_trc
from mocap.pipeline.export import export_to_file
from mocap.pipeline.export_back_opensim import mot_differences, trc_differences
from mocap.readers.imported import CHANGED
from mocap.readers.mot import read_mot
from mocap.readers.trc import read_trc
from mocap.schema import Status
from mocap.storage import write_trial
from mocap.trial import AngleDefinition, JointAngles, Points3D, Trial

RATE = 119.88011988011988
FORWARD = {"x": (1, 0, 0), "-x": (-1, 0, 0), "y": (0, 1, 0), "-y": (0, -1, 0)}


def _trial(names=("LASI", "=RASI\t1", "C 7"), **options):
    rng = np.random.default_rng(5)
    position = rng.normal(size=(6, len(names), 3))
    position[2, -1] = np.nan
    position[3, 0] = 0.0
    position[5, 1, 2] = np.nan
    status = np.full(position.shape[:2], int(Status.MEASURED), np.uint8)
    status[2, -1], status[4, 1] = Status.REJECTED, Status.FILLED | Status.DOUBTFUL
    points = Points3D(position, names, RATE, status=status, start_s=2.5)
    words = ("a", "b", "c", "d", "absolute", "e")
    definitions = (
        AngleDefinition("pelvic_tilt", *words), AngleDefinition("my angle", *words),
        AngleDefinition("lumbar_flexion", *words, observable=False, reason="no plate"),
    )  # fmt: skip
    values = rng.normal(size=(6, 3))
    values[:, 2], values[1, 0] = np.nan, np.nan
    codes = np.zeros((6, 3), np.uint8)
    codes[1:3, 0], codes[:, 2] = 1, 2
    angles = JointAngles(definitions, values, RATE, sd=np.full((6, 3), 0.01), start_s=2.5, frame_reason=codes,
                         frame_reason_words=("", "=LASI missing", "no plate"))  # fmt: skip
    return replace(Trial("t", points, angles=angles), **options)


def test_a_trc_header_matches_its_body_and_states_rate_and_axes(tmp_path):
    trial = _trial()
    path, points, samples = export_trc(trial, tmp_path / "walk.trc")
    lines = path.read_text().splitlines()
    told, _, digest = lines[0].partition(", sha256 ")
    assert told.split("\t") == ["PathFileType", "4", "(X/Y/Z)", "walk.trc",
                                "mocap: x y z here are x z -y of a lab with z up"]  # fmt: skip
    assert digest == hashlib.sha256(path.read_bytes().partition(b"\n")[2]).hexdigest()
    assert dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True)) == {
        "DataRate": repr(RATE), "CameraRate": repr(RATE), "NumFrames": "6", "NumMarkers": "3", "Units": "m",
        "OrigDataRate": repr(RATE), "OrigDataStartFrame": "1", "OrigNumFrames": "6"}  # fmt: skip
    assert lines[3].split("\t") == ["Frame#", "Time", "LASI", "", "", "RASI 1", "", "", "C 7", "", ""]
    rows = [line.split("\t") for line in lines[6:]]
    # OpenSim drops empty cells at the end of a row, and refuses the row then.
    assert lines[5] == "" and {len(row) for row in rows} == {11} and all(cell for row in rows for cell in row)
    assert [row[0] for row in rows] == list("123456") and [float(row[1]) for row in rows] == list(trial.points.time_s)
    assert rows[2][-3:] == ["nan"] * 3
    x, y, z = trial.points.position[1, 1].tolist()
    assert rows[1][5:8] == [repr(x), repr(z), repr(-y)]
    assert points.read_text().splitlines()[2] == "RASI 1,'=RASI\t1,6,1,5,1,0,0,0,1"
    table = [line.split(",") for line in samples.read_text().splitlines()]
    assert table[1][0] == "3" and table[1][2:] == ["C 7", "16", "rejected"]
    assert table[2][0] == "5" and table[2][2:4] == ["RASI 1", "34"]


def test_a_trc_that_was_changed_since_is_looked_over_as_any_other(tmp_path):
    position = np.repeat(np.array([[[0.0, 0.1, 1.0], [0.0, -0.1, 1.0], [0.3, 0.0, 1.7]]]), 40, axis=0)
    position += np.random.default_rng(2).normal(scale=1e-3, size=position.shape)
    path, *_ = export_trc(Trial("t", Points3D(position, ("LASI", "RASI", "C7"), 50.0)), tmp_path / "a.trc")
    whole = read_trc(path)
    assert CHANGED not in whole.notes and np.array_equal(whole.points.position, position)
    lines = path.read_text().splitlines()
    row = lines[20].split("\t")
    lines[20] = "\t".join([*row[:2], f"9{row[2].lstrip('-')}", *row[3:]])
    lines[31] = "\t".join([*lines[31].split("\t")[:2], "0", "0", "0", *lines[31].split("\t")[5:]])
    path.write_text("\n".join(lines) + "\n")
    found = read_trc(path)
    assert CHANGED in found.notes and found.up_axis_original == "y"
    assert np.argwhere(np.isnan(found.points.position).all(axis=2)).tolist() == [[14, 0], [25, 0]]


@pytest.mark.parametrize("number", ["1_000", "\u0661"])
def test_numbers_that_no_program_writes_are_refused(tmp_path, number):
    path, *_ = export_trc(_trial(), tmp_path / "a.trc")
    lines = path.read_text().splitlines()
    lines[9] = "\t".join([*lines[9].split("\t")[:2], number, *lines[9].split("\t")[3:]])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(FormatError, match="TRC_NUMBER"):
        read_trc(path)


@pytest.mark.parametrize("forward", FORWARD)
def test_a_trc_faces_x_and_comes_back_to_the_last_bit(tmp_path, forward):
    trial = _trial(forward_axis=forward)
    ahead = np.array([FORWARD[forward], (0, 0, 1)], float)
    trial = replace(trial, points=replace(trial.points, position=np.concatenate(
        [np.broadcast_to(ahead, (6, 2, 3)), trial.points.position[:, 2:]], axis=1)))  # fmt: skip
    (path, *_) = export_trc(trial, tmp_path / "walk.trc")
    first = [float(cell) for cell in path.read_text().splitlines()[6].split("\t")[2:8]]
    assert first == [1, 0, 0, 0, 1, 0]  # ahead is x, up is y
    back = read_trc(path)
    np.testing.assert_array_equal(back.points.position, trial.points.position)
    assert back.points.rate_hz == RATE and back.points.start_s == 2.5
    assert (back.up_axis_original, back.axis_source, back.forward_axis) == ("y", "stated", forward)
    assert not trc_differences(trial, path)


def test_smoothed_points_have_a_trc_of_their_own(tmp_path):
    trial = _trial()
    trial = replace(trial, points_smoothed=replace(trial.points, position=trial.points.position * 0.5))
    files = export_trc(trial, tmp_path / "walk.trc")
    assert [file.name for file in files] == [
        "walk.trc", "walk_points.csv", "walk_samples.csv",
        "walk_smoothed.trc", "walk_smoothed_points.csv", "walk_smoothed_samples.csv"]  # fmt: skip
    assert not trc_differences(trial, files[0])
    np.testing.assert_array_equal(read_trc(files[3]).points.position, trial.points_smoothed.position)


def test_without_gravity_the_trc_does_not_say_which_way_is_up(tmp_path):
    trial = _trial(gravity_known=False)
    (path, *_) = export_trc(trial, tmp_path / "walk.trc")
    assert "not known that it is up" in path.read_text().splitlines()[0]
    try:
        source = read_trc(path).axis_source
    except FormatError as error:
        source = error.code
    assert source in ("inferred", "AXES", "UNITS")
    assert not trc_differences(trial, path)


def test_a_mot_is_of_version_2_in_degrees_and_leaves_out_what_was_never_seen(tmp_path):
    trial = _trial()
    files = export_mot(trial, tmp_path / "walk.mot")
    assert [file.name for file in files] == ["walk.mot", "walk_sd.mot", "walk_angles.csv", "walk_flags.csv"]
    lines = files[0].read_text().splitlines()
    assert lines[:8] == ["angles of mocap", "version=2", "nRows=6", "nColumns=3", "DataType=double", "inDegrees=yes",
                         "endheader", "time\tpelvic_tilt\tmy_angle"]  # fmt: skip
    assert lines[9].split("\t")[1] == "nan"
    back = read_mot(files[0])
    np.testing.assert_array_equal(back.columns["pelvic_tilt"], trial.angles.deg("pelvic_tilt"))
    meanings = files[2].read_text()
    assert ",lumbar_flexion,deg," in meanings and "no plate" in meanings
    flags = files[3].read_text().splitlines()
    assert flags[1].startswith("pelvic_tilt,2,3,") and flags[1].endswith("'=LASI missing") and len(flags) == 3
    assert not mot_differences(trial, files[0])


@pytest.mark.parametrize(("write", "differences", "name"), [
    (export_trc, trc_differences, "a.trc"), (export_mot, mot_differences, "a.mot")])  # fmt: skip
def test_damage_is_found_item_by_item(tmp_path, write, differences, name):
    trial = _trial()
    files = write(trial, tmp_path / name)
    for file in files:
        whole = file.read_bytes()
        lines = whole.decode().splitlines(keepends=True)
        damaged = [
            whole.replace(b"RASI 1", b"RASI 2").replace(b"my_angle", b"my_angl"), whole[:-30],
            b"".join(line.encode() for line in lines[:-1]), whole.replace(b"2.5\t", b"2.4\t").replace(b",34,", b",2,"),
        ]  # fmt: skip
        found = [bytes_ != whole and _after(file, bytes_, trial, files[0], differences) for bytes_ in damaged]
        assert any(found) and all(one for one, bytes_ in zip(found, damaged, strict=True) if bytes_ != whole)
        file.write_bytes(whole)
        assert not differences(trial, files[0])
    rng = np.random.default_rng(0)
    text = files[0].read_text()
    body = text.index("endheader") if "endheader" in text else text.index("\n1\t")
    digits = [place for place, letter in enumerate(text) if letter.isdigit() and place > body + 12]
    for place in rng.choice(digits, 40, replace=False):
        other = str((int(text[place]) + 5) % 10)
        assert _after(files[0], (text[:place] + other + text[place + 1 :]).encode(), trial, files[0], differences)


def _after(file, content, trial, main, differences):
    file.write_bytes(content)
    return differences(trial, main)


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ExportError, match=r"EXPORT_EMPTY.*points"):
        export_trc(Trial("t", Points3D(np.empty((3, 0, 3)), (), 50.0)), tmp_path / "a.trc")
    with pytest.raises(ExportError, match=r"EXPORT_EMPTY.*angles"):
        export_mot(replace(_trial(), angles=None), tmp_path / "a.mot")
    assert list(tmp_path.iterdir()) == []


def test_the_command_verifies_and_writes_over_its_own_files_alone(tmp_path):
    write_trial(tmp_path / "t.h5", _trial())
    for to, out in (("trc", "a.trc"), ("mot", "b.mot"), ("mot", "c.sto")):
        for _ in range(2):
            assert export_to_file(tmp_path / "t.h5", to, tmp_path / out, verify=True).verified
    (tmp_path / "a.trc").write_text("PathFileType\t4\t(X/Y/Z)\tof another program\n")
    with pytest.raises(ConfigError, match=r"OUTPUT_OTHER.*another kind; it is kept"):
        export_to_file(tmp_path / "t.h5", "trc", tmp_path / "a.trc")


def test_names_stay_apart_and_hold_nothing_that_parts_columns():
    assert plain_names(("a\tb", "a b", "=x", "x", " ", "\x85", "é 1"), "_") == (
        "a_b", "a_b_2", "x", "x_2", "unnamed", "unnamed_2", "é_1")  # fmt: skip


@pytest.mark.parametrize("name", ["squats1.trc", "static1.trc", "walking1.trc"])
def test_a_real_trc_goes_through_a_trial_to_the_same_numbers(shared_data, tmp_path, name):
    source = shared_data / "squat_markers" / name
    imported = read_trc(source)
    trial = Trial("t", imported.points, forward_axis=imported.forward_axis)
    path, *_ = export_trc(trial, tmp_path / name)
    tables = []
    for file in (source, path):
        head, *rows = file.read_text().splitlines()[3:]
        body = [row.split("\t") for row in rows if row[:1].isdigit()]
        width = 2 + 3 * len([label for label in head.split("\t")[2:] if label.strip()])
        tables.append(np.array([[float(cell or "nan") for cell in row[:width]] for row in body]))
    np.testing.assert_array_equal(tables[1][:, 2:], np.where(tables[0][:, 2:] == 0, np.nan, tables[0][:, 2:]))
    np.testing.assert_allclose(tables[1][:, 1], tables[0][:, 1], atol=1e-6)
