"""What a calibration's covariance means for the points that are later measured with it."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.lenses.whole_image import image_places
from calibration.rigid import from_rotvec
from calibration.solve.bundle_system import N_CAMERA, N_LENS, lens_coefficients
from calibration.solve.propagation import camera_jacobian

_MOST_OF_IMAGE = 90  # % of it; people are seldom in its very corners


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
        Held against `rig` (see `figures.volume_error`) they show how far measured points may be off because of
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


def baseline_sd(rig: CameraRig) -> tuple[NDArray, NDArray]:
    """Return the distances between the cameras and what the rig's covariance leaves open of them.

    Parameters
    ----------
    rig : CameraRig
        With its covariance.

    Returns
    -------
    length_m, sd_m : ndarray, shape (camera, camera)
        0 on the diagonal.
    """
    centres = np.stack([camera.centre_world for camera in rig])
    between = centres[:, None] - centres
    length = np.linalg.norm(between, axis=-1)
    sd = np.zeros_like(length)
    if rig.covariance is None:
        return length, np.full_like(length, np.nan)
    # A shift t of the world in the camera's frame moves its centre by -R' t; a turn about itself does not.
    turned = np.stack([camera.cam_from_world[:3, :3] for camera in rig])
    shifts = rig.covariance[:, N_LENS + 3 :, :, N_LENS + 3 :]
    world = np.einsum("aki,akbl,blj->abij", turned, shifts, turned)
    own = np.einsum("aaij->aij", world)
    spread = own[:, None] + own[None] - world - np.swapaxes(np.swapaxes(world, 0, 1), 2, 3)
    for one, other in zip(*np.nonzero(length > 0), strict=True):
        along = between[one, other] / length[one, other]
        sd[one, other] = np.sqrt(max(along @ spread[one, other] @ along, 0.0))
    return length, sd


def position_sd(rig: CameraRig) -> NDArray:
    """Return the standard deviation of each camera's place, shape (camera,) in m: root of the summed variances.

    Relative to the volume in which the board was shown, as `Calibration.rig` has its covariance; NaN without one.
    """
    if rig.covariance is None:
        return np.full(len(rig), np.nan)
    own = np.einsum("ckck->ck", rig.covariance)
    return np.sqrt(own[:, N_LENS + 3 :].sum(axis=1))


def focal_sd(rig: CameraRig) -> NDArray:
    """Return the standard deviation of each camera's mean focal length over the focal length, shape (camera,)."""
    if rig.covariance is None:
        return np.full(len(rig), np.nan)
    own = np.einsum("cicj->cij", rig.covariance)[:, :2, :2]
    focal = np.array([camera.matrix[[0, 1], [0, 1]].mean() for camera in rig])
    return np.sqrt(np.maximum(own.sum(axis=(1, 2)), 0.0)) / 2 / focal


def edge_sd(rig: CameraRig, place_world: NDArray) -> NDArray:
    """Return how well a point is placed towards the edges of each image, shape (camera,) in px, 1 sd.

    What the covariance of a camera leaves open of the pixel of a point as far off as `place_world`, shape (3,): 90 % of
    the image that has a ray is at least as sure. Large where the lens is extrapolated far beyond the corners seen; NaN
    without a covariance or a ray.
    """
    answer = np.full(len(rig), np.nan)
    if rig.covariance is None:
        return answer
    for index, camera in enumerate(rig):
        ideal = camera.undistort(image_places(camera.size)[1::3, 1::3].reshape(-1, 2))[0]
        ideal = ideal[np.isfinite(ideal).all(axis=1)]
        turn, shift = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
        depth = max(float(turn[2] @ place_world + shift[2]), 1e-3)
        points_cam = depth * np.column_stack([ideal, np.ones(len(ideal))])
        follow = camera_jacobian(camera, (points_cam - shift) @ turn)[0]
        spread = np.einsum("pri,ij,prj->p", follow, rig.covariance[index, :, index], follow)
        if len(spread):
            answer[index] = np.sqrt(max(float(np.percentile(spread, _MOST_OF_IMAGE)), 0.0))
    return answer


def _moved(camera: Camera, step: NDArray) -> Camera:
    matrix = camera.matrix.copy()
    matrix[[0, 1, 0, 1], [0, 1, 2, 2]] += step[:4]
    distortion = camera.distortion + lens_coefficients(step[:N_LENS], camera.fisheye)[: len(camera.distortion)]
    pose = from_rotvec(step[N_LENS : N_LENS + 3], step[N_LENS + 3 :]) @ camera.cam_from_world
    return Camera(camera.name, camera.size, matrix, distortion, pose, camera.fisheye)
