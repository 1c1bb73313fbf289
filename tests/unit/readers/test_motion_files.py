"""TRC and MOT: a header that must agree with its body; real recordings against what their owners published."""

import csv

import numpy as np
import pytest

from mocap.errors import FormatError, MocapError
from mocap.readers import read_c3d, read_mot, read_motion, read_trc

NAMES = ("Head", "LHip", "RHip", "LAnkle", "RAnkle")
# World: 1.7 m tall, looking along X, left at +Y.
BODY = np.array([[0, 0, 1.7], [0, 0.1, 0.95], [0, -0.1, 0.95], [0, 0.12, 0.08], [0, -0.12, 0.08]])


def trc_text(world, names=NAMES, units="m", rate=50.0, scale=1.0, n_frames=None, n_markers=None, blank=True):
    rows = []
    for frame, points in enumerate(world):
        cells = [str(frame + 1), f"{frame / rate:.6f}"]
        for point in points[:, [1, 2, 0]] * scale:
            cells += ["" if np.isnan(value) else repr(float(value)) for value in point]
        rows.append("\t".join(cells))
    header = [
        "PathFileType\t4\t(X/Y/Z)\ttrial.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{n_frames or len(world)}\t{n_markers or len(names)}\t{units}\t{rate}\t1\t{len(world)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{index + 1}" for index in range(len(names)) for axis in "XYZ"),
    ]
    return "\n".join([*header, *([""] if blank else []), *rows]) + "\n"


def _trc(tmp_path, text, **options):
    path = tmp_path / "trial.trc"
    path.write_text(text, encoding="utf-8")
    return read_trc(path, **options)


def _world(n_frames=5):
    rng = np.random.default_rng(2)
    return BODY + rng.normal(scale=0.01, size=(n_frames, 1, 3))


@pytest.mark.parametrize("blank", [True, False])
def test_y_up_becomes_our_world_and_says_that_it_was_inferred(tmp_path, blank):
    world = _world()
    world[3, 1] = np.nan
    found = _trc(tmp_path, trc_text(world, blank=blank))
    np.testing.assert_array_equal(found.points.position, world)
    assert found.points.names == NAMES and found.points.rate_hz == 50.0
    assert (found.up_axis_original, found.axis_source, found.forward_axis) == ("y", "inferred", "x")
    assert "inferred" in found.notes[0]


@pytest.mark.parametrize(("units", "scale"), [("mm", 1e3), ("cm", 1e2)])
def test_other_units(tmp_path, units, scale):
    world = _world()
    np.testing.assert_allclose(_trc(tmp_path, trc_text(world, units=units, scale=scale)).points.position, world)


def test_wrong_units_name_the_likely_one_and_can_be_overruled(tmp_path):
    world = _world()
    text = trc_text(world, units="m", scale=1e3)
    with pytest.raises(FormatError, match=r"UNITS.*look like mm"):
        _trc(tmp_path, text)
    np.testing.assert_allclose(_trc(tmp_path, text, units="mm").points.position, world)
    with pytest.raises(FormatError, match="UNITS"):
        _trc(tmp_path, text, units="m")


@pytest.mark.parametrize("up", ["x", "y", "z", "-x", "-y", "-z"])
def test_a_given_axis_keeps_hands_and_lengths(tmp_path, up):
    world = _world() + np.random.default_rng(6).normal(scale=0.05, size=(1, 5, 3))  # no two halves alike
    found = _trc(tmp_path, trc_text(world), up=up).points.position
    sides = np.linalg.det(found[0, [0, 1, 3]] - found[0, 4])
    assert sides == pytest.approx(np.linalg.det(world[0, [0, 1, 3]] - world[0, 4]), rel=1e-9)  # no mirror image
    index = "xyz".index(up[-1])
    height = world[..., [1, 2, 0]][..., index] * (-1 if up.startswith("-") else 1)
    np.testing.assert_allclose(found[..., 2], height)


def test_a_body_upside_down_and_a_lying_one(tmp_path):
    flipped = _world() * [1, -1, -1]
    assert _trc(tmp_path, trc_text(flipped)).up_axis_original == "-y"
    slanted = _world() @ np.array([[1, 0, 0], [0, 0.707, -0.707], [0, 0.707, 0.707]]).T
    with pytest.raises(FormatError, match=r"AXES.*does not show it"):
        _trc(tmp_path, trc_text(slanted))


