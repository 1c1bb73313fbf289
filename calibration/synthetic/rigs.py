"""Rigs of cameras around a capture volume, with the scatter of real lenses."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.errors import ShapeError
from calibration.rigid import look_at

# Horizontal field of view of the mean lens: a 2 m cube fits at the default radius.
_FIELD_PINHOLE = np.deg2rad(66)
_FIELD_FISHEYE = np.deg2rad(110)


def ring_rig(
    n_cameras: int = 8,
    seed: int = 0,
    radius_m: float = 3.6,
    height_m: float = 1.9,
    size: tuple[int, int] = (1280, 720),
    fisheye: bool = False,
    target_m: float = 1.0,
) -> CameraRig:
    """Make cameras on a ring that look at a volume of about 2 m x 2 m x 2 m.

    Parameters
    ----------
    n_cameras : int
    seed : int
        Decides the scatter of positions (about 0.2 m), aims, focal lengths (3 %), principal points (8 px) and
        lenses (5 Brown coefficients, k1 about -0.12; or 4 fisheye coefficients).
    radius_m, height_m : float
        Mean distance of the cameras from the vertical axis, and their mean height above the floor; every other
        camera hangs 0.5 m lower, so that views differ in elevation too.
    size : tuple of int
        Image width and height in px.
    fisheye : bool
        Equidistant lenses with a field of 110 degrees in place of 66.
    target_m : float
        Height at which the cameras aim.

    Returns
    -------
    CameraRig
        Cameras `cam_0`, `cam_1`, ... (zero-padded from the eleventh on) counter-clockwise from world +X; the origin
        is on the floor in the centre of the volume, Z up.
    """
    if n_cameras < 1:
        raise ShapeError(f"A rig of {n_cameras} cameras cannot be made.", "Ask for at least one camera.")
    rng = np.random.default_rng(seed)
    digits = len(str(n_cameras - 1))
    cameras = []
    for i in range(n_cameras):
        azimuth = 2 * np.pi * i / n_cameras + rng.normal(0, 0.06)
        radius = radius_m * (1 + rng.normal(0, 0.04))
        height = height_m + (-0.25 if i % 2 else 0.25) + rng.normal(0, 0.1)
        centre = np.array([radius * np.cos(azimuth), radius * np.sin(azimuth), height])
        aim = np.array([0, 0, target_m]) + rng.normal(0, 0.08, 3)
        matrix, distortion = _lens(rng, size, fisheye)
        pose = look_at(centre, aim, roll=rng.normal(0, 0.03))
        cameras.append(Camera(f"cam_{i:0{digits}d}", size, matrix, distortion, pose, fisheye))
    return CameraRig(tuple(cameras), {"world": "synthetic", "gravity": "known"})


def _lens(rng: np.random.Generator, size: tuple[int, int], fisheye: bool) -> tuple[NDArray, NDArray]:
    width, height = size
    if fisheye:
        focal = width / _FIELD_FISHEYE  # equidistant: radius in px = focal * angle
        distortion = rng.normal([-0.02, 0.005, -0.003, 0.0], [0.005, 0.002, 0.001, 0.0002])
    else:
        focal = 0.5 * width / np.tan(_FIELD_PINHOLE / 2)
        distortion = rng.normal([-0.12, 0.07, 0.0, 0.0, -0.01], [0.02, 0.015, 5e-4, 5e-4, 0.004])
    focal *= 1 + rng.normal(0, 0.03)
    scale = width / 1280
    centre = np.array([width - 1, height - 1]) / 2 + rng.normal(0, 8 * scale, 2)
    aspect = 1 + rng.normal(0, 0.002)
    return np.array([[focal, 0, centre[0]], [0, focal * aspect, centre[1]], [0, 0, 1]]), distortion
