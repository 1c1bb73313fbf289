"""Calibration files: exact round trips, other tools' files, and a clear refusal of what is wrong."""

import os
from pathlib import Path

import numpy as np
import pytest

from calibration import Camera, CameraRig, read_rig, write_rig
from calibration.errors import FormatError, SourceError
from calibration.formats import read_calibration
from calibration.synthetic.rigs import ring_rig

POINTS = np.random.default_rng(3).uniform([-0.8, -0.8, 0.0], [0.8, 0.8, 1.8], (50, 3))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "calibration.toml"
    write_rig(path, CameraRig(ring_rig(3, 5).cameras, {"world": "floor:0", "gravity": "board on floor", "rms_px": 0.3}))
    return path


def rational_rig() -> CameraRig:
    rig = ring_rig(2, 1)
    eight = np.array([-0.1, 0.05, 1e-3, -2e-3, 0.01, 0.02, -0.01, 0.003])
    return CameraRig(tuple(Camera(c.name, c.size, c.matrix, eight, c.cam_from_world) for c in rig))


@pytest.mark.parametrize("rig", [ring_rig(3, 5), ring_rig(2, 6, fisheye=True), rational_rig()], ids=["5", "fish", "8"])
def test_round_trip(tmp_path: Path, rig: CameraRig) -> None:
    path = tmp_path / "rig.toml"
    write_rig(path, rig)
    back = read_rig(path)
    assert back.names == rig.names
    for one, other in zip(back, rig, strict=True):
        assert one.size == other.size and one.fisheye == other.fisheye
        assert np.array_equal(one.matrix, other.matrix)
        assert np.array_equal(one.distortion, other.distortion)
        assert np.array_equal(one.cam_from_world[:3, 3], other.cam_from_world[:3, 3])
        # Through a Rodrigues vector: measured 3.3e-16.
        assert np.abs(one.cam_from_world - other.cam_from_world).max() < 2e-15


