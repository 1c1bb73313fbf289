"""Cameras that were bumped, or that sank, while a trial was recorded: verdicts with time and size."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calibration import CameraRig
from calibration.digits import digits
from calibration.in_use.bump_record import Bump, Drift
from calibration.in_use.bumps import LEAST_MM, find_bumps
from mocap.reconstruction import ReconstructionOptions
from mocap.trial import Keypoints2D, Verdict

_DRIFT_LIMIT_DEG = 0.1  # over a trial, beyond doubt
_DRIFT_CHANCE = 1e-4
_DRIFT_SDS = 3.0  # the chance is of any direction, also of those that a poor detector errs least along
_CLOCKS = (" clock", " frames")
_ENDS, _AGREE, _USE = " ends", "clocks agree", " as calibrated"
_UNSURE = "The clocks are not known to agree: one that is off may look like this."
_REMEDY = "Fix the camera; leave it out, or cut the trial there and calibrate this camera anew for the rest."


def bump_verdicts(keypoints: Keypoints2D, rig: CameraRig, clocks: Sequence[Verdict] = ()) -> tuple[Verdict, ...]:
    """Judge for every camera whether it stood still through the trial, and tell how far it drifted.

    Parameters
    ----------
    keypoints : Keypoints2D
        In the order of the rig's cameras, on the common timeline.
    rig : CameraRig
    clocks : sequence of Verdict
        Of the clocks: while one camera is still out of step none is accused of having moved.

    Returns
    -------
    tuple of Verdict
        Per camera '<name> steady', the error in the volume since a bump in mm that is beyond doubt, and '<name>
        drift', degrees turned over the trial with their standard deviation. None with fewer than three cameras, other
        cameras than those of the rig, or too little that three of them see.
    """
    if keypoints.n_cameras != len(rig):
        return ()  # the reconstruction says so
    confident = keypoints.confidence >= ReconstructionOptions().min_confidence
    found = find_bumps(rig, np.where(confident[..., None], keypoints.pixels, np.nan), keypoints.rate_hz)
    if found is None:
        return ()
    # A camera out of step pulls the points of all: others seem to move because of it.
    out_of_step = any(not verdict.passed and verdict.name.endswith(_CLOCKS) for verdict in clocks)
    answer: list[Verdict] = []
    for camera, name in enumerate(rig.names):
        own = [bump for bump in found.bumps if bump.camera == camera and not out_of_step]
        answer.append(_steady(name, own, keypoints.rate_hz, out_of_step))
        answer.append(_drift(name, found.drifts[camera], own, out_of_step))
    if any(verdict.passed for verdict in clocks if verdict.name.endswith((*_CLOCKS, _AGREE))):
        return tuple(answer)
    return tuple(one if one.passed else replace(one, text=f"{one.text} {_UNSURE}") for one in answer)


def without_bumped_ends(
    clocks: Sequence[Verdict], bumps: Sequence[Verdict], use: Sequence[Verdict] = ()
) -> tuple[Verdict, ...]:
    """Return the verdicts on clocks without ends that do not fit because of a camera that was bumped or is off.

    Parameters
    ----------
    clocks, bumps : sequence of Verdict
    use : sequence of Verdict
        Of the calibration in use: while it is off for one camera, the ends of no other are judged.
    """
    bumped = any(verdict.name.endswith(" steady") and not verdict.passed for verdict in bumps)
    off = [verdict.name.removesuffix(_USE) for verdict in use if verdict.name.endswith(_USE) and not verdict.passed]
    left = (verdict for verdict in clocks if not (bumped and verdict.name.endswith(_ENDS)))
    return tuple(_innocent(verdict, off) for verdict in left)


def _innocent(verdict: Verdict, off: Sequence[str]) -> Verdict:
    accused = verdict.name.endswith(_ENDS) and not verdict.passed
    if not off or not accused or verdict.name.removesuffix(_ENDS) in off:
        return verdict
    text = f"not judged while the calibration of {', '.join(off)} is off, which may look like lost frames here"
    return replace(verdict, measured=float("nan"), passed=True, text=text)


def _steady(name: str, bumps: Sequence[Bump], rate_hz: float, out_of_step: bool) -> Verdict:
    if not bumps:
        text = "error in the volume after a bump within the trial that is beyond doubt"
        text += "; not judged while a clock is off" if out_of_step else ""
        return Verdict(f"{name} steady", 0.0, LEAST_MM, "mm", True, text)
    worst = max(bumps, key=lambda bump: bump.effect_mm)
    told = "; ".join(_words(bump, rate_hz) for bump in sorted(bumps, key=lambda bump: bump.first))
    text = f"CAMERA_BUMPED: camera '{name}' moved during the trial: {told}. {_REMEDY}"
    return Verdict(f"{name} steady", worst.effect_mm - 2 * worst.effect_sd_mm, LEAST_MM, "mm", False, text)


def _words(bump: Bump, rate_hz: float) -> str:
    (turn, turn_sd), (shift, shift_sd) = bump.turn_deg, bump.shift_mm
    size = f"turned by {turn:.2f} deg (sd {digits(turn_sd, 2)})"
    if shift_sd > 0:
        size += f", shifted by {shift:.1f} mm (sd {digits(shift_sd, 2)})"
    else:
        size += ", no shift beyond doubt"
    return f"at {bump.first / rate_hz:.2f} s (frame {bump.first}) it {size}, {bump.effect_mm:.1f} mm in the volume"


def _drift(name: str, drift: Drift, own: Sequence[Bump], out_of_step: bool) -> Verdict:
    clear = drift.turn_deg - _DRIFT_SDS * drift.sd_deg > _DRIFT_LIMIT_DEG
    sure = drift.chance < _DRIFT_CHANCE and clear
    how = "by the step that is told as a bump" if own else "as if it turned evenly"
    text = f"sd {digits(drift.sd_deg, 2)} deg; turned over the trial, {how}"
    passed = out_of_step or not sure
    if out_of_step:
        text += "; a clock is off, which may look like this"
    elif not sure and drift.turn_deg > _DRIFT_LIMIT_DEG:
        text += "; may be chance" if clear else "; not beyond doubt"
    elif sure:
        text += ". " + _REMEDY
    return Verdict(f"{name} drift", drift.turn_deg, _DRIFT_LIMIT_DEG, "deg", passed, text)
