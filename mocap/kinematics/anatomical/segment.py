"""The rigid segments of a calibration recording: which points track them, and how they move."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics import landmarks as lm
from mocap.kinematics.anatomical.rotation import SegmentMotion, spin_loss
from mocap.kinematics.clusters import (
    MIN_SPREAD_M,
    PLATE_RESIDUAL_M,
    SKIN_RESIDUAL_M,
    Cluster,
    fit,
    mean_shape,
    second_spread,
)
from mocap.kinematics.traced import evaluate

Positions = Mapping[str, NDArray]


def tracking_names(segment: str, shared: Iterable[str], pelvis: str = "auto") -> tuple[str, ...]:
    """Return the points that track a segment, of those that all recordings share.

    Parameters
    ----------
    segment : str
        A key of `TRACKED`.
    shared : iterable of str
    pelvis : str
        As in `KinematicsOptions`; the sacral plate is not mixed with landmarks on moving skin where it can stand alone.
    """
    shared = set(shared)
    trackers, landmarks = lm.TRACKED[segment]
    plate = tuple(name for name in trackers if name in shared)
    if segment != "pelvis":
        return plate
    skin = tuple(name for name in landmarks if name in shared)
    if pelvis == "landmarks" or len(plate) < 3:
        return skin if pelvis == "landmarks" else plate + skin
    return plate


def cluster_of(static: Positions, names: tuple[str, ...], segment: str) -> Cluster | None:
    """Return the cluster of named points by its mean shape in a static, None for fewer than three or a line."""
    if len(names) < 3:
        return None
    shape = mean_shape(np.stack([static[name] for name in names], axis=1))
    if shape is None or second_spread(shape) < MIN_SPREAD_M:
        return None
    plate = segment in ("pelvis", "lumbar") and not set(names) & set(lm.ANATOMICAL)
    return Cluster(names, shape, PLATE_RESIDUAL_M if plate else SKIN_RESIDUAL_M)


def motion_of(cluster: Cluster, positions: Positions) -> SegmentMotion:
    """Return how a cluster moves, in its own axes; the noise that turns it is told from the residuals of the fit."""
    pose = fit(cluster, lm.traced_points({name: positions[name] for name in cluster.names}, False))
    evaluate(pose.parts)
    origin = pose.centroid.value - np.einsum("tij,tj->ti", pose.frame.axes, pose.anchor_cluster)
    there = np.isfinite(np.stack([positions[name] for name in cluster.names], axis=1)).all(axis=2).sum(axis=1)
    used = np.isfinite(origin).all(axis=1)
    # A fit takes six degrees of freedom off three for each point.
    free = np.sum(3.0 * there[used] - 6.0)
    squares = np.sum(pose.residual_m[used] ** 2 * there[used])
    sigma = float(np.sqrt(squares / free)) if free > 0 else 0.0
    return SegmentMotion(pose.frame.axes, origin, spin_loss(cluster.shape_cluster, sigma))


def joined(motions: Iterable[SegmentMotion]) -> SegmentMotion:
    """Return recordings of one segment as one, in the order given; what noise costs is the mean over their frames."""
    every = list(motions)
    frames = [float(np.isfinite(one.origin).all(axis=1).sum()) for one in every]
    losses = np.stack([one.spin_loss for one in every])
    return replace(
        every[0],
        axes=np.concatenate([one.axes for one in every]),
        origin=np.concatenate([one.origin for one in every]),
        spin_loss=np.average(losses, axis=0, weights=frames) if any(frames) else losses[0],
    )
