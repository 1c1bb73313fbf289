"""How the fitted body goes with where the hip centres are put in its pelvis.

The model takes the hip centres as exact: where they are off, the legs turn and shift the pelvis, by as much as their
markers outweigh those of the pelvis. To first order, and frame by frame: -(J' W J)^-1 J' W A, with A the markers by the
hip centres and J by the poses. An error of a hip centre is one in the static, too, where the markers of the thigh were
placed against it: they keep their places on the skin, and standing as in the static nothing moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.clusters import ClusterPose
from mocap.kinematics.fit.solve import Fit, Observed
from mocap.kinematics.fit.tree import Tree
from mocap.kinematics.landmarks import Landmarks
from mocap.kinematics.traced import Frame, Vec, skew

_SINGULAR = 1e-9


@dataclass(frozen=True, eq=False)
class HipShift:
    """Poses of a tree at some frames, with their dependence on the hip centres.

    Attributes
    ----------
    tree : Tree
    rotations : ndarray, shape (frame, segment, 3, 3)
    origins : ndarray, shape (frame, segment, 3)
        Upper joint of each segment, m.
    poses : ndarray, shape (frame, n, 6)
        Place (m) and turns (rad, in the world) by metres of the right and then the left hip centre, in pelvis axes.
    """

    tree: Tree
    rotations: NDArray
    origins: NDArray
    poses: NDArray

    def of_turn(self, segment: str) -> NDArray:
        """Return the turn of a segment by the hip centres, shape (frame, 3, 6), rad/m in the world."""
        at = 3 + 3 * self.tree.segments.index(segment)
        return self.poses[:, at : at + 3]

    def of_point(self, segment: str, place: NDArray) -> NDArray:
        """Return the shift (frame, 3, 6), by the hip centres, of a point of a segment at `place` (frame, 3), m."""
        index = self.tree.segments.index(segment)
        by_pose = _by_pose(self.tree, self.origins, index, place)
        moved: NDArray = by_pose @ self.poses + _by_hips(self.tree, self.rotations, index)
        return moved


def hip_shift(tree: Tree, fitted: Fit, observed: Observed, frames: NDArray) -> HipShift:
    """Return how the poses of some frames depend on the hip centres.

    Parameters
    ----------
    tree : Tree
        Of pelvis and legs.
    fitted : Fit
    observed : Observed
        What it was fitted to.
    frames : ndarray of int

    Notes
    -----
    A frame stands for itself: what its neighbours tell over gaps is not in it.
    """
    return HipShift(
        tree, fitted.rotations[frames], _origins(tree, fitted.root[frames], fitted.rotations[frames]),
        hip_equations(tree, fitted, observed, frames).poses,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class HipEquations:
    """What some frames tell of the hip centres, their poses eliminated.

    Attributes
    ----------
    poses : ndarray, shape (frame, n, 6)
        As of `HipShift`.
    weight : ndarray, shape (frame, 6, 6)
        Information on the hip centres, in pelvis axes, 1/m²; NaN where the poses have no covariance.
    right : ndarray, shape (frame, 6)
        What the residuals pull at them with, 1/m.
    """

    poses: NDArray
    weight: NDArray
    right: NDArray


def hip_equations(tree: Tree, fitted: Fit, observed: Observed, frames: NDArray) -> HipEquations:
    """Return what some frames tell of the hip centres; parameters as of `hip_shift`."""
    seen = observed.part(frames)
    rotations, n_frames = fitted.rotations[frames], len(frames)
    origins = _origins(tree, fitted.root[frames], rotations)
    used = np.isfinite(seen.position[..., 0]) & ~fitted.left_out[frames]
    weights = np.where(used[..., None, None], seen.weights(1.0), 0.0)
    pull, own = np.zeros((n_frames, tree.n_unknowns, 6)), np.zeros((n_frames, 6, 6))
    right, along = np.zeros((n_frames, 6, 1)), np.zeros((n_frames, tree.n_unknowns, 1))
    normal = np.zeros((n_frames, tree.n_unknowns, tree.n_unknowns))
    for marker, index in enumerate(seen.segment):
        place = origins[:, index] + rotations[:, index] @ seen.place[marker]
        residual = np.where(used[:, marker, None], seen.position[:, marker] - place, 0.0)[..., None]
        turning = _by_pose(tree, origins, index, place)
        by_pose = np.swapaxes(turning, 1, 2) @ weights[:, marker]
        along += by_pose @ residual
        normal += by_pose @ turning
        by_hips = _by_hips(tree, rotations, index)
        if not by_hips.any():
            continue
        pull += by_pose @ by_hips
        weighted = np.swapaxes(by_hips, 1, 2) @ weights[:, marker]
        own += weighted @ by_hips
        right += weighted @ residual
    covariance = fitted.covariance[frames]
    known = np.isfinite(covariance).all(axis=(1, 2))[:, None, None]
    poses = -np.where(known, covariance, np.nan) @ pull
    # What markers alone tell, which is never less than nothing; segments without any tell nothing.
    back = np.swapaxes(pull, 1, 2) @ np.linalg.pinv(normal, rcond=_SINGULAR, hermitian=True)
    known = known[:, :, 0]
    weight, pulls = own - back @ pull, (right - back @ along)[..., 0]
    return HipEquations(poses, np.where(known[..., None], weight, np.nan), np.where(known, pulls, np.nan))


def _origins(tree: Tree, root: NDArray, rotations: NDArray) -> NDArray:
    origins = np.empty((*rotations.shape[:2], 3))
    origins[:, 0] = root
    for index in range(1, len(tree.segments)):
        above = tree.parent[index]
        origins[:, index] = origins[:, above] + rotations[:, above] @ tree.offset[index]
    return origins


def _by_pose(tree: Tree, origins: NDArray, index: int, place: NDArray) -> NDArray:
    """Return the shift of a point by the unknowns of its frame, shape (frame, 3, n)."""
    found = np.zeros((len(place), 3, tree.n_unknowns))
    found[:, :, :3] = np.eye(3)
    outer = place
    while index >= 0:
        at = 3 + 3 * index
        found[:, :, at : at + 3] = -skew(outer - origins[:, index])
        outer, index = origins[:, index], tree.parent[index]
    return found


def _by_hips(tree: Tree, rotations: NDArray, index: int) -> NDArray:
    """Return the shift of what hangs below a hip by the hip centres, shape (frame, 3, 6), all segments kept as turned.

    The thigh shifts with its joint, and in its own axes by as much the other way, as it did in the static.
    """
    found = np.zeros((len(rotations), 3, 6))
    while index >= 0:
        side = tree.segments[index].removeprefix("femur_")
        if side in tree.femur_from_pelvis:
            at = 3 * "rl".index(side)
            found[:, :, at : at + 3] = rotations[:, 0] - rotations[:, index] @ tree.femur_from_pelvis[side]
            return found
        index = tree.parent[index]
    return found


def landmarks_by_hips(shift: HipShift, seen: Landmarks, sources: Mapping[str, NDArray]) -> Landmarks:
    """Return landmarks and clusters of a fitted body with their dependence on what moves the hip centres.

    Parameters
    ----------
    shift : HipShift
    seen : Landmarks
        At the same frames.
    sources : mapping of str to ndarray, shape (6, 3)
        Metres of the right and then the left hip centre, in pelvis axes, by each source.
    """

    def point(segment: str, vector: Vec) -> Vec:
        moved = shift.of_point(segment, vector.value)
        return Vec(vector.value, {source: moved @ matrix for source, matrix in sources.items()})

    def pose(segment: str, cluster: ClusterPose) -> ClusterPose:
        turned = shift.of_turn(segment)
        axes = Frame(cluster.frame.axes, {source: turned @ matrix for source, matrix in sources.items()})
        return ClusterPose(axes, point(segment, cluster.centroid), cluster.anchor, cluster.residual_m)

    places = {name: segment for name, (segment, _) in shift.tree.places.items()}
    points = {name: point(places[name], one) if name in places else one for name, one in seen.points.items()}
    poses = {name: pose(name, one) if name in shift.tree.segments else one for name, one in seen.poses.items()}
    return replace(seen, points=points, poses=poses)
