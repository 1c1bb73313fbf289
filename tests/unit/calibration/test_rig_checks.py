"""What reprojection cannot see: each check with a planted fault."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.observations import BoardObservations
from calibration.quality.judgement import Check
from calibration.quality.rig_checks import closest_footage, rig_checks
from calibration.rigid import rigid
from calibration.scale import ScaleEstimate, ScaleResult, board_scale, combine_scale
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from calibration.world.frame import WorldFrame

BOARD = Board("charuco", 6, 5, 0.1, 0.07, "DICT_4X4_50")
RIG = ring_rig(3, 1)
WORLD = WorldFrame("floor_board", "floor:0", np.eye(4), np.eye(2) * np.deg2rad(0.1) ** 2, 1.0, 0.05, "deg", "spread")
ALONE = combine_scale([board_scale(BOARD)])


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    return observe_board(RIG, BOARD, board_poses(BOARD, 20, 1), 0.2, 2)


def found(
    observations: BoardObservations, rig: CameraRig = RIG, world: WorldFrame = WORLD, scale: ScaleResult = ALONE,
    sizes: dict[str, tuple[int, int]] | None = None,
) -> dict[str, Check]:  # fmt: skip
    return {check.name: check for check in rig_checks(rig, world, observations, scale, sizes)}


def test_a_sound_rig_passes_and_says_that_its_scale_rests_on_the_board(observations: BoardObservations) -> None:
    checks = found(observations, sizes={camera.name: camera.size for camera in RIG})
    assert {name: check.status for name, check in checks.items() if check.status != "ok"} == {"scale": "warn"}
    assert "alone" in checks["scale"].meaning
    # Two axes of 0.1 deg each.
    assert checks["gravity"].measured == pytest.approx(0.1 * np.sqrt(2), rel=1e-6)
    assert checks["above_floor"].measured == pytest.approx(min(camera.centre_world[2] for camera in RIG))


def test_mirrored_footage(observations: BoardObservations) -> None:
    flipped = observations.pixels.copy()
    flipped[1] = flipped[1] * [-1, 1] + [1279, 0]
    check = found(replace(observations, pixels=flipped))["mirror"]
    assert check.status == "fail" and check.measured == 100.0


def test_the_same_footage_twice(observations: BoardObservations) -> None:
    twice = observations.pixels.copy()
    twice[1] = twice[0]
    assert found(replace(observations, pixels=twice))["same_footage"].status == "fail"
    assert closest_footage(observations.pixels) > 10  # measured 119 px
    assert np.isnan(closest_footage(np.full((2, 1, 3, 2), np.nan)))


def test_cameras_in_one_place_and_below_the_floor(observations: BoardObservations) -> None:
    first, second, third = RIG
    pose = first.cam_from_world.copy()
    pose[0, 3] += 0.004
    checks = found(observations, CameraRig((first, replace(second, cam_from_world=pose), third)))
    assert checks["cameras_apart"].status == "fail" and checks["cameras_apart"].measured == pytest.approx(0.004)
    raised = rigid(np.eye(3), np.array([0, 0, 2.5]))
    low = CameraRig(tuple(replace(camera, cam_from_world=camera.cam_from_world @ raised) for camera in RIG))
    assert found(observations, low)["above_floor"].status == "fail"


def test_gravity_unknown_or_poor(observations: BoardObservations) -> None:
    unknown = WorldFrame("camera", "camera:cam_0", np.eye(4), np.full((2, 2), np.nan), 0.0)
    checks = found(observations, world=unknown)
    assert checks["gravity"].status == "warn" and "unknown" in checks["gravity"].meaning
    assert "above_floor" not in checks
    poor = replace(WORLD, tilt_covariance=np.eye(2) * np.deg2rad(0.8) ** 2)
    assert found(observations, world=poor)["gravity"].status == "fail"


def test_scale_of_two_sources(observations: BoardObservations) -> None:
    agreeing = combine_scale([board_scale(BOARD), ScaleEstimate("wand", 1.001, 0.001)])
    assert found(observations, scale=agreeing)["scale"].status == "ok"
    off = combine_scale([board_scale(BOARD, 0.001), ScaleEstimate("wand", 1.01, 0.001)])
    check = found(observations, scale=off)["scale"]
    assert check.status == "fail" and "wand" in check.meaning


def test_footage_of_another_size(observations: BoardObservations) -> None:
    check = found(observations, sizes={"cam_0": (1280, 720), "cam_1": (1920, 1080)})["image_size"]
    assert check.status == "fail" and "cam_1 is 1280 x 720 px, its footage 1920 x 1080 px" in check.meaning


def test_principal_point_and_stretch(observations: BoardObservations) -> None:
    camera = RIG.cameras[0]
    matrix = camera.matrix.copy()
    matrix[0, 2] += 200
    matrix[0, 0] *= 1.02
    odd = Camera(camera.name, camera.size, matrix, camera.distortion, camera.cam_from_world)
    checks = found(observations, CameraRig((odd, *RIG.cameras[1:])))
    assert checks["principal_point"].status == "fail" and checks["principal_point"].measured > 15
    assert checks["square_pixels"].status == "warn"
