"""The trial file: what goes in comes out bit for bit, and other programs can open it."""

import hashlib
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
import xarray

from calibration.rigid import from_rotvec
from mocap.errors import ShapeError, SourceError, TrialFileError
from mocap.storage import check_trial, read_trial, write_trial
from mocap.storage import write as write_module
from mocap.storage.decode import decode
from mocap.storage.encode import encode, quaternions
from mocap.storage.journal import JOURNAL_NAME
from mocap.trial import JointAngles, Measure, Points3D, Trial


def _is_group(item):
    return isinstance(item, h5py.Group)


def listing(folder):
    return [path.name for path in folder.iterdir() if path.name != JOURNAL_NAME]


@pytest.mark.parametrize("name", ["full", "bare"])
def test_what_goes_in_comes_out(tmp_path, name, trials, assert_equal):
    trial = trials[name]
    write_trial(tmp_path / "a.h5", trial)
    assert_equal(trial, read_trial(tmp_path / "a.h5"))
    assert check_trial(tmp_path / "a.h5") == ()
    assert listing(tmp_path) == ["a.h5"]


def test_a_trial_of_angles_alone(tmp_path, trials):
    angles = trials["full"].angles
    trial = Trial("angles", Points3D(np.empty((40, 0, 3)), (), 120.0, start_s=0.25), angles=angles)
    write_trial(tmp_path / "a.h5", trial)
    assert read_trial(tmp_path / "a.h5").points.names == ()
    assert check_trial(tmp_path / "a.h5") == ()


def test_two_writes_give_the_same_bytes_and_overwriting_works(tmp_path, trials):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    paths[0].write_bytes(b"old")
    for path in paths:
        write_trial(path, trials["full"])
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert len(digests) == 1
    write_trial(paths[0], read_trial(paths[1]))
    assert read_trial(paths[0]).trial_id == "squat 01"


def test_only_what_is_there_gets_a_group(tmp_path, trials):
    write_trial(tmp_path / "a.h5", trials["bare"])
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["integrity", "points", "provenance"]
        assert "covariance" not in file["points"]


def test_xarray_opens_every_group_with_its_own_coordinates(tmp_path, trials):
    trial = trials["full"]
    path = tmp_path / "a.h5"
    write_trial(path, trial)
    with h5py.File(path) as file:
        groups = ["/", *(f"/{name}" for name in file)]
        file.visititems(lambda name, item: groups.append(f"/{name}") if "/" in name and _is_group(item) else None)
    assert len(groups) == 15 + 5 + 5
    for group in groups:
        with xarray.open_dataset(path, group=group, engine="h5netcdf") as data:
            data.load()
            for name, variable in data.variables.items():
                assert {"units", "long_name"} <= set(variable.attrs), (group, name)
            assert set(data.dims) <= set(data.coords), group
    with xarray.open_dataset(path, group="/points", engine="h5netcdf") as data:
        assert data.position.dims == ("time", "keypoint", "space") and data.position.dtype == np.float64
        np.testing.assert_array_equal(data.position.sel(keypoint="LASI", space="z"), trial.points.position[:, 0, 2])
        assert data.covariance.dtype == np.float32
        np.testing.assert_array_equal(data.covariance.sel(covariance_term="xz"), trial.points.covariance[..., 0, 2])
        np.testing.assert_array_equal(data.time, trial.points.time_s)
        assert data.position.attrs["units"] == "m" and data.status.dtype == np.uint8
    with xarray.open_dataset(path, group="/angles", engine="h5netcdf") as data:
        # Of degrees that change their last bit on the way to radians and back the neighbour that does not is stored.
        np.testing.assert_array_max_ulp(data.pelvic_tilt.values, trial.angles.deg("pelvic_tilt"), 1)
        np.testing.assert_array_equal(data.pelvic_tilt, read_trial(path).angles.deg("pelvic_tilt"))
        assert data.lumbar_flexion.attrs["observable"] == 0 and data.lumbar_flexion.attrs["reason"]
        assert float(data.pelvic_tilt_u_landmark) == pytest.approx(np.rad2deg(0.03))
    with xarray.open_dataset(path, engine="h5netcdf") as data:
        assert data.attrs["format"] == "mocap-trial" and data.attrs["length_unit"] == "m"
        assert np.isnan(data.attrs["gravity_vector"]).all()  # gravity is not known in this one


