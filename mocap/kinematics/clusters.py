"""Rigid clusters of points: least-squares poses with their gradients, and mean shapes.

Source: Kabsch 1976, Soderkvist and Wedin 1993; the gradient is that of the stationary point of the same fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.graph import Node
from mocap.kinematics.traced import Frame, Vec

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


class ClusterPose:
    """A cluster over time: orientation, the point (centroid of `anchor_cluster`) it is fixed to, and the fit.

    Parameters
    ----------
    frame : Frame
    centroid : Vec
    anchor_cluster : Vec or array-like, shape (time, 3)
        The centroid in the cluster's axes, m.
    residual_m : Vec or array-like, shape (time,)
        RMS distance of the fit.
    """

    def __init__(self, frame: Frame, centroid: Vec, anchor_cluster: Any, residual_m: Any) -> None:
        self.frame, self.centroid = frame, centroid
        self.anchor = anchor_cluster if isinstance(anchor_cluster, Vec) else Vec(anchor_cluster)
        self._residual = residual_m if isinstance(residual_m, Vec) else Vec(residual_m)

    @property
    def parts(self) -> tuple[Frame | Vec, ...]:
        """Return all that is computed with the pose."""
        return self.frame, self.centroid, self.anchor, self._residual

    @property
    def anchor_cluster(self) -> NDArray:
        """Return the centroid in the cluster's axes, shape (time, 3), of the points that each frame shows."""
        return self.anchor.value

    @property
    def residual_m(self) -> NDArray:
        """Return the RMS distance (m) of the fit, shape (time,)."""
        return self._residual.value.reshape(-1)


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
    limits = (cluster.residual_limit_m, float(second_spread(cluster.shape_cluster)))
    node = Node(op.FIT, [points[name].node for name in cluster.names], [*limits, *cluster.shape_cluster.ravel()])
    anchor, residual = Node(op.ANCHOR, (node,)), Node(op.RESIDUAL, (node,))
    return ClusterPose(Frame.of(node), Vec.of(Node(op.CENTROID, (node,))), Vec.of(anchor), Vec.of(residual))


def _rotations(model: NDArray, offset: NDArray) -> NDArray:
    """Return proper rotations, shape (time, 3, 3), that bring `model` closest to `offset`, (time, point, 3)."""
    u, _, vt = np.linalg.svd(np.einsum("tpi,tpj->tij", model, offset))
    mirror = np.linalg.det(u) * np.linalg.det(vt)
    v = np.swapaxes(vt, -1, -2).copy()
    v[..., 2] *= np.where(mirror < 0, -1.0, 1.0)[:, None]
    return v @ np.swapaxes(u, -1, -2)


def place(pose: ClusterPose, point_cluster: NDArray) -> Vec:
    """Return where a point, shape (3,) in the cluster's axes, is over time."""
    spot = [float(x) for x in np.asarray(point_cluster)]
    return Vec.of(Node(op.PLACE, (pose.frame.node, pose.centroid.node, pose.anchor.node), spot))


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
