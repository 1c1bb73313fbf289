"""How well the places of tags on a plate are known: noise, errors that last, and the cameras' calibration.

Errors of corners are of three kinds. What differs from moment to moment averages out; it is counted by what stretches
of the recording pull at the answer. What a detector gets wrong about a corner that looks the same throughout (blur,
pixels, a coder that repeats its picture) does not: each corner of each camera has a constant error about as large as
its detection states, more or less where the residuals say so, and all tags look smaller or larger by as many px alike.
And a calibration that is off stays so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.solve.propagation import camera_jacobian
from mocap.reconstruction.rigid_fit import Sights, linearised
from mocap.reconstruction.rigid_shape_fit import LEAST_INFORMATION, tag_jacobian

STRETCHES = 12  # of the recording, whose errors count as independent
# Of what a detection states lasts so much. With these shares, 78 facet angles from rendered films (x264 at crf 18 to 28
# and without; 60 to 120 mm; still, squatting, turned by hand) were off by 0.87 of their sd RMS, sizes by 0.72.
_LASTING_SHARE = 0.75
_ALIKE_SHARE = 0.8  # of a corner's lasting error, by which all tags look smaller or larger
_STATED_COUNTS = 4.0  # lasting errors as large as stated count like so many that the residuals show
_SHOWN = 0.2  # of a lasting error that has to show in the residuals


@dataclass(frozen=True, eq=False)
class Influence:
    """What every observation does to the places of the tags, and to their size, once poses of moments are free.

    Attributes
    ----------
    rows : ndarray, shape (camera, time, corner, 2, parameter)
        The sum of these times errors in px, over `normal`, is the change of the parameters: six of every tag but the
        first, then the share by which tags are larger.
    normal : ndarray, shape (parameter, parameter)
    residual : ndarray, shape (camera, time, corner, 2)
        Px; 0 where not used.
    by_pose, weight : ndarray
        As of `Linear`.
    points : ndarray, shape (time, corner, 3)
        In the world, m.
    """

    rows: NDArray
    normal: NDArray
    residual: NDArray
    by_pose: NDArray
    weight: NDArray
    points: NDArray


def influence_of(rig: CameraRig, corners: NDArray, poses: NDArray, sights: Sights) -> Influence:
    """Linearise at fitted corners, shape (tag, 4, 3), and poses, shape (time, 4, 4)."""
    n_tags, body = len(corners), corners.reshape(-1, 3)
    linear = linearised(rig, body, poses, sights)
    by_tag = tag_jacobian(corners, poses, linear.jacobian[..., 3:])
    design = np.zeros((*by_tag.shape[:-1], 6 * (n_tags - 1) + 1))
    for tag in range(1, n_tags):
        own = slice(4 * tag, 4 * tag + 4)
        design[:, :, own, :, 6 * (tag - 1) : 6 * tag] = by_tag[:, :, own]
    grown = (corners - corners.mean(axis=1, keepdims=True)).reshape(-1, 3)
    design[..., -1] = np.einsum("ctkai,tij,kj->ctka", linear.jacobian[..., 3:], poses[:, :3, :3], grown, optimize=True)
    weighed = linear.weight[..., None, None] * design
    mixed = np.einsum("ctkai,ctkap->tip", linear.jacobian, weighed, optimize=True)
    back = np.linalg.solve(linear.normal().sum(axis=0) + LEAST_INFORMATION * np.eye(6), mixed)
    given = np.einsum("ctkai,tip->ctkap", linear.jacobian, back, optimize=True)
    rows = weighed - linear.weight[..., None, None] * given
    size = rows.shape[-1]
    normal = rows.reshape(-1, size).T @ design.reshape(-1, size)
    points = np.einsum("tij,kj->tki", poses[:, :3, :3], body) + poses[:, None, :3, 3]
    return Influence(rows, (normal + normal.T) / 2, linear.residual, linear.jacobian, linear.weight, points)


def parameter_covariance(rig: CameraRig, influence: Influence, sights: Sights, keep: slice) -> NDArray:
    """Return the covariance of some of the parameters, the others held.

    Parameters
    ----------
    keep : slice
        Of the parameters: the tags', or all with the size.
    """
    rows = influence.rows[..., keep]
    inverse = np.linalg.pinv(influence.normal[keep, keep], rcond=1e-14, hermitian=True)
    noise = _by_noise(influence, rows, inverse, sights)
    moved = np.stack([inverse @ pull for pull in _lasting(influence, rows, sights)], axis=-1)
    return noise + moved @ moved.T + _by_calibration(rig, influence, rows, inverse)


def _by_noise(influence: Influence, rows: NDArray, inverse: NDArray, sights: Sights) -> NDArray:
    """The larger of what noise and what stretches of the footage say."""
    n_moments = rows.shape[1]
    seen = 2.0 * float(sights.used.sum())
    freedom = max(seen - 6.0 * n_moments - len(inverse), 1.0)
    plain = inverse * max(float((influence.weight[..., None] * influence.residual**2).sum()) / freedom, 0.1)
    stretches = min(STRETCHES, n_moments // 2)
    if stretches < 4:
        return np.asarray(plain)
    # Errors of neighbouring moments are alike: what each stretch pulls at the answer shows how they scatter.
    by_moment = np.einsum("ctkap,ctka->tp", rows, influence.residual, optimize=True)
    pulls = np.stack([part.sum(axis=0) for part in np.array_split(by_moment, stretches)])
    robust = inverse @ (pulls.T @ pulls) @ inverse * stretches / (stretches - 1)
    return np.asarray(plain if np.trace(plain) >= np.trace(robust) else robust)


def _lasting(influence: Influence, rows: NDArray, sights: Sights) -> list[NDArray]:
    """What errors that last pull at the parameters: one standard deviation of each, shape (parameter,)."""
    sd = _typical(sights)
    own = np.einsum("ctkap->ckap", rows) * sd[..., None, None]
    factor = _lasting_factor(influence, sd)
    alike = np.einsum("ctkap,ctka->p", rows, _inward(sights) * sd[:, None, :, None], optimize=True)
    return [*(factor * own.reshape(-1, own.shape[-1])), _ALIKE_SHARE * factor * alike]


def _typical(sights: Sights) -> NDArray:
    """Return the stated sd of each corner in each camera, shape (camera, corner), px; 0 where it was never seen."""
    count = sights.used.sum(axis=1)
    return np.asarray(np.sqrt(np.where(sights.used, sights.variance, 0.0).sum(axis=1) / np.maximum(count, 1)))


def _lasting_factor(influence: Influence, sd: NDArray) -> float:
    """Return lasting errors over the stated sd: stated ones, and what the residuals show of lasting ones.

    The residuals of a corner in a camera, summed over time, against what a lasting error of its stated size would make
    of them; along directions in which poses and tags cannot take it up.
    """
    keep = slice(0, influence.rows.shape[-1] - 1)
    n_cameras, n_moments, n_corners = influence.weight.shape
    size = n_cameras * n_corners * 2
    scale = np.repeat(sd.ravel(), 2)
    weight = influence.weight
    plain = np.diag(np.repeat(weight.sum(axis=1).ravel(), 2))
    plain_pose = influence.by_pose.transpose(1, 0, 2, 3, 4).reshape(n_moments, size, 6)
    by_pose = np.repeat(weight.transpose(1, 0, 2).reshape(n_moments, -1), 2, axis=1)[..., None] * plain_pose
    normal = np.swapaxes(plain_pose, 1, 2) @ by_pose
    eased = np.swapaxes(np.linalg.solve(normal + LEAST_INFORMATION * np.eye(6), np.swapaxes(by_pose, 1, 2)), 1, 2)
    taken = by_pose.transpose(1, 0, 2).reshape(size, -1) @ eased.transpose(1, 0, 2).reshape(size, -1).T
    rows = influence.rows[..., keep].sum(axis=1).reshape(size, -1)
    taken = taken + rows @ np.linalg.pinv(influence.normal[keep, keep], rcond=1e-14, hermitian=True) @ rows.T
    shown = (plain - taken) * scale[:, None] * scale
    value, vector = np.linalg.eigh((shown + shown.T) / 2)
    clear = value > _SHOWN * max(float(value[-1]), 1e-30)
    pulled = vector.T @ (scale * (weight[..., None] * influence.residual).sum(axis=1).ravel())
    squares = (pulled[clear] / value[clear]) ** 2
    return _LASTING_SHARE * float(np.sqrt((_STATED_COUNTS + squares.sum()) / (_STATED_COUNTS + len(squares))))


def _inward(sights: Sights) -> NDArray:
    """Return by how much corners move when each side of each tag moves in by one px, shape of the residual."""
    pixels = np.where(sights.used[..., None], sights.pixels, 0.0)
    shape = (*pixels.shape[:2], -1, 4, 2)
    quads = pixels.reshape(shape)
    whole = np.asarray(sights.used.reshape(shape[:-1]).all(axis=3))
    after, before = np.roll(quads, -1, axis=3) - quads, np.roll(quads, 1, axis=3) - quads
    lengths = [np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9) for side in (after, before)]
    after, before = after / lengths[0], before / lengths[1]
    # Sides that both move in by one meet at (after + before) / sin of the angle between them.
    sine = np.abs(after[..., 0] * before[..., 1] - after[..., 1] * before[..., 0])
    move = (after + before) / np.maximum(sine, 0.05)[..., None]
    return np.asarray(np.where(whole[..., None, None], move, 0.0).reshape(pixels.shape))


def _by_calibration(rig: CameraRig, influence: Influence, rows: NDArray, inverse: NDArray) -> NDArray:
    if rig.covariance is None:
        return np.zeros_like(inverse)
    n_params = rig.covariance.shape[1]
    pull = np.zeros((len(inverse), len(rig), n_params))
    for index, camera in enumerate(rig):
        seen = influence.weight[index] > 0
        if seen.any():
            by_camera = camera_jacobian(camera, influence.points[seen])[0]
            pull[:, index] = np.einsum("nap,nai->pi", rows[index][seen], by_camera)
    moved = inverse @ pull.reshape(len(inverse), -1)
    size = len(rig) * n_params
    return np.asarray(moved @ rig.covariance.reshape(size, size) @ moved.T)


def size_ratio(rig: CameraRig, influence: Influence, sights: Sights) -> tuple[float, float]:
    """Return the side of the tags by the cameras' distances over the stated one, and its sd; NaN of one camera.

    A tag that is larger by a share looks as if it were that much nearer to every camera, on which several cannot agree.
    One step away from the fit, with the poses of moments and tags free.
    """
    if (sights.used.any(axis=2).sum(axis=0) < 2).all():
        return float("nan"), float("nan")
    inverse = np.linalg.pinv(influence.normal, rcond=1e-14, hermitian=True)
    pull = np.einsum("ctkap,ctka->p", influence.rows, influence.residual, optimize=True)
    covariance = parameter_covariance(rig, influence, sights, slice(0, len(inverse)))
    return 1.0 + float((inverse @ pull)[-1]), float(np.sqrt(covariance[-1, -1]))
