"""Lenses of one calibration at the poses of another; calibrations held to the size of the footage."""

from pathlib import Path

import numpy as np
import pytest

from calibration import Camera, CameraRig, read_rig
from calibration.errors import FormatError
from calibration.formats import check_image_sizes, merge_rigs, read_parts, rescale_rig
from calibration.formats.combine import merge_parts
from calibration.formats.exchange import with_size
from calibration.formats.parts import parts_of
from calibration.sources import find_sources, frame_size
from calibration.synthetic.rigs import ring_rig

BY_HAND = Path(__file__).parents[3] / "fixtures" / "calibrations" / "by_hand"
POINTS = np.random.default_rng(3).uniform([-0.5, -0.5, 0.2], [0.5, 0.5, 1.6], (40, 3))


def test_merged_rigs_take_lenses_here_and_poses_there() -> None:
    lenses, poses = ring_rig(5, 1), ring_rig(3, 2)
    said = {"world": "floor:0", "verdict": "good", "reprojection_rms_px": 0.1}
    poses = CameraRig(poses.cameras, said, np.eye(54).reshape(3, 18, 3, 18))
    rig = merge_rigs(lenses, poses)
    assert rig.names == poses.names
    assert dict(rig.metadata) == {"world": "floor:0"}  # the verdict was on other lenses
    assert "uncertainty of the cameras is left out" in merge_parts(parts_of(lenses), parts_of(poses)).notes[-1]
    assert rig.covariance is None  # neither half's own holds for the whole
    for one, lens, pose in zip(rig, lenses, poses, strict=False):
        assert np.array_equal(one.matrix, lens.matrix) and np.array_equal(one.distortion, lens.distortion)
        assert np.array_equal(one.cam_from_world, pose.cam_from_world)


def renamed(rig: CameraRig, names: list[str]) -> CameraRig:
    cameras = [Camera(n, c.size, c.matrix, c.distortion, c.cam_from_world) for n, c in zip(names, rig, strict=True)]
    return CameraRig(tuple(cameras))


def test_names_that_do_not_match_are_listed() -> None:
    with pytest.raises(FormatError, match=r"CALIBRATION_NAMES.*\['x'\].*cam_0.*'x'"):
        merge_rigs(ring_rig(2, 1), renamed(ring_rig(2, 2), ["cam_0", "x"]))


def test_halves_of_different_images_are_refused() -> None:
    small = rescale_rig(ring_rig(2, 1), {"cam_0": (640, 360)})
    with pytest.raises(FormatError, match=r"CALIBRATION_SIZE.*cam_0: 640 x 360 and 1280 x 720"):
        merge_rigs(small, ring_rig(2, 2))


def test_files_that_know_half_come_together(tmp_path: Path) -> None:
    intrinsics, _ = read_parts(BY_HAND / "easymocap" / "intri.yml")
    extrinsics, _ = read_parts(BY_HAND / "easymocap" / "extri.yml")
    assert {part for camera in intrinsics.cameras for part in camera.missing()} == {"size", "pose"}
    assert {part for camera in extrinsics.cameras for part in camera.missing()} == {"size", "matrix", "distortions"}
    with pytest.raises(FormatError, match=r"CALIBRATION_INCOMPLETE.*'01' lacks size, pose"):
        intrinsics.complete("intri.yml")
    merged = merge_parts(intrinsics, extrinsics)
    with pytest.raises(FormatError, match=r"CALIBRATION_INCOMPLETE.*'03' lacks size"):
        merged.complete("both")
    rig = with_size(merged, {"03": (2560, 1440)}, (2464, 2056)).complete("both")
    assert [camera.size for camera in rig] == [(2464, 2056), (2560, 1440)]
    whole = with_size(read_parts(BY_HAND / "easymocap")[0], {}, (2560, 1440)).complete("folder")
    assert np.array_equal(whole.cameras[1].cam_from_world, rig.cameras[1].cam_from_world)
    with pytest.raises(FormatError, match="CALIBRATION_NAMES"):
        merge_parts(extrinsics, intrinsics)


