"""Plates with square tags, `plates.toml`: which tags move together, where, and on which segment.

Plate frame: metres, right-handed; seen from the front of the plate x points right, y up and z to the viewer. Each tag
has four corners, those of its black border, clockwise from its top left as seen from its front.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.boards.board_rules import DICTIONARY_SIZES
from mocap.config.presets import preset_path
from mocap.errors import ConfigError

SEGMENTS = (
    "pelvis", "lumbar", "thorax", "head",
    *(f"{segment}_{side}" for segment in ("femur", "shank", "foot", "upper_arm", "forearm", "hand") for side in "rl"),
    "bar", "other",
)  # fmt: skip
"""What a plate may be fixed to."""

_SQUARE_SHARE = 0.02  # sides and diagonals of a tag may differ by this from `tag_size`
_COPLANAR_SHARE, _COPLANAR_COS = 0.05, np.cos(np.deg2rad(2.0))
_MIN_TAG_M, _MAX_TAG_M = 0.005, 1.0
# Standard deviation of a corner (px) at which its confidence is one half.
HALF_CONFIDENCE_PX = 0.5

Point = tuple[float, float, float]


@dataclass(frozen=True)
class PlateTag:
    """One tag: its `id` in the dictionary and its `corners` in the plate frame, m."""

    id: int
    corners: tuple[Point, Point, Point, Point]
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}


@dataclass(frozen=True)
class Plate:
    """Tags that move together with a segment.

    Attributes
    ----------
    name : str
        Letters, digits, `_` and `-`.
    segment : str
        One of `SEGMENTS`.
    dictionary : str
        OpenCV's name.
    tag_size : float
        Side of the black border, m.
    tag : tuple of PlateTag
    margin : float, optional
        Blank paper around each tag, m; an eighth of a tag when left out.
    note : str
        Where the geometry comes from, for people.
    """

    name: str
    segment: str
    dictionary: str
    tag_size: float
    tag: tuple[PlateTag, ...]
    margin: float | None = None
    note: str = ""
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check(bool(self.name) and all(c.isalnum() or c in "_-" for c in self.name), f"the name '{self.name}'"
               " is empty or has other characters than letters, digits, _ and -")
        _check(self.segment in SEGMENTS, f"{self.name}: segment '{self.segment}' is none of {', '.join(SEGMENTS)}")
        _check(self.dictionary in DICTIONARY_SIZES, f"{self.name}: there is no dictionary '{self.dictionary}'; known:"
               f" {', '.join(DICTIONARY_SIZES)}")
        _check(_MIN_TAG_M <= self.tag_size <= _MAX_TAG_M, f"{self.name}: tag_size = {self.tag_size} m is not a tag's;"
               " lengths are in metres")
        _check(bool(self.tag) and len(set(self.ids)) == len(self.ids), f"{self.name}: tags {list(self.ids)} are none"
               " or doubled")
        size = DICTIONARY_SIZES[self.dictionary]
        _check(all(0 <= one < size for one in self.ids), f"{self.name}: an id of {list(self.ids)} is not among the"
               f" {size} of {self.dictionary}")
        _check(self.margin is None or 0 < self.margin <= self.tag_size, f"{self.name}: margin = {self.margin} m")
        for number, corners in zip(self.ids, self.corners_plate, strict=True):
            _check_square(f"{self.name}, tag {number}", corners, self.tag_size)

    @property
    def ids(self) -> tuple[int, ...]:
        """Tag ids in order."""
        return tuple(one.id for one in self.tag)

    @cached_property
    def corners_plate(self) -> NDArray[np.float64]:
        """Corners in the plate frame, shape (tag, 4, 3), m; read-only."""
        return checked_array([one.corners for one in self.tag], "corners", (len(self.tag), 4, 3))

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """`<plate>.<id>.<corner>` for every corner, tag by tag."""
        return tuple(f"{self.name}.{number}.{corner}" for number in self.ids for corner in range(4))

    @property
    def gap(self) -> float:
        """Blank paper around each tag, m."""
        return self.tag_size / 8 if self.margin is None else self.margin

    @property
    def facets(self) -> tuple[NDArray[np.int64], ...]:
        """Positions of the tags that lie in one plane, facet by facet."""
        fronts, middles = tag_fronts(self.corners_plate), self.corners_plate.mean(axis=1)
        left, groups = np.arange(len(self.tag)), []
        while len(left):
            off = np.abs((self.corners_plate[left] - middles[left[0]]) @ fronts[left[0]]).max(axis=1)
            same = (fronts[left] @ fronts[left[0]] > _COPLANAR_COS) & (off < _COPLANAR_SHARE * self.tag_size)
            same[0] = True
            groups.append(left[same])
            left = left[~same]
        return tuple(groups)

    def facet_angles(self) -> NDArray[np.float64]:
        """Angles between the fronts of each facet and the first, shape (facet - 1,), rad."""
        fronts = tag_fronts(self.corners_plate)[[int(facet[0]) for facet in self.facets]]
        return np.arccos(np.clip(fronts[1:] @ fronts[0], -1.0, 1.0))

    def describe(self) -> str:
        """Return one line that names what there is."""
        angles = ", ".join(f"{angle:.1f}" for angle in np.rad2deg(self.facet_angles()))
        folded = f", folded by {angles} deg" if angles else ""
        ids = ", ".join(map(str, self.ids))
        return f"{self.name} ({self.segment}): tags {ids} of {1e3 * self.tag_size:.4g} mm, {self.dictionary}{folded}"


@dataclass(frozen=True)
class PlateSet:
    """The plates of one protocol; no name and no tag may be there twice."""

    plate: tuple[Plate, ...]
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        names = [plate.name for plate in self.plate]
        _check(bool(names) and len(set(names)) == len(names), f"the plates {names} are none or doubled")
        owners: dict[tuple[str, int], str] = {}
        for plate in self.plate:
            for number in plate.ids:
                other = owners.setdefault((plate.dictionary, number), plate.name)
                _check(other == plate.name, f"tag {number} is on '{other}' and on '{plate.name}'")

    def __iter__(self) -> Iterator[Plate]:
        return iter(self.plate)

    def __len__(self) -> int:
        return len(self.plate)

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Names of all corners, plate by plate."""
        return tuple(name for plate in self.plate for name in plate.keypoint_names)


