"""Whether keypoints can be of the cameras that were calibrated, before anything is reconstructed from them."""

import numpy as np

from calibration import CameraRig
from calibration.digits import digits
from calibration.errors import CalibrationError
from calibration.in_use.check import CameraCheck, CheckLimits, Sampling, UseCheck, check_in_use
from calibration.in_use.named import limit_mm, sure_mm, why_unnamed
from mocap.errors import KeypointError
from mocap.keypoints.sides_names import side_partner
from mocap.keypoints.wrong_views import WrongViews, find_wrong_views
from mocap.reconstruction import ReconstructionOptions
from mocap.trial import Keypoints2D, Verdict

_SAMPLING = Sampling(n_points=300, n_change_points=1200, always_search=False, n_spans=0)
_LIMITS = CheckLimits(noise_share=1.5)
_LATE_LIMIT = 0.3  # frames
_BEYOND_DOUBT = 0.25  # of the disagreement is left at most


def check_against_calibration(keypoints: Keypoints2D, rig: CameraRig) -> tuple[Verdict, ...]:
    """Refuse keypoints that are not of the calibrated cameras; judge every camera that may have moved since.

    A sample of the frames is looked at.

    Parameters
    ----------
    keypoints : Keypoints2D
        In the order of the rig's cameras.
    rig : CameraRig

    Returns
    -------
    tuple of Verdict
        One per camera, by how many mm its calibration is off beyond doubt, or how many frames it is late; none with
        fewer than three cameras or too few points.

    Raises
    ------
    KeypointError
        CAMERAS_SWAPPED, CAMERA_ROTATED, CAMERA_MIRRORED, IMAGE_SIZE or IMAGE_CROPPED, naming the cameras.
    """
    if keypoints.n_cameras != len(rig):
        return ()  # the reconstruction says so
    confident = keypoints.confidence >= ReconstructionOptions().min_confidence
    pixels = np.where(confident[..., None], keypoints.pixels, np.nan)
    try:
        partner = np.array(side_partner(keypoints.names))
        found = check_in_use(rig, pixels, partner=partner, limits=_LIMITS, sampling=_SAMPLING)
    except CalibrationError:
        return ()  # nothing is shared: the reconstruction tells why, by camera
    _refuse(found, rig)
    return tuple(_verdict(camera) for camera in found.cameras if camera.change is not None)


def refuse_wrong_views(keypoints: Keypoints2D, rig: CameraRig) -> None:
    """Refuse footage that another arrangement of the cameras, or another image, explains far better.

    Raises
    ------
    KeypointError
        With the code, the cameras and what lowers the error to how much.
    """
    _refuse_views(find_wrong_views(keypoints, rig))


def refuse_plain_faults(keypoints: Keypoints2D, rig: CameraRig) -> None:
    """Refuse footage, as it was filmed, that was given twice, or that another arrangement explains beyond doubt.

    Before the clocks are set: they would look for the moment in which a wrong view fits best, and carry two copies of
    a file to different places. What a camera out of step may explain as well is left for `refuse_wrong_views`.

    Raises
    ------
    KeypointError
        FOOTAGE_DOUBLED, CAMERAS_SWAPPED, CAMERA_ROTATED, CAMERA_MIRRORED, IMAGE_SIZE or IMAGE_CROPPED.
    """
    wrong = find_wrong_views(keypoints, rig)
    foreign = wrong is not None and wrong.code == "FOOTAGE_FOREIGN"
    if wrong is not None and not foreign and not wrong.after_px > _BEYOND_DOUBT * wrong.before_px:
        _refuse_views(wrong)


def _refuse_views(wrong: WrongViews | None) -> None:
    if wrong is not None:
        raise KeypointError(wrong.cause, wrong.remedy, code=wrong.code)


def _refuse(found: UseCheck, rig: CameraRig) -> None:
    if found.fault is None:
        return
    sizes = "; ".join(f"{camera.name} is {camera.size[0]} x {camera.size[1]} px" for camera in rig)
    of_size = found.fault.code in ("IMAGE_SIZE", "IMAGE_CROPPED", "CAMERA_ROTATED")
    more = f" In the calibration {sizes}." if of_size else ""
    raise KeypointError(f"{found.fault.cause}{more}", found.fault.remedy, code=found.fault.code)


def _verdict(camera: CameraCheck) -> Verdict:
    change, limits = camera.change, _LIMITS
    assert change is not None
    if camera.diagnosis is not None and change.kind == "late":
        return Verdict(
            f"{camera.name} in step", float(change.value[7]), _LATE_LIMIT, "frames", False, _text(camera)
        )  # fmt: skip
    name, sure, limit = f"{camera.name} as calibrated", sure_mm(change), limit_mm(change, limits)
    if camera.diagnosis is not None:
        return Verdict(name, sure, limits.residual_mm, "mm", False, _text(camera))
    text = "error of its calibration in the volume that is beyond doubt"
    if sure > limits.residual_mm:
        found = f"{digits(change.effect_mm, 3)} mm found, sd {digits(change.effect_sd_mm, 2)}"
        text = f"error of its calibration in the volume ({found}); not held against it: {why_unnamed(change, limits)}"
    return Verdict(name, sure, limit, "mm", True, text)


def _text(camera: CameraCheck) -> str:
    told = camera.diagnosis
    assert told is not None
    return f"{told.code}: {told.cause} {told.remedy}"
