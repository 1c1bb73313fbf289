"""Corners of tags: grids of them on a board, and objects with tags on several faces.

A tag's corner is the meeting of two edges of its black border (an L), or the crossing of the same edges where a black
square touches it from outside (an X, on an April grid). Both are fitted as blurred edges to the pixels within a few
px of the corner: near enough that a bent lens leaves the edges straight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.detection.markers import Markers, find_markers
from calibration.detection.pattern import consistent_markers, predict
from calibration.detection.regions import Region
from calibration.detection.tag_kernels import N_CELLS, fit_tag_corners

_MIN_CONTRAST = 12.0  # gray levels, paper minus ink
_MAX_RESIDUAL, _DOUBTFUL_RESIDUAL = 0.2, 0.03  # of the contrast
_MAX_SD_PX = 0.25
_MAX_SHIFT = 0.2  # sides of a tag between the expected and the fitted corner
_REACH = 1.6  # pitches over which corners are expected beyond what was seen
_ROUNDS = 8
_OFFSET = 7  # gray levels below the mean of the surroundings
_SHARES = (0.4, 0.25, 0.12)  # of the contrast, below the mean of the surroundings: what touches comes apart
_FEW_TAGS = 4


@dataclass(frozen=True, eq=False)
class TagFace:
    """Tags in one plane.

    Attributes
    ----------
    tags : ndarray of int, shape (tag,)
        Positions in the target.
    ids : ndarray of int, shape (tag,)
        Their markers.
    points : ndarray, shape (tag, 4, 2)
        Corners in the plane, in pitches.
    side : ndarray, shape (tag,)
        In pitches.
    ink : ndarray, shape (tag, 4, N_CELLS, N_CELLS)
        Cells around each corner, from it along the side to the next corner and along that to the one before.
    cell : float
        Width of a cell, in sides.
    gap : float
        Blank space around a tag, in sides.
    """

    tags: NDArray[np.int64]
    ids: NDArray[np.int64]
    points: NDArray[np.float64]
    side: NDArray[np.float64]
    ink: NDArray[np.float64]
    cell: float
    gap: float


@lru_cache(maxsize=32)
def faces_of(target: Board | TagObject) -> tuple[TagFace, ...]:
    """Return the faces of a grid (one) or of an object."""
    dictionary, cell = str(target.dictionary), 1.0 / _cells(str(target.dictionary))
    if isinstance(target, Board):
        tags, pitch, length = np.arange(target.n_markers), target.square_length, float(target.marker_length or 0)
        points = target.corners_board[:, :2].reshape(-1, 4, 2) / pitch
        sides = np.full(len(tags), length / pitch)
        return (TagFace(tags, tags, points, sides, _ink(dictionary, tags), cell, target.gap / length),)
    found = []
    for tags in target.tag_faces:
        place, own, ids = target.target_from_face(tags), target.sides[tags], np.array(target.ids)[tags]
        pitch = 1.25 * float(own.mean())
        points = (target.corners[tags] - place[:3, 3]) @ place[:3, :2] / pitch
        gap = float(target.margin or 0) / float(own.mean())
        found.append(TagFace(tags, ids, points, own / pitch, _ink(dictionary, ids), cell, gap))
    return tuple(found)


def tag_corners(gray: NDArray, target: Board | TagObject, markers: Markers | None = None) -> NDArray[np.float64]:
    """Find the corners of tags in an image in which they are dark on light.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    target : Board or TagObject
        A board is a grid of tags.
    markers : Markers, optional
        `find_tags` of the image when left out.

    Returns
    -------
    ndarray, shape (n_corners, 2)
        In px; NaN where a corner is not seen.

    Notes
    -----
    Tags that contradict the others of their face are taken out. The corners of tags that were not read, beside those
    that were, are expected by homographies of their neighbours and kept when the image shows them there.
    """
    markers = find_tags(gray, target) if markers is None else markers
    gray = checked_array(np.ascontiguousarray(gray), "gray", ("height", "width"), np.uint8)  # one compiled signature
    answer = np.full((target.n_markers, 4, 2), np.nan)
    crossed = target.type == "april_grid"
    for face in faces_of(target):
        found = np.flatnonzero(np.isin(markers.ids, face.ids))
        place = np.searchsorted(face.ids, markers.ids[found], sorter=np.argsort(face.ids))
        own = np.argsort(face.ids)[place]
        if len(own) > 1 or isinstance(target, Board):
            keep = consistent_markers(face.points[own], markers.corners[found])
            own, found = own[keep], found[keep]
        if len(own):
            answer[face.tags] = _grown(gray, face, own, markers.corners[found], crossed)
    return answer.reshape(-1, 2)


def find_tags(gray: NDArray, target: Board | TagObject) -> Markers:
    """Read the tags of a target in an image in which they are dark on light; of a tag found twice, none."""
    if isinstance(target, TagObject):
        # A lone tag on a face shows too few saddle points to be looked for by them.
        whole = [Region(0, 0, gray.shape[1], gray.shape[0])]
        return find_markers(gray, target.dictionary, target.n_markers, max(target.ids) + 1, whole)
    shares = _SHARES if target.type == "april_grid" else (0.0,)
    enough = max(_FEW_TAGS, target.n_markers // 2)
    return find_markers(gray, str(target.dictionary), enough, target.n_markers, shares=shares)


def read_tags(gray: NDArray, dictionary: str, shares: Sequence[float] = (0.0, 0.22), enough: int = 1000) -> Markers:
    """Read markers that are dark on light, apart or touching at their corners.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    dictionary : str
    shares : sequence of float
        How much darker than its surroundings ink has to be, as a share of the image's contrast, one after the other;
        OpenCV's own threshold for 0, or when there are none.
    enough : int
        Number of markers after which no further threshold is tried.
    """
    low, high = np.percentile(gray[::4, ::4], [2, 98])
    ids, corners = np.zeros(0, int), np.zeros((0, 4, 2))
    for share in shares or (0.0,):
        offset = max(round(share * (high - low)), _OFFSET)
        image, read, _ = _detector(dictionary, offset).detectMarkers(gray)
        if read is not None and len(read):
            fresh = ~np.isin(np.ravel(read), ids)
            ids = np.append(ids, np.ravel(read)[fresh])
            corners = np.concatenate([corners, np.asarray(image, float).reshape(-1, 4, 2)[fresh]])
        if len(ids) > enough:
            break
    values, counts = np.unique(ids, return_counts=True)
    once = np.isin(ids, values[counts == 1])
    return Markers(ids[once], corners[once])


def _grown(gray: NDArray, face: TagFace, read: NDArray, corners: NDArray, crossed: bool) -> NDArray[np.float64]:
    """Fit the corners of the tags that were read, then those beside them, shape (tag, 4, 2)."""
    points = face.points.reshape(-1, 2)
    answer = np.full(points.shape, np.nan)
    missing = np.ones(len(points), bool)
    known, image = face.points[read].reshape(-1, 2), corners.reshape(-1, 2)
    for _ in range(_ROUNDS):
        distance = np.linalg.norm(points[:, None] - known, axis=2).min(axis=1)
        todo = np.flatnonzero(missing & (distance < _REACH))
        if not len(todo):
            break
        missing[todo] = False
        start, axes = predict(known, image, points[todo])
        answer[todo] = _fitted(gray, face, todo, start, axes, crossed)
        good = ~np.isnan(answer[todo, 0])
        if missing[todo].size and len(known) == 4 * len(read):
            known, image = np.empty((0, 2)), np.empty((0, 2))  # from here on only fitted corners count
        known, image = np.concatenate([known, points[todo[good]]]), np.concatenate([image, answer[todo[good]]])
        if len(known) < 4:
            break
    return answer.reshape(-1, 4, 2)


def _fitted(
    gray: NDArray, face: TagFace, todo: NDArray, start: NDArray, axes: NDArray, crossed: bool
) -> NDArray[np.float64]:
    """Return fitted corners, shape (corner, 2); NaN where the image does not show one."""
    tag, corner = np.divmod(todo, 4)
    sides = np.stack(
        [face.points[tag, (corner + step) % 4] - face.points[tag, corner] for step in (1, 3)], axis=-1
    )  # in the plane, from the corner to its neighbours
    along = axes @ sides
    ink = face.ink[tag, corner]
    height, width = gray.shape
    inside = ((start > 1) & (start < [width - 2, height - 2])).all(axis=1)
    answer, best = np.full((len(todo), 2), np.nan), np.full(len(todo), _MAX_RESIDUAL)
    for model in (True, False) if crossed else (False,):
        # Where the squares are missing the crossing fits badly, but well enough to be taken; the L then fits better.
        left = np.flatnonzero(inside & (np.isnan(answer[:, 0]) | (best > _DOUBTFUL_RESIDUAL)))
        if not len(left):
            break
        fit = fit_tag_corners(gray, start[left], along[left], ink[left], face.cell, face.gap, model)
        shift = np.linalg.norm(fit[:, :2] - start[left], axis=1) / np.linalg.norm(along[left], axis=1).min(axis=1)
        good = (fit[:, 3] > _MIN_CONTRAST) & (fit[:, 4] < best[left]) & (fit[:, 2] < _MAX_SD_PX)
        good &= (shift < _MAX_SHIFT) & ((fit[:, :2] > 0) & (fit[:, :2] < [width - 1, height - 1])).all(axis=1)
        answer[left[good]], best[left[good]] = fit[good, :2], fit[good, 4]
    return answer


def _ink(dictionary: str, ids: NDArray) -> NDArray[np.float64]:
    """Return the cells around the corners of markers, as `TagFace.ink` has them."""
    table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    answer = np.empty((len(ids), 4, N_CELLS, N_CELLS))
    for number, marker in enumerate(ids):
        black = cv2.aruco.generateImageMarker(table, int(marker), _cells(dictionary)) == 0
        for corner in range(4):
            # Turned so that the corner is the top left; its first index then counts along the side to the next one.
            answer[number, corner] = np.rot90(black, corner)[:N_CELLS, :N_CELLS].T
    return answer


def _cells(dictionary: str) -> int:
    """Cells along the side of a tag, border included."""
    return int(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary)).markerSize) + 2


@lru_cache(maxsize=64)
def _detector(dictionary: str, offset: int) -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshConstant = float(offset)
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary)), parameters)
