"""What a calibration's covariance means for the points that are later measured with it."""

import numpy as np
from numpy.typing import NDArray

from calibration.bundle_system import N_CAMERA, N_LENS, lens_coefficients
from calibration.camera import Camera, CameraRig
from calibration.rigid import from_rotvec


def draw_rigs(rig: CameraRig, camera_covariance: NDArray, n: int, seed: int) -> list[CameraRig]:
    """Draw rigs that the calibration data allow equally well.

    Parameters
    ----------
    rig : CameraRig
        Cameras with Brown's five, eight, or fisheye's four coefficients.
    camera_covariance : ndarray, shape (camera, 18, camera, 18)
        As in `Calibration.camera_covariance`.
    n : int
    seed : int

    Returns
    -------
    list of CameraRig
        Held against `rig` (see `quality.volume_error`) they show how far measured points may be off because of
        the calibration. First order; independent noise of the corners is assumed.
    """
    size = len(rig) * N_CAMERA
    values, vectors = np.linalg.eigh(camera_covariance.reshape(size, size))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    steps = np.random.default_rng(seed).standard_normal((n, size)) @ root.T
    return [
        CameraRig(tuple(_moved(camera, step) for camera, step in zip(rig, draw, strict=True)), rig.metadata)
        for draw in steps.reshape(n, len(rig), N_CAMERA)
    ]


def _moved(camera: Camera, step: NDArray) -> Camera:
    matrix = camera.matrix.copy()
    matrix[[0, 1, 0, 1], [0, 1, 2, 2]] += step[:4]
    distortion = camera.distortion + lens_coefficients(step[:N_LENS], camera.fisheye)[: len(camera.distortion)]
    pose = from_rotvec(step[N_LENS : N_LENS + 3], step[N_LENS + 3 :]) @ camera.cam_from_world
    return Camera(camera.name, camera.size, matrix, distortion, pose, camera.fisheye)
