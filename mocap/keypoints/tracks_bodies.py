"""Detections of several views joined to bodies, frame by frame: few points each, whichever side is called right.

Middles of left and right stand for both, so that a view whose sides are exchanged is still of the same person.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import essential, triangulate, undistorted
from mocap.keypoints.people import PeopleKeypoints
from mocap.keypoints.sides_names import side_pairs
from mocap.keypoints.tracks_kernels import group_frames

SPAN_FRAMES = 512
LEAST_POINTS = 3
_MOST_POINTS = 10
_ACCEPT = 0.5  # of the limit: less than a wrong person, more than the right one
_EXTENT_M = (0.15, 3.0)  # of a body, of whatever part is seen


def spans(n_frames: int, step: int = 1) -> Iterator[slice]:
    """Return parts of a recording, of so many times `step` frames, that are worked on at once."""
    length = SPAN_FRAMES * step
    return (slice(start, min(start + length, n_frames)) for start in range(0, n_frames, length))


def body_points(people: PeopleKeypoints, min_confidence: float) -> tuple[tuple[int, int], ...]:
    """Return the points to compare people by: pairs of keypoints whose middle is taken (or one keypoint twice).

    Of many the best seen ones are kept.
    """
    pairs = side_pairs(people.names)
    sided = {place for pair in pairs for place in pair}
    points = [*pairs, *((place, place) for place in range(len(people.names)) if place not in sided)]
    if len(points) < 2 * LEAST_POINTS:
        points = [(place, place) for place in range(len(people.names))]
    frames = np.unique(np.linspace(0, people.n_frames - 1, min(people.n_frames, 200)).round().astype(int))
    sure = people.confidence[:, frames] >= max(min_confidence, 1e-9)
    often = [float((sure[..., one] & sure[..., other]).mean()) for one, other in points]
    best = sorted(sorted(range(len(points)), key=lambda index: -often[index])[:_MOST_POINTS])
    return tuple(points[index] for index in best)


def body_pixels(
    people: PeopleKeypoints, span: slice, points: Sequence[tuple[int, int]], min_confidence: float
) -> NDArray:
    """Return the points to compare people by, shape (camera, time, person, point, 2); NaN where not sure."""
    confidence, pixels = people.confidence[:, span], people.pixels[:, span]
    answer = np.empty((*confidence.shape[:3], len(points), 2))
    for place, (one, other) in enumerate(points):
        sure = np.minimum(confidence[..., one], confidence[..., other]) >= max(min_confidence, 1e-9)
        middle = (pixels[..., one, :] + pixels[..., other, :]) / 2
        answer[..., place, :] = np.where(sure[..., None], middle, np.nan)
    return answer


def grouped(rig: CameraRig, pixels: NDArray, limit_px: float) -> NDArray:
    """Join the detections of each frame.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, person, point, 2)
    limit_px : float

    Returns
    -------
    ndarray, shape (time, body, point, 3)
        World, m; those seen by most views first.
    """
    n_cameras, n_frames, n_people = pixels.shape[:3]
    rays, _ = undistorted(rig, pixels)
    between = np.zeros((n_cameras, n_cameras, 3, 3))
    for a, one in enumerate(rig):
        for b, other in enumerate(rig):
            if a != b:
                between[a, b] = essential(one, other)
    weight = np.array([1.0 / (camera.matrix[0, 0] * camera.matrix[1, 1]) for camera in rig])
    group = np.empty((n_frames, n_cameras, n_people), np.int64)
    group_frames(np.ascontiguousarray(np.moveaxis(rays, 0, 1)), between, weight, LEAST_POINTS, limit_px,
                 _ACCEPT * limit_px, group)  # fmt: skip
    person = _by_views(group, n_people + 2)
    points = triangulate(rig, chosen_pixels(pixels, np.moveaxis(person, 2, 0)))
    return np.where(_plausible(points)[..., None, None], points, np.nan)


def chosen_pixels(pixels: NDArray, person: NDArray) -> NDArray:
    """Return the pixels of chosen detections.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, person, point, 2)
    person : ndarray of int, shape (camera, time, body)
        -1 is nobody.
    """
    cameras, frames = np.arange(pixels.shape[0])[:, None, None], np.arange(pixels.shape[1])[None, :, None]
    return np.where((person >= 0)[..., None, None], pixels[cameras, frames, np.maximum(person, 0)], np.nan)


def _by_views(group: NDArray, most: int) -> NDArray:
    """Turn group numbers, shape (time, camera, person), into detections, shape (time, body, camera)."""
    n_frames, n_cameras, n_people = group.shape
    size = n_cameras * n_people
    frame, camera, person = np.nonzero(group >= 0)
    own = group[frame, camera, person]
    views = np.bincount(frame * size + own, minlength=n_frames * size).reshape(n_frames, size)
    order = np.argsort(-views, axis=1, kind="stable")[:, :most]
    place = np.full((n_frames, size), -1)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    place[views < 2] = -1
    answer = np.full((n_frames, most, n_cameras), -1)
    body = place[frame, own]
    kept = body >= 0
    answer[frame[kept], body[kept], camera[kept]] = person[kept]
    return answer


def _plausible(points: NDArray) -> NDArray:
    """Bodies of a size that people have, shape (...)."""
    seen = np.isfinite(points).all(axis=-1)
    low = np.where(seen[..., None], points, 1e9).min(axis=-2)
    high = np.where(seen[..., None], points, -1e9).max(axis=-2)
    extent = (high - low).max(axis=-1)
    return (seen.sum(axis=-1) >= LEAST_POINTS) & (extent > _EXTENT_M[0]) & (extent < _EXTENT_M[1])