def tag_fronts(corners: NDArray) -> NDArray[np.float64]:
    """Return unit vectors out of the fronts of tags, shape (tag, 3), from corners, shape (tag, 4, 3)."""
    front = -np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    return front / np.linalg.norm(front, axis=1, keepdims=True)


def confidence_of_sd(sd_px: NDArray | float) -> NDArray:
    """Return the confidence, in (0, 1], that stands for a standard deviation of a corner's u and v in px."""
    return 1.0 / (1.0 + (np.asarray(sd_px, float) / HALF_CONFIDENCE_PX) ** 2)


def sd_of_confidence(confidence: NDArray | float) -> NDArray:
    """Return the standard deviation in px that a confidence stands for: the inverse of `confidence_of_sd`."""
    share = np.clip(np.asarray(confidence, float), 1e-9, 1.0)
    return HALF_CONFIDENCE_PX * np.sqrt(1.0 / share - 1.0)


def folded_plate(
    name: str,
    segment: str,
    first_id: int,
    tag_size: float,
    facet_angle_deg: float = 30.0,
    *,
    tags_per_facet: int = 1,
    fold: str = "upright",
    dictionary: str = "DICT_APRILTAG_36h11",
    margin: float | None = None,
) -> Plate:
    """Return a plate of two equal facets, folded backwards along the middle.

    Parameters
    ----------
    first_id : int
        The ids run on, the left (or upper) facet first, each from top to bottom (from left to right).
    facet_angle_deg : float
        Between the fronts of the facets; 0 is a flat plate.
    tags_per_facet : int
        In a row along the fold.
    fold : str
        `upright`: facets left and right of the fold; `level`: above and below it.

    Returns
    -------
    Plate
        Origin in the middle of the fold.

    Raises
    ------
    ConfigError
        PLATES
    """
    _check(fold in ("upright", "level"), f"fold '{fold}' is neither upright nor level")
    _check(0 <= facet_angle_deg <= 120 and tags_per_facet >= 1, f"a facet angle of {facet_angle_deg} deg")
    gap = tag_size / 8 if margin is None else margin
    half = np.deg2rad(facet_angle_deg) / 2
    across, along, out = np.eye(3)
    if fold == "level":
        across, along = along, -across  # turned by a quarter: what was left is below, so the order is turned below
    tags, number = [], first_id
    for side in (-1.0, 1.0) if fold == "upright" else (1.0, -1.0):
        away = side * np.cos(half) * across - np.sin(half) * out
        front = np.sin(half) * side * across + np.cos(half) * out
        for place in range(tags_per_facet):
            shift = ((tags_per_facet - 1) / 2 - place) * (tag_size + 2 * gap)
            middle = (gap + tag_size / 2) * away + shift * along
            up = along if fold == "upright" else side * away
            right = np.cross(up, front)
            steps = [(-1, 1), (1, 1), (1, -1), (-1, -1)]
            corners = [middle + tag_size / 2 * (x * right + y * up) for x, y in steps]
            tags.append(PlateTag(number, tuple(_point(corner) for corner in corners)))  # type: ignore[arg-type]
            number += 1
    return Plate(name, segment, dictionary, tag_size, tuple(tags), margin)


