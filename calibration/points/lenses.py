"""What is known of the lenses before points are used: a calibration's, with its covariance, or next to nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.errors import CalibrationError
from calibration.lenses.models import free_parameters, lens_prior
from calibration.points.start import misfit_of_lenses
from calibration.points.tracks import PointTracks
from calibration.solve.bundle import LensPrior
from calibration.solve.bundle_system import N_LENS, lens_coefficients
from calibration.world.estimates import rig_lenses

FOCAL_GUESSES = (0.55, 0.75, 1.0, 1.35, 1.8)  # in longer sides of the image
_FOCAL_SD = 0.3  # of the focal length: lenses are ordinary, no more


@dataclass(frozen=True, eq=False)
class LensStart:
    """Lenses to start from, and what may move.

    Attributes
    ----------
    rig : CameraRig
        With these lenses; poses count only where the cameras are known to stand.
    free : ndarray of bool, shape (camera, 12)
    prior : LensPrior
    text : str
        Where they come from.
    """

    rig: CameraRig
    free: NDArray
    prior: LensPrior
    text: str


def known_lenses(rig: CameraRig, names: tuple[str, ...], sizes: NDArray) -> LensStart:
    """Return the lenses of a calibration: focal lengths and centres move within its covariance, distortion stays.

    Without a covariance nothing of a lens moves.

    Parameters
    ----------
    rig : CameraRig
    names : tuple of str
        The cameras that are wanted.
    sizes : ndarray, shape (camera, 2)
        Sizes of their images.

    Raises
    ------
    CalibrationError
        LENS_MISSING when a camera is not in the calibration, LENS_SIZE when its image had another size.
    """
    missing = [name for name in names if name not in rig.names]
    if missing:
        raise CalibrationError(
            f"The lenses of cameras {missing} are not known; the calibration has {list(rig.names)}.",
            "Give a calibration that holds these cameras, by the same names.",
            code="LENS_MISSING",
        )
    rig = rig.subset(names)
    for camera, size in zip(rig, sizes, strict=True):
        if camera.size != tuple(int(value) for value in size):
            raise CalibrationError(
                f"The lens of '{camera.name}' was calibrated at {camera.size[0]} x {camera.size[1]} px, the points "
                f"are of images of {size[0]} x {size[1]} px.",
                "Calibrate the lens at the resolution that is recorded.",
                code="LENS_SIZE",
            )
    mean, n = rig_lenses(rig), len(rig)
    free, precision = np.zeros((n, N_LENS), dtype=bool), np.zeros((n, N_LENS))
    if rig.covariance is None:
        text = "lenses as given, held; how uncertain they are is not known and not counted"
        return LensStart(rig, free, LensPrior(mean, precision, np.zeros(n)), text)
    variance = np.einsum("ckck->ck", rig.covariance)[:, :4]
    # fx and fy err together: apart, with half the precision each, their mean is as uncertain as it was.
    precision[:, :4] = 1.0 / (np.array([2.0, 2.0, 1.0, 1.0]) * np.maximum(variance, 1e-12))
    free[:, :4] = variance > 0
    precision[:, :4] *= free[:, :4]
    text = "lenses as given, focal lengths and centres free within their uncertainty, distortion held"
    return LensStart(rig, free, LensPrior(mean, precision, np.zeros(n)), text)


def guessed_lenses(tracks: PointTracks, seed: int = 0) -> LensStart:
    """Return ordinary lenses without distortion, of the focal length at which pairs of cameras agree best.

    Raises
    ------
    CalibrationError
        LENS_UNKNOWN when no guess is better than another: too few points are shared.
    """
    rigs = [ordinary_lenses(tracks.camera_names, tracks.image_sizes, share) for share in FOCAL_GUESSES]
    costs = np.array([misfit_of_lenses(rig, tracks, seed) for rig in rigs])
    if not costs.any():
        raise CalibrationError(
            "The lenses are not known, and too few points are shared to guess them.",
            "Give a calibration.toml with the lenses, or move where two cameras see the same points.",
            code="LENS_UNKNOWN",
        )
    rig, n = rigs[int(costs.argmin())], tracks.n_cameras
    models = ["auto"] * n
    focal = rig_lenses(rig)[:, 0]
    prior = lens_prior(models, tracks.image_sizes, focal)
    mean, precision = prior.mean.copy(), prior.precision.copy()
    mean[:, :2], precision[:, :2] = focal[:, None], 1.0 / (_FOCAL_SD * focal[:, None]) ** 2
    text = "lenses from the points alone: focal lengths, centres and five coefficients free with weak priors"
    return LensStart(rig, free_parameters(models), LensPrior(mean, precision, prior.aspect_precision), text)


def ordinary_lenses(names: tuple[str, ...], sizes: NDArray, share: float) -> CameraRig:
    """Return cameras at one place, without distortion, whose focal length is `share` of the longer side."""
    cameras = []
    for name, (width, height) in zip(names, sizes, strict=True):
        focal = share * max(width, height)
        matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
        cameras.append(Camera(name, (int(width), int(height)), matrix, np.zeros(5), np.eye(4)))
    return CameraRig(tuple(cameras))


def rig_of_state(rig: CameraRig, lenses: NDArray, cam_from_world: NDArray) -> CameraRig:
    """Return the cameras of `rig` with other lenses, shape (camera, 12), and poses, shape (camera, 4, 4)."""
    cameras = []
    for camera, lens, pose in zip(rig, lenses, cam_from_world, strict=True):
        matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
        distortion = lens_coefficients(lens, camera.fisheye)[: len(camera.distortion)]
        cameras.append(Camera(camera.name, camera.size, matrix, distortion, pose, camera.fisheye))
    return CameraRig(tuple(cameras))
