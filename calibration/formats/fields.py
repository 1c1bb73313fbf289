"""Take values out of what a parser returned, or refuse them by name: every reader asks through here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import FormatError, MocapError
from calibration.rigid import checked_rigid, from_rotvec, rigid

MAX_PIXELS = 1_000_000


def refused(cause: str, remedy: str = "Export the file again.", code: str = "CALIBRATION_FORMAT") -> FormatError:
    """Return the error of a file that is not what it has to be."""
    return FormatError(cause, remedy, code)


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Return a table, or refuse it."""
    if not isinstance(value, dict):
        raise refused(f"{where} is not a table but {_short(value)}.")
    return {str(key): item for key, item in value.items()}


def required(table: dict[str, Any], key: str, where: str) -> Any:
    """Return what is there under a key, or refuse the table."""
    if key not in table:
        raise refused(f"{where} lacks {key}.", f"Add {key}, or export the file again.")
    return table[key]


def numbers(value: Any, shapes: tuple[tuple[int, ...], ...], where: str) -> NDArray:
    """Return finite numbers of one of some shapes; texts of numbers count as numbers.

    A 1 in a shape may stand on either side: 3 x 1 and 1 x 3 are the same to OpenCV.
    """
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        array = np.full((0, 0, 0), np.nan)
    if array.shape not in shapes or not np.isfinite(array).all() or (np.abs(array) > 1e15).any():
        wanted = " or ".join(" x ".join(map(str, shape)) or "one" for shape in shapes)
        raise refused(f"{where} = {_short(value)} is not {wanted} finite numbers.", f"Correct {where}.")
    return array


def number(value: Any, where: str) -> float:
    """Return one finite number."""
    return float(numbers(value, ((),), where))


def words(value: str, count: int | None, where: str) -> NDArray:
    """Return the numbers of a text that are parted by spaces."""
    parts = str(value).split()
    n = len(parts) if count is None else count
    return numbers(parts[:100], ((n,),), where)


def size_of(value: Any, where: str) -> tuple[int, int]:
    """Return width and height in whole px."""
    pair = numbers(value, ((2,),), f"{where}: size")
    if (pair < 1).any() or (pair % 1 != 0).any() or (pair > MAX_PIXELS).any():
        raise refused(f"{where}: size = {pair.tolist()} is not a number of pixels.", "Correct the size.")
    return int(pair[0]), int(pair[1])


def lens_matrix(value: Any, where: str) -> NDArray:
    """Return fx 0 cx / 0 fy cy / 0 0 1."""
    matrix = numbers(value, ((3, 3),), f"{where}: matrix")
    if matrix[0, 1] != 0 or matrix[1, 0] != 0 or (matrix[2] != [0, 0, 1]).any() or (np.diag(matrix) <= 0).any():
        raise refused(f"{where}: the matrix {matrix.tolist()} has skew, or is none of a camera.", "Correct the matrix.")
    return matrix


def focal_matrix(focal: NDArray, centre: NDArray, where: str) -> NDArray:
    """Return the lens matrix of fx, fy and cx, cy."""
    return lens_matrix([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]], where)


def coefficients(value: Any, where: str, fisheye: bool = False) -> NDArray:
    """Return distortion coefficients in OpenCV's order: 5 or 8, for a fisheye 4."""
    flat = np.ravel(np.array(value, dtype=object))[:32].tolist()
    array = numbers(flat, ((len(flat),),), f"{where}: distortions")
    if len(array) > 8 and not array[8:].any():
        array = array[:8]
    if len(array) not in ((4,) if fisheye else (0, 4, 5, 8)):
        raise refused(
            f"{where}: {len(array)} distortion coefficients; a {'fisheye has 4' if fisheye else 'lens has 4, 5 or 8'}.",
            "Thin-prism and tilted models have no counterpart here: calibrate with at most 8 coefficients.",
            code="CALIBRATION_LENS",
        )
    return array if fisheye or len(array) >= 5 else np.pad(array, (0, 5 - len(array)))


def pose(rotation: NDArray, translation_m: NDArray, where: str) -> NDArray:
    """Return cam_from_world, (4, 4), of a rotation as a Rodrigues vector or a matrix and a translation in m."""
    if rotation.size == 3:
        vector = rotation.ravel()
        if np.linalg.norm(vector) > 2 * np.pi + 1e-6:
            raise refused(
                f"{where}: the rotation {vector.tolist()} is longer than a full turn.",
                "Give a Rodrigues vector in radians, not degrees.",
                code="CALIBRATION_IMPLAUSIBLE",
            )
        return from_rotvec(vector, translation_m.ravel())
    return pose_of_matrix(rotation, translation_m, where)


def pose_of_matrix(rotation: NDArray, translation_m: NDArray, where: str) -> NDArray:
    """Return cam_from_world of a 3 x 3 rotation as printed: rounded to some digits, so made orthonormal."""
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3:
        raise refused(f"{where}: the rotation is not orthonormal.", "Export the file again, with more digits.")
    left, _, right = np.linalg.svd(rotation)
    try:
        return checked_rigid(rigid(left @ right, translation_m.ravel()), f"{where}: pose")
    except MocapError as error:
        raise refused(error.cause, error.remedy) from error


def _short(value: Any) -> str:
    # repr of a deep or huge value can be longer than the file, or fail.
    if isinstance(value, dict | list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return repr(value)[:80]
