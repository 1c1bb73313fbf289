"""Views of planes, many at once: homographies, the focal length they imply, and the two poses each allows.

Sources: Hartley and Zisserman, "Multiple View Geometry", 2nd ed., algorithm 4.2 (normalised linear homography);
Zhang, "A flexible new technique for camera calibration", 2000 (focal length); Collins and Bartoli, "Infinitesimal
plane-based pose estimation", 2014 (the two poses).
"""

import numpy as np
from numpy.typing import NDArray

_LEAST_CORNERS = 4
_ONE_RAY = 1e-14  # squared spread of rays: a board a million times as far as it is long


def homographies(plane: NDArray, image: NDArray) -> NDArray:
    """Fit the homographies that take a plane to its images.

    Parameters
    ----------
    plane : ndarray, shape (corner, 2)
    image : ndarray, shape (view, corner, 2)
        NaN where not seen.

    Returns
    -------
    ndarray, shape (view, 3, 3)
        image_from_plane with the last entry 1; NaN with fewer than four corners.
    """
    seen = np.isfinite(image).all(axis=-1)
    count = np.maximum(seen.sum(axis=1), 1)
    filled = np.where(seen[..., None], image, 0.0)
    image_centre = filled.sum(axis=1) / count[:, None]
    plane_centre = (seen.astype(float) @ plane) / count[:, None]
    off_image = np.where(seen[..., None], filled - image_centre[:, None], 0.0)
    off_plane = np.where(seen[..., None], plane - plane_centre[:, None], 0.0)
    image_scale = np.sqrt((off_image**2).sum(axis=(1, 2)) / count / 2)
    plane_scale = np.sqrt((off_plane**2).sum(axis=(1, 2)) / count / 2)
    good = (seen.sum(axis=1) >= _LEAST_CORNERS) & (image_scale > 0) & (plane_scale > 0)
    image_scale, plane_scale = np.where(good, image_scale, 1.0), np.where(good, plane_scale, 1.0)
    scaled = _scaled_homographies(off_plane / plane_scale[:, None, None], off_image / image_scale[:, None, None], seen)
    answer = _similarity(image_centre, image_scale) @ scaled @ np.linalg.inv(_similarity(plane_centre, plane_scale))
    with np.errstate(invalid="ignore", divide="ignore"):
        answer = answer / answer[:, 2:, 2:]
    answer[~good | ~np.isfinite(answer).all(axis=(1, 2))] = np.nan
    return answer


def _scaled_homographies(plane: NDArray, image: NDArray, seen: NDArray) -> NDArray:
    whole = np.concatenate([plane, np.ones((*plane.shape[:2], 1))], axis=-1) * seen[..., None]
    u, v = image[..., 0], image[..., 1]
    normal = np.zeros((len(plane), 9, 9))
    plain = np.einsum("vki,vkj->vij", whole, whole)
    for first, weight in ((0, u), (3, v)):
        normal[:, first : first + 3, first : first + 3] = plain
        mixed = -np.einsum("vk,vki,vkj->vij", weight, whole, whole)
        normal[:, first : first + 3, 6:] = mixed
        normal[:, 6:, first : first + 3] = mixed
    normal[:, 6:, 6:] = np.einsum("vk,vki,vkj->vij", u * u + v * v, whole, whole)
    return np.linalg.eigh(normal)[1][:, :, 0].reshape(-1, 3, 3)


def _similarity(centre: NDArray, scale: NDArray) -> NDArray:
    answer = np.zeros((len(centre), 3, 3))
    answer[:, 0, 0] = answer[:, 1, 1] = scale
    answer[:, :2, 2], answer[:, 2, 2] = centre, 1.0
    return answer


def focal_from_homographies(image_from_plane: NDArray, centre: NDArray) -> float:
    """Return the focal length in px that makes the planes' axes square, or NaN.

    Square pixels and a known principal point are taken for granted. Each view gives two equations for 1 / f²;
    their weighted solution is dominated by the slanted views, which alone know the focal length.

    Parameters
    ----------
    image_from_plane : ndarray, shape (view, 3, 3)
        NaN rows are left out.
    centre : ndarray, shape (2,)
        Principal point, px.
    """
    shift = np.eye(3)
    shift[:2, 2] = -np.asarray(centre, float)
    matrix = shift @ image_from_plane[np.isfinite(image_from_plane).all(axis=(1, 2))]
    if not len(matrix):
        return float("nan")
    matrix = matrix / np.linalg.norm(matrix[:, :, :2], axis=(1, 2), keepdims=True)
    one, other = matrix[:, :, 0], matrix[:, :, 1]
    # g = 1 / f²: g (a1 b1 + a2 b2) + a3 b3 = 0, and g (|a|² - |b|²) + a3² - b3² = 0.
    left = np.concatenate([(one[:, :2] * other[:, :2]).sum(axis=1), (one[:, :2] ** 2 - other[:, :2] ** 2).sum(axis=1)])
    right = -np.concatenate([one[:, 2] * other[:, 2], one[:, 2] ** 2 - other[:, 2] ** 2])
    # In units in which a focal length is about one, so that both terms weigh alike.
    ratio = float(left @ right) / max(float(left @ left), 1e-300)
    return float(1.0 / np.sqrt(ratio)) if ratio > 0 else float("nan")


