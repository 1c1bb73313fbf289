"""Where the fit starts: each segment by itself from its own markers, and how fast the person moves."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mocap.kinematics.clusters import MIN_SPREAD_M, Cluster, fit, second_spread
from mocap.kinematics.fit.bridging import runs_of
from mocap.kinematics.fit.tree import Tree
from mocap.kinematics.traced import Vec

LAG_S = 0.1
ODD_M = 0.03
BUSY_QUANTILE = 0.97
# Fewer frames that have others a long lag away say nothing of how busy a trial is.
ENOUGH = 20
_TURN_DENSITY = (1.0, 5000.0)
_MOVE_DENSITY = (0.1, 100.0)

Found = tuple[NDArray, NDArray] | None
"""Orientation (time, 3, 3) and origin (time, 3) of a segment."""


def start_poses(tree: Tree, measured: Mapping[str, NDArray]) -> tuple[NDArray, NDArray, NDArray]:
    """Return the place of the root (time, 3) and orientations (time, segment, 3, 3), complete, and where they are own.

    The last, (time, segment), tells in which frames a segment is not put where it is seen in another frame.

    A segment that shows fewer than three markers in a frame, or three in a line, takes the orientation of the nearest
    frame that shows more. One that never does takes that of the segment it hangs on (the root: of the first that hangs
    on it), turned so that it points to the next joint outwards where that one is shown.
    """
    n_frames = len(next(iter(measured.values())))
    alone = [_by_itself(tree, segment, measured) for segment in tree.segments]
    if alone[0] is None:
        alone[0] = _from_below(tree, alone)
    rotations = np.empty((n_frames, len(tree.segments), 3, 3))
    own = np.ones((n_frames, len(tree.segments)), bool)
    origins = np.zeros((n_frames, len(tree.segments), 3))
    for index in range(len(tree.segments)):
        above, found = tree.parent[index], alone[index]
        if above >= 0:
            origins[:, index] = origins[:, above] + np.einsum("tij,j->ti", rotations[:, above], tree.offset[index])
        if found is not None:
            own[:, index] = np.isfinite(found[0]).all(axis=(1, 2))
            rotations[:, index] = found[0][_nearest(own[:, index])]
            if above < 0:
                origins[:, index] = _filled(found[1])
        elif above >= 0:
            rotations[:, index] = _pointing(tree, index, rotations[:, above], origins[:, index], alone)
        else:
            rotations[:, index] = np.eye(3)
    return origins[:, 0].copy(), rotations, own


def _from_below(tree: Tree, alone: list[Found]) -> Found:
    """Return orientation and origin of the root from the first segment on it that shows itself."""
    for index, found in enumerate(alone):
        if tree.parent[index] == 0 and found is not None:
            return found[0], found[1] - np.einsum("tij,j->ti", found[0], tree.offset[index])
    return None


def _pointing(tree: Tree, index: int, axes: NDArray, origin: NDArray, alone: list[Found]) -> NDArray:
    """Return the axes (time, 3, 3) turned by the least that points them at the next joint, where it is shown."""
    for outer in np.flatnonzero(tree.parent == index):
        found = alone[outer]
        if found is None:
            continue
        here = np.einsum("tij,j->ti", axes, tree.offset[outer])
        there = _filled(found[1]) - origin
        here /= np.linalg.norm(here, axis=1, keepdims=True)
        there /= np.maximum(np.linalg.norm(there, axis=1, keepdims=True), 1e-9)
        normal = np.cross(here, there)
        sine = np.linalg.norm(normal, axis=1)
        angle = np.arctan2(sine, np.sum(here * there, axis=1))
        turn = normal * (angle / np.where(sine > 1e-9, sine, 1.0))[:, None]
        return Rotation.from_rotvec(turn).as_matrix() @ axes
    return axes


def _by_itself(tree: Tree, segment: str, measured: Mapping[str, NDArray]) -> Found:
    """Return orientation and origin of a segment from its markers alone, NaN where they do not show it."""
    names = tuple(name for name in measured if tree.places[name][0] == segment)
    if len(names) < 3:
        return None
    shape = np.array([tree.places[name][1] for name in names])
    if second_spread(shape) < MIN_SPREAD_M:
        return None
    points = np.stack([measured[name] for name in names], axis=1)
    axes, origin, residual = _placed(names, shape, points)
    # One point that is far off spoils the others: the frame is placed without the one that it fits best without.
    odd = np.flatnonzero(residual > ODD_M)
    for left_out in range(len(names)) if len(odd) and len(names) > 3 else ():
        fewer = points[odd].copy()
        fewer[:, left_out] = np.nan
        other_axes, other_origin, other = _placed(names, shape, fewer)
        better = other < 0.5 * residual[odd]
        axes[odd[better]], origin[odd[better]] = other_axes[better], other_origin[better]
        residual[odd[better]] = 2.0 * other[better]
    return (axes, origin) if np.isfinite(axes).all(axis=(1, 2)).any() else None


def _placed(names: tuple[str, ...], shape: NDArray, points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return orientation, origin and RMS residual of a shape in points (time, marker, 3)."""
    pose = fit(Cluster(names, shape, np.inf), {name: Vec(points[:, index]) for index, name in enumerate(names)})
    axes = np.array(pose.frame.axes)
    origin = pose.centroid.value - np.einsum("tij,tj->ti", axes, pose.anchor_cluster)
    return axes, origin, np.where(np.isfinite(pose.residual_m), pose.residual_m, 0.0)


