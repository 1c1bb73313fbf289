"""The calibration's share of a point's uncertainty, against finite differences and against drawn rigs."""

import numpy as np
import pytest

from calibration.camera import Camera, CameraRig
from calibration.errors import ShapeError
from calibration.quality.uncertainty import draw_rigs
from calibration.rigid import apply, from_rotvec, inverse
from calibration.scale import scaled_rig
from calibration.solve.propagation import camera_jacobian, point_covariance, point_covariance_by_place
from calibration.synthetic import ring_rig
from calibration.triangulation import triangulate
from calibration.world import WorldFrame
from calibration.world.frame import rig_in_world

POINTS = np.stack(np.meshgrid([-0.4, 0.5], [-0.5, 0.4], [0.3, 1.4], indexing="ij"), axis=-1).reshape(-1, 3)


def stepped(camera: Camera, index: int, step: float) -> Camera:
    matrix, distortion, pose = camera.matrix.copy(), camera.distortion.copy(), camera.cam_from_world
    if index < 4:
        matrix[[0, 1, 0, 1][index], [0, 1, 2, 2][index]] += step
    elif index < 12:
        distortion[index - 4] += step
    else:
        motion = np.zeros(6)
        motion[index - 12] = step
        pose = from_rotvec(motion[:3], motion[3:]) @ pose
    return Camera(camera.name, camera.size, matrix, distortion, pose, camera.fisheye)


@pytest.mark.parametrize("kind", ["brown", "rational", "fisheye"])
def test_jacobians_match_central_differences(kind: str) -> None:
    camera = ring_rig(3, 2, fisheye=kind == "fisheye").cameras[1]
    if kind == "rational":
        bent = np.concatenate([camera.distortion, [0.1, -0.05, 0.02]])
        camera = Camera(camera.name, camera.size, camera.matrix, bent, camera.cam_from_world)
    by_camera, by_point = camera_jacobian(camera, POINTS)
    n_lens = 4 + len(camera.distortion)
    for index in [*range(n_lens), *range(12, 18)]:
        sides = [stepped(camera, index, sign * 1e-6).project(POINTS) for sign in (1, -1)]
        numeric = (sides[0] - sides[1]) / 2e-6
        # Measured 9e-7 of the largest at most: rounding of the differences.
        assert np.abs(numeric - by_camera[:, :, index]).max() < 1e-5 * max(1.0, np.abs(numeric).max()), index
    assert not by_camera[:, :, n_lens:12].any() or kind == "brown"
    for axis in range(3):
        sides = [camera.project(POINTS + sign * 1e-6 * np.eye(3)[axis]) for sign in (1, -1)]
        numeric = (sides[0] - sides[1]) / 2e-6
        assert np.abs(numeric - by_point[:, :, axis]).max() < 1e-5 * np.abs(numeric).max()


def uncertain_rig() -> CameraRig:
    rig = ring_rig(4, 3)
    rng = np.random.default_rng(1)
    sd = np.array([1.0, 1.0, 1.5, 1.5, 2e-3, 2e-3, 1e-4, 1e-4, 1e-3, 0, 0, 0, *[1e-3] * 3, *[1e-3] * 3])
    root = rng.standard_normal((72, 72)) * 0.1 + np.eye(72)
    covariance = (root @ root.T) * np.tile(sd, 4) * np.tile(sd, 4)[:, None]
    return CameraRig(rig.cameras, rig.metadata, covariance.reshape(4, 18, 4, 18))


def test_covariance_is_the_scatter_of_drawn_rigs() -> None:
    rig = uncertain_rig()
    pixels = rig.project(POINTS)
    used = np.ones((4, len(POINTS)), bool)
    used[0, 3] = False
    pixels[~used] = np.nan
    assert rig.covariance is not None
    off = np.stack([triangulate(one, pixels) - POINTS for one in draw_rigs(rig, rig.covariance, 500, 5)])
    scatter = np.einsum("npi,npj->pij", off, off) / len(off)
    stated = point_covariance(rig, POINTS, used)
    sd = np.sqrt(np.einsum("pii->pi", stated))
    # Measured 0.12 of the sd product; 500 draws scatter by 0.06 an entry.
    assert (np.abs(scatter - stated) / sd[:, :, None] / sd[:, None]).max() < 0.25


def test_places_share_what_differs_little() -> None:
    rig = uncertain_rig()
    rng = np.random.default_rng(2)
    points = rng.uniform([-0.5, -0.5, 0.2], [0.5, 0.5, 1.6], (400, 3))
    used = rng.uniform(size=(4, 400)) < 0.8
    points[7] = np.nan
    used[:, 9] = [True, False, False, False]
    exact = point_covariance(rig, points, used)
    near = point_covariance_by_place(rig, points.reshape(20, 20, 3), used.reshape(4, 20, 20)).reshape(400, 3, 3)
    assert np.array_equal(np.isnan(exact), np.isnan(near))
    assert np.isnan(exact[[7, 9]]).all()
    good = np.isfinite(exact[:, 0, 0])
    ratio = np.sqrt(np.trace(near[good], axis1=1, axis2=2) / np.trace(exact[good], axis1=1, axis2=2))
    assert np.abs(ratio - 1).max() < 0.08  # measured 0.041


def test_a_rig_without_covariance_is_refused() -> None:
    with pytest.raises(ShapeError, match="no covariance"):
        point_covariance(ring_rig(3), POINTS, np.ones((3, len(POINTS)), bool))


def test_a_scaled_or_moved_rig_keeps_its_uncertainty() -> None:
    rig = uncertain_rig()
    used = np.ones((4, len(POINTS)), bool)
    before = point_covariance(rig, POINTS, used)
    assert np.allclose(point_covariance(scaled_rig(rig, 2.0), 2 * POINTS, used), 4 * before, rtol=1e-9)
    root_from_world = from_rotvec(np.array([0.2, -0.1, 0.9]), np.array([0.3, 1.0, -0.2]))
    frame = WorldFrame("floor_board", "floor:0", root_from_world, np.eye(2) * 1e-6, 1.0)
    world_from_root = inverse(root_from_world)
    after = point_covariance(rig_in_world(rig, frame), apply(world_from_root, POINTS), used)
    turn = world_from_root[:3, :3]
    assert np.allclose(after, turn @ before @ turn.T, rtol=1e-6, atol=1e-15)
