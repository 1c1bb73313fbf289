"""What a check of a calibration in use says of it: rows, lines to print, and how old the calibration is."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from calibration.camera import CameraRig
from calibration.in_use.reestimate import Reestimation
from calibration.in_use.use_verdict import CameraCheck, CheckLimits, Diagnosis, UseCheck

_CLOCK_H = 0.1  # by which clocks of two computers may differ


@dataclass(frozen=True)
class Age:
    """How old a calibration is.

    Attributes
    ----------
    hours : float
        Negative when its date lies in the future.
    told_by : str
        Whose word that is.
    """

    hours: float
    told_by: str


def age_of(rig: CameraRig, path: Path, now_s: float | None) -> Age:
    """Return the age by the calibration's own date (`created_utc`), or by the time stamp of its file."""
    now = time.time() if now_s is None else now_s
    told = rig.metadata.get("created_utc")
    by_file, stamp = (now - path.stat().st_mtime) / 3600.0, "by the time stamp of its file, which copying may renew"
    if not told:
        return Age(by_file, f"{stamp}; it tells no date of its own")
    try:
        made = datetime.fromisoformat(str(told).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return Age(by_file, f"{stamp}; its own date '{told}' cannot be read")
    whose = rig.metadata.get("created_by")
    return Age((now - made) / 3600.0, f"by its own date{f', the {whose}' if whose else ''}")


def check_row(camera: CameraCheck) -> dict[str, Any]:
    """Return plain values of one camera."""
    change = camera.change
    row: dict[str, Any] = {
        "camera": camera.name, "points": camera.n_points, "residual_px": camera.residual_px,
        "residual_mm": camera.residual_mm, "verdict": camera.verdict, "reason": camera.reason,
    }  # fmt: skip
    if change is not None:
        row |= {
            "kind": change.kind if camera.diagnosis else "", "effect_mm": change.effect_mm,
            "effect_sd_mm": change.effect_sd_mm, "turn_deg": change.turn_deg, "turn_sd_deg": change.turn_sd_deg,
            "shift_mm": change.shift_mm, "shift_sd_mm": change.shift_sd_mm, "since_frame": camera.since,
        }  # fmt: skip
    return row


def check_lines(
    check: UseCheck, diagnoses: tuple[Diagnosis, ...], age: Age, limits: CheckLimits, notes: tuple[str, ...]
) -> tuple[str, ...]:
    """Return a table of the cameras, what is wrong, one line each, what was not looked at, and the age."""
    width = max(len("camera"), *(len(camera.name) for camera in check.cameras))
    lines = [f"{'camera':<{width}}  verdict  residual px    mm   trend px"]
    for index, camera in enumerate(check.cameras):
        trend = " ".join("-" if np.isnan(value) else f"{value:.2f}" for value in check.trend_px[:, index])
        lines.append(f"{camera.name:<{width}}  {camera.verdict:<7}  {camera.residual_px:11.2f}  "
                     f"{camera.residual_mm:4.1f}   {trend}   {camera.reason}")  # fmt: skip
    lines += [f"{one.code}: {one.cause} {one.remedy}" for one in diagnoses]
    return (*lines, *notes, _age_line(age, limits))


def _age_line(age: Age, limits: CheckLimits) -> str:
    told = f"The calibration is {age.hours:.1f} h old ({age.told_by})"
    if age.hours < -_CLOCK_H:
        return f"The date of the calibration lies {-age.hours:.1f} h in the future ({age.told_by}): mend the clock."
    if age.hours >= limits.very_old_h:
        return f"{told}: calibrate again (advised from {limits.very_old_h:g} h)."
    if age.hours >= limits.old_h:
        return f"{told}: check it before recording (from {limits.old_h:g} h)."
    return f"{told}."


def repair_line(rig: CameraRig, repaired: Reestimation, missed_px: tuple[float, float], out: Path) -> str:
    """Return what became of a camera placed anew; `missed_px` is by how much it missed the others before and after."""
    of_noise = "" if repaired.rig.covariance is not None else ", of the noise alone: the calibration has no covariance"
    return (
        f"{repaired.name} placed anew: turned by {repaired.turn_deg:.3f} deg, moved by {repaired.shift_mm:.1f} mm "
        f"(sd {repaired.turn_sd_deg:.3f} deg, {repaired.shift_sd_mm:.1f} mm{of_noise}); it missed the others by "
        f"{missed_px[0]:.2f} px and now by {missed_px[1]:.2f} px. Written to {out}; the old calibration is kept."
    )