def planar_poses(plane: NDArray, rays: NDArray) -> NDArray:
    """Return the two poses that each view of a plane allows.

    Parameters
    ----------
    plane : ndarray, shape (corner, 2)
        Metres.
    rays : ndarray, shape (view, corner, 2)
        Normalised coordinates x/z, y/z; NaN where not seen.

    Returns
    -------
    ndarray, shape (view, 2, 4, 4)
        cam_from_plane (z = 0 in the plane); NaN with fewer than four corners.
    """
    seen = np.isfinite(rays).all(axis=-1)
    count = np.maximum(seen.sum(axis=1), 1)
    centre = (seen.astype(float) @ plane) / count[:, None]
    shifted = np.tile(np.eye(3), (len(rays), 1, 1))
    shifted[:, :2, 2] = centre
    matrix = homographies(plane, rays) @ shifted
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = matrix / matrix[:, 2:, 2:]
        rotations = _rotations(matrix)
    good = np.isfinite(rotations).all(axis=(1, 2, 3))
    poses = np.full((len(rays), 2, 4, 4), np.nan)
    if good.any():
        points = np.concatenate([np.broadcast_to(plane, rays.shape), np.zeros((*rays.shape[:2], 1))], axis=-1)
        poses[good] = np.eye(4)
        poses[good, :, :3, :3] = rotations[good]
        for choice in (0, 1):
            poses[good, choice, :3, 3] = _translations(rotations[good, choice], points[good], rays[good], seen[good])
    return poses


def _rotations(ray_from_plane: NDArray) -> NDArray:
    """Both rotations, shape (view, 2, 3, 3), from homographies whose plane's origin is the middle of the corners."""
    place = ray_from_plane[:, :2, 2]
    slope = ray_from_plane[:, :2, :2] - place[:, :, None] * ray_from_plane[:, 2:, :2]
    towards = _towards(place)
    # What a step in the plane facing the line of sight does to the ray.
    facing = towards[:, :2, :2] - place[:, :, None] * towards[:, 2:, :2]
    inner = np.linalg.inv(np.where(np.isfinite(facing), facing, np.eye(2))) @ slope
    inner = np.where(np.isfinite(facing).all(axis=(1, 2), keepdims=True), inner, np.nan)
    squares = np.swapaxes(inner, 1, 2) @ inner
    half = 0.5 * (squares[:, 0, 0] + squares[:, 1, 1])
    largest = half + np.sqrt(np.maximum(half**2 - np.linalg.det(squares), 0.0))
    flat = inner / np.sqrt(largest)[:, None, None]
    rest = np.eye(2) - np.swapaxes(flat, 1, 2) @ flat
    first = np.sqrt(np.maximum(rest[:, 0, 0], 0.0))
    second = np.sqrt(np.maximum(rest[:, 1, 1], 0.0)) * np.where(rest[:, 0, 1] < 0, -1.0, 1.0)
    answer = np.empty((len(place), 2, 3, 3))
    for choice, sign in ((0, 1.0), (1, -1.0)):
        one = np.concatenate([flat[:, :, 0], sign * first[:, None]], axis=1)
        other = np.concatenate([flat[:, :, 1], sign * second[:, None]], axis=1)
        one = one / np.linalg.norm(one, axis=1, keepdims=True)
        other = other - (one * other).sum(axis=1, keepdims=True) * one
        other = other / np.linalg.norm(other, axis=1, keepdims=True)
        answer[:, choice] = towards @ np.stack([one, other, np.cross(one, other)], axis=2)
    return answer


def _towards(place: NDArray) -> NDArray:
    """The shortest rotation, shape (view, 3, 3), that takes the optical axis to the ray through `place`."""
    ray = np.concatenate([place, np.ones((len(place), 1))], axis=1)
    ray = ray / np.linalg.norm(ray, axis=1, keepdims=True)
    x, y, z = ray.T
    answer = np.empty((len(place), 3, 3))
    answer[:, 0, 0], answer[:, 0, 1] = 1 - x * x / (1 + z), -x * y / (1 + z)
    answer[:, 1, 0], answer[:, 1, 1] = -x * y / (1 + z), 1 - y * y / (1 + z)
    answer[:, 2, 0], answer[:, 2, 1] = -x, -y
    answer[:, :, 2] = ray
    return answer


def _translations(rotations: NDArray, points: NDArray, rays: NDArray, seen: NDArray) -> NDArray:
    """Linear least squares, shape (view, 3): every point lies on its ray; NaN where all rays are one."""
    turned = np.where(seen[..., None], points @ np.swapaxes(rotations, 1, 2), 0.0)
    rays = np.where(seen[..., None], rays, 0.0)
    squares = (rays**2).sum(axis=-1)
    count, sums = seen.sum(axis=1), rays.sum(axis=1)
    normal = np.zeros((len(points), 3, 3))
    normal[:, 0, 0] = normal[:, 1, 1] = count
    normal[:, 0, 2] = normal[:, 2, 0] = -sums[:, 0]
    normal[:, 1, 2] = normal[:, 2, 1] = -sums[:, 1]
    normal[:, 2, 2] = squares.sum(axis=1)
    off = rays * turned[..., 2:] - turned[..., :2]
    right = np.concatenate([off.sum(axis=1), -(rays * off).sum(axis=(1, 2))[:, None]], axis=1)
    spread = squares.sum(axis=1) - (sums**2).sum(axis=1) / count
    alike = spread <= _ONE_RAY * np.maximum(squares.sum(axis=1), 1.0)
    normal[alike] = np.eye(3)
    return np.where(alike[:, None], np.nan, np.linalg.solve(normal, right[..., None])[..., 0])
