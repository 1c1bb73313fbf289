"""C3D files as other systems write them, made by hand: each has an expectation worked out by hand, too."""

import struct
import tracemalloc

import numpy as np
import pytest

from mocap.errors import FormatError, MocapError
from mocap.pipeline.motion import import_motion
from mocap.readers import read_c3d
from mocap.readers.c3d_content import load_c3d
from tests.fixtures.c3d_by_hand import DEC, INTEL, PERSON, c3d_by_hand, octets, person, real, reals, shorts, words

METRES = np.array(list(PERSON.values())) / 1000


def _read(tmp_path, content, **options):
    path = tmp_path / "trial.c3d"
    path.write_bytes(content)
    return read_c3d(path, **options)


# --- the fourth word: residual in steps of the scale, cameras above it


@pytest.mark.parametrize("processor", [INTEL, DEC])
def test_residual_and_cameras_of_floating_point_files(tmp_path, processor):
    frames, point = person()
    # Cameras 1, 3 and 7: bits 0, 2 and 6; residual 12 steps of 0.1 mm.
    frames[0][0][1] = (*frames[0][0][1][:3], float(0b1000101 << 8 | 12))
    frames[1][0][2] = (0.0, 0.0, 0.0, -1.0)
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point}, processor=processor))
    assert found.origin.residual[0, 1] == pytest.approx(1.2e-3, rel=1e-6)
    assert found.origin.camera_mask[0, 1] == 0b1000101
    assert found.points.n_views[0, 1] == 3 and found.points.n_views[0, 0] == 0
    assert np.isnan(found.points.position[1, 2]).all() and np.isnan(found.origin.residual[1, 2])
    assert np.isfinite(np.delete(found.points.position.reshape(-1, 3), 8, axis=0)).all()


def test_residual_and_cameras_of_whole_number_files(tmp_path):
    frames, point = person()
    frames = [([(*(round(10 * value) for value in row[:3]), 0) for row in points], []) for points, _ in frames]
    frames[0][0][1] = (*frames[0][0][1][:3], 0b0110000 << 8 | 7)
    frames[1][0][2] = (0, 0, 0, -1)
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point}, scale=0.1))
    np.testing.assert_allclose(found.points.position[0], METRES, atol=1e-8)  # 3e-9: 0.1 in single precision
    assert found.origin.residual[0, 1] == pytest.approx(0.7e-3, rel=1e-6)
    assert found.points.n_views[0, 1] == 2
    assert np.isnan(found.points.position[1, 2]).all()


def test_frames_at_the_end_in_which_nothing_was_seen_are_frames(tmp_path):
    frames, point = person(5)
    frames[3:] = [([(0.0, 0.0, 0.0, -1.0)] * 6, [])] * 2
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point}))
    assert found.points.n_frames == 5 and np.isnan(found.points.position[3:]).all()


# --- frames


def test_a_recording_beyond_65535_frames_is_counted_by_its_trial(tmp_path):
    frames, point = person(3)
    trial = {"ACTUAL_START_FIELD": shorts(70001 & 0xFFFF, 70001 >> 16),
             "ACTUAL_END_FIELD": shorts(70003 & 0xFFFF, 70003 >> 16)}  # fmt: skip
    event = {"USED": shorts(1, dims=()), "TIMES": reals(11.0, 40.01, dims=(2, 1)), "LABELS": words("Foot Off"),
             "CONTEXTS": words("Left")}  # fmt: skip
    content = c3d_by_hand(frames, {"POINT": point, "TRIAL": trial, "EVENT": event}, first=65535, last=65535)
    found = _read(tmp_path, content)
    assert found.first_frame == 70001 and found.points.n_frames == 3
    # Frame 70001 is 700 s after frame 1; the event is at 11 min 40.01 s.
    assert found.events[0].time_s == pytest.approx(0.01, abs=4e-6)  # 1.7e-6: seconds in single precision


@pytest.mark.parametrize("parameter", ["LONG_FRAMES", "TRIAL"])
def test_a_long_recording_has_as_many_frames_as_it_says(tmp_path, parameter):
    rows = [([(float(index % 100), 0.0, 1000.0, 0.0)], []) for index in range(66_000)]
    point = {"LABELS": words("A"), "UNITS": words("mm"), "Y_SCREEN": words("+Z")}
    groups = {"POINT": point}
    if parameter == "LONG_FRAMES":
        point["LONG_FRAMES"] = reals(66_000, dims=())
    else:
        groups["TRIAL"] = {"ACTUAL_START_FIELD": shorts(1, 0), "ACTUAL_END_FIELD": shorts(66_000 & 0xFFFF, 1)}
    content = c3d_by_hand(rows, groups, last=65535)
    found = _read(tmp_path, content)
    assert found.points.n_frames == 66_000 and found.points.position[-1, 0, 0] == pytest.approx(0.099)
    with pytest.raises(FormatError, match=r"C3D_BROKEN.*65535 frames or more"):
        _read(tmp_path, content.replace(b"LONG_FRAMES", b"LOST_FRAMES").replace(b"ACTUAL_", b"VIRTUAL"))


