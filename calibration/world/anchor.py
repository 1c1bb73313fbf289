"""Relative to what a world is uncertain: the space that the rig measures, not one camera's body.

A camera's principal point and its rotation trade against each other almost freely; in the frame of one camera the
floor then seems uncertain by half a degree, although all that is measured turns along with it. So the uncertainty
of a world is told against points in the volume in which the board was shown, as the rig measures them.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.solve.bundle_system import N_CAMERA
from calibration.world.estimates import PointEstimates, estimate_points

_MOST_POINTS = 60


@dataclass(frozen=True, eq=False)
class VolumeMotion:
    """How the measured volume moves as a whole when camera parameters do, about the origin of the root frame.

    Attributes
    ----------
    turn, shift : ndarray, shape (3, camera * 18)
        Rad and m per unit of each parameter.
    """

    turn: NDArray
    shift: NDArray


def volume_motion(rig: CameraRig, points: NDArray) -> VolumeMotion:
    """Return the best rigid motion of measured points, per camera parameter.

    Parameters
    ----------
    rig : CameraRig
    points : ndarray, shape (point, 3)
        In the volume, in the frame of the rig. Those that two cameras do not see inside their images do not count;
        with fewer than four left nothing moves, and the world is told against the rig's own frame.
    """
    points = points[:: max(len(points) // _MOST_POINTS, 1)]
    pixels = rig.project(points)
    sizes = np.array([camera.size for camera in rig])[:, None]
    with np.errstate(invalid="ignore"):
        pixels[~((pixels >= -0.5) & (pixels <= sizes - 0.5)).all(axis=2)] = np.nan
    good = np.isfinite(pixels[..., 0]).sum(axis=0) >= 2
    n = len(rig) * N_CAMERA
    if good.sum() < 4:
        return VolumeMotion(np.zeros((3, n)), np.zeros((3, n)))
    found = estimate_points(rig, pixels[:, good], 1.0)
    design = np.concatenate([-_crosses(points[good]), np.tile(np.eye(3), (good.sum(), 1, 1))], axis=2)
    motion = np.linalg.lstsq(design.reshape(-1, 6), found.by_camera.reshape(-1, n), rcond=None)[0]
    return VolumeMotion(motion[:3], motion[3:])


def _crosses(vectors: NDArray) -> NDArray:
    """Return matrices, shape (..., 3, 3), of which `m @ a` is the cross product with `a`."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return np.stack(rows, axis=-2)


def anchored_points(estimates: PointEstimates, motion: VolumeMotion) -> PointEstimates:
    """Return estimates whose dependence on the cameras is told against the volume."""
    with_volume = -_crosses(estimates.points) @ motion.turn + motion.shift
    given = ~estimates.by_camera.any(axis=(1, 2))  # positions that no camera of this calibration measured
    with_volume[given] = 0.0
    return replace(estimates, by_camera=estimates.by_camera - with_volume)


def anchored_boards(by_camera: NDArray, root_from_board: NDArray, motion: VolumeMotion) -> NDArray:
    """Return `BundleCovariance.board_by_camera` (floor, 6, n), of opposite sign as there, told against the volume."""
    rotation, place = root_from_board[:, :3, :3], root_from_board[:, :3, 3]
    shift = -_crosses(place) @ motion.turn + motion.shift
    with_volume = np.concatenate([np.broadcast_to(motion.turn, shift.shape), shift], axis=1)
    back = np.swapaxes(rotation, 1, 2)
    with_volume = np.concatenate([back @ with_volume[:, :3], back @ with_volume[:, 3:]], axis=1)
    return by_camera + with_volume
