"""The world of vertical lines: a wand that stands upright, or plumb lines. Gravity only; the origin is a landmark."""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError
from calibration.rigid import rigid
from calibration.world.estimates import PointEstimates
from calibration.world.fit import across, inflation
from calibration.world.frame import WorldFrame
from calibration.world.landmarks import Landmarks

#: How upright one line stands when the file does not say: a wand held by hand, a plumb bob at rest; deg.
DEFAULT_UPRIGHT_SD_DEG = {"wand": 0.5, "plumb_line": 0.0}
_MAX_SPREAD_DEG = 3.0
_LEAST_LENGTH_M = 0.1


def vertical_frame(
    source: str,
    text: str,
    landmarks: Landmarks,
    estimates: PointEstimates,
    first_camera_root: NDArray,
    camera_covariance: NDArray | None = None,
) -> WorldFrame:
    """Return the world whose Z runs along vertical lines.

    Parameters
    ----------
    source : str
        'wand' or 'plumb_line'.
    text : str
        What was chosen.
    landmarks : Landmarks
        Points of one `line` are listed from the bottom to the top. `origin` is the landmark above or below which the
        origin lies on the floor (`height` above it); X points to `heading`, or else to the first camera.
    estimates : PointEstimates
        Of the landmarks.
    first_camera_root : ndarray, shape (3,)
        Centre of the first camera.
    camera_covariance : ndarray, shape (n, n), optional

    Raises
    ------
    CalibrationError
        WORLD_NO_ORIGIN, LANDMARK_UNKNOWN, LANDMARKS_TOO_FEW, VERTICAL_SHORT, VERTICAL_INCONSISTENT,
        HEADING_UNDEFINED.
    """
    lines = _lines(landmarks, estimates.points)
    default = DEFAULT_UPRIGHT_SD_DEG[source]
    upright = np.deg2rad(default if landmarks.level_sd_deg is None else landmarks.level_sd_deg)
    rows = np.concatenate(list(lines.values()))
    number = np.repeat(np.arange(len(lines)), [len(line) for line in lines.values()])
    covariance = estimates.covariance(camera_covariance, rows)
    up, basis, tilt, scale = fit_vertical(estimates.points[rows], number, covariance, upright)
    angles = _angles_deg(lines, estimates.points, up)
    _check_spread(angles)
    world = placed_world(up, landmarks, estimates.points, first_camera_root)
    turn = world[:3, :2].T @ basis  # basis -> world x, y
    leaning = np.array([[0.0, -1.0], [1.0, 0.0]]) @ turn  # a lean of Z along x is a turn about y
    origin = landmarks.index(landmarks.origin, "origin")
    each = ", ".join(f"{name or 'line'} {angle:.2f} deg" for name, angle in angles.items())
    notes = f"{len(lines)} vertical lines, angle of each to Z: {each}; each upright within {np.rad2deg(upright):g} deg"
    if scale > 1.0:
        notes += f"; they differ {scale:.1f} times more than stated, and the sd counts it"
    notes += f"; {origin_text(landmarks)}"
    residual = float(np.sqrt(np.mean(np.square(list(angles.values()))))) if len(rows) > 2 else float("nan")
    sd = float(1e3 * np.sqrt(np.trace(estimates.covariance(camera_covariance, np.array([origin])))))
    meaning = "RMS angle between the single lines and Z"
    return WorldFrame(source, text, world, leaning @ tilt @ leaning.T, sd, residual, "deg", meaning, notes)


def _lines(landmarks: Landmarks, points: NDArray) -> dict[str, NDArray]:
    lines = {name: np.flatnonzero([line == name for line in landmarks.line]) for name in dict.fromkeys(landmarks.line)}
    lines.pop("", None)
    short = [name for name, rows in lines.items() if len(rows) < 2]
    if not lines or short:
        cause = f"have fewer than two points: {', '.join(short)}" if short else "are not listed"
        raise CalibrationError(
            f"Vertical lines {cause}.",
            "Give `line = NAME` to two landmarks or more of each vertical line, bottom first.",
            code="LANDMARKS_TOO_FEW",
        )
    for name, rows in lines.items():
        length = float(np.linalg.norm(points[rows[-1]] - points[rows[0]]))
        if length < _LEAST_LENGTH_M:
            raise CalibrationError(
                f"The vertical line '{name}' is {1e3 * length:.0f} mm long.",
                f"Take points at least {1e3 * _LEAST_LENGTH_M:.0f} mm apart.",
                code="VERTICAL_SHORT",
            )
    return lines