def test_half_turns_survive(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    half_turn = np.diag([-1.0, 1.0, -1.0, 1.0])
    camera = ring_rig(1).cameras[0]
    write_rig(path, CameraRig((Camera("c", camera.size, camera.matrix, camera.distortion, half_turn),)))
    assert np.abs(read_rig(path).cameras[0].cam_from_world - half_turn).max() < 1e-15


def test_metadata_and_odd_names_survive(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    camera = ring_rig(1).cameras[0]
    odd = Camera('links "ü" \\ \x7f\n', camera.size, camera.matrix, camera.distortion, camera.cam_from_world)
    metadata = {"world": "floor:0-9", "rms px": 0.1 + 0.2, "frames": 12, "checked": True, "note": "a\tb = [c]\n"}
    write_rig(path, CameraRig((odd,), metadata))
    back = read_rig(path)
    assert back.names == (odd.name,)
    assert dict(back.metadata) == metadata
    assert not back.gravity_known or "gravity" not in metadata


def test_unknown_gravity_survives(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    write_rig(path, CameraRig(ring_rig(2).cameras, {"gravity": "unknown"}))
    assert not read_rig(path).gravity_known


def test_twelve_cameras_keep_their_order_when_sorted_as_text(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    rig = ring_rig(12, 2)
    write_rig(path, rig)
    assert read_rig(path).names == rig.names
    keys = [line for line in path.read_text().splitlines() if line.startswith("[cam")]
    assert keys == sorted(keys) and keys[1] == "[cam_01]"


def test_reads_a_pose2sim_file(shared_data: Path) -> None:
    rig = read_rig(shared_data / "openpose_4cam" / "calibration.toml")
    assert rig.names == ("cam_01", "cam_02", "cam_03", "cam_04")
    assert rig.cameras[0].size == (1088, 1920)
    assert rig.cameras[0].distortion.tolist() == [-0.000721609375, 0.002187234375, 9.5e-06, 1.078125e-05, 0.0]
    assert rig.gravity_known


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rig.toml"
    write_rig(path, ring_rig(2, 1))
    before = path.read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(SourceError, match="No space left") as caught:
        write_rig(path, ring_rig(3, 2))
    assert caught.value.code == "CALIBRATION_NOT_WRITTEN"
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["rig.toml"]


def test_missing_folder_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="CALIBRATION_NOT_WRITTEN"):
        write_rig(tmp_path / "nowhere" / "rig.toml", ring_rig(2))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="CALIBRATION_MISSING"):
        read_rig(tmp_path / "no.toml")
    with pytest.raises(SourceError, match="CALIBRATION_MISSING"):
        read_rig(tmp_path)


FAULTS = {
    "line": ("[cam_1]", "[cam_1", "CALIBRATION_FORMAT.*line 1[0-9]"),
    "no_matrix": ("matrix = ", "matrx = ", "CALIBRATION_FORMAT.*'cam_0'.*lacks matrix"),
    "text_size": ("size = [1280, 720]", 'size = "big"', "CALIBRATION_FORMAT.*'cam_0': size"),
    "short_rotation": ("rotation = [", "rotation = [1.0, ", "CALIBRATION_FORMAT.*rotation"),
    "nan": ("translation = [", "translation = [nan, 0.0, 1.0]\nx = [", "CALIBRATION_FORMAT.*translation"),
    "turned": ("size = [1280, 720]", "size = [480, 270]", "CALIBRATION_IMPLAUSIBLE.*principal point"),
    "millimetres": ("translation = [", "translation = [100.0, 2000.0, 3500.0]\nx = [", "CALIBRATION_UNITS.*milli"),
    "degrees": ("rotation = [", "rotation = [90.0, 10.0, 3.0]\nx = [", "CALIBRATION_IMPLAUSIBLE.*full turn"),
    "coefficients": ("distortions = [", "distortions = [0.1, 0.2]\nx = [", "CALIBRATION_FORMAT.*2 coefficients"),
    "same_name": ('name = "cam_1"', 'name = "cam_0"', "CALIBRATION_FORMAT.*doubled"),
    "half_pixel": ("size = [1280, 720]", "size = [1280.5, 720]", "CALIBRATION_FORMAT.*'cam_0'.*not a number of pixels"),
    "other": ('format = "mocap-calibration"', 'format = "scan"', "CALIBRATION_FORMAT.*format scan"),
    "newer": ("format_version = 1", "format_version = 7", "CALIBRATION_FORMAT.*version 7"),
    "fisheye": ("fisheye = false", 'fisheye = "no"', "CALIBRATION_FORMAT.*fisheye"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(written: Path, fault: str) -> None:
    old, new, message = FAULTS[fault]
    text = written.read_text()
    assert old in text
    written.write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=f"(?s){message}"):
        read_rig(written)


def test_no_cameras(tmp_path: Path) -> None:
    path = tmp_path / "rig.toml"
    path.write_text("[metadata]\nerror = 0.0\n")
    with pytest.raises(FormatError, match="no camera table"):
        read_rig(path)


def bare(path: Path, rig: CameraRig, metadata: str = "", scale: float = 1.0) -> Path:
    """Write a rig as aniposelib does: without a word on the unit of its lengths."""
    moved = [Camera(c.name, c.size, c.matrix, c.distortion, scaled(c.cam_from_world, scale)) for c in rig]
    write_rig(path, CameraRig(tuple(moved)))
    path.write_text(path.read_text().split("[metadata]")[0] + metadata)
    return path


def scaled(pose: np.ndarray, scale: float) -> np.ndarray:
    answer = pose.copy()
    answer[:3, 3] *= scale
    return answer


def test_lengths_without_a_unit_are_refused_with_the_command_that_states_it(tmp_path: Path) -> None:
    rig = ring_rig(3, 5)
    path = bare(tmp_path / "rig.toml", rig, scale=10.0)  # the board was given in dm
    with pytest.raises(FormatError, match=r"not stated.*mocap convert rig\.toml --from anipose --units mm") as caught:
        read_rig(path)
    assert caught.value.code == "CALIBRATION_UNITS"
    found = read_calibration(path, "anipose", "dm")
    assert np.abs(found.cameras[0].centre_world - rig.cameras[0].centre_world).max() < 1e-12
    assert read_rig(path, lenses_alone=True).names == rig.names  # whose poses are not used


def test_a_stated_unit_counts_and_others_than_metres_are_refused(tmp_path: Path) -> None:
    rig = ring_rig(3, 5)
    assert read_rig(bare(tmp_path / "m.toml", rig, '[metadata]\nlength_unit = "m"\n')).names == rig.names
    for unit in ('"mm"', '"Meter"', "1000"):
        with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.*stated in"):
            read_rig(bare(tmp_path / "mm.toml", rig, f"[metadata]\nlength_unit = {unit}\n"))
    with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.*FreeMoCap has lengths in mm"):
        read_rig(bare(tmp_path / "f.toml", rig, "[metadata]\ncharuco_square_size = 54.0\n"))


def test_a_format_that_implies_its_unit_says_so(shared_data: Path) -> None:
    rig = read_rig(shared_data / "openpose_4cam" / "calibration.toml")
    assert rig.metadata["length_unit_source"] == "m, which Pose2Sim implies: the file states none"


def test_a_file_without_end_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"zero has more than 64 MB"):
        read_rig("/dev/zero")
    huge = tmp_path / "huge.toml"
    with huge.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(FormatError, match="more than 64 MB"):
        read_rig(huge)
