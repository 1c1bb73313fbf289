"""The real geometry of a folded plate, from what cameras saw of it: tags and moments refined together.

Every tag is a square of known side with a pose of its own on the plate, every moment has a pose of the plate, and all
corners in all images are fitted at once. The first tag stays where it was drawn meanwhile; at the end the whole is laid
upon the drawing. The poses of the moments are eliminated from the normal equations (Schur complement).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.rigid import apply, inverse, rigid
from mocap.config.plates import Plate, tag_fronts
from mocap.errors import ReconstructionError
from mocap.reconstruction.rigid_fit import Sights, fitted_to_points, linearised
from mocap.reconstruction.rigid_shape_fit import (
    blocks_of,
    placed,
    reduced_system,
    refined_tags,
    tag_jacobian,
    without_stray_tags,
)
from mocap.reconstruction.rigid_starts import tag_starts

MIN_MOMENTS = 10
MIN_SPREAD = np.deg2rad(12.0)  # of the directions from which the plate is seen
MAX_ANGLE_SD = np.deg2rad(0.3)
MAX_RESIDUAL_PX = 1.5
_STRETCHES = 12  # of the recording, whose errors count as independent


@dataclass(frozen=True, eq=False)
class MeasuredPlate:
    """Where the tags of a plate really are.

    Attributes
    ----------
    corners_plate : ndarray, shape (tag, 4, 3)
        m; laid upon the drawing by least squares.
    angles, angle_sds : ndarray, shape (facet - 1,)
        Between the front of each facet and of the first, rad.
    drawn_angles : ndarray, shape (facet - 1,)
    shift_m : float
        Largest distance of a corner from where it was drawn.
    residual_px : float
    n_moments : int
    spread : float
        Rad; largest angle between two directions from which the plate was seen.
    size_ratio : float
        Side of the tags by the calibration of several cameras, over `tag_size`; NaN of one camera.
    size_ratio_sd : float
    """

    corners_plate: NDArray
    angles: NDArray
    angle_sds: NDArray
    drawn_angles: NDArray
    shift_m: float
    residual_px: float
    n_moments: int
    spread: float
    size_ratio: float
    size_ratio_sd: float


def measure_plate(rig: CameraRig, plate: Plate, sights: Sights) -> MeasuredPlate:
    """Refine the places of a plate's tags.

    Parameters
    ----------
    rig : CameraRig
        One camera or several; of one its lens alone matters.
    plate : Plate
        As drawn; right to some ten degrees and millimetres.
    sights : Sights
        Of the plate's corners, tag by tag.

    Raises
    ------
    ReconstructionError
        PLATE_VIEWS (too few moments, a tag that is never seen beside the others), PLATE_ANGLES (seen from one side
        alone), PLATE_MISFIT (no rigid plate fits), PLATE_UNSURE (an angle is not known to 0.3 deg).
    """
    drawn = plate.corners_plate
    sights = sights.at(_moments(plate, sights))
    _require_moments(plate, sights)
    poses, _ = tag_starts(rig, plate, sights)
    good = np.isfinite(poses[:, 0, 0])
    sights, poses = sights.at(good), poses[good]
    _require_moments(plate, sights)
    corners, poses = refined_tags(rig, drawn, poses, sights)
    sights = without_stray_tags(rig, corners, poses, sights)
    _require_moments(plate, sights)
    corners, poses = refined_tags(rig, corners, poses, sights)
    spread = _spread(rig, plate, poses, sights)
    reduced, gradients, residual = reduced_system(rig, corners, poses, sights)
    _require_fit(plate, residual, spread)
    covariance = _tag_covariance(reduced, gradients, residual, sights)
    angles, sds = _angles(plate, corners, covariance)
    if len(sds) and sds.max() > MAX_ANGLE_SD:
        raise ReconstructionError(
            f"The facet angle of '{plate.name}' is known to {np.rad2deg(sds.max()):.2f} deg only (limit "
            f"{np.rad2deg(MAX_ANGLE_SD):.1f}).",
            "Film it nearer and longer, turned so that each facet faces the camera in turn with the other in view.",
            code="PLATE_UNSURE",
        )
    ratio, ratio_sd = _size_ratio(rig, corners, poses, sights)
    laid = _laid_upon(corners, drawn)
    return MeasuredPlate(
        laid, angles, sds, plate.facet_angles(), float(np.linalg.norm(laid - drawn, axis=2).max()), residual,
        len(poses), spread, ratio, ratio_sd,
    )  # fmt: skip


def _moments(plate: Plate, sights: Sights, most: int = 120) -> NDArray[np.int64]:
    """Return moments spread over the recording that show two tags or more whole."""
    whole = _whole(sights).any(axis=0)
    enough = np.flatnonzero(whole.sum(axis=1) >= min(2, len(plate.ids)))
    return enough[np.unique(np.linspace(0, len(enough) - 1, min(len(enough), most)).astype(int))] if len(enough) else (
        np.zeros(0, np.int64)
    )


def _whole(sights: Sights) -> NDArray[np.bool_]:
    """Return which tags are seen with all corners, shape (camera, time, tag)."""
    return np.asarray(sights.used.reshape(*sights.used.shape[:2], sights.used.shape[2] // 4, 4).all(axis=3))


def _require_moments(plate: Plate, sights: Sights) -> None:
    whole = _whole(sights).any(axis=0)
    beside = whole & (whole.sum(axis=1, keepdims=True) >= min(2, len(plate.ids)))
    few = [str(number) for number, count in zip(plate.ids, beside.sum(axis=0), strict=True) if count < MIN_MOMENTS]
    if few:
        counts = ", ".join(f"{number}: {count}" for number, count in zip(plate.ids, beside.sum(axis=0), strict=True))
        raise ReconstructionError(
            f"Tags {', '.join(few)} of '{plate.name}' are seen beside another one in fewer than {MIN_MOMENTS} moments "
            f"({counts}).",
            "Film the plate so that all its tags are in view together, near and sharp, while it is turned slowly.",
            code="PLATE_VIEWS",
        )


def _spread(rig: CameraRig, plate: Plate, poses: NDArray, sights: Sights) -> float:
    """Return the largest angle, rad, between directions from the plate to cameras that saw it."""
    ways = []
    for index, camera in enumerate(rig):
        seen = sights.used[index].any(axis=1)
        way = apply(inverse(poses[seen]), camera.centre_world) - plate.corners_plate.mean(axis=(0, 1))
        ways.append(way / np.linalg.norm(way, axis=1, keepdims=True))
    every = np.concatenate(ways)
    return float(np.arccos(np.clip((every @ every.T).min(), -1.0, 1.0)))


def _require_fit(plate: Plate, residual: float, spread: float) -> None:
    if spread < MIN_SPREAD:
        raise ReconstructionError(
            f"'{plate.name}' is seen from directions within {np.rad2deg(spread):.0f} deg only (limit "
            f"{np.rad2deg(MIN_SPREAD):.0f}): its depth and its fold cannot be told apart.",
            "Turn it in front of the camera by 30 deg and more, each way.",
            code="PLATE_ANGLES",
        )
    if residual > MAX_RESIDUAL_PX:
        raise ReconstructionError(
            f"No rigid plate of '{plate.name}' fits what the cameras saw: {residual:.1f} px are left (limit "
            f"{MAX_RESIDUAL_PX} px).",
            "Check that the calibration is of these cameras, that they run in step, that tag_size is what the print "
            "measures, and that nothing bends.",
            code="PLATE_MISFIT",
        )


def _tag_covariance(reduced: NDArray, gradients: NDArray, residual: float, sights: Sights) -> NDArray:
    """Return the covariance of the tags' poses: the larger of what noise and what stretches of the footage say."""
    inverse_ = np.linalg.pinv(reduced, rcond=1e-14, hermitian=True)
    usual = np.sqrt(np.mean(sights.variance[sights.used]))
    seen = 2.0 * float(sights.used.sum())
    freedom = max(seen - 6.0 * len(gradients) - len(reduced), 1.0)
    plain = inverse_ * max((residual / usual) ** 2 * seen / freedom, 0.1)
    stretches = min(_STRETCHES, len(gradients) // 2)
    if stretches < 4:
        return plain
    # Errors of neighbouring moments are alike: what each stretch pulls at the answer shows how they scatter.
    pulls = np.stack([part.sum(axis=0) for part in np.array_split(gradients, stretches)])
    robust = inverse_ @ (pulls.T @ pulls) @ inverse_ * stretches / (stretches - 1)
    return plain if np.trace(plain) >= np.trace(robust) else robust


def _facet_angles(plate: Plate, corners: NDArray) -> NDArray[np.float64]:
    fronts = tag_fronts(corners)
    means = np.stack([fronts[facet].mean(axis=0) for facet in plate.facets])
    means = means / np.linalg.norm(means, axis=1, keepdims=True)
    across = np.linalg.norm(np.cross(means[1:], means[0]), axis=1)
    return np.asarray(np.arctan2(across, means[1:] @ means[0]))


def _angles(plate: Plate, corners: NDArray, covariance: NDArray) -> tuple[NDArray, NDArray]:
    angles = _facet_angles(plate, corners)
    step, slopes = 1e-5, []
    for place in range(covariance.shape[0]):
        change = np.zeros(6 * len(corners))
        change[6 + place] = step
        both = [_facet_angles(plate, placed(corners, sign * change.reshape(-1, 6))) for sign in (1, -1)]
        slopes.append((both[0] - both[1]) / (2 * step))
    slope = np.array(slopes).reshape(covariance.shape[0], -1)
    return angles, np.sqrt(np.maximum(np.einsum("ma,mn,na->a", slope, covariance, slope), 0.0))


def _size_ratio(rig: CameraRig, corners: NDArray, poses: NDArray, sights: Sights) -> tuple[float, float]:
    """Return the side of the tags by the cameras' distances over the stated one, and its sd; NaN of one camera.

    A tag that is larger by a share looks as if it were that much nearer to every camera, on which several cannot agree.
    One step away from the fit, with the poses of moments and tags free.
    """
    if (sights.used.any(axis=2).sum(axis=0) < 2).all():
        return float("nan"), float("nan")
    n_tags, n_frames = len(corners), len(poses)
    linear = linearised(rig, corners.reshape(-1, 3), poses, sights)
    by_world = linear.jacobian[..., 3:]
    grown = (corners - corners.mean(axis=1, keepdims=True)).reshape(-1, 3)
    by_size = np.einsum("ctkai,tij,kj->ctka", by_world, poses[:, :3, :3], grown, optimize=True)
    by_tag = tag_jacobian(corners, poses, by_world).reshape(len(rig), n_frames, n_tags, 4, 2, 6)[:, :, 1:]
    weight, shape = linear.weight, (len(rig), n_frames, n_tags, 4)
    own_weight, own_size = weight.reshape(shape)[:, :, 1:], by_size.reshape(*shape, 2)[:, :, 1:]
    with_tags = np.einsum("ctnk,ctnkai,ctnka->tni", own_weight, by_tag, own_size, optimize=True).reshape(n_frames, -1)
    with_poses = np.einsum("ctk,ctkai,ctka->ti", weight, linear.jacobian, by_size)
    pose, mixed = linear.normal().sum(axis=0), blocks_of(rig, corners, poses, sights)[1][:, :, 1:]
    mixed = mixed.reshape(n_frames, 6, -1)
    back = np.linalg.solve(pose, with_poses[..., None])[..., 0]
    reduced, gradients, _ = reduced_system(rig, corners, poses, sights)
    cross = with_tags - np.einsum("ti,tim->tm", back, mixed)
    lean = np.linalg.lstsq(reduced, cross.sum(axis=0), rcond=1e-14)[0] if reduced.size else np.zeros(0)
    pull = np.einsum("ctk,ctka,ctka->t", weight, by_size, linear.residual) - (back * linear.gradient()).sum(axis=1)
    pull = pull - gradients @ lean
    weighed = np.einsum("ctk,ctka,ctka->t", weight, by_size, by_size) - (back * with_poses).sum(axis=1) - cross @ lean
    ratio = float(pull.sum() / weighed.sum())
    scatter = np.array([part.sum() for part in np.array_split(pull - ratio * weighed, min(_STRETCHES, n_frames))])
    return 1.0 + ratio, float(np.sqrt((scatter**2).sum()) / weighed.sum())


def _laid_upon(corners: NDArray, drawn: NDArray) -> NDArray[np.float64]:
    pose = fitted_to_points(corners.reshape(-1, 3), drawn.reshape(1, -1, 3))[0]
    return apply(rigid(pose[:3, :3], pose[:3, 3]), corners)
