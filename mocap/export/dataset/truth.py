"""What is true of the person in each frame: angles with their uncertainty, and where in a squat the pelvis tucks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.onset_frames import passed, standing_height
from mocap.trial import Assessment, JointAngles, Segments, Table, Trial
from mocap.trial.angles import CONSTANT_PARTS
from mocap.trial.scalars import doubted_one

ANGLES = ("pelvic_tilt", "lumbar_flexion", "ankle_dorsiflexion_r", "ankle_dorsiflexion_l")
#: Of a squat, in their order; `none` where no tuck was found in the repetition, `unknown` where it cannot be told.
WINK_PHASES = ("standing", "before", "tucking", "recovering", "after", "none", "unknown")
_OF_VALUE = tuple(part for part in CONSTANT_PARTS if not part.endswith("_change") and part != "u_static")
_NO_ANGLES = "the trial has no angles: no marker set was known"


@dataclass(frozen=True, eq=False)
class AngleTruth:
    """One angle over a trial.

    Attributes
    ----------
    values_deg, sd_deg : ndarray, shape (time,)
        NaN where it is not observable, missing or doubted. The standard uncertainty is whole: noise, landmark
        placement, soft tissue, calibration, vertical and hip centre, as far as they are known.
    reasons : ndarray of str objects, shape (time,)
        Why there is no value.
    """

    values_deg: NDArray
    sd_deg: NDArray
    reasons: NDArray


@dataclass(frozen=True, eq=False)
class SquatTruth:
    """Where each frame lies in a squat or another repetition.

    Attributes
    ----------
    repetition : ndarray of int, shape (time,)
        Counted from 1; 0 outside of repetitions.
    depth : ndarray, shape (time,)
        In parts of the repetition's own: 0 standing, 1 at its bottom; NaN outside or unknown.
    phase : ndarray of str objects, shape (time,)
        One of `WINK_PHASES`; empty where the task has no tuck to be found.
    of_repetition : mapping of str to ndarray, shape (repetition,)
        Onset of the tuck (time in s, depth with its interval), magnitude with its standard uncertainty.
    """

    repetition: NDArray
    depth: NDArray
    phase: NDArray
    of_repetition: Mapping[str, NDArray] = field(default_factory=dict)


OF_REPETITION = (
    ("wink_onset_s", "s", "when the pelvis begins to tuck under"),
    ("wink_onset_depth", "1", "depth at which it begins, in parts of the repetition's own"),
    ("wink_onset_depth_low", "1", "lower limit of its 95 % interval"),
    ("wink_onset_depth_high", "1", "upper limit of its 95 % interval"),
    ("wink_magnitude_deg", "deg", "by how much the pelvis tucks under"),
    ("wink_magnitude_sd_deg", "deg", "its standard uncertainty"),
)


def angle_truths(angles: JointAngles | None, n_frames: int) -> dict[str, AngleTruth]:
    """Return each of `ANGLES` over a trial; what is doubted is missing here, with its reason."""
    return {name: _angle(angles, name, n_frames) for name in ANGLES}


def _angle(angles: JointAngles | None, name: str, n_frames: int) -> AngleTruth:
    missing = np.full(n_frames, np.nan)
    if angles is None or name not in angles.names:
        return AngleTruth(missing, missing, np.full(n_frames, _NO_ANGLES, object))
    index, definition = angles.names.index(name), angles.definition(name)
    doubted = doubted_one(angles, index)
    known = np.isfinite(angles.values[:, index]) & ~doubted
    constant = np.array([getattr(angles, part)[index] for part in _OF_VALUE])
    whole = np.hypot(angles.sd[:, index], np.linalg.norm(constant[np.isfinite(constant)]))
    said = np.array(angles.frame_reason_words, object)[angles.frame_reason[:, index]]
    why = definition.reason if not definition.observable else "missing"
    words = np.where(known, "", np.where(said == "", f"not observable: {why}" if not definition.observable else why,
                                         said)).astype(object)  # fmt: skip
    values, sd = angles.values[:, index], whole
    return AngleTruth(np.rad2deg(np.where(known, values, np.nan)), np.rad2deg(np.where(known, sd, np.nan)), words)


def squat_truth(trial: Trial) -> SquatTruth:
    """Return where each frame lies in the repetitions that were assessed; of the first task that has some."""
    n_frames = trial.points.n_frames
    nothing = SquatTruth(np.zeros(n_frames, int), np.full(n_frames, np.nan), np.full(n_frames, "", object))
    found = next((one for one in trial.assessments if _has_repetitions(one)), None)
    return nothing if found is None else _over_frames(trial, found, nothing)


def _has_repetitions(assessment: Assessment) -> bool:
    table = assessment.repetitions
    return all(table.has(name) for name in ("start_time", "bottom_time", "end_time"))


def _over_frames(trial: Trial, assessment: Assessment, empty: SquatTruth) -> SquatTruth:
    table, points = assessment.repetitions, trial.points
    repetition, depth, phase = empty.repetition.copy(), empty.depth.copy(), empty.phase.copy()
    height = _hips_height(trial.segments)
    has_wink = table.has("wink_onset_depth")
    if has_wink:
        phase[:] = "standing"
    onset_s = np.full(table.rows, np.nan)
    instants = np.stack([table[name].values for name in ("start_time", "bottom_time", "end_time")], axis=1)
    for row, times in enumerate(instants):
        if not np.isfinite(times).all():
            continue
        start, bottom, end = (round((at - points.start_s) * points.rate_hz) for at in times.tolist())
        if not 0 <= start < bottom < end < points.n_frames:
            continue
        part = slice(start, end + 1)
        repetition[part] = row + 1
        standing = np.nan
        if height is not None:
            standing = standing_height(table, row, height, start, bottom)
            drop = standing - height[bottom]
            depth[part] = (standing - height[part]) / drop if drop > 0 else np.nan
        if has_wink:
            onset = float(table["wink_onset_depth"].values[row])
            at = None if height is None else passed(height, start, bottom, onset, standing)
            onset_s[row] = np.nan if at is None else points.start_s + at / points.rate_hz
            phase[part] = _phases(depth[part], onset, table, row, bottom - start, None if at is None else at - start)
    return SquatTruth(repetition, depth, phase, _of_repetition(table, onset_s) if has_wink else {})


def _phases(depth: NDArray, onset: float, table: Table, row: int, bottom: int, at: int | None) -> NDArray:
    """Return the phase of each frame of a repetition."""
    words = np.full(len(depth), "unknown", object)
    magnitude = float(table["wink_magnitude"].values[row]) if table.has("wink_magnitude") else np.nan
    if not np.isfinite(onset):
        if np.isfinite(magnitude):
            words[:] = "none"
        return words
    if at is None:
        return words
    words[: at + 1], words[at + 1 : bottom + 1] = "before", "tucking"
    with np.errstate(invalid="ignore"):
        shallow = np.flatnonzero(depth[bottom + 1 :] < onset)
    back = bottom + 1 + (int(shallow[0]) if len(shallow) else len(depth) - bottom - 1)
    words[bottom + 1 : back], words[back:] = "recovering", "after"
    return words


def _of_repetition(table: Table, onset_s: NDArray) -> dict[str, NDArray]:
    depth, size = table["wink_onset_depth"], table["wink_magnitude"]
    each = (onset_s, depth.values, depth.low, depth.high, size.values, size.sd)
    return {name: np.asarray(values, float) for (name, _, _), values in zip(OF_REPETITION, each, strict=True)}


def _hips_height(segments: Segments | None) -> NDArray | None:
    """Return the height of the middle of the hip centres, shape (time,); of the pelvis where they are not known."""
    names = () if segments is None else segments.names
    wanted = ("femur_r", "femur_l") if {"femur_r", "femur_l"} <= set(names) else ("pelvis",) * ("pelvis" in names)
    if segments is None or not wanted:
        return None
    return np.mean([segments.world_from_segment[:, names.index(name), 2, 3] for name in wanted], axis=0)
