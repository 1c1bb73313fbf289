"""The trial file: what goes in comes out bit for bit, other programs can open it, and damage is named."""

import hashlib
import json
from dataclasses import fields, replace

import h5py
import numpy as np
import pytest
import xarray

from calibration import Camera, CameraRig
from calibration.rigid import from_rotvec
from mocap.errors import MocapError, SourceError, TrialFileError
from mocap.schema import Status
from mocap.storage import check_trial, read_trial, write_trial
from mocap.storage import write as write_module
from mocap.storage.encode import quaternions
from mocap.storage.findings import inspect
from mocap.storage.seal import LENGTH, is_sealed
from mocap.trial import (
    AngleDefinition,
    JointAngles,
    Keypoints2D,
    Operation,
    Points3D,
    Segments,
    Timeline,
    Trial,
    Verdict,
)

NAMES = ("LASI", "A22:knee/left", "Wié %", "..")


def _rig(rng):
    cameras = []
    for index, (n_terms, fisheye) in enumerate([(5, False), (8, False), (4, True)]):
        pose = from_rotvec(rng.normal(size=3), rng.normal(size=3))
        matrix = np.array([[900 + index, 0, 640.5], [0, 901, 360.25], [0, 0, 1]])
        cameras.append(Camera(f"c{index}", (1280, 720), matrix, rng.normal(scale=0.01, size=n_terms), pose, fisheye))
    return CameraRig(tuple(cameras), {"world": "board", "rms_px": 0.31234567890123, "n_views": 12, "final": True})


def full_trial(n_frames=40):
    rng = np.random.default_rng(4)
    shape = (n_frames, len(NAMES))
    position = rng.normal(size=(*shape, 3))
    position[3:7, 1] = np.nan
    root = rng.normal(scale=1e-3, size=(*shape, 3, 3)).astype(np.float32)
    covariance = root @ np.swapaxes(root, -1, -2)
    covariance = np.triu(covariance) + np.swapaxes(np.triu(covariance, 1), -1, -2)
    covariance[3:7, 1] = np.nan
    status = np.full(shape, Status.MEASURED | Status.EDITED, np.uint8)
    status[3:7, 1] = Status.REJECTED
    error = rng.random((3, *shape)).astype(np.float32)
    points = Points3D(position, NAMES, 120.0, covariance, status, error, np.full(shape, 3, np.uint8), start_s=0.25)
    definitions = (
        AngleDefinition("pelvic_tilt", "pelvis to world", "z x y", "anterior", "level", "absolute", "ASIS, PSIS"),
        AngleDefinition("lumbar_flexion", "d", "s", "p", "z", "static", "m", False, "no T12 or L1 point"),
    )
    values = np.stack([rng.normal(size=n_frames), np.full(n_frames, np.nan)], axis=1)
    landmark, tissue = np.array([0.03, np.nan]), np.array([np.nan, 0.01])
    angles = JointAngles(definitions, values, 120.0, np.abs(values) / 100, landmark, tissue, start_s=0.25)
    poses = from_rotvec(rng.normal(size=(n_frames, 2, 3)), rng.normal(size=(n_frames, 2, 3)))
    poses[5, 1] = np.nan
    pixels = rng.normal(size=(3, n_frames, 2, 2)).astype(np.float32)
    return Trial(
        trial_id="squat 01", points=points, points_smoothed=replace(points, position=position * 0.5), rig=_rig(rng),
        timeline=Timeline(120.0, n_frames, 0.25, ("c0", "c1", "c2"), [0.0, 0.001, -0.002], [0.0, 5.0, -3.0], "flash"),
        keypoints=Keypoints2D(pixels, np.ones((3, n_frames, 2), np.float32), ("Nose", "Neck"), 120.0),
        segments=Segments(("pelvis", "femur_r"), poses, 120.0), angles=angles, subject_code="S07", task="squat",
        created_utc="2024-05-01T10:00:00Z", site="lab", operator="é", forward_axis="-y", axis_source="inferred",
        gravity_known=False, subject={"leg_length_l_m": 0.9123456789012345, "sex": "f", "a/b_kg": 3.0},
        context={"cue": "", "load_kg": 20.0}, bones=(("LASI", "Wié %"), ("LASI", "..")),
        quality=(Verdict("volume", 0.4, 1.0, "mm", True, "fine"), Verdict("lost", 5.0, 0.5, "pct", False)),
        operations=(Operation("import", {"file": "a.c3d", "n": 3, "x": 0.1, "on": True}), Operation("smooth")),
        inputs={"a.c3d": "ab" * 32},
    )  # fmt: skip


