"""A pointer: a rod with markers whose tip is found by pivoting it, and landmarks that were touched with it.

A landmark's place in the cluster of its segment is where the tip rested (CAST, Cappozzo 1995).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.joints import Clicked
from mocap.kinematics.anatomical.rotation import SegmentMotion, centre_of_rotation
from mocap.kinematics.anatomical.segment import Positions, cluster_of, motion_of, tracking_names
from mocap.kinematics.clusters import Cluster, mean_shape, second_spread
from mocap.kinematics.heading import quiet_frames
from mocap.kinematics.landmarks import ISB_FROM_WORLD, TRACKED
from mocap.trial import Points3D

LABELS = tuple(f"PTR{number}" for number in range(1, 9))
PIVOT_FRAMES = 200
TIP_RESIDUAL_M = 0.001
TIP_SD_M = 0.001
REST_S = 0.5
ONE_PLACE_M = 0.005
_LINE_M = 0.005


@dataclass(frozen=True, eq=False)
class Pointer:
    """A pointer whose tip is known.

    Attributes
    ----------
    names : tuple of str
        Its markers.
    cluster : Cluster or None
        Their shape; None for a rod whose markers lie on one line with the tip.
    tip : ndarray
        Place of the tip in the cluster, shape (3,), m; for a rod the weights of its two outer markers, shape (2,).
    residual_m : float
        RMS distance of the tip from the pivot.
    sd_m : float
        Standard uncertainty of the tip.
    n_frames : int
        Of pivoting.
    """

    names: tuple[str, ...]
    cluster: Cluster | None
    tip: NDArray
    residual_m: float
    sd_m: float
    n_frames: int


@dataclass(frozen=True, eq=False)
class Touched:
    """A landmark that was touched: its place in a cluster, shape (3,), m, with its scatter while the tip rested, for
    how long (s) and from when in its recording (s)."""

    cluster: Cluster
    place: NDArray
    sd_m: float
    rest_s: float
    at_s: float = 0.0


def pointer_positions(points: Points3D) -> dict[str, NDArray]:
    """Return the markers `PTR1` to `PTR8` of a recording that are ever seen, shape (time, 3), ISB-turned world, m."""
    found = {}
    for index, label in enumerate(points.names):
        name = label.rsplit(":", 1)[-1].upper()
        values = points.position[:, index] @ ISB_FROM_WORLD.T
        if name in LABELS and np.isfinite(values).all(axis=1).any():
            found[name] = values
    return found


def calibrate_pointer(pivot: Positions) -> Pointer:
    """Return the pointer of a recording in which it turns about its resting tip.

    Parameters
    ----------
    pivot : mapping of str to ndarray, shape (time, 3)
        Of `pointer_positions`.

    Raises
    ------
    KinematicsError
        POINTER_TIP: fewer than two markers or than 200 frames, a tip farther than 1 mm RMS from the pivot, or one that
        the movement does not determine to 1 mm.
    """
    names = tuple(name for name in LABELS if name in pivot)
    if len(names) < 2:
        raise _refused(f"shows {len(names)} of the pointer's markers {LABELS[0]}, {LABELS[1]}, ...")
    on_a_line = _on_a_line(pivot, names)
    if not on_a_line and cluster_of(pivot, names, "") is None:
        raise _refused("shows markers that are too far off one line for a rod and too near it for a body (5 to 10 mm)")
    pointer = _rod(pivot, names) if on_a_line else _body(pivot, names)
    if pointer is None or pointer.n_frames < PIVOT_FRAMES:
        seen = 0 if pointer is None else pointer.n_frames
        raise _refused(f"has {seen} frames that show the pointer turning, and {PIVOT_FRAMES} are needed")
    if not pointer.residual_m <= TIP_RESIDUAL_M:
        raise _refused(f"leaves the tip {1e3 * pointer.residual_m:.1f} mm (RMS) from the pivot, at most 1 mm is meant")
    if not pointer.sd_m <= TIP_SD_M:
        raise _refused(f"tells the tip to {1e3 * pointer.sd_m:.1f} mm alone: the pointer has to turn more")
    return pointer


def _refused(why: str) -> KinematicsError:
    return KinematicsError(
        f"The pivot recording of the pointer {why}.",
        "Rest the tip in a dimple and swing the rod through a wide cone, to all sides, for some seconds.",
        code="POINTER_TIP",
    )


def _on_a_line(pivot: Positions, names: tuple[str, ...]) -> bool:
    if len(names) < 3:
        return True
    shape = mean_shape(np.stack([pivot[name] for name in names], axis=1))
    return shape is None or bool(second_spread(shape) < _LINE_M)


def _body(pivot: Positions, names: tuple[str, ...]) -> Pointer | None:
    cluster = cluster_of(pivot, names, "")
    if cluster is None:
        return None
    motion = motion_of(cluster, pivot)
    still = SegmentMotion(np.broadcast_to(np.eye(3), motion.axes.shape), np.zeros_like(motion.origin))
    centre = centre_of_rotation(motion, still)
    if centre is None:
        return None
    return Pointer(names, cluster, centre.proximal, centre.residual_m, centre.sd_m, centre.n_frames)


def _rod(pivot: Positions, names: tuple[str, ...]) -> Pointer | None:
    """Return a rod: its tip is on the line of its outer markers, at weights that least move it."""
    outer = max(
        ((a, b) for i, a in enumerate(names) for b in names[i + 1 :]),
        key=lambda pair: float(np.nan_to_num(np.nanmedian(np.linalg.norm(pivot[pair[0]] - pivot[pair[1]], axis=1)))),
    )
    one, other = (pivot[name] for name in outer)
    there = np.isfinite(one + other).all(axis=1)
    if there.sum() < 2:
        return None
    along = (other - one)[there]
    swing, start = along - along.mean(axis=0), one[there] - one[there].mean(axis=0)
    turned = float(np.sum(swing**2))
    if not turned > 1e-9 * len(along):
        return None
    share = -float(np.sum(start * swing)) / turned
    apart = start + share * swing
    residual = float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))
    sd = residual / np.sqrt(3.0 * turned) * float(np.linalg.norm(along, axis=1).mean())
    return Pointer(outer, None, np.array([1.0 - share, share]), residual, sd, int(there.sum()))


def tip_positions(pointer: Pointer, positions: Positions) -> NDArray:
    """Return where the tip is, shape (time, 3), m; NaN where the pointer is not seen.

    Raises
    ------
    KinematicsError
        POINTER_MARKERS when the recording lacks markers that the pivot recording has.
    """
    missing = [name for name in pointer.names if name not in positions]
    if missing:
        raise KinematicsError(
            f"A pointing recording lacks {', '.join(missing)} of the pointer.",
            "Record all markers of the pointer in the pivot recording and where it points.",
            code="POINTER_MARKERS",
        )
    if pointer.cluster is None:
        return sum((w * positions[name] for w, name in zip(pointer.tip, pointer.names, strict=True)), np.zeros(3))
    motion = motion_of(pointer.cluster, positions)
    return motion.axes @ pointer.tip + motion.origin


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
