"""Points that move with a plate: its corners where the rigid fit has them, and the clusters that kinematics track."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ReconstructionError
from mocap.reconstruction.rigid import PlatePoses
from mocap.schema import Status
from mocap.trial import Points3D

CLUSTER_NAMES = {
    "pelvis": ("SAC1", "SAC2", "SAC3", "SAC4"),
    "lumbar": ("T12_1", "T12_2", "T12_3", "T12_4"),
    "femur_r": ("RTH1", "RTH2", "RTH3"),
    "femur_l": ("LTH1", "LTH2", "LTH3"),
    "shank_r": ("RSH1", "RSH2", "RSH3"),
    "shank_l": ("LSH1", "LSH2", "LSH3"),
    "foot_r": ("RFT1", "RFT2", "RFT3"),
    "foot_l": ("LFT1", "LFT2", "LFT3"),
}
"""The marker set's own names for what tracks a segment."""

CLUSTER_RADIUS_M = 0.05
_LEAST_SHARE = 0.05  # of the largest variance
_TETRAHEDRON = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0], [1.0, -1.0, -1.0]]) / np.sqrt(3)
_TRIANGLE = np.array([[0.0, 1.0, 0.0], [np.sqrt(3) / 2, -0.5, 0.0], [-np.sqrt(3) / 2, -0.5, 0.0]])


def rigid_corners(poses: PlatePoses) -> Points3D:
    """Return the corners of a plate where its poses put them, with the covariance of the pose.

    Returns
    -------
    Points3D
        Names `<plate>.<id>.<corner>`. Corners that no camera saw are there too: the plate is rigid. Their errors
        are not independent of each other.
    """
    corners = poses.plate.corners_plate.reshape(-1, 3)
    arm = np.einsum("tij,kj->tki", poses.world_from_plate[:, :3, :3], corners)
    return _points(poses, arm, poses.plate.keypoint_names)


def cluster_points(poses: PlatePoses, names: Sequence[str] | None = None) -> Points3D:
    """Return the pose as three or four points that a marker set knows, such as SAC1 to SAC4.

    Parameters
    ----------
    poses : PlatePoses
    names : sequence of str, optional
        Three or four; those of `CLUSTER_NAMES` for the plate's segment when left out.

    Returns
    -------
    Points3D
        On a triangle or a tetrahedron of 50 mm around the plate's middle, the same in every trial of this plate.
        The covariances are such that a least-squares fit which takes the points' errors for independent, as
        kinematics do, finds the rotation as uncertain as the pose is, or a little more.

    Raises
    ------
    ReconstructionError
        PLATE_SEGMENT, for a segment that no marker set tracks by a plate.
    """
    names = tuple(names) if names is not None else CLUSTER_NAMES.get(poses.plate.segment, ())
    if len(names) not in (3, 4):
        raise ReconstructionError(
            f"Plate '{poses.plate.name}' is on '{poses.plate.segment}', for which there are no cluster points.",
            f"Name three or four points, or use the corners; known: {', '.join(CLUSTER_NAMES)}.",
            code="PLATE_SEGMENT",
        )
    shape = CLUSTER_RADIUS_M * (_TETRAHEDRON if len(names) == 4 else _TRIANGLE)
    middle = poses.plate.corners_plate.mean(axis=(0, 1))
    rotation = poses.world_from_plate[:, :3, :3]
    arm = np.einsum("tij,kj->tki", rotation, shape + middle)
    points = _points(poses, arm, names)
    turn = np.swapaxes(rotation, 1, 2) @ poses.covariance[:, :3, :3] @ rotation
    own = rotation @ _stand_in(turn, len(names)) @ np.swapaxes(rotation, 1, 2)
    covariance = np.repeat(own[:, None], len(names), axis=1)
    return Points3D(
        points.position, names, poses.rate_hz, covariance, points.status, n_views=points.n_views,
        calibration_covariance=points.calibration_covariance,
    )  # fmt: skip


def joined_points(parts: Sequence[Points3D]) -> Points3D:
    """Put the points of several plates, of the same frames, side by side."""
    def side_by_side(field: str) -> NDArray | None:
        values = [getattr(part, field) for part in parts]
        return None if any(value is None for value in values) else np.concatenate(values, axis=1)

    return Points3D(
        np.concatenate([part.position for part in parts], axis=1),
        tuple(name for part in parts for name in part.names),
        parts[0].rate_hz,
        np.concatenate([part.covariance for part in parts], axis=1),
        np.concatenate([part.status for part in parts], axis=1),
        n_views=side_by_side("n_views"),
        start_s=parts[0].start_s,
        gravity_known=parts[0].gravity_known,
        calibration_covariance=side_by_side("calibration_covariance"),
    )


def _stand_in(turn: NDArray, n_points: int) -> NDArray:
    """Return the covariance of each point, in the plate's axes, that stands for one of rotation, both (time, 3, 3).

    The fit turns by L sum(r x e) with L the inverse of sum(|r|^2 I - r r^T); solved for a common covariance of e.
    """
    r2 = CLUSTER_RADIUS_M**2
    if n_points == 4:
        moment = 4.0 * r2 / 3.0
        own = 4.0 * moment * (0.5 * np.einsum("tii->t", turn)[:, None, None] * np.eye(3) - turn)
    else:
        moment = 1.5 * r2
        own = np.zeros_like(turn)
        inner = np.linalg.eigvalsh(np.where(np.isfinite(turn), turn, 0.0)[:, :2, :2])[:, 1]
        own[:, 2, 2] = moment * inner
        own[:, 0, 0] = own[:, 1, 1] = 2.0 * moment * turn[:, 2, 2]
        for axis in (0, 1):
            own[:, axis, 2] = own[:, 2, axis] = -2.0 * moment * turn[:, axis, 2]
    good = np.isfinite(own).all(axis=(1, 2))
    values, vectors = np.linalg.eigh(np.where(good[:, None, None], own, np.eye(3)))
    # No direction is free of error: a filter that weighs by the covariance would hold on to it for ever.
    least = np.maximum(_LEAST_SHARE * values[:, -1:], 1e-16)
    clipped = np.einsum("tij,tj,tkj->tik", vectors, np.maximum(values, least), vectors)
    return np.where(good[:, None, None], clipped, np.nan)


def _points(poses: PlatePoses, arm: NDArray, names: Sequence[str]) -> Points3D:
    """Return points at arms, shape (time, point, 3), from the plate's origin, along the world's axes."""
    lever = np.zeros((*arm.shape, 6))
    lever[..., 3:] = np.eye(3)
    x, y, z = np.moveaxis(arm, -1, 0)
    lever[..., 0, 1], lever[..., 0, 2] = z, -y
    lever[..., 1, 0], lever[..., 1, 2] = -z, x
    lever[..., 2, 0], lever[..., 2, 1] = y, -x
    def carried(covariance: NDArray) -> NDArray:
        return np.einsum("tkai,tij,tkbj->tkab", lever, covariance, lever)

    there = poses.observable
    status = np.where(there, np.uint8(Status.MEASURED), np.uint8(0))
    by_rig = poses.calibration_covariance
    return Points3D(
        arm + poses.world_from_plate[:, None, :3, 3],
        tuple(names),
        poses.rate_hz,
        carried(poses.covariance),
        np.repeat(status[:, None], len(names), axis=1).astype(np.uint8),
        n_views=np.repeat(np.where(there, poses.n_views, 0)[:, None], len(names), axis=1).astype(np.uint8),
        calibration_covariance=None if by_rig is None else carried(by_rig),
    )
