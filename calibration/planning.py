"""Before anything is drilled: where cameras could hang, and how well points would be measured with them.

The expected covariance of a triangulated point is the inverse of the information that its views carry, the
Cramer-Rao bound that the reconstruction reaches (Hartley and Zisserman, "Multiple View Geometry", 2nd ed., 5.2).
Places are chosen greedily, the classic near-optimum for sums of information (Nemhauser et al. 1978).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, CameraRig
from calibration.errors import ShapeError
from calibration.rigid import look_at

MIN_VIEWS = 2
_REGULAR = 1e-9  # of the largest eigenvalue, below which a direction counts as not measured
_BLIND_SD_M = 0.02  # what a point that is not measured counts while places are compared


@dataclass(frozen=True, eq=False)
class PointForecast:
    """What to expect of points.

    Attributes
    ----------
    covariance : ndarray, shape (..., 3, 3)
        m²; NaN where fewer than two cameras see the point, or all from one direction.
    n_views : ndarray of int, shape (...)
        Cameras that see it.
    """

    covariance: NDArray
    n_views: NDArray

    @property
    def sd_mm(self) -> NDArray:
        """Standard deviation of the position, shape (...), in mm: root of the covariance's trace."""
        return 1e3 * np.sqrt(np.trace(self.covariance, axis1=-2, axis2=-1))


def ideal_camera(
    name: str, size: tuple[int, int], field_deg: float, centre_world: NDArray, aim_world: NDArray
) -> Camera:
    """Return a camera without distortion.

    Parameters
    ----------
    name : str
    size : tuple of int
        Image width and height in px.
    field_deg : float
        Horizontal field of view, above 0 and below 170 degrees.
    centre_world, aim_world : ndarray, shape (3,)
        Metres.

    Raises
    ------
    ShapeError
        When the field of view is impossible, or the camera looks straight up or down.
    """
    if not 0 < field_deg < 170:
        raise ShapeError(f"A field of view of {field_deg:g} deg is impossible.", "Give 20 to 120 deg, horizontally.")
    direction = np.asarray(aim_world, float) - centre_world
    if np.hypot(direction[0], direction[1]) < 1e-3 * np.linalg.norm(direction) or not direction.any():
        raise ShapeError(f"Camera '{name}' looks straight up or down.", "Move it aside, or aim at another point.")
    focal = 0.5 * size[0] / np.tan(np.deg2rad(field_deg) / 2)
    matrix = np.array([[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1]])
    return Camera(name, size, matrix, np.zeros(5), look_at(np.asarray(centre_world, float), aim_world))


def view_information(
    camera: Camera, points_world: NDArray, normals_world: NDArray | None = None, grazing_deg: float = 70.0
) -> tuple[NDArray, NDArray]:
    """Return what one view says of points.

    Parameters
    ----------
    camera : Camera
    points_world : ndarray, shape (..., 3)
        Metres.
    normals_world : ndarray, shape (..., 3), optional
        Outward normals of the skin at these points; a camera behind it sees nothing. Without, points are seen
        from all sides.
    grazing_deg : float
        Angle between normal and line of sight up to which a point is still seen.

    Returns
    -------
    information : ndarray, shape (..., 3, 3)
        Inverse covariance in 1/m² for a noise of one pixel; 0 where not seen.
    seen : ndarray of bool, shape (...)
    """
    points = np.asarray(points_world, float)
    pixels = camera.project(points)
    with np.errstate(invalid="ignore"):
        inside = ((pixels > -0.5) & (pixels < np.array(camera.size) - 0.5)).all(axis=-1)
        seen = inside & np.isfinite(pixels).all(axis=-1)
    if normals_world is not None:
        sight = camera.centre_world - points
        cosine = (sight * normals_world).sum(axis=-1) / np.maximum(np.linalg.norm(sight, axis=-1), 1e-12)
        seen = seen & (cosine > np.cos(np.deg2rad(grazing_deg)))
    rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
    points_cam = points @ rotation.T + translation
    depth = np.where(seen, points_cam[..., 2], 1.0)
    normalised, by_normalised = camera.undistort(np.where(seen[..., None], pixels, camera.matrix[:2, 2]))
    plane = rotation[:2] - normalised[..., None] * rotation[2]
    by_point = np.where(seen[..., None, None], by_normalised @ plane / depth[..., None, None], 0.0)
    return np.swapaxes(by_point, -1, -2) @ by_point, seen


