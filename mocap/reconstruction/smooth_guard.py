"""What keeps the smoother honest: covariances fit to weigh by, and keypoints that its model does not describe."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mocap.reconstruction.smooth_load_kernels import LOPSIDED, MISSING, UNKNOWN, judge
from mocap.reconstruction.smooth_sample_kernels import farthest_move

_UNKNOWN_SD_M = 1e-3  # where points bring no covariance, the noise is learned whole; the unit does not matter
# No direction is known that much better than another (of the variance): a weight without bound would hold the whole
# motion to it, and what it gets wrong would pass for noise.
_LEAST_SHARE = 1e-3
#: Learned variance over the stated one beyond which the stated covariance describes something else.
NOISE_LIMIT = 25.0
#: Farthest that a sample which does not stray may be moved, in sds (root of the summed variances).
MOVE_LIMIT = 6.0
#: Share of a keypoint's samples that may stray.
STRAY_LIMIT = 0.25


def usable_covariance(covariance: NDArray, measured: NDArray) -> tuple[NDArray, NDArray]:
    """Return covariances to weigh by, and which keypoints brought any.

    An unknown one (not finite, or without any spread) becomes the nearest known one of its keypoint; no direction has
    less than a thousandth of the largest variance.

    Parameters
    ----------
    covariance : ndarray, shape (time, keypoint, 3, 3)
        m^2.
    measured : ndarray of bool, shape (time, keypoint)

    Returns
    -------
    covariance : ndarray, shape (time, keypoint, 3, 3)
    known : ndarray of bool, shape (keypoint,)
    """
    worth = np.empty(measured.shape, np.uint8)
    judge(covariance, measured, _LEAST_SHARE, worth)
    finite = (worth != MISSING) & (worth != UNKNOWN)
    known = np.asarray(finite.any(axis=0))
    odd = (worth == UNKNOWN) | (worth == LOPSIDED)
    if not odd.any():
        return covariance, known
    result = np.array(covariance, float)
    for keypoint in np.flatnonzero(odd.any(axis=0)):
        if not known[keypoint]:
            result[:, keypoint] = _UNKNOWN_SD_M**2 * np.eye(3)
        elif not finite[:, keypoint].all():
            nearest = ndimage.distance_transform_edt(
                ~finite[:, keypoint], return_distances=False, return_indices=True
            )[0]
            result[:, keypoint] = result[nearest, keypoint]
            odd[:, keypoint] = odd[nearest, keypoint]
    flat = odd & known
    if flat.any():
        values, vectors = np.linalg.eigh(result[flat])
        values = np.maximum(values, _LEAST_SHARE * np.abs(values).max(axis=1, keepdims=True))
        result[flat] = np.einsum("nij,nj,nkj->nik", vectors, values, vectors)
    return result, known


def doubts(
    info: NDArray, value: NDArray, position: NDArray, noise: NDArray, known: NDArray, stray: NDArray
) -> list[str]:
    """Say by lane why it should not be smoothed; empty where nothing speaks against it.

    Parameters
    ----------
    info, value, position : ndarray, shapes (time + PAD, 6, LANES), (time + PAD, 3, LANES) twice
        In units of the stated noise.
    noise : ndarray, shape (LANES,)
        Learned variance over the stated one.
    known : ndarray of bool, shape (lane,)
        Whether the keypoint of the lane came with covariances.
    stray : ndarray of bool, shape (time + PAD, LANES)
    """
    move, squares = np.empty((2, info.shape[2]))
    farthest_move(info.reshape(-1), value.reshape(-1), position.reshape(-1), move, squares)
    move /= np.sqrt(np.maximum(noise, 1.0))
    used, left_out = (info[:, 0] > 0).sum(axis=0), stray.sum(axis=0)
    # The noise was learned of each axis by itself: of what lies askew to them the fit of all tells.
    varies = np.maximum(noise, squares / (3 * np.maximum(used, 1)))
    result = []
    for lane, stated in enumerate(known):
        if not used[lane] and not left_out[lane]:
            result.append("")
        elif stated and used[lane] and not varies[lane] <= NOISE_LIMIT:
            ratio = np.sqrt(varies[lane])
            result.append(f"it varies {ratio:.0f} times as much from frame to frame as its covariance says")
        elif left_out[lane] > STRAY_LIMIT * (used[lane] + left_out[lane]):
            share = 100 * left_out[lane] / (used[lane] + left_out[lane])
            result.append(f"{share:.0f} % of its samples stray from any smooth motion")
        elif not move[lane] <= MOVE_LIMIT:
            result.append(f"a sample would have been moved by {move[lane]:.0f} times its sd")
        else:
            result.append("")
    return result
