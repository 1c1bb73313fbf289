"""What an angle is set beside: the norm set of a gait assessment, cycle by cycle, and the person's own standing.

Nothing else: where nobody named a norm, and where nobody stood, there is none. Needs no display.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.trial import Assessment, Table, Trial

NORM, STANDING = "norm", "standing"
_SIDES = {"_r": "right", "_l": "left"}
# Over the cycle of a foot they are positive to its own side, over time always to the right.
_TURNED = ("pelvic_obliquity", "pelvic_rotation")
_NORM_NOTE = "norm set '"
_STILL = 2  # ends of a band that is the same all the time


@dataclass(frozen=True, eq=False)
class NormBand:
    """A band behind the curve of an angle.

    Attributes
    ----------
    kind : str
        `NORM` or `STANDING`.
    pieces : tuple of (ndarray, ndarray, ndarray)
        Time in s, low and high end in deg, each (place,): one piece a cycle, or one for the whole recording.
    short, words : str
        What it is, in a few words, and with its source and whom it is of.
    """

    kind: str
    pieces: tuple[tuple[NDArray, NDArray, NDArray], ...]
    short: str
    words: str

    def reach(self, first_s: float, last_s: float) -> tuple[float, float] | None:
        """Return its lowest and highest end, deg, of the pieces that lie between two times; None where none does."""
        seen = [(low, high) for time, low, high in self.pieces if time[-1] >= first_s and time[0] <= last_s]
        if not seen:
            return None
        return min(float(low.min()) for low, _ in seen), max(float(high.max()) for _, high in seen)


def bands_of(trial: Trial, angle: str) -> tuple[NormBand, ...]:
    """Return what an angle of a trial is set beside."""
    norms = [_norm(one, angle) for one in trial.assessments]
    return tuple(band for band in (*norms, _standing(trial, angle)) if band is not None)


def why_no_norm(trial: Trial) -> str:
    """Return why nothing at all is set beside the angles; empty where something is."""
    names = () if trial.angles is None else trial.angles.names
    if any(bands_of(trial, name) for name in names):
        return ""
    walked = any(one.task == "gait" for one in trial.assessments)
    norm = "no norm set was named when the gait was assessed (setting report.norm)" if walked else (
        "norm sets are known of gait alone")  # fmt: skip
    return f"{norm}, and the file tells of no standing trial"


def _norm(assessment: Assessment, angle: str) -> NormBand | None:
    points, cycles = assessment.table("norm_points"), assessment.repetitions
    if points is None or not all(cycles.has(name) for name in ("start_time", "end_time")):
        return None
    base, side = (angle[:-2], _SIDES[angle[-2:]]) if angle[-2:] in _SIDES else (angle, _more_cycles(cycles))
    told = zip(points.told("variable"), points.told("side"), strict=True)
    rows = [row for row, (variable, of) in enumerate(told) if (variable, of) == (base, side)]
    own = [row for row, of in enumerate(cycles.told("side")) if of == side]
    if not rows or not own:
        return None
    share, mean, sd = (points[name].values[rows] for name in ("cycle", "norm_mean", "norm_sd"))
    mean = -mean if side == "left" and base.startswith(_TURNED) else mean
    starts, ends = cycles["start_time"].values, cycles["end_time"].values
    pieces = tuple((starts[row] + share / 100 * (ends[row] - starts[row]), mean - sd, mean + sd) for row in own
                   if np.isfinite([starts[row], ends[row]]).all())  # fmt: skip
    note = next((one for one in assessment.notes if one.startswith(_NORM_NOTE)), "")
    name = note.removeprefix(_NORM_NOTE).partition("'")[0] or "of the assessment"
    what = (note.removeprefix("norm set ") or points["norm_mean"].meaning).rstrip(".")
    words = (
        f"norm, mean ± 1 SD between people: {what}. Told at {len(rows)} points of the cycle and joined by straight "
        f"lines; over {counted(len(pieces), f'{side} cycle')} of this trial. How many people were measured is not told "
        "by the set."
    )
    return NormBand(NORM, pieces, f"norm {name}", words)


def _more_cycles(cycles: Table) -> str:
    sides = cycles.told("side")
    return "left" if sides.count("left") > sides.count("right") else "right"


def _standing(trial: Trial, angle: str) -> NormBand | None:
    mean, sd = (trial.subject.get(f"neutral_{angle}{part}_deg", np.nan) for part in ("", "_sd"))
    if not np.isfinite([float(mean), float(sd)]).all() or not trial.points.n_frames:
        return None
    low, high = (np.full(_STILL, float(mean) + sign * float(sd)) for sign in (-1, 1))
    time = trial.points.start_s + np.array([0, trial.points.n_frames - 1]) / trial.points.rate_hz
    quiet = trial.subject.get("static_quiet_s")
    of = f" '{trial.subject['static_trial']}'" if trial.subject.get("static_trial") else ""
    lasting = f", {float(quiet):.1f} s" if quiet is not None else ""
    size = f"{float(mean):.1f}° ± {float(sd):.1f}°"
    words = f"own quiet standing{of}{lasting}: {size} (1 SD over its frames; n = 1, this person)"
    return NormBand(STANDING, ((time, low, high),), "own standing", words)
