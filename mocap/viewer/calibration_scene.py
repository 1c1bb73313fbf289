"""What the view of a calibration draws, as plain arrays and words: cameras, boards, and maps of the volume.

Needs no display.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from calibration import CameraRig
from calibration.planning import MIN_VIEWS
from calibration.quality.error_map import ErrorMap, display_axes, error_map, volume_grid
from calibration.rigid import apply
from mocap.viewer.lab import Lines
from mocap.viewer.ribbon import UNKNOWN_COLOUR, scale_colours
from mocap.viewer.sight import Sight

CALIBRATION_ERROR, NOISE_ERROR, N_CAMERAS = "calibration", "noise", "cameras"
"""What a map tells of each cell."""
ROOM_CELLS = 14
_ROOM_HIGH_M = 2.5
_AROUND = 0.55  # of the way from the middle of what the cameras look at to the cameras
_AHEAD_M = 3.0
_STEPS = np.array([1.0, 2.0, 5.0])
_OVERVIEW_DEG = (-28.0, 24.0)
_MARGIN = 0.13
_HALF = 0.46  # of a cell: squares of a slice do not touch
_BOARD_COLOURS = ((0.55, 0.55, 0.60), (0.94, 0.82, 0.27), (0.47, 0.78, 1.0))
BLIND_COLOUR = (237, 89, 191)
"""Of cells that fewer than two cameras see."""


@dataclass(frozen=True, eq=False)
class CameraRow:
    """What is known of a camera's calibration; NaN is unknown.

    Attributes
    ----------
    name, grade, reason, remedy : str
    rms_px : float
        Of the reprojection, over the views used.
    n_views : int or None
    coverage_pct, reach_pct : float
        Of the image: cells with a corner, and how far corners reach from its middle to its corner.
    position_sd_mm : float
    counts : ndarray of int, shape (row, column), optional
        Corners per cell of the image.
    """

    name: str
    grade: str = ""
    reason: str = ""
    remedy: str = ""
    rms_px: float = float("nan")
    n_views: int | None = None
    coverage_pct: float = float("nan")
    reach_pct: float = float("nan")
    position_sd_mm: float = float("nan")
    counts: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Boards:
    """Where the board stood.

    Attributes
    ----------
    frames : ndarray of int, shape (board,)
    world_from_board : ndarray, shape (board, 4, 4)
    n_cameras : ndarray of int, shape (board,)
        Cameras that saw it there.
    corners_board : ndarray, shape (corner, 3)
        Metres.
    faces : tuple of ndarray of int
        Corners that lie in one plane.
    """

    frames: NDArray
    world_from_board: NDArray
    n_cameras: NDArray
    corners_board: NDArray
    faces: tuple[NDArray, ...]


@dataclass(frozen=True, eq=False)
class CalibrationView:
    """A calibration to look at.

    Attributes
    ----------
    title : str
    rig : CameraRig
    cameras : tuple of CameraRow
        In the order of the rig.
    verdict : str
        Grade with its reason and remedy; empty where nobody judged.
    checks : tuple of str
        Those that are not as they should be, a line each.
    volume : ErrorMap, optional
        Where the board, or whatever was calibrated with, has been.
    boards : Boards, optional
    notes : tuple of str
        What is missing here, and why; a sentence each.
    """

    title: str
    rig: CameraRig
    cameras: tuple[CameraRow, ...]
    verdict: str = ""
    checks: tuple[str, ...] = ()
    volume: ErrorMap | None = None
    boards: Boards | None = None
    notes: tuple[str, ...] = ()


def view_of_rig(rig: CameraRig, title: str, notes: tuple[str, ...] = ()) -> CalibrationView:
    """Return what there is to see of cameras alone, such as those that a trial brings along."""
    poor = () if rig.covariance is not None else (
        "How uncertain the cameras are is not stated: the map tells of the noise of one pixel alone.",)  # fmt: skip
    return CalibrationView(title, rig, tuple(CameraRow(name) for name in rig.names), notes=(*notes, *poor))


def room_map(rig: CameraRig, n_cells: int = ROOM_CELLS) -> ErrorMap:
    """Return the errors to expect in the whole room between the cameras."""
    display = display_axes(rig)
    return error_map(rig, volume_grid(room_corners(rig), display, n_cells), display)


def volume_map(rig: CameraRig, points_world: NDArray, n_cells: int = 10) -> ErrorMap:
    """Return the errors to expect where points (point, 3) have been, m.

    Raises
    ------
    ShapeError
        When fewer than two of them are known.
    """
    display = display_axes(rig)
    return error_map(rig, volume_grid(points_world, display, n_cells), display)


def room_corners(rig: CameraRig) -> NDArray:
    """Return the corners, shape (8, 3) in m, of the box around what the cameras look at together.

    From the floor up to 2.5 m where the floor is known.
    """
    display = display_axes(rig)
    centres = np.array([camera.centre_world for camera in rig])
    sight = np.array([camera.cam_from_world[2, :3] for camera in rig])
    # The place nearest to all lines of sight; parallel ones meet nowhere.
    across = np.eye(3) - sight[:, :, None] * sight[:, None, :]
    total = across.sum(axis=0)
    if np.linalg.eigvalsh(total)[0] > 1e-3 * len(rig):
        middle = np.linalg.solve(total, np.einsum("nij,nj->i", across, centres))
    else:
        middle = (centres + _AHEAD_M * sight).mean(axis=0)
    reach = max(_AROUND * float(np.median(np.linalg.norm(centres - middle, axis=1))), 0.3)
    place = display @ middle
    low, high = place - reach, place + reach
    if rig.gravity_known:
        low[2], high[2] = 0.0, min(max(float((centres @ display.T)[:, 2].max()), 1.0), _ROOM_HIGH_M)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return corners @ display


def values_of(errors: ErrorMap, quantity: str) -> NDArray:
    """Return what a map tells of each cell, shape (x, y, z): mm, or the number of cameras."""
    if quantity == N_CAMERAS:
        return np.asarray(errors.n_views, float)
    return errors.calibration_sd_mm if quantity == CALIBRATION_ERROR else errors.noise_sd_mm


def scale_ends(errors: ErrorMap, quantity: str) -> tuple[float, float]:
    """Return the ends of the colour scale in mm, of 1, 2, 5, 10, ..., that hold nearly all cells."""
    values = values_of(errors, quantity)
    known = values[np.isfinite(values) & (values > 0)]
    if not known.size:
        return 1.0, 10.0
    low, high = np.percentile(known, [2, 98])
    ends = _stepped(low, down=True), _stepped(high, down=False)
    return ends if ends[1] > 1.5 * ends[0] else (ends[0], 2 * ends[0])


def scale_ticks(ends: tuple[float, float], most: int = 7) -> NDArray:
    """Return values of 1, 2, 5, 10, ... from one end of a scale to the other, `most` of them at most."""
    decades = np.arange(np.floor(np.log10(ends[0])) - 1, np.ceil(np.log10(ends[1])) + 2)
    steps = (10.0 ** decades[:, None] * _STEPS).ravel()
    inside = steps[(steps >= ends[0] * 0.999) & (steps <= ends[1] * 1.001)]
    return inside[:: max(1, -(-len(inside) // most))]


def cell_colours(errors: ErrorMap, quantity: str) -> NDArray:
    """Return RGB, shape (x, y, z, 3) uint8: the lighter the worse; what fewer than two cameras see stands out."""
    if quantity == N_CAMERAS:
        colours = camera_count_colours(errors.n_views, int(errors.n_views.max(initial=MIN_VIEWS)))
    else:
        colours = scale_colours(values_of(errors, quantity), scale_ends(errors, quantity))
    return np.where((errors.n_views < MIN_VIEWS)[..., None], np.array(BLIND_COLOUR, np.uint8), colours)


def camera_count_colours(counts: NDArray | int, most: int) -> NDArray:
    """Return RGB, shape (..., 3) uint8, of numbers of cameras from 2 to `most`: the fewer the lighter."""
    share = (np.asarray(counts, float) - MIN_VIEWS) / max(most - MIN_VIEWS, 1)
    return scale_colours(10.0 ** (1 - np.clip(share, 0, 1)), (1.0, 10.0))


def legend_of(errors: ErrorMap, quantity: str) -> tuple[tuple[tuple[int, int, int], str], ...]:
    """Return colours and words of a legend."""
    if quantity == N_CAMERAS:
        most = int(errors.n_views.max(initial=MIN_VIEWS))
        rows = [(_rgb(camera_count_colours(count, most)), str(count)) for count in range(MIN_VIEWS, most + 1)]
        rows[-1] = (rows[-1][0], f"{rows[-1][1]} cameras")
        return (*rows, (BLIND_COLOUR, "fewer than 2"))
    ends = scale_ends(errors, quantity)
    ticks = scale_ticks(ends)
    rows = [(_rgb(scale_colours(np.array(tick), ends)), f"{tick:g}") for tick in ticks]
    rows[-1] = (rows[-1][0], f"{rows[-1][1]} mm")
    return (*rows, (BLIND_COLOUR, "fewer than 2 cameras"))


def cells_shown(errors: ErrorMap, quantity: str) -> NDArray[np.bool_]:
    """Return which cells, shape (x, y, z), have something to tell."""
    if quantity == N_CAMERAS:
        return np.ones(errors.n_views.shape, bool)
    return np.isfinite(values_of(errors, quantity)) | (errors.n_views < MIN_VIEWS)


def overview(places_world: NDArray, display: NDArray, canvas_size: tuple[int, int]) -> Sight:
    """Return a view from above one side in which all places (n, 3) are on the canvas.

    `display` are axes for pictures, (3, 3), the last one up: in a world whose up is unknown nothing else would
    stand upright.
    """
    azimuth, elevation = np.deg2rad(_OVERVIEW_DEG)
    level = np.cos(azimuth) * display[0] + np.sin(azimuth) * display[1]
    direction = -(np.cos(elevation) * level + np.sin(elevation) * display[2])
    up = display[2] - (display[2] @ direction) * direction
    up /= np.linalg.norm(up)
    on_screen = places_world @ np.stack([np.cross(direction, up), up]).T
    low, high = on_screen.min(axis=0), on_screen.max(axis=0)
    zoom = float((np.array(canvas_size) * (1 - 2 * _MARGIN) / np.maximum(high - low, 0.1)).min())
    middle = places_world.mean(axis=0)
    aside = 0.5 * (low + high) - np.stack([np.cross(direction, up), up]) @ middle
    return Sight(direction, up, middle + aside @ np.stack([np.cross(direction, up), up]), zoom)


def cell_size_m(errors: ErrorMap) -> float:
    """Return the longest side of a cell, m."""
    return float(max(np.linalg.norm(step) for step in cell_steps(errors)))


def cell_steps(errors: ErrorMap) -> NDArray:
    """Return the edges of a cell, shape (3, 3), m: row by row along the axes of the grid; of a single layer 0.2 m."""
    grid, steps = errors.grid_world, []
    for axis, direction in enumerate(errors.display):
        if grid.shape[axis] > 1:
            steps.append(np.take(grid, 1, axis) - np.take(grid, 0, axis))
            steps[-1] = steps[-1].reshape(-1, 3)[0]
        else:
            steps.append(0.2 * direction)
    return np.array(steps)


def heights_m(errors: ErrorMap) -> NDArray:
    """Return the height of each layer of cells, shape (z,), m along the last axis of the grid."""
    return np.asarray((errors.grid_world[0, 0] @ errors.display[2]).reshape(-1))


def layer_mesh(errors: ErrorMap, quantity: str, layer: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return vertices (n, 3) in m, triangles (m, 3) and colours (n, 4) of one layer of cells, seen as flat squares."""
    across, along, _ = cell_steps(errors) * _HALF
    shown = cells_shown(errors, quantity)[:, :, layer]
    middles = errors.grid_world[:, :, layer][shown]
    corners = np.stack([-across - along, across - along, across + along, -across + along])
    vertices = (middles[:, None] + corners).reshape(-1, 3)
    first = 4 * np.arange(len(middles))[:, None, None]
    faces = (first + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    colours = np.repeat(cell_colours(errors, quantity)[:, :, layer][shown] / 255.0, 4, axis=0)
    return vertices, faces, np.column_stack([colours, np.ones(len(colours))])


def board_lines(boards: Boards) -> Lines:
    """Return the rims of all boards, coloured by how many cameras saw them."""
    rims, n_faces = board_outlines(boards), len(_rims(boards))
    start = [np.zeros((0, 3)), *rims]
    end = [np.zeros((0, 3)), *(np.roll(rim, -1, axis=0) for rim in rims)]
    n_cameras = np.repeat(boards.n_cameras, n_faces)
    colours = [np.zeros((0, 3)), *(np.tile(_board_colour(int(count)), (len(rim), 1))
                                   for count, rim in zip(n_cameras, rims, strict=True))]  # fmt: skip
    return Lines(np.concatenate(start), np.concatenate(end), np.concatenate(colours))


def board_outlines(boards: Boards) -> list[NDArray]:
    """Return the rim, (corner, 3) in m, of each face of each board, board by board."""
    rims = _rims(boards)
    return [apply(pose, rim) for pose in boards.world_from_board for rim in rims]


def board_legend() -> tuple[tuple[tuple[int, int, int], str], ...]:
    """Return colours and words of the legend of `board_lines`."""
    words = ("boards seen by 1 camera", "2", "3 or more")
    return tuple((_rgb(255 * np.array(colour)), word) for colour, word in zip(_BOARD_COLOURS, words, strict=True))


def _board_colour(n_cameras: int) -> NDArray:
    return np.array(_BOARD_COLOURS[min(max(n_cameras, 1), 3) - 1])


def _rims(boards: Boards) -> list[NDArray]:
    """Return the rim of each face in the board's frame; faces without an area have none."""
    rims = []
    for face in boards.faces:
        corners = boards.corners_board[face]
        if len(corners) < 3:
            continue
        _, size, axes = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)
        if size[1] > 1e-6 * max(size[0], 1e-9):
            flat = (corners - corners.mean(axis=0)) @ axes[:2].T
            rims.append(corners[ConvexHull(flat).vertices])
    return rims


