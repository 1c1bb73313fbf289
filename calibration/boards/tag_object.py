"""A rigid object that carries tags on several faces: a cube, a pair of plates, a wall of posters.

Object frame: metres, right-handed, the file's own. Tag `t` (by its place in the object) has the corners ``4 t`` to
``4 t + 3``, clockwise from its top left as seen from its front: the outer corners of its black border.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.boards.board import tag_sides
from calibration.boards.board_rules import check_dictionary, check_length
from calibration.errors import BoardError
from calibration.rigid import rigid

_SQUARE_SHARE = 0.03  # sides and diagonals of a tag, measured on the object, may differ by this
_COPLANAR_SHARE = 0.05  # of a tag's side, out of the plane of its face
_COPLANAR_COS = np.cos(np.deg2rad(2.0))


@dataclass(frozen=True, eq=False)
class TagObject:
    """Tags that move together.

    Attributes
    ----------
    ids : tuple of int
        Marker of each tag in the dictionary.
    corners : ndarray, shape (tag, 4, 3)
        In the object frame, m, clockwise from the top left as seen from the front.
    dictionary : str
        OpenCV's name.
    inverted : bool
        Printed white on black.
    margin : float, optional
        Blank paper around the tags of a face, m; an eighth of a tag when left out.
    name : str

    Raises
    ------
    BoardError
        OBJECT_TAGS (ids doubled or not in the dictionary, fewer than two tags), OBJECT_CORNERS (a tag that is not
        square) or BOARD_UNITS.
    """

    ids: tuple[int, ...]
    corners: NDArray[np.float64]
    dictionary: str
    inverted: bool = False
    margin: float | None = None
    name: str = "tag object"
    type: str = field(default="tag_object", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(int(one) for one in self.ids))
        corners = checked_array(self.corners, "corners", (len(self.ids), 4, 3))
        corners.flags.writeable = False
        object.__setattr__(self, "corners", corners)
        _check_ids(self)
        for number, own in zip(self.ids, corners, strict=True):
            _check_square(number, own)
        if self.margin is None:
            object.__setattr__(self, "margin", float(np.median(self.sides)) / 8)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagObject) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return self.ids, self.corners.tobytes(), self.dictionary, self.inverted, self.margin, self.name

    @property
    def n_markers(self) -> int:
        """Number of tags."""
        return len(self.ids)

    @property
    def n_corners(self) -> int:
        """Number of corners, four a tag."""
        return 4 * len(self.ids)

    @property
    def corners_board(self) -> NDArray[np.float64]:
        """Corners in the object frame, shape (n_corners, 3), in m."""
        return self.corners.reshape(-1, 3)

    @property
    def sides(self) -> NDArray[np.float64]:
        """Mean side of each tag, shape (tag,), in m."""
        return np.linalg.norm(self.corners - np.roll(self.corners, 1, axis=1), axis=2).mean(axis=1)

    @property
    def fronts(self) -> NDArray[np.float64]:
        """Unit vector out of the front of each tag, shape (tag, 3)."""
        across, down = self.corners[:, 2] - self.corners[:, 0], self.corners[:, 3] - self.corners[:, 1]
        front = -np.cross(across, down)
        return front / np.linalg.norm(front, axis=1, keepdims=True)

    @cached_property
    def tag_faces(self) -> tuple[NDArray[np.int64], ...]:
        """Positions of the tags that lie in one plane and look the same way, face by face."""
        fronts, middles, sides = self.fronts, self.corners.mean(axis=1), self.sides
        left, groups = list(range(self.n_markers)), []
        while left:
            first = left[0]
            off = np.abs((self.corners[left] - middles[first]) @ fronts[first]).max(axis=1)
            same = (fronts[left] @ fronts[first] > _COPLANAR_COS) & (off < _COPLANAR_SHARE * sides[left])
            same[0] = True
            groups.append(np.array(left)[same])
            left = [one for one, taken in zip(left, same, strict=True) if not taken]
        return tuple(groups)

    @property
    def faces(self) -> tuple[NDArray[np.int64], ...]:
        """Corners, by id, that lie in one plane and look the same way."""
        return tuple((4 * tags[:, None] + np.arange(4)).ravel() for tags in self.tag_faces)

    def target_from_face(self, tags: NDArray[np.int64] | list[int]) -> NDArray[np.float64]:
        """Return a frame, shape (4, 4), of tags in one plane: x along the top of the first, z into the face.

        The origin is the top-left corner of the smallest box along these axes that holds the tags.
        """
        first, into = self.corners[tags[0]], -self.fronts[tags[0]]
        right = first[1] - first[0] + first[2] - first[3]
        right = right - (right @ into) * into
        right = right / np.linalg.norm(right)
        rotation = np.column_stack([right, np.cross(into, right), into])
        flat = (self.corners[tags] @ rotation).reshape(-1, 3)
        return rigid(rotation, rotation @ [*flat[:, :2].min(axis=0), flat[:, 2].mean()])

    @property
    def face_fronts(self) -> NDArray[np.float64]:
        """Unit vector out of the front of each face, shape (face, 3)."""
        return self.fronts[[tags[0] for tags in self.tag_faces]]

    @property
    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Ids of the ends of the tags' sides and of the first corners of tags that follow each other; distances, m."""
        first, second = tag_sides(self.n_markers)
        follow = 4 * np.arange(self.n_markers - 1)
        first, second = np.concatenate([first, follow]), np.concatenate([second, follow + 4])
        corners = self.corners_board
        return first, second, np.linalg.norm(corners[first] - corners[second], axis=1)

    def describe(self) -> str:
        """Return one line that names what there is, lengths in mm."""
        low, high = 1e3 * self.sides.min(), 1e3 * self.sides.max()
        side = f"{low:.4g}" if high - low < 0.05 else f"{low:.4g} to {high:.4g}"
        faces = len(self.tag_faces)
        parts = [f"{self.name} of {self.n_markers} tags on {faces} face{'s' if faces > 1 else ''}"]
        parts.append(f"tags {side} mm, {self.dictionary}")
        return ", ".join(parts + ["inverted"] * self.inverted)


