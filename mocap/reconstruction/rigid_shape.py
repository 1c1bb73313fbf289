"""The real geometry of a folded plate, from what cameras saw of it: tags and moments refined together.

Every tag is a square of known side with a pose of its own on the plate, every moment has a pose of the plate, and all
corners in all images are fitted at once. The first tag stays where it was drawn meanwhile; at the end the whole is laid
upon the drawing. The poses of the moments are eliminated from the normal equations (Schur complement).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.digits import digits
from calibration.rigid import apply, inverse, rigid
from mocap.config.plates import Plate, tag_fronts
from mocap.errors import ReconstructionError
from mocap.reconstruction.rigid_fit import Sights, fitted_to_points
from mocap.reconstruction.rigid_shape_errors import Influence, influence_of, parameter_covariance, size_ratio
from mocap.reconstruction.rigid_shape_fit import placed, refined_tags, without_stray_tags
from mocap.reconstruction.rigid_starts import tag_starts, triangulated_size

MIN_MOMENTS = 10
MIN_SPREAD = np.deg2rad(12.0)  # of the directions from which the plate is seen
MAX_ANGLE_SD = np.deg2rad(0.3)
MAX_RESIDUAL_PX = 1.5
_ABSURD_PX = 1000.0
_OTHER_SIZE = 0.05  # by which triangulated tags may be of another size, before anything is fitted
_FAR_SHARE = 0.3  # of a tag, between where it was drawn and where it is


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
        alone), PLATE_MISFIT (no rigid plate fits), PLATE_TAGS (tags lie far from where they were drawn), PLATE_SIZE
        (they are of another size), PLATE_UNSURE (an angle is not known to 0.3 deg).
    """
    drawn = plate.corners_plate
    sights = sights.at(_moments(plate, sights))
    _require_moments(plate, sights)
    require_size(plate, *triangulated_size(rig, plate, sights), _OTHER_SIZE)
    poses, _ = tag_starts(rig, plate, sights)
    good = np.isfinite(poses[:, 0, 0])
    fit = fitted_shape(rig, plate, poses[good], sights.at(good))
    if len(fit.angle_sds) and fit.angle_sds.max() > MAX_ANGLE_SD:
        raise ReconstructionError(
            f"The facet angle of '{plate.name}' is known to {np.rad2deg(fit.angle_sds.max()):.2f} deg only (limit "
            f"{np.rad2deg(MAX_ANGLE_SD):.1f}).",
            "Film it nearer and longer, turned so that each facet faces the camera in turn with the other in view.",
            code="PLATE_UNSURE",
        )
    ratio, ratio_sd = size_ratio(rig, fit.influence, fit.sights)
    shift = float(np.linalg.norm(fit.corners_plate - drawn, axis=2).max())
    return MeasuredPlate(
        fit.corners_plate, fit.angles, fit.angle_sds, plate.facet_angles(), shift, fit.residual_px,
        fit.sights.used.shape[1], fit.spread, ratio, ratio_sd,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class FittedShape:
    """Tags where they fit best; `corners_plate`, `angles` and so on as of `MeasuredPlate`.

    Attributes
    ----------
    corner_sds : ndarray, shape (tag, 4)
        Of the distance of a corner from where it was drawn, m.
    influence : Influence
    sights : Sights
        Those that were used.
    """

    corners_plate: NDArray
    corner_sds: NDArray
    angles: NDArray
    angle_sds: NDArray
    residual_px: float
    spread: float
    influence: Influence
    sights: Sights


def fitted_shape(rig: CameraRig, plate: Plate, poses: NDArray, sights: Sights) -> FittedShape:
    """Fit the places of the tags, from poses, shape (time, 4, 4), to begin with.

    Raises
    ------
    ReconstructionError
        PLATE_VIEWS, PLATE_ANGLES, PLATE_MISFIT, PLATE_TAGS.
    """
    drawn = plate.corners_plate
    _require_moments(plate, sights)
    corners, poses = refined_tags(rig, drawn, poses, sights)
    sights = without_stray_tags(rig, corners, poses, sights)
    whole = np.asarray(_whole(sights).any(axis=(0, 2)))
    sights, poses = sights.at(whole), poses[whole]
    _require_moments(plate, sights)
    corners, poses = refined_tags(rig, corners, poses, sights)
    spread = _spread(rig, plate, poses, sights)
    influence = influence_of(rig, corners, poses, sights)
    residual = float(np.sqrt((influence.residual**2).sum() / (2 * int(sights.used.sum()))))
    _require_fit(plate, residual, spread)
    laid = _laid_upon(corners, drawn)
    _require_place(plate, laid)
    covariance = parameter_covariance(rig, influence, sights, slice(0, 6 * (len(corners) - 1)))
    angles, sds = _facet_angles(plate, corners), _sds(lambda tags: _facet_angles(plate, tags), corners, covariance)
    corner_sds = np.linalg.norm(_sds(lambda tags: _laid_upon(tags, drawn), corners, covariance), axis=-1)
    return FittedShape(laid, corner_sds, angles, sds, residual, spread, influence, sights)


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
            f"No rigid plate with the tags {_listed(plate)} ('{plate.name}') fits what the cameras saw: "
            f"{f'{residual:.1f} px' if residual < _ABSURD_PX else 'hundreds of px'} are left (limit "
            f"{MAX_RESIDUAL_PX} px).",
            "Check that these tags are on one plate, that the calibration is of these cameras, that they run in step, "
            "that tag_size is what the print measures, and that nothing bends.",
            code="PLATE_MISFIT",
        )


