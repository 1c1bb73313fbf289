"""`mocap plates` and `mocap plate-calibrate` on rendered footage, as they are typed."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration import write_rig
from calibration.camera import CameraRig
from calibration.rigid import rigid
from calibration.synthetic import ring_rig
from mocap.config.plates import folded_plate, read_plates
from mocap.synthetic.plates import Exposure, exposed_poses, render_plates


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of a plate that was folded by 32.7 deg in place of 30, and the calibration of its camera."""
    folder = tmp_path_factory.mktemp("plates")
    camera = ring_rig(1, 0, size=(960, 540)).cameras[0]
    out = camera.centre_world - [0, 0, 1]
    out = out / np.linalg.norm(out)
    up = np.array([0.0, 0.0, 1.0]) - out[2] * out
    up = up / np.linalg.norm(up)
    t = np.linspace(0, 6, 24)
    swing = np.column_stack([0.5 * np.sin(t), 0.6 * np.cos(1.3 * t), 0.3 * np.sin(2 * t)])
    turned = np.column_stack([np.cross(up, out), up, out]) @ Rotation.from_rotvec(swing).as_matrix()
    exposed = exposed_poses(rigid(turned, np.tile(camera.centre_world - 0.6 * out, (24, 1))), 12.0, Exposure(0.004, 3))
    plate = folded_plate("sacrum", "pelvis", 0, 0.06, 32.7)
    writer = cv2.VideoWriter(
        str(folder / "hand.avi"), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 12.0, camera.size
    )
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, 95)
    for frame, moments in enumerate(exposed):
        writer.write(cv2.cvtColor(render_plates(camera, [plate], moments[:, None], frame), cv2.COLOR_GRAY2BGR))
    writer.release()
    write_rig(folder / "calibration.toml", CameraRig((camera,)))
    return folder


def test_measures_a_hand_folded_plate(folder: Path, mocap_cli) -> None:
    out = folder / "measured.toml"
    done = mocap_cli(
        "plate-calibrate", folder / "hand.avi", "--plates", "squat_60", "--calibration", folder / "calibration.toml",
        "--out", out,
    )  # fmt: skip
    assert done.status == 0, done
    plates = read_plates(out)
    # Measured: 32.70 deg.
    assert np.rad2deg(plates.plate[0].facet_angles()) == pytest.approx([32.7], abs=0.1)
    assert "folded by 32." in done.out and "drawn 30.00" in done.out
    assert "left as drawn: t12_l1" in done.out
    assert plates.plate[1] == read_plates("squat_60").plate[1]


def test_says_what_the_footage_lacks(folder: Path, mocap_cli, tmp_path: Path) -> None:
    made = mocap_cli("plates", "--new", "bar", "--segment", "bar", "--tag", "0.05", "--first-id", "40", "--out",
                 tmp_path / "bar.pdf")
    assert made.status == 0, made
    assert read_plates(tmp_path / "bar.toml").plate[0].ids == (40, 41)
    done = mocap_cli("plate-calibrate", folder / "hand.avi", "--plates", tmp_path / "bar.toml", "--calibration",
                 folder / "calibration.toml", "--out", tmp_path / "measured.toml")
    assert done.status == 1 and "PLATE_NOT_SEEN" in done.err
    assert "shows tags 0, 1 of DICT_APRILTAG_36h11, which no plate has" in done.error_line
    assert not (tmp_path / "measured.toml").exists()


def test_does_not_measure_in_footage_that_is_damaged(folder: Path, mocap_cli, tmp_path: Path) -> None:
    data = bytearray((folder / "hand.avi").read_bytes())
    at = data.index(b"00dc", len(data) // 2)  # a picture in the middle that is none
    data[at + 8 : at + 4000] = bytes(3992)
    (tmp_path / "hand.avi").write_bytes(data)
    done = mocap_cli("plate-calibrate", tmp_path / "hand.avi", "--plates", "squat_60", "--calibration",
                     folder / "calibration.toml", "--out", tmp_path / "measured.toml")  # fmt: skip
    assert done.status == 1 and "VIDEO_DAMAGED" in done.err
    assert not (tmp_path / "measured.toml").exists()


def test_prints_a_preset_and_keeps_what_is_measured(mocap_cli, tmp_path: Path) -> None:
    done = mocap_cli("plates", "sacrum_60", "--out", tmp_path / "a.pdf")
    assert done.status == 0 and (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF"), done
    made = ["plates", "--new", "a", "--tag", "0.05", "--out", tmp_path / "b.pdf"]
    assert mocap_cli(*made).status == 0
    (tmp_path / "b.toml").write_text((tmp_path / "b.toml").read_text().replace("id = 1", "id = 7"))
    done = mocap_cli(*made)
    assert done.status == 1 and "PLATES_EXIST" in done.err
    assert mocap_cli("plates", "--out", tmp_path / "a.pdf").status == 2
    # A side that would be left out in silence: the tags would be printed with another.
    other = mocap_cli("plates", "sacrum_60", "--tag", "0.05", "--out", tmp_path / "c.pdf")
    assert other.status == 2 and "--tag" in other.err and not (tmp_path / "c.pdf").exists()
