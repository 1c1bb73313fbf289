"""Landmarks that were touched with a pointer, or clicked: their places in the clusters of their segments.

A landmark's place in the cluster of its segment is where the tip rested (CAST, Cappozzo 1995).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.joints import Clicked
from mocap.kinematics.anatomical.segment import Positions, cluster_of, motion_of, tracking_names
from mocap.kinematics.clusters import Cluster
from mocap.kinematics.heading import quiet_frames
from mocap.kinematics.landmarks import ISB_FROM_WORLD, TRACKED

REST_S = 0.5
ONE_PLACE_M = 0.005


@dataclass(frozen=True, eq=False)
class Touched:
    """A landmark that was touched: its place in a cluster, shape (3,), m, with its scatter while the tip rested, for
    how long (s) and from when in its recording (s)."""

    cluster: Cluster
    place: NDArray
    sd_m: float
    rest_s: float
    at_s: float = 0.0


def segment_of(landmark: str) -> str:
    """Return the segment of a landmark that can be touched or clicked.

    Raises
    ------
    KinematicsError
        LANDMARK_UNKNOWN.
    """
    for segment, (_, landmarks) in TRACKED.items():
        if landmark in landmarks:
            return segment
    known = ", ".join(dict.fromkeys(name for _, landmarks in TRACKED.values() for name in landmarks))
    raise KinematicsError(
        f"There is no landmark '{landmark}' to point at.", f"Name one of {known}.", code="LANDMARK_UNKNOWN"
    )


def touch(
    landmark: str,
    tip: NDArray,
    pointing: Positions,
    static: Positions,
    rate_hz: float,
    pelvis: str,
    skip: Sequence[str],
) -> Touched:
    """Return the place of a landmark in the cluster of its segment.

    Parameters
    ----------
    landmark : str
    tip : ndarray, shape (time, 3)
        Of `tip_positions`.
    pointing, static : mapping of str to ndarray, shape (time, 3)
        Landmarks in the pointing recording and in the quiet frames of the static, m.
    rate_hz : float
        Of the pointing recording.
    pelvis : str
        As in `KinematicsOptions`.
    skip : sequence of str
        Landmarks whose markers are not to track: all that are touched.

    Raises
    ------
    KinematicsError
        LANDMARK_UNKNOWN; POINTER_CLUSTER without three tracked points on the segment; POINTER_MOVING when the tip
        never rests on the segment for 0.5 s; POINTER_RESTS when it rests so at places more than 5 mm apart.
    """
    segment = segment_of(landmark)
    shared = {name for name in static if name in pointing and name not in skip}
    names = tracking_names(segment, shared, pelvis)
    cluster = cluster_of(static, names, segment)
    if cluster is None:
        raise KinematicsError(
            f"{landmark} was pointed at, and nothing carries it: {segment} needs three markers off one line, seen in "
            f"the static and where it is pointed at, and has {', '.join(names) or 'none'}.",
            "Put a plate or a cluster of three markers on the segment.",
            code="POINTER_CLUSTER",
        )
    motion = motion_of(cluster, pointing)
    inside = np.einsum("tji,tj->ti", motion.axes, tip - motion.origin)
    rests = _rests(inside, rate_hz)
    if not rests:
        raise KinematicsError(
            f"The tip of the pointer never rests on {landmark} for {REST_S} s.",
            "Hold the tip on the landmark for a second, with the segment's markers and the pointer in view.",
            code="POINTER_MOVING",
        )
    _check_one_place(landmark, inside, rests, rate_hz)
    first, end = max(rests, key=lambda rest: rest[1] - rest[0])
    rested = inside[first:end]
    scatter = float(np.sqrt(rested.var(axis=0).sum()))
    return Touched(cluster, rested.mean(axis=0), scatter, len(rested) / rate_hz, first / rate_hz)


def _check_one_place(landmark: str, inside: NDArray, rests: Sequence[tuple[int, int]], rate_hz: float) -> None:
    """Refuse a tip that rests at several places: which of them is the landmark nobody can tell."""
    places = np.stack([inside[first:end].mean(axis=0) for first, end in rests])
    apart = float(np.linalg.norm(places[:, None] - places, axis=2).max())
    if apart > ONE_PLACE_M:
        told = ", ".join(f"{first / rate_hz:.1f} to {end / rate_hz:.1f} s" for first, end in rests)
        raise KinematicsError(
            f"The pointer that touches {landmark} rests at places up to {1e3 * apart:.0f} mm apart ({told}).",
            "Cut the recording to the touch, or keep the pointer moving before and after it.",
            code="POINTER_RESTS",
        )


def _rests(inside: NDArray, rate_hz: float) -> list[tuple[int, int]]:
    """Return the runs of frames of 0.5 s or more in which the tip rests on the segment (20 mm/s)."""
    still = quiet_frames(inside[:, None], rate_hz) & np.isfinite(inside).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first, end) for first, end in runs if end - first >= max(1.0, REST_S * rate_hz)]


def clicked_place(
    click: Clicked, static: Positions, every_frame: Positions, pelvis: str, skip: Sequence[str]
) -> NDArray:
    """Return a clicked landmark in every quiet frame of the static, shape (time, 3), m, carried by its segment.

    Raises
    ------
    KinematicsError
        LANDMARK_UNKNOWN; CLICK_CLUSTER without three tracked points on the segment in the frame of the clicks.
    """
    segment = segment_of(click.name)
    cluster = cluster_of(static, tracking_names(segment, {n for n in static if n not in skip}, pelvis), segment)
    inside = np.full(3, np.nan)
    if cluster is not None:
        there = motion_of(cluster, {name: every_frame[name][click.frame : click.frame + 1] for name in cluster.names})
        inside = there.axes[0].T @ (ISB_FROM_WORLD @ click.position_world - there.origin[0])
    if cluster is None or not np.isfinite(inside).all():
        raise KinematicsError(
            f"{click.name} was clicked, and in frame {click.frame} nothing carries it: {segment} needs three markers "
            "off one line.",
            "Click in a frame that shows the plate or cluster of the segment.",
            code="CLICK_CLUSTER",
        )
    return placed_in_static(Touched(cluster, inside, click.sd_m, 0.0), static)


def placed_in_static(touched: Touched, static: Mapping[str, NDArray]) -> NDArray:
    """Return a touched landmark in every frame of the static, shape (time, 3), m."""
    motion = motion_of(touched.cluster, static)
    return motion.axes @ touched.place + motion.origin
