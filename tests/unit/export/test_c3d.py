"""A trial as C3D: what goes out comes in equal, and two other programs read the same."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.rigid import from_rotvec
from mocap.errors import ExportError, MocapError
from mocap.export.c3d import c3d_file, export_c3d, file_from_world
from mocap.export.c3d_bytes import stored_rates
from mocap.pipeline.export_back_c3d import c3d_differences
from mocap.pipeline.motion import import_motion
from mocap.readers import read_c3d
from mocap.readers.axes import UP_AXES, world_from_file
from mocap.schema import Status
from mocap.trial import (
    Analog,
    AngleDefinition,
    Event,
    FileOrigin,
    FileParameter,
    ForcePlate,
    ImportedPoses,
    JointAngles,
    ModelOutputs,
    Points3D,
    Segments,
    Trial,
)
from tests.fixtures.c3d_by_hand import c3d_by_hand, octets, person, reals, shorts, words
from tests.fixtures.c3d_by_others import by_c3d, by_ezc3d

NAMES = ("LASI", "RASI", "Wié", "left heel of the second shoe, lateral")
RATE = 60000 / 1001


def _positions(rng, n_frames, n_points=4):
    return rng.normal(scale=0.3, size=(n_frames, n_points, 3)) + np.array([0.0, 0.0, 1.0])


def _trial(n_frames=30, seed=3, **more):
    """A trial of our own, at a fractional rate, with gaps and every sort of flag."""
    rng = np.random.default_rng(seed)
    position = _positions(rng, n_frames)
    position[4:9, 1] = np.nan
    status = np.where(np.isfinite(position).all(axis=2), Status.MEASURED, 0).astype(np.uint8)
    status[10:14, 0] = Status.FILLED
    status[14:16, 0] = Status.MEASURED | Status.FILTERED | Status.EDITED
    status[5, 1] = Status.REJECTED
    status[20, 3] = Status.MEASURED | Status.DOUBTFUL
    covariance = np.broadcast_to(np.diag([1e-6, 4e-6, 4e-6]), (n_frames, 4, 3, 3))
    points = Points3D(position, NAMES, RATE, covariance, status, start_s=0.35)
    return Trial("own", points, **more)


def _angles(n_frames):
    rng = np.random.default_rng(5)
    values = rng.normal(size=(n_frames, 2))
    values[3, 0], values[7, 0], values[:, 1] = np.nan, 0.0, np.nan
    reason = np.zeros((n_frames, 2), np.uint8)
    reason[11, 0] = 1
    definitions = (
        AngleDefinition("pelvic_tilt", "pelvis against the world", "y x z", "anterior", "level", "absolute", "m"),
        AngleDefinition("lumbar_flexion", "d", "s", "flexion", "z", "static", "m", False, "no T12 or L1 point"),
    )
    return JointAngles(definitions, values, RATE, np.abs(values) / 50, start_s=0.35, frame_reason=reason,
                       frame_reason_words=("", "near gimbal lock"))  # fmt: skip


def _devices(n_frames):
    rng = np.random.default_rng(7)
    corners = np.array([[0.0, 0, 0], [0.4, 0, 0], [0.4, 0.6, 0], [0, 0.6, 0]])
    return {
        "analog": Analog(rng.normal(scale=300, size=(10 * n_frames, 8)), ("Fz",) * 2 + tuple("abcdef"),
                         ("N",) * 3 + ("Nmm",) * 3 + ("", "V"), 10 * RATE, start_s=0.35),
        "force_plates": (ForcePlate(2, corners, np.array([0.0, 0.0, -0.04]), tuple(range(6)), None, (1, 0)),
                         ForcePlate(4, corners + 0.5, np.zeros(3), (0, 1, -1, 3, 4, 5), np.eye(6), (1, 0))),
    }  # fmt: skip


def _written(tmp_path, trial, name="out.c3d"):
    (path,) = export_c3d(trial, tmp_path / name)
    return path


def test_a_trial_of_our_own_goes_round(tmp_path):
    poses = from_rotvec(np.random.default_rng(1).normal(size=(30, 2, 3)), np.ones((30, 2, 3)))
    poses[6, 1] = np.nan
    events = (Event(0.4, "initial_contact", "left", sd_s=0.004), Event(0.5, "squat_bottom"),
              Event(71.25, "final_contact", "right"))  # fmt: skip
    trial = _trial(
        angles=_angles(30), events=events, segments=Segments(("pelvis", "femur_r"), poses, RATE), subject_code="S07",
        created_utc="2024-05-01T10:00:00Z", forward_axis="-y", axis_source="inferred",
        subject={"mass_kg": 71.5, "leg_length_l_m": 0.9}, **_devices(30),
    )  # fmt: skip
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == ()
    back = import_motion(path, None, None)
    points = back.points
    # Single precision of up to 1900 mm: 6.1e-8 m here.
    np.testing.assert_allclose(points.position, trial.points.position, rtol=2.0**-24, atol=0)
    assert points.rate_hz == trial.points.rate_hz  # to the last bit, where 1e-9 is asked for
    assert points.start_s == 0.35 and back.analog.rate_hz == pytest.approx(10 * RATE, rel=1e-15)
    np.testing.assert_array_equal(points.status, trial.points.status)
    assert [(e.label, e.side) for e in back.events] == [(e.label, e.side) for e in events]
    # Seconds of a minute in single precision: 1.6e-6 s here.
    np.testing.assert_allclose([e.time_s for e in back.events], [e.time_s for e in events], atol=4e-6, rtol=0)
    assert (back.subject_code, back.created_utc, back.forward_axis, back.axis_source) == (
        "S07", "2024-05-01T10:00:00Z", "-y", "inferred",
    )  # fmt: skip
    assert back.subject["mass_kg"] == 71.5 and back.subject["leg_length_l_m"] == pytest.approx(0.9, rel=1e-7)
    outputs = {one.kind: one for one in back.model_outputs}
    tilt = outputs["angles"].values[:, outputs["angles"].labels.index("pelvic_tilt"), 0]
    np.testing.assert_allclose(tilt, trial.angles.deg("pelvic_tilt"), rtol=2.0**-24, atol=0)
    assert tilt[7] == 0.0 and np.isnan(tilt[3])
    scalars = outputs["scalars"]
    assert set(scalars.labels) == {"pelvic_tilt_sd", "pelvic_tilt_doubt"}
    doubt = scalars.labels.index("pelvic_tilt_doubt")
    assert scalars.values[11, doubt, 0] == 1.0 and scalars.descriptions[doubt] == "1 near gimbal lock"
    assert "no T12 or L1 point" in outputs["angles"].descriptions
    assert back.imported_poses.names == ("world_from_pelvis", "world_from_femur_r")


def test_a_second_round_changes_no_byte(tmp_path):
    trial = _trial(angles=_angles(30), subject_code="S07", **_devices(30))
    first = _written(tmp_path, trial)
    second = _written(tmp_path, import_motion(first, None, None), "again.c3d")
    one, other = by_ezc3d(first), by_ezc3d(second)
    assert one.labels == other.labels
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.analog, other.analog)
    third = _written(tmp_path, import_motion(second, None, None), "third.c3d")
    assert second.read_bytes() == third.read_bytes()
    assert first.read_bytes() == _written(tmp_path, trial, "same.c3d").read_bytes()


@pytest.mark.parametrize("reader", [by_ezc3d, by_c3d])
def test_another_program_reads_points_gaps_analog_and_rate(tmp_path, reader):
    trial = _trial(**_devices(30))
    found = reader(_written(tmp_path, trial))
    position = trial.points.position * 1000
    # Points come first; flags of those that are not simply measured behind them.
    assert found.labels[:4] == NAMES
    assert set(found.labels[4:]) == {f"{NAMES[index]}_status" for index in (0, 1, 3)}
    np.testing.assert_array_equal(found.points[:, :4], position.astype(np.float32))
    np.testing.assert_array_equal(found.residual[:, :4] < 0, np.isnan(position[..., 0]))
    # The nearest numbers in single precision whose quotient is 10: 6e-8 off.
    assert found.rate_hz == pytest.approx(RATE, rel=2e-7) and found.units == "mm" and found.first_frame == 1
    assert found.analog_labels == trial.analog.names
    np.testing.assert_array_equal(found.analog, trial.analog.values.astype(np.float32))


def test_the_residual_is_the_uncertainty_and_0_where_a_sample_was_filled(tmp_path):
    found = by_c3d(_written(tmp_path, _trial()))
    residual = found.residual[:, :4]
    # sqrt(1 + 4 + 4) = 3 mm, in 255 steps up to the largest.
    assert residual[0, 0] == pytest.approx(3.0, abs=0.006)
    assert (residual[10:14, 0] == 0).all() and (residual[4:9, 1] == -1).all()


@pytest.mark.parametrize("used", [(0, 1, 0, 1, 0, 0, 1), (1, 1, 1, 1, 1, 1, 1)])
def test_cameras_are_named_where_it_is_known_which_were_used(tmp_path, used):
    trial = _trial()
    errors = np.where(np.array(used, bool)[:, None, None], 0.5, np.nan) * np.ones((7, 30, 4))
    views = np.full((30, 4), sum(used), np.uint8)
    views[3, 2] -= 1  # one of the observations was rejected: which, nobody knows
    points = replace(trial.points, reprojection_error=errors, n_views=views)
    path = _written(tmp_path, replace(trial, points=points))
    cameras = by_c3d(path).cameras[:, :4]
    seen = np.isfinite(trial.points.position[..., 0])
    bits = sum(bit << camera for camera, bit in enumerate(used))
    expected = np.where(seen, bits, 0)
    expected[3, 2] = 0
    np.testing.assert_array_equal(cameras, expected)
    assert (read_c3d(path).points.n_views[seen & (expected > 0)] == sum(used)).all()


@pytest.mark.parametrize(("unit", "per_metre"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
@pytest.mark.parametrize("up", UP_AXES)
def test_units_and_axes_of_the_file_that_it_came_from(tmp_path, unit, per_metre, up):
    trial = replace(_trial(**_devices(30)), origin=FileOrigin(unit, up, 201))
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == ()
    there = by_ezc3d(path)
    assert there.units == unit and there.first_frame == 201
    assert there.parameters["POINT"]["Y_SCREEN"]["value"] == [up.upper() if up.startswith("-") else f"+{up.upper()}"]
    axis = {"x": 0, "y": 1, "z": 2}[up[-1]]
    sign = -1.0 if up.startswith("-") else 1.0
    np.testing.assert_allclose(
        there.points[:, 0, axis], sign * trial.points.position[:, 0, 2] * per_metre, rtol=1e-7
    )


@pytest.mark.parametrize("up", UP_AXES)
def test_the_way_into_a_file_is_the_way_back_out_and_no_mirror(up):
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(world_from_file(file_from_world(points, up), up), points)
    assert np.linalg.det(file_from_world(np.eye(3), up)) == pytest.approx(1.0)


def test_a_mirrored_person_is_mirrored_in_the_file(tmp_path):
    trial = _trial()
    mirror = np.array([1.0, -1.0, 1.0])
    points = replace(trial.points, position=trial.points.position * mirror)
    one, other = (by_ezc3d(_written(tmp_path, replace(trial, points=p))) for p in (trial.points, points))
    np.testing.assert_array_equal(one.points[:, :4] * mirror, other.points[:, :4])


def _by_hand(whole, y_up, unit, scale):
    """A file of another system: plate, scaled analog samples with an offset, residuals, cameras, a flagged event."""
    frames, point = person(4, scale=scale, y_up=y_up, analog=[2048, -5, 7, 8, 9, 10])
    point["UNITS"], point["DESCRIPTIONS"] = words(unit), words("head", "", "", "", "", "heel")
    for index, (points, _) in enumerate(frames):
        points[2] = (*points[2][:3], float(0b11 << 8 | 5))
        if index == 1:
            points[4] = (0.0, 0.0, 0.0, -1.0)
        if whole:
            points[:] = [tuple(round(10 * value) for value in row[:3]) + (int(row[3]),) for row in points]  # noqa: RUF005
    corners = reals(*(value * scale for value in (0, 0, 0, 400, 0, 0, 400, 0, 600, 0, 0, 600)), dims=(3, 4, 1))
    groups = {
        "POINT": point,
        "ANALOG": {"LABELS": words(*"abcdef"), "UNITS": words(*["N"] * 6), "SCALE": reals(*(0.01, 0.02, 3, 4, 5, 6)),
                   "OFFSET": shorts(2047, -3, 0, 0, 0, 1), "GEN_SCALE": reals(0.5, dims=())},
        "FORCE_PLATFORM": {"USED": shorts(1, dims=()), "TYPE": shorts(2), "ZERO": shorts(1, 0), "CORNERS": corners,
                           "ORIGIN": reals(0, 0, -0.04 * scale, dims=(3, 1)),
                           "CHANNEL": shorts(1, 2, 3, 4, 5, 6, dims=(6, 1))},
        "EVENT": {"USED": shorts(1, dims=()), "TIMES": reals(1, 0.02, dims=(2, 1)), "LABELS": words("Heel Strike"),
                  "CONTEXTS": words("Right"), "GENERIC_FLAGS": octets(1), "ICON_IDS": shorts(7)},
        "QTM": {"TAKE": shorts(-12), "OPERATOR_NOTE": words("é")},
    }  # fmt: skip
    return c3d_by_hand(frames, groups, samples=1, scale=0.1 if whole else -0.1, first=12)


@pytest.mark.parametrize(
    ("whole", "y_up", "unit", "scale"),
    [(False, False, "mm", 1.0), (True, False, "mm", 1.0), (False, True, "m", 1e-3), (False, True, "cm", 0.1)],
)
def test_a_file_of_another_system_goes_out_as_it_came(tmp_path, whole, y_up, unit, scale):
    source = tmp_path / "source.c3d"
    source.write_bytes(_by_hand(whole, y_up, unit, scale))
    trial = import_motion(source, None, None)
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == ()
    again = import_motion(path, None, None)
    for name in ("residual", "camera_mask"):
        np.testing.assert_array_equal(getattr(again.origin, name), getattr(trial.origin, name))
    assert trial.origin.camera_mask[0, 2] == 3
    assert trial.origin.residual[0, 2] == pytest.approx(5 * 0.1 * 1e-3 / scale, rel=1e-6)
    there, before = by_c3d(path), by_c3d(source)
    for name in ("points", "residual", "cameras", "analog"):
        np.testing.assert_allclose(getattr(there, name), getattr(before, name), rtol=1e-7, atol=0)  # 6e-8, as float32
    kept = by_ezc3d(path).parameters
    assert kept["QTM"]["TAKE"]["value"][0] == -12 and kept["POINT"]["DESCRIPTIONS"]["value"][5] == "heel"
    np.testing.assert_array_equal(kept["ANALOG"]["OFFSET"]["value"], [2047, -3, 0, 0, 0, 1])
    assert there.analog[0, 0] == pytest.approx((2048 - 2047) * 0.01 * 0.5)
    event = kept["EVENT"]
    assert (event["LABELS"]["value"], event["GENERIC_FLAGS"]["value"][0], event["ICON_IDS"]["value"][0]) == (
        ["Heel Strike"], 1, 7,
    )  # fmt: skip
    np.testing.assert_array_equal(event["TIMES"]["value"].ravel(), np.float32([1, 0.02]))


def test_unsigned_analog_samples_go_out_as_the_numbers_they_are(tmp_path):
    frames, point = person(2, analog=[40000])
    frames = [([(*(round(10 * value) for value in row[:3]), 0) for row in points], analog) for points, analog in frames]
    analog = {"LABELS": words("A"), "SCALE": reals(0.5), "OFFSET": shorts(39000), "GEN_SCALE": reals(1.0, dims=()),
              "FORMAT": words("UNSIGNED")}  # fmt: skip
    source = tmp_path / "source.c3d"
    source.write_bytes(c3d_by_hand(frames, {"POINT": point, "ANALOG": analog}, samples=1, scale=0.1, unsigned=True))
    trial = import_motion(source, None, None)
    assert trial.analog.values[0, 0] == 500.0
    path = _written(tmp_path, trial)
    assert by_ezc3d(path).analog[0, 0] == by_c3d(path).analog[0, 0] == 500.0


def test_gravity_that_is_not_known_is_so_after_the_way(tmp_path):
    path = _written(tmp_path, replace(_trial(), gravity_known=False))
    assert not import_motion(path, None, None).gravity_known
    assert "Y_SCREEN" not in by_ezc3d(path).parameters["POINT"]


def test_poses_of_another_program_keep_their_rate_and_ours_stay_behind(tmp_path):
    turns = from_rotvec(np.random.default_rng(2).normal(size=(60, 1, 3)), np.ones((60, 1, 3)))
    turns[5] = np.nan
    given = ImportedPoses(("pelvis_4X4",), turns, 2 * RATE, 0.35)
    own = Segments(("pelvis",), turns[:30], RATE)
    trial = replace(_trial(), imported_poses=given, segments=own)
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == ()
    there = by_ezc3d(path).poses
    expected = turns.copy()
    expected[..., :3, 3] *= 1000.0
    np.testing.assert_allclose(there, expected, rtol=1e-6, atol=1e-4)
    assert read_c3d(path).poses.rate_hz == pytest.approx(2 * RATE, rel=1e-15)


def test_events_that_were_moved_taken_out_or_told_twice(tmp_path):
    events = (
        Event(0.4, "squat_bottom"), Event(0.45, "squat_bottom", source="edited", replaces_s=0.4),
        Event(0.6, "squat_bottom"), Event(float("nan"), "squat_bottom", source="edited", replaces_s=0.6),
        Event(0.7, "initial_contact", "left", source="force_plate"),
        Event(0.7, "Foot Strike", "left", source="imported"),
    )  # fmt: skip
    trial = replace(_trial(**_devices(30)), events=events)
    path = _written(tmp_path, trial)
    event = by_ezc3d(path).parameters["EVENT"]
    assert event["LABELS"]["value"] == ["squat_bottom", "Foot Strike"] and event["CONTEXTS"]["value"][1] == "Left"
    assert event["DESCRIPTIONS"]["value"] == ["edited", "imported"]
    # The first one 0.45 s after a start at 0.35 s.
    np.testing.assert_allclose(event["TIMES"]["value"], [[0, 0], [0.1, 0.35]], atol=1e-7)


def test_more_labels_than_one_parameter_holds(tmp_path):
    rng = np.random.default_rng(0)
    names = tuple(f"a marker with a long name {index}" for index in range(600))
    trial = Trial("many", Points3D(_positions(rng, 3, 600), names, 100.0))
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == () and by_ezc3d(path).labels == names


def test_more_frames_than_16_bits_count(tmp_path):
    trial = Trial("long", Points3D(_positions(np.random.default_rng(0), 66_000, 1), ("A",), 100.0))
    path = _written(tmp_path, trial)
    assert c3d_differences(trial, path) == ()
    late = Trial("late", Points3D(_positions(np.random.default_rng(0), 5, 1), ("A",), 100.0),
                 origin=FileOrigin("mm", "z", 70_000), events=(Event(0.02, "Sync"),))  # fmt: skip
    path = _written(tmp_path, late)
    assert c3d_differences(late, path) == () and read_c3d(path).first_frame == 70_000


@pytest.mark.heavy
def test_the_package_c3d_counts_a_long_recording_as_we_do(tmp_path):
    trial = Trial("long", Points3D(_positions(np.random.default_rng(0), 66_000, 1), ("A",), 100.0))
    assert by_c3d(_written(tmp_path, trial)).points.shape == (66_000, 1, 3)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"analog": Analog(np.zeros((45, 1)), ("a",), ("V",), 1.5 * RATE, start_s=0.35)}, "EXPORT_ANALOG_RATE"),
        ({"analog": Analog(np.zeros((30, 1)), ("a",), ("V",), RATE)}, "EXPORT_ANALOG_RATE"),
        ({"model_outputs": (ModelOutputs("scalars", ("x" * 300,), np.zeros((30, 1, 3))),)}, "EXPORT_TOO_LARGE"),
        ({"origin": FileOrigin(parameters={
            f"BIG:P{i}": FileParameter((0.0,) * 7000, (100, 70), "real") for i in range(5)})}, "EXPORT_TOO_LARGE"),
    ],
)  # fmt: skip
def test_what_the_format_cannot_hold_is_refused_with_the_reason(tmp_path, more, code):
    with pytest.raises(ExportError) as caught:
        export_c3d(replace(_trial(), **more), tmp_path / "out.c3d")
    assert caught.value.code == code and not (tmp_path / "out.c3d").exists()


def test_an_empty_trial_is_refused(tmp_path):
    with pytest.raises(ExportError, match="EXPORT_EMPTY"):
        export_c3d(Trial("none", Points3D(np.empty((5, 0, 3)), (), 100.0)), tmp_path / "out.c3d")


def test_a_file_that_reads_back_otherwise_is_told_item_by_item(tmp_path):
    trial = replace(_trial(**_devices(30)), events=(Event(0.4, "Sync"),))
    path = _written(tmp_path, trial)
    moved = trial.points.position.copy()
    moved[3, 2, 1] *= 1 + 2e-7  # more than single precision explains
    (difference,) = c3d_differences(replace(trial, points=replace(trial.points, position=moved)), path)
    assert difference.item == "points, position (m)" and "(3, 2, 1)" in difference.problem
    others = replace(trial, points=replace(trial.points, rate_hz=RATE * (1 + 1e-12)), events=(Event(0.41, "Sync"),))
    assert {one.item for one in c3d_differences(others, path)} >= {"rate (Hz)", "events, time (s)"}


def test_a_file_that_was_changed_is_told(tmp_path):
    path = _written(tmp_path, _trial())
    content = path.read_bytes()
    told = "the file was changed since it was written here."
    assert told not in read_c3d(path).notes
    rng = np.random.default_rng(8)
    for place in rng.integers(512, len(content), 20):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        try:
            assert told in read_c3d(path).notes
        except MocapError as error:
            assert error.code.startswith(("C3D", "UNITS", "AXES"))


def test_a_sample_that_jumps_and_one_at_the_origin_stay_what_they_were(tmp_path):
    position = np.ones((20, 2, 3)) * [[[0.0, 0.0, 1.0], [0.2, 0.0, 0.5]]]
    position[7, 0], position[3, 1], position[5, 1] = 50.0, 0.0, np.nan
    trial = Trial("wild", Points3D(position, ("A", "B"), 100.0))
    assert c3d_differences(trial, _written(tmp_path, trial)) == ()


def test_the_quotient_of_stored_rates_is_whole_for_those_who_cut_and_those_who_compare():
    worst = 0.0
    for rate in (24000 / 1001, 30000 / 1001, RATE, 120000 / 1001, 100.0, 128.2051282, 100 / 3, 300.3, 148.14815):
        for ratio in (1, 2, 3, 5, 8, 10, 16, 20, 25, 40, 100):
            stored, multiple = stored_rates(rate, ratio)
            assert int(multiple / stored) == ratio and np.float32(multiple) / np.float32(stored) == ratio
            worst = max(worst, abs(stored - rate) / rate)
    assert worst < 2e-7  # 1.5e-7


def test_smoothed_points_do_not_take_the_place_of_the_raw_ones(tmp_path):
    trial = _trial()
    smoothed = replace(trial.points, position=trial.points.position + 0.1)
    file = c3d_file(replace(trial, points_smoothed=smoothed))
    np.testing.assert_array_equal(file.points[:, :4], file_from_world(trial.points.position, "z") * 1000.0)


@pytest.mark.parametrize("n_frames", [65534, 65535, 70000])
def test_a_long_recording_has_as_many_frames_for_readers_that_count_with_16_bits(tmp_path, n_frames):
    """What filled the last block was taken for five frames more, with every point at the origin."""
    import ezc3d

    position = np.ones((n_frames, 3, 3))
    export_c3d(Trial("t", Points3D(position, ("A", "B", "C"), 100.0)), tmp_path / "a.c3d")
    assert ezc3d.c3d(str(tmp_path / "a.c3d"))["data"]["points"].shape == (4, 3, n_frames)
    found = read_c3d(tmp_path / "a.c3d")
    assert found.points.n_frames == n_frames and not any("longer" in note for note in found.notes)
