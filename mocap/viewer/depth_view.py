"""An angle against depth, repetition by repetition, as the assessment of squats sees it. Needs no display."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.onset_frames import passed, standing_height
from mocap.trial import Assessment, Table, Trial
from mocap.trial.scalars import doubted_one

ANGLES = ("pelvic_tilt", "lumbar_flexion")
_TIMES = ("start_time", "bottom_time", "end_time")
_DEPTH = "depth"
_MM = 1000.0


@dataclass(frozen=True)
class Onset:
    """Where the tuck begins, and its 95 % interval, in parts of the repetition's own depth."""

    depth: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Strand:
    """An angle of one repetition against depth.

    Attributes
    ----------
    title : str
        `squat 2`.
    first, bottom, last : int
        Frames of the trial, the last one included.
    depth_mm : ndarray, shape (frame,)
        Drop of the hips from standing.
    value_deg, sd_deg : ndarray, shape (frame,)
        NaN where the angle is missing or doubted.
    full_mm : float
        Depth at the bottom: what 100 % is.
    onset : Onset, optional
        None where no tuck is told, or no onset of it.
    onset_frame : int, optional
        Last frame of the descent above the onset.
    """

    title: str
    first: int
    bottom: int
    last: int
    depth_mm: NDArray
    value_deg: NDArray
    sd_deg: NDArray
    full_mm: float
    onset: Onset | None = None
    onset_frame: int | None = None

    @property
    def share(self) -> NDArray:
        """Depth in percent of the repetition's own, shape (frame,)."""
        return 100.0 * self.depth_mm / self.full_mm

    def across(self, percent: bool) -> NDArray:
        """Return the depth in % of the repetition's own or in mm, shape (frame,)."""
        return self.share if percent else self.depth_mm


@dataclass(frozen=True, eq=False)
class DepthView:
    """All repetitions of a trial against depth.

    Attributes
    ----------
    angle : str
    strands : tuple of Strand
    positive, meaning : str
        Which direction is +; what the angle is.
    reason : str
        Why nothing is shown; empty where something is.
    """

    angle: str
    strands: tuple[Strand, ...] = ()
    positive: str = ""
    meaning: str = ""
    reason: str = ""


def depth_view(trial: Trial, height_m: NDArray | None, angle: str = ANGLES[0]) -> DepthView:
    """Return an angle against depth.

    Depth is that of the assessment: the drop of the hips from the height of standing, which follows from the depth
    that it tells of each bottom.

    Parameters
    ----------
    trial : Trial
    height_m : ndarray, shape (time,), or None
        Of the middle of the hips; see `mocap.viewer.curve_marks.hips_height`.
    angle : str
    """
    reason = _why_no_angle(trial, angle) or _why_no_repetitions(trial)
    if not reason and (height_m is None or not np.isfinite(height_m).any()):
        reason = "depth is not known: the trial has poses neither of the thighs nor of the pelvis"
    if reason or trial.angles is None or height_m is None:
        return DepthView(angle, reason=reason)
    place = trial.angles.names.index(angle)
    value = np.where(doubted_one(trial.angles, place), np.nan, trial.angles.deg(angle))
    sd = trial.angles.sd_deg(angle)
    found = [strand for one in trial.assessments if _has_depth(one)
             for strand in _strands(trial, one, height_m, value, sd)]  # fmt: skip
    told = trial.angles.definition(angle)
    if not found:
        reason = f"{shown_name(angle)} or the height of the hips is missing in every repetition"
    return DepthView(angle, tuple(found), told.positive, told.definition, reason)


def shown_name(angle: str) -> str:
    """Return an angle as people read it."""
    return angle.replace("_", " ")


def strand_at(strands: Sequence[Strand], frame: int) -> int:
    """Return the number of the repetition that a frame lies in, else of the next one, else of the last one.

    -1 where there are none.
    """
    later = [number for number, one in enumerate(strands) if frame <= one.last]
    return later[0] if later else len(strands) - 1


def halves(strand: Strand, percent: bool) -> tuple[tuple[NDArray, NDArray], tuple[NDArray, NDArray]]:
    """Return depth and angle of the way down and of the way up; both hold the bottom."""
    x, turn = strand.across(percent), strand.bottom - strand.first
    y = strand.value_deg
    return (x[: turn + 1], y[: turn + 1]), (x[turn:], y[turn:])


