"""Poses of one rigid body fitted to all its points in all images at once, many frames in one go.

The unknowns of a frame are a small rotation (rad) and a shift (m), both along the axes of the world: a point X of the
body that is at R X + t moves to exp(rotation) R X + t + shift. Errors of a view are independent from point to point,
but for a shift in u and in v that all its points share; the inverse of that covariance is Woodbury's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.camera import Camera, CameraRig
from calibration.lens import distort

_STEPS = 20
_DONE_RAD, _DONE_M = 1e-8, 1e-9
_BEHIND_PX = 1e4  # by which a point counts as off that lies behind the camera that saw it
_MAX_TURN, _MAX_SHIFT = 0.3, 0.3  # rad and m of one step


@dataclass(frozen=True, eq=False)
class Sights:
    """What the cameras saw of a body.

    Attributes
    ----------
    pixels : ndarray, shape (camera, time, point, 2)
        NaN is missing.
    variance : ndarray, shape (camera, time, point)
        Of u and of v, px^2; of any value where nothing is seen.
    used : ndarray of bool, shape (camera, time, point)
    shared : float
        Variance of the shift, in u and in v, that all points of a view have in common, px^2.
    """

    pixels: NDArray
    variance: NDArray
    used: NDArray
    shared: float = 0.0

    def at(self, frames: NDArray | slice) -> "Sights":
        """Return the same for some frames."""
        return Sights(self.pixels[:, frames], self.variance[:, frames], self.used[:, frames], self.shared)


@dataclass(frozen=True, eq=False)
class Linear:
    """The problem at given poses: residuals and how they change.

    Attributes
    ----------
    residual : ndarray, shape (camera, time, point, 2)
        Seen minus projected, px; 0 where not used, large where the point lies behind the camera.
    jacobian : ndarray, shape (camera, time, point, 2, 6)
        Of the projection; 0 where not used.
    weight : ndarray, shape (camera, time, point)
        One over the variance; 0 where not used.
    shrink : ndarray, shape (camera, time)
        What Woodbury's formula takes off: 1 / (1 / shared + sum of weights).
    """

    residual: NDArray
    jacobian: NDArray
    weight: NDArray
    shrink: NDArray

    def at(self, frames: NDArray | slice) -> "Linear":
        """Return the same for some frames."""
        return Linear(
            self.residual[:, frames], self.jacobian[:, frames], self.weight[:, frames], self.shrink[:, frames]
        )

    def normal(self) -> NDArray:
        """Return the normal matrices of each view, shape (camera, time, 6, 6)."""
        flat = self.jacobian.reshape(*self.jacobian.shape[:2], -1, 6)
        weighted = (self.jacobian * self.weight[..., None, None]).reshape(flat.shape)
        sums = self.sums()
        shared = np.swapaxes(sums, -1, -2) @ sums * self.shrink[..., None, None]
        return np.swapaxes(flat, -1, -2) @ weighted - shared

    def sums(self) -> NDArray:
        """Return the weighted sums of the Jacobians of each view, shape (camera, time, 2, 6)."""
        return np.einsum("ctk,ctkai->ctai", self.weight, self.jacobian)

    def weighed(self, values: NDArray) -> NDArray:
        """Return the inverse covariance times values, both of shape (camera, time, point, 2)."""
        plain = self.weight[..., None] * values
        return plain - self.weight[..., None] * (self.shrink[..., None] * plain.sum(axis=2))[:, :, None]

    def gradient(self) -> NDArray:
        """Return the right side of the normal equations, shape (time, 6)."""
        return np.einsum("ctka,ctkai->ti", self.weighed(self.residual), self.jacobian)

    def squares(self) -> NDArray:
        """Return the squared, weighted residuals of each frame, shape (time,)."""
        return np.einsum("ctka,ctka->t", self.weighed(self.residual), self.residual)


def project(camera: Camera, points_world: NDArray) -> tuple[NDArray, NDArray]:
    """Return pixels, shape (..., 2), and their derivative by the points, shape (..., 2, 3)."""
    rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
    points_cam = points_world @ rotation.T + translation
    depth = np.where(points_cam[..., 2:] > 1e-6, points_cam[..., 2:], np.nan)
    normalised = points_cam[..., :2] / depth
    bent, slope = distort(normalised, camera.distortion, camera.fisheye)
    focal = camera.matrix[[0, 1], [0, 1]]
    by_cam = np.empty((*depth.shape[:-1], 2, 3))
    by_cam[..., :2] = slope * (focal[:, None] / depth[..., None])
    by_cam[..., 2] = -(by_cam[..., :2] @ normalised[..., None])[..., 0]
    return bent * focal + camera.matrix[:2, 2], by_cam @ rotation


def linearised(rig: CameraRig, body: NDArray, poses: NDArray, sights: Sights) -> Linear:
    """Return residuals and Jacobians at poses, shape (time, 4, 4), of a body with points (point, 3)."""
    arm = np.einsum("tij,kj->tki", poses[:, :3, :3], body)
    points = arm + poses[:, None, :3, 3]
    shape = sights.used.shape
    residual, jacobian = np.zeros((*shape, 2)), np.zeros((*shape, 2, 6))
    weight = np.where(sights.used, 1.0 / sights.variance, 0.0)
    for index, camera in enumerate(rig):
        seen = sights.used[index]
        if not seen.any():
            continue
        pixels, by_point = project(camera, points[seen])
        own = np.concatenate([np.cross(arm[seen][:, None, :], by_point), by_point], axis=-1)
        off = sights.pixels[index][seen] - pixels
        behind = ~np.isfinite(off).all(axis=-1)
        # What a camera saw cannot lie behind it: left out, a step there would seem to better the fit.
        off[behind], own[behind] = _BEHIND_PX, 0.0
        residual[index][seen], jacobian[index][seen] = off, own
    total = weight.sum(axis=2)
    return Linear(residual, jacobian, weight, sights.shared / (1.0 + sights.shared * total))


def moved(poses: NDArray, step: NDArray) -> NDArray:
    """Return poses after steps, shape (time, 6): turned about their own origin, then shifted."""
    answer = poses.copy()
    answer[:, :3, :3] = Rotation.from_rotvec(step[:, :3]).as_matrix() @ poses[:, :3, :3]
    answer[:, :3, 3] += step[:, 3:]
    return answer


def refine(rig: CameraRig, body: NDArray, start: NDArray, sights: Sights) -> tuple[NDArray, NDArray]:
    """Fit poses by damped Gauss-Newton steps.

    Parameters
    ----------
    rig : CameraRig
    body : ndarray, shape (point, 3)
        In the frame of the body, m.
    start : ndarray, shape (time, 4, 4)
        world_from_body, all finite.
    sights : Sights

    Returns
    -------
    world_from_body : ndarray, shape (time, 4, 4)
    cost : ndarray, shape (time,)
        Weighted squares at the answer.
    """
    poses, damping = start.copy(), np.full(len(start), 1e-6)
    linear = linearised(rig, body, poses, sights)
    cost, active = linear.squares(), np.arange(len(start))
    for _ in range(_STEPS):
        now = linearised(rig, body, poses[active], sights.at(active))
        step = _steps(now, damping[active])
        tried = moved(poses[active], step)
        new = linearised(rig, body, tried, sights.at(active)).squares()
        better = new <= cost[active] * (1 + 1e-12)
        rows = active[better]
        poses[rows], cost[rows] = tried[better], new[better]
        damping[rows] *= 0.1
        damping[active[~better]] = np.minimum(damping[active[~better]] * 30.0, 1e6)
        small = (np.abs(step[:, :3]).max(axis=1) < _DONE_RAD) & (np.abs(step[:, 3:]).max(axis=1) < _DONE_M)
        active = active[~small]
        if not len(active):
            break
    return poses, cost


def _steps(linear: Linear, damping: NDArray) -> NDArray:
    normal = linear.normal().sum(axis=0)
    diagonal = np.einsum("tii->ti", normal)
    normal = normal + np.einsum("ti,ij->tij", damping[:, None] * diagonal + 1e-9 * diagonal.max(axis=1, keepdims=True)
                                * damping[:, None] + 1e-12, np.eye(6))
    step = np.linalg.solve(normal, linear.gradient()[..., None])[..., 0]
    turn = np.linalg.norm(step[:, :3], axis=1) / _MAX_TURN
    shift = np.linalg.norm(step[:, 3:], axis=1) / _MAX_SHIFT
    return step / np.maximum(1.0, np.maximum(turn, shift))[:, None]


def fitted_to_points(body: NDArray, points: NDArray) -> NDArray:
    """Return the poses, shape (time, 4, 4), that bring the body, (point, 3), closest to points, (time, point, 3).

    NaN where fewer than three points are there, or where they lie on a line. Source: Kabsch 1976.
    """
    there = np.isfinite(points).all(axis=2)
    count = np.maximum(there.sum(axis=1), 1)
    share = there / count[:, None]
    middle = np.einsum("tk,tki->ti", share, np.where(there[..., None], points, 0.0))
    anchor = share @ body
    model = (body - anchor[:, None]) * there[..., None]
    offset = (np.where(there[..., None], points, 0.0) - middle[:, None]) * there[..., None]
    u, size, vt = np.linalg.svd(np.einsum("tki,tkj->tij", model, offset))
    mirror = np.linalg.det(u) * np.linalg.det(vt) < 0
    v = np.swapaxes(vt, -1, -2).copy()
    v[mirror, :, 2] *= -1.0
    rotation = v @ np.swapaxes(u, -1, -2)
    answer = np.tile(np.eye(4), (len(points), 1, 1))
    answer[:, :3, :3] = rotation
    answer[:, :3, 3] = middle - np.einsum("tij,tj->ti", rotation, anchor)
    flat = size[:, 1] < 1e-3 * np.maximum(size[:, 0], 1e-30)
    answer[(there.sum(axis=1) < 3) | flat] = np.nan
    return answer
