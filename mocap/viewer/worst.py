"""The worst moments of a recording, ranked: errors, gaps, jumps. Arrays and words; needs no display.

A moment is a span around a peak. What happens at once to several points is one moment, told of the worst of them.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Points3D, Trial, Verdict
from mocap.viewer.parts import Parts
from mocap.viewer.ribbon import MARK_WORDS, NO_CAMERA, Mark, Ribbon, ribbon_of, shown_points, with_errors

APART_S = 0.2
MOST = 40
"""Moments of one kind that are told."""
_LEAST_LIMIT_PX, _TIMES_TYPICAL = 3.0, 4.0
_LONG_S = {Mark.MISSING: 0.1, Mark.FILLED: 0.2, Mark.REJECTED: 0.05, Mark.DOUBTFUL: 0.05}
_RUN_WORDS = {Mark.MISSING: "missing for {}", Mark.FILLED: "gap of {}, filled", Mark.REJECTED: "rejected for {}",
              Mark.DOUBTFUL: "doubtful for {}"}  # fmt: skip
# No limb stays on a path that is bent more: an acceleration, and what noise of markers shows at high rates.
_BEND_M_S2, _LEAST_JUMP_M, _TIMES_NOISE = 200.0, 0.01, 10.0
_MOST_RUNS = 2000
_BLOCK = 4096


@dataclass(frozen=True)
class Trouble:
    """A stretch of frames in which a point is bad.

    Attributes
    ----------
    frame, first, last : int
        The worst frame, and the span, the last frame included.
    point, camera : str
        The camera that caused it; empty where none did.
    what : str
        In words, with the unit: `error 34 px in cam_3`, `gap of 0.40 s, filled`.
    score : float
        Times the limit of its kind; a stretch counts by the logarithm of its length.
    others : int
        How many other points are bad in the same span.
    """

    frame: int
    first: int
    last: int
    point: str
    camera: str
    what: str
    score: float
    others: int = 0


def ranked(moments: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return moments, the worst first."""
    return tuple(sorted(moments, key=lambda one: (-one.score, one.frame)))


