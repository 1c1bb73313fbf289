"""Where the tip of a pointer is: found by pivoting the rod about its resting tip, and followed by its markers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.anatomical.rotation import N_BLOCKS, SegmentMotion, centre_of_rotation, joint_gap
from mocap.kinematics.anatomical.segment import Positions, cluster_of, motion_of
from mocap.kinematics.clusters import Cluster, mean_shape, second_spread
from mocap.kinematics.landmarks import ISB_FROM_WORLD
from mocap.trial import Points3D

LABELS = tuple(f"PTR{number}" for number in range(1, 9))
PIVOT_FRAMES = 200
TIP_SD_M = 0.001
WANDER_M = 0.001
NARROW_DEG = 10.0
_SLOW_FRAMES = 20
_LINE_M = 0.005
_WIDER = "Rest the tip in a dimple and swing the rod through a wide cone, to all sides, for some seconds."
_FIXED = "Rest the tip in a dimple that it cannot leave, and keep it there while the rod swings."
_CALMER = (
    "The swing was wide enough: record for longer, or with less noise (better cameras; markers further apart on the "
    "pointer and nearer to its tip)."
)


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
        RMS distance of the tip from the pivot, frame by frame.
    sd_m : float
        Standard uncertainty of the tip, from tenths of the recording left out in turn: noise, the width of the cone,
        the number of frames and a tip that wandered all count.
    n_frames : int
        Of pivoting.
    turn_deg : float
        By how much the rod turned, RMS per axis.
    wander_m : float
        The part of the residual that noise from frame to frame does not explain: how far the tip left its place.
    """

    names: tuple[str, ...]
    cluster: Cluster | None
    tip: NDArray
    residual_m: float
    sd_m: float
    n_frames: int
    turn_deg: float
    wander_m: float


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
        POINTER_TIP: fewer than two markers or than 200 frames, or a tip that the recording does not tell to 1 mm
        (1 SD), with what made it so: a tip that wandered, a narrow swing, or noise.
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
    if not pointer.sd_m <= TIP_SD_M:
        raise _unsure(pointer)
    return pointer


def _unsure(pointer: Pointer) -> KinematicsError:
    """Return the refusal of a tip that is not known well enough, with its cause and the remedy for that."""
    if pointer.wander_m > WANDER_M:
        why, remedy = f"the tip left its place by {1e3 * pointer.wander_m:.1f} mm", _FIXED
    elif pointer.turn_deg < NARROW_DEG:
        why, remedy = f"the rod turned by {pointer.turn_deg:.1f} deg about an axis alone (RMS)", _WIDER
    else:
        why = f"its markers scatter it by {1e3 * pointer.residual_m:.1f} mm over {pointer.n_frames} frames"
        remedy = _CALMER
    return _refused(
        f"tells the tip to {1e3 * pointer.sd_m:.1f} mm (1 SD, at most {1e3 * TIP_SD_M:.0f} mm is meant), as {why}",
        remedy,
    )


def _refused(why: str, remedy: str = _WIDER) -> KinematicsError:
    return KinematicsError(f"The pivot recording of the pointer {why}.", remedy, code="POINTER_TIP")


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
    gap = joint_gap(motion, still, centre.proximal, centre.distal)
    # The stiffness of the direction that turned least: half the squared turns about the other two.
    turn_deg = float(np.rad2deg(np.sqrt(2.0 / (1.0 + centre.condition**2))))
    return Pointer(
        names, cluster, centre.proximal, centre.residual_m, centre.sd_m, centre.n_frames, turn_deg, _wander(gap)
    )


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
    one, along = one[there], (other - one)[there]
    swing = along - along.mean(axis=0)
    if not float(np.sum(swing**2)) > 1e-9 * len(along):
        return None
    share = _share(one, along)
    apart = one - one.mean(axis=0) + share * swing
    residual = float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))
    length = float(np.linalg.norm(along, axis=1).mean())
    parts = np.array_split(np.arange(len(one)), N_BLOCKS)
    without = np.array([_share(np.delete(one, part, axis=0), np.delete(along, part, axis=0)) for part in parts])
    sd = length * float(np.sqrt((N_BLOCKS - 1) * without.var()))
    # The swing is across the rod, about two axes.
    turn_deg = float(np.rad2deg(np.sqrt(np.mean(np.sum(swing**2, axis=1)) / 2.0) / length))
    weights = np.array([1.0 - share, share])
    return Pointer(outer, None, weights, residual, sd, len(one), turn_deg, _wander(apart))


def _share(one: NDArray, along: NDArray) -> float:
    """Return the weight of the second marker of a rod in its tip, for which `one + weight along` moves least.

    Noise of the two markers enters both sides of the least squares and draws the weight to one half; what the residual
    tells of it is taken out.
    """
    swing, start = along - along.mean(axis=0), one - one.mean(axis=0)
    turned, crossed = float(np.sum(swing**2)), float(np.sum(start * swing))
    share = -crossed / turned
    for _ in range(3):
        noise = float(np.sum((start + share * swing) ** 2)) / ((1.0 - share) ** 2 + share**2)
        if not 2.0 * noise < 0.5 * turned:
            break
        share = -(crossed + noise) / (turned - 2.0 * noise)
    return share


def _wander(gap: NDArray) -> float:
    """Return the RMS (m) of the slow part of residuals, shape (time, 3), beyond what the fast part leaves in it.

    0 where that explains it (3 SD of its own scatter).
    """
    gap = gap[np.isfinite(gap).all(axis=1)]
    n_parts = len(gap) // _SLOW_FRAMES
    if not n_parts:
        return 0.0
    parts = gap[: n_parts * _SLOW_FRAMES].reshape(n_parts, _SLOW_FRAMES, 3)
    fast = float(np.mean(np.sum(parts.var(axis=1, ddof=1), axis=1))) / _SLOW_FRAMES
    slow = float(np.mean(np.sum(parts.mean(axis=1) ** 2, axis=1)))
    scatter = fast * float(np.sqrt(2.0 / (3.0 * n_parts)))
    return float(np.sqrt(slow - fast)) if slow - fast > 3.0 * scatter else 0.0


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
