"""The compiled lenses against the plain ones, and the guard of the compiler's cache."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from calibration import Camera, CameraRig
from mocap import vector_kernels
from mocap.reconstruction import kernels
from mocap.reconstruction.blocks import camera_table
from mocap.reconstruction.lens_kernels import undistort_pixel
from mocap.reconstruction.tile_kernels import TILE, reproject_tile, undistort_tile

MATRIX = np.array([[1500.0, 0, 960], [0, 1480.0, 540], [0, 0, 1]])
LENSES = {
    "none": ((), False),
    "usual": ((-0.21, 0.07, 0.0008, -0.0005, 0.01), False),
    "strong": ((-0.36, 0.15, 0.001, -0.002, -0.03), False),
    "rational": ((0.3, -0.1, 0.0005, -0.0003, 0.02, 0.5, -0.05, 0.01), False),
    "fisheye": ((0.02, -0.01, 0.003, -0.001), True),
}


def camera(lens):
    distortion, fisheye = LENSES[lens]
    return Camera("cam", (1920, 1080), MATRIX, np.array(distortion), np.eye(4), fisheye)


def pixels_of_image():
    u, v = np.meshgrid(np.linspace(0, 1919, 16), np.linspace(0, 1079, 10))
    return np.column_stack([u.ravel(), v.ravel()])  # 160 = 5 tiles


@pytest.mark.parametrize("lens", LENSES)
def test_undistortion_equals_the_plain_one(lens):
    cam, pixels = camera(lens), pixels_of_image()
    table = camera_table(CameraRig((cam,)))[0]
    rays, jacobian = cam.undistort(pixels)
    one = np.array([undistort_pixel(u, v, table) for u, v in pixels])
    assert np.abs(one[:, :2] - rays).max() < 1e-12  # measured 2e-14
    # Of about 1500 px, taken before the last step of at most 1e-7; measured 9e-5.
    assert np.abs(one[:, 2:].reshape(-1, 2, 2) - jacobian).max() < 1e-3
    many = np.concatenate([undistorted_tile(tile, table) for tile in pixels.reshape(-1, TILE, 2)], axis=1)
    assert np.abs(many[:2].T - rays).max() < 1e-12
    assert np.abs(many[2:6].T.reshape(-1, 2, 2) - jacobian).max() < 1e-3
    assert (many[6] == 1).all()


def undistorted_tile(pixels, table):
    rays = np.empty(7 * TILE)
    undistort_tile(np.concatenate([pixels[:, 0], pixels[:, 1], np.ones(TILE)]), table, rays)
    return rays.reshape(7, TILE)


def test_missing_and_impossible_pixels_are_unusable():
    # This lens bends no ray farther than 0.703 from the centre, 1054 px: the last pixel shows nothing.
    cam = Camera("cam", (1920, 1080), MATRIX, np.array([-0.3, 0, 0, 0, 0]), np.eye(4))
    pixels = np.tile([[960.0, 540.0]], (TILE, 1))
    pixels[3], pixels[7, 1], pixels[9] = np.nan, np.nan, [2050, 540]
    assert np.isnan(cam.undistort(pixels[9])[0]).all()
    rays = undistorted_tile(pixels, camera_table(CameraRig((cam,)))[0])
    assert np.flatnonzero(rays[6] == 0).tolist() == [3, 7, 9]
    assert (rays[:, [3, 7, 9]] == 0).all()


@pytest.mark.parametrize("lens", LENSES)
def test_reprojection_equals_the_plain_one(lens):
    cam = camera(lens)
    points = np.random.default_rng(0).uniform([-1, -0.6, 2], [1, 0.6, 4], (TILE, 3))
    points[5, 2] = -3
    pixels = np.full((TILE, 2), 500.0)
    distance = np.empty(TILE)
    observed = np.concatenate([pixels[:, 0], pixels[:, 1], np.ones(TILE)])
    reproject_tile(observed, camera_table(CameraRig((cam,)))[0], points.T.ravel().copy(), distance)
    wanted = np.linalg.norm(cam.project(points) - pixels, axis=1)
    assert np.allclose(distance, wanted, atol=1e-9, equal_nan=True)
    assert np.flatnonzero(np.isnan(distance)).tolist() == [5]


def test_the_compilers_cache_sees_changes_of_the_imported_kernels():
    folder = Path(kernels.__file__).parent
    files = [folder / f"{name}_kernels.py" for name in ("hard", "lens", "tile")]
    content = b"".join(file.read_bytes() for file in [*files, Path(vector_kernels.__file__)])
    assert hashlib.sha256(content).hexdigest() == kernels.IMPORTED_SHA256, (
        "write the new sum into kernels.py: that makes the compiler drop what it kept of the old kernels"
    )
