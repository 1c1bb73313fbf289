"""Centres and axes of rotation of a joint from the movement of its two segments: SCoRE and SARA, in closed form.

Sources: Ehrig et al. 2006 (J Biomech 39:2798, symmetrical centre of rotation estimation), Ehrig et al. 2007 (J Biomech
40:2150, symmetrical axis of rotation approach). Both minimise the same sum over frames, |R c_p + t - Q c_d - s|^2, over
the centre's place c_p in the proximal and c_d in the distal segment. Its normal equations need no more than the mean of
R^T Q, which noise of the orientations shrinks; as written, the centre is then drawn towards the clusters. Here that
shrinking is taken out (`spin_loss`), which keeps the solution closed and makes it consistent.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

N_BLOCKS = 10
MIN_FRAMES = 20


@dataclass(frozen=True, eq=False)
class SegmentMotion:
    """A rigid segment over time.

    Attributes
    ----------
    axes : ndarray, shape (time, 3, 3)
        Orientations, world from segment.
    origin : ndarray, shape (time, 3)
        Of the segment's own coordinates in the world, m; NaN is missing.
    spin_loss : ndarray, shape (3, 3)
        Of `spin_loss`: what noise leaves of an orientation on average; the unit matrix without noise.
    """

    axes: NDArray
    origin: NDArray
    spin_loss: NDArray = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True, eq=False)
class RotationCentre:
    """The centre of rotation of a joint.

    Attributes
    ----------
    proximal, distal : ndarray, shape (3,)
        Its place in either segment, m.
    condition : float
        Condition number of the stacked equations: 1 at best, infinite for a hinge.
    residual_m : float
        RMS distance between the two places over time (the joint gap).
    sd_m : float
        Standard uncertainty of `proximal` (root of the trace) from tenths of the movement left out in turn.
    n_frames : int
        Frames that show both segments.
    """

    proximal: NDArray
    distal: NDArray
    condition: float
    residual_m: float
    sd_m: float
    n_frames: int


@dataclass(frozen=True, eq=False)
class RotationAxis:
    """The axis of rotation of a joint.

    Attributes
    ----------
    proximal, distal : ndarray, shape (3,)
        Unit direction in either segment.
    point_proximal, point_distal : ndarray, shape (3,)
        The point of the axis nearest to the origin of either segment's coordinates, m.
    hinge_ratio : float
        Movement off the axis, as part of the movement about it: 0 for a hinge, 1 where no axis stands out.
    residual_m : float
        RMS distance between the two places of the point.
    sd_rad : float
        Standard uncertainty of the direction in the proximal segment, from tenths of the movement left out in turn.
    n_frames : int
    """

    proximal: NDArray
    distal: NDArray
    point_proximal: NDArray
    point_distal: NDArray
    hinge_ratio: float
    residual_m: float
    sd_rad: float
    n_frames: int


@dataclass(frozen=True, eq=False)
class _Sums:
    """Means over frames of R^T Q, R^T (s - t) and Q^T (s - t), freed of the noise of the orientations."""

    between: NDArray
    by_proximal: NDArray
    by_distal: NDArray


def spin_loss(shape: NDArray, sigma_m: float) -> NDArray:
    """Return the mean of the rotations, shape (3, 3), by which noise of its points turns a fitted cluster.

    Parameters
    ----------
    shape : ndarray, shape (point, 3)
        Places of the points in the cluster, m.
    sigma_m : float
        Standard deviation of the points, per axis.

    Notes
    -----
    The rotation vector of a least-squares fit has the covariance sigma^2 (sum(|r|^2 I - r r^T))^-1 about the centroid;
    the mean of its rotations is, to second order, I - (trace(C) I - C) / 2.
    """
    arms = shape - shape.mean(axis=0)
    inertia = np.sum(arms**2) * np.eye(3) - arms.T @ arms
    covariance = sigma_m**2 * np.linalg.inv(inertia)
    return np.eye(3) - (np.trace(covariance) * np.eye(3) - covariance) / 2.0


def centre_of_rotation(proximal: SegmentMotion, distal: SegmentMotion) -> RotationCentre | None:
    """Return the centre of rotation of a ball joint by SCoRE, or None where nothing determines one.

    Parameters
    ----------
    proximal, distal : SegmentMotion
        Of the same frames; those in which either is missing are left out.

    Returns
    -------
    RotationCentre or None
        None with fewer than 20 frames, or without any rotation that noise does not explain.
    """
    blocks = _blocks(proximal, distal)
    if blocks is None:
        return None
    every = _mean(blocks)
    spread = _stiffness(every.between)
    if not spread[0] > 1e-9:
        return None
    centre = _solved(every)
    without = [_solved(_mean(blocks[:k] + blocks[k + 1 :])) for k in range(len(blocks))]
    residual, n_frames = _gap(proximal, distal, centre[:3], centre[3:])
    return RotationCentre(
        proximal=centre[:3],
        distal=centre[3:],
        condition=float(np.sqrt((2.0 - spread[0]) / spread[0])),
        residual_m=residual,
        sd_m=_jackknife(np.array(without)[:, :3]),
        n_frames=n_frames,
    )


def axis_of_rotation(proximal: SegmentMotion, distal: SegmentMotion) -> RotationAxis | None:
    """Return the axis of rotation of a hinge by SARA, or None where nothing determines one.

    The direction is the singular vector of the stacked equations that belongs to the smallest singular value; its sign
    is arbitrary, the same in both segments. Parameters as in `centre_of_rotation`.
    """
    blocks = _blocks(proximal, distal)
    if blocks is None:
        return None
    every = _mean(blocks)
    spread = _stiffness(every.between)
    if not spread[1] > 1e-9:
        return None
    along = _axis(every)
    without = np.array([_axis(_mean(blocks[:k] + blocks[k + 1 :]))[0] for k in range(len(blocks))])
    without *= np.sign(without @ along[0])[:, None]
    centre = _solved(every, keep=5)
    points = [place - (place @ line) * line for place, line in zip((centre[:3], centre[3:]), along, strict=True)]
    residual, n_frames = _gap(proximal, distal, centre[:3], centre[3:])
    return RotationAxis(
        proximal=along[0],
        distal=along[1],
        point_proximal=points[0],
        point_distal=points[1],
        hinge_ratio=float(max(spread[0], 0.0) / spread[1]),
        residual_m=residual,
        sd_rad=_jackknife(without),
        n_frames=n_frames,
    )


def joint_gap(proximal: SegmentMotion, distal: SegmentMotion, at_proximal: NDArray, at_distal: NDArray) -> NDArray:
    """Return the vector, shape (time, 3) in m, from a point of the proximal to one of the distal segment."""
    one = np.einsum("tij,j->ti", proximal.axes, at_proximal) + proximal.origin
    other = np.einsum("tij,j->ti", distal.axes, at_distal) + distal.origin
    return other - one


def _gap(proximal: SegmentMotion, distal: SegmentMotion, at_proximal: NDArray, at_distal: NDArray) -> tuple[float, int]:
    gap = joint_gap(proximal, distal, at_proximal, at_distal)
    gap = gap[np.isfinite(gap).all(axis=1)]
    return float(np.sqrt(np.mean(np.sum(gap**2, axis=1)))), len(gap)


def _blocks(proximal: SegmentMotion, distal: SegmentMotion) -> list[tuple[int, _Sums]] | None:
    """Return the sums over tenths of the frames that show both segments, or None when there are too few."""
    there = np.isfinite(proximal.origin + distal.origin).all(axis=1)
    there &= np.isfinite(proximal.axes + distal.axes).all(axis=(1, 2))
    frames = np.flatnonzero(there)
    if len(frames) < MIN_FRAMES:
        return None
    free_p, free_d = np.linalg.inv(proximal.spin_loss), np.linalg.inv(distal.spin_loss)
    found = []
    for part in np.array_split(frames, N_BLOCKS):
        r, q = proximal.axes[part], distal.axes[part]
        step = distal.origin[part] - proximal.origin[part]
        found.append(
            (
                len(part),
                _Sums(
                    free_p.T @ np.einsum("tji,tjk->ik", r, q) @ free_d,
                    free_p.T @ np.einsum("tji,tj->i", r, step),
                    free_d.T @ np.einsum("tji,tj->i", q, step),
                ),
            )
        )
    return found


def _mean(blocks: list[tuple[int, _Sums]]) -> _Sums:
    total = sum(count for count, _ in blocks)
    parts = [sums for _, sums in blocks]
    return _Sums(
        np.sum([part.between for part in parts], axis=0) / total,
        np.sum([part.by_proximal for part in parts], axis=0) / total,
        np.sum([part.by_distal for part in parts], axis=0) / total,
    )


def _stiffness(between: NDArray) -> NDArray:
    """Return the three small eigenvalues of the normal equations, ascending: 0 for a direction that never turns."""
    return np.sort(1.0 - np.linalg.svd(between, compute_uv=False))


def _normal(sums: _Sums) -> tuple[NDArray, NDArray]:
    eye = np.eye(3)
    matrix = np.block([[eye, -sums.between], [-sums.between.T, eye]])
    return matrix, np.concatenate([sums.by_proximal, -sums.by_distal])


def _solved(sums: _Sums, keep: int = 6) -> NDArray:
    """Return c_p and c_d, shape (6,), by the `keep` largest eigenvalues of the normal equations."""
    matrix, right = _normal(sums)
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[-keep:], vectors[:, -keep:]
    return vectors @ ((vectors.T @ right) / np.where(values > 1e-12, values, np.inf))


def _axis(sums: _Sums) -> NDArray:
    """Return the unit directions, shape (2, 3), in the proximal and the distal segment that turn least."""
    u, _, vt = np.linalg.svd(sums.between)
    return np.stack([u[:, 0], vt[0]])


def _jackknife(estimates: NDArray) -> float:
    n = len(estimates)
    apart = estimates - estimates.mean(axis=0)
    return float(np.sqrt((n - 1) / n * np.sum(apart**2)))