def tag_grid(
    columns: int, rows: int, tag_length: float, pitch: float, origin: NDArray, right: NDArray, down: NDArray
) -> NDArray[np.float64]:
    """Return the corners, shape (rows * columns, 4, 3), of tags in rows on one face.

    Parameters
    ----------
    columns, rows : int
    tag_length, pitch : float
        Side of a tag, and from its edge to the same edge of the next, m.
    origin : ndarray, shape (3,)
        Top-left corner of the first tag, m.
    right, down : ndarray, shape (3,)
        Directions along the rows and down the columns as seen from the front; square to each other.

    Raises
    ------
    BoardError
        OBJECT_CORNERS
    """
    right, down = np.asarray(right, float), np.asarray(down, float)
    lengths = np.linalg.norm(right), np.linalg.norm(down)
    if not (min(lengths) > 0 and abs(right @ down) < 1e-3 * lengths[0] * lengths[1]):
        raise BoardError(
            f"The directions right {right.tolist()} and down {down.tolist()} of a face are not square to each other.",
            "Give two directions in the plane of the face, along the tags' edges.",
            code="OBJECT_CORNERS",
        )
    right, down = right / lengths[0], down / lengths[1]
    row, column = np.divmod(np.arange(columns * rows), columns)
    start = np.asarray(origin, float) + pitch * (column[:, None] * right + row[:, None] * down)
    around = tag_length * np.array([0 * right, right, right + down, down])
    return start[:, None] + around


def tag_cube(
    edge_length: float,
    tag_length: float,
    dictionary: str = "DICT_APRILTAG_36h11",
    tags_per_edge: int = 1,
    first_id: int = 0,
    faces: int = 6,
) -> TagObject:
    """Make a cube with the same grid of tags on each face.

    Parameters
    ----------
    edge_length, tag_length : float
        Of the cube and of a tag, m.
    dictionary : str
    tags_per_edge : int
        Tags along an edge of a face; they are spread evenly.
    first_id : int
        The ids run on from face to face: the four sides, the top, the bottom.
    faces : int
        How many of these carry tags; 5 for a cube that is held or stands on the last.

    Returns
    -------
    TagObject
        Origin in the middle of the cube, z up; the first side looks along x.

    Raises
    ------
    BoardError
        OBJECT_CORNERS when the tags do not fit, or as `TagObject`.
    """
    check_length("edge_length", edge_length)
    check_length("tag_length", tag_length)
    pitch = edge_length / tags_per_edge
    if pitch < 1.1 * tag_length:
        raise BoardError(
            f"{tags_per_edge} tags of {1e3 * tag_length:g} mm do not fit on an edge of {1e3 * edge_length:g} mm with "
            "blank paper around them.",
            "Use smaller tags, fewer of them, or a larger cube.",
            code="OBJECT_CORNERS",
        )
    up = np.array([0.0, 0.0, 1.0])
    sides = [(np.array([np.cos(a), np.sin(a), 0.0]).round(), -up) for a in np.pi / 2 * np.arange(4)]
    looks = [*sides, (up, np.array([-1.0, 0, 0])), (-up, np.array([1.0, 0, 0]))][:faces]
    corners = []
    for front, down in looks:
        right = np.cross(front, down)
        shift = (edge_length - pitch * (tags_per_edge - 1) - tag_length) / 2 - edge_length / 2
        origin = front * edge_length / 2 + shift * (right + down)
        corners.append(tag_grid(tags_per_edge, tags_per_edge, tag_length, pitch, origin, right, down))
    every = np.concatenate(corners)
    ids = tuple(range(first_id, first_id + len(every)))
    return TagObject(ids, every, dictionary, margin=(pitch - tag_length) / 2, name="tag cube")


def _check_ids(target: TagObject) -> None:
    check_dictionary(target.dictionary, max((*target.ids, 0)) + 1, "tag object")
    if len(target.ids) < 2 or len(set(target.ids)) < len(target.ids) or min(target.ids) < 0:
        raise BoardError(
            f"The tags {list(target.ids)} of the object are fewer than two, doubled or below 0.",
            "Give each tag its own id; two tags at least.",
            code="OBJECT_TAGS",
        )


def _check_square(number: int, corners: NDArray) -> None:
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    if not np.isfinite(sides).all():
        raise BoardError(f"Tag {number} has corners that are not numbers.", "Give metres.", code="OBJECT_CORNERS")
    check_length(f"the side of tag {number}", float(sides.mean()))
    diagonals = np.linalg.norm(corners[:2] - corners[2:], axis=1) / np.sqrt(2)
    lengths = np.concatenate([sides, diagonals])
    twist = abs(np.linalg.det(np.diff(corners, axis=0))) / sides.mean() ** 3
    if np.ptp(lengths) > _SQUARE_SHARE * lengths.mean() or twist > _SQUARE_SHARE:
        raise BoardError(
            f"The corners of tag {number} are not those of a square: sides "
            f"{', '.join(f'{1e3 * side:.1f}' for side in sides)} mm, "
            f"diagonals {', '.join(f'{1e3 * np.sqrt(2) * one:.1f}' for one in diagonals)} mm.",
            "Give the four corners of the black border in order, clockwise from the top left as seen from the front.",
            code="OBJECT_CORNERS",
        )
