"""Projection and undistortion against cv2, which is an independent implementation."""

import cv2
import numpy as np
import pytest

from calibration import Camera, CameraRig
from calibration.errors import ShapeError
from calibration.rigid import from_rotvec

MATRIX = np.array([[912.0, 0, 641.3], [0, 887.0, 352.2], [0, 0, 1]])
LENSES = {
    "brown 5": ([-0.33, 0.12, 0.0013, -0.0021, -0.02], False),
    "rational 8": ([0.21, -0.15, 0.001, 0.002, 0.05, 0.31, -0.08, 0.02], False),
    "fisheye 4": ([0.06, -0.015, 0.004, -0.001], True),
}
POSE = from_rotvec(np.array([0.3, -0.2, 0.1]), np.array([0.1, -0.2, 3.0]))


def camera_with(lens: str, cam_from_world: np.ndarray = POSE) -> Camera:
    distortion, fisheye = LENSES[lens]
    return Camera("a", (1280, 720), MATRIX, np.array(distortion), cam_from_world, fisheye)


def points_in_view(n: int = 500) -> np.ndarray:
    return np.random.default_rng(3).uniform([-1, -0.6, -0.5], [1, 0.6, 0.5], (n, 3))


def cv2_project(camera: Camera, points: np.ndarray) -> np.ndarray:
    rotvec, _ = cv2.Rodrigues(camera.cam_from_world[:3, :3].copy())
    pose = (rotvec, camera.cam_from_world[:3, 3].copy(), camera.matrix.copy(), camera.distortion.copy())
    project = cv2.fisheye.projectPoints if camera.fisheye else cv2.projectPoints
    return project(points[:, None], *pose)[0].reshape(-1, 2)


@pytest.mark.parametrize("lens", LENSES)
def test_projection_equals_cv2(lens: str) -> None:
    camera, points = camera_with(lens), points_in_view()
    # Measured 4.6e-13 px.
    np.testing.assert_allclose(camera.project(points), cv2_project(camera, points), rtol=0, atol=1e-9)


