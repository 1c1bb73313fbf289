"""What is odd in a C3D file is named: damage that the format itself cannot tell, planted one by one.

The same files unharmed say nothing of it: of the 13 real recordings none has a note from here.
"""

import copy
import struct
from pathlib import Path

import numpy as np
import pytest

from mocap.readers.c3d_content import C3dContent, load_c3d
from mocap.readers.c3d_doubts import doubts_of
from mocap.readers.far_samples import without_jumps
from mocap.readers.label_doubts import lone_sides, strange_words


@pytest.fixture(scope="module")
def sound(shared_data: Path) -> tuple[C3dContent, int]:
    path = shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d"
    return load_c3d(path), path.stat().st_size


def test_thirteen_recordings_raise_no_doubt(shared_data):
    files = sorted((shared_data / "plug_in_gait").glob("*.c3d"))
    assert len(files) == 13
    for file in files:
        content = load_c3d(file)
        assert doubts_of(content.header, content.parameters, file.stat().st_size) == (), file


def put(group, name, place, value):
    def change(parameters):
        values = parameters[group][name]["value"]
        values[place] = value

    return change


def short(group, name):
    def change(parameters):
        parameters[group][name]["value"] = parameters[group][name]["value"][:-1]

    return change


def called(group, name, other):
    def change(parameters):
        owner = parameters[group] if group else parameters
        owner[other] = owner.pop(name)

    return change


def gone(group, name):
    return lambda parameters: parameters[group].pop(name)


