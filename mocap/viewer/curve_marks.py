"""What is marked in the curves: repetitions, bottoms, onsets of the tuck, doubted frames. Needs no display."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.onset_frames import passed, standing_height
from mocap.signal.runs import runs
from mocap.trial import Assessment, JointAngles, Trial
from mocap.trial.scalars import doubted_one
from mocap.viewer.parts import Parts


@dataclass(frozen=True)
class Instant:
    """An instant in a curve: when, what (`bottom` or `onset`), and in words."""

    time_s: float
    kind: str
    text: str


def bottoms_of(trial: Trial) -> tuple[Instant, ...]:
    """Return the bottoms of all repetitions."""
    found = []
    for one in trial.assessments:
        if one.repetitions.has("bottom_time"):
            column = one.repetitions["bottom_time"]
            for number, (at, sd) in enumerate(zip(column.values, column.sd, strict=True), start=1):
                if np.isfinite(at):
                    spread = f" ± {sd:.3f} s" if np.isfinite(sd) else ""
                    found.append(Instant(float(at), "bottom", f"bottom of {one.task} {number}: {at:.3f} s{spread}"))
    return tuple(found)


def onsets_of(trial: Trial, height_m: NDArray | None) -> tuple[Instant, ...]:
    """Return when the pelvis begins to tuck under in each squat: where the descent passes the onset's depth.

    The assessment states the onset as a part of the repetition's own depth, with its interval; its time follows from
    the height of the hips.

    Parameters
    ----------
    trial : Trial
    height_m : ndarray, shape (time,), or None
        Height of the middle of the hips; without it there are none.
    """
    if height_m is None:
        return ()
    return tuple(one for assessment in trial.assessments for one in _onsets(trial, assessment, height_m))


def hips_height(parts: Parts) -> NDArray | None:
    """Return the height of the middle of the hip centres, shape (time,) in m; of the pelvis where they are not known.

    None where the trial has poses of neither.
    """
    names = parts.segment_names
    wanted = ("femur_r", "femur_l") if {"femur_r", "femur_l"} <= set(names) else ("pelvis",) * ("pelvis" in names)
    if not wanted:
        return None
    return np.mean([parts.pose_course(name)[:, 2, 3] for name in wanted], axis=0)


def _onsets(trial: Trial, assessment: Assessment, height_m: NDArray) -> list[Instant]:
    table, found = assessment.repetitions, []
    if not all(table.has(name) for name in ("wink_onset_depth", "start_time", "bottom_time")):
        return []
    depth = table["wink_onset_depth"]
    times = table["start_time"].values, table["bottom_time"].values
    rows = zip(depth.values, depth.low, depth.high, *times, strict=True)
    for row, (onset, low, high, start_s, bottom_s) in enumerate(rows):
        frames = [round((at - trial.points.start_s) * trial.points.rate_hz) for at in (start_s, bottom_s)
                  if np.isfinite(at)]  # fmt: skip
        if not np.isfinite(onset) or len(frames) < 2 or not 0 <= frames[0] < frames[1] < len(height_m):
            continue
        standing = standing_height(table, row, height_m, frames[0], frames[1])
        at = passed(height_m, frames[0], frames[1], float(onset), standing)
        if at is not None:
            between = f" ({100 * low:.0f} to {100 * high:.0f} %)" if np.isfinite([low, high]).all() else ""
            words = f"the tuck of {assessment.task} {row + 1} begins at {100 * onset:.0f} % of its depth{between}"
            found.append(Instant(trial.points.start_s + at / trial.points.rate_hz, "onset", words))
    return found


def doubts_of(angles: JointAngles, name: str) -> tuple[tuple[int, int, str], ...]:
    """Return spans [first, last] of frames in which an angle is to be doubted or missing, with the reason.

    Notes about sound values are none.
    """
    if name not in angles.names:
        return ()
    place = angles.names.index(name)
    bad = doubted_one(angles, place) | ~np.isfinite(angles.values[:, place])
    reason = np.where(bad, angles.frame_reason[:, place], 0)
    found = []
    for number in np.unique(reason[reason > 0]):
        words = angles.frame_reason_words[int(number)]
        found += [(int(start), int(stop) - 1, words) for start, stop in runs(reason == number)]
    return tuple(sorted(found))


def doubt_at(doubts: Sequence[tuple[int, int, str]], frame: int) -> str:
    """Return the reason of the span of `doubts_of` that a frame lies in; empty where it lies in none."""
    place = bisect_right(doubts, frame, key=lambda one: one[0]) - 1
    return doubts[place][2] if place >= 0 and frame <= doubts[place][1] else ""
