"""Samples that something speaks against: their values stay, and each carries a flag of its own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.schema import Status
from mocap.signal.implausible import Implausible
from mocap.trial import Points3D, Verdict

_LIMIT = 0.05  # of the samples that are there


def flag_doubtful(
    points: Points3D, odd: Implausible, used: NDArray | None = None, exchanged: NDArray | None = None
) -> tuple[Points3D, Verdict]:
    """Return the points with `Status.DOUBTFUL` on every sample that something speaks against, and a verdict on them.

    Two views that are wrong in the same way make a point like any other; only what is around it tells.

    Parameters
    ----------
    points : Points3D
    odd : Implausible
        Of these points: frozen, leaping and stray samples.
    used : ndarray of bool, shape (camera, time, keypoint), optional
        Observations that the first keypoints were fitted to.
    exchanged : ndarray of bool, shape (camera, time, keypoint), optional
        Observations whose left and right look exchanged, and were left so.

    Returns
    -------
    points : Points3D
    verdict : Verdict
        Share of the samples that are there, in percent.
    """
    there = np.isfinite(points.position).all(axis=2)
    sides = np.zeros(there.shape, bool)
    if used is not None and exchanged is not None:
        sides[:, : used.shape[2]] = (used & exchanged).any(axis=0)
    reasons = {"frozen": odd.frozen, "leaping": odd.leap, "stray": odd.stray, "of a view with exchanged sides": sides}
    doubtful = there & (odd.any | sides)
    told = [f"{int((mask & there).sum())} {reason}" for reason, mask in reasons.items() if (mask & there).any()]
    text = "of the samples stay as they are, flagged 'doubtful' one by one" + (f": {', '.join(told)}" if told else "")
    share = float(doubtful.sum()) / max(int(there.sum()), 1)
    verdict = Verdict("doubtful samples", 100.0 * share, 100.0 * _LIMIT, "%", share <= _LIMIT, text)
    status = points.status | (doubtful * np.uint8(Status.DOUBTFUL))
    return (replace(points, status=status) if doubtful.any() else points), verdict