DAMAGE = {
    "letter of a marker": (put("POINT", "LABELS", 0, "MASI"), "RASI has no partner"),
    "letter of an output": (put("POINT", "ANGLES", 0, "LHipAnglew"), "LHipAnglew, which no point is called"),
    "control character": (put("POINT", "LABELS", 3, "LP\x13I"), "looks damaged"),
    "high bit": (put("POINT", "LABELS", 3, "LP\xc9I"), "looks damaged"),
    "blank within": (put("POINT", "LABELS", 3, "LPSI   0"), "looks damaged"),
    "more labels than points": (lambda p: p["POINT"]["LABELS"]["value"].append("C7"), "holds 98 labels for 97"),
    "unit of angles": (put("POINT", "ANGLE_UNITS", 0, "dez"), "ANGLE_UNITS is 'dez'"),
    "name of a unit": (gone("POINT", "FORCE_UNITS"), "FORCE_UNITS is missing"),
    "unit of moments": (put("POINT", "MOMENT_UNITS", 0, "Nm"), "MOMENT_UNITS is 'Nm' beside lengths in 'mm'"),
    "name of a group": (called("", "FORCE_PLATFORM", "FORCE_PLATFORN"), "FORCE_PLATFORM is missing, and there is one"),
    "name of a parameter": (called("EVENT", "TIMES", "TINES"), "EVENT:TIMES is missing, and there is one"),
    "empty group": (lambda p: p.update(EVENT={}), "group EVENT holds nothing"),
    "side of an event": (put("EVENT", "CONTEXTS", 2, "Lefu"), "side 'Lefu'"),
    "label of an event": (put("EVENT", "LABELS", 2, "Foot Strikd"), "differ in one letter"),
    "label of an event, longer": (put("EVENT", "LABELS", 11, "Foot Off0"), "differ in one letter"),
    "no label of an event": (put("EVENT", "LABELS", 2, ""), "1 of 12 events have no label"),
    "no label of a channel": (put("ANALOG", "LABELS", 20, ""), "1 of 34 analog channels have no label"),
    "count of events": (put("EVENT", "USED", 0, 8), "holds 8 events by its count, 12 times"),
    "events lost": (short("EVENT", "LABELS"), "11 labels"),
    "minutes of an event": (put("EVENT", "TIMES", (0, 3), 4.0), "1 of 12 events are before the first frame"),
    "seconds of an event": (put("EVENT", "TIMES", (1, 3), 8.0043), "1 of 12 events are not on a frame"),
    "time that is none": (put("EVENT", "TIMES", (1, 3), np.nan), "before the first frame"),
    "scale of a channel": (put("ANALOG", "SCALE", 4, 2.0), "ANALOG:SCALE of channel 5 is not 1"),
    "scale that is none": (put("ANALOG", "SCALE", 4, np.inf), "holds 0 or no number"),
    "offset of a channel": (put("ANALOG", "OFFSET", 1, 64), "ANALOG:OFFSET of channel 2 is not 0"),
    "general scale": (put("ANALOG", "GEN_SCALE", 0, 1.0625), "GEN_SCALE is 1.0625"),
    "general scale that is none": (put("ANALOG", "GEN_SCALE", 0, -1.0), "no number above 0"),
    "unit of a channel": (put("ANALOG", "UNITS", 3, "Nml"), "unit 'Nml'"),
    "unit of one of a row": (put("ANALOG", "UNITS", 20, "W"), "is not in 'V', as the others of its row are"),
    "letter of a channel": (put("ANALOG", "LABELS", 6, "Gx2"), "Gx2 belongs to no row"),
    "digit of a channel": (put("ANALOG", "LABELS", 6, "Fx1"), "Fx1 is there more than once"),
    "labels of channels": (short("ANALOG", "LABELS"), "LABELS has 33 entries for 34"),
    "corner of a plate": (put("FORCE_PLATFORM", "CORNERS", (0, 1, 0), 500.0), "force plate 1 is no rectangle"),
    "corner that is none": (put("FORCE_PLATFORM", "CORNERS", (0, 1, 0), np.nan), "force plate 1 is no rectangle"),
    "origin of a plate": (put("FORCE_PLATFORM", "ORIGIN", (2, 1), 4e6), "force plate 2 has its origin far"),
    "type of a plate": (put("FORCE_PLATFORM", "TYPE", 1, 3), "force plate 2 is of type 3 and has 6 channels"),
    "another type": (put("FORCE_PLATFORM", "TYPE", 1, 1), "of different types, 2, 1, 2"),
    "no such type": (put("FORCE_PLATFORM", "TYPE", 1, 34), "type 34, which there is not"),
    "no such channel": (put("FORCE_PLATFORM", "CHANNEL", (5, 2), 274), "name one that is not there"),
    "channel of nothing": (put("FORCE_PLATFORM", "CHANNEL", (5, 2), -32750), "force plate 3 is of type 2 and has 5"),
    "another channel": (put("FORCE_PLATFORM", "CHANNEL", (5, 2), 22), "do not follow each other"),
    "channel of a plate": (put("FORCE_PLATFORM", "CHANNEL", (0, 1), 2), "share a channel"),
    "count of plates": (put("FORCE_PLATFORM", "USED", 0, 2), "FORCE_PLATFORM is not whole"),
    "first frame": (put("TRIAL", "ACTUAL_START_FIELD", 0, 724), "ACTUAL_START_FIELD says 724"),
    "rate": (put("TRIAL", "CAMERA_RATE", 0, 200.0), "CAMERA_RATE says 200 Hz"),
    "height": (put("PROCESSING", "Height", 0, 1.76e7), "Height is 1.76e+07"),
    "width of a knee": (put("PROCESSING", "LKneeWidth", 0, 20.0), "KneeWidth is 20 on the left"),
    "width of one knee": (gone("PROCESSING", "LKneeWidth"), "KneeWidth of one side alone"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_planted_damage_is_named(sound, damage):
    content, size = sound
    change, said = DAMAGE[damage]
    parameters = copy.deepcopy(content.parameters)
    change(parameters)
    notes = doubts_of(content.header, parameters, size)
    assert any(said in note for note in notes), notes
    assert len(notes) <= 3


def test_bytes_put_in_or_left_over_are_named(sound):
    content, size = sound
    assert "4 bytes longer" in doubts_of(content.header, content.parameters, size + 4)[0]
    padded = -(-size // 512) * 512
    assert doubts_of(content.header, content.parameters, padded) == ()
    assert "longer" in doubts_of(content.header, content.parameters, padded + 512)[0]


def test_names_that_people_give_raise_no_doubt():
    given = ["LASI", "Left foot", "Fuß links", "膝", "*12", "marker.1_x-y", "Subject:LASI", ""]
    assert strange_words(given, "label") == ()
    assert lone_sides(["LASI", "RASI", "LKNE"]) == ()  # too few pairs to tell
    pairs = [side + name for side in "LR" for name in ("ASI", "PSI", "KNE", "ANK", "HEE")]
    assert lone_sides([*pairs, "RBAK", "C7", "T10", "L5", "STRN", "Rib", "Lumbar"]) == ()
    assert lone_sides([*pairs, "LTOE"]) == ("LTOE has no partner on the other side, which the other labels have.",)
    left = [f"Left{name}" for name in ("Hip", "Knee", "Ankle")] + [f"Right{name}" for name in ("Hip", "Knee", "Ankle")]
    assert lone_sides(left) == () and "RightToe" in lone_sides([*left, "RightToe"])[0]
    assert strange_words(["LASI", "Fu\xdf"], "label") == ("label 'Fu\\xdf' looks damaged.",)


def test_samples_that_jump_away_and_back_are_missing_and_fast_ones_are_not():
    time = np.arange(200) / 100.0
    path = np.stack([10 * time, 15 * np.sin(2 * np.pi * time), 1 + 0 * time], axis=1)[:, None]  # up to 95 m/s
    same, notes = without_jumps(path, 100.0)
    assert same is path and notes == ()
    jumped = path.copy()
    jumped[50, 0, 2] += 10.0
    jumped[80:83, 0, 0] -= 50.0
    jumped[100:104, 0, 0] += 50.0  # longer than three frames: another body may have been taken for this one
    found, notes = without_jumps(jumped, 100.0)
    assert np.flatnonzero(np.isnan(found).any(axis=2)).tolist() == [50, 80, 81, 82]
    assert notes[0].startswith("4 samples that jump away") and "row 51 of point 1" in notes[0]


def test_a_flipped_exponent_in_a_sample_is_missing_and_named(shared_data, tmp_path):
    from mocap.readers.c3d import read_c3d

    source = shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d"
    content = load_c3d(source)
    data = bytearray(source.read_bytes())
    header = content.header
    at = header.data_start + 100 * (4 * header.n_points + header.n_analog_per_frame) * 4 + 5 * 16
    values = struct.unpack_from("<3f", data, at)
    largest = int(np.argmax(np.abs(values)))
    struct.pack_into("<f", data, at + 4 * largest, values[largest] * 16)  # one bit of the exponent
    (tmp_path / "x.c3d").write_bytes(data)
    found, whole = read_c3d(tmp_path / "x.c3d"), read_c3d(source)
    assert np.argwhere(np.isnan(found.points.position) & ~np.isnan(whole.points.position)).tolist() == [
        [100, 5, axis] for axis in range(3)]  # fmt: skip
    assert set(found.notes) - set(whole.notes)