def test_a_first_frame_of_0_is_the_first_one(tmp_path):
    frames, point = person(3)
    event = {"USED": shorts(1, dims=()), "TIMES": reals(0.0, 0.02, dims=(2, 1)), "LABELS": words("Sync"),
             "CONTEXTS": words("General")}  # fmt: skip
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point, "EVENT": event}, first=0))
    assert found.first_frame == 1 and found.points.n_frames == 3
    assert found.events[0].time_s == pytest.approx(0.02, abs=1e-8)


def test_a_fractional_rate_is_what_single_precision_holds(tmp_path):
    frames, point = person()
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point}, rate=60000 / 1001))
    assert found.points.rate_hz == float(np.float32(60000 / 1001)) != 60000 / 1001


# --- analog channels


def _with_analog(values, samples, *, analog, scale=-0.1, **options):
    frames, point = person(2)
    if scale > 0:
        frames = [([(*(round(10 * value) for value in row[:3]), 0) for row in points], []) for points, _ in frames]
    frames = [(points, list(row)) for (points, _), row in zip(frames, values, strict=True)]
    return c3d_by_hand(frames, {"POINT": point, "ANALOG": analog}, samples=samples, scale=scale, **options)


def test_analog_samples_are_scaled_as_the_file_says(tmp_path):
    analog = {"LABELS": words("Fz", "EMG"), "UNITS": words("N", "V"), "GEN_SCALE": reals(0.5, dims=()),
              "SCALE": reals(2.0, 0.25), "OFFSET": shorts(-100, 2048)}  # fmt: skip
    content = _with_analog([[0.0, 2048.0, 10.0, 2049.0], [-100.0, 2047.0, 1.0, 0.0]], 2, analog=analog)
    found = _read(tmp_path, content).analog
    assert found.rate_hz == 200.0 and found.names == ("Fz", "EMG") and found.units == ("N", "V")
    # (0 + 100) * 2 * 0.5 = 100, (2049 - 2048) * 0.25 * 0.5 = 0.125
    np.testing.assert_array_equal(found.values, [[100, 0], [110, 0.125], [0, -0.125], [101, -256]])


@pytest.mark.parametrize(("unsigned", "expected"), [(True, [[0], [-39990]]), (False, [[0], [25546]])])
def test_unsigned_samples_and_offsets_are_what_the_format_says(tmp_path, unsigned, expected):
    analog = {"LABELS": words("A"), "SCALE": reals(1.0), "OFFSET": shorts(40000),
              "FORMAT": words("UNSIGNED" if unsigned else "SIGNED"), "BITS": shorts(16, dims=())}  # fmt: skip
    # The same bits, an offset of 40000 or of -25536: 10 - 40000, or 10 + 25536.
    content = _with_analog([[40000], [10]], 1, analog=analog, scale=0.1, unsigned=True)
    np.testing.assert_array_equal(_read(tmp_path, content).analog.values, expected)


def test_analog_rates_that_are_no_whole_multiple_are_refused_with_the_reason(tmp_path):
    analog = {"LABELS": words("A"), "RATE": reals(250.0, dims=())}
    with pytest.raises(FormatError, match=r"C3D_ANALOG_RATE.*250 Hz.*2 samples a frame at 100 Hz"):
        _read(tmp_path, _with_analog([[1.0, 2.0]] * 2, 2, analog=analog))
    content = bytearray(_with_analog([[1.0, 2.0, 3.0]] * 2, 3, analog={"LABELS": words("A"), "SCALE": reals(1.0)}))
    content[18] = 2  # samples a frame in the header: 3 values go not into 2
    with pytest.raises(MocapError) as caught:
        _read(tmp_path, bytes(content))
    assert caught.value.code in ("C3D_ANALOG_RATE", "C3D_BROKEN")


