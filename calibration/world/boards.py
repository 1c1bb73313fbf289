"""The world of boards on the floor: one place, or a plane through several."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.rigid import apply, inverse, rigid
from calibration.world.fit import inflation
from calibration.world.floor import MAX_SPREAD_DEG, floor_tilt_covariance, root_from_floor
from calibration.world.frame import WorldFrame

_MAX_STEP_M = 0.03


@dataclass(frozen=True, eq=False)
class FloorBoards:
    """Boards lying on the floor, as the joint refinement placed them.

    Attributes
    ----------
    root_from_board : ndarray, shape (floor, 4, 4)
    placement : ndarray of int, shape (floor,)
        Place of each, counted from 0; the board did not move within a place.
    camera, alone, by_camera : ndarray, shape (n, n), (floor, 6, 6) and (floor, 6, n)
        As `camera`, `board_alone` and `board_by_camera` of `BundleCovariance`.
    middle_board : ndarray, shape (3,)
        Middle of the pattern in the frame of the board, m.
    """

    root_from_board: NDArray
    placement: NDArray
    camera: NDArray
    alone: NDArray
    by_camera: NDArray
    middle_board: NDArray


def floor_frame(text: str, boards: FloorBoards, height_m: float = 0.0, level_sd_deg: float = 0.0) -> WorldFrame:
    """Return the world of boards on the floor.

    Parameters
    ----------
    text : str
        What was chosen.
    boards : FloorBoards
    height_m : float
        Of the printed side above the floor.
    level_sd_deg : float
        How level the floor is: standard deviation of its slope, both directions together. A board cannot tell.

    Raises
    ------
    CalibrationError
        FLOOR_INCONSISTENT when a board does not lie in the common plane.
    """
    build = _one_place if boards.placement.max() == 0 else _several_places
    root_from_world, tilt, residual, meaning, notes = build(boards)
    lower = rigid(np.eye(3), np.array([0.0, 0.0, -height_m]))
    notes += f"; floor presumed level{f' within {level_sd_deg:g} deg' if level_sd_deg else ''}"
    return WorldFrame(
        "floor_board", text, root_from_world @ lower, tilt + np.eye(2) * np.deg2rad(level_sd_deg) ** 2 / 2,
        _origin_sd_mm(boards), residual, "deg", meaning, notes,
    )  # fmt: skip


def _origin_sd_mm(boards: FloorBoards) -> float:
    follow = boards.by_camera[0, 3:]
    return float(1e3 * np.sqrt(np.trace(boards.alone[0, 3:, 3:] + follow @ boards.camera @ follow.T)))


def _one_place(boards: FloorBoards) -> tuple[NDArray, NDArray, float, str, str]:
    root_from_world = root_from_floor(boards.root_from_board)
    flip = np.diag([1.0, -1.0])  # the board's y runs against the world's
    tilt = flip @ floor_tilt_covariance(boards.camera, boards.alone, boards.by_camera, boards.root_from_board) @ flip
    n = len(boards.root_from_board)
    if n == 1:
        return root_from_world, tilt, float("nan"), "", "board in one place, 1 frame"
    residual = float(_tilts_deg(root_from_world, boards.root_from_board).max())
    meaning = "largest angle between the board's normal in one frame and their mean"
    return root_from_world, tilt, residual, meaning, f"board in one place, {n} frames"


def _tilts_deg(root_from_world: NDArray, root_from_board: NDArray) -> NDArray:
    cosine = -root_from_board[:, :3, 2] @ root_from_world[:3, 2]
    return np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _several_places(boards: FloorBoards) -> tuple[NDArray, NDArray, float, str, str]:
    """Generalised least squares of a plane through normals and heights, all placements in one covariance."""
    places = [np.flatnonzero(boards.placement == number) for number in range(boards.placement.max() + 1)]
    root_from_world = _start(boards, places)
    for _ in range(3):
        values, design, covariance = _plane_equations(boards, places, root_from_world)
        weight = np.linalg.inv(covariance)
        normal = np.linalg.inv(design.T @ weight @ design)
        slope_x, slope_y, offset = normal @ design.T @ weight @ values
        root_from_world = root_from_world @ _levelled(slope_x, slope_y, offset)
    values, design, covariance = _plane_equations(boards, places, root_from_world)
    tilts = np.rad2deg(np.hypot(values[0::3], values[1::3]))
    heights = values[2::3]
    _check_places(boards, tilts, heights)
    chi2 = float(values @ np.linalg.solve(covariance, values))
    scale = inflation(chi2, len(values) - 3)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])  # slope along x is a turn about -y
    tilt = scale**2 * turn @ normal[:2, :2] @ turn.T
    each = ", ".join(f"{t:.2f} deg {1e3 * h:+.1f} mm" for t, h in zip(tilts, heights, strict=True))
    meaning = "largest angle between the board's normal in one place and the plane through all"
    notes = f"plane through {len(places)} places of the board; tilt and height of each against it: {each}"
    if scale > 1.0:
        notes += f"; they differ {scale:.1f} times more than the pixels explain, and the sd counts it"
    return _moved_origin(root_from_world, boards), tilt, float(tilts.max()), meaning, notes


def _start(boards: FloorBoards, places: list[NDArray]) -> NDArray:
    """Level with the mean of all normals; the origin is the first board's."""
    ups = np.stack([-boards.root_from_board[place, :3, 2].mean(axis=0) for place in places])
    up = ups.mean(axis=0) / np.linalg.norm(ups.mean(axis=0))
    for place in places:
        root_from_floor(boards.root_from_board[place])  # refuses a board that moved within one place
    x = boards.root_from_board[0, :3, 0]
    x = x - (x @ up) * up
    x = x / max(float(np.linalg.norm(x)), 1e-12)
    return rigid(np.stack([x, np.cross(up, x), up], axis=1), boards.root_from_board[0, :3, 3])


