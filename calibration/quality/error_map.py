"""What the cameras are worth, place by place: the standard deviation of a measured point over the capture volume.

Two parts. The calibration's is the same in every frame for a point that stays where it is, and smoothing does not
lessen it; the other comes from the noise of one pixel in every view, and scales with the noise of whatever finds the
points. Source: Hartley and Zisserman, "Multiple View Geometry", 2nd ed., 5.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import ShapeError
from calibration.planning import MIN_VIEWS, forecast_points
from calibration.solve.propagation import point_covariance

N_CELLS = 10  # along the longest side of the volume
_MARGIN = 0.02  # of the points, at each end of each axis, that a volume leaves out


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """Errors to expect over a grid.

    Attributes
    ----------
    grid_world : ndarray, shape (x, y, z, 3)
        Middles of the cells, m. The axes of the grid are those of the world, or of `display`.
    display : ndarray, shape (3, 3)
        Rows are the axes of the grid in the world; the last one is up, or the guess at it.
    calibration_sd_mm : ndarray, shape (x, y, z)
        From the uncertainty of the cameras: root of the summed variances of three coordinates; NaN where fewer than
        two cameras see the cell, and everywhere when the rig has no covariance.
    noise_sd_mm : ndarray, shape (x, y, z)
        From a noise of one pixel in every coordinate of every view.
    n_views : ndarray of int, shape (x, y, z)
        Cameras that see the cell.
    """

    grid_world: NDArray
    display: NDArray
    calibration_sd_mm: NDArray
    noise_sd_mm: NDArray
    n_views: NDArray

    @property
    def share_measured(self) -> float:
        """Share of the cells that two cameras or more see."""
        return float((self.n_views >= MIN_VIEWS).mean())

    def figures(self) -> dict[str, float]:
        """Return median, 95th percentile and worst of both parts (mm), and where the calibration is worst (m)."""
        table = {"measured_pct": 100 * self.share_measured}
        for name, values in (("calibration", self.calibration_sd_mm), ("noise", self.noise_sd_mm)):
            known = values[np.isfinite(values)]
            for figure, share in (("median", 50), ("p95", 95), ("worst", 100)):
                table[f"{name}_{figure}_mm"] = float(np.percentile(known, share)) if known.size else float("nan")
        place = self.worst_place_world()
        return {**table, **{f"worst_{axis}_m": float(value) for axis, value in zip("xyz", place, strict=True)}}

    def worst_place_world(self) -> NDArray:
        """Return where the calibration's part is largest, shape (3,), m; NaN when it is unknown."""
        if not np.isfinite(self.calibration_sd_mm).any():
            return np.full(3, np.nan)
        worst = np.unravel_index(int(np.nanargmax(self.calibration_sd_mm)), self.calibration_sd_mm.shape)
        return np.asarray(self.grid_world[worst])


def display_axes(rig: CameraRig) -> NDArray:
    """Return axes for pictures and grids, shape (3, 3), as rows in the world: the world's own where Z is up.

    Where gravity is unknown, the last is the mean direction of the top of the images, which serves pictures and
    nothing else.
    """
    if rig.gravity_known:
        return np.eye(3)
    up = -np.mean([camera.cam_from_world[1, :3] for camera in rig], axis=0)
    if np.linalg.norm(up) < 0.2:  # cameras that hang every way
        return np.eye(3)
    up /= np.linalg.norm(up)
    ahead = rig.cameras[0].cam_from_world[2, :3]
    ahead = ahead - (ahead @ up) * up
    if np.linalg.norm(ahead) < 1e-3:
        ahead = np.linalg.svd(up[None])[2][1]
    ahead /= np.linalg.norm(ahead)
    return np.stack([np.cross(ahead, up), ahead, up])


def volume_grid(points_world: NDArray, display: NDArray, n_cells: int = N_CELLS) -> NDArray:
    """Return the middles of cells, shape (x, y, z, 3), that fill the box in which points were.

    Parameters
    ----------
    points_world : ndarray, shape (point, 3)
        For instance the corners of the board in all frames; the outermost 2 % at each end are left out.
    display : ndarray, shape (3, 3)
        Axes of the box.
    n_cells : int
        Along the longest side; the cells are about cubes.
    """
    known = points_world[np.isfinite(points_world).all(axis=1)]
    if len(known) < 2:
        raise ShapeError(f"{len(known)} points span no volume.", "Give points throughout the volume.")
    low, high = np.quantile(known @ display.T, [_MARGIN, 1 - _MARGIN], axis=0)
    cell = max(float((high - low).max()), 1e-3) / n_cells
    axes = []
    for first, last in zip(low, high, strict=True):
        count = max(round((last - first) / cell), 1)
        axes.append(first + (np.arange(count) + 0.5) * (last - first) / count)
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ display


def error_map(rig: CameraRig, grid_world: NDArray, display: NDArray | None = None) -> ErrorMap:
    """Return the errors to expect over a grid.

    Parameters
    ----------
    rig : CameraRig
        With its covariance, relative to the volume (as `Calibration.rig` has it).
    grid_world : ndarray, shape (x, y, z, 3)
        Metres.
    display : ndarray, shape (3, 3), optional
        The axes of the grid.
    """
    display = np.eye(3) if display is None else display
    forecast = forecast_points(rig, grid_world, 1.0)
    sd_mm = np.full(grid_world.shape[:-1], np.nan)
    if rig.covariance is not None:
        flat = grid_world.reshape(-1, 3)
        used = seen_inside(rig, flat)
        # What cannot be triangulated has no error either.
        flat = np.where(np.isfinite(forecast.sd_mm).reshape(-1, 1), flat, np.nan)
        covariance = point_covariance(rig, flat, used)
        sd_mm = 1e3 * np.sqrt(np.trace(covariance, axis1=1, axis2=2)).reshape(sd_mm.shape)
    return ErrorMap(grid_world, display, sd_mm, forecast.sd_mm, forecast.n_views)


def seen_inside(rig: CameraRig, points_world: NDArray) -> NDArray[np.bool_]:
    """Return which points, shape (camera, point), lie in front of a camera and inside its image."""
    pixels = rig.project(points_world)
    sizes = np.array([camera.size for camera in rig])[:, None]
    with np.errstate(invalid="ignore"):
        return np.asarray(((pixels > -0.5) & (pixels < sizes - 0.5)).all(axis=-1))
