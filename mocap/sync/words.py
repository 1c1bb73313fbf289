"""The verdict of an estimate of the clocks, in plain words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits

_PLAIN_GAIN = 0.7  # of the error, that a drift has to leave at most to be worth a flag
OTHER_RATE = "its frame rate is another, or it lost frames; give frame times"
"""What a drift that no clock has means where it explains what was seen."""


def shift_words(
    name: str, offset_frames: float, sd_frames: float, before_px: float, after_px: float, drifts: bool = False
) -> str:
    """Say what shifting a camera gains; the shift that sets a clock right is the negative of its offset."""
    verb = "lowers" if after_px < before_px else "does not lower"
    where = "in the middle of the recording " if drifts else ""
    return (
        f"Shifting camera '{name}' by {-offset_frames:+.{_decimals(sd_frames)}f} +- {digits(sd_frames, 1)} frames "
        f"{where}{verb} the median distance of its moving keypoints from what the other cameras see from "
        f"{digits(before_px)} to {digits(after_px)} px."
    )


def drift_words(name: str, drift_ppm: float, sd_ppm: float, frames: float) -> str:
    """Say by how much a clock runs fast or slow, and how many frames that makes over the recording."""
    pace = "fast" if drift_ppm > 0 else "slow"
    return (
        f"The clock of camera '{name}' runs {digits(abs(drift_ppm), 3)} +- {digits(sd_ppm, 1)} ppm {pace}: "
        f"{digits(abs(frames))} frames over this recording."
    )


def impossible_drift_words(
    name: str, drift_ppm: float, sd_ppm: float, most_ppm: float, before_px: float, after_px: float
) -> str:
    """Say what looks like a drift and is more than clocks do; of a plain one, that the rate may be another."""
    head = (
        f"What camera '{name}' saw changes as if its clock ran {digits(abs(drift_ppm), 2)} +- {digits(sd_ppm, 1)} ppm "
        f"off. No clock does (limit {digits(most_ppm)} ppm), so that is left as it is"
    )
    if not after_px < _PLAIN_GAIN * before_px:
        return f"{head}."
    gain = f"though it would lower the median distance from {digits(before_px)} to {digits(after_px)} px"
    return f"{head}, {gain}: {OTHER_RATE}."


def relative_words(names: Sequence[str]) -> str:
    """Say whose clock was taken as the common one where no majority decides."""
    return f"Too few clocks agree to tell whose is right: all are set against {_listed(names)}."


def untold_words(names: Sequence[str], least_frames: float) -> str:
    """Say whose clock the movement does not show, and what it could have shown."""
    which = _listed(names)
    if not np.isfinite(least_frames):
        return (
            f"The time of {which} cannot be told from the movement: too little of it is seen together with others, or "
            "the clocks are farther apart than is searched (0.4 s)."
        )
    return (
        f"The time of {which} cannot be told from the movement: an offset below about "
        f"{digits(least_frames)} frames would not have shown."
    )


def drift_untold_words(seconds: float, least_ppm: float, sd_frames: float) -> str:
    """Say what drift a recording that is too short or too still could have told."""
    could = f"it could tell {digits(least_ppm)} ppm at best" if np.isfinite(least_ppm) else "it tells none"
    return f"drift not estimable: over {digits(seconds)} s {could}; offsets to {digits(sd_frames)} frames"


def agreed_words(sd_frames: NDArray, drift_note: str, seconds: float) -> str:
    """Say that no camera is shifted, and how well that is known."""
    note = drift_note or f"and no clock drifts over {digits(seconds)} s"
    joint = "; " if drift_note else ", "
    head = "No camera is shifted in time: offsets are 0 to within"
    return f"{head} {digits(float(np.nanmax(sd_frames)) * 2)} frames (95 %){joint}{note}."


def _decimals(sd_frames: float) -> int:
    return 2 if sd_frames < 0.05 else 1 if sd_frames < 0.5 else 0


def _listed(names: Sequence[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    kind = "camera" if len(quoted) == 1 else "cameras"
    return f"{kind} {', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else f"{kind} {quoted[0]}"
