"""Which of several people in each camera is one and the same, while nobody knows yet where the cameras stand.

People are followed through the images of each camera by place and size. For every pair of cameras each combination
of these strands is a trial of epipolar geometry: two strands of one person fit it to within the detector's noise,
those of two people do not, or lie in a plane because a person who stands still shows nothing. The combination over
all cameras whose pairs together explain most is taken.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.points.epipolar import MIN_SHARED_POINTS, epipolar_pair
from calibration.points.start import robust_points
from calibration.triangulation import undistorted

_STEP = 0.3  # of a person's own size: farther from one sight to the next is somebody else
_GAP_FRAMES = 15
_STRANDS = 4  # per camera: the longest; four in two cameras are 16 trials
_LEAST_SHARE = 0.02  # of the frames, for a strand that counts
_CAP_PX = 20.0  # at which the cost of an epipolar pair is truncated
_BEAM = 64
_RIVAL = 0.5  # somebody who explains more than this share of the best is to be told apart
_WANDERS = 2.0  # times as far: the one who walks is meant
_NEAR_SHARE = 0.025  # of the longer side of the image: as near the person has to be to where the cameras expect it
_ROUNDS = 2

Scores = dict[tuple[int, int], NDArray]


@dataclass(frozen=True, eq=False)
class PersonAcrossCameras:
    """One person in all cameras.

    Attributes
    ----------
    person : ndarray of int, shape (camera, frame)
        Place on the person axis; -1 where that person is not seen, or not surely.
    rivals : int
        How many other people two or more cameras agree on.
    """

    person: NDArray
    rivals: int


def strands_of(pixels: NDArray) -> NDArray:
    """Follow people through the images of one camera, shape (frame, person): number of the strand, -1 for nobody.

    Parameters
    ----------
    pixels : ndarray, shape (frame, person, keypoint, 2)
        NaN where not seen.
    """
    seen = np.isfinite(pixels).all(axis=3)
    strand = np.full(seen.shape[:2], -1)
    last: list[tuple[int, NDArray]] = []
    for frame, there in enumerate(seen.any(axis=2)):
        people = np.flatnonzero(there)
        alive = [i for i, (when, _) in enumerate(last) if frame - when <= _GAP_FRAMES]
        steps = np.array([[_step(last[i][1], pixels[frame, p]) for i in alive] for p in people])
        if len(people) and alive:
            for row, column in zip(*linear_sum_assignment(np.minimum(steps, 10.0)), strict=True):
                if steps[row, column] < _STEP:
                    strand[frame, people[row]] = alive[column]
        for p in people:
            if strand[frame, p] < 0:
                strand[frame, p] = len(last)
                last.append((frame, pixels[frame, p]))
            last[strand[frame, p]] = (frame, pixels[frame, p])
    return strand


def _step(before: NDArray, now: NDArray) -> float:
    """Median motion of the keypoints that both sights show, in sizes of the person; large when there are none."""
    both = np.isfinite(before).all(axis=1) & np.isfinite(now).all(axis=1)
    if not both.any():
        return 10.0
    size = max(_size(before), _size(now), 1.0)
    return float(np.median(np.linalg.norm(now[both] - before[both], axis=1)) / size)


def _size(points: NDArray) -> float:
    known = points[np.isfinite(points).all(axis=1)]
    return float(np.linalg.norm(np.ptp(known, axis=0))) if len(known) else 0.0


def person_across_cameras(rigs: list[CameraRig], pixels: NDArray, seed: int = 0) -> PersonAcrossCameras:
    """Choose the person on whom most cameras agree, and of two such the one who walks.

    Parameters
    ----------
    rigs : list of CameraRig
        Lenses, or guesses of them, of which the best fitting counts; poses do not matter.
    pixels : ndarray, shape (camera, frame, person, keypoint, 2)
        NaN where not seen.
    seed : int

    Raises
    ------
    CalibrationError
        SEVERAL_PEOPLE when cameras agree on nobody, or as well on somebody else who moves as much.
    """
    strands = np.stack([strands_of(camera) for camera in pixels])
    tracks = [_longest(camera, strand) for camera, strand in zip(pixels, strands, strict=True)]
    tables = [_scores(rig, tracks, seed) for rig in rigs]
    found = [_best_combination(table, [len(t) for t in tracks]) for table in tables]
    best = int(np.argmax([total for _, total in found]))
    chosen, total = found[best]
    if total <= 0:
        crowded = np.isfinite(pixels).all(axis=-1).any(axis=-1).sum(axis=2) > 1
        raise CalibrationError(
            f"{int(crowded.sum())} of {crowded.size} camera frames show several people, and no two cameras agree on "
            "one of them: which one is meant cannot be told.",
            "Record again with one person alone in all images, who walks through the whole volume.",
            code="SEVERAL_PEOPLE",
        )
    own, rivals = chosen, 0
    table, ahead = tables[best], total
    while True:
        table = _without(table, chosen)
        chosen, score = _best_combination(table, [len(t) for t in tracks])
        if score <= 0:
            break
        rivals += 1
        if score > _RIVAL * ahead:
            own = _who_walks(tracks, own, chosen)
    person = np.full(strands.shape[:2], -1)
    for camera, place in enumerate(own):
        if place >= 0:
            frames, slots = np.nonzero(strands[camera] == tracks[camera][place][0])
            person[camera, frames] = slots
    return PersonAcrossCameras(person, rivals)


def _longest(pixels: NDArray, strand: NDArray) -> list[tuple[int, NDArray]]:
    """Number and pixels, shape (frame, keypoint, 2), of the strands of a camera with most points."""
    count = np.bincount(strand[strand >= 0], minlength=1)
    long = [i for i in np.argsort(-count, kind="stable")[:_STRANDS] if count[i] > _LEAST_SHARE * len(strand)]
    answer = []
    for number in long:
        track = np.full((pixels.shape[0], *pixels.shape[2:]), np.nan)
        frames, slots = np.nonzero(strand == number)
        track[frames] = pixels[frames, slots]
        answer.append((int(number), track))
    return answer


def _scores(rig: CameraRig, tracks: list[list[tuple[int, NDArray]]], seed: int) -> Scores:
    """What each pair of strands explains: points, times how far below the cap their misfit is."""
    rays = [
        [undistorted(CameraRig((camera,)), track[None])[0].reshape(-1, 2) for _, track in own]
        for camera, own in zip(rig, tracks, strict=True)
    ]
    focal = [float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1])) for camera in rig]
    scores = {}
    for a, b in combinations(range(len(rig)), 2):
        table = np.zeros((len(rays[a]), len(rays[b])))
        for i, one in enumerate(rays[a]):
            for j, other in enumerate(rays[b]):
                both = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
                if both.sum() >= MIN_SHARED_POINTS:
                    pair = epipolar_pair(one[both], other[both], focal[a], focal[b], seed)
                    gain = np.log(_CAP_PX / max(float(np.sqrt(pair.cost)), 0.1))
                    table[i, j] = pair.n_agreeing * gain if pair.usable else 0.0
        scores[a, b] = table
    return scores


def _best_combination(scores: Scores, counts: list[int]) -> tuple[tuple[int, ...], float]:
    """Strand of each camera, -1 for none, that together explain most."""
    kept: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for camera, count in enumerate(counts):
        longer = []
        for total, places in kept:
            longer.append((total, (*places, -1)))
            for place in range(count):
                gain = sum(scores[c, camera][own, place] for c, own in enumerate(places) if own >= 0)
                longer.append((total + float(gain), (*places, place)))
        kept = sorted(longer, key=lambda entry: -entry[0])[:_BEAM]
    total, places = kept[0]
    # A strand that no other camera vouches for is nobody.
    vouched = [
        place >= 0
        and any(
            other >= 0 and scores[min(a, b), max(a, b)][(place, other) if a < b else (other, place)] > 0
            for b, other in enumerate(places)
            if b != a
        )
        for a, place in enumerate(places)
    ]
    return tuple(place if good else -1 for place, good in zip(places, vouched, strict=True)), total


def _without(scores: Scores, chosen: tuple[int, ...]) -> Scores:
    answer = {}
    for (a, b), table in scores.items():
        left = table.copy()
        if chosen[a] >= 0:
            left[chosen[a]] = 0.0
        if chosen[b] >= 0:
            left[:, chosen[b]] = 0.0
        answer[a, b] = left
    return answer


def _who_walks(
    tracks: list[list[tuple[int, NDArray]]], one: tuple[int, ...], other: tuple[int, ...]
) -> tuple[int, ...]:
    ways = [np.mean([_way(tracks[c][place][1]) for c, place in enumerate(own) if place >= 0]) for own in (one, other)]
    if ways[0] > _WANDERS * ways[1]:
        return one
    if ways[1] > _WANDERS * ways[0]:
        return other
    raise CalibrationError(
        "The cameras agree on two people who move about alike: which of them has the known length cannot be told.",
        "Record again with that person alone, or with the others standing still at the side.",
        code="SEVERAL_PEOPLE",
    )


def _way(track: NDArray) -> float:
    """How far a person moves through the image, in sizes of the person: across it, and in size."""
    frames = np.isfinite(track).all(axis=2).any(axis=1)
    known = track[frames]
    size = np.array([max(_size(points), 1.0) for points in known])
    place = np.nanmedian(known, axis=1) / np.median(size)
    return float(np.sqrt(place.var(axis=0).sum() + np.log(size).var()))


def followed(rig: CameraRig, pixels: NDArray, person: NDArray) -> NDArray:
    """Return again who the person is in every camera frame, now that it is known where the cameras stand.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, frame, person, keypoint, 2)
    person : ndarray of int, shape (camera, frame)
        As `person_across_cameras` says.

    Returns
    -------
    ndarray of int, shape (camera, frame)
        Whoever is where the cameras together have the person; -1 where nobody is.
    """
    limit = np.array([_NEAR_SHARE * max(camera.size) for camera in rig])[:, None, None, None]
    camera, frame = np.indices(person.shape)
    for _ in range(_ROUNDS):
        own = np.where((person >= 0)[..., None, None], pixels[camera, frame, np.maximum(person, 0)], np.nan)
        expected = rig.project(robust_points(rig, own))[:, :, None]
        off = np.linalg.norm(pixels - expected, axis=-1)
        # Each keypoint that is near counts, so that one stray keypoint of somebody else does not.
        gain = np.where(np.isfinite(off), np.maximum(limit - off, 0.0), 0.0).sum(axis=3)
        placed = np.isfinite(expected).all(axis=(2, 4)).any(axis=2)
        person = np.where(placed, np.where(gain.max(axis=2) > 0, gain.argmax(axis=2), -1), person)
    return person