def bare_trial():
    return Trial("bare", Points3D(np.ones((3, 1, 3)), ("A",), 100.0))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Bytes of the full trial's file and of the bare one's, written once."""
    contents = {}
    for name, make in (("full", full_trial), ("bare", bare_trial)):
        path = tmp_path_factory.mktemp("whole") / "a.h5"
        write_trial(path, make())
        contents[name] = path.read_bytes()
    return contents


def listing(folder):
    return [path.name for path in folder.iterdir()]


def assert_equal(first, second, place="trial"):
    """Same types, same bits; angles, which are in degrees in the file, to the last two bits."""
    if isinstance(first, np.ndarray):
        assert first.shape == second.shape and first.dtype == second.dtype, place
        rtol = 1e-15 if "angles" in place else 0
        np.testing.assert_allclose(second, first, rtol=rtol, atol=0, err_msg=place)
        if not rtol:
            assert np.ascontiguousarray(first).tobytes() == np.ascontiguousarray(second).tobytes(), place
    elif hasattr(first, "__dataclass_fields__"):
        assert type(first) is type(second), place
        for field in fields(first):
            assert_equal(getattr(first, field.name), getattr(second, field.name), f"{place}.{field.name}")
    elif isinstance(first, tuple):
        assert len(first) == len(second), place
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            assert_equal(one, other, f"{place}[{index}]")
    else:
        assert first == second, place


@pytest.mark.parametrize("make", [full_trial, bare_trial])
def test_what_goes_in_comes_out(tmp_path, make):
    trial = make()
    write_trial(tmp_path / "a.h5", trial)
    assert_equal(trial, read_trial(tmp_path / "a.h5"))
    assert check_trial(tmp_path / "a.h5") == ()
    assert listing(tmp_path) == ["a.h5"]


def test_a_trial_of_angles_alone(tmp_path):
    angles = full_trial().angles
    trial = Trial("angles", Points3D(np.empty((40, 0, 3)), (), 120.0, start_s=0.25), angles=angles)
    write_trial(tmp_path / "a.h5", trial)
    assert read_trial(tmp_path / "a.h5").points.names == ()
    assert check_trial(tmp_path / "a.h5") == ()


def test_two_writes_give_the_same_bytes_and_overwriting_works(tmp_path):
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    paths[0].write_bytes(b"old")
    for path in paths:
        write_trial(path, full_trial())
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert len(digests) == 1
    write_trial(paths[0], read_trial(paths[1]))
    assert read_trial(paths[0]).trial_id == "squat 01"


def test_only_what_is_there_gets_a_group(tmp_path):
    write_trial(tmp_path / "a.h5", bare_trial())
    with h5py.File(tmp_path / "a.h5") as file:
        assert sorted(file) == ["integrity", "points", "provenance"]
        assert "covariance" not in file["points"]


def test_xarray_opens_every_group_with_its_own_coordinates(tmp_path):
    trial = full_trial()
    path = tmp_path / "a.h5"
    write_trial(path, trial)
    with h5py.File(path) as file:
        groups = ["/", *(f"/{name}" for name in file)]
    assert len(groups) == 13
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
        np.testing.assert_array_equal(data.pelvic_tilt, trial.angles.deg("pelvic_tilt"))
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


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    write_trial(path, bare_trial())
    before = path.read_bytes()

    def full_disk(target, groups):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write_module, "save", full_disk)
    with pytest.raises(SourceError, match=r"WRITE_FAILED.*No space left"):
        write_trial(path, full_trial())
    assert path.read_bytes() == before and listing(tmp_path) == ["a.h5"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceError, match="FOLDER_MISSING"):
        write_trial(tmp_path / "none" / "a.h5", bare_trial())
    with pytest.raises(SourceError, match="FILE_MISSING"):
        read_trial(tmp_path / "a.h5")
    with pytest.raises(SourceError, match="FILE_MISSING"):
        check_trial(tmp_path / "a.h5")


def test_points_that_were_never_seen_are_refused(tmp_path):
    trial = Trial("t", Points3D(np.full((5, 2, 3), np.nan), ("A", "B"), 100.0))
    with pytest.raises(TrialFileError, match="POINTS_EMPTY"):
        write_trial(tmp_path / "a.h5", trial)
    assert listing(tmp_path) == []


def test_two_names_that_collide_are_refused(tmp_path):
    first = full_trial().angles.definitions[0]
    angles = JointAngles((first, replace(first, name="pelvic_tilt_sd")), np.zeros((40, 2)), 120.0)
    with pytest.raises(TrialFileError, match="NAME_TAKEN"):
        write_trial(tmp_path / "a.h5", replace(full_trial(), angles=angles))


def test_provenance_names_versions_and_holds_no_clock(tmp_path):
    write_trial(tmp_path / "a.h5", full_trial())
    with h5py.File(tmp_path / "a.h5") as file:
        group = file["provenance"]
        software = dict(zip(group["software"].asstr()[:], group["software_version"].asstr()[:], strict=True))
        assert software["h5py"] == h5py.__version__ and software["numpy"] == np.__version__
        assert json.loads(group["operation_parameters"].asstr()[0])["file"] == "a.c3d"
        assert not any("time" in name or "date" in name for name in group)


def _code(path):
    """The error of reading; checking has to find the same."""
    with pytest.raises(MocapError) as caught:
        read_trial(path)
    findings = check_trial(path)
    assert findings and findings[0].code == caught.value.code, (findings, caught.value)
    return caught.value


def _inspected(path):
    """Findings of a file that another program changed properly, so that this process can look at it."""
    assert not is_sealed(path)
    return inspect(path)


def test_what_is_no_trial_file(tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(b"PathFileType 4")
    assert _code(path).code == "NOT_A_TRIAL"
    path.write_bytes(b"")
    assert _code(path).code == "NOT_A_TRIAL"
    with h5py.File(path, "w") as file:
        file["x"] = 1.0
    assert _code(path).code == "NOT_A_TRIAL"


def test_a_newer_file_is_refused_politely(tmp_path, whole):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["bare"])
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    error = _code(path)
    assert error.code == "TRIAL_NEWER" and "version 2" in error.cause and "Update" in error.remedy


def test_a_cut_off_file_is_refused_wherever_it_ends(tmp_path, whole):
    content = whole["full"]
    path = tmp_path / "a.h5"
    for length in range(8, len(content), len(content) // 300):
        path.write_bytes(content[:length])
        assert not is_sealed(path), length
    for length in (100, len(content) // 2):
        path.write_bytes(content[:length])
        assert _code(path).code == "TRIAL_DAMAGED", length


def _change_value(file):
    values = file["points/position"][...]
    values[2, 0, 1] += 1e-15
    file["points/position"][...] = values


@pytest.mark.parametrize(
    ("change", "item"),
    [
        (_change_value, "/points/position"),
        (lambda file: file["points"].attrs.__setitem__("rate_hz", 121.0), "/points@"),
        (lambda file: file["points/position"].attrs.__setitem__("units", "mm"), "/points/position@"),
        (lambda file: file["points/keypoint"].__setitem__(0, "RASI"), "/points/keypoint"),
        (lambda file: file.__delitem__("quality"), "/quality@"),
        (lambda file: file["angles"].create_dataset("extra", data=1.0), "/angles/extra"),
        (lambda file: file.__delitem__("integrity"), "/integrity"),
        (lambda file: file["integrity/sha256"].__setitem__(0, "0" * 64), "/integrity"),
        (lambda file: file.attrs.__setitem__("task", "hinge"), "/@"),
    ],
)
def test_a_change_is_found_and_its_place_named(tmp_path, whole, change, item):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"])
    with h5py.File(path, "r+") as file:
        change(file)
    findings = _inspected(path)
    assert findings[0].code == "TRIAL_DAMAGED"
    found = [finding.item for finding in findings]
    assert item in found or any(name.startswith(f"{item}#") for name in found), found


def _object_reference(file):
    file["points"].create_dataset("reference", data=file["points"].ref, dtype=h5py.ref_dtype)


def _bomb(file):
    file["points"].create_dataset("bomb", shape=(1 << 37,), dtype="f8", chunks=(1 << 20,), compression="gzip")


def _virtual(file):
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "x", shape=(3,))
    file["points"].create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize(
    "plant",
    [
        lambda file: file.__setitem__("points/link", h5py.SoftLink("/angles")),
        lambda file: file.__setitem__("points/link", h5py.ExternalLink("/etc/passwd", "/x")),
        lambda file: file.__setitem__("points/again", file["points/position"]),
        lambda file: file.__setitem__("points/loop", file["/"]),
        lambda file: file["points"].create_dataset("x", (3,), "f8", external=[("/tmp/none.bin", 0, 24)]),
        lambda file: file["points"].create_dataset("x", data=np.void(b"payload")),
        lambda file: file["points"].create_dataset("x", data=np.zeros(3, "f8,i4")),
        lambda file: file["points"].create_dataset("x", data=np.arange(9), compression="lzf", chunks=(3,)),
        lambda file: file["points"].attrs.__setitem__("x", np.zeros(2, "f8,i4")),
        lambda file: file.__setitem__("kind", np.dtype("f8")),
        _object_reference,
        _bomb,
        _virtual,
    ],
)
def test_what_a_trial_file_never_holds_is_refused_before_it_is_read(tmp_path, whole, plant):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["bare"])
    with h5py.File(path, "r+") as file:
        plant(file)
    assert _inspected(path)[0].code == "TRIAL_UNSAFE"


def test_a_file_changed_by_another_program_is_refused_and_the_item_named(tmp_path, whole):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"])
    with h5py.File(path, "r+") as file:
        _change_value(file)
    assert "/points/position" in _code(path).cause


def test_a_file_without_its_seal_is_read_when_all_its_digests_hold(tmp_path, whole):
    path = tmp_path / "a.h5"
    path.write_bytes(whole["full"][:-LENGTH])
    assert check_trial(path) == ()
    assert_equal(full_trial(), read_trial(path))


def test_every_flipped_byte_breaks_the_seal(tmp_path, whole):
    path = tmp_path / "a.h5"
    content = whole["full"]
    rng = np.random.default_rng(8)
    for at in rng.integers(len(content), size=400):
        path.write_bytes(content[:at] + bytes([content[at] ^ int(rng.integers(1, 256))]) + content[at + 1 :])
        assert not is_sealed(path), at
    path.write_bytes(content)
    assert is_sealed(path)


@pytest.mark.parametrize("n_flips", [4, pytest.param(200, marks=pytest.mark.heavy)])
def test_flipped_bytes_are_found_or_harmless(tmp_path, whole, n_flips):
    """Padding may change unseen; nothing else may. Values read back equal, or the file is refused."""
    trial, content = full_trial(), whole["full"]
    rng = np.random.default_rng(9)
    path = tmp_path / "a.h5"
    refused = 0
    for _ in range(n_flips):
        broken = bytearray(content)
        at = int(rng.choice(np.flatnonzero(np.frombuffer(content, np.uint8))))  # zeros are mostly padding
        broken[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(broken))
        try:
            found = read_trial(path)
        except TrialFileError as error:
            assert error.code in {"TRIAL_DAMAGED", "TRIAL_UNSAFE", "NOT_A_TRIAL", "TRIAL_NEWER", "TRIAL_SCHEMA"}
            refused += 1
        else:
            assert_equal(trial, found, f"trial with byte {at}")
    assert refused > 0
