"""The calibrated camera and the rig of all cameras in one world."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.errors import ShapeError
from calibration.lens import distort, undistort
from calibration.rigid import apply, checked_rigid, inverse

N_CAMERA = 18  # parameters of a camera in a covariance: 12 of the lens, 6 of the pose


@dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera.

    Attributes
    ----------
    name : str
    size : tuple of int
        Image width and height in px.
    matrix : ndarray, shape (3, 3)
        fx 0 cx / 0 fy cy / 0 0 1 in px; origin in the centre of the top-left pixel.
    distortion : ndarray, shape (5,) or (8,), or (4,) for a fisheye
        OpenCV's order. Four Brown coefficients are completed by k3 = 0.
    cam_from_world : ndarray, shape (4, 4)
        Rigid transform, metres.
    fisheye : bool
        Equidistant model of `cv2.fisheye` in place of Brown's.
    """

    name: str
    size: tuple[int, int]
    matrix: NDArray
    distortion: NDArray
    cam_from_world: NDArray
    fisheye: bool = False

    def __post_init__(self) -> None:
        width, height = (int(length) for length in self.size)
        if not self.name or width <= 0 or height <= 0:
            raise ShapeError(
                f"Camera '{self.name}' has size {self.size}.", "Give a name and a width and height above 0 px."
            )
        matrix = checked_array(self.matrix, f"matrix of camera '{self.name}'", (3, 3))
        ideal = np.array([[matrix[0, 0], 0, matrix[0, 2]], [0, matrix[1, 1], matrix[1, 2]], [0, 0, 1]])
        if not np.isfinite(matrix).all() or (matrix != ideal).any() or matrix[0, 0] <= 0 or matrix[1, 1] <= 0:
            raise ShapeError(
                f"matrix of camera '{self.name}' is not fx 0 cx / 0 fy cy / 0 0 1 with positive fx, fy.",
                "Pass an intrinsic matrix in px without skew.",
            )
        object.__setattr__(self, "size", (width, height))
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "distortion", _checked_distortion(self))
        object.__setattr__(
            self, "cam_from_world", checked_rigid(self.cam_from_world, f"cam_from_world of camera '{self.name}'")
        )

    @property
    def centre_world(self) -> NDArray:
        """Projection centre, shape (3,), in metres."""
        return inverse(self.cam_from_world)[:3, 3]

    def project(self, points_world: NDArray) -> NDArray:
        """Return pixels, shape (..., 2), of points (..., 3) in metres; NaN behind the camera."""
        return self.project_cam(apply(self.cam_from_world, np.asarray(points_world, float)))

    def project_cam(self, points_cam: NDArray) -> NDArray:
        """Return pixels, shape (..., 2), of points (..., 3) in the camera's own frame."""
        depth = points_cam[..., 2:]
        with np.errstate(invalid="ignore"):
            normalised = points_cam[..., :2] / np.where(depth > 0, depth, np.nan)
        distorted, _ = distort(normalised, self.distortion, self.fisheye)
        return distorted * self._focal + self.matrix[:2, 2]

    def undistort(self, pixels: NDArray) -> tuple[NDArray, NDArray]:
        """Turn pixels into ideal rays.

        Parameters
        ----------
        pixels : ndarray, shape (..., 2)

        Returns
        -------
        normalised : ndarray, shape (..., 2)
            x/z and y/z in the camera's frame; NaN where the lens model has no such ray.
        pixel_jacobian : ndarray, shape (..., 2, 2)
            d pixel / d normalised: turns errors of rays into errors in px.
        """
        distorted = (np.asarray(pixels, float) - self.matrix[:2, 2]) / self._focal
        normalised, jacobian = undistort(distorted, self.distortion, self.fisheye)
        return normalised, jacobian * self._focal[:, None]

    @property
    def _focal(self) -> NDArray:
        return np.array([self.matrix[0, 0], self.matrix[1, 1]])


def _checked_distortion(camera: Camera) -> NDArray:
    values = checked_array(np.ravel(camera.distortion), f"distortion of camera '{camera.name}'", ("coefficient",))
    allowed = (4,) if camera.fisheye else (0, 4, 5, 8)
    if len(values) not in allowed or not np.isfinite(values).all():
        raise ShapeError(
            f"distortion of camera '{camera.name}' has {len(values)} coefficients or is not finite; "
            f"{'a fisheye' if camera.fisheye else 'the pinhole model'} takes {' or '.join(map(str, allowed))}.",
            "Use OpenCV's 5 or 8 coefficients, or fisheye = true with 4.",
        )
    if len(values) < 5 and not camera.fisheye:
        values = checked_array(np.pad(values, (0, 5 - len(values))), "distortion", (5,))
    return values


