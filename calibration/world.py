"""The world that a calibrated rig stands in: gravity from a board on the floor, or the frame of one camera.

With a floor the world's Z is the normal of the board that lies there, face up; its X runs along the board's x
(`squares_x`), its origin is the board's own origin: the outer corner of the pattern. Over several frames the
normals are averaged; origin and heading are those of the first one. Nothing is ever turned over in silence: a
floor that ends up above the cameras is refused.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.board import WORLD_FROM_FLOOR_BOARD
from calibration.errors import CalibrationError
from calibration.rigid import inverse, rigid

GRAVITY_FROM_FLOOR = "board on floor"
GRAVITY_UNKNOWN = "unknown"
_FLOOR_SPREAD_DEG = 3.0


@dataclass(frozen=True)
class WorldChoice:
    """Which world is wanted: `camera`'s own frame, or the floor on which the board lies in frames first to last."""

    camera: str | None = None
    first: int | None = None
    last: int | None = None

    @property
    def on_floor(self) -> bool:
        """Whether gravity comes from a board on the floor."""
        return self.first is not None

    def describe(self) -> str:
        """Return the text that `parse_world` reads."""
        if not self.on_floor:
            return f"camera:{self.camera}"
        return f"floor:{self.first}" if self.first == self.last else f"floor:{self.first}-{self.last}"


def parse_world(text: str | None, camera_names: tuple[str, ...]) -> WorldChoice:
    """Read `floor:12`, `floor:0-9` or `camera:NAME`; None is the first camera.

    Raises
    ------
    CalibrationError
        WORLD_UNKNOWN when it is none of these, or there is no such camera.
    """
    remedy = "Write floor:FRAME or floor:FIRST-LAST (the board lies on the floor there), or camera:NAME."
    if text is None:
        return WorldChoice(camera=camera_names[0])
    if match := re.fullmatch(r"floor:(\d+)(?:-(\d+))?", text.strip()):
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise CalibrationError(f"world '{text}' ends before it begins.", remedy, code="WORLD_UNKNOWN")
        return WorldChoice(first=first, last=last)
    kind, _, name = text.strip().partition(":")
    if kind == "camera" and name in camera_names:
        return WorldChoice(camera=name)
    cause = f"world '{text}' is not understood"
    if kind == "camera":
        cause = f"world '{text}' names no camera of {list(camera_names)}"
    raise CalibrationError(f"{cause}.", remedy, code="WORLD_UNKNOWN")


def floor_positions(choice: WorldChoice, frame_ids: NDArray, placed: NDArray) -> NDArray:
    """Return the positions on the frame axis of the floor frames whose board was placed.

    Parameters
    ----------
    choice : WorldChoice
        With a floor.
    frame_ids : ndarray of int, shape (frame,)
    placed : ndarray of bool, shape (frame,)

    Raises
    ------
    CalibrationError
        FLOOR_NOT_SEEN
    """
    wanted = (frame_ids >= choice.first) & (frame_ids <= choice.last)
    positions = np.flatnonzero(wanted & placed)
    if not len(positions):
        span = f"{frame_ids[0]} to {frame_ids[-1]}" if len(frame_ids) else "none"
        raise CalibrationError(
            f"The board on the floor was not seen well enough in the frames of '{choice.describe()}' "
            f"({int(wanted.sum())} of the frames with a board, {span}, are among them).",
            "Name frames in which the board lies on the floor in full view of at least one camera.",
            code="FLOOR_NOT_SEEN",
        )
    return positions


def root_from_floor(root_from_board: NDArray) -> NDArray:
    """Return root_from_world, shape (4, 4), of boards on the floor.

    Parameters
    ----------
    root_from_board : ndarray, shape (frame, 4, 4)
        Poses of the board in which it lies on the floor, in any common frame.

    Raises
    ------
    CalibrationError
        FLOOR_INCONSISTENT when the normals differ by more than 3 degrees.
    """
    up = -root_from_board[:, :3, 2]  # the board's z points into the floor
    mean_up = up.mean(axis=0) / max(float(np.linalg.norm(up.mean(axis=0))), 1e-12)
    spread = np.rad2deg(np.arccos(np.clip(up @ mean_up, -1.0, 1.0)))
    if spread.max() > _FLOOR_SPREAD_DEG:
        raise CalibrationError(
            f"The board's normal in the floor frames differs by up to {spread.max():.1f} deg from its mean.",
            "Name only frames in which the board lies still on a level floor.",
            code="FLOOR_INCONSISTENT",
        )
    first = root_from_board[0]
    x = first[:3, :3] @ WORLD_FROM_FLOOR_BOARD[0]
    x = x - (x @ mean_up) * mean_up
    x /= np.linalg.norm(x)
    return rigid(np.stack([x, np.cross(mean_up, x), mean_up], axis=1), first[:3, 3])


def check_above_floor(cam_from_world: NDArray, names: tuple[str, ...]) -> None:
    """Refuse a floor that is above cameras.

    Raises
    ------
    CalibrationError
        FLOOR_MIRRORED when every camera is below the floor, FLOOR_BELOW (naming them) when some are.
    """
    height = inverse(cam_from_world)[:, 2, 3]
    below = [f"{name} ({100 * value:.0f} cm)" for name, value in zip(names, height, strict=True) if value < 0]
    if not below:
        return
    if len(below) == len(names):
        raise CalibrationError(
            f"All cameras are below the floor board: {', '.join(below)}.",
            "The board lies face down or the footage is mirrored: record the floor with the printed side up.",
            code="FLOOR_MIRRORED",
        )
    raise CalibrationError(
        f"Cameras below the floor: {', '.join(below)}.",
        "Check that the board lies flat on the floor in the frames named, not on a table or against a wall.",
        code="FLOOR_BELOW",
    )


def floor_tilt_sd(camera: NDArray, board_alone: NDArray, board_by_camera: NDArray, root_from_board: NDArray) -> float:
    """Return the standard deviation, in rad, of the angle between the world's Z and the board's true normal.

    First order, both directions of tilt together; what the cameras leave uncertain is common to all frames, the
    rest averages out.

    Parameters
    ----------
    camera : ndarray, shape (n, n)
        Covariance of all camera parameters.
    board_alone, board_by_camera : ndarray, shape (floor, 6, 6) and (floor, 6, n)
        As in `BundleCovariance`, of the boards on the floor.
    root_from_board : ndarray, shape (floor, 4, 4)
    """
    turn = np.swapaxes(root_from_board[0][:3, :3][None], 1, 2) @ root_from_board[:, :3, :3]
    alone = turn @ board_alone[:, :3, :3] @ np.swapaxes(turn, 1, 2)
    follow = (turn @ board_by_camera[:, :3]).mean(axis=0)
    total = alone.mean(axis=0) / len(root_from_board) + follow @ camera @ follow.T
    return float(np.sqrt(max(total[0, 0] + total[1, 1], 0.0)))