def _levelled(slope_x: float, slope_y: float, offset: float) -> NDArray:
    up = np.array([-slope_x, -slope_y, 1.0])
    up /= np.linalg.norm(up)
    x = np.array([1.0, 0.0, 0.0]) - up[0] * up
    x /= np.linalg.norm(x)
    return rigid(np.stack([x, np.cross(up, x), up], axis=1), np.array([0.0, 0.0, offset]))


def _plane_equations(
    boards: FloorBoards, places: list[NDArray], root_from_world: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Values (3 p), design (3 p, 3) for slope_x, slope_y, offset, and covariance (3 p, 3 p) of the p places."""
    world_from_board = inverse(root_from_world) @ boards.root_from_board
    rotation, middle = world_from_board[:, :3, :3], boards.middle_board
    up, centre = -rotation[:, :, 2], apply(world_from_board, middle)
    # A small motion (w, v) of the board in its own frame: up moves by R (z x w), the middle by R (w x m + v).
    by_motion = np.zeros((len(up), 3, 6))
    by_motion[:, :2, :3] = (rotation @ _cross(np.array([0.0, 0.0, 1.0])))[:, :2]
    by_motion[:, 2, :3] = -(rotation @ _cross(middle))[:, 2]
    by_motion[:, 2, 3:] = rotation[:, 2]
    values, design, own, follow = [], [], [], []
    for place in places:
        values.append([up[place, 0].mean(), up[place, 1].mean(), centre[place, 2].mean()])
        x, y = centre[place, :2].mean(axis=0)
        design.append([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [x, y, 1.0]])
        part = by_motion[place]
        own.append((part @ boards.alone[place] @ part.swapaxes(1, 2)).sum(axis=0) / len(place) ** 2)
        follow.append((part @ boards.by_camera[place]).mean(axis=0))
    common = np.concatenate(follow)
    covariance = common @ boards.camera @ common.T
    for number, block in enumerate(own):
        covariance[3 * number : 3 * number + 3, 3 * number : 3 * number + 3] += block
    return np.ravel(values), np.concatenate(design), covariance


def _cross(vector: NDArray) -> NDArray:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def _check_places(boards: FloorBoards, tilts: NDArray, heights: NDArray) -> None:
    if tilts.max() <= MAX_SPREAD_DEG and np.abs(heights).max() <= _MAX_STEP_M:
        return
    each = ", ".join(
        f"place {number + 1}: {tilt:.1f} deg, {1e3 * height:+.0f} mm"
        for number, (tilt, height) in enumerate(zip(tilts, heights, strict=True))
    )
    raise CalibrationError(
        f"The {len(tilts)} places of the board are not on one plane; against the plane through all of them {each}.",
        "Name only frames in which the board lies flat on one level floor: no ramp, no mat, no table.",
        code="FLOOR_INCONSISTENT",
    )


def _moved_origin(root_from_world: NDArray, boards: FloorBoards) -> NDArray:
    """Put the origin under the first board's own, in the plane."""
    first = apply(inverse(root_from_world), boards.root_from_board[0, :3, 3])
    return root_from_world @ rigid(np.eye(3), np.array([first[0], first[1], 0.0]))