def forecast_points(
    rig: CameraRig, points_world: NDArray, pixel_sd: float, normals_world: NDArray | None = None
) -> PointForecast:
    """Return the covariance to be expected of points.

    Parameters
    ----------
    rig : CameraRig
    points_world : ndarray, shape (..., 3)
        Metres.
    pixel_sd : float
        Noise of one coordinate of a detected point, px.
    normals_world : ndarray, shape (..., 3), optional
        As in `view_information`.
    """
    views = [view_information(camera, points_world, normals_world) for camera in rig]
    return _forecast(np.sum([view[0] for view in views], axis=0), np.sum([view[1] for view in views], axis=0), pixel_sd)


def _forecast(information: NDArray, n_views: NDArray, pixel_sd: float) -> PointForecast:
    values = np.linalg.eigvalsh(information)
    known = (n_views >= MIN_VIEWS) & (values[..., 0] > _REGULAR * values[..., 2])
    safe = np.where(known[..., None, None], information, np.eye(3))
    covariance = np.where(known[..., None, None], np.linalg.inv(safe) * pixel_sd**2, np.nan)
    return PointForecast(covariance, n_views)


def choose_places(
    candidates: CameraRig,
    n_cameras: int,
    points_world: NDArray,
    normals_world: NDArray | None = None,
) -> CameraRig:
    """Choose the places from which points are measured best.

    Greedy, then exchanged one by one while that helps: the mean standard deviation over the points for a noise of
    one pixel falls, a point that is not measured counting as two centimetres.

    Parameters
    ----------
    candidates : CameraRig
        One camera per possible place.
    n_cameras : int
    points_world : ndarray, shape (point, 3)
    normals_world : ndarray, shape (point, 3), optional
        As in `view_information`: with skin on all sides of the volume the cameras spread around it.

    Raises
    ------
    ShapeError
        When there are fewer places than cameras.
    """
    if not MIN_VIEWS <= n_cameras <= len(candidates):
        raise ShapeError(
            f"{n_cameras} cameras cannot be hung at {len(candidates)} places.",
            "Ask for two or more, or allow more places.",
        )
    views = [view_information(camera, points_world, normals_world) for camera in candidates]
    information, seen = np.stack([view[0] for view in views]), np.stack([view[1] for view in views])
    chosen: list[int] = []
    for _ in range(n_cameras):
        chosen.append(_best_addition(chosen, information, seen))
    for _ in range(n_cameras):
        before = list(chosen)
        for place in range(n_cameras):
            others = chosen[:place] + chosen[place + 1 :]
            chosen = [*others[:place], _best_addition(others, information, seen), *others[place:]]
        if chosen == before:
            break
    cameras, picked = tuple(candidates), sorted(chosen)
    return CameraRig(tuple(cameras[index] for index in picked), candidates.metadata)


def _best_addition(chosen: list[int], information: NDArray, seen: NDArray) -> int:
    left = [index for index in range(len(information)) if index not in chosen]
    base, views = information[chosen].sum(axis=0), seen[chosen].sum(axis=0)
    # One camera alone measures nothing: the one that sees most comes first.
    if not chosen:
        return max(left, key=lambda index: (int(seen[index].sum()), float(np.trace(information[index].sum(axis=0)))))
    costs = [_cost(base + information[index], views + seen[index]) for index in left]
    return left[int(np.argmin(costs))]


def _cost(information: NDArray, n_views: NDArray) -> float:
    """Mean sd of points, shape (point,); by minors, as hundreds of sets of places are compared."""
    a, b, c = (information[..., i, i] for i in range(3))
    d, e, f = information[..., 0, 1], information[..., 0, 2], information[..., 1, 2]
    minors = a * b - d * d + a * c - e * e + b * c - f * f
    determinant = a * (b * c - f * f) - d * (d * c - e * f) + e * (d * f - b * e)
    known = (n_views >= MIN_VIEWS) & (determinant > _REGULAR * minors * (a + b + c))
    variance = np.divide(minors, determinant, out=np.full(known.shape, _BLIND_SD_M**2), where=known)
    return float(np.sqrt(np.minimum(variance, _BLIND_SD_M**2)).mean())