def test_unknown_labels_leave_the_longest_extent(tmp_path):
    found = _trc(tmp_path, trc_text(_world(), names=("a1", "a2", "a3", "a4", "a5")))
    assert (found.up_axis_original, found.axis_source, found.forward_axis) == ("y", "inferred", "x")
    assert any("facing" in note for note in found.notes)


def _edit(text, line, old, new):
    lines = text.split("\n")
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[: text.rindex("\n", 0, -1) + 1], "TRC_TRUNCATED"),
        (lambda text: text[:-30], "TRC_COUNTS"),
        (lambda text: text + "6\t0.1\n", "TRC_COUNTS"),
        (lambda text: _edit(text, 2, "\t5\tm", "\t6\tm"), "TRC_COUNTS"),
        (lambda text: _edit(text, 3, "LHip", "RHip"), "TRC_COUNTS"),
        (lambda text: _edit(text, 2, "50.0", "fifty"), "TRC_HEADER"),
        (lambda text: _edit(text, 2, "50.0", "100.0"), "TRC_TIME"),
        (lambda text: _edit(text, 8, ".", ","), "TRC_NUMBER"),
        (lambda text: _edit(text, 0, "PathFileType", "x"), "TRC_HEADER"),
        (lambda text: _edit(text, 2, "\tm\t", "\t\t"), "UNITS"),
        (lambda text: "", "FILE_EMPTY"),
    ],
)
def test_a_contradiction_is_refused_with_its_code(tmp_path, change, code):
    with pytest.raises(MocapError) as caught:
        _trc(tmp_path, change(trc_text(_world())))
    assert caught.value.code == code, caught.value


def test_the_suffix_chooses_and_unknown_ones_list_the_known(tmp_path):
    (tmp_path / "a.TRC").write_text(trc_text(_world()), encoding="utf-8")
    assert read_motion(tmp_path / "a.TRC").points.n_frames == 5
    with pytest.raises(FormatError, match=r"SUFFIX_UNKNOWN.*\.c3d, \.trc, \.mot"):
        read_motion(tmp_path / "a.bvh")


MOT = "Coordinates\nversion=1\nnRows=3\nnColumns=4\ninDegrees=yes\n\nendheader\ntime\thip_r\tpelvis_tx\tknee_r\n"
MOT_ROWS = "0.0\t10\t0.5\t-20\n0.01\t11\t0.5\t-21\n0.02\t12\t0.5\t-22\n"


def _mot(tmp_path, text):
    path = tmp_path / "a.mot"
    path.write_text(text, encoding="utf-8")
    return path


def test_mot_columns_and_angles(tmp_path):
    table = read_mot(_mot(tmp_path, MOT + MOT_ROWS))
    assert list(table.columns) == ["hip_r", "pelvis_tx", "knee_r"] and table.in_degrees
    np.testing.assert_array_equal(table.columns["knee_r"], [-20, -21, -22])
    found = read_motion(tmp_path / "a.mot")
    assert found.points.names == () and found.points.n_frames == 3
    assert found.angles.names == ("imported_hip_r", "imported_knee_r")
    np.testing.assert_allclose(found.angles.deg("imported_knee_r"), [-20, -21, -22])
    assert found.angles.rate_hz == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (MOT + MOT_ROWS[: MOT_ROWS.index("0.02")], "MOT_TRUNCATED"),
        (MOT + MOT_ROWS[:-8], "MOT_COUNTS"),
        (MOT + MOT_ROWS + "0.03\t1\t1\t1\n", "MOT_COUNTS"),
        (MOT + MOT_ROWS.replace("\t0.5", "", 1), "MOT_COUNTS"),
        (MOT + MOT_ROWS.replace("0.5", "x", 1), "MOT_NUMBER"),
        (MOT + MOT_ROWS.replace("0.02", "0.00"), "MOT_TIME"),
        (MOT.replace("inDegrees=yes\n", "") + MOT_ROWS, "MOT_UNITS"),
        (MOT.replace("endheader", "") + MOT_ROWS, "MOT_HEADER"),
    ],
)
def test_a_broken_mot_is_refused_with_its_code(tmp_path, text, code):
    with pytest.raises(MocapError) as caught:
        read_motion(_mot(tmp_path, text))
    assert caught.value.code == code, caught.value