def require_size(plate: Plate, ratio: float, sd: float, most: float) -> None:
    """Refuse tags of another size than described.

    Parameters
    ----------
    plate : Plate
    ratio, sd : float
        Size by the cameras over the described one, with its standard deviation.
    most : float
        Largest departure of the ratio from 1 that passes, whatever its standard deviation.

    Raises
    ------
    ReconstructionError
        PLATE_SIZE
    """
    if abs(ratio - 1.0) > max(most, 4 * sd):
        raise ReconstructionError(
            f"By the cameras the tags of '{plate.name}' measure {digits(1e3 * plate.tag_size * ratio, 3)} mm, "
            f"not {digits(1e3 * plate.tag_size, 3)}.",
            "Measure a tag with a caliper and correct tag_size and the corners, or calibrate the cameras again.",
            code="PLATE_SIZE",
        )


def _require_place(plate: Plate, laid: NDArray) -> None:
    """Refuse tags that are farther from where they were drawn than anybody draws, folds or glues."""
    off = np.linalg.norm((laid - plate.corners_plate).mean(axis=1), axis=1)
    if off.max() > _FAR_SHARE * plate.tag_size:
        raise ReconstructionError(
            f"The tags {_listed(plate)} do not lie to each other as '{plate.name}' is described: by the footage they "
            f"are {1e3 * off.max():.0f} mm from there.",
            "Check which tags are on this plate (they may be exchanged with another's), and their corners.",
            code="PLATE_TAGS",
        )


def _listed(plate: Plate) -> str:
    return ", ".join(map(str, plate.ids))


def _facet_angles(plate: Plate, corners: NDArray) -> NDArray[np.float64]:
    fronts = tag_fronts(corners)
    means = np.stack([fronts[facet].mean(axis=0) for facet in plate.facets])
    means = means / np.linalg.norm(means, axis=1, keepdims=True)
    across = np.linalg.norm(np.cross(means[1:], means[0]), axis=1)
    return np.asarray(np.arctan2(across, means[1:] @ means[0]))


def _sds(what: Callable[[NDArray], NDArray], corners: NDArray, covariance: NDArray) -> NDArray:
    """Return the sd of what follows from the corners, by the covariance of the tags' poses."""
    step, slopes = 1e-5, []
    for place in range(len(covariance)):
        change = np.zeros(6 * len(corners))
        change[6 + place] = step
        both = [what(placed(corners, sign * change.reshape(-1, 6))) for sign in (1, -1)]
        slopes.append((both[0] - both[1]) / (2 * step))
    if not slopes:
        return np.zeros_like(what(corners))
    return np.sqrt(np.maximum(np.einsum("m...,mn,n...->...", np.array(slopes), covariance, np.array(slopes)), 0.0))


def _laid_upon(corners: NDArray, drawn: NDArray) -> NDArray[np.float64]:
    pose = fitted_to_points(corners.reshape(-1, 3), drawn.reshape(1, -1, 3))[0]
    return apply(rigid(pose[:3, :3], pose[:3, 3]), corners)
