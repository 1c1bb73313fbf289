"""Gravity and origin from a board on the floor.

The world's Z is the normal of the board that lies there, face up; its X runs along the board's x (`squares_x`), its
origin is the board's own origin: the outer corner of the pattern, lowered to the floor by the height of the printed
side. Over several frames of one placement the normals are averaged; origin and heading are those of the first one.
Over several placements a plane goes through all boards (`placements`). Nothing is ever turned over in silence: a
floor that ends up above the cameras is refused.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import WORLD_FROM_FLOOR_BOARD
from calibration.errors import CalibrationError
from calibration.rigid import inverse, rigid
from calibration.world.choice import WorldChoice

MAX_SPREAD_DEG = 3.0
_UPSIDE_DOWN = 0.2  # cosine
_BELOW_M = 0.1
_LEAST_BELOW = 3  # frames
_LEAST_SHARE_BELOW = 0.05


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
    return np.concatenate([positions for positions in floor_placements(choice, frame_ids, placed)])


def floor_placements(choice: WorldChoice, frame_ids: NDArray, placed: NDArray) -> list[NDArray]:
    """Return the same positions, one array per placement in the order of `choice.spans`.

    Raises
    ------
    CalibrationError
        FLOOR_NOT_SEEN, naming the placement.
    """
    return [_positions(choice, span, frame_ids, placed) for span in choice.spans]


def _positions(choice: WorldChoice, span: tuple[int, int], frame_ids: NDArray, placed: NDArray) -> NDArray:
    wanted = (frame_ids >= span[0]) & (frame_ids <= span[1])
    positions = np.flatnonzero(wanted & placed)
    if not len(positions):
        of = "" if len(choice.spans) == 1 else f", placement {span[0]}-{span[1]}"
        shown = f"{frame_ids[0]} to {frame_ids[-1]}" if len(frame_ids) else "none"
        raise CalibrationError(
            f"The board on the floor was not seen well enough in the frames of '{choice.describe()}'{of} "
            f"({int(wanted.sum())} of the frames with a board, {shown}, are among them).",
            "Name frames in which the board lies on the floor, printed side up, in full view of at least one camera.",
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
    if spread.max() > MAX_SPREAD_DEG:
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


def check_above_floor(cam_from_world: NDArray, names: tuple[str, ...], source: str = "floor_board") -> None:
    """Refuse a floor that is above cameras.

    Parameters
    ----------
    cam_from_world : ndarray, shape (camera, 4, 4)
    names : tuple of str
    source : str
        Where the floor comes from, as `WorldFrame.source` names it.

    Raises
    ------
    CalibrationError
        FLOOR_MIRRORED when every camera is below the floor, FLOOR_BELOW (naming them) when some are.
    """
    height = inverse(cam_from_world)[:, 2, 3]
    below = [f"{name} ({100 * value:.0f} cm)" for name, value in zip(names, height, strict=True) if value < 0]
    if not below:
        return
    whole, some = _BELOW.get(source, _BELOW["landmarks"])
    if len(below) == len(names):
        raise CalibrationError(f"All cameras are below the floor: {', '.join(below)}.", whole, code="FLOOR_MIRRORED")
    raise CalibrationError(f"Cameras below the floor: {', '.join(below)}.", some, code="FLOOR_BELOW")


_BELOW = {
    "floor_board": (
        "The board lies face down or the footage is mirrored: record the floor with the printed side up.",
        "Check that the board lies flat on the floor in the frames named, not on a table or against a wall.",
    ),
    "landmarks": (
        "Z points down: check the landmarks' signs, the order of a line's points (bottom first), and that no footage "
        "is mirrored.",
        "Check the heights of the landmarks above the floor.",
    ),
}


def check_boards_above(heights_m: NDArray, source: str) -> None:
    """Refuse a floor under which the board was shown: no board was ever there.

    A frame in which the board was held in the hand makes a floor like any other; that the rest of the footage lies
    on both sides of it gives it away.

    Parameters
    ----------
    heights_m : ndarray, shape (frame,)
        Of the middle of the board above the floor, wherever it was placed.
    source : str
        Of the floor, as `WorldFrame.source` names it.

    Raises
    ------
    CalibrationError
        BOARD_BELOW_FLOOR
    """
    below = heights_m < -_BELOW_M
    if below.sum() < _LEAST_BELOW or below.mean() < _LEAST_SHARE_BELOW:
        return
    remedy = {
        "floor_board": "Name frames in which the board lies flat on the floor, not in a hand. Where it lay on a box "
        "or a table, add its height above the floor: floor:FRAMES@300mm.",
        "feet": "Give contacts of feet with the floor, not with a bed, a step or a treadmill.",
    }.get(source, "Lay the markers on the floor, and give their coordinates as they lie there, Z up.")
    raise CalibrationError(
        f"In {int(below.sum())} of {len(heights_m)} frames the board was below the floor, by up to "
        f"{-100 * heights_m.min():.0f} cm: this is no floor.",
        remedy,
        code="BOARD_BELOW_FLOOR",
    )


def check_upright(cam_from_world: NDArray, names: tuple[str, ...], source: str = "floor_board") -> None:
    """Refuse a world in which every camera hangs upside down.

    Cameras that see a board are always in front of it: one held overhead, printed side down, or on a glass plate
    seen from below, makes a world whose Z points down, with all cameras "above" it. Their images tell.

    Raises
    ------
    CalibrationError
        WORLD_UPSIDE_DOWN
    """
    image_up = -cam_from_world[:, 1, 2]
    if (image_up > -_UPSIDE_DOWN).any():
        return
    turned = ", ".join(f"{name} {np.rad2deg(np.arccos(up)):.0f} deg" for name, up in zip(names, image_up, strict=True))
    what = "The board's printed side faces down" if source == "floor_board" else "Z points down"
    raise CalibrationError(
        f"{what}, or every camera hangs upside down; angle between Z and the top of the image: {turned}.",
        "Lay the board on the floor with its printed side up. Where the cameras do hang upside down, turn the "
        "footage by 180 degrees: people have to stand upright in it.",
        code="WORLD_UPSIDE_DOWN",
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
    return float(np.sqrt(np.trace(floor_tilt_covariance(camera, board_alone, board_by_camera, root_from_board))))


def floor_tilt_covariance(
    camera: NDArray, board_alone: NDArray, board_by_camera: NDArray, root_from_board: NDArray
) -> NDArray:
    """Return the covariance, shape (2, 2) in rad², of the mean normal's rotation about the first board's x and y.

    Parameters as of `floor_tilt_sd`. Frames count as independent.
    """
    turn = np.swapaxes(root_from_board[0][:3, :3][None], 1, 2) @ root_from_board[:, :3, :3]
    alone = turn @ board_alone[:, :3, :3] @ np.swapaxes(turn, 1, 2)
    follow = (turn @ board_by_camera[:, :3]).mean(axis=0)
    total = alone.mean(axis=0) / len(root_from_board) + follow @ camera @ follow.T
    return total[:2, :2]