def test_channels_of_one_name_stay_apart_and_empty_groups_are_nothing(tmp_path):
    content = _with_analog([[1.0, 2.0]] * 2, 1, analog={"LABELS": words("EMG", "EMG")})
    assert _read(tmp_path, content).analog.names == ("EMG", "EMG")
    frames, point = person()
    empty = {"EVENT": {}, "FORCE_PLATFORM": {"USED": shorts(0, dims=())}, "ANALYSIS": {}, "SUBJECTS": {},
             "ROTATION": {"USED": shorts(0, dims=()), "DATA_START": shorts(0, dims=()), "RATIO": shorts(1, dims=())}}
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point, **empty}))
    assert (found.analog, found.poses, found.force_plates, found.events) == (None, None, (), ())
    np.testing.assert_allclose(found.points.position[0], METRES, atol=1e-7)


# --- force plates and events


def test_force_plates_of_a_file_in_metres_with_y_up(tmp_path):
    frames, point = person(scale=1e-3, y_up=True, analog=[0.0] * 6)
    point["UNITS"] = words("m")
    corners = [(0.0, 0.0, 0.0), (0.4, 0.0, 0.0), (0.4, 0.0, 0.6), (0.0, 0.0, 0.6)]
    plate = {"USED": shorts(1, dims=()), "TYPE": shorts(2), "ZERO": shorts(1, 5),
             "CORNERS": reals(*(value for corner in corners for value in corner), dims=(3, 4, 1)),
             "ORIGIN": reals(0.001, -0.002, -0.04, dims=(3, 1)),
             "CHANNEL": shorts(1, 2, 3, 4, 0, 6, dims=(6, 1))}  # fmt: skip
    analog = {"LABELS": words("Fx", "Fy", "Fz", "Mx", "My", "Mz"), "UNITS": words("N", "N", "N", "Nm", "Nm", "Nm")}
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point, "ANALOG": analog, "FORCE_PLATFORM": plate}, samples=1))
    (plate,) = found.force_plates
    # World = (z, x, y) of a file with Y up.
    np.testing.assert_allclose(plate.corners_world, [[z, x, y] for x, y, z in corners], atol=1e-7)
    np.testing.assert_allclose(plate.origin_plate, [0.001, -0.002, -0.04], atol=1e-8)
    assert plate.channels == (0, 1, 2, 3, -1, 5) and plate.zero_frames == (1, 5) and plate.kind == 2
    np.testing.assert_allclose(found.points.position[0], METRES, atol=1e-7)


def test_plates_with_a_matrix_and_plates_that_are_not_whole(tmp_path):
    frames, point = person(analog=[0.0] * 6)
    corners = reals(*range(24), dims=(3, 4, 2))
    plate = {"USED": shorts(2, dims=()), "TYPE": shorts(4, 4), "CORNERS": corners,
             "ORIGIN": reals(*range(6), dims=(3, 2)), "CHANNEL": shorts(*range(1, 13), dims=(6, 2)),
             "CAL_MATRIX": reals(*range(72), dims=(6, 6, 2))}  # fmt: skip
    groups = {"POINT": point, "ANALOG": {"LABELS": words(*"abcdef")}, "FORCE_PLATFORM": plate}
    first, second = _read(tmp_path, c3d_by_hand(frames, groups, samples=1)).force_plates
    # The first axis changes fastest: element (1, 0) of plate 1 is the second number, (0, 0) of plate 2 the 37th.
    assert first.calibration[1, 0] == 1.0 and second.calibration[0, 0] == 36.0
    np.testing.assert_allclose(second.corners_world[0], np.array([12, 13, 14]) / 1000)
    plate["CORNERS"] = reals(*range(12), dims=(3, 4, 1))
    found = _read(tmp_path, c3d_by_hand(frames, groups, samples=1))
    assert found.force_plates == () and any("force plates cannot be read" in note for note in found.notes)
    assert found.origin.parameters["FORCE_PLATFORM:CORNERS"].shape == (3, 4, 1)


def test_events_keep_order_contexts_and_flags(tmp_path):
    frames, point = person(3)
    event = {"USED": shorts(3, dims=()), "TIMES": reals(0, 2.0, 1, 0.5, 0, 0.25, dims=(2, 3)),
             "LABELS": words("Foot Strike", "Sync", "Foot Off"), "CONTEXTS": words("Right", "Bystander", "Left"),
             "GENERIC_FLAGS": octets(0, 1, 0), "DESCRIPTIONS": words("heel", "", "toe"),
             "ICON_IDS": shorts(1, 0, 2)}  # fmt: skip
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point, "EVENT": event}))
    assert [(one.time_s, one.label, one.side) for one in found.events] == [
        (0.25, "Foot Off", "left"), (2.0, "Foot Strike", "right"), (60.5, "Sync", "general"),
    ]  # fmt: skip
    kept = found.origin.parameters
    assert kept["EVENT:GENERIC_FLAGS"].values == (0, 1, 0) and kept["EVENT:CONTEXTS"].values[1] == "Bystander"