@dataclass(frozen=True, eq=False)
class CameraRig:
    """Cameras in one right-handed world: metres, Z up, gravity -Z when `metadata` says it is known.

    Attributes
    ----------
    cameras : tuple of Camera
        In the order of every `camera` axis.
    metadata : mapping of str to str, float, int or bool
        Where the world comes from (`world`, `gravity`), quality figures, board, software versions.
    covariance : ndarray, shape (camera, 18, camera, 18), or None
        Of all camera parameters together, None when nobody knows. Per camera: fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6
        (px and 1; a fisheye has k1..k4 in the places of k1 k2 p1 p2; 0 for what was held or does not exist), then
        a small rotation vector (rad) and translation (m) applied from the left, in the camera's own frame. Being
        in the camera's frame, it stays the same numbers when the world is moved by a motion taken as exact. The
        gauge is that of the solver: uncertainty relative to the stated world, whose own uncertainty (of gravity,
        of the floor) is stated apart.
    """

    cameras: tuple[Camera, ...]
    metadata: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    covariance: NDArray | None = None

    def __post_init__(self) -> None:
        names = [camera.name for camera in self.cameras]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if not names or doubles:
            raise ShapeError(
                f"A rig of {len(names)} cameras has the doubled names {doubles}.",
                "Give at least one camera, each with its own name.",
            )
        object.__setattr__(self, "cameras", tuple(self.cameras))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        if self.covariance is not None:
            object.__setattr__(self, "covariance", _checked_covariance(self.covariance, len(names)))

    def __len__(self) -> int:
        return len(self.cameras)

    def __iter__(self) -> Iterator[Camera]:
        return iter(self.cameras)

    @property
    def names(self) -> tuple[str, ...]:
        """Camera names in order."""
        return tuple(camera.name for camera in self.cameras)

    @property
    def gravity_known(self) -> bool:
        """False where the rig says that nobody knows which way is up; a rig that says nothing may have Z up."""
        return self.metadata.get("gravity") != "unknown"

    @property
    def gravity_stated(self) -> bool:
        """Whether the rig says anything of gravity."""
        return "gravity" in self.metadata

    def project(self, points_world: NDArray) -> NDArray:
        """Return pixels, shape (camera, ..., 2), of points (..., 3) in metres; NaN behind a camera."""
        return np.stack([camera.project(points_world) for camera in self.cameras])

    def subset(self, names: Sequence[str]) -> "CameraRig":
        """Return the rig of the named cameras, in that order, with their block of the covariance.

        Raises
        ------
        ShapeError
            When a name is not in the rig.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise ShapeError(
                f"Cameras {unknown} are not in the calibration, which has {list(self.names)}.",
                "Name the cameras as in the calibration file.",
            )
        places = [self.names.index(name) for name in names]
        block = None if self.covariance is None else self.covariance[places][:, :, places]
        return CameraRig(tuple(self.cameras[place] for place in places), self.metadata, block)


def _checked_covariance(value: NDArray, n_cameras: int) -> NDArray:
    shape = (n_cameras, N_CAMERA, n_cameras, N_CAMERA)
    square = checked_array(value, "covariance of the rig", shape).reshape(n_cameras * N_CAMERA, -1)
    if not np.isfinite(square).all() or not _symmetric(square):
        raise ShapeError(
            f"covariance of a rig of {n_cameras} cameras is not finite and symmetric with variances of 0 or more.",
            f"Pass one with axes (camera, {N_CAMERA}, camera, {N_CAMERA}), or None when it is unknown.",
        )
    return checked_array((square + square.T) / 2, "covariance of the rig", ("n", "n")).reshape(shape)


def _symmetric(square: NDArray) -> bool:
    # Rounding in the solver is no reason to refuse; a wrong order of axes is, and shows as asymmetry.
    variance = np.diagonal(square)
    scale = np.sqrt(np.abs(np.outer(variance, variance)))
    return bool((variance >= 0).all() and (np.abs(square - square.T) <= 1e-6 * scale).all())
