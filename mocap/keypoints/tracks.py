"""All people of a recording: which detections are one and the same person, over all views and all frames.

Each frame's detections are joined to bodies by how their rays miss each other; bodies are followed through time as
points in the room, where people cannot be in one place; pieces are joined over gaps by place and size of the body;
then each track, smoothed, claims in each view the detection that it is projected on. The participant is chosen from
the tracks by `mocap.keypoints.participant`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints.people import PeopleKeypoints
from mocap.keypoints.tracks_bodies import LEAST_POINTS, body_pixels, body_points, grouped, spans
from mocap.keypoints.tracks_link_kernels import claim_views, link_frames
from mocap.keypoints.tracks_pieces import body_lengths, continuous, joined_pieces

_KEY_RATE_HZ = 25.0  # bodies are put together so often; in between people move on smoothly
_ONE_PLACE_M = 0.25
_CLAIM = 0.75  # of the limit: farther from where a body is, a detection is not of it
_UNAMBIGUOUS = 2.0  # the next best detection is so much farther away


@dataclass(frozen=True)
class TrackOptions:
    """Settings of `associate_people`.

    Attributes
    ----------
    min_confidence : float
        Keypoints below are not compared.
    limit_share : float
        Two detections farther apart than this share of the image's longer side are as wrong as can be.
    reach_m : float
        A body moves by less from one frame to the next.
    speed_m_s : float
        How fast somebody may move who is not seen for a moment.
    gap_s : float
        Whoever is not seen for longer is another piece of a track.
    join_s : float
        Pieces are joined over gaps up to this long, where place and size of the body agree.
    least_s : float
        Pieces that are shorter are nobody.
    """

    min_confidence: float = 0.2
    limit_share: float = 0.025
    reach_m: float = 0.3
    speed_m_s: float = 2.0
    gap_s: float = 0.4
    join_s: float = 10.0
    least_s: float = 0.1

    def __post_init__(self) -> None:
        positive = (self.reach_m, self.speed_m_s, self.gap_s, self.join_s)
        if not (0 <= self.min_confidence <= 1 and 0 < self.limit_share <= 1 and min(positive) > 0 <= self.least_s):
            raise ConfigError(
                f"Track options out of range: {self}.", "Use a confidence in 0 to 1 and limits above 0.",
                code="OPTION_RANGE",
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class PeopleTracks:
    """People over time.

    Attributes
    ----------
    people : PeopleKeypoints
        What they were found in.
    camera_names : tuple of str
    person : ndarray of int, shape (track, camera, time)
        Place on the person axis; -1 where the camera does not show that person.
    centre_world : ndarray, shape (track, time, 3)
        Middle of the body, m; NaN where fewer than two views show it.
    error_px : ndarray, shape (track, time)
        Mean distance of its detections from the body projected into the views.
    doubtful : ndarray of bool, shape (track, time)
        Present in one view or more, but fewer than two tell it from somebody else; and the frames next to a gap over
        which another person might have gone on in its place.
    moved_m : ndarray, shape (track,)
        How far its points stray from where they are mostly: nothing for a poster.
    middle_world : ndarray, shape (3,)
        The place that the cameras look at.
    lengths_m : ndarray, shape (track, point, point)
        Median distances between the points that people are told apart by.
    """

    people: PeopleKeypoints
    camera_names: tuple[str, ...]
    person: NDArray
    centre_world: NDArray
    error_px: NDArray
    doubtful: NDArray
    moved_m: NDArray
    middle_world: NDArray
    lengths_m: NDArray

    @property
    def n_tracks(self) -> int:
        """Number of people, or of pieces that nothing joins."""
        return len(self.person)

    @property
    def views(self) -> NDArray:
        """How many views show each person, shape (track, time)."""
        return (self.person >= 0).sum(axis=1)

    @property
    def seen(self) -> NDArray:
        """Where two views or more show a person, shape (track, time)."""
        return self.views >= 2


_DEFAULT = TrackOptions()


def associate_people(people: PeopleKeypoints, rig: CameraRig, options: TrackOptions = _DEFAULT) -> PeopleTracks:
    """Follow everybody through all views and frames.

    Parameters
    ----------
    people : PeopleKeypoints
        Cameras in the order of the rig.
    rig : CameraRig
    options : TrackOptions

    Returns
    -------
    PeopleTracks
        Those seen by two views or more, the one seen longest first.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, when people and rig have another number of cameras; NO_PERSON, when no two cameras agree on
        anybody.
    """
    if people.n_cameras != len(rig) or len(rig) < 2:
        raise KeypointError(
            f"The keypoints are of {people.n_cameras} cameras, the calibration has {len(rig)}: {list(rig.names)}.",
            "Pass keypoints and calibration of the same cameras, two or more, in the same order.",
            code="CAMERA_COUNT",
        )
    limit_px = options.limit_share * max(max(camera.size) for camera in rig)
    pairs = body_points(people, options.min_confidence)
    step = max(int(people.rate_hz / _KEY_RATE_HZ), 1)
    found = [
        grouped(rig, body_pixels(people, slice(span.start, span.stop, step), pairs, options.min_confidence), limit_px)
        for span in spans(people.n_frames, step)
    ]
    bodies = np.concatenate(found) if found else np.empty((0, 1, len(pairs), 3))
    tracks, joints = _tracks(bodies, step, people, options)
    if not len(tracks):
        raise KeypointError(
            "In no frame do two cameras agree on a person.",
            "Check the order of the cameras, the synchronisation, the calibration and its image size.",
            code="NO_PERSON",
        )
    person, error, doubtful = _claimed(people, rig, pairs, tracks, limit_px, options)
    doubtful |= joints & (person >= 0).any(axis=1)
    return _ordered(people, rig, tracks, person, error, doubtful)


def _tracks(
    bodies: NDArray, step: int, people: PeopleKeypoints, options: TrackOptions
) -> tuple[NDArray, NDArray]:
    """Follow bodies of every `step`-th frame: tracks, (track, time, point, 3), and doubtful joints, (track, time)."""
    number, rate_hz = np.empty(bodies.shape[:2], np.int64), people.rate_hz / step
    memory = max(round(options.gap_s * rate_hz), 1)
    n_pieces = link_frames(
        bodies, LEAST_POINTS, options.reach_m, options.speed_m_s / rate_hz, memory, _ONE_PLACE_M, number
    )  # fmt: skip
    order = np.argsort(number, axis=None, kind="stable")
    n_bodies = bodies.shape[1]
    sizes = np.bincount(number[number >= 0], minlength=n_pieces)
    starts = np.cumsum(sizes) - sizes + int((number < 0).sum())
    pieces = []
    for piece in np.flatnonzero(sizes >= max(round(options.least_s * rate_hz), 1 if step > 1 else 2)):
        frame, body = np.divmod(order[starts[piece] : starts[piece] + sizes[piece]], n_bodies)
        pieces.append((frame * step, bodies[frame, body]))
    tracks, joints = joined_pieces(pieces, people.n_frames, people.rate_hz, options.join_s, options.speed_m_s)
    return continuous(tracks, max(round(options.gap_s * people.rate_hz), 1), 5 if step == 1 else 3), joints


def _claimed(
    people: PeopleKeypoints, rig: CameraRig, pairs: tuple[tuple[int, int], ...], tracks: NDArray, limit_px: float,
    options: TrackOptions,
) -> tuple[NDArray, NDArray, NDArray]:  # fmt: skip
    """Detections that each track claims, their error and which of them are doubtful."""
    n_tracks, n_frames = tracks.shape[:2]
    person = np.full((n_tracks, len(rig), n_frames), -1)
    error, sure = np.full((n_tracks, n_frames), np.nan), np.zeros((n_tracks, n_frames), np.int64)
    for span in spans(n_frames):
        here = np.flatnonzero(np.isfinite(tracks[:, span]).any(axis=(1, 2, 3)))
        if not len(here):
            continue
        bodies, pixels = tracks[here, span], body_pixels(people, span, pairs, options.min_confidence)
        shape = bodies.shape[:2]
        index, own, second, total = np.empty(shape, np.int64), np.empty(shape), np.empty(shape), np.zeros(shape)
        for camera, lens in enumerate(rig):
            claim_views(lens.project(bodies), pixels[camera], LEAST_POINTS, limit_px, _CLAIM * limit_px,
                        index, own, second)  # fmt: skip
            person[here, camera, span] = index
            total += np.where(index >= 0, own, 0.0)
            sure[here, span] += (index >= 0) & (second > np.maximum(_UNAMBIGUOUS * own, own + limit_px / 8))
        count = (person[here, :, span] >= 0).sum(axis=1)
        error[here, span] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return person, error, (person >= 0).any(axis=1) & (sure < 2)


def _ordered(
    people: PeopleKeypoints, rig: CameraRig, tracks: NDArray, person: NDArray, error: NDArray, doubtful: NDArray
) -> PeopleTracks:
    seen = np.isfinite(tracks).all(axis=-1)
    count = seen.sum(axis=-1)[..., None]
    centre = np.where(count > 0, np.where(seen[..., None], tracks, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan)
    views = (person >= 0).sum(axis=1)
    centre[views < 2] = np.nan
    order = np.lexsort((-views.sum(axis=1), -(views >= 2).sum(axis=1)))
    order = order[(views >= 2).any(axis=1)[order]]
    moved = np.array([_moved(tracks[track]) for track in order])
    known = [tracks[track][np.isfinite(tracks[track]).any(axis=(1, 2))] for track in order]
    return PeopleTracks(
        people, rig.names, person[order], centre[order], error[order], doubtful[order], moved, _looked_at(rig),
        np.array([body_lengths(own) for own in known]),
    )  # fmt: skip


def _moved(points: NDArray) -> float:
    """95th percentile of how far the points of one body are from where they are mostly, m."""
    known = points[:, np.isfinite(points).all(axis=2).any(axis=0)]
    if not known.size:
        return 0.0
    away = np.linalg.norm(known - np.nanmedian(known, axis=0), axis=-1)
    return float(np.nanpercentile(away, 95))


def _looked_at(rig: CameraRig) -> NDArray:
    """The point nearest to the optical axes of all cameras, shape (3,)."""
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for camera in rig:
        axis = camera.cam_from_world[2, :3]
        across = np.eye(3) - np.outer(axis, axis)
        normal += across
        right += across @ camera.centre_world
    return np.linalg.lstsq(normal, right, rcond=None)[0]