def test_large_arrays_are_chunked_by_time_compressed_and_checksummed(tmp_path):
    position = np.random.default_rng(0).normal(size=(3000, 50, 3))
    write_trial(tmp_path / "a.h5", Trial("t", Points3D(position, tuple(f"m{i}" for i in range(50)), 100.0)))
    with h5py.File(tmp_path / "a.h5") as file:
        stored = file["points/position"]
        assert stored.chunks == (218, 50, 3)
        assert (stored.compression, stored.compression_opts) == ("gzip", 4)
        assert stored.shuffle and stored.fletcher32


def test_quaternions_turn_like_the_poses_and_do_not_jump():
    angle = np.linspace(0, 4 * np.pi, 200)
    poses = from_rotvec(np.stack([0 * angle, 0 * angle, angle], axis=1), np.zeros((200, 3)))
    poses[50] = np.nan
    found = quaternions(poses)
    assert np.isnan(found[50]).all() and found[0] == pytest.approx([1, 0, 0, 0])
    known = np.delete(found, 50, axis=0)
    expected = np.stack([np.cos(angle / 2), 0 * angle, 0 * angle, np.sin(angle / 2)], axis=1)
    np.testing.assert_allclose(known, np.delete(expected, 50, axis=0), atol=1e-12)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, trials):
    path = tmp_path / "a.h5"
    write_trial(path, trials["bare"])
    before = path.read_bytes()

    def full_disk(target, groups, stop_if_asked):
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_module, "save", full_disk)
    with pytest.raises(SourceError, match=r"WRITE_FAILED.*No space left"):
        write_trial(path, trials["full"])
    assert path.read_bytes() == before and listing(tmp_path) == ["a.h5"]


def test_a_folder_that_is_not_there_is_named(tmp_path, trials):
    with pytest.raises(SourceError, match="FOLDER_MISSING"):
        write_trial(tmp_path / "none" / "a.h5", trials["bare"])
    with pytest.raises(SourceError, match="FILE_MISSING"):
        read_trial(tmp_path / "a.h5")
    with pytest.raises(SourceError, match="FILE_MISSING"):
        check_trial(tmp_path / "a.h5")


def test_points_that_were_never_seen_are_refused(tmp_path):
    trial = Trial("t", Points3D(np.full((5, 2, 3), np.nan), ("A", "B"), 100.0))
    with pytest.raises(TrialFileError, match="POINTS_EMPTY"):
        write_trial(tmp_path / "a.h5", trial)
    assert listing(tmp_path) == []


def test_two_names_that_collide_are_refused(tmp_path, trials):
    first = trials["full"].angles.definitions[0]
    angles = JointAngles((first, replace(first, name="pelvic_tilt_sd")), np.zeros((40, 2)), 120.0)
    with pytest.raises(TrialFileError, match="NAME_TAKEN"):
        write_trial(tmp_path / "a.h5", replace(trials["full"], angles=angles))


def test_provenance_names_versions_and_holds_no_clock(tmp_path, trials):
    write_trial(tmp_path / "a.h5", trials["full"])
    with h5py.File(tmp_path / "a.h5") as file:
        group = file["provenance"]
        software = dict(zip(group["software"].asstr()[:], group["software_version"].asstr()[:], strict=True))
        assert software["h5py"] == h5py.__version__ and software["numpy"] == np.__version__
        assert json.loads(group["operation_parameters"].asstr()[0])["file"] == "a.c3d"
        assert not any("time" in name or "date" in name for name in group)


def _measures(n_frames):
    rng = np.random.default_rng(9)
    place = rng.normal(size=(n_frames, 3))
    place[4] = np.nan
    return (
        Measure("centre_of_mass", place, "m", "d", "x, y, z", "de Leva", np.abs(place) / 100, "without hands"),
        Measure("heel_rise_r", rng.normal(size=n_frames), "m", "d", "up", "RHEEL"),
        Measure("margin_of_stability", np.full(n_frames, np.nan), "m", "d", "inside", "", reason="no static"),
        Measure("angular_velocity_pelvis", rng.normal(size=(n_frames, 3)), "rad/s", "d", "right-handed", "log"),
    )


