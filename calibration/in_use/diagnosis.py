"""What is said of a camera that changed since it was calibrated."""

import numpy as np

from calibration.digits import digits
from calibration.in_use.drift import CameraChange
from calibration.in_use.use_verdict import Diagnosis


def told_of(
    name: str, change: CameraChange, since: int | None, image_px: tuple[float, float] | None = None
) -> Diagnosis:
    """Return what is said of a camera that changed.

    Parameters
    ----------
    name : str
    change : CameraChange
    since : int, optional
        Frame from which on it holds.
    image_px : tuple of float, optional
        Shift of its image, right and down, that explains as much as that it moved.
    """
    if change.kind == "late":
        sd = float(np.sqrt(change.covariance[7, 7]))
        cause = f"Camera '{name}' is late by {change.value[7]:.2f} frames (95 % +-{digits(1.96 * sd)})."
        return Diagnosis("CAMERA_LATE", (name,), cause, "Synchronise the cameras, or shift this one's frames.")
    if change.kind == "zoom":
        sd = float(np.sqrt(change.covariance[6, 6]))
        cause = (f"The focal length of camera '{name}' is {100 * change.value[6]:+.2f} % off its calibration "
                 f"(95 % +-{digits(196 * sd)}), {change.effect_mm:.1f} mm in the volume: zoom or focus was changed.")
        remedy = "Set the lens back and fix it, or calibrate again; switch autofocus and digital zoom off."
        return Diagnosis("LENS_CHANGED", (name,), cause, remedy)
    when = "" if since is None else f" near frame {since}"
    cause = (f"Camera '{name}' moved{when}: turned by {change.turn_deg:.2f} deg (95 % "
             f"+-{digits(1.96 * change.turn_sd_deg)}), shifted by {change.shift_mm:.1f} mm (+-"
             f"{digits(1.96 * change.shift_sd_mm)}), {change.effect_mm:.1f} mm in the volume.")
    remedy = "Fix the camera and re-estimate it alone (calibrate --check --repair), or calibrate again."
    if image_px is not None:
        cause = cause.replace(" moved:", " moved, or its images are cropped: as if", 1)
        cause += (f" Images shifted by {image_px[0]:+.0f} px to the right and {image_px[1]:+.0f} px down explain the "
                  "same.")  # fmt: skip
        remedy = f"Where they are cropped, use the whole image or move the principal point; else: {remedy}"
    return Diagnosis("CAMERA_MOVED", (name,), cause, remedy)
