"""`mocap convert` from end to end."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calibration import CameraRig, read_rig, write_rig
from calibration.formats import FORMATS, write_calibration
from calibration.synthetic.rigs import ring_rig

GOLDEN = Path(__file__).parents[1] / "fixtures" / "calibrations"
POINTS = np.random.default_rng(3).uniform([-0.5, -0.5, 0.2], [0.5, 0.5, 1.6], (40, 3))


def test_qualisys_becomes_ours_and_pose2sims(mocap_cli: Callable, tmp_path: Path) -> None:
    done = mocap_cli("convert", GOLDEN / "qualisys.qca.txt", "--to", "mocap", "--out", tmp_path / "c.toml", "--json")
    assert done.status == 0
    told = json.loads(done.out)
    assert told["from"] == "qualisys" and told["cameras"] == ["cam01", "cam02", "cam03", "cam04"]
    assert any("zero of the pixels" in note for note in told["notes"])
    rig = read_rig(tmp_path / "c.toml")
    assert rig.gravity_known and rig.metadata["world"] == "qualisys"
    done = mocap_cli("convert", tmp_path / "c.toml", "--to", "pose2sim", "--out", tmp_path / "Calib.toml")
    assert done.status == 0 and "4 cameras" in done.out
    assert np.nanmax(np.abs(read_rig(tmp_path / "Calib.toml").project(POINTS) - rig.project(POINTS))) < 1e-9


def test_help_says_units_and_what_is_unproven(mocap_cli: Callable) -> None:
    done = mocap_cli("convert", "--help")
    text = " ".join(done.out.split())
    for row in FORMATS:
        assert " ".join(row.line().split()) in text
    assert "UNPROVEN" in text and "unit has to be given" in text


def test_units_are_asked_for_and_written(mocap_cli: Callable, tmp_path: Path) -> None:
    anipose, out = GOLDEN / "anipose.toml", tmp_path / "out.toml"
    done = mocap_cli("convert", anipose, "--to", "mocap", "--out", out)
    assert done.status == 1 and "CALIBRATION_FORMAT_AMBIGUOUS" in done.error_line
    done = mocap_cli("convert", anipose, "--from", "anipose", "--to", "mocap", "--out", out)
    assert done.status == 1 and "CALIBRATION_UNITS" in done.error_line and not out.exists()
    done = mocap_cli("convert", anipose, "--from", "anipose", "--units", "m", "--to", "mocap", "--out", out)
    assert done.status == 0 and not read_rig(out).gravity_known
    done = mocap_cli("convert", out, "--to", "anipose", "--out-units", "mm", "--out", tmp_path / "mm.toml")
    assert done.status == 0
    assert 'translation = [196.4757239420760' in (tmp_path / "mm.toml").read_text()  # fmt: skip


def test_z_up_is_stated_and_not_assumed(mocap_cli: Callable, tmp_path: Path) -> None:
    out = tmp_path / "out.toml"
    assert mocap_cli("convert", GOLDEN / "caliscope.toml", "--to", "mocap", "--out", out, "--z-up").status == 0
    assert read_rig(out).metadata["gravity"] == "Z up, as stated by the user"


def test_gravity_that_is_known_is_not_overwritten_by_a_statement(mocap_cli: Callable, tmp_path: Path) -> None:
    source, out = tmp_path / "rig.toml", tmp_path / "out.toml"
    write_rig(source, CameraRig(ring_rig(2, 5).cameras, {"gravity": "board on floor"}))
    done = mocap_cli("convert", source, "--to", "mocap", "--out", out, "--z-up")
    assert done.status == 0 and "gravity was known already (board on floor)" in done.out
    assert read_rig(out).metadata["gravity"] == "board on floor"


@pytest.mark.parametrize("place", ["itself", "the poses", "in a folder", "footage"])
def test_what_is_read_and_what_is_no_calibration_is_kept(mocap_cli: Callable, tmp_path: Path, place: str) -> None:
    source, poses, photo = tmp_path / "rig.toml", tmp_path / "poses.toml", tmp_path / "0.jpg"
    write_rig(source, ring_rig(2, 5))
    write_rig(poses, ring_rig(2, 5))
    write_calibration(tmp_path / "easy", ring_rig(2, 5), "easymocap")
    photo.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words, code = {
        "itself": ([source, "--to", "anipose", "--out-units", "mm", "--out", source], "OUTPUT_IS_INPUT"),
        "the poses": ([source, "--extrinsics-from", poses, "--to", "mocap", "--out", poses], "OUTPUT_IS_INPUT"),
        "in a folder": ([tmp_path / "easy", "--to", "easymocap", "--out", tmp_path / "easy"], "OUTPUT_IS_INPUT"),
        "footage": ([source, "--to", "pose2sim", "--out", photo], "OUTPUT_OTHER"),
    }[place]
    done = mocap_cli("convert", *words)
    assert done.status == 1 and code in done.error_line
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_sizes_said_in_vain_or_against_the_file_are_refused(mocap_cli: Callable, tmp_path: Path) -> None:
    words = ["convert", GOLDEN / "caliscope.toml", "--to", "mocap", "--out", tmp_path / "out.toml", "--size"]
    for size, code in (("cam_1=10x10", "CALIBRATION_SIZE"), ("10x10", "CALIBRATION_SIZE"), ("0x10", "SIZE_NOT_UNDER"),
                       ("9" * 5000 + "x1", "SIZE_NOT_UNDER"), ("cam_2=1920x1080", "CAMERA_UNKNOWN")):  # fmt: skip
        done = mocap_cli(*words, size)
        assert done.status == 1 and code in done.error_line and not (tmp_path / "out.toml").exists()
    assert mocap_cli(*words, "1920x1080").status == 0


def test_lenses_of_one_and_poses_of_another(mocap_cli: Callable, tmp_path: Path) -> None:
    easy, out = GOLDEN / "by_hand" / "easymocap", tmp_path / "out.toml"
    words = ["convert", easy / "intri.yml", "--extrinsics-from", easy / "extri.yml", "--to", "mocap", "--out", out]
    done = mocap_cli(*words)
    assert done.status == 1 and "CALIBRATION_INCOMPLETE" in done.error_line and "--size" in done.error_line
    done = mocap_cli(*words, "--size", "2464x2056", "--size", "03=2560x1440")
    assert done.status == 0
    assert [camera.size for camera in read_rig(out)] == [(2464, 2056), (2560, 1440)]
    done = mocap_cli(*words, "--size", "big")
    assert done.status == 1 and "SIZE_NOT_UNDERSTOOD" in done.error_line


def test_footage_of_another_size_is_refused_unless_rescaling_is_asked_for(
    mocap_cli: Callable, tmp_path: Path, shared_data: Path
) -> None:
    source, videos = shared_data / "charuco_4cam" / "reference_cameras.toml", shared_data / "charuco_4cam"
    out = tmp_path / "out.toml"
    assert mocap_cli("convert", source, "--to", "mocap", "--out", out, "--footage", videos).status == 0
    good = out.read_bytes()
    double = tmp_path / "double.toml"
    double.write_text(source.read_text().replace("size = [1280, 720]", "size = [2560, 1440]"))
    words = ["convert", double, "--to", "mocap", "--out", out, "--footage", videos]
    done = mocap_cli(*words)
    assert done.status == 1
    assert "CALIBRATION_SIZE: cam_0 is calibrated at 2560 x 1440 px, its footage is 1280 x 720 px" in done.error_line
    assert out.read_bytes() == good
    done = mocap_cli(*words, "--rescale")
    assert done.error_line.startswith("error OUTPUT_EXISTS") and out.read_bytes() == good
    out.unlink()
    done = mocap_cli(*words, "--rescale")
    assert done.status == 0 and "rescaled: cam_0 to 1280 x 720 px" in done.out
    assert read_rig(out).cameras[0].size == (1280, 720)


@pytest.mark.parametrize("fault", ["missing", "format", "to", "lens", "folder", "nothing to rescale to"])
def test_refusals_are_one_line_and_leave_the_old_file(mocap_cli: Callable, tmp_path: Path, fault: str) -> None:
    out, source = tmp_path / "out.toml", tmp_path / "rig.toml"
    write_rig(source, ring_rig(2, 6, fisheye=True))
    out.write_text("what was there")
    words = {
        "missing": [tmp_path / "no.toml", "--to", "mocap"],
        "format": [source, "--from", "vicon", "--to", "mocap"],
        "to": [source, "--to", "blender"],
        "lens": [source, "--to", "qualisys"],
        "folder": [tmp_path, "--to", "mocap"],
        "nothing to rescale to": [source, "--to", "anipose", "--out-units", "m", "--rescale"],
    }[fault]
    done = mocap_cli("convert", *words, "--out", out)
    assert done.status == 1 and done.error_line.count("Remedy:") == 1
    assert out.read_text() == "what was there"


def test_every_format_ends_where_it_began(mocap_cli: Callable, tmp_path: Path) -> None:
    rig = ring_rig(2, 5)
    rig = CameraRig(rig.cameras, {"gravity": "board on floor"}, np.eye(36).reshape(2, 18, 2, 18))
    write_calibration(tmp_path / "start.toml", rig, "mocap")
    for row in FORMATS:
        if row.writer and row.name not in ("vicon", "kalibr"):
            unit = [] if row.unit else ["--out-units", "cm"]
            there = tmp_path / f"there_{row.name}"
            done = mocap_cli("convert", tmp_path / "start.toml", "--to", row.name, "--out", there, *unit)
            assert done.status == 0, done.err
            end = tmp_path / f"end_{row.name}.toml"
            back = ["--from", row.name, "--to", "mocap", "--out", end]
            done = mocap_cli("convert", there, *back, *([] if row.unit else ["--units", "cm"]))
            assert done.status == 0, done.err
            assert np.nanmax(np.abs(read_rig(end).project(POINTS) - rig.project(POINTS))) < 1e-9
