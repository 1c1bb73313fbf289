"""How the errors of the two ends of a bone go together after smoothing with bones that keep their length."""

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_bone_kernels import variance_along
from mocap.reconstruction.smooth_bones import Bones, Share, whole
from mocap.reconstruction.smooth_options import Smoothed
from mocap.trial import BoneErrors


def shared_errors(bones: Bones, direction: NDArray, info: NDArray, told: NDArray, share: Share = whole) -> NDArray:
    """Return the correlation of both ends' errors along each bone, shape (time, bone); 0 where an end is missing.

    With the variance of each end along the bone by all but the bone, a and b, and that of the bone's length, c, it is
    sqrt(a b / ((a + c) (b + c))). It is that of single frames, which is also that of what the smoother passes (see
    `told_by_neighbours`, which made `told` from `info`); frames without measured ends take the bone's median.
    """
    own = np.array([1.0 / weight if weight > 0 else np.inf for weight in bones.weight])
    first, second, with_first, with_second = np.empty((4, *direction.shape[:2]))
    shared = np.empty(direction.shape[:2])

    def work(start: int, stop: int) -> None:
        rows = slice(start, stop)
        variance_along(bones.ends, direction, info, 1, first, second, start, stop)
        variance_along(bones.ends, direction, told, 1, with_first, with_second, start, stop)
        part = np.ones((stop - start, len(own)))
        for with_bone, other in ((with_first[rows], second[rows]), (with_second[rows], first[rows])):
            with np.errstate(invalid="ignore", divide="ignore"):
                without = with_bone / (1.0 - with_bone / (own + other))
                part *= without / (own + without)
        shared[rows] = np.sqrt(part)

    share(len(direction), work)
    there = np.asarray(direction.any(axis=2))
    for bone in range(len(own)):
        seen = np.isfinite(shared[:, bone]) & there[:, bone]
        shared[~seen, bone] = np.median(shared[seen, bone]) if seen.any() else 0.0
    shared[~there] = 0.0
    return shared


def bone_errors(
    smoothed: Smoothed, shared: NDArray, pairs: tuple[tuple[str, str], ...], covariance: NDArray
) -> BoneErrors | None:
    """Return what is shared by the errors of bones' ends, as the points carry it; None without any bone.

    Parameters
    ----------
    smoothed : Smoothed
    shared : ndarray, shape (time, bone)
        Of `shared_errors`.
    pairs : tuple of (str, str)
        The bones.
    covariance : ndarray, shape (time, keypoint, 3, 3)
        That the points came with: errors of it that stay over many frames are each point's own.
    """
    names, told = smoothed.points.names, np.flatnonzero(shared.any(axis=0))
    if not len(told):
        return None
    ends = np.array([[names.index(name) for name in pairs[bone]] for bone in told])
    shared = shared[:, told]
    steady = np.nan_to_num(smoothed.steady_share)
    if steady[ends].any():
        before, after = (np.trace(one, axis1=2, axis2=3) for one in (covariance, smoothed.points.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.sqrt(1.0 - np.clip(np.nan_to_num(steady * before / after), 0.0, 1.0))
        shared = shared * own[:, ends[:, 0]] * own[:, ends[:, 1]]
    return BoneErrors(tuple(pairs[bone] for bone in told), np.clip(shared, 0.0, 1.0))