def _nearest(there: NDArray) -> NDArray:
    """Return for every frame the nearest that is there, shape (time,)."""
    known = np.flatnonzero(there)
    after = np.clip(np.searchsorted(known, np.arange(len(there))), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    frames = np.arange(len(there))
    closer = np.abs(known[before] - frames) < np.abs(known[after] - frames)
    return np.where(closer, known[before], known[after])


def _filled(places: NDArray) -> NDArray:
    """Return places, shape (time, 3), with straight lines over gaps."""
    there = np.isfinite(places).all(axis=1)
    frames, known = np.arange(len(places)), np.flatnonzero(there)
    if not len(known):
        return np.zeros_like(places)
    return np.stack([np.interp(frames, known, places[there, axis]) for axis in range(3)], axis=1)


def acceleration_density(
    root: NDArray, rotations: NDArray, own: NDArray, rate_hz: float, bridge_s: float
) -> NDArray:
    """Return how fast place (m²/s³) and turns (rad²/s³) change their speed, shape (1 + segment,), in this trial.

    Acceleration is taken as white noise of a density that the trial itself shows: second differences over a lag have
    the variance 2/3 density lag³. People move more smoothly than that, so that the density grows with the lag: it is
    the greater of those at 0.1 s and at half of the segment's longest gap that is bridged. The 0.97 quantile over the
    frames speaks for the busy parts of a trial, so that a bridge over a gap in them is not trusted too much. Between
    neighbours the variance is density / rate³.

    Parameters
    ----------
    root, rotations, own
        Of `start_poses`; frames that are not their own show no movement.
    rate_hz : float
    bridge_s : float
        Gaps up to this long are bridged.
    """

    def place(lag: int) -> NDArray:
        return root[2 * lag :] - 2.0 * root[lag:-lag] + root[: -2 * lag]

    def turn(lag: int) -> NDArray:
        step = _rotation_vectors(r[lag:] @ np.swapaxes(r[:-lag], -1, -2))
        return step[lag:] - step[:-lag]

    densities = [_density(place, own[:, 0], rate_hz, bridge_s, _MOVE_DENSITY)]
    for s in range(rotations.shape[1]):
        r = rotations[:, s]
        densities.append(_density(turn, own[:, s], rate_hz, bridge_s, _TURN_DENSITY))
    return np.array(densities)


def _density(
    bend: Callable[[int], NDArray], own: NDArray, rate_hz: float, bridge_s: float, bounds: tuple[float, float]
) -> float:
    """Return the density by second differences, shape (time - 2 lag, 3), that `bend` gives for a lag in frames."""
    longest = max((last - first for first, last in runs_of(~own) if last - first <= bridge_s * rate_hz), default=0)
    short = max(1, round(LAG_S * rate_hz))
    found = []
    for lag in dict.fromkeys((short, max(short, (longest + 1) // 2))):
        shown = own[2 * lag :] & own[lag:-lag] & own[: -2 * lag]
        if np.count_nonzero(shown) >= (3 if lag == short else ENOUGH):
            squares = np.sum(bend(lag)[shown] ** 2, axis=1)
            found.append(0.5 * (rate_hz / lag) ** 3 * float(np.quantile(squares, BUSY_QUANTILE)))
    return float(np.clip(max(found), *bounds)) if found else bounds[1]


def _rotation_vectors(rotation: NDArray) -> NDArray:
    """Return rotation vectors, shape (time, 3), of turns below half a turn."""
    antisymmetric = 0.5 * (rotation - np.swapaxes(rotation, -1, -2))
    axis = np.stack([antisymmetric[:, 2, 1], antisymmetric[:, 0, 2], antisymmetric[:, 1, 0]], axis=1)
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, 0.5 * (np.trace(rotation, axis1=1, axis2=2) - 1.0))
    return axis * np.where(sine > 1e-9, angle / np.where(sine > 1e-9, sine, 1.0), 1.0)[:, None]