def test_events_beyond_those_in_use_are_not_there(tmp_path):
    frames, point = person(3)
    event = {"USED": shorts(1, dims=()), "TIMES": reals(0, 0.01, 0, 0.02, dims=(2, 2)), "LABELS": words("A", "B"),
             "CONTEXTS": words("Left", "Left")}  # fmt: skip
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point, "EVENT": event}))
    assert [one.label for one in found.events] == ["A"]


@pytest.mark.parametrize("processor", [INTEL, DEC])
def test_events_of_the_header_count_from_the_first_frame(tmp_path, processor):
    frames, point = person(3)
    event = {"USED": shorts(1, dims=()), "TIMES": reals(0, 1.02, dims=(2, 1)), "LABELS": words("Foot Strike"),
             "CONTEXTS": words("Right")}  # fmt: skip
    content = bytearray(c3d_by_hand(frames, {"POINT": point, "EVENT": event}, first=101, processor=processor))
    content[298:302] = struct.pack("<2H", 12345, 3)
    content[304:316] = b"".join(real(time, processor) for time in (0.02, 1.05, 0.5))
    content[396:408] = b"RHS LTO Syn1"
    found = _read(tmp_path, bytes(content))
    # The first one is that of the group EVENT: 1.02 s of the recording, whose frame 101 is at 1 s.
    assert [(one.label, one.side) for one in found.events] == [
        ("Foot Strike", "right"), ("Syn1", "general"), ("LTO", "general"),
    ]  # fmt: skip
    np.testing.assert_allclose([one.time_s for one in found.events], [0.02, 0.5, 1.05], atol=1e-6)
    content[300] = 19
    assert len(_read(tmp_path, bytes(content)).events) == 1


# --- labels


@pytest.mark.parametrize(("written", "read"), [("Wié", "Wié"), ("Wié".encode("latin-1"), "Wié"), ("ABCD", "ABCD")])
def test_labels_in_utf_8_in_latin_1_and_of_four_letters(tmp_path, written, read):
    frames, point = person(labels=[written, *list(PERSON)[1:]])
    assert _read(tmp_path, c3d_by_hand(frames, {"POINT": point})).points.names[0] == read


def test_names_of_persons_stay_behind_and_are_told(tmp_path):
    frames, point = person()
    groups = {"POINT": point, "SUBJECTS": {"USED": shorts(1, dims=()), "NAMES": words("Jane Doe")},
              "MANUFACTURER": {"COMPANY": words("Qualisys"), "SOFTWARE": words("Qualisys Track Manager")}}  # fmt: skip
    path = tmp_path / "trial.c3d"
    path.write_bytes(c3d_by_hand(frames, groups))
    trial = import_motion(path, None, None)
    assert "Jane" not in repr(trial) and "SUBJECTS:NAMES" in str(trial.operations[0].parameters["notes"])
    assert trial.origin.parameters["MANUFACTURER:SOFTWARE"].values == ("Qualisys Track Manager",)


# --- conventions of systems


@pytest.mark.parametrize(("scale", "unit", "y_up"), [(1.0, "mm", False), (1e-3, "m", True), (0.1, "cm", True)])
def test_units_and_axes_of_different_systems_come_to_one_world(tmp_path, scale, unit, y_up):
    frames, point = person(scale=scale, y_up=y_up)
    point["UNITS"] = words(unit)
    found = _read(tmp_path, c3d_by_hand(frames, {"POINT": point}))
    np.testing.assert_allclose(found.points.position[0], METRES, atol=1e-7)
    assert (found.origin.units, found.origin.up_axis) == (unit, "y" if y_up else "z")


def _pose(turn, place, reliability=1.0):
    """A row of 17 numbers: the matrix column by column, then its reliability."""
    return [*(value for column in turn for value in (*column, 0.0)), *place, 1.0, reliability]


