"""Rigid clusters of points: least-squares poses with their gradients, and mean shapes.

Source: Kabsch 1976, Soderkvist and Wedin 1993; the gradient is that of the stationary point of the same fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import NO_GRAD, Frame, Grad, Vec, add_grads, skew, turned

MIN_SPREAD_M = 0.010
PLATE_RESIDUAL_M = 0.003
SKIN_RESIDUAL_M = 0.015


@dataclass(frozen=True, eq=False)
class Cluster:
    """Points that move as one body.

    Attributes
    ----------
    names : tuple of str
        Canonical names of the points.
    shape_cluster : ndarray, shape (point, 3)
        Their places in the cluster's own axes, centred, in m.
    residual_limit_m : float
        RMS distance of the fit above which a frame is not accepted.
    """

    names: tuple[str, ...]
    shape_cluster: NDArray
    residual_limit_m: float


@dataclass(frozen=True, eq=False)
class ClusterPose:
    """A cluster over time: orientation, the point (centroid of `anchor_cluster`) it is fixed to, and the fit."""

    frame: Frame
    centroid: Vec
    anchor_cluster: NDArray
    residual_m: NDArray


def second_spread(points: NDArray) -> NDArray:
    """Return the second singular value (m) of centred points, shape (..., point, 3); tells a line from a plane."""
    centred = points - points.mean(axis=-2, keepdims=True)
    return np.linalg.svd(centred, compute_uv=False)[..., 1]


def fit(cluster: Cluster, points: Mapping[str, Vec]) -> ClusterPose:
    """Return the pose of a cluster in every frame.

    Parameters
    ----------
    cluster : Cluster
    points : mapping of str to Vec
        Must hold all names of the cluster; a frame uses the points it has.

    Returns
    -------
    ClusterPose
        NaN where fewer than three points are there, where these lie on a line (second singular value under 10 mm),
        or where the fit is worse than the cluster's limit.
    """
    measured = np.stack([points[name].value for name in cluster.names], axis=1)
    there = np.isfinite(measured).all(axis=2)
    count = there.sum(axis=1)
    weight = there / np.maximum(count, 1)[:, None]
    filled = np.where(there[..., None], measured, 0.0)
    centroid = np.einsum("tp,tpi->ti", weight, filled)
    anchor = weight @ cluster.shape_cluster
    model = (cluster.shape_cluster - anchor[:, None]) * there[..., None]
    offset = (filled - centroid[:, None]) * there[..., None]
    rotation = _rotations(model, offset)
    spread = _seen_spread(cluster, there)
    placed = model @ np.swapaxes(rotation, -1, -2)
    residual = np.sqrt(np.sum((placed - offset) ** 2, axis=(1, 2)) / np.maximum(count, 1))
    good = (count >= 3) & (spread >= MIN_SPREAD_M) & (residual <= cluster.residual_limit_m)
    rotation = np.where(good[:, None, None], rotation, np.nan)
    turn, shift = _gradients(cluster, points, placed, offset, weight)
    centre = Vec(np.where(good[:, None], centroid, np.nan), shift)
    return ClusterPose(Frame(rotation, turn), centre, anchor, np.where(count >= 3, residual, np.nan))


def _seen_spread(cluster: Cluster, there: NDArray) -> NDArray:
    """Return the second singular value (m) of the points that each frame shows, shape (time,)."""
    patterns, inverse = np.unique(there, axis=0, return_inverse=True)
    spreads = [second_spread(cluster.shape_cluster[p]) if p.sum() >= 3 else 0.0 for p in patterns]
    return np.array(spreads)[inverse.reshape(-1)]


def _rotations(model: NDArray, offset: NDArray) -> NDArray:
    """Return proper rotations, shape (time, 3, 3), that bring `model` closest to `offset`, (time, point, 3)."""
    u, _, vt = np.linalg.svd(np.einsum("tpi,tpj->tij", model, offset))
    mirror = np.linalg.det(u) * np.linalg.det(vt)
    v = np.swapaxes(vt, -1, -2).copy()
    v[..., 2] *= np.where(mirror < 0, -1.0, 1.0)[:, None]
    return v @ np.swapaxes(u, -1, -2)


def _gradients(
    cluster: Cluster, points: Mapping[str, Vec], placed: NDArray, offset: NDArray, weight: NDArray
) -> tuple[Grad, Grad]:
    if not any(points[name].grad for name in cluster.names):
        return NO_GRAD, NO_GRAD
    inertia = np.einsum("tpi,tpi->t", placed, offset)[:, None, None] * np.eye(3)
    inertia = inertia - np.einsum("tpi,tpj->tij", placed, offset)
    # A degenerate frame is NaN already; the unit matrix only keeps the inversion from failing on it.
    singular = ~(np.abs(np.linalg.det(inertia)) > 1e-18)
    levers = np.linalg.inv(np.where(singular[:, None, None], np.eye(3), inertia))
    turns, shifts = [], []
    for index, name in enumerate(cluster.names):
        used = weight[:, index, None, None]
        turn = levers @ skew(placed[:, index]) * (used > 0)
        for source, term in points[name].grad.items():
            turns.append({source: turn @ term})
            shifts.append({source: used * term})
    return add_grads(*turns), add_grads(*shifts)


def place(pose: ClusterPose, point_cluster: NDArray) -> Vec:
    """Return where a point, shape (3,) in the cluster's axes, is over time."""
    arm = turned(pose.frame.axes, point_cluster - pose.anchor_cluster)
    lever = -skew(arm)
    turn = {source: lever @ term for source, term in pose.frame.grad.items()}
    return Vec(pose.centroid.value + arm, add_grads(pose.centroid.grad, turn))


def mean_shape(measured: NDArray) -> NDArray | None:
    """Return the mean shape, shape (point, 3), of points over time, (time, point, 3), in m.

    The first complete frame is the reference; all complete frames are turned onto it and averaged. None when no
    frame is complete.
    """
    complete = np.isfinite(measured).all(axis=(1, 2))
    if not complete.any():
        return None
    offset = measured[complete] - measured[complete].mean(axis=1, keepdims=True)
    reference = np.broadcast_to(offset[0], offset.shape)
    back = np.swapaxes(_rotations(reference, offset), -1, -2)
    return np.einsum("tij,tpj->pi", back, offset) / len(offset)
