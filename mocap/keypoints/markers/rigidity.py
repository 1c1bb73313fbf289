"""Which markers keep their distance: learned from the trial itself, used to find exchanged labels and lost markers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.markers.options import LabelOptions

_LEAST_FRAMES = 20
_NEIGHBOURS = 6


@dataclass(frozen=True, eq=False)
class Rigidity:
    """Distances between markers.

    Attributes
    ----------
    length_m : ndarray, shape (marker, marker)
        NaN where two markers are not rigid with each other, or nothing is known.
    """

    length_m: NDArray

    @property
    def n_pairs(self) -> int:
        """How many pairs are rigid."""
        return int(np.isfinite(self.length_m).sum()) // 2


def nothing_rigid(n_markers: int) -> Rigidity:
    """Return what is known before anything was seen."""
    return Rigidity(np.full((n_markers, n_markers), np.nan))


def learn_rigidity(position: NDArray, options: LabelOptions) -> Rigidity:
    """Find the pairs that keep their distance over a trial, shape (time, marker, 3); robust against some bad frames."""
    n_markers = position.shape[1]
    length = np.full((n_markers, n_markers), np.nan)
    for marker in range(n_markers):
        distance = np.linalg.norm(position - position[:, marker, None], axis=-1)
        for other in range(marker):
            seen = distance[np.isfinite(distance[:, other]), other]
            if len(seen) < _LEAST_FRAMES:
                continue
            middle = float(np.median(seen))
            spread = 1.4826 * float(np.median(np.abs(seen - middle)))
            # The median alone would call two markers rigid that move in less than half of the frames.
            wide = float(np.quantile(np.abs(seen - middle), 0.9)) / 1.645
            if middle < options.rigid_reach_m and max(spread, wide) < options.rigid_sd_m:
                length[marker, other] = length[other, marker] = middle
    return Rigidity(length)


def implausible(position: NDArray, rigidity: Rigidity, limit_m: float) -> NDArray:
    """Return the markers, shape (marker,), half or more of whose rigid distances are off;
    the worst goes first.

    With a single rigid partner both are suspect and both are told.
    """
    gone = np.zeros(len(position), bool)
    known = np.isfinite(rigidity.length_m)
    if not known.any():
        return gone
    distance = np.linalg.norm(position[:, None] - position[None], axis=-1)
    comparable = known & np.isfinite(distance)
    off = comparable & (np.abs(np.where(comparable, distance - rigidity.length_m, 0.0)) > limit_m)
    while True:
        partners, wrong = comparable.sum(axis=1), off.sum(axis=1)
        share = np.where(partners > 0, wrong / np.maximum(partners, 1), 0.0)
        # Of two that are exchanged, the distance between them is not off: half of few partners is already much.
        share[(share < 1.0) & (wrong < 2)] = 0.0
        worst = share.max()
        if worst < 0.5:
            return gone
        bad = np.flatnonzero((share == worst) & (wrong == wrong[share == worst].max()))
        gone[bad] = True
        comparable[bad], comparable[:, bad], off[bad], off[:, bad] = False, False, False, False


def expected_from_neighbours(
    lost: NDArray, position: NDArray, last: NDArray, seen: NDArray, rigidity: Rigidity
) -> NDArray:
    """Expect lost markers where their neighbours went since.

    Parameters
    ----------
    lost : ndarray of int, shape (lost,)
    position : ndarray, shape (marker, 3)
        Of this frame; NaN where unknown.
    last : ndarray, shape (lost, marker, 3)
        All markers at the instant when the lost one was last seen.
    seen : ndarray of bool, shape (marker,)
        Markers to go by.
    rigidity : Rigidity
        Rigid neighbours come first.

    Returns
    -------
    ndarray, shape (lost, 3)
        NaN without a neighbour.
    """
    answer = np.full((len(lost), 3), np.nan)
    for index, marker in enumerate(lost):
        before = last[index]
        usable = np.flatnonzero(seen & np.isfinite(before).all(axis=1) & np.isfinite(position).all(axis=1))
        usable = usable[usable != marker]
        if not len(usable) or not np.isfinite(before[marker]).all():
            continue
        distance = np.linalg.norm(before[usable] - before[marker], axis=1)
        rigid = np.isfinite(rigidity.length_m[marker, usable])
        order = np.argsort(distance + np.where(rigid, 0.0, 10.0), kind="stable")[:_NEIGHBOURS]
        near = usable[order]
        if rigid[order].sum() >= 3:
            near = near[rigid[order]]
        answer[index] = _carried(before[marker], before[near], position[near])
    return answer


def _carried(point: NDArray, before: NDArray, after: NDArray) -> NDArray:
    """Move a point with others: rigidly by three or more that span a triangle, else by their mean shift."""
    middle_before, middle_after = before.mean(axis=0), after.mean(axis=0)
    if len(before) >= 3:
        left, spread, right = np.linalg.svd((before - middle_before).T @ (after - middle_after))
        if spread[1] > 0.05 * spread[0]:
            turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
            return middle_after + (left @ turn @ right).T @ (point - middle_before)
    return point + middle_after - middle_before
