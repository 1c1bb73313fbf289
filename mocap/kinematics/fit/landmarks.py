"""Landmarks and clusters of the fitted body, with their dependence on the fit's own uncertainty."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.clusters import Cluster, ClusterPose
from mocap.kinematics.fit.bridging import Shown
from mocap.kinematics.fit.result_kernels import place_point, roots_of
from mocap.kinematics.fit.solve import Fit
from mocap.kinematics.fit.tree import Tree
from mocap.kinematics.traced import Frame, Vec


def source_names(tree: Tree) -> tuple[str, ...]:
    """Return the names of the whitened unknowns of a tree, three to a name, each of unit covariance."""
    return tuple(f"{tree.name} pose {index}" for index in range(tree.n_unknowns // 3))


class Placer:
    """Places points of a fitted tree.

    Parameters
    ----------
    tree : Tree
    fitted : Fit
    shown : sequence of Shown
        Per segment.
    """

    def __init__(self, tree: Tree, fitted: Fit, shown: Sequence[Shown]) -> None:
        self.tree, self.fitted, self.shown = tree, fitted, shown
        self.sources = source_names(tree)
        self.roots = np.zeros_like(fitted.covariance)
        roots_of(fitted.covariance, self.roots)

    def point(self, segment: str, spot: NDArray) -> Vec:
        """Return where a point, shape (3,) in a segment's axes, is over time."""
        index = self.tree.segments.index(segment)
        n_frames = len(self.fitted.root)
        # A root is lower triangular: what lies further out than the segment has no part in it.
        value, grad = np.empty((n_frames, 3)), np.empty((index + 2, n_frames, 3, 3))
        place_point(
            self.fitted.root, self.fitted.rotations, self.tree.parent, self.tree.offset, index,
            np.ascontiguousarray(spot, dtype=float), self.roots, value, grad,
        )  # fmt: skip
        value[self.shown[index].lost] = np.nan
        return Vec(value, dict(zip(self.sources, grad, strict=False)))

    def landmarks(self) -> dict[str, Vec]:
        """Return every landmark and marker of the tree."""
        return {name: self.point(*place) for name, place in self.tree.places.items()}

    def cluster(self, segment: str, cluster: Cluster, segment_from_cluster: NDArray, centre: NDArray) -> ClusterPose:
        """Return a cluster that is rigid with a segment.

        Parameters
        ----------
        segment_from_cluster : ndarray, shape (3, 3)
        centre : ndarray, shape (3,)
            Centroid of the cluster's points in the segment's axes, m.
        """
        index = self.tree.segments.index(segment)
        n_frames = len(self.fitted.root)
        axes = self.fitted.rotations[:, index] @ segment_from_cluster
        axes[self.shown[index].lost] = np.nan
        rows = self.roots[:, 3 + 3 * index : 6 + 3 * index]
        grad = {name: rows[:, :, 3 * k : 3 * k + 3] for k, name in enumerate(self.sources[: index + 2])}
        anchor = np.broadcast_to(cluster.shape_cluster.mean(axis=0), (n_frames, 3))
        return ClusterPose(Frame(axes, grad), self.point(segment, centre), anchor, np.zeros(n_frames))


def cluster_in_segment(cluster: Cluster, places: Mapping[str, tuple[str, NDArray]]) -> tuple[NDArray, NDArray] | None:
    """Return how a cluster lies in its segment: rotation (3, 3), centroid (3,); None when a point has no place."""
    if not all(name in places for name in cluster.names):
        return None
    spots = np.array([places[name][1] for name in cluster.names])
    shape = cluster.shape_cluster - cluster.shape_cluster.mean(axis=0)
    u, _, vt = np.linalg.svd((spots - spots.mean(axis=0)).T @ shape)
    handed = np.diag([1.0, 1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    return u @ handed @ vt, spots.mean(axis=0)