def joined(lines: Sequence[tuple[NDArray, NDArray]], most: int) -> tuple[NDArray, NDArray]:
    """Return many lines as one with gaps between them, in about so many points: every k-th of each, and its last."""
    total = sum(len(x) for x, _ in lines)
    step = max(1, -(-total // max(1, most)))
    gap = np.array([np.nan])
    taken = [np.unique(np.append(np.arange(0, len(x), step), len(x) - 1)) for x, _ in lines]
    parts = [(np.append(x[at], gap), np.append(y[at], gap)) for (x, y), at in zip(lines, taken, strict=True)]
    if not parts:
        return np.empty(0), np.empty(0)
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def shown_range(view: DepthView, percent: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return lowest and highest depth, and lowest and highest angle with band, deg, at least 4 deg apart."""
    depth = np.concatenate([one.across(percent) for one in view.strands] or [np.array([0.0, 100.0])])
    bands = [one.value_deg + sign * np.nan_to_num(one.sd_deg) for one in view.strands for sign in (-1, 1)]
    value = np.concatenate(bands or [np.zeros(1)])
    value = value[np.isfinite(value)]
    low, high = (float(value.min()), float(value.max())) if len(value) else (-1.0, 1.0)
    spare = max(0.0, 4.0 - (high - low)) / 2
    return (min(0.0, float(np.nanmin(depth))), float(np.nanmax(depth))), (low - spare, high + spare)


def nearest(
    strands: Sequence[Strand], percent: bool, place: tuple[float, float], pixel: tuple[float, float],
    current: int, within_px: float = 24.0, ahead_px: float = 6.0,
) -> int | None:
    """Return the frame of the sample that lies nearest to a place on the screen; None where none lies near.

    Parameters
    ----------
    strands : sequence of Strand
    percent : bool
        Whether depth is drawn in percent.
    place : tuple of float
        Depth and angle.
    pixel : tuple of float
        Width and height of a pixel, in depth and angle.
    current : int
        Number of the repetition that is drawn strongly: it is meant where another is hardly nearer.
    within_px, ahead_px : float
        How near a sample has to be, and how much nearer one of another repetition.
    """
    best: tuple[float, int] | None = None
    for number, one in enumerate(strands):
        apart = np.hypot((one.across(percent) - place[0]) / pixel[0], (one.value_deg - place[1]) / pixel[1])
        if not np.isfinite(apart).any():
            continue
        at = int(np.nanargmin(apart))
        if apart[at] > within_px:
            continue
        far = float(apart[at]) + (0.0 if number == current else ahead_px)
        if best is None or far < best[0]:
            best = far, one.first + at
    return None if best is None else best[1]


def readout(view: DepthView, frame: int) -> str:
    """Return angle and depth of a frame in words: `squat 2, down: 12.3° ± 0.4° at 312 mm (73 % of 425 mm)`."""
    if view.reason:
        return view.reason
    number = strand_at(view.strands, frame)
    one = view.strands[number]
    if not one.first <= frame <= one.last:
        when = "next" if frame < one.first else "last"
        return f"between repetitions; the {when} one is {one.title}, {one.full_mm:.0f} mm deep"
    at = frame - one.first
    way = "bottom" if frame == one.bottom else "down" if frame < one.bottom else "up"
    value, sd, depth = one.value_deg[at], one.sd_deg[at], one.depth_mm[at]
    angle = "missing or doubted here" if not np.isfinite(value) else (
        f"{value:.1f}° ± {sd:.1f}°" if np.isfinite(sd) else f"{value:.1f}° (± unknown)")  # fmt: skip
    deep = f"{depth:.0f} mm ({one.share[at]:.0f} % of {one.full_mm:.0f} mm)" if np.isfinite(depth) else "unknown depth"
    return f"{one.title}, {way}: {angle} at {deep}"


def onset_words(strand: Strand) -> str:
    """Return where the tuck of a repetition begins, in words."""
    onset = strand.onset
    if onset is None:
        return "no onset of a tuck is told of it"
    known = np.isfinite([onset.low, onset.high]).all()
    between = f" ({100 * onset.low:.0f} to {100 * onset.high:.0f} %)" if known else ""
    return f"tuck from {100 * onset.depth:.0f} %{between} = {onset.depth * strand.full_mm:.0f} mm"


def _why_no_angle(trial: Trial, angle: str) -> str:
    if trial.angles is None or not trial.angles.names:
        return "no angles in this trial: run `mocap kinematics` on it"
    if angle not in trial.angles.names:
        return f"{shown_name(angle)} is not among the angles of this trial"
    told = trial.angles.definition(angle)
    if not told.observable:
        return f"{shown_name(angle)} is not observable: {told.reason or 'no reason is stored'}"
    if not np.isfinite(trial.angles[angle]).any():
        return f"{shown_name(angle)} is missing in every frame"
    return ""


def _why_no_repetitions(trial: Trial) -> str:
    if any(_has_depth(one) and one.repetitions.rows for one in trial.assessments):
        return ""
    if not trial.assessments:
        return "no repetitions: run `mocap assess` with `--task squat` on this trial"
    notes = next((note for one in trial.assessments if one.task != "gait" for note in one.notes), "")
    tasks = ", ".join(one.task for one in trial.assessments)
    return f"no repetition with a depth in what was assessed ({tasks}){f': {notes}' if notes else ''}"


def _has_depth(assessment: Assessment) -> bool:
    return all(assessment.repetitions.has(name) for name in (*_TIMES, _DEPTH))


def _strands(
    trial: Trial, assessment: Assessment, height_m: NDArray, value: NDArray, sd: NDArray
) -> list[Strand]:
    table, found = assessment.repetitions, []
    times = np.stack([table[name].values for name in _TIMES], axis=1)
    for row, three in enumerate(times):
        if not np.isfinite(three).all():
            continue
        inside = np.clip(np.round((three - trial.points.start_s) * trial.points.rate_hz), 0, len(height_m) - 1)
        first, bottom, last = (int(one) for one in inside)
        standing = standing_height(table, row, height_m, first, bottom)
        depth = _MM * (standing - height_m[first : last + 1])
        full = depth[bottom - first] if first <= bottom <= last else np.nan
        if not (np.isfinite(full) and full > 0 and np.isfinite(value[first : last + 1]).any()):
            continue
        onset = _onset(table, row)
        at = None if onset is None else passed(height_m, first, bottom, onset.depth, standing)
        part = slice(first, last + 1)
        found.append(Strand(f"{assessment.task} {row + 1}", first, bottom, last, depth, value[part], sd[part],
                            float(full), onset, at))  # fmt: skip
    return found


def _onset(table: Table, row: int) -> Onset | None:
    if not table.has("wink_onset_depth"):
        return None
    column = table["wink_onset_depth"]
    three = (float(part[row]) for part in (column.values, column.low, column.high))
    onset = Onset(*three)
    return onset if np.isfinite(onset.depth) else None
