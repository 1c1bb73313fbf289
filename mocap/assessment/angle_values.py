"""Angles at instants, and their changes between two, as columns of a table with their uncertainty."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.trial import Metric, change_between
from mocap.trial.angles import CONSTANT_PARTS
from mocap.trial.scalars import doubted_one

NOISE_UNKNOWN = "without the noise of the points, which came without uncertainty"
#: Of a value itself; `u_static` is a part of the random one, and the changes have parts of their own.
_PARTS_OF_VALUE = tuple(part for part in CONSTANT_PARTS if not part.endswith("_change") and part != "u_static")
VALUE_PARTS = "uncertainty: noise, landmark placement, soft tissue, calibration, vertical and hip centre, where known"
CHANGE_PARTS = "uncertainty: noise and what of placement, soft tissue, vertical, hip centre does not cancel, if known"


def angle_at(
    movement: Movement, angle: str, frames: Sequence[NDArray | int], name: str, meaning: str, missing: str = ""
) -> Metric:
    """Return an angle at some frames, one row each: the mean over them.

    Parameters
    ----------
    movement : Movement
    angle : str
    frames : sequence of int or ndarray of int
        Of each row; empty or -1 where the row has none.
    name, meaning : str
        Of the column.
    missing : str
        Why a row has no frames.
    """
    rows = [np.atleast_1d(np.asarray(one, int)) for one in frames]
    rows = [row[row >= 0] for row in rows]
    meaning = f"{meaning}; {VALUE_PARTS}"
    why = movement.why_not(angle)
    if why:
        return withheld(name, "deg", meaning, len(rows), why)
    index = movement.angles.names.index(angle)
    constant_deg = constant_parts_deg(movement, angle, change=False)
    values, sd = movement.angle_deg(angle), np.rad2deg(movement.angles.sd[:, index])
    flagged = doubted_one(movement.angles, index)
    if not np.isfinite(sd).any():
        meaning, sd = f"{meaning}; {NOISE_UNKNOWN}", np.zeros(len(sd))
    found, sds, reasons, n = [], [], [], []
    for row in rows:
        used = row[np.isfinite(values[row])]
        found.append(float(values[used].mean()) if len(used) else float("nan"))
        # Frames that lie close together err alike: the mean is taken to be no better than one of them.
        whole = float(np.hypot(np.nanmedian(sd[used]), constant_deg)) if np.isfinite(sd[used]).any() else np.nan
        sds.append(whole if whole > 0 else np.nan)
        n.append(len(used))
        reasons.append("" if len(used) else _why_empty(row, flagged, missing))
    return Metric(name, "deg", meaning, np.array(found), np.array(sds), reasons=tuple(reasons), n=np.array(n))


def angle_change(
    movement: Movement,
    angle: str,
    from_frames: Sequence[NDArray | int],
    to_frames: Sequence[NDArray | int],
    name: str,
    meaning: str,
    missing: str = "",
) -> Metric:
    """Return the change of an angle from some frames to others, one row each; see `mocap.trial.change_between`."""
    meaning = f"{meaning}; {CHANGE_PARTS}"
    why = movement.why_not(angle)
    if why:
        return withheld(name, "deg", meaning, len(from_frames), why)
    found, sds, reasons, n = [], [], [], []
    flagged = doubted_one(movement.angles, movement.angles.names.index(angle))
    if not np.isfinite(movement.sd_deg(angle)).any():
        meaning = f"{meaning}; {NOISE_UNKNOWN}"
    for start, stop in zip(from_frames, to_frames, strict=True):
        first, last = (np.atleast_1d(np.asarray(one, int)) for one in (start, stop))
        first, last = first[first >= 0], last[last >= 0]
        change = change_between(movement.angles, angle, first, last, movement.correlation)
        known = np.isfinite(change.value_rad)
        found.append(np.rad2deg(change.value_rad))
        whole = float(np.rad2deg(change.uncertainty_rad))
        sds.append(whole if whole > 0 else np.nan)
        n.append(min(change.n_from, change.n_to))
        reasons.append("" if known else _why_empty(np.concatenate([first, last]), flagged, missing))
    return Metric(name, "deg", meaning, np.array(found), np.array(sds), reasons=tuple(reasons), n=np.array(n))


def withheld(name: str, unit: str, meaning: str, rows: int, why: str) -> Metric:
    """Return a column without values, and why."""
    return Metric(name, unit, meaning, np.full(rows, np.nan), reasons=(f"withheld: {why}",) * rows)


def _why_empty(row: NDArray, flagged: NDArray, missing: str) -> str:
    if not len(row):
        return missing or "no such instant in this repetition"
    return "withheld: its frames are flagged" if flagged[row].any() else "withheld: missing in its frames"


def constant_parts_deg(movement: Movement, angle: str, *, change: bool) -> float:
    """Return what stays of the uncertainty of an angle, or of its change within the trial, in deg, beside its noise.

    The root of the sum of squares of the parts that are known: landmark placement, soft tissue (kept whole in a change,
    since skin moves with the posture), vertical, hip centre, and calibration, which drops out of changes.
    """
    index = movement.angles.names.index(angle)
    names = ("u_landmark_change", "u_sta", "u_gravity_change", "u_hip_centre_change") if change else _PARTS_OF_VALUE
    parts = np.array([getattr(movement.angles, name)[index] for name in names])
    return float(np.rad2deg(np.linalg.norm(parts[np.isfinite(parts)])))
