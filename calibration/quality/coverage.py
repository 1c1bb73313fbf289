"""What the board showed of each camera: where in the image, how far off, how slanted."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.lenses.whole_image import places_with_ray
from calibration.observations import BoardObservations

GRID_CELLS = 12  # along the longer side of the image; the cells are about squares
_TILT_SPREAD = (5, 95)
_MIN_PLANE = 4  # corners of a face that say how it is slanted
SLANTED_DEG = 20.0


@dataclass(frozen=True, eq=False)
class CameraCoverage:
    """What one camera saw of the board.

    Attributes
    ----------
    counts : ndarray of int, shape (row, column)
        Corners per cell of the image.
    share : float
        Cells with at least one corner.
    reach : float
        Distance of the outermost corner from the middle of the image over that of the image's own corner: distortion
        beyond it is a guess.
    depth_m : tuple of float
        Nearest and farthest distance of the board, 5th and 95th percentile.
    tilt_deg : tuple of float
        Angle between the board's normal and the line of sight, 5th and 95th percentile.
    slanted_share : float
        Views slanted by 20 degrees or more.
    n_views, n_corners : int
    with_ray : ndarray of bool, shape (27, 48), optional
        Places of the image (`lenses.whole_image.image_places`) for which the lens has a ray.
    """

    counts: NDArray
    share: float
    reach: float
    depth_m: tuple[float, float]
    tilt_deg: tuple[float, float]
    slanted_share: float
    n_views: int
    n_corners: int
    with_ray: NDArray | None = None

    @property
    def ray_share(self) -> float:
        """Share of the image for which the lens has a ray; NaN where nobody asked."""
        return float("nan") if self.with_ray is None else float(self.with_ray.mean())

    @property
    def depth_ratio(self) -> float:
        """Farthest over nearest distance: near 1, focal length and distance cannot be told apart."""
        return self.depth_m[1] / self.depth_m[0]


def image_counts(pixels: NDArray, size: tuple[int, int]) -> NDArray[np.int64]:
    """Count points per cell of an image.

    Parameters
    ----------
    pixels : ndarray, shape (..., 2)
        NaN is no point.
    size : tuple of int
        Width and height, px.

    Returns
    -------
    ndarray of int, shape (row, column)
        12 cells along the longer side.
    """
    cell = max(size) / GRID_CELLS
    columns, rows = (max(round(length / cell), 1) for length in size)
    known = pixels[np.isfinite(pixels).all(axis=-1)]
    x = np.clip(((known[:, 0] + 0.5) * columns / size[0]).astype(int), 0, columns - 1)
    y = np.clip(((known[:, 1] + 0.5) * rows / size[1]).astype(int), 0, rows - 1)
    return np.bincount(y * columns + x, minlength=rows * columns).reshape(rows, columns)


def image_reach(pixels: NDArray, size: tuple[int, int]) -> float:
    """Return how far points reach from the middle of an image to its corner, 0 to 1; NaN without a point."""
    known = pixels[np.isfinite(pixels).all(axis=-1)]
    if not len(known):
        return float("nan")
    middle = (np.array(size) - 1) / 2
    return float(np.linalg.norm(known - middle, axis=1).max() / np.linalg.norm(middle))


def board_slants(cam_from_board: NDArray, seen: NDArray, corners_board: NDArray, faces: tuple[NDArray, ...]) -> NDArray:
    """Return the angle between a face and the line of sight, in deg, of every view of a face, shape (found,).

    Parameters
    ----------
    cam_from_board : ndarray, shape (view, 4, 4)
    seen : ndarray of bool, shape (view, corner)
    corners_board : ndarray, shape (corner, 3)
    faces : tuple of ndarray of int
        Corners that lie in one plane; a face of which 4 corners were seen counts.
    """
    found = [np.empty(0)]
    for face in faces:
        corners = corners_board[face]
        middle = corners.mean(axis=0)
        normal = np.linalg.svd(corners - middle)[2][2]
        chosen = cam_from_board[seen[:, face].sum(axis=1) >= _MIN_PLANE]
        sight = chosen[:, :3, :3] @ middle + chosen[:, :3, 3]
        cosine = np.abs(np.einsum("vi,vi->v", chosen[:, :3, :3] @ normal, sight)) / np.linalg.norm(sight, axis=1)
        found.append(np.rad2deg(np.arccos(np.clip(cosine, 0.0, 1.0))))
    return np.concatenate(found)


def camera_coverage(
    observations: BoardObservations, kept: NDArray, cam_from_world: NDArray, world_from_board: NDArray
) -> tuple[CameraCoverage, ...]:
    """Return what each camera saw.

    Parameters
    ----------
    observations : BoardObservations
    kept : ndarray of bool, shape (camera, frame, corner)
        Corners that the calibration rests on.
    cam_from_world : ndarray, shape (camera, 4, 4)
    world_from_board : ndarray, shape (frame, 4, 4)
        NaN where unknown.
    """
    board, known = observations.board, np.isfinite(world_from_board[:, 0, 0])
    answer = []
    for camera, own in enumerate(kept):
        views = own.any(axis=1)
        pixels = observations.pixels[camera, views][own[views]]
        size = (int(observations.image_sizes[camera, 0]), int(observations.image_sizes[camera, 1]))
        counts = image_counts(pixels, size)
        placed = np.flatnonzero(views & known)
        cam_from_board = cam_from_world[camera] @ world_from_board[placed]
        slants = board_slants(cam_from_board, own[placed], board.corners_board, board.faces)
        middle = 0.5 * (board.corners_board.min(axis=0) + board.corners_board.max(axis=0))
        depths = np.linalg.norm(cam_from_board[:, :3, :3] @ middle + cam_from_board[:, :3, 3], axis=1)
        answer.append(CameraCoverage(
            counts, float((counts > 0).mean()), image_reach(pixels, size), _spread(depths), _spread(slants),
            float((slants >= SLANTED_DEG).mean()) if len(slants) else float("nan"), int(views.sum()), len(pixels),
        ))  # fmt: skip
    return tuple(answer)


def with_rays(coverage: tuple[CameraCoverage, ...], rig: CameraRig) -> tuple[CameraCoverage, ...]:
    """Return coverages with where the lens of each camera has a ray: a lens may fold where no corner was seen."""
    return tuple(replace(one, with_ray=places_with_ray(camera)) for one, camera in zip(coverage, rig, strict=True))


def _spread(values: NDArray) -> tuple[float, float]:
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, _TILT_SPREAD)
    return float(low), float(high)