def test_footage_of_another_size_is_refused_and_both_are_named() -> None:
    rig = ring_rig(3, 1)
    check_image_sizes(rig, {"cam_0": (1280, 720), "cam_2": (1280, 720)})
    told = r"CALIBRATION_SIZE: cam_1 is calibrated at 1280 x 720 px, its footage is 1920 x 1080 px.*rescale"
    with pytest.raises(FormatError, match=told):
        check_image_sizes(rig, {"cam_0": (1280, 720), "cam_1": (1920, 1080)})
    with pytest.raises(FormatError, match=r"CALIBRATION_SIZE.*turned by 90"):
        check_image_sizes(rig, {"cam_1": (720, 1280)})
    with pytest.raises(FormatError, match=r"CALIBRATION_SIZE.*cropped"):
        check_image_sizes(rig, {"cam_1": (1272, 720)})
    with pytest.raises(FormatError, match=r"CALIBRATION_NAMES.*\['cam_9'\]"):
        check_image_sizes(rig, {"cam_9": (1280, 720)})


def test_the_real_mismatch_of_two_videos_is_noticed(shared_data: Path) -> None:
    rig = read_rig(shared_data / "openpose_4cam" / "calibration.toml")
    sources, _ = find_sources(shared_data / "videos_4cam")
    sizes = {name: frame_size(source) for name, source in zip(rig.names, sources, strict=True)}
    with pytest.raises(FormatError, match=r"CALIBRATION_SIZE.*1088 x 1920 px, its footage is 1080 x 1920 px"):
        check_image_sizes(rig, sizes)
    with pytest.raises(FormatError, match=r"CALIBRATION_SIZE.*cropped"):
        rescale_rig(rig, sizes)  # 8 px fewer in the width alone


def test_a_rescaled_rig_sees_the_rescaled_image() -> None:
    plain = ring_rig(2, 1)
    root = np.random.default_rng(1).normal(size=(36, 36))
    said = {"world": "floor:0", "reprojection_rms_px": 0.1}
    rig = CameraRig(plain.cameras, said, (root @ root.T + (root @ root.T).T).reshape(2, 18, 2, 18))
    half = rescale_rig(rig, {"cam_0": (640, 360)})
    assert half.cameras[0].size == (640, 360) and half.cameras[1].size == (1280, 720)
    ours, theirs = rig.project(POINTS), half.project(POINTS)
    # The corner of the image, at -0.5 px, is where both have their zero.
    assert np.nanmax(np.abs((ours[0] + 0.5) / 2 - 0.5 - theirs[0])) < 1e-11
    assert np.array_equal(ours[1], theirs[1], equal_nan=True)
    assert dict(half.metadata) == {"world": "floor:0"}  # of errors in other pixels nothing is said
    assert dict(rescale_rig(rig, {"cam_0": (1280, 720)}).metadata) == said
    check_image_sizes(half, {"cam_0": (640, 360)})
    # The covariance follows: of a focal length by a half and a half, between the cameras by a half, of poses not.
    ratio = half.covariance / rig.covariance
    assert ratio[0, 0, 0, 1] == pytest.approx(0.25) and ratio[0, 2, 1, 0] == pytest.approx(0.5)
    assert ratio[0, 12, 0, 17] == pytest.approx(1.0) and ratio[1, 0, 1, 0] == pytest.approx(1.0)


def test_crops_turns_and_strangers_are_not_rescaled() -> None:
    for sizes in ({"cam_0": (640, 400)}, {"cam_0": (720, 1280)}):
        with pytest.raises(FormatError, match="CALIBRATION_SIZE"):
            rescale_rig(ring_rig(2, 1), sizes)
    with pytest.raises(FormatError, match="CALIBRATION_NAMES"):
        rescale_rig(ring_rig(2, 1), {"cam_7": (640, 360)})
