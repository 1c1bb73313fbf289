"""Pieces of tracks joined over gaps: who comes back is who left, where place and size of the body agree."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST_TRACKS = 16  # the longest: what memory they take is known
_REACH_M = 0.5
_FARTHEST_M = 3.0
_SIZE_SHARE = 0.15
_RIVAL_M = 0.2  # another piece that is little farther away makes a joint doubtful
_DOUBT_FRAMES = 5
_SIGNATURE_FRAMES = 300

Piece = tuple[NDArray, NDArray]


def joined_pieces(
    pieces: Sequence[Piece], n_frames: int, rate_hz: float, join_s: float, speed_m_s: float
) -> tuple[NDArray, NDArray]:
    """Join pieces of tracks.

    Parameters
    ----------
    pieces : sequence of (frames, points)
        Frames, shape (n,), and points, shape (n, point, 3) in m.
    n_frames : int
    rate_hz, join_s, speed_m_s : float
        A piece goes on in another one that begins within `join_s`, and no farther away than the speed allows.

    Returns
    -------
    tracks : ndarray, shape (track, time, point, 3)
    joints : ndarray of bool, shape (track, time)
        Frames about joints that could have been with somebody else.
    """
    if not pieces:
        return np.empty((0, n_frames, 1, 3)), np.zeros((0, n_frames), bool)
    following, doubtful = _following(pieces, rate_hz, join_s, speed_m_s)
    begun = set(following.values())
    chains = []
    for first in (index for index in range(len(pieces)) if index not in begun):
        chain = [first]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        chains.append(chain)
    chains.sort(key=lambda chain: -sum(len(pieces[index][0]) for index in chain))
    chains = chains[:_MOST_TRACKS]
    tracks = np.full((len(chains), n_frames, *pieces[0][1].shape[1:]), np.nan, np.float32)
    joints = np.zeros((len(chains), n_frames), bool)
    for track, chain in enumerate(chains):
        for index in chain:
            frames, points = pieces[index]
            tracks[track, frames] = points
            if index in doubtful:
                joints[track, frames[0] : frames[0] + _DOUBT_FRAMES] = True
    return tracks, joints


def _following(
    pieces: Sequence[Piece], rate_hz: float, join_s: float, speed_m_s: float
) -> tuple[dict[int, int], set[int]]:
    """Return which piece goes on in which, and the pieces that somebody else could have gone on in."""
    sizes = [body_lengths(points) for _, points in pieces]
    cost, slack = np.full((2, len(pieces), len(pieces)), np.inf)
    starts = np.array([frames[0] for frames, _ in pieces])
    for one, (frames, points) in enumerate(pieces):
        for other in np.flatnonzero((starts > frames[-1]) & (starts <= frames[-1] + join_s * rate_hz)).tolist():
            gap_s = (starts[other] - frames[-1]) / rate_hz
            away = _apart(points[-1], pieces[other][1][0])
            if away < min(_REACH_M + speed_m_s * gap_s, _FARTHEST_M) and _alike(sizes[one], sizes[other]):
                cost[one, other] = away + 0.1 * gap_s
                slack[one, other] = _RIVAL_M + speed_m_s / 4 * gap_s
    following: dict[int, int] = {}
    doubtful: set[int] = set()
    free = cost.copy()
    while np.isfinite(free).any():
        one, other = (int(place) for place in np.unravel_index(int(np.argmin(free)), free.shape))
        rivals = np.concatenate([np.delete(cost[one], other), np.delete(cost[:, other], one)])
        if (rivals < cost[one, other] + slack[one, other]).any():
            doubtful.add(other)
        following[one] = other
        free[one, :] = np.inf
        free[:, other] = np.inf
    return following, doubtful


def continuous(tracks: NDArray, most_frames: int, window: int) -> NDArray:
    """Return tracks with short gaps bridged by straight lines and jumps taken out by a median."""
    answer = np.full(tracks.shape, np.nan, np.float32)
    frames = np.arange(tracks.shape[1])
    for track, own in enumerate(tracks):
        for point in range(own.shape[1]):
            seen = np.flatnonzero(np.isfinite(own[:, point]).all(axis=1))
            if not len(seen):
                continue
            steady = _median(own[seen, point], window)
            after = np.clip(np.searchsorted(seen, frames), 0, len(seen) - 1)
            before = np.clip(np.searchsorted(seen, frames, side="right") - 1, 0, len(seen) - 1)
            length = np.maximum(seen[after] - seen[before], 1)
            share = np.clip((frames - seen[before]) / length, 0.0, 1.0)[:, None]
            line = steady[before] * (1 - share) + steady[after] * share
            near = np.minimum(np.abs(frames - seen[before]), np.abs(frames - seen[after])) <= most_frames / 2
            answer[track, near, point] = line[near]
    return answer


def _median(values: NDArray, window: int) -> NDArray:
    if len(values) < window:
        return values
    padded = np.pad(values, ((window // 2, window // 2), (0, 0)), mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, window, axis=0), axis=-1))


def _apart(one: NDArray, other: NDArray) -> float:
    distance = np.linalg.norm(one - other, axis=-1)
    known = distance[np.isfinite(distance)]
    return float(np.median(known)) if len(known) else np.inf


def body_lengths(points: NDArray) -> NDArray:
    """Return the median distances between all points of a body, (time, point, 3), shape (point, point), m."""
    some = points[np.unique(np.linspace(0, len(points) - 1, min(len(points), _SIGNATURE_FRAMES)).round().astype(int))]
    between = np.linalg.norm(some[:, :, None] - some[:, None], axis=-1)
    known = np.isfinite(between).any(axis=0)
    lengths = np.full(between.shape[1:], np.nan)
    lengths[known] = np.nanmedian(between[:, known], axis=0)
    return lengths


def _alike(one: NDArray, other: NDArray) -> bool:
    """Whether two bodies may be of one person: nothing to compare is no objection."""
    both = np.isfinite(one) & np.isfinite(other) & (one > 0.1)
    return not both.any() or float(np.median(np.abs(other[both] / one[both] - 1))) < _SIZE_SHARE