def test_real_c3d_files_agree_with_the_published_table(shared_data):
    """Means of Vicon's own angles, from another reader; printed there with four decimals."""
    folder = shared_data / "plug_in_gait"
    with (folder / "reference_angles.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        found = read_c3d(folder / row["file"])
        assert (found.points.n_frames, found.points.rate_hz) == (int(row["frames"]), float(row["rate_hz"]))
        for name in ("LPelvisAngles", "LAnkleAngles", "RAnkleAngles", "LKneeAngles", "LHipAngles"):
            angles = found.model_angles.get(name, found.model_angles.get(f"{name}V"))
            if angles is not None and row[f"{name}_x_mean"]:
                assert np.nanmean(angles[:, 0]) == pytest.approx(float(row[f"{name}_x_mean"]), abs=1e-4)
        labels = [event.label for event in found.events]
        assert labels.count("Foot Strike") == int(row["n_foot_strike"])
        assert labels.count("Foot Off") == int(row["n_foot_off"])
        assert all(0 <= event.time_s <= found.points.time_s[-1] + 0.01 for event in found.events)


def test_real_walks_face_where_they_go(shared_data):
    for name in ("Full", "Hole", "One"):
        found = read_c3d(shared_data / "plug_in_gait" / f"PiG_Motion-FlatFoot-{name}.c3d")
        pelvis = found.points.point("LASI")
        pelvis = pelvis[np.isfinite(pelvis).all(axis=1)]
        path = pelvis[-1] - pelvis[0]
        axis = int(np.argmax(np.abs(path)))
        assert found.forward_axis == ("-" if path[axis] < 0 else "") + "xyz"[axis]


def test_real_force_plates_lie_on_the_floor_and_left_legs_have_a_length(shared_data):
    found = read_c3d(shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d")
    assert len(found.force_plates) == 3 and found.analog.values.shape == (2930, 34) and found.analog.rate_hz == 1000
    corners = np.stack([plate.corners_world for plate in found.force_plates])
    assert np.abs(corners[..., 2]).max() < 0.01  # 0
    assert found.subject["leg_length_l_m"] == pytest.approx(0.92) and found.subject["mass_kg"] == 74.0
    assert set(found.model) == {"angles", "forces", "moments", "powers"}


def test_real_trc_files_stand_upright_on_the_floor(shared_data):
    for name in ("squat_markers/squats1.trc", "squat_markers/walking1.trc", "openpose_4cam/static_reference.trc"):
        found = read_trc(shared_data / name)
        height = found.points.position[..., 2]
        assert (found.up_axis_original, found.axis_source) == ("y", "inferred")
        assert -0.1 < np.nanmin(height) < 0.15 and 1.3 < np.nanmax(height) < 1.8


def _timed(times, rate=100.0):
    lines = trc_text(np.repeat(BODY[None], len(times), axis=0), rate=rate).splitlines()
    rows = [line.split("\t") for line in lines[6:]]
    return "\n".join([*lines[:6], *("\t".join([row[0], f"{time:.6f}", *row[2:]])
                                    for row, time in zip(rows, times, strict=True))]) + "\n"  # fmt: skip


@pytest.mark.parametrize("how", ["late from the middle on", "late once"])
def test_times_of_a_trc_that_leap_are_refused(tmp_path, how):
    times = np.arange(200) / 100
    times[100 : 101 if how == "late once" else None] += 0.0099
    with pytest.raises(MocapError, match="TRC_TIME"):
        _trc(tmp_path, _timed(times))


def test_times_of_a_trc_that_go_on_otherwise_are_told(tmp_path):
    notes = _trc(tmp_path, _timed(np.arange(200) / 59.94, 60.0)).notes
    assert "its times go on at 59.94 Hz, its header says 60 Hz, which is taken." in notes
    times = np.arange(200) / 100
    times[7] += 3e-4
    assert any(note.startswith("1 of 200 times are off the others, by up to 0.3 ms") for note in
               _trc(tmp_path, _timed(times)).notes)  # fmt: skip
    assert not any("times" in note for note in _trc(tmp_path, _timed(np.round(np.arange(200) / 100, 2))).notes)
