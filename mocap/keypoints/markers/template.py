"""Where the markers of a set are on a person who stands, and which points of a frame they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from calibration.arrays import checked_array
from mocap.errors import KeypointError
from mocap.trial import Points3D
from mocap.trial.checks import checked_names

_LEAST_ACROSS_M = 0.12  # horizontal distance of two markers that tell the heading
_PAIRS = 60  # of template markers tried
_LEAST_SCORE = 0.35  # cameras on one side see half of the markers twice
_SAME_HEADING = np.deg2rad(40)


@dataclass(frozen=True, eq=False)
class MarkerTemplate:
    """Markers of a person who stands upright, Z up; where and in which direction does not matter.

    Attributes
    ----------
    names : tuple of str
    position : ndarray, shape (marker, 3)
        m.
    tolerance_m : float
        How far a marker of the person to be labelled may be from there once the two stand on each other: about
        0.05 for the same person's static trial, 0.1 for that of another person of the same size.
    """

    names: tuple[str, ...]
    position: NDArray
    tolerance_m: float = 0.06

    def __post_init__(self) -> None:
        names = checked_names(self.names, "MarkerTemplate")
        position = checked_array(self.position, "position", (len(names), 3))
        if len(names) < 4 or not np.isfinite(position).all() or not self.tolerance_m > 0:
            raise KeypointError(
                f"A template of {len(names)} markers with {int(np.isnan(position).any(axis=1).sum())} missing ones.",
                "Give the positions of four markers or more, all known, and a tolerance above 0.",
                code="MARKER_TEMPLATE",
            )
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "position", position)


def template_from_static(static: Points3D, tolerance_m: float = 0.06) -> MarkerTemplate:
    """Return the template of a static trial: the median position of every marker that it shows."""
    known = np.isfinite(static.position).all(axis=2).any(axis=0)
    position = np.nanmedian(static.position[:, known], axis=0)
    names = tuple(name for name, there in zip(static.names, known, strict=True) if there)
    return MarkerTemplate(names, position, tolerance_m)


@dataclass(frozen=True, eq=False)
class Registration:
    """Which point each marker is.

    Attributes
    ----------
    point : ndarray of int, shape (marker,)
        -1 where there is none.
    score, rival : float
        Share of the markers explained, weighted by how well, and that of the best other heading.
    """

    point: NDArray
    score: float
    rival: float

    @property
    def clear(self) -> bool:
        """Whether enough markers are there, and no other heading does nearly as well."""
        return self.score > _LEAST_SCORE and self.score > 1.25 * self.rival


def register(template: MarkerTemplate, points_world: NDArray, seed: int = 0) -> Registration:
    """Find a standing person among points: a turn about the vertical and a shift, then marker by marker.

    Two markers of the template on two points of the same distance give heading and place; of all those the one that
    explains most markers is kept. Then markers are assigned one to one, where each is expected beside its
    neighbours.

    Parameters
    ----------
    template : MarkerTemplate
    points_world : ndarray, shape (point, 3)
    seed : int
        Of the choice of pairs.
    """
    none = Registration(np.full(len(template.names), -1), 0.0, 0.0)
    if len(points_world) < 4:
        return none
    gate = 2.0 * template.tolerance_m
    yaw, shift = _hypotheses(template, points_world, seed)
    if not len(yaw):
        return none
    tree = cKDTree(points_world)
    score = np.empty(len(yaw))
    for index in range(len(yaw)):
        distance, _ = tree.query(_placed(template, yaw[index], shift[index]), distance_upper_bound=gate)
        score[index] = np.sum(1.0 - np.minimum(distance / gate, 1.0) ** 2) / len(distance)
    best = int(score.argmax())
    turned = np.abs((yaw - yaw[best] + np.pi) % (2 * np.pi) - np.pi) > _SAME_HEADING
    rival = float(score[turned].max()) if turned.any() else 0.0
    point = _assigned(template, _placed(template, yaw[best], shift[best]), points_world)
    return Registration(point, float(score[best]), rival)


def _placed(template: MarkerTemplate, yaw: float, shift: NDArray) -> NDArray:
    c, s = np.cos(yaw), np.sin(yaw)
    return template.position @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]) + shift


def _hypotheses(template: MarkerTemplate, points: NDArray, seed: int) -> tuple[NDArray, NDArray]:
    """Headings, shape (hypothesis,), and shifts, shape (hypothesis, 3), by pairs on pairs."""
    tolerance = template.tolerance_m
    own = template.position[None] - template.position[:, None]
    across = np.linalg.norm(own[..., :2], axis=-1)
    first, second = np.nonzero(np.triu(across > _LEAST_ACROSS_M, 1))
    order = np.random.default_rng(seed).permutation(len(first))[:_PAIRS]
    seen = points[None] - points[:, None]
    seen_across = np.linalg.norm(seen[..., :2], axis=-1)
    yaws, shifts = [], []
    for i, j in zip(first[order], second[order], strict=True):
        alike = np.abs(seen_across - across[i, j]) < 0.7 * tolerance
        alike &= np.abs(seen[..., 2] - own[i, j, 2]) < 0.7 * tolerance
        a, b = np.nonzero(alike)
        yaw = np.arctan2(seen[a, b, 1], seen[a, b, 0]) - np.arctan2(own[i, j, 1], own[i, j, 0])
        c, s = np.cos(yaw), np.sin(yaw)
        middle = (template.position[i] + template.position[j]) / 2
        turned = np.stack([c * middle[0] - s * middle[1], s * middle[0] + c * middle[1], 0 * c + middle[2]], axis=1)
        yaws.append(yaw)
        shifts.append((points[a] + points[b]) / 2 - turned)
    if not yaws:
        return np.zeros(0), np.zeros((0, 3))
    return np.concatenate(yaws), np.concatenate(shifts)


def _assigned(template: MarkerTemplate, expected: NDArray, points: NDArray) -> NDArray:
    """One point at most per marker; each is expected where its neighbours' offsets put it."""
    point = np.full(len(expected), -1)
    neighbours = np.argsort(np.linalg.norm(expected[None] - expected[:, None], axis=-1), axis=1)
    for share in (2.0, 1.5, 1.0, 0.6, 0.6):
        gate = share * template.tolerance_m
        offset = np.zeros_like(expected)
        for marker in range(len(expected)):
            near = neighbours[marker, 1:]
            near = near[point[near] >= 0][:5]
            if len(near):
                offset[marker] = np.median(points[point[near]] - expected[near], axis=0)
        distance = np.linalg.norm((expected + offset)[:, None] - points[None], axis=-1)
        rows, columns = linear_sum_assignment(np.minimum(distance, gate) ** 2)
        point = np.full(len(expected), -1)
        near = distance[rows, columns] < gate
        point[rows[near]] = columns[near]
    return point