def error_troubles(ribbon: Ribbon, every_view: bool = False) -> list[Trouble]:
    """Return the peaks of the reprojection error that stick out of what is usual, in px."""
    errors, cameras = (ribbon.all_px, ribbon.all_camera) if every_view else (ribbon.error_px, ribbon.camera)
    if errors is None or cameras is None or not np.isfinite(errors).any():
        return []
    usual = float(np.nanmedian(errors[:, :: max(1, errors.shape[1] // 5000)]))
    usual = usual if np.isfinite(usual) else 0.0
    limit_px = max(_LEAST_LIMIT_PX, _TIMES_TYPICAL * usual)
    apart = max(1, round(APART_S * ribbon.rate_hz))
    filled = np.nan_to_num(errors, nan=-1.0)
    moments = []
    for frame, first, last in peaks(filled.max(axis=0), apart, 1.5 * usual):
        row = int(np.argmax(filled[:, frame]))
        peak = float(filled[row, frame])
        others = int((filled[:, first : last + 1].max(axis=1) >= max(peak / 2, 1.5 * usual)).sum()) - 1
        index = int(cameras[row, frame])
        camera = ribbon.cameras[index] if index != NO_CAMERA else ""
        what = f"error {told(peak)} px in {camera}"
        moments.append(Trouble(frame, first, last, ribbon.names[row], camera, what, peak / limit_px, others))
    return moments


def jump_troubles(points: Points3D, marks: NDArray) -> list[Trouble]:
    """Return where points leave their path for a frame or for good: farther than a body accelerates.

    Parameters
    ----------
    points : Points3D
    marks : ndarray of uint8, shape (point, time)
        Values of `mocap.viewer.ribbon.Mark`; missing and rejected samples take no part.
    """
    bend_m = bends_m(points.position, (marks >= Mark.MISSING).T)
    if not np.isfinite(bend_m).any():
        return []
    noise_m = float(np.nanpercentile(bend_m[:: max(1, len(bend_m) // 5000)], 75))
    noise_m = noise_m if np.isfinite(noise_m) else 0.0
    limit_m = max(_LEAST_JUMP_M, 0.5 * _BEND_M_S2 / points.rate_hz**2, _TIMES_NOISE * noise_m)
    filled = np.nan_to_num(bend_m, nan=-1.0)
    moments = []
    for frame, first, last in peaks(filled.max(axis=1), max(1, round(APART_S * points.rate_hz)), limit_m):
        column = int(np.argmax(filled[frame]))
        peak = float(filled[frame, column])
        others = int((filled[first : last + 1].max(axis=0) >= max(peak / 2, limit_m)).sum()) - 1
        moments.append(Trouble(frame, first, last, points.names[column], "", f"jump of {told(1000 * peak)} mm",
                              peak / limit_m, others))  # fmt: skip
    return moments


def bends_m(position: NDArray, left_out: NDArray) -> NDArray:
    """Return how far each sample is from the middle of its neighbours, (time, point) float32 m; NaN is unknown.

    `position` is (time, point, 3) in m, `left_out` (time, point).
    """
    bends = np.full(position.shape[:2], np.nan, np.float32)
    # By pieces: a long recording is not to be in memory three times over.
    for start in range(0, max(0, len(position) - 2), _BLOCK):
        piece = np.where(left_out[start : start + _BLOCK + 2, :, None], np.nan, position[start : start + _BLOCK + 2])
        apart = piece[1:-1] - 0.5 * (piece[:-2] + piece[2:])
        bends[start + 1 : start + 1 + len(apart)] = np.sqrt((apart * apart).sum(axis=2))
    return bends


def run_troubles(ribbon: Ribbon, mark: Mark) -> list[Trouble]:
    """Return the longest stretches of a mark; those of several points at about the same time are one moment."""
    rows, firsts, lasts = runs_of(ribbon.marks == mark)
    longest = np.argsort(firsts - lasts, kind="stable")[:_MOST_RUNS]
    moments: list[Trouble] = []
    for run in longest:
        row, first, last = int(rows[run]), int(firsts[run]), int(lasts[run])
        same = next((number for number, one in enumerate(moments) if _alike(one, first, last)), None)
        if same is not None:
            moments[same] = replace(moments[same], others=moments[same].others + 1)
        elif len(moments) < MOST:
            length_s = (last - first + 1) / ribbon.rate_hz
            whole = first == 0 and last == ribbon.n_frames - 1
            length = "the whole recording" if whole else f"{length_s:.2f} s"
            score = float(np.log2(1 + length_s / _LONG_S[mark]))
            moments.append(Trouble(first, first, last, ribbon.names[row], "", _RUN_WORDS[mark].format(length), score))
    return moments


def runs_of(flags: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return row, first and last frame, each (run,), of every stretch of True in flags (row, time)."""
    still = np.zeros((len(flags), 1), bool)
    edges = np.diff(np.concatenate([still, flags, still], axis=1).astype(np.int8), axis=1)
    rows, firsts = np.nonzero(edges == 1)
    _, behind = np.nonzero(edges == -1)
    return rows, firsts, behind - 1


def peaks(values: NDArray, apart: int, least: float) -> list[tuple[int, int, int]]:
    """Return frame, first and last frame of the highest peaks of values (time,), the highest first.

    A peak goes as far as the values stay above half of it and above `least`; no peak lies in the span of a higher one,
    or within `apart` frames of it. At most `MOST`.
    """
    taken = np.zeros(len(values), bool)
    found: list[tuple[int, int, int]] = []
    high = np.flatnonzero(values >= least)
    for frame in high[np.argsort(-values[high], kind="stable")]:
        if taken[frame]:
            continue
        low = values < max(values[frame] / 2, least)
        before, after = np.flatnonzero(low[:frame]), np.flatnonzero(low[frame:])
        first = int(before[-1]) + 1 if len(before) else 0
        last = int(frame + after[0]) - 1 if len(after) else len(values) - 1
        found.append((int(frame), first, last))
        taken[max(0, min(first, frame - apart)) : max(last, frame + apart) + 1] = True
        if len(found) == MOST:
            break
    return found


def failed_verdicts(verdicts: Sequence[Verdict]) -> tuple[tuple[str, str], ...]:
    """Return a line and its explanation for each check of the recording that was not passed."""
    return tuple(
        (f"{one.name}: {told(one.measured)} {one.unit}, limit {told(one.limit)} {one.unit}", one.text)
        for one in verdicts if not one.passed
    )  # fmt: skip


def told(value: float) -> str:
    """Return a number with three digits at most where it is below 1000."""
    if not np.isfinite(value):
        return "unknown"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _alike(one: Trouble, first: int, last: int) -> bool:
    shared = min(one.last, last) - max(one.first, first) + 1
    return shared > 0 and 2 * shared >= max(one.last, last) - min(one.first, first) + 1


@dataclass(frozen=True, eq=False)
class Survey:
    """What is found so far in a recording: the ribbon, and the worst moments by views used and by all views."""

    share: float
    ribbon: Ribbon
    moments: tuple[Trouble, ...] = ()
    all_moments: tuple[Trouble, ...] = ()


def survey(trial: Trial, parts: Parts) -> Generator[Survey, None, None]:
    """Look through a whole recording, for a thread: what each sample is comes first, the worst moments last."""
    ribbon, points = ribbon_of(trial), shown_points(trial)
    yield Survey(0.0, ribbon)
    for share, done in with_errors(ribbon, trial, parts):
        ribbon = ribbon if done is None else done
        yield Survey(0.9 * share, ribbon)
    rest = [*jump_troubles(points, ribbon.marks), *(one for mark in _LONG_S for one in run_troubles(ribbon, mark))]
    used, every = (ranked([*rest, *error_troubles(ribbon, every_view)]) for every_view in (False, True))
    yield Survey(1.0, ribbon, used, every)


def sample_words(ribbon: Ribbon, row: int, frame: int) -> str:
    """Return what is known of a sample: `LWrist: measured, 1.2 px in cam_2 (left out: 34 px in cam_3), 3.1 mm`."""
    parts = [MARK_WORDS[ribbon.marks[row, frame]]]
    if ribbon.error_px is not None and ribbon.all_px is not None:
        used, every = float(ribbon.error_px[row, frame]), float(ribbon.all_px[row, frame])
        if np.isfinite(used):
            parts.append(f"error {told(used)} px in {ribbon.camera_at(row, frame, every=False)}")
        if np.isfinite(every) and not every <= used:
            parts.append(f"{told(every)} px in {ribbon.camera_at(row, frame, every=True)}, a view left out")
    if ribbon.sd_mm is not None and np.isfinite(ribbon.sd_mm[row, frame]):
        parts.append(f"± {told(float(ribbon.sd_mm[row, frame]))} mm (1 SD)")
    return f"{ribbon.names[row]}: {', '.join(parts)}"