def fit_vertical(
    points: NDArray, line: NDArray, covariance: NDArray, upright_sd: float
) -> tuple[NDArray, NDArray, NDArray, float]:
    """Fit one direction to several parallel lines by generalised least squares.

    Parameters
    ----------
    points : ndarray, shape (point, 3)
        Each line's own from the bottom to the top.
    line : ndarray of int, shape (point,)
        Line of each, counted from 0.
    covariance : ndarray, shape (point * 3, point * 3)
    upright_sd : float
        Standard deviation, in rad, of a line's own angle to the vertical, both directions together.

    Returns
    -------
    up : ndarray, shape (3,)
    basis : ndarray, shape (3, 2)
        Two directions across.
    covariance : ndarray, shape (2, 2)
        Of the lean of `up` along them, rad².
    inflation : float
        As `fit.inflation`, already counted.
    """
    n_lines = int(line.max()) + 1
    ends = np.stack([points[line == k][-1] - points[line == k][0] for k in range(n_lines)])
    up = ends.sum(axis=0) / np.linalg.norm(ends.sum(axis=0))
    for _ in range(4):
        basis = across(up)
        along = points @ up
        along = along - (np.bincount(line, along) / np.bincount(line))[line]
        values = (points @ basis).ravel()
        project = np.kron(np.eye(len(points)), basis.T)
        total = project @ covariance @ project.T
        lean = along[:, None] * along * (line[:, None] == line) * upright_sd**2 / 2
        weight = np.linalg.inv(total + np.kron(lean, np.eye(2)))
        design = np.zeros((2 * len(points), 2 + 2 * n_lines))
        for axis in range(2):
            design[axis::2, axis] = along
            design[2 * np.arange(len(points)) + axis, 2 + 2 * line + axis] = 1.0
        normal = np.linalg.inv(design.T @ weight @ design)
        answer = normal @ design.T @ weight @ values
        up = up + basis @ answer[:2]
        up /= np.linalg.norm(up)
    left = values - design @ answer
    scale = inflation(float(left @ weight @ left), len(values) - design.shape[1])
    return up, basis, normal[:2, :2] * scale**2, scale


def _angles_deg(lines: dict[str, NDArray], points: NDArray, up: NDArray) -> dict[str, float]:
    ends = {name: points[rows[-1]] - points[rows[0]] for name, rows in lines.items()}
    return {
        name: float(np.rad2deg(np.arctan2(np.linalg.norm(np.cross(up, end)), up @ end))) for name, end in ends.items()
    }


def _check_spread(angles: dict[str, float]) -> None:
    if max(angles.values()) <= _MAX_SPREAD_DEG:
        return
    each = ", ".join(f"{name}: {angle:.1f} deg" for name, angle in angles.items())
    raise CalibrationError(
        f"The vertical lines are not parallel; angles to their mean are {each}.",
        "List the points of every line from the bottom to the top, and keep only lines that hang or stand upright.",
        code="VERTICAL_INCONSISTENT",
    )


def placed_world(up: NDArray, landmarks: Landmarks, points: NDArray, first_camera_root: NDArray) -> NDArray:
    """Return root_from_world, shape (4, 4), for a known up: origin and heading as `vertical_frame` says.

    Raises
    ------
    CalibrationError
        WORLD_NO_ORIGIN, LANDMARK_UNKNOWN or HEADING_UNDEFINED.
    """
    if not landmarks.origin:
        raise CalibrationError(
            "A vertical says where up is, not where the origin is.",
            "Name a landmark as origin, and give it its height above the floor if it is not on it.",
            code="WORLD_NO_ORIGIN",
        )
    row = landmarks.index(landmarks.origin, "origin")
    height = landmarks.height_m[row]
    origin = points[row] - up * (height if np.isfinite(height) else 0.0)
    return headed_world(up, origin, landmarks, points, first_camera_root)


def headed_world(
    up: NDArray, origin: NDArray, landmarks: Landmarks, points: NDArray, first_camera_root: NDArray
) -> NDArray:
    """Return root_from_world with X towards the landmark `heading`, or else towards the first camera."""
    aim = points[landmarks.index(landmarks.heading, "heading")] if landmarks.heading else first_camera_root
    x = aim - origin
    x = x - (x @ up) * up
    length = float(np.linalg.norm(x))
    if length < 0.05:
        raise CalibrationError(
            f"'{landmarks.heading or 'the first camera'}' is right above the origin ({1e3 * length:.0f} mm beside it).",
            "Name a landmark away from the origin as heading.",
            code="HEADING_UNDEFINED",
        )
    x /= length
    return rigid(np.stack([x, np.cross(up, x), up], axis=1), origin)


def origin_text(landmarks: Landmarks) -> str:
    """Return where origin and heading come from, in words."""
    heading = f"landmark {landmarks.heading}" if landmarks.heading else "the first camera"
    return f"origin at landmark {landmarks.origin}, X towards {heading}"
