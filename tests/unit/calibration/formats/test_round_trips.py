"""What is written in a format and read again projects onto the same pixels, or is refused with the reason."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import Camera, CameraRig, read_rig, write_rig
from calibration.errors import FormatError, SourceError
from calibration.formats import FORMATS, read_calibration, write_calibration
from calibration.formats.exchange import read_parts
from calibration.synthetic.rigs import ring_rig

POINTS = np.random.default_rng(3).uniform([-0.6, -0.6, 0.2], [0.6, 0.6, 1.6], (60, 3))
WRITERS = [row.name for row in FORMATS if row.writer]
EXACT = ["mocap", "anipose", "pose2sim", "freemocap", "caliscope"]


def with_lens(rig: CameraRig, distortion: list[float], fisheye: bool = False) -> CameraRig:
    lens = np.array(distortion)
    return CameraRig(tuple(Camera(c.name, c.size, c.matrix, lens, c.cam_from_world, fisheye) for c in rig))


def radial_rig(n_cameras: int, seed: int, lens: tuple[float, ...] = (-0.1, 0.02, 0, 0, 0)) -> CameraRig:
    """Cameras with one focal length and a radial lens: what every format can hold."""
    cameras = []
    for one in ring_rig(n_cameras, seed):
        matrix = one.matrix.copy()
        matrix[1, 1] = matrix[0, 0]
        cameras.append(Camera(one.name, one.size, matrix, np.array(lens), one.cam_from_world))
    return CameraRig(tuple(cameras))


def there_and_back(rig: CameraRig, folder: Path, name: str) -> tuple[CameraRig, tuple[str, ...]]:
    path = folder / ("rig" if name == "easymocap" else "rig.file")
    implied = next(row.unit for row in FORMATS if row.name == name)
    notes = write_calibration(path, rig, name, implied or "mm")
    return read_calibration(path, name, implied or "mm"), notes


def off_px(rig: CameraRig, back: CameraRig, kalibr: bool = False) -> float:
    """The largest difference of the pixels of points in the volume."""
    points = POINTS
    if kalibr:  # whose world is the first camera
        first = rig.cameras[0].cam_from_world
        points = POINTS @ first[:3, :3].T + first[:3, 3]
    ours, theirs = rig.project(POINTS), back.project(points)
    seen = np.isfinite(ours).all(axis=-1) & (np.abs(ours - 640) < 1000).all(axis=-1)
    assert seen.sum() > 100
    return float(np.abs(ours - theirs)[seen].max())


@pytest.mark.parametrize("name", WRITERS)
def test_brown_lenses_come_back(tmp_path: Path, name: str) -> None:
    rig = radial_rig(4, 5, (-0.12, 0.05, 0, 0, 0))
    back, notes = there_and_back(rig, tmp_path, name)
    if name == "caliscope":
        assert back.names == ("cam_0", "cam_1", "cam_2", "cam_3")
    else:
        assert back.names == rig.names
    assert [c.size for c in back] == [c.size for c in rig]
    # Measured: 2e-12 px at most, but 0.0024 px for Vicon, whose lens is fitted both ways.
    assert off_px(rig, back, name == "kalibr") < (0.02 if name == "vicon" else 1e-9)
    assert any("fitted" in note for note in notes) == (name == "vicon")


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("kalibr", "vicon")])
def test_all_five_coefficients_and_twelve_cameras(tmp_path: Path, name: str) -> None:
    rig = ring_rig(12, 7)
    back, _ = there_and_back(rig, tmp_path, name)
    assert len(back) == 12
    assert off_px(rig, back) < 1e-9  # measured 1.8e-12 px
    if name in EXACT:
        assert all(np.array_equal(a.distortion, b.distortion) for a, b in zip(rig, back, strict=True))


@pytest.mark.parametrize("name", ["mocap", "anipose", "pose2sim", "freemocap", "caliscope", "kalibr"])
def test_fisheyes_come_back(tmp_path: Path, name: str) -> None:
    rig = ring_rig(3, 6, fisheye=True)
    back, _ = there_and_back(rig, tmp_path, name)
    assert all(camera.fisheye for camera in back)
    assert off_px(rig, back, name == "kalibr") < 1e-9


@pytest.mark.parametrize("name", ["opencv", "qualisys", "easymocap"])
def test_fisheyes_are_refused_where_there_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"CALIBRATION_LENS.*'cam_0' has a fisheye"):
        write_calibration(tmp_path / "out", ring_rig(3, 6, fisheye=True), name, "mm" if name == "opencv" else None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["qualisys", "easymocap", "opencv"])
def test_rational_lenses_are_fitted_and_the_residual_told(tmp_path: Path, name: str) -> None:
    rig = with_lens(ring_rig(2, 5), [-0.1, 0.05, 1e-3, -2e-3, 0.01, 0.02, -0.01, 0.003])
    back, notes = there_and_back(rig, tmp_path, name)
    assert sum("px RMS" in note for note in notes) == 2
    assert off_px(rig, back) < 0.02  # measured 0.0007 px


def test_a_lens_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    rig = with_lens(ring_rig(2, 5), [0.5, 0.3, 0, 0, 0.01, 0.9, 0.6, 0.1])
    wide = CameraRig(tuple(Camera(c.name, c.size, np.array([[300.0, 0, 640], [0, 300, 360], [0, 0, 1]]),
                                  c.distortion, c.cam_from_world) for c in rig))  # fmt: skip
    with pytest.raises(FormatError, match=r"CALIBRATION_LENS.*px RMS"):
        write_calibration(tmp_path / "out.qca.txt", wide, "qualisys")
    with pytest.raises(FormatError, match=r"CALIBRATION_LENS"):
        write_calibration(tmp_path / "out.yaml", wide, "kalibr")


def test_kalibr_fits_what_its_four_coefficients_allow(tmp_path: Path) -> None:
    rig = with_lens(ring_rig(2, 5), [-0.12, 0.05, 1e-3, -5e-4, 0.01])
    back, notes = there_and_back(rig, tmp_path, "kalibr")
    assert sum("px RMS" in note for note in notes) == 2
    assert off_px(rig, back, True) < 0.2
    assert "gravity" in notes[0]


def test_vicon_refuses_a_tangential_lens(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"CALIBRATION_LENS.*px RMS"):
        write_calibration(tmp_path / "out.xcp", with_lens(ring_rig(2, 5), [-0.1, 0.02, 0.01, 0.01, 0]), "vicon")


def test_vicon_says_small_tangential_terms_by_another_centre(tmp_path: Path) -> None:
    rig = radial_rig(2, 5, (-0.12, 0.02, 5e-4, -1e-3, 0))
    back, notes = there_and_back(rig, tmp_path, "vicon")
    assert sum("px RMS" in note for note in notes) == 2  # measured 0.06 px, 0.4 px about the principal point alone
    assert off_px(rig, back) < 0.05  # measured 0.005 px
    # Two focal lengths it has not: that is said with what helps.
    with pytest.raises(FormatError, match=r"CALIBRATION_LENS.*Remedy: .*one focal length.*fx=fy"):
        write_calibration(tmp_path / "out.xcp", ring_rig(2, 5), "vicon")


def test_opencv_itself_reads_what_is_written(tmp_path: Path) -> None:
    rig = ring_rig(3, 5)
    write_calibration(tmp_path / "rig.yml", rig, "opencv", "m")
    write_calibration(tmp_path / "easy", rig, "easymocap")
    for path in (tmp_path / "rig.yml", tmp_path / "easy" / "intri.yml"):
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        for camera in rig:
            assert np.array_equal(storage.getNode(f"K_{camera.name}").mat(), camera.matrix)
            assert np.array_equal(storage.getNode(f"dist_{camera.name}").mat()[0], camera.distortion)
    storage = cv2.FileStorage(str(tmp_path / "easy" / "extri.yml"), cv2.FILE_STORAGE_READ)
    assert np.array_equal(storage.getNode("Rot_cam_1").mat(), rig.cameras[1].cam_from_world[:3, :3])
    names = storage.getNode("names")
    assert [names.at(place).string() for place in range(names.size())] == list(rig.names)


def test_aniposelib_reads_what_is_written_and_what_it_dumps_comes_back(tmp_path: Path) -> None:
    from calibration.aniposelib_adapter import dump_with_aniposelib, project_with_aniposelib

    rig = ring_rig(12, 5)
    for name in ("anipose", "freemocap"):
        write_calibration(tmp_path / name, rig, name, "mm")
        theirs = project_with_aniposelib(tmp_path / name, 1000 * POINTS)
        assert tuple(theirs) == rig.names
        for camera in rig:
            ours = camera.project(POINTS)
            seen = np.isfinite(ours).all(axis=1)
            assert np.abs(ours - theirs[camera.name])[seen].max() < 1e-8
    dump_with_aniposelib(tmp_path / "anipose", tmp_path / "theirs.toml")
    back = read_calibration(tmp_path / "theirs.toml", "anipose", "mm")
    assert off_px(rig, back.subset(rig.names)) < 1e-9


def test_the_plain_reader_reads_pose2sim_files_of_ours(tmp_path: Path) -> None:
    rig = ring_rig(3, 5)
    write_calibration(tmp_path / "Calib.toml", rig, "pose2sim")
    assert off_px(rig, read_rig(tmp_path / "Calib.toml")) < 1e-9
    assert "[1280.0, 720.0]" in (tmp_path / "Calib.toml").read_text()


def test_one_camera_of_opencv_loses_its_pose_and_that_is_told(tmp_path: Path) -> None:
    notes = write_calibration(tmp_path / "lens.yml", ring_rig(1, 5), "opencv", "m")
    assert notes == ("the pose of the camera is not part of this format",)
    parts, row = read_parts(tmp_path / "lens.yml", units="m")
    assert row.name == "opencv" and parts.cameras[0].missing() == ("pose",)
    assert np.array_equal(parts.cameras[0].matrix, ring_rig(1, 5).cameras[0].matrix)
    fisheye = ring_rig(1, 5, fisheye=True)
    write_calibration(tmp_path / "fish.yml", fisheye, "opencv", "m")
    parts, _ = read_parts(tmp_path / "fish.yml", units="m")
    assert parts.cameras[0].fisheye and np.array_equal(parts.cameras[0].distortion, fisheye.cameras[0].distortion)


def test_uncertainty_is_kept_by_our_format_and_its_loss_told_by_others(tmp_path: Path) -> None:
    plain = ring_rig(2, 5)
    rig = CameraRig(plain.cameras, {"world": "floor:0"}, np.eye(36).reshape(2, 18, 2, 18))
    assert write_calibration(tmp_path / "a.toml", rig, "mocap") == ()
    back = read_calibration(tmp_path / "a.toml")
    assert np.array_equal(back.covariance, rig.covariance) and back.metadata["world"] == "floor:0"
    assert "uncertainty" in write_calibration(tmp_path / "b.toml", rig, "anipose", "m")[-1]


@pytest.mark.parametrize("name", WRITERS)
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = next(row.unit for row in FORMATS if row.name == name) or "m"
    rig = radial_rig(2, 5)
    write_calibration(tmp_path / "out", rig, name, unit)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(SourceError, match="CALIBRATION_NOT_WRITTEN"):
        write_calibration(tmp_path / "out", radial_rig(3, 6), name, unit)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_second_file_of_a_pair_failing_leaves_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_calibration(tmp_path / "easy", ring_rig(2, 5), "easymocap")
    before = (tmp_path / "easy" / "intri.yml").read_bytes()
    calls = []

    def second_fails(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", second_fails)
    with pytest.raises(SourceError, match="CALIBRATION_NOT_WRITTEN"):
        write_calibration(tmp_path / "easy", ring_rig(3, 6), "easymocap")
    assert (tmp_path / "easy" / "intri.yml").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "easy").iterdir()) == ["extri.yml", "intri.yml"]


def test_formats_are_recognised_or_asked_for(tmp_path: Path) -> None:
    rig = radial_rig(2, 5)
    ends = {"qualisys": "r.qca.txt", "vicon": "r.xcp", "easymocap": "easy", "kalibr": "k.yaml", "opencv": "o.yml"}
    for row in FORMATS:
        if row.writer and row.name != "anipose":
            path = tmp_path / ends.get(row.name, f"{row.name}.toml")
            write_calibration(path, rig, row.name, row.unit or "m")
            assert read_parts(path, units=None if row.unit else "m")[1].name == row.name
    write_calibration(tmp_path / "anipose.toml", rig, "anipose", "m")
    with pytest.raises(FormatError, match=r"CALIBRATION_FORMAT_AMBIGUOUS.*anipose or pose2sim"):
        read_calibration(tmp_path / "anipose.toml")


def test_lenses_alone_need_no_unit(tmp_path: Path) -> None:
    write_calibration(tmp_path / "lens.yml", ring_rig(1, 5), "opencv", "m")
    parts, _ = read_parts(tmp_path / "lens.yml")
    assert parts.cameras[0].missing() == ("pose",)
    write_calibration(tmp_path / "rig.yml", ring_rig(2, 5), "opencv", "m")
    with pytest.raises(FormatError, match="CALIBRATION_UNITS"):
        read_parts(tmp_path / "rig.yml")


def test_units_are_required_where_none_is_implied_and_have_to_agree_where_one_is(tmp_path: Path) -> None:
    write_rig(tmp_path / "rig.toml", ring_rig(2, 5))
    for name in ("anipose", "opencv"):
        with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.*does not say its unit"):
            write_calibration(tmp_path / "out", ring_rig(2, 5), name)
    with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.*in mm, not in m"):
        write_calibration(tmp_path / "out", ring_rig(2, 5), "qualisys", "m")
    with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.*no unit of length"):
        write_calibration(tmp_path / "out", ring_rig(2, 5), "anipose", "furlong")
    write_calibration(tmp_path / "mm.toml", ring_rig(2, 5), "anipose", "mm")
    with pytest.raises(FormatError, match=r"CALIBRATION_UNITS.* m from the origin"):
        read_calibration(tmp_path / "mm.toml", "anipose", "m")
    write_calibration(tmp_path / "m.toml", ring_rig(2, 5), "anipose", "m")
    with pytest.raises(FormatError, match="CALIBRATION_UNITS"):
        read_calibration(tmp_path / "m.toml", "anipose", "mm")
    with pytest.raises(FormatError, match=r"CALIBRATION_FORMAT_UNKNOWN.*anipose, pose2sim"):
        write_calibration(tmp_path / "out", ring_rig(2, 5), "blender")
    with pytest.raises(FormatError, match="read and not written"):
        write_calibration(tmp_path / "out", ring_rig(2, 5), "opencap")
