"""Landmarks that tell where up is: the file that lists them, and where the cameras saw them.

A `landmarks.toml`, lengths in metres:

    sigma_px = 1.0            # noise of one coordinate of a pixel below; 1 when left out
    level_sd_deg = 0.1        # sd of how level the L-frame, the survey or the floor is, or how upright one line; 0
    origin = "O"              # wand, plumb, feet: the landmark above which, on the floor, the origin is
    heading = "P"             # wand, plumb, feet: X points from the origin towards this landmark

    [[point]]
    name = "O"
    world = [0.0, 0.0, 0.02]  # lframe, points: known coordinates, Z up
    sd_mm = 0.2               # sd of each known coordinate; 0 when left out
    line = "A"                # wand, plumb: points of one vertical line, bottom first
    kind = "heel"             # feet: points of one kind touch the floor at one height
    height = 0.0              # wand, plumb, feet: height above the floor, where known
    [point.pixels]            # at least two cameras
    left = [512.3, 400.1]
    right = [233.0, 391.7]

For a rig that is calibrated already, `position = [x, y, z]` (in the rig's present world) and `position_sd_mm` may
stand in place of the pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import CalibrationError, FormatError
from calibration.toml_files import TomlKind, read_toml

_FILE = TomlKind(
    "landmarks", "LANDMARKS_MISSING", "LANDMARKS_FORMAT",
    "Write sigma_px, level_sd_deg, origin, heading, and per [[point]] name, world, line, kind, height and "
    "[point.pixels] with CAMERA = [x, y]; lengths in metres.",
)  # fmt: skip
_TOP = {"sigma_px", "level_sd_deg", "origin", "heading", "point"}
_POINT = {"name", "world", "sd_mm", "line", "kind", "height", "pixels", "position", "position_sd_mm"}


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What a landmark file says.

    Attributes
    ----------
    names : tuple of str
    pixels : ndarray, shape (camera, point, 2)
        In the order of the cameras asked for; NaN where not seen.
    position : ndarray, shape (point, 3)
        In the rig's present frame, m; NaN where only pixels are given.
    position_sd_m : ndarray, shape (point,)
    known_world : ndarray, shape (point, 3)
        NaN where not given.
    known_sd_m : ndarray, shape (point,)
    line, kind : tuple of str
        '' where not given.
    height_m : ndarray, shape (point,)
        NaN where not given.
    sigma_px : float
    level_sd_deg : float, optional
    origin, heading : str
        '' where not given.
    """

    names: tuple[str, ...]
    pixels: NDArray
    position: NDArray
    position_sd_m: NDArray
    known_world: NDArray
    known_sd_m: NDArray
    line: tuple[str, ...]
    kind: tuple[str, ...]
    height_m: NDArray
    sigma_px: float = 1.0
    level_sd_deg: float | None = None
    origin: str = ""
    heading: str = ""

    def index(self, name: str, what: str) -> int:
        """Return where a landmark is; refuse a name that is none.

        Raises
        ------
        CalibrationError
            LANDMARK_UNKNOWN
        """
        if name not in self.names:
            raise CalibrationError(
                f"{what} names '{name}', the landmarks are {', '.join(self.names)}.",
                f"Name one of the landmarks as {what}.",
                code="LANDMARK_UNKNOWN",
            )
        return self.names.index(name)


def read_landmarks(path: str | Path, camera_names: Sequence[str]) -> Landmarks:
    """Read a `landmarks.toml`.

    Raises
    ------
    SourceError
        LANDMARKS_MISSING when there is no such readable file.
    FormatError
        LANDMARKS_FORMAT, naming the key or the point.
    """
    return parse_landmarks(read_toml(Path(path), _FILE), camera_names)


def parse_landmarks(table: Mapping[str, Any], camera_names: Sequence[str]) -> Landmarks:
    """Check a table of landmarks and turn it into arrays.

    Raises
    ------
    FormatError
        LANDMARKS_FORMAT, naming the key or the point.
    """
    _known_keys(table, _TOP, "the file")
    points = table.get("point")
    if not isinstance(points, list) or not points or not all(isinstance(point, dict) for point in points):
        raise _refused("there is no [[point]]")
    names = tuple(str(point.get("name", f"point {number + 1}")) for number, point in enumerate(points))
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise _refused(f"the points {', '.join(doubled)} are doubled")
    pixels = np.full((len(camera_names), len(points), 2), np.nan)
    position, known = (np.full((len(points), 3), np.nan) for _ in range(2))
    for number, (name, point) in enumerate(zip(names, points, strict=True)):
        _known_keys(point, _POINT, f"point '{name}'")
        _fill_pixels(pixels[:, number], name, point.get("pixels", {}), camera_names)
        if "position" in point:
            position[number] = _vector(point["position"], 3, f"position of point '{name}'")
        if "world" in point:
            known[number] = _vector(point["world"], 3, f"world of point '{name}'")
    column = {key: np.array([_number(p, key, default) for p in points]) for key, default in _COLUMNS.items()}
    for name, point, height in zip(names, points, column["height"], strict=True):
        most = _MOST_HEIGHT_M["foot" if point.get("kind") else "origin"]
        if abs(height) > most:
            raise _refused(f"point '{name}' has height = {height:g}, in metres at most {most:g}")
    level = _number(table, "level_sd_deg", 0.0) if "level_sd_deg" in table else None
    return Landmarks(
        names, pixels, position, 1e-3 * column["position_sd_mm"], known, 1e-3 * column["sd_mm"],
        tuple(str(point.get("line", "")) for point in points), tuple(str(point.get("kind", "")) for point in points),
        column["height"], _sigma(table), level, str(table.get("origin", "")), str(table.get("heading", "")),
    )  # fmt: skip


#: Beyond it a height above the floor was not given in metres: of heels and toes, and of other landmarks.
_MOST_HEIGHT_M = {"foot": 0.5, "origin": 10.0}
_COLUMNS = {"position_sd_mm": 0.0, "sd_mm": 0.0, "height": float("nan")}


def _sigma(table: Mapping[str, Any]) -> float:
    sigma = _number(table, "sigma_px", 1.0)
    if not sigma > 0:
        raise _refused(f"sigma_px = {sigma:g} is not above 0")
    return sigma


def _known_keys(table: Mapping[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(table) - known)
    if strange:
        raise _refused(f"{where} has the unknown keys {', '.join(strange)} (known: {', '.join(sorted(known))})")


def _fill_pixels(target: NDArray, name: str, given: Any, camera_names: Sequence[str]) -> None:
    if not isinstance(given, Mapping):
        raise _refused(f"pixels of point '{name}' is no table of cameras")
    for camera, pixel in given.items():
        if camera not in camera_names:
            raise _refused(f"point '{name}' has pixels of camera '{camera}', the cameras are {list(camera_names)}")
        target[list(camera_names).index(camera)] = _vector(pixel, 2, f"pixels of point '{name}' in '{camera}'")


def _vector(value: Any, length: int, what: str) -> NDArray:
    plain = isinstance(value, list) and len(value) == length and all(_is_number(item) for item in value)
    if not plain:
        raise _refused(f"{what} is {value!r}, expected {length} numbers")
    return np.array(value, float)


def _number(table: Mapping[str, Any], key: str, default: float) -> float:
    value = table.get(key, default)
    if key in table and (not _is_number(value) or (key != "height" and value < 0)):
        raise _refused(f"{key} = {value!r} is no number of 0 or more")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))


def _refused(cause: str) -> FormatError:
    return FormatError(f"The landmarks are not understood: {cause}.", _FILE.remedy, _FILE.format_code)