def test_poses_without_any_point(tmp_path):
    # Segment axes in the lab: x of the segment along lab z, y along lab x, z along lab y (columns).
    turn = [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    rows = [_pose(turn, (1.0, 2.0, 3.0)), _pose(turn, (4.0, 5.0, 6.0)), _pose(turn, (0.0, 0.0, 0.0), -1.0),
            _pose(turn, (7.0, 8.0, 9.0))]  # fmt: skip
    groups = {"POINT": {"UNITS": words("m"), "Y_SCREEN": words("+Y"), "LABELS": words()},
              "ROTATION": {"USED": shorts(1, dims=()), "RATIO": shorts(2, dims=()), "RATE": reals(200.0, dims=()),
                           "LABELS": words("pelvis_4X4")}}  # fmt: skip
    found = _read(tmp_path, c3d_by_hand([([], []), ([], [])], groups, rotations=rows))
    assert found.points.names == () and found.points.n_frames == 2
    assert found.poses.names == ("pelvis_4X4",) and found.poses.rate_hz == 200.0
    poses = found.poses.world_from_segment[:, 0]
    # World = (z, x, y) of the file: the segment's x is then along world x, its y along world y, its z along world z.
    np.testing.assert_array_equal(poses[0], [[1, 0, 0, 3], [0, 1, 0, 1], [0, 0, 1, 2], [0, 0, 0, 1]])
    assert np.isnan(poses[2]).all() and poses[3, 0, 3] == 9.0
    assert found.notes == ("the facing direction is not known from the labels; x is taken.",)


def test_poses_beside_points_and_matrices_that_are_no_rotations(tmp_path):
    frames, point = person()
    mirrored = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)]
    rotation = {"USED": shorts(1, dims=()), "RATE": reals(100.0, dims=()), "LABELS": words("thigh_4X4")}
    content = c3d_by_hand(frames, {"POINT": point, "ROTATION": rotation}, rotations=[
        _pose(mirrored, (100.0, 0.0, 500.0)), _pose(mirrored, (0.0, 0.0, 0.0)),
    ])  # fmt: skip
    found = _read(tmp_path, content)
    np.testing.assert_allclose(found.poses.world_from_segment[0, 0, :3, 3], [0.1, 0.0, 0.5])
    assert "2 poses whose matrix is no rotation." in found.notes
    assert not any("longer than its header" in note for note in found.notes)


def test_a_cut_off_block_of_poses_is_refused(tmp_path):
    frames, point = person()
    rotation = {"USED": shorts(1, dims=()), "RATIO": shorts(1, dims=()), "LABELS": words("a")}
    content = c3d_by_hand(frames, {"POINT": point, "ROTATION": rotation}, rotations=[[0.0] * 17] * 2)
    with pytest.raises(MocapError) as caught:
        _read(tmp_path, content[:-8])
    assert caught.value.code in ("C3D_TRUNCATED", "C3D_BROKEN")


def test_model_outputs_alone_need_no_body(tmp_path):
    point = {"LABELS": words("LHipAngles", "LHipPower"), "ANGLES": words("LHipAngles"), "POWERS": words("LHipPower"),
             "TYPE_GROUPS": words("ANGLES", "ANGLE", "POWERS", "POWER"), "ANGLE_UNITS": words("rad"),
             "POWER_UNITS": words("W/kg"), "DESCRIPTIONS": words("of the hip", "")}  # fmt: skip
    frames = [([(np.pi / 2, 0.0, 1.0, 0.0), (3.0, 0.0, 0.0, 0.0)], []), ([(0.0, 0.0, 0.0, 0.0)] * 2, [])]
    path = tmp_path / "trial.c3d"
    path.write_bytes(c3d_by_hand(frames, {"POINT": point}))
    trial = import_motion(path, None, None)
    angles, powers = trial.model_outputs
    assert (angles.unit, powers.unit, angles.descriptions) == ("deg", "W/kg", ("of the hip",))
    assert angles.values[0, 0, 0] == pytest.approx(90.0, abs=1e-5) and np.isnan(angles.values[1]).all()
    assert powers.values[1, 0, 0] == 0.0 and trial.points.names == ()


def test_a_file_far_larger_than_its_header_tells_is_refused_unread(tmp_path):
    """Of a file with holes the size costs nothing; neither process reads what no header tells of."""
    path = tmp_path / "a.c3d"
    frames, point = person(3)
    path.write_bytes(c3d_by_hand(frames, {"POINT": point}))
    with path.open("r+b") as file:
        file.truncate((16 << 20) + 512)
    assert read_c3d(path).points.n_frames == 3
    with path.open("r+b") as file:
        file.truncate(200 << 30)
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"C3D_BROKEN.*has 214748364800 bytes, and its header tells of"):
        read_c3d(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20 and load_c3d(path).header.n_frames == 3
