"""Tags that cannot belong to a plate where the others have it: read wrongly, or half hidden."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from mocap.reconstruction.rigid_fit import Sights, linearised, refine

_MEASURED, _ONE_VIEW, _DISAGREE = 0, 2, 4


@dataclass(frozen=True)
class Gate:
    """What counts as a gross error.

    Attributes
    ----------
    sigmas : float
        Root mean square of a tag's residuals in one view, in standard deviations as they usually are.
    least_px : float
        Below this many px nothing is called gross.
    rounds : int
        Tags that are left out of one frame at most.
    """

    sigmas: float = 6.0
    least_px: float = 0.6
    rounds: int = 3


def without_strays(
    rig: CameraRig, body: NDArray, sights: Sights, start: NDArray, reason: NDArray, group: NDArray, gate: Gate
) -> tuple[Sights, NDArray, NDArray]:
    """Fit every frame, leave out tags that contradict the rest, and refuse frames in which that ends in nothing.

    Parameters
    ----------
    body : ndarray, shape (corner, 3)
    start : ndarray, shape (time, 4, 4)
    reason : ndarray of uint8, shape (time,)
        Frames with 0 are fitted.
    group : ndarray of int, shape (corner,)
        The tag of each corner.

    Returns
    -------
    sights, poses, reason
    """
    used, poses, reason = sights.used.copy(), start.copy(), reason.copy()
    good = np.flatnonzero(reason == _MEASURED)
    if not len(good):
        return sights, poses, reason
    off = np.empty((0, 0, 0))
    limit, todo = np.inf, good
    for turn in range(gate.rounds + 1):
        part = replace(sights, used=used).at(todo)
        poses[todo], _ = refine(rig, body, poses[todo], part)
        off = _tag_residuals(rig, body, poses[todo], part, group)
        if turn == 0:
            usual = float(np.median(off[off > 0])) if (off > 0).any() else 0.0
            limit = max(gate.least_px, gate.sigmas * usual)
        flat = off.transpose(1, 0, 2).reshape(len(todo), -1)
        bad = flat.max(axis=1) > limit
        todo, worst = todo[bad], flat.argmax(axis=1)[bad]
        if not len(todo) or turn == gate.rounds:
            break
        camera, tag = np.divmod(worst, off.shape[2])
        for frame, own, number in zip(todo, camera, tag, strict=True):
            used[own, frame, group == number] = False
        few = (used[:, todo].sum(axis=2) >= 2).sum(axis=0) < 2
        reason[todo[few]] = _DISAGREE
        todo = todo[~few]
        if not len(todo):
            break
    reason[todo] = _DISAGREE
    poses[reason != _MEASURED] = np.nan
    return replace(sights, used=used), poses, reason


def _tag_residuals(rig: CameraRig, body: NDArray, poses: NDArray, sights: Sights, group: NDArray) -> NDArray:
    """Return the root mean square residual of each tag in each view, shape (camera, time, tag), px; 0 where unseen."""
    linear = linearised(rig, body, poses, sights)
    squares = (linear.residual**2).sum(axis=-1)
    belongs = (group[:, None] == np.arange(group.max() + 1)).astype(float)
    count = sights.used.astype(float) @ belongs
    return np.sqrt((squares @ belongs) / np.maximum(2 * count, 1.0))