@pytest.mark.parametrize("lens", LENSES)
def test_undistortion_inverts_cv2_projection(lens: str) -> None:
    camera, points = camera_with(lens, np.eye(4)), points_in_view() + np.array([0, 0, 3.0])
    normalised, _ = camera.undistort(cv2_project(camera, points))
    again = camera.project_cam(np.concatenate([normalised, np.ones((len(points), 1))], axis=1))
    # Measured 4.6e-13 px, in pixels as the promise is.
    np.testing.assert_allclose(again, cv2_project(camera, points), rtol=0, atol=1e-9)
    np.testing.assert_allclose(normalised, points[:, :2] / points[:, 2:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("lens", LENSES)
def test_undistortion_equals_cv2(lens: str) -> None:
    camera, points = camera_with(lens, np.eye(4)), points_in_view() + np.array([0, 0, 3.0])
    pixels = cv2_project(camera, points)
    exact = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 300, 1e-15)
    if camera.fisheye:
        theirs = cv2.fisheye.undistortPoints(pixels[:, None], camera.matrix, camera.distortion, criteria=exact)
    else:
        # OpenCV 4 has a function of its own for a given accuracy; in OpenCV 5 it is an argument.
        iterate = getattr(cv2, "undistortPointsIter", None)
        lens_of = (pixels[:, None], camera.matrix, camera.distortion)
        theirs = iterate(*lens_of, None, None, exact) if iterate else cv2.undistortPoints(*lens_of, criteria=exact)
    ours, _ = camera.undistort(pixels)
    # Measured 2e-13 px.
    np.testing.assert_allclose(ours * MATRIX[0, 0], theirs.reshape(-1, 2) * MATRIX[0, 0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("lens", LENSES)
def test_pixel_jacobian_equals_central_differences(lens: str) -> None:
    camera = camera_with(lens, np.eye(4))
    rays = np.random.default_rng(4).uniform(-0.5, 0.5, (50, 2))

    def project(rays: np.ndarray) -> np.ndarray:
        return camera.project_cam(np.concatenate([rays, np.ones((len(rays), 1))], axis=1))

    _, jacobian = camera.undistort(project(rays))
    step = 1e-6
    for axis in range(2):
        nudge = step * np.eye(2)[axis]
        numeric = (project(rays + nudge) - project(rays - nudge)) / (2 * step)
        np.testing.assert_allclose(jacobian[..., axis], numeric, rtol=0, atol=1e-5)  # measured 1.5e-7


def test_pixels_that_no_ray_reaches_are_nan() -> None:
    # With k1 = -0.33 alone the radius folds back at r = 1/sqrt(3 * 0.33) = 1.005, where it reaches 0.67.
    camera = Camera("a", (4000, 4000), MATRIX, np.array([-0.33, 0, 0, 0, 0]), np.eye(4))
    inside, outside = MATRIX[:2, 2] + [0.66 * 912, 0], MATRIX[:2, 2] + [0.68 * 912, 0]
    normalised, jacobian = camera.undistort(np.array([inside, outside, [np.nan, 1.0]]))
    assert np.isfinite(normalised[0]).all()
    assert normalised[0, 0] < 1.005
    assert np.isnan(normalised[1:]).all()
    assert np.isnan(jacobian[1:]).all()


def test_a_pixel_met_from_the_other_side_of_the_centre_is_nan() -> None:
    camera = Camera("a", (1280, 720), MATRIX, np.array([-0.36, 0.15, 0, 0, -0.03]), np.eye(4))
    normalised, _ = camera.undistort(np.array([[30000.0, 352.2], [-30000.0, 352.2]]))
    assert np.isnan(normalised).all()


def test_points_behind_the_camera_are_nan() -> None:
    camera = camera_with("brown 5", np.eye(4))
    assert np.isnan(camera.project(np.array([[0.0, 0, -1], [0, 0, 0]]))).all()


def test_four_coefficients_are_completed() -> None:
    assert Camera("a", (2, 2), MATRIX, np.array([0.1, 0.2, 0.3, 0.4]), POSE).distortion.tolist() == [
        0.1,
        0.2,
        0.3,
        0.4,
        0,
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": (0, 720)}, "size"),
        ({"matrix": np.eye(4)}, r"matrix of camera 'a' has shape \(4, 4\)"),
        ({"matrix": np.array([[900, 1, 0], [0, 900, 0], [0, 0, 1.0]])}, "without skew"),
        ({"distortion": np.zeros(6)}, "6 coefficients"),
        ({"distortion": np.zeros(5), "fisheye": True}, "a fisheye takes 4"),
        ({"cam_from_world": np.diag([1, 1, -1.0, 1])}, "not a rigid transform"),
        ({"cam_from_world": 2 * np.eye(4)}, "not a rigid transform"),
    ],
)
def test_nonsense_is_refused_at_construction(change: dict, told: str) -> None:
    good = {
        "name": "a", "size": (1280, 720), "matrix": MATRIX, "distortion": np.zeros(5), "cam_from_world": POSE,
        "fisheye": False,
    }  # fmt: skip
    with pytest.raises(ShapeError, match=told):
        Camera(**(good | change))


def test_camera_is_read_only() -> None:
    camera = camera_with("brown 5")
    with pytest.raises(ValueError, match="read-only"):
        camera.matrix[0, 0] = 1


def test_rig_projects_as_its_cameras_and_knows_them_by_name() -> None:
    cameras = [Camera(name, (1280, 720), MATRIX, np.zeros(5), POSE) for name in ("b", "a")]
    rig = CameraRig(tuple(cameras))
    assert rig.names == ("b", "a")
    assert rig.project(points_in_view(7)).shape == (2, 7, 2)
    assert rig.subset(["a"]).names == ("a",)
    with pytest.raises(ShapeError, match="'c'"):
        rig.subset(["c"])
    with pytest.raises(ShapeError, match="doubled"):
        CameraRig((cameras[0], cameras[0]))


def covariance_of(n_cameras: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(18 * n_cameras, 18 * n_cameras))
    square = root @ root.T
    return ((square + square.T) / 2).reshape(n_cameras, 18, n_cameras, 18)


def test_rig_carries_the_covariance_of_its_cameras() -> None:
    cameras = tuple(Camera(name, (1280, 720), MATRIX, np.zeros(5), POSE) for name in "abc")
    whole = covariance_of(3, 1)
    rig = CameraRig(cameras, covariance=whole)
    assert np.array_equal(rig.covariance, whole)
    assert CameraRig(cameras).covariance is None and CameraRig(cameras).subset(["a"]).covariance is None
    turned = rig.subset(["c", "a"]).covariance
    assert turned.shape == (2, 18, 2, 18)
    assert np.array_equal(turned[0, :, 1, :], whole[2, :, 0, :])
    assert np.array_equal(turned[1, :, 1, :], whole[0, :, 0, :])
    with pytest.raises(ValueError, match="read-only"):
        rig.covariance[0, 0, 0, 0] = 1


def test_rig_refuses_a_covariance_that_is_none() -> None:
    cameras = tuple(Camera(name, (1280, 720), MATRIX, np.zeros(5), POSE) for name in "ab")
    good = covariance_of(2, 2)
    negative, lopsided, infinite = good.copy(), good.copy(), good.copy()
    negative[0, 3, 0, 3] = -1.0
    lopsided[0, 3, 1, 4] += 1.0
    infinite[0, 3, 1, 4] = infinite[1, 4, 0, 3] = np.inf
    for wrong in (negative, lopsided, infinite, good.reshape(36, 36), good[:1, :, :1]):
        with pytest.raises(ShapeError, match="covariance"):
            CameraRig(cameras, covariance=wrong)
