"""How far a reconstruction can be trusted, as verdicts with measured value and limit."""

import numpy as np

from calibration import CameraRig
from mocap.reconstruction.kernels import MEASURED, MISSING
from mocap.reconstruction.losses import usable_observations
from mocap.reconstruction.options import ReconstructionOptions
from mocap.reconstruction.robust import Reconstruction
from mocap.trial import Keypoints2D, Verdict

_FOUND = 0.9  # of the points that enough cameras saw
_USED = 0.7  # of a camera's confident observations, where a point was found
_VOUCHED = 0.9  # of the points: three or more views


def reconstruction_verdicts(
    details: Reconstruction,
    keypoints: Keypoints2D,
    rig: CameraRig,
    *,
    options: ReconstructionOptions | None = None,
) -> tuple[Verdict, ...]:
    """Judge a reconstruction: points found, points with a third view, and how often each camera was believed.

    A camera whose observations are mostly left out, though there, was moved, is out of step, or shows someone else.

    Parameters
    ----------
    details : Reconstruction
    keypoints : Keypoints2D
        What it was made of.
    rig : CameraRig
    options : ReconstructionOptions, optional
        What it was made with.

    Returns
    -------
    tuple of Verdict
        Shares as percentages.
    """
    found = details.reason == MEASURED
    possible = details.reason != MISSING
    views = details.used.sum(axis=0)[found]
    usable = usable_observations(keypoints, options or ReconstructionOptions()) & found
    verdicts = [
        _at_least("points found", found.sum(), possible.sum(), _FOUND, "of those that enough cameras saw"),
        _at_least(
            "points with three views", (views >= 3).sum(), len(views), _VOUCHED, "no third view vouches for the rest"
        ),
    ]
    for camera, name in enumerate(rig.names):
        text = "of its confident observations were used; else it was moved, is out of step or shows someone else"
        verdicts.append(_at_least(f"{name} used", details.used[camera].sum(), usable[camera].sum(), _USED, text))
    return tuple(verdicts)


def _at_least(name: str, part: int | np.integer, whole: int | np.integer, limit: float, text: str) -> Verdict:
    share = 100.0 * float(part) / float(whole) if whole else 0.0
    return Verdict(name, share, 100.0 * limit, "%", bool(share >= 100.0 * limit), text)
