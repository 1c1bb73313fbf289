"""Which of the people in each camera are one and the same: the combination that the cameras agree on best.

How far two detections in two cameras miss each other is the Sampson distance of their rays, in pixels, truncated and
averaged over the keypoints that both show. A combination, one person or nobody per camera, costs the sum over all
pairs of cameras, where nobody costs a fixed price. Of each frame the best few combinations of different people are
kept, and through time the cheapest sequence of them that does not jump.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import sampson_distance_px, triangulate, undistorted
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints.people import PeopleKeypoints
from mocap.trial import Keypoints2D

_BEAM = 128  # partial combinations kept; all of them up to seven cameras with one person and nobody each
_SPAN_FRAMES = 512
_NOBODY = 0.5  # price of nobody, as a share of the limit: less than a wrong person, more than the right one


@dataclass(frozen=True)
class AssociationOptions:
    """Settings of `choose_person`.

    Attributes
    ----------
    min_confidence : float
        Keypoints below are not compared.
    limit_share : float
        Two detections farther apart than this share of the image's longer side are as wrong as can be.
    candidates : int
        How many different people are followed per frame.
    jump_m : float
        A move by this much from frame to frame is as bad as a mean distance at the limit.
    near_world : tuple of float or None
        A place in the world, m: of several people the one nearest to it is preferred. None: the one seen best.
    near_m : float
        A distance from that place that is as bad as a mean distance at the limit.
    """

    min_confidence: float = 0.2
    limit_share: float = 0.025
    candidates: int = 3
    jump_m: float = 0.5
    near_world: tuple[float, float, float] | None = None
    near_m: float = 1.0

    def __post_init__(self) -> None:
        sound = 0 <= self.min_confidence <= 1 and 0 < self.limit_share <= 1 and self.candidates >= 1
        if not (sound and self.jump_m > 0 and self.near_m > 0):
            raise ConfigError(
                f"Association options out of range: {self}.",
                "Use a confidence in 0 to 1 and limits above 0.",
                code="OPTION_RANGE",
            )


@dataclass(frozen=True, eq=False)
class PersonChoice:
    """The chosen person.

    Attributes
    ----------
    keypoints : Keypoints2D
        Of that person alone.
    person : ndarray of int, shape (camera, time)
        Place on the person axis; -1 where the camera does not show that person.
    error_px : ndarray, shape (time,)
        Mean distance between the views of the person, truncated at the limit; NaN with fewer than two views.
    others : ndarray of int, shape (time,)
        How many other people two or more cameras agree on: above 0 the choice could have been another.
    """

    keypoints: Keypoints2D
    person: NDArray
    error_px: NDArray
    others: NDArray


_DEFAULT = AssociationOptions()


def choose_person(
    people: PeopleKeypoints, rig: CameraRig, *, options: AssociationOptions = _DEFAULT
) -> PersonChoice:
    """Choose in each camera and frame the detection of one person, who stays the same through the recording.

    Parameters
    ----------
    people : PeopleKeypoints
        Cameras in the order of the rig.
    rig : CameraRig
    options : AssociationOptions

    Returns
    -------
    PersonChoice

    Raises
    ------
    KeypointError
        CAMERA_COUNT, when people and rig have another number of cameras; NO_PERSON, when no frame shows anybody in
        two cameras that agree.
    """
    if people.n_cameras != len(rig) or len(rig) < 2:
        raise KeypointError(
            f"The keypoints are of {people.n_cameras} cameras, the calibration has {len(rig)}: {list(rig.names)}.",
            "Pass keypoints and calibration of the same cameras, two or more, in the same order.",
            code="CAMERA_COUNT",
        )
    limit_px = options.limit_share * max(max(camera.size) for camera in rig)
    parts = [_candidates(people, span, rig, limit_px, options) for span in _spans(people.n_frames)]
    person, price, error, centre = (np.concatenate(part) for part in zip(*parts, strict=True))
    if not np.isfinite(error).any():
        raise KeypointError(
            "In no frame do two cameras agree on a person.",
            "Check the order of the cameras, the synchronisation, the calibration and its image size.",
            code="NO_PERSON",
        )
    path = _cheapest_path(price / limit_px, centre, options)
    frames = np.arange(people.n_frames)
    chosen = np.ascontiguousarray(person[frames, path].T)
    others = np.isfinite(error).sum(axis=1) - np.isfinite(error[frames, path])
    return PersonChoice(people.chosen(chosen), chosen, error[frames, path], others)


def _spans(n_frames: int) -> Iterator[slice]:
    return (slice(start, min(start + _SPAN_FRAMES, n_frames)) for start in range(0, n_frames, _SPAN_FRAMES))


def _candidates(
    people: PeopleKeypoints, span: slice, rig: CameraRig, limit_px: float, options: AssociationOptions
) -> tuple[NDArray, ...]:
    """Best combinations of different people.

    Returns
    -------
    person : ndarray of int, shape (time, candidate, camera)
    price, error : ndarray, shape (time, candidate)
        Mean over all pairs of cameras, nobody included, and over those that see the person, in px.
    centre : ndarray, shape (time, candidate, 3)
    """
    pixels = np.where(
        (people.confidence[:, span] >= max(options.min_confidence, 1e-9))[..., None], people.pixels[:, span], np.nan
    )
    cost = _pair_costs(rig, pixels, limit_px)
    found = []
    for _ in range(min(options.candidates, people.n_people)):
        person, price = _best_combination(cost, limit_px)
        if people.n_people == 1:
            # Nothing to choose: a camera that disagrees is for the reconstruction to judge, keypoint by keypoint.
            person = np.where(people.people_seen[:, span].T > 0, 0, -1)
        found.append((person, price, _mean_cost(cost, person), _centre(rig, pixels, person)))
        _remove(cost, person)
    return tuple(np.stack(part, axis=1) for part in zip(*found, strict=True))


def _pair_costs(rig: CameraRig, pixels: NDArray, limit_px: float) -> dict[tuple[int, int], NDArray]:
    """Mean truncated distance for every pair of cameras, shape (time, person, person); NaN where not comparable."""
    rays, _ = undistorted(rig, pixels)
    costs = {}
    for a, b in combinations(range(len(rig)), 2):
        distance = sampson_distance_px(rig.cameras[a], rig.cameras[b], rays[a][:, :, None], rays[b][:, None, :])
        seen = np.isfinite(distance)
        total = np.where(seen, np.minimum(np.nan_to_num(distance), limit_px), 0.0).sum(axis=-1)
        count = seen.sum(axis=-1)
        costs[a, b] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return costs


def _best_combination(cost: dict[tuple[int, int], NDArray], limit_px: float) -> tuple[NDArray, NDArray]:
    """Cheapest combination per frame, shape (time, camera), where -1 is nobody, and its mean price, shape (time,).

    Cameras are added one by one, and the cheapest partial combinations are kept.
    """
    n_cameras = max(b for _, b in cost) + 1
    n_frames, n_people, _ = next(iter(cost.values())).shape
    nobody = _NOBODY * limit_px
    padded = {pair: _with_nobody(table, nobody) for pair, table in cost.items()}
    frames = np.arange(n_frames)[:, None, None]
    kept = np.arange(n_people + 1)[None, :, None].repeat(n_frames, axis=0)
    total = np.zeros((n_frames, n_people + 1))
    for camera in range(1, n_cameras):
        added = np.arange(n_people + 1)[None, None, :]
        fresh = total[:, :, None] + sum(padded[c, camera][frames, kept[:, :, c, None], added] for c in range(camera))
        flat = fresh.reshape(n_frames, -1)
        order = np.argsort(flat, axis=1, kind="stable")[:, :_BEAM]
        total = np.take_along_axis(flat, order, axis=1)
        parent, choice = np.divmod(order, n_people + 1)
        kept = np.concatenate([np.take_along_axis(kept, parent[..., None], axis=1), choice[..., None]], axis=2)
    best = kept[:, 0]
    return np.where(best == n_people, -1, best), total[:, 0] / len(cost)


def _with_nobody(table: NDArray, nobody: float) -> NDArray:
    """Add nobody as the last person of both cameras. Pairs that cannot be compared cost as much as nobody."""
    n_frames, n_people, _ = table.shape
    padded = np.full((n_frames, n_people + 1, n_people + 1), nobody)
    padded[:, :n_people, :n_people] = np.where(np.isfinite(table), table, nobody)
    # Choosing someone whom no camera can vouch for must not be as good as choosing nobody.
    padded[:, :n_people, :n_people] += np.where(np.isfinite(table), 0.0, 1e-6)
    return padded


def _mean_cost(cost: dict[tuple[int, int], NDArray], person: NDArray) -> NDArray:
    """Mean over the pairs of cameras that see the person, shape (time,); NaN when there is none."""
    frames = np.arange(len(person))
    rows = []
    for (a, b), table in cost.items():
        both = (person[:, a] >= 0) & (person[:, b] >= 0)
        rows.append(np.where(both, table[frames, person[:, a], person[:, b]], np.nan))
    pairs = np.stack(rows)
    seen = np.isfinite(pairs)
    count = seen.sum(axis=0)
    return np.where(count > 0, np.where(seen, pairs, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _remove(cost: dict[tuple[int, int], NDArray], person: NDArray) -> None:
    """Take the chosen people out of the tables, for the next best combination to be of others."""
    for (a, b), table in cost.items():
        for axis, camera in ((1, a), (2, b)):
            taken = np.arange(table.shape[axis]) == person[:, camera, None]
            table[np.broadcast_to(np.expand_dims(taken, 3 - axis), table.shape)] = np.nan


def _centre(rig: CameraRig, pixels: NDArray, person: NDArray) -> NDArray:
    """Median of the person's triangulated keypoints, shape (time, 3), in the world; NaN when unknown."""
    cameras, frames = np.indices(person.T.shape)
    chosen = pixels[cameras, frames, np.maximum(person.T, 0)]
    points = triangulate(rig, np.where((person.T >= 0)[..., None, None], chosen, np.nan))
    known = np.isfinite(points).all(axis=(1, 2)) | np.isfinite(points).all(axis=2).any(axis=1)
    centre = np.full((len(person), 3), np.nan)
    centre[known] = np.nanmedian(points[known], axis=1)
    return centre


def _cheapest_path(price: NDArray, centre: NDArray, options: AssociationOptions) -> NDArray:
    """Follow one candidate through time, shape (time,): small errors, small moves.

    Parameters
    ----------
    price : ndarray, shape (time, candidate)
        In units of the limit.
    centre : ndarray, shape (time, candidate, 3)
    """
    own = price
    if options.near_world is not None:
        away = np.linalg.norm(centre - np.asarray(options.near_world), axis=-1) / options.near_m
        own = own + np.where(np.isfinite(away), np.minimum(away, 1.0), 1.0)
    n_frames, n_candidates = own.shape
    move = np.linalg.norm(centre[1:, None, :] - centre[:-1, :, None], axis=-1) / options.jump_m
    move = np.where(np.isfinite(move), np.minimum(move, 1.0), 0.5)  # (time - 1, from, to)
    total, came_from = own[0].copy(), np.zeros((n_frames, n_candidates), int)
    for frame in range(1, n_frames):
        through = total[:, None] + move[frame - 1]
        came_from[frame] = through.argmin(axis=0)
        total = through.min(axis=0) + own[frame]
    path = np.empty(n_frames, int)
    path[-1] = total.argmin()
    for frame in range(n_frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