def test_measures_of_the_body_come_back_and_open_in_xarray(tmp_path, trials):
    trial = trials["full"]
    segments = replace(trial.segments, measures=_measures(40))
    path = tmp_path / "a.h5"
    write_trial(path, replace(trial, segments=segments))
    found = read_trial(path).segments.measures
    assert [one.name for one in found] == [one.name for one in segments.measures]
    for one, other in zip(segments.measures, found, strict=True):
        np.testing.assert_allclose(other.values, one.values, rtol=1e-15)
        np.testing.assert_allclose(other.sd, one.sd, rtol=1e-15)
        words = ("unit", "definition", "positive", "method", "reason", "observable")
        assert [getattr(one, word) for word in words] == [getattr(other, word) for word in words]
    assert check_trial(path) == ()
    with xarray.open_dataset(path, group="/segments", engine="h5netcdf") as data:
        assert data.centre_of_mass.dims == ("time", "space") and data.centre_of_mass.attrs["units"] == "m"
        np.testing.assert_array_equal(data.centre_of_mass.sel(space="z"), segments.measures[0].values[:, 2])
        np.testing.assert_array_equal(data.centre_of_mass_sd, segments.measures[0].sd)
        assert data.margin_of_stability.attrs["observable"] == 0
        assert data.margin_of_stability.attrs["reason"] == "no static"
        assert "heel_rise_r_sd" not in data
        turning = data.angular_velocity_pelvis
        assert turning.attrs["units"] == "degree/s"
        np.testing.assert_allclose(turning, np.rad2deg(segments.measures[3].values), rtol=1e-15)
        assert set(data.dims) <= set(data.coords)


def test_flags_of_poses_and_measures_come_back_and_older_files_have_none(tmp_path, trials):
    codes = np.zeros((40, 2), np.uint8)
    codes[3:7, 1] = 1
    rise, *others = _measures(40)[1:3]
    rise = replace(rise, frame_reason=2 * codes[:, 1], frame_reason_words=("", "RHEEL frozen", "RHEEL leaping"))
    segments = replace(trials["full"].segments, measures=(rise, *others), frame_reason=codes,
                       frame_reason_words=("", "ASIS exchanged"))  # fmt: skip
    path = tmp_path / "a.h5"
    write_trial(path, replace(trials["full"], segments=segments))
    found = read_trial(path).segments

    def told(one):
        return np.array(one.frame_reason_words)[one.frame_reason].tolist()

    assert told(found) == told(segments)
    assert [told(one) for one in found.measures] == [told(one) for one in segments.measures]
    assert np.flatnonzero(found.measures[0].doubted).tolist() == [3, 4, 5, 6] and not found.measures[1].doubted.any()
    with xarray.open_dataset(path, group="/segments", engine="h5netcdf") as data:
        assert data.measure_frame_reason.dims == ("time", "measure") and set(data.dims) <= set(data.coords)
        assert data.frame_reason.attrs["flag_meanings"] == "sound ASIS_exchanged RHEEL_frozen RHEEL_leaping"
    groups = encode(replace(trials["full"], segments=segments))
    older = {name: one for name, one in groups["/segments"].variables.items() if "frame_reason" not in name}
    found = decode({**groups, "/segments": replace(groups["/segments"], variables=older)}).segments
    assert not found.frame_reason.any() and not any(one.frame_reason.any() for one in found.measures)


def test_a_file_without_measures_has_none(tmp_path, trials):
    write_trial(tmp_path / "a.h5", trials["full"])
    with h5py.File(tmp_path / "a.h5") as file:
        assert "measure" not in file["segments"]
    assert read_trial(tmp_path / "a.h5").segments.measures == ()


def test_a_measure_has_frames_of_the_segments_and_a_known_unit(trials):
    with pytest.raises(ShapeError, match="12 frames"):
        replace(trials["full"].segments, measures=(Measure("a", np.zeros(12), "m", "", "", ""),))
    with pytest.raises(ShapeError, match="furlong"):
        Measure("a", np.zeros(40), "furlong", "", "", "")
    with pytest.raises(ShapeError, match="no measure 'b'"):
        trials["full"].segments.measure("b")


def test_quaternions_lose_nothing_of_the_rotations():
    rng = np.random.default_rng(6)
    # Two turns about a wandering axis, with gaps: every rotation comes back, and the sign runs on over the gaps.
    angle = np.linspace(0.0, 4 * np.pi, 400)
    axis = np.stack([np.sin(angle / 3), np.cos(angle / 5), 0.3 + 0 * angle], axis=1)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    poses = from_rotvec(axis * angle[:, None], rng.normal(size=(400, 3)))
    poses[100:130] = np.nan
    poses[[0, 250]] = np.nan
    found = quaternions(poses)
    there = np.isfinite(found[:, 0])
    assert np.array_equal(there, np.isfinite(poses[:, 0, 0]))
    w, x, y, z = found[there].T
    rotation = np.stack([
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ], axis=1).reshape(-1, 3, 3)  # fmt: skip
    np.testing.assert_allclose(rotation, poses[there, :3, :3], atol=5e-15)  # measured 1e-15
    np.testing.assert_allclose(np.linalg.norm(found[there], axis=1), 1.0, atol=1e-15)
    assert found[there][0, 0] >= 0
    assert (np.sum(found[there][1:] * found[there][:-1], axis=1) > 0).all()
