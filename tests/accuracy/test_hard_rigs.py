"""Rigs that are hard but fair: they are calibrated to what their corners allow, or refused by name."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.errors import ViewGraphError
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.quality.uncertainty import draw_rigs
from calibration.recipe import calibrate
from calibration.rigid import apply, from_rotvec, look_at, rigid
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses, floor_pose
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
SMALL = Board("charuco", 6, 5, 0.04, 0.03, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.6, 0.6, 4)] * 2, np.linspace(0.4, 1.6, 4)), axis=-1).reshape(-1, 3)
Footage = tuple[CameraRig, BoardObservations]


def resized(camera: Camera, size: tuple[int, int], zoom: float = 1.0) -> Camera:
    """The same camera with another sensor and a longer lens, which bends as much where it reaches."""
    scale, matrix = size[0] / camera.size[0], camera.matrix.copy()
    matrix[:2, 2] = (matrix[:2, 2] - (np.array(camera.size) - 1) / 2) * scale + (np.array(size) - 1) / 2
    matrix[[0, 1], [0, 1]] *= scale * zoom
    bent = camera.distortion / np.array([zoom**2, zoom**4, 1.0, 1.0, zoom**6])
    return replace(camera, size=size, matrix=matrix, distortion=bent)


def seen(rig: CameraRig, poses: np.ndarray, seed: int, board: Board = BOARD, steepest: float = 70.0) -> Footage:
    return rig, observe_board(rig, board, poses, 0.4, seed + 77, steepest)


def spoiled(footage: Footage, which: np.ndarray, rng: np.random.Generator) -> Footage:
    """Corners taken for others, up to 100 px off each way."""
    rig, observations = footage
    pixels = observations.pixels.copy()
    pixels[which] += rng.uniform(-100, 100, (int(which.sum()), 2))
    return rig, replace(observations, pixels=pixels)


def face_to_face(seed: int) -> Footage:
    """Two pairs of cameras on opposite sides of a board printed on one side: they share it only where it lies flat."""
    rng = np.random.default_rng([seed, 11])
    cameras = [
        replace(camera, cam_from_world=look_at(
            np.array([3.5 * np.cos(turn), 3.5 * np.sin(turn), 2.4 + rng.normal(0, 0.1)]), rng.normal([0, 0, 1], 0.08)
        ))
        for camera, turn in zip(ring_rig(4, seed), np.deg2rad([0, 12, 180, 192]), strict=True)
    ]  # fmt: skip
    return seen(CameraRig(tuple(cameras)), board_poses(BOARD, 80, seed, tilt_deg=80.0), seed)


def under_the_ceiling(seed: int) -> Footage:
    """Cameras that look straight down, turned any way, at a board held flat."""
    rng = np.random.default_rng([seed, 11])
    cameras = []
    for camera, turn in zip(ring_rig(6, seed), np.arange(6) * np.pi / 3, strict=True):
        centre = np.array([1.2 * np.cos(turn), 1.2 * np.sin(turn), 3.3]) + rng.normal(0, [0.1, 0.1, 0.05])
        pose = look_at(centre, rng.normal([0, 0, 0.6], 0.15), roll=rng.uniform(-3, 3))
        cameras.append(replace(camera, cam_from_world=pose))
    poses = []
    for _ in range(80):
        slant = np.append(rng.normal(0, 0.35, 2), 0.0)
        place = from_rotvec(slant, np.append(rng.uniform(-0.7, 0.7, 2), rng.uniform(0.2, 1.6)))
        turned = from_rotvec(np.array([0, 0, rng.uniform(-3, 3)]), np.zeros(3))
        poses.append(place @ turned @ floor_pose(BOARD, (-0.35, 0.3, 0.0)))
    return seen(CameraRig(tuple(cameras)), np.stack(poses), seed)


def neighbours_only(seed: int) -> Footage:
    """Twelve cameras in a ring, of which none sees the board together with the next but one."""
    return seen(ring_rig(12, seed), board_poses(BOARD, 120, seed), seed, steepest=33.0)


def all_sorts(seed: int) -> Footage:
    """Wide and long lenses, small and large images, in one rig."""
    sizes = [(1280, 720), (640, 480), (3840, 2160), (1920, 1080), (1280, 960), (1024, 1024)]
    zooms = (1.0, 0.6, 2.2, 1.0, 1.6, 0.7)
    rig = CameraRig(tuple(map(resized, ring_rig(6, seed), sizes, zooms)))
    return seen(rig, board_poses(BOARD, 80, seed), seed)


def fine_and_coarse(seed: int) -> Footage:
    """4K beside 720p."""
    sizes = [(3840, 2160), (1280, 720), (3840, 2160), (1280, 720), (1280, 720)]
    return seen(CameraRig(tuple(map(resized, ring_rig(5, seed), sizes))), board_poses(BOARD, 80, seed), seed)


def seen_by_few(seed: int) -> Footage:
    """Half of all views lost: cameras share a handful of frames, if that."""
    rig, observations = seen(ring_rig(6, seed), board_poses(BOARD, 90, seed), seed)
    pixels = observations.pixels.copy()
    pixels[np.random.default_rng([seed, 11]).random(pixels.shape[:2]) < 0.5] = np.nan
    return rig, replace(observations, pixels=pixels)


def one_corner_in_five_wrong(seed: int) -> Footage:
    rng, footage = np.random.default_rng([seed, 11]), seen(ring_rig(4, seed), board_poses(BOARD, 80, seed), seed)
    return spoiled(footage, rng.random(footage[1].pixels.shape[:3]) < 0.2, rng)


def one_bad_camera(seed: int) -> Footage:
    """Of one camera three corners in ten are wrong."""
    rng, footage = np.random.default_rng([seed, 11]), seen(ring_rig(4, seed), board_poses(BOARD, 80, seed), seed)
    which = rng.random(footage[1].pixels.shape[:3]) < 0.3
    which[[0, 2, 3]] = False
    return spoiled(footage, which, rng)


def wrong_frames(seed: int) -> Footage:
    """Of one camera three views in ten show other moments."""
    rng = np.random.default_rng([seed, 11])
    rig, observations = seen(ring_rig(4, seed), board_poses(BOARD, 80, seed), seed)
    pixels = observations.pixels.copy()
    which = np.flatnonzero(rng.random(pixels.shape[1]) < 0.3)
    pixels[1, which] = pixels[1, rng.permutation(which)]
    return rig, replace(observations, pixels=pixels)


def far_and_small(seed: int, tilt_deg: float = 40.0) -> Footage:
    """A board of the size of a sheet of paper seven metres away: every view allows two poses."""
    rig = CameraRig(tuple(resized(camera, (1920, 1080), 2.0) for camera in ring_rig(5, seed, radius_m=7.0)))
    return seen(rig, board_poses(SMALL, 120, seed, tilt_deg=tilt_deg), seed, SMALL)


def far_and_straight(seed: int) -> Footage:
    """The same, hardly tilted."""
    return far_and_small(seed, 20.0)


def on_their_sides(seed: int) -> Footage:
    """Two of five cameras stand upright, and nobody told."""
    quarter = rigid(np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.zeros(3))
    cameras = [
        replace(camera, cam_from_world=quarter @ camera.cam_from_world) if index < 2 else camera
        for index, camera in enumerate(ring_rig(5, seed))
    ]
    return seen(CameraRig(tuple(cameras)), board_poses(BOARD, 80, seed), seed)


def errors_mm(footage: Footage, seed: int) -> tuple[float, float, float]:
    """Error in the volume, what the covariance expects of it, and the share of corners kept."""
    rig, observations = footage
    found = calibrate(observations)
    grid = apply(rig.cameras[0].cam_from_world, GRID)
    draws = draw_rigs(found.rig, found.camera_covariance, 20, seed)
    bound = np.sqrt(np.mean([volume_error(draw, found.rig, grid) ** 2 for draw in draws]))
    kept = found.refinement.kept.sum() / found.refinement.every_view.seen.sum()
    return 1e3 * volume_error(found.rig, rig, GRID), 1e3 * float(bound), float(kept)


#: Measured over 40 seeds each where no other number is given: how many were refused (all of them
#: CAMERAS_NOT_CONNECTED: two groups shared fewer than 3 frames), and the RMS error over the RMS of the bound.
RIGS: dict[Callable[[int], Footage], str] = {
    far_and_small: "none, 1.04",
    far_and_straight: "none, 1.07",
    face_to_face: "6, 1.09",
    under_the_ceiling: "none, 1.05",
    neighbours_only: "none, 0.96",
    all_sorts: "none of 20, 1.09",
    fine_and_coarse: "none of 20, 0.97",
    seen_by_few: "2 of 8 with 55 % of views lost, 0.92",
    one_corner_in_five_wrong: "none, 1.16",
    one_bad_camera: "none of 8, 1.08",
    wrong_frames: "none of 8, 1.21",
    on_their_sides: "none of 20, 1.00",
}


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("make", RIGS)
def test_a_hard_rig_is_calibrated_to_its_bound_or_refused_by_name(make: Callable[[int], Footage]) -> None:
    errors = []
    for seed in range(40):
        try:
            errors.append(errors_mm(make(seed), seed))
        except ViewGraphError as error:
            assert error.code == "CAMERAS_NOT_CONNECTED" and make in (face_to_face, seen_by_few)
    mine, bound, kept = np.array(errors).T
    assert np.sqrt(np.mean(mine**2) / np.mean(bound**2)) < 1.25
    assert (mine / bound).max() < 3.0
    assert kept.min() > 0.6


@pytest.mark.parametrize("make", [one_corner_in_five_wrong, far_and_straight])
def test_a_hard_rig_is_calibrated(make: Callable[[int], Footage]) -> None:
    mine, bound, kept = errors_mm(make(1), 1)
    assert mine < 2.5 * bound  # measured below 1.3
    # Of the wrong corners all but those that lie within the noise; of the others none: before boards were turned over
    # that had begun in their mirrored pose, 4 % of the views were lost.
    assert kept > (0.75 if make is one_corner_in_five_wrong else 0.999)
