"""Smoothing over time: each keypoint by a Kalman filter and Rauch-Tung-Striebel smoother on its own covariances.

The motion is one whose jerk is white noise; how strong it is along each axis, and how much of the stated variance
really changes from frame to frame, are learned from the series itself. What of the variance does not show from frame
to frame is an error that stays: no smoothing lessens it, so it remains in the covariance. A keypoint that this does
not describe is left as it came, and named.

The covariance is that of the distance from the truth. It holds what the smoother takes from the movement beside the
noise that it leaves, and is therefore some percent above the scatter of repeated noise alone.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_assembly import assemble
from mocap.reconstruction.smooth_lanes import Lanes, look_at_lanes, prepare
from mocap.reconstruction.smooth_options import Smoothed, SmoothingOptions, pool
from mocap.reconstruction.smooth_series import fit_all
from mocap.trial import Points3D

__all__ = ["Smoothed", "SmoothingOptions", "smooth_points_kalman"]

_DEFAULT = SmoothingOptions()


def smooth_points_kalman(points: Points3D, options: SmoothingOptions = _DEFAULT) -> Smoothed:
    """Smooth every keypoint over time, bridge its short gaps, leave out what strays, and say how well all is known.

    Parameters
    ----------
    points : Points3D
        Positions in the world, m, NaN where missing; covariances in m^2 of the error of a single frame.
    options : SmoothingOptions

    Returns
    -------
    Smoothed
    """
    prepared = prepare(points)
    longest = int(np.floor(options.longest_gap_s * points.rate_hz + 1e-6))

    def one(group: NDArray) -> tuple[Lanes, tuple[NDArray, NDArray]]:
        lanes, _ = look_at_lanes(prepared, group, longest, options)
        fitted = fit_all(lanes.series, lanes.stiffness)
        return lanes.held(prepared, fitted[0]), fitted

    with pool(options) as workers:
        found = list(workers.map(one, prepared.groups))
    return assemble(points, prepared, [lanes for lanes, _ in found], [fitted for _, fitted in found], options)
