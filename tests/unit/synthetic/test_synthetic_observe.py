"""The synthetic cameras against cv2, closed forms, and the statistics that were asked for."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from calibration.rigid import rigid
from mocap.errors import KeypointError
from mocap.synthetic import LANDMARKS, default_subject, observe, squat
from mocap.synthetic.observation import partners
from mocap.trial import Points3D

SIZE = (1280, 960)


def camera(name: str, angle: float, distance: float = 4.0, distortion: tuple[float, ...] = (0, 0, 0, 0, 0)) -> Camera:
    centre = np.array([distance * np.cos(angle), distance * np.sin(angle), 1.4])
    ahead = np.array([0, 0, 0.9]) - centre
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[900.0, 0, 639.5], [0, 905.0, 479.5], [0, 0, 1]])
    return Camera(name, SIZE, matrix, np.array(distortion, float), rigid(rotation, -rotation @ centre))


@pytest.fixture(scope="module")
def rig() -> CameraRig:
    bent = (-0.2, 0.05, 1e-3, -5e-4, 0)
    return CameraRig(tuple(camera(f"c{i}", angle, distortion=bent) for i, angle in enumerate((0.3, 2.0, 4.0))))


@pytest.fixture(scope="module")
def points() -> Points3D:
    return squat(default_subject(), 1).points


def straight_flight(n_frames: int, velocity: NDArray) -> Points3D:
    time_s = np.arange(n_frames) / 100.0
    return Points3D(np.array([0.0, 0.0, 1.0]) + time_s[:, None, None] * velocity, ("a",), 100.0)


def test_without_faults_the_pixels_are_those_of_opencv(points: Points3D, rig: CameraRig) -> None:
    seen = observe(points, rig, pixel_sigma=0.0)
    assert seen.visible.all() and not seen.dropped.any() and not seen.outlier.any() and not seen.swapped.any()
    assert (seen.keypoints.confidence == 1.0).all()
    assert seen.keypoints.names == LANDMARKS and seen.keypoints.rate_hz == points.rate_hz
    for index, cam in enumerate(rig):
        rotvec, _ = cv2.Rodrigues(cam.cam_from_world[:3, :3].copy())
        inputs = (points.position.reshape(-1, 3), rotvec, cam.cam_from_world[:3, 3], cam.matrix, cam.distortion)
        expected, _ = cv2.projectPoints(*(array.copy() for array in inputs))
        np.testing.assert_allclose(seen.keypoints.pixels[index].reshape(-1, 2), expected[:, 0], atol=1e-9)


def test_noise_has_the_sigma_asked_for_per_camera(points: Points3D, rig: CameraRig) -> None:
    seen = observe(points, rig, seed=3, pixel_sigma=[0.5, 1.0, 2.0])
    error = seen.keypoints.pixels - seen.true_pixels
    spread = error.std(axis=(1, 2))
    # 38 000 values each: the standard error of a standard deviation is 0.4 %.
    np.testing.assert_allclose(spread, [[0.5] * 2, [1.0] * 2, [2.0] * 2], rtol=0.02)
    assert np.abs(error.mean(axis=(1, 2)) / spread).max() < 0.02
    flat = error[1].reshape(-1, 2)
    assert abs(np.corrcoef(flat.T)[0, 1]) < 0.02
    assert 0.8 < seen.keypoints.confidence.mean() < 0.95


def test_dropouts_come_as_often_and_as_long_as_asked(points: Points3D, rig: CameraRig) -> None:
    seen = observe(points, rig, seed=1, pixel_sigma=0.0, dropout=0.05)
    assert seen.dropped.mean() == pytest.approx(0.05, rel=0.05)
    assert np.isnan(seen.keypoints.pixels[seen.dropped]).all() and (seen.keypoints.confidence[seen.dropped] == 0).all()
    assert np.isfinite(seen.keypoints.pixels[~seen.dropped]).all()
    long = observe(points, rig, seed=1, pixel_sigma=0.0, dropout=0.05, dropout_run=10).dropped
    assert long.mean() == pytest.approx(0.05, rel=0.15)
    starts = np.count_nonzero(long[:, 1:] & ~long[:, :-1])
    assert long[:, 1:].sum() / starts > 9  # 10.2: runs of ten, some of them joined


def test_outliers_lie_in_the_ring_asked_for(points: Points3D, rig: CameraRig) -> None:
    seen = observe(points, rig, seed=2, pixel_sigma=0.0, outlier_fraction=0.03, outlier_px=(40.0, 90.0))
    distance = np.linalg.norm(seen.keypoints.pixels - seen.true_pixels, axis=-1)
    assert seen.outlier.mean() == pytest.approx(0.03, rel=0.05)
    assert (distance[~seen.outlier] == 0).all()
    assert distance[seen.outlier].min() > 39.9 and distance[seen.outlier].max() < 90.1
    assert seen.keypoints.confidence[seen.outlier].mean() < 0.7


def test_a_swap_exchanges_the_sides_of_the_whole_body(points: Points3D, rig: CameraRig) -> None:
    seen = observe(points, rig, seed=5, pixel_sigma=0.0, swap_fraction=0.1, swap_run=5)
    assert 0.05 < seen.swapped.mean() < 0.16
    right, left, middle = (LANDMARKS.index(name) for name in ("RLFE", "LLFE", "C7"))
    pixels, true = seen.keypoints.pixels, seen.true_pixels
    np.testing.assert_array_equal(pixels[seen.swapped][:, right], true[seen.swapped][:, left])
    np.testing.assert_array_equal(pixels[seen.swapped][:, middle], true[seen.swapped][:, middle])
    np.testing.assert_array_equal(pixels[~seen.swapped], true[~seen.swapped])


def test_partners_are_found_in_the_names_of_other_tools() -> None:
    names = (
        "RKnee", "LKnee", "right_hip", "left_hip", "hip_r", "hip_l", "nose", "LeftEar", "RightEar", "LUMBAR", "R_eye",
        "L_eye",
    )  # fmt: skip
    expected = [1, 0, 3, 2, 5, 4, 6, 8, 7, 9, 11, 10]
    assert partners(names).tolist() == expected


@pytest.mark.parametrize("late", [2.0, -1.0, 0.25, -3.5])
def test_a_late_camera_shows_an_earlier_scene(late: float, rig: CameraRig) -> None:
    flight = straight_flight(60, np.array([0.8, -0.4, 0.2]))
    seen = observe(flight, rig, pixel_sigma=0.0, desync_frames=[0.0, late, 0.0])
    earlier = flight.position - late / 100.0 * np.array([0.8, -0.4, 0.2])
    expected = rig.cameras[1].project(earlier)
    outside = (np.arange(60) - late < 0) | (np.arange(60) - late > 59)
    expected[outside] = np.nan
    np.testing.assert_allclose(seen.true_pixels[1], expected, atol=1e-9)
    assert np.isnan(seen.keypoints.pixels[1, outside]).all() and outside.any()
    np.testing.assert_allclose(seen.true_pixels[0], rig.cameras[0].project(flight.position), atol=1e-9)
    assert seen.offset_frames.tolist() == [0.0, late, 0.0]


def test_desync_keeps_gaps_as_gaps(points: Points3D, rig: CameraRig) -> None:
    position = points.position.copy()
    position[20:30, 4] = np.nan
    broken = Points3D(position, points.names, points.rate_hz)
    seen = observe(broken, rig, pixel_sigma=0.0, desync_frames=0.5)
    gone = np.isnan(seen.keypoints.pixels[0, 1:, :, 0])
    assert gone[:, 4].sum() == 11 and gone.sum() == 11  # frames that touch the gap from either side


def test_a_rolling_shutter_exposes_lower_rows_later(rig: CameraRig) -> None:
    velocity = np.array([0.0, 3.0, 0.0])
    flight = straight_flight(40, velocity)
    seen = observe(flight, rig, pixel_sigma=0.0, rolling_shutter_s=0.02)
    pixels = seen.true_pixels[2]
    late = 0.02 * ((pixels[..., 1] + 0.5) / SIZE[1] - 0.5)
    expected = rig.cameras[2].project(flight.position + late[..., None] * velocity)
    inner = slice(2, -2)
    np.testing.assert_allclose(pixels[inner], expected[inner], atol=1e-3)
    assert np.abs(late[inner]).max() > 2e-4


def test_what_the_image_does_not_hold_is_missing() -> None:
    rig = CameraRig((camera("c", 0.0),))
    position = np.array([[[0.0, 0.0, 0.9], [0.0, 9.0, 0.9], [9.0, 0.0, 1.4], [np.nan, 0, 0]]])
    seen = observe(Points3D(position, ("centre", "beside", "behind", "unknown"), 100.0), rig)
    assert seen.visible[0, 0].tolist() == [True, False, False, False]
    assert np.isfinite(seen.keypoints.pixels[0, 0]).all(axis=1).tolist() == [True, False, False, False]
    assert (seen.keypoints.confidence[0, 0, 1:] == 0).all() and seen.keypoints.confidence[0, 0, 0] > 0.5


def test_the_seed_makes_the_faults_and_each_fault_has_its_own_stream(points: Points3D, rig: CameraRig) -> None:
    faults = {"pixel_sigma": 1.0, "dropout": 0.02, "outlier_fraction": 0.01, "swap_fraction": 0.02}
    first, again = observe(points, rig, 9, **faults), observe(points, rig, 9, **faults)
    np.testing.assert_array_equal(first.keypoints.pixels, again.keypoints.pixels)
    np.testing.assert_array_equal(first.keypoints.confidence, again.keypoints.confidence)
    assert not np.array_equal(first.dropped, observe(points, rig, 10, **faults).dropped)
    np.testing.assert_array_equal(first.dropped, observe(points, rig, 9, pixel_sigma=0.0, dropout=0.02).dropped)


def test_impossible_faults_are_refused(points: Points3D, rig: CameraRig) -> None:
    for wrong in (
        {"pixel_sigma": -1.0},
        {"pixel_sigma": [1.0, 1.0]},
        {"dropout": 1.5},
        {"outlier_px": (90.0, 30.0)},
        {"swap_run": 0},
        {"desync_frames": [np.nan, 0, 0]},
    ):
        with pytest.raises(KeypointError, match="FAULTS_IMPOSSIBLE"):
            observe(points, rig, **wrong)
    single = Points3D(points.position[:1], points.names, points.rate_hz)
    with pytest.raises(KeypointError, match="FAULTS_IMPOSSIBLE"):
        observe(single, rig, desync_frames=0.5)
