"""The refinement behind `rigid_shape`: tags on a plate and moments of it, by one damped least-squares problem."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.camera import CameraRig
from mocap.reconstruction.rigid_fit import Sights, linearised, moved

LEAST_INFORMATION = 1e-9  # of a moment's pose: one that nothing holds stays
_STEPS = 30
_STRAY, _STRAY_PX = 5.0, 0.6  # of a tag in one view: so many times the median, and that many px at least


def tag_jacobian(corners: NDArray, poses: NDArray, by_world: NDArray) -> NDArray:
    """Return the derivative by each tag's own pose on the plate, shape (camera, time, corner, 2, 6)."""
    by_plate = np.einsum("ctkai,tij->ctkaj", by_world, poses[:, :3, :3])
    arm = (corners - corners.mean(axis=1, keepdims=True)).reshape(-1, 3)
    return np.concatenate([np.cross(arm[:, None, :], by_plate), by_plate], axis=-1)


def blocks_of(rig: CameraRig, corners: NDArray, poses: NDArray, sights: Sights) -> tuple:
    """Return normal matrices and gradients: of moments, of moments and tags, of tags (by moment), and the squares."""
    n_tags = len(corners)
    linear = linearised(rig, corners.reshape(-1, 3), poses, sights)
    by_tag = tag_jacobian(corners, poses, linear.jacobian[..., 3:])
    n_frames = len(poses)
    by_tag = by_tag.reshape(len(rig), n_frames, n_tags, 4, 2, 6)
    by_pose = linear.jacobian.reshape(by_tag.shape)
    weight = linear.weight.reshape(len(rig), n_frames, n_tags, 4)
    off = linear.residual.reshape(len(rig), n_frames, n_tags, 4, 2)
    pose = linear.normal().sum(axis=0)
    mixed = np.einsum("ctnk,ctnkai,ctnkaj->tinj", weight, by_pose, by_tag, optimize=True)
    own = np.einsum("ctnk,ctnkai,ctnkaj->tnij", weight, by_tag, by_tag, optimize=True)
    pull = np.einsum("ctnk,ctnkai,ctnka->tni", weight, by_tag, off, optimize=True)
    return pose, mixed, own, linear.gradient(), pull, float(linear.squares().sum())


def refined_tags(rig: CameraRig, corners: NDArray, poses: NDArray, sights: Sights) -> tuple[NDArray, NDArray]:
    """Minimise by damped Gauss-Newton steps; the first tag stays."""
    damping = 1e-4
    blocks = blocks_of(rig, corners, poses, sights)
    for _ in range(_STEPS):
        tags, steps = _step(blocks, damping)
        tried = placed(corners, tags)
        new_poses = moved(poses, steps)
        new = blocks_of(rig, tried, new_poses, sights)
        if new[-1] <= blocks[-1]:
            done = blocks[-1] - new[-1] < 1e-10 * blocks[-1]
            corners, poses, blocks, damping = tried, new_poses, new, damping * 0.1
            if done:
                break
        else:
            damping *= 20.0
            if damping > 1e8:
                break
    return corners, poses


def _step(blocks: tuple, damping: float) -> tuple[NDArray, NDArray]:
    pose, mixed, own, gradient, pull, _ = blocks
    n_tags = own.shape[1]
    pose = pose + (damping * np.einsum("tii->ti", pose)[:, :, None] + LEAST_INFORMATION) * np.eye(6)
    mixed = mixed[:, :, 1:].reshape(len(pose), 6, -1)
    back = np.linalg.solve(pose, mixed)
    size = 6 * (n_tags - 1)
    reduced = np.zeros((size, size))
    for tag in range(1, n_tags):
        part = own[:, tag].sum(axis=0)
        place = slice(6 * (tag - 1), 6 * tag)
        reduced[place, place] = part + damping * np.diag(np.diag(part))
    reduced -= np.einsum("tim,tin->mn", mixed, back)
    right = pull[:, 1:].sum(axis=0).ravel() - np.einsum("tim,ti->m", back, gradient)
    tags = np.linalg.lstsq(reduced, right, rcond=1e-14)[0] if size else np.zeros(0)
    steps = np.linalg.solve(pose, (gradient - mixed @ tags)[..., None])[..., 0]
    return np.concatenate([np.zeros(6), tags]).reshape(n_tags, 6), steps


def placed(corners: NDArray, steps: NDArray) -> NDArray:
    """Return the corners after each tag was turned about its middle and shifted, steps (tag, 6)."""
    middle = corners.mean(axis=1, keepdims=True)
    turns = Rotation.from_rotvec(steps[:, :3]).as_matrix()
    return middle + np.einsum("nij,nkj->nki", turns, corners - middle) + steps[:, None, 3:]


def without_stray_tags(rig: CameraRig, corners: NDArray, poses: NDArray, sights: Sights) -> Sights:
    """Return the sights without tags that are far off in one view."""
    linear = linearised(rig, corners.reshape(-1, 3), poses, sights)
    shape = (*sights.used.shape[:2], -1, 4)
    count = sights.used.reshape(shape).sum(axis=3)
    off = np.sqrt((linear.residual**2).sum(axis=-1).reshape(shape).sum(axis=3) / np.maximum(2 * count, 1))
    limit = max(_STRAY_PX, _STRAY * float(np.median(off[count > 0])))
    return replace(sights, used=sights.used & ~np.repeat(off > limit, 4, axis=2))
