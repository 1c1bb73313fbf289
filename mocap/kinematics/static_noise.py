"""What the noise of a short static trial leaves in the angles of the person's other trials.

The static fixes where landmarks lie in their clusters, and the zeros of angles. Its own noise, averaged over its quiet
frames, stays in both: the same in every frame of a trial, so that it drops out of changes, but a part of how far an
angle is from the truth. It has two sources: the landmarks that carry no marker in the trial, each displaced by its own
mean noise, and the poses of the clusters (or of the segments of a zero) in the static, which are as noisy as the same
poses in a frame of the trial, divided by the root of the number of quiet frames.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics import landmarks as lm
from mocap.kinematics.body import Body
from mocap.kinematics.bone_axes import bone_axes
from mocap.kinematics.models import build_body
from mocap.kinematics.observability import Outcome
from mocap.kinematics.outcomes import all_outcomes
from mocap.kinematics.uncertainty import random_sds
from mocap.trial import JointAngles

FRAMES = 20


def static_sd(
    body: Body,
    positions: Mapping[str, NDArray],
    calibration: lm.Calibration | None,
    pelvis: str,
    noise: Mapping[str, float],
    mean_sd_m: Mapping[str, float],
) -> dict[str, float]:
    """Return the standard uncertainty (rad) that the static's noise leaves in each angle, to first order.

    Parameters
    ----------
    body : Body
        That of the trial.
    positions : mapping of str to ndarray, shape (time, 3)
        What the trial measured, m.
    calibration, pelvis, noise
        As for `build_landmarks`.
    mean_sd_m : mapping of str to float
        Standard uncertainty, per axis, of the mean over the quiet frames of each point of the static.

    Returns
    -------
    dict of str to float
        The median over frames of the trial; NaN for an angle that is not there. Points of unknown noise count as exact.
    """
    frames = _frames(positions)
    found = lm.build_landmarks(
        lm.traced_points({name: values[frames] for name, values in positions.items()}, True), calibration, pelvis, noise
    )
    posed = build_body(found.points, found.poses, body.setting, body.zeros, body.heading)
    seen = lm.for_placement(found, np.arange(len(frames)), found.reconstructed, bone_axes(body, frames))
    setting = replace(body.setting, placement_pass=True)
    placed = all_outcomes(build_body(seen.points, seen.poses, setting, body.zeros, body.heading))
    every = {*positions, *found.reconstructed}
    of_all = _covariances(every, mean_sd_m, len(frames))
    clusters = calibration.clusters if calibration is not None else {}
    tracking = {name for segment in found.poses for name in clusters[segment].names}
    of_clusters = _covariances(every, {n: s for n, s in mean_sd_m.items() if n in tracking}, len(frames))
    outcomes = all_outcomes(posed)
    places = {name: one.angle for name, one in placed.items() if one.angle is not None}
    shown = {name: one.angle for name, one in outcomes.items() if one.angle is not None and name in places}
    by_zero = {name: angle for name, angle in shown.items() if _is_zeroed(name, outcomes[name], body)}
    by_place = {name: angle for name, angle in places.items() if name in shown and angle.grad}
    by_cluster = {name: angle for name, angle in shown.items() if name in by_place and name not in by_zero}
    # What is in none of these is made of what the trial itself shows.
    variances = {name: np.zeros(len(frames)) for name in shown}
    for angles, covariance in ((by_zero, of_all), (by_cluster, of_clusters), (by_place, of_all)):
        for name, sd in zip(angles, random_sds(list(angles.values()), covariance), strict=True):
            variances[name] = variances[name] + sd**2
    return {name: _typical(variances[name]) if name in variances else float("nan") for name in outcomes}


def _typical(variance: NDArray) -> float:
    known = variance[np.isfinite(variance)]
    return float(np.sqrt(np.median(known))) if len(known) else float("nan")


def with_static_noise(angles: JointAngles, sd_rad: Mapping[str, float]) -> JointAngles:
    """Return the angles with the part of the static in their sd, and by itself."""
    part = np.array([sd_rad.get(name, np.nan) for name in angles.names])
    counted = np.where(np.isfinite(part), part, 0.0)
    return replace(angles, sd=np.hypot(angles.sd, counted), u_static=part)


def _frames(positions: Mapping[str, NDArray]) -> NDArray:
    """Return some frames, of those that show most points."""
    count = sum(np.isfinite(values).all(axis=1).astype(int) for values in positions.values())
    best = np.flatnonzero(count == np.max(count))
    chosen: NDArray = best[np.unique(np.linspace(0, len(best) - 1, FRAMES).round().astype(int))]
    return chosen


def _covariances(names: set[str], sd_m: Mapping[str, float], n_frames: int) -> dict[str, NDArray]:
    return {name: np.broadcast_to(sd_m.get(name, 0.0) ** 2 * np.eye(3), (n_frames, 3, 3)) for name in names}


def _is_zeroed(name: str, outcome: Outcome, body: Body) -> bool:
    """Tell whether segments of the static itself are in an angle, beside clusters."""
    side = name[-1].upper()
    return (
        outcome.reference == "static"
        or (name.startswith(("ankle", "sole_pitch")) and side in body.zeros.foot_flat)
        or (name.startswith(("knee_flexion", "knee_varus", "knee_rotation")) and side in body.zeros.knee_axis)
    )