def _point(values: NDArray) -> Point:
    x, y, z = (round(float(value), 9) + 0.0 for value in values)
    return x, y, z


def with_corners(plate: Plate, corners_plate: NDArray, note: str) -> Plate:
    """Return the same plate with other corners, shape (tag, 4, 3), m."""
    tags = tuple(
        PlateTag(one.id, tuple(_point(corner) for corner in own))  # type: ignore[arg-type]
        for one, own in zip(plate.tag, corners_plate, strict=True)
    )
    return Plate(plate.name, plate.segment, plate.dictionary, plate.tag_size, tags, plate.margin, note)


def read_plates(name_or_path: str | Path) -> PlateSet:
    """Read a `plates.toml`, or the preset of that name.

    Raises
    ------
    SourceError, ConfigError
        FILE_MISSING, PRESET_UNKNOWN, TOML, CONFIG_KEY, CONFIG_VALUE (with all that is wrong).
    """
    from mocap.config.build import build, read_toml

    path = Path(name_or_path)
    if not path.exists() and path.suffix != ".toml" and path.name == str(name_or_path):
        path = preset_path("plates", str(name_or_path))
    return build(PlateSet, read_toml(path), path.name, example="configs/plates/ shows whole files")


def plates_text(plates: PlateSet) -> str:
    """Return the text of a `plates.toml` that `read_plates` reads back equal."""
    lines = ["# Corners in metres in the plate frame (seen from the front: x right, y up, z to the viewer), clockwise"]
    lines += ["# from the top left of the black border."]
    for plate in plates:
        lines += ["", "[[plate]]", f'name = "{plate.name}"', f'segment = "{plate.segment}"']
        lines += [f'dictionary = "{plate.dictionary}"', f"tag_size = {plate.tag_size!r}"]
        lines += [] if plate.margin is None else [f"margin = {plate.margin!r}"]
        lines += [f"note = {json.dumps(plate.note)}"] if plate.note else []
        for one in plate.tag:
            lines += ["", "[[plate.tag]]", f"id = {one.id}", "corners = ["]
            lines += [f"    [{', '.join(repr(float(value)) for value in corner)}]," for corner in one.corners]
            lines += ["]"]
    return "\n".join(lines) + "\n"


def _check_square(where: str, corners: NDArray, side: float) -> None:
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    diagonals = np.linalg.norm(corners[:2] - corners[2:], axis=1) / np.sqrt(2)
    lengths = np.concatenate([sides, diagonals])
    off = np.isfinite(lengths).all() and np.abs(lengths - side).max() <= _SQUARE_SHARE * side
    _check(bool(off), f"{where}: the corners are not those of a square of tag_size {1e3 * side:.4g} mm: sides "
           f"{', '.join(f'{1e3 * one:.2f}' for one in sides)} mm")


def _check(good: bool, cause: str) -> None:
    if not good:
        raise ConfigError(f"plates: {cause}.", "Correct the plate; configs/plates/ shows whole files.", code="PLATES")