def coverage_picture(counts: NDArray) -> NDArray:
    """Return RGB, shape (row, column, 3) uint8, of corners per cell of an image: the more the lighter, grey is none."""
    known = np.where(counts > 0, counts, np.nan).astype(float)
    most = max(2.0, float(np.nanmax(known))) if (counts > 0).any() else 2.0
    return np.where((counts > 0)[..., None], scale_colours(known, (0.7, most)), np.array(UNKNOWN_COLOUR, np.uint8))


def camera_words(row: CameraRow) -> str:
    """Return what is said of a camera, in sentences."""
    if not row.grade:
        return f"{row.name}: nobody judged this camera."
    return " ".join(filter(None, (f"{row.name} is {row.grade}.", _sentence(row.reason), row.remedy)))


def table_cells(row: CameraRow) -> tuple[str, ...]:
    """Return the cells of a camera in the table: name, verdict, rms, views, coverage, sd of its place."""
    def number(value: float, digits: str) -> str:
        return f"{value:{digits}}" if np.isfinite(value) else "-"

    views = "-" if row.n_views is None else str(row.n_views)
    return (row.name, row.grade or "-", number(row.rms_px, ".3g"), views, number(row.coverage_pct, ".0f"),
            number(row.position_sd_mm, ".3g"))  # fmt: skip


def map_words(errors: ErrorMap, quantity: str) -> str:
    """Return median and 95th percentile of a map in words."""
    seen = 100 * errors.share_measured
    if quantity == N_CAMERAS:
        return f"{seen:.0f} % of the cells are seen by 2 cameras or more"
    values = values_of(errors, quantity)
    known = values[np.isfinite(values)]
    if not known.size:
        return "unknown: the uncertainty of these cameras is not stated"
    middle, high = np.percentile(known, [50, 95])
    return f"median {middle:.2g} mm, 95 % below {high:.2g} mm (1 SD); {seen:.0f} % of the cells seen by 2 or more"


def _stepped(value: float, down: bool) -> float:
    decade = 10.0 ** np.floor(np.log10(value))
    steps = decade * np.array([*_STEPS, 10.0])
    return float(steps[steps <= value * 1.0001][-1] if down else steps[steps >= value * 0.9999][0])


def _rgb(colour: NDArray) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in colour)
    return red, green, blue


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
