"""Where the fit of a plate's pose begins: its triangulated corners, or, where no corner is seen twice, single tags.

A flat tag in one view has two poses. Where one camera sees one facet and the other the next, every such pose is fitted
to all views; the best is taken when no other one, turned by more than a little, fits nearly as well.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.camera import CameraRig
from calibration.initial.planar import planar_poses
from calibration.rigid import inverse
from mocap.config.plates import Plate
from mocap.reconstruction.blocks import solve
from mocap.reconstruction.options import ReconstructionOptions
from mocap.reconstruction.rigid_fit import Sights, fitted_to_points, refine

_SIGMA_PX = 0.5
_FEWEST_SIZES = 5  # of tags that tell of their size
_OTHER = np.deg2rad(3.0)  # poses that differ by more are two
_MARGIN = 20.0  # by which the second best has to fit worse, in squares of standard deviations


def triangulated_starts(rig: CameraRig, plate: Plate, sights: Sights) -> NDArray[np.float64]:
    """Return the poses, shape (time, 4, 4), of the triangulated corners; NaN where three of them are not there."""
    return fitted_to_points(plate.corners_plate.reshape(-1, 3), _triangulated(rig, sights))


def triangulated_size(rig: CameraRig, plate: Plate, sights: Sights) -> tuple[float, float]:
    """Return the side of tags by triangulated corners over the stated one, and its sd; NaN where no tag has four."""
    corners = _triangulated(rig, sights)
    corners = corners.reshape(len(corners), -1, 4, 3)
    spokes = np.linalg.norm(corners - corners.mean(axis=2, keepdims=True), axis=-1).mean(axis=2)
    ratios = spokes[np.isfinite(spokes)] * np.sqrt(2) / plate.tag_size
    if len(ratios) < _FEWEST_SIZES:
        return float("nan"), float("nan")
    middle = float(np.median(ratios))
    return middle, float(1.5 * np.median(np.abs(ratios - middle)))  # of one tag at one moment: errors may last


def _triangulated(rig: CameraRig, sights: Sights) -> NDArray[np.float64]:
    sigma = np.full((len(rig), sights.used.shape[2]), _SIGMA_PX)
    options = ReconstructionOptions(pixel_sigma=_SIGMA_PX)
    return np.asarray(solve(sights.pixels, sights.used.astype(float), rig, sigma, options).position)


def tag_starts(rig: CameraRig, plate: Plate, sights: Sights) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the best of the poses that single tags in single views allow, fitted to all views.

    Returns
    -------
    world_from_plate : ndarray, shape (time, 4, 4)
        NaN where no view shows a whole tag.
    ambiguous : ndarray of bool, shape (time,)
        Another pose fits nearly as well.
    """
    n_frames, found, costs = sights.used.shape[1], [], []
    body = plate.corners_plate.reshape(-1, 3)
    for rows, starts in _single_poses(rig, plate, sights):
        poses, cost = np.full((n_frames, 4, 4), np.nan), np.full(n_frames, np.inf)
        poses[rows], cost[rows] = refine(rig, body, starts, sights.at(rows))
        found.append(poses)
        costs.append(cost)
    if not found:
        return np.full((n_frames, 4, 4), np.nan), np.zeros(n_frames, bool)
    cost, every = np.stack(costs), np.stack(found)
    best = cost.argmin(axis=0)
    chosen = every[best, np.arange(n_frames)]
    lowest = cost[best, np.arange(n_frames)]
    rival = np.zeros(n_frames, bool)
    for poses, own in zip(every, cost, strict=True):
        near = np.isfinite(own) & (own < lowest + _MARGIN)
        turn = np.swapaxes(chosen[near, :3, :3], 1, 2) @ poses[near, :3, :3]
        rival[near] |= np.linalg.norm(Rotation.from_matrix(turn).as_rotvec(), axis=1) > _OTHER
    return chosen, rival


def _single_poses(rig: CameraRig, plate: Plate, sights: Sights) -> list[tuple[NDArray, NDArray]]:
    """Return frames and poses to begin with, of every camera, tag and choice."""
    half, found = plate.tag_size / 2, []
    plane = half * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    flat = np.column_stack([plane, np.zeros(4)])
    for index, camera in enumerate(rig):
        for tag in range(len(plate.ids)):
            corners = slice(4 * tag, 4 * tag + 4)
            rows = np.flatnonzero(sights.used[index, :, corners].all(axis=1))
            if not len(rows):
                continue
            rays = camera.undistort(sights.pixels[index, rows, corners])[0]
            tag_from_plate = inverse(fitted_to_points(flat, plate.corners_plate[tag][None]))[0]
            both = inverse(camera.cam_from_world) @ planar_poses(plane, rays) @ tag_from_plate
            for choice in (0, 1):
                sound = np.isfinite(both[:, choice]).all(axis=(1, 2))
                if sound.any():
                    found.append((rows[sound], both[sound, choice]))
    return found
