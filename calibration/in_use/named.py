"""Whether a change of a camera is beyond doubt, and else why it is not held against the camera."""

import numpy as np

from calibration.digits import digits
from calibration.in_use.change_systems import LATE
from calibration.in_use.drift import CameraChange
from calibration.in_use.use_verdict import CheckLimits

MOST_CHANCE = 1e-6
LEAST_LATE = 0.3  # frames
_SHOWN_SHARE = 1 / 3  # less than a millimetre is what calibrations err by among each other


def sure_mm(change: CameraChange) -> float:
    """Error in the volume that a change makes at least, two standard deviations below its estimate."""
    return max(change.effect_mm - 2 * change.effect_sd_mm, 0.0)


def limit_mm(change: CameraChange, limits: CheckLimits) -> float:
    """Error in the volume that a change is held against: more where the points themselves are poor."""
    return max(limits.residual_mm, limits.noise_share * change.noise_mm)


def is_named(change: CameraChange, limits: CheckLimits) -> bool:
    """Whether the camera is said to have changed."""
    return not why_unnamed(change, limits)


def why_unnamed(change: CameraChange, limits: CheckLimits) -> str:
    """Say why a change is not held against the camera; empty where it is."""
    if change.chance > MOST_CHANCE:
        return f"chance makes as much once in {1 / change.chance:.2g} times" if change.chance < 0.1 else "may be chance"
    if change.kind == "late":
        frames, sd = float(change.value[LATE]), float(np.sqrt(change.covariance[LATE, LATE]))
        told = f"it is {digits(abs(frames), 2)} frames out of step (sd {digits(sd, 2)})"
        return "" if abs(frames) - 2 * sd > LEAST_LATE else f"{told}, not beyond {LEAST_LATE:g} for sure"
    if not change.shown_mm > _SHOWN_SHARE * limits.residual_mm:
        return f"the cameras disagree by {digits(change.shown_mm, 2)} mm of it alone"
    if not change.effect_mm - 2 * change.effect_sd_mm > limit_mm(change, limits):
        scatter, limit = digits(change.noise_mm, 2), digits(limit_mm(change, limits), 2)
        return f"single points scatter by {scatter} mm, and no less than {limit} mm tells of a camera then"
    return ""
