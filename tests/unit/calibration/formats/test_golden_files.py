"""Files as other programs wrote them, held to what those programs, or an independent way, say of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration import read_rig
from calibration.formats import FORMATS, read_calibration, read_parts
from calibration.lens import distort

GOLDEN = Path(__file__).parents[3] / "fixtures" / "calibrations"
BY_HAND = GOLDEN / "by_hand"
POINTS = np.random.default_rng(3).uniform([-0.5, -0.5, 0.2], [0.5, 0.5, 1.6], (60, 3))


def test_anipose_is_what_aniposelib_itself_loads() -> None:
    from calibration.aniposelib_adapter import project_with_aniposelib

    rig = read_calibration(GOLDEN / "anipose.toml", "anipose", "m")
    points = POINTS + np.array([0, 0, 1.0])
    theirs = project_with_aniposelib(GOLDEN / "anipose.toml", points)
    assert tuple(theirs) == rig.names == ("10", "11", "12")
    for camera in rig:
        ours = camera.project(points)
        seen = np.isfinite(ours).all(axis=1) & (np.abs(ours) < 2000).all(axis=1)
        assert seen.sum() > 5
        assert np.abs(ours - theirs[camera.name])[seen].max() < 1e-8  # measured 4.5e-13 px
    assert not rig.gravity_known


def test_anipose_units_scale_the_poses_alone() -> None:
    metres, inches = (read_calibration(GOLDEN / "anipose.toml", "anipose", unit) for unit in ("m", "in"))
    for one, other in zip(metres, inches, strict=True):
        assert np.allclose(0.0254 * one.cam_from_world[:3, 3], other.cam_from_world[:3, 3], rtol=1e-15)
        assert np.array_equal(one.cam_from_world[:3, :3], other.cam_from_world[:3, :3])
        assert np.array_equal(one.matrix, other.matrix)


def test_pose2sim_reads_as_by_the_plain_reader() -> None:
    rig, plain = read_calibration(GOLDEN / "pose2sim.toml"), read_rig(GOLDEN / "pose2sim.toml")
    assert rig.names == plain.names == tuple(f"int_cam0{number}_img" for number in range(1, 5))
    assert np.array_equal(rig.project(POINTS), plain.project(POINTS))
    assert rig.cameras[0].size == (1088, 1920) and rig.gravity_known


def test_qualisys_gives_the_poses_of_pose2sims_conversion_of_the_same_file(shared_data: Path) -> None:
    rig = read_calibration(GOLDEN / "qualisys.qca.txt")
    theirs = read_rig(shared_data / "openpose_4cam" / "calibration.toml")
    for one, other in zip(rig, theirs, strict=True):
        assert one.size == other.size
        assert np.abs(one.cam_from_world - other.cam_from_world).max() < 1e-12  # measured 1.4e-15
        assert np.abs(one.matrix - other.matrix).max() < 1e-9


def test_qualisys_distortion_is_as_printed_not_in_subpixels() -> None:
    # Pose2Sim calibrated the same four cameras with a board and OpenCV. Camera 3's k2 is poorly known there.
    rig = read_calibration(GOLDEN / "qualisys.qca.txt")
    independent = read_rig(GOLDEN / "pose2sim.toml")
    ratios = np.array([a.distortion[:2] / b.distortion[:2] for a, b in zip(rig, independent, strict=True)])
    # Measured k1 0.87, 0.92, 1.50, 1.01 and k2 0.93, 0.92, (15), 1.34; divided by 64 they would be about 0.015.
    assert (ratios[:, 0] > 0.8).all() and (ratios[:, 0] < 1.6).all()
    assert (ratios[[0, 1, 3], 1] > 0.8).all() and (ratios[[0, 1, 3], 1] < 1.5).all()
    # And the cameras stand where that calibration has them: measured 54 to 144 mm, of 3 to 5 m.
    apart = [np.linalg.norm(a.centre_world - b.centre_world) for a, b in zip(rig, independent, strict=True)]
    assert max(apart) < 0.3


def test_caliscope_is_what_its_numbers_say_to_opencv() -> None:
    rig = read_calibration(GOLDEN / "caliscope.toml")
    assert rig.names == ("cam_1", "cam_10")
    vector, translation = np.array([1.39886421932899, 1.0409423439212626, -0.9347190507881588]), [
        -0.21235159021879293, 0.07759824140387953, 1.9327721108963638,
    ]  # fmt: skip
    one = rig.cameras[0]
    theirs, _ = cv2.projectPoints(POINTS, vector, np.array(translation), one.matrix, one.distortion)
    seen = np.isfinite(one.project(POINTS)).all(axis=1)
    assert seen.sum() > 50
    assert np.abs(one.project(POINTS) - theirs[:, 0])[seen].max() < 1e-9


def test_caliscope_with_matrices_reads_the_published_cameras(shared_data: Path) -> None:
    rig = read_calibration(shared_data / "charuco_4cam" / "reference_cameras.toml")
    assert rig.names == ("cam_0", "cam_1", "cam_2", "cam_3")  # as the videos are called
    assert rig.cameras[1].cam_from_world[0, 3] == 0.30872148305699454
    assert abs(rig.cameras[1].cam_from_world[2, 1] - -0.7574520994309704) < 1e-12
    assert not rig.gravity_known


def test_kalibr_equidistant_is_opencvs_fisheye() -> None:
    rig = read_calibration(GOLDEN / "kalibr_one_camera.yaml")
    (camera,) = rig
    assert camera.fisheye and camera.name == "cam0" and camera.size == (640, 480)
    rays = np.random.default_rng(1).uniform(-1, 1, (40, 2))
    theirs = cv2.fisheye.distortPoints(rays[:, None], camera.matrix, camera.distortion)
    ours, _ = distort(rays, camera.distortion, True)
    assert np.abs(ours @ camera.matrix[:2, :2] + camera.matrix[:2, 2] - theirs[:, 0]).max() < 1e-9


def test_kalibr_chain_is_walked_from_camera_to_camera() -> None:
    rig = read_calibration(BY_HAND / "kalibr_chain.yaml")
    assert rig.names == ("left", "right", "side")
    # By hand: right is 0.11 m along x of left; p_side = (0.5 - z, y, x + 0.25) of p_right.
    point_left = np.array([0.3, 0.2, 2.0])
    in_right, in_side = (camera.cam_from_world[:3, :3] @ point_left + camera.cam_from_world[:3, 3]
                         for camera in rig.cameras[1:])  # fmt: skip
    assert np.allclose(in_right, [0.19, 0.2, 2.0], atol=1e-15)
    assert np.allclose(in_side, [0.5 - 2.0, 0.2, 0.19 + 0.25], atol=1e-15)
    assert [camera.fisheye for camera in rig] == [False, False, True]


@pytest.mark.parametrize("header", ["%YAML 1.2", "%YAML:1.0"])
def test_opencv_reads_as_by_opencv(tmp_path: Path, header: str) -> None:
    path = tmp_path / "rig.yml"
    path.write_text((GOLDEN / "opencv_rig.yml").read_text().replace("%YAML 1.2", header))
    rig = read_calibration(path, "opencv", "m")
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    assert rig.names == ("left", "right")
    for camera in rig:
        assert np.array_equal(storage.getNode(f"K_{camera.name}").mat(), camera.matrix)
        assert np.array_equal(storage.getNode(f"dist_{camera.name}").mat()[0], camera.distortion)
        rotation, _ = cv2.Rodrigues(storage.getNode(f"R_{camera.name}").mat())
        assert np.abs(rotation - camera.cam_from_world[:3, :3]).max() < 1e-14
        assert np.array_equal(storage.getNode(f"T_{camera.name}").mat()[:, 0], camera.cam_from_world[:3, 3])
        assert camera.size == (1280, 720)


def test_opencv_one_camera_has_a_lens_and_no_pose() -> None:
    parts, row = read_parts(GOLDEN / "opencv_one_camera.yml", units="m")
    assert row.name == "opencv"
    (camera,) = parts.cameras
    assert camera.name == "opencv_one_camera" and camera.missing() == ("pose",)
    assert camera.distortion.tolist()[3] == 4.113240100199701e-05
    with pytest.raises(ValueError, match=r"CALIBRATION_INCOMPLETE.*'opencv_one_camera' lacks pose"):
        read_calibration(GOLDEN / "opencv_one_camera.yml", units="m")


def test_vicon_lens_runs_from_seen_to_ideal_and_is_fitted() -> None:
    parts, _ = read_parts(BY_HAND / "vicon.xcp")
    rig = read_calibration(BY_HAND / "vicon.xcp")
    assert rig.names == ("2116801", "2116802")
    assert any("left out as not calibrated: 2116803" in note for note in parts.notes)
    # A seen pixel, taken to its ray by the documented polynomial here, has to be projected onto itself.
    seen = np.random.default_rng(2).uniform([20, 20], [1900, 1060], (200, 2))
    offset = seen - [962, 538]
    r2 = (offset**2).sum(axis=1, keepdims=True)
    ideal = offset * (1 + 3e-8 * r2 - 2e-15 * r2**2 + 1e-22 * r2**3) + [962, 538]
    rays = np.c_[(ideal - [960, 540]) / 1400, np.ones(200)]
    assert np.abs(rig.cameras[0].project_cam(rays) - seen).max() < 0.05  # measured 0.014 px, corners excluded
    assert np.allclose(rig.cameras[0].centre_world, [0, -3, 1]) and np.allclose(rig.cameras[1].centre_world, [3, 0, 1])
    # The quaternion turns the world into the camera: a quarter turn about x takes y to z.
    assert np.allclose(rig.cameras[1].cam_from_world[:3, :3], [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-15)
    assert rig.gravity_known


def test_freemocap_is_in_millimetres_unless_nobody_gave_the_square(tmp_path: Path) -> None:
    rig = read_calibration(BY_HAND / "freemocap.toml")
    assert rig.cameras[1].cam_from_world[:3, 3].tolist() == [-2.5, -0.65, 0.74]
    path = tmp_path / "calibration.toml"
    path.write_text((BY_HAND / "freemocap.toml").read_text().replace("square_size = 58.0", "square_size = 1"))
    with pytest.raises(ValueError, match=r"CALIBRATION_UNITS.*in squares"):
        read_calibration(path)


def test_easymocap_without_sizes_says_so() -> None:
    parts, row = read_parts(BY_HAND / "easymocap")
    assert row.name == "easymocap"
    assert [camera.missing() for camera in parts.cameras] == [("size",), ("size",)]
    assert np.array_equal(parts.cameras[0].cam_from_world[:3, :3], [[0, -1, 0], [0, 0, -1], [1, 0, 0]])
    # The second has a Rodrigues vector alone: a quarter turn about x.
    assert np.allclose(parts.cameras[1].cam_from_world[:3, :3], [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-12)
    assert parts.cameras[1].cam_from_world[:3, 3].tolist() == [-0.25, 1.1, 5.0]


def test_proven_is_said_of_formats_with_a_golden_file_alone() -> None:
    proven = {row.name for row in FORMATS if row.proven}
    assert proven == {"mocap", "anipose", "pose2sim", "caliscope", "opencv", "kalibr", "qualisys"}
    for row in FORMATS:
        assert ("UNPROVEN" in row.line()) != bool(row.proven)
        assert (f"in {row.unit}" in row.line()) if row.unit else ("unit has to be given" in row.line())
