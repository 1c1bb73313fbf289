"""Whether a plate is as it is described: its tags fitted freely, held against where the description has them."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.digits import digits
from mocap.config.plates import Plate
from mocap.errors import ReconstructionError
from mocap.reconstruction.rigid_fit import Sights
from mocap.reconstruction.rigid_shape import fitted_shape
from mocap.reconstruction.rigid_starts import triangulated_size

_MOMENTS = 40  # that are looked at
_WRONG_SHARE = 0.01  # of a tag's side, by which its corners are elsewhere; a fold is off by 2 deg then
_WRONG_SIZE = 0.02
_SURE = 4.0  # standard deviations
_TELLING = ("PLATE_MISFIT", "PLATE_TAGS")  # refusals that say something of the description


def misdescribed(rig: CameraRig, plate: Plate, sights: Sights, poses: NDArray) -> str:
    """Say what of a plate is not as described; nothing where it fits, or where the views do not tell.

    Parameters
    ----------
    rig : CameraRig
    plate : Plate
    sights : Sights
        Gross errors included: a tag that is never where the plate has it looks like one.
    poses : ndarray, shape (time, 4, 4)
        NaN where there are none.
    """
    ratio, sd = triangulated_size(rig, plate, sights)
    if abs(ratio - 1.0) > max(_WRONG_SIZE, _SURE * sd):
        return (
            f"by the cameras its tags measure {digits(1e3 * plate.tag_size * ratio)} mm, not tag_size = "
            f"{digits(1e3 * plate.tag_size)} mm: correct tag_size and the corners, or calibrate the cameras again"
        )
    whole = sights.used.reshape(*sights.used.shape[:2], -1, 4).all(axis=3).any(axis=0)
    good = np.flatnonzero(np.isfinite(poses[:, 0, 0]) & (whole.sum(axis=1) >= 2))
    if len(plate.ids) < 2 or not len(good):
        return ""
    chosen = good[np.unique(np.linspace(0, len(good) - 1, min(len(good), _MOMENTS)).astype(int))]
    try:
        fit = fitted_shape(rig, plate, poses[chosen], sights.at(chosen))
    except ReconstructionError as error:
        return f"{error.cause.rstrip('.')}: {_REMEDY}" if error.code in _TELLING else ""
    off = np.linalg.norm(fit.corners_plate - plate.corners_plate, axis=2)
    wrong = off > np.maximum(_WRONG_SHARE * plate.tag_size, _SURE * fit.corner_sds)
    if not wrong.any():
        return ""
    folds = [
        f"folded by {np.rad2deg(angle):.1f} +- {digits(np.rad2deg(sd), 1)} deg, not {np.rad2deg(drawn):.1f}, "
        for angle, sd, drawn in zip(fit.angles, fit.angle_sds, plate.facet_angles(), strict=True)
        if abs(angle - drawn) > _SURE * sd
    ]
    return f"it is not as described: {''.join(folds)}corners up to {digits(1e3 * off.max())} mm off: {_REMEDY}"


_REMEDY = "measure it (mocap plate-calibrate) and reconstruct with the measured file"
