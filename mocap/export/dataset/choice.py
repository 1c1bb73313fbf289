"""Which frames of a recording are kept: poses that are near others already kept teach nothing new."""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 256
_LEAST_SHARED = 3  # points that two frames have to have in common to be compared


def distinct_frames(position: NDArray, least_change_m: float, every: int = 1) -> NDArray:
    """Return the frames whose poses differ from all that are kept before them.

    Two poses differ by the root mean square distance of the points that both have; those that have hardly a point in
    common differ. Greedy in the order of time, so the same input always keeps the same frames.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        World, m; NaN is missing. Frames without a point are left out.
    least_change_m : float
        0 keeps all.
    every : int
        Looks at every so many frames.

    Returns
    -------
    ndarray of int, shape (kept,)
    """
    known = np.isfinite(position).all(axis=2)
    frames = np.flatnonzero(known.any(axis=1))
    frames = frames[frames % every == 0]
    if least_change_m <= 0 or not len(frames):
        return frames
    centred = np.where(known[..., None], position - np.nanmean(position[frames], axis=(0, 1)), 0.0)
    values = centred[frames].reshape(len(frames), -1)
    present = np.repeat(known[frames].astype(float), 3, axis=1)
    kept: list[int] = []
    for start in range(0, len(frames), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(frames)))
        new = _far_from(values, present, block, np.array(kept, int), least_change_m)
        for one in block[new]:
            here = np.array([other for other in kept if other >= start], int)
            if not len(here) or _far_from(values, present, np.array([one]), here, least_change_m)[0]:
                kept.append(int(one))
    return frames[kept]


def _far_from(values: NDArray, present: NDArray, some: NDArray, others: NDArray, least_m: float) -> NDArray:
    """Return which frames, shape (some,), are at least so far from every one of the others."""
    if not len(others):
        return np.ones(len(some), bool)
    a, b, in_a, in_b = values[some], values[others], present[some], present[others]
    # Missing values are 0 in `values`: sums over what both have, without a loop.
    squares = a**2 @ in_b.T + in_a @ (b**2).T - 2.0 * (a @ b.T)
    shared = (in_a @ in_b.T) / 3.0
    near = (squares < shared * least_m**2) & (shared >= _LEAST_SHARED)
    return ~near.any(axis=1)
