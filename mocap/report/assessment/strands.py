"""Repetitions cut out of a trial: angles over depth, and over descent and ascent drawn to one length each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.signal.filters import Butterworth
from mocap.signal.linear import filter_runs
from mocap.trial import JointAngles, Table, Trial, doubted

GRID = np.linspace(0.0, 1.0, 101)
_HIPS = (("RHJC", "LHJC"), ("RHip", "LHip"), ("RASIS", "LASIS", "RPSIS", "LPSIS"), ("RASI", "LASI", "RPSI", "LPSI"))


@dataclass(frozen=True)
class Span:
    """One repetition of a table, by its times in s; `row` is its row there."""

    row: int
    start_s: float
    bottom_s: float
    end_s: float

    @property
    def number(self) -> int:
        """As people count."""
        return self.row + 1


@dataclass(frozen=True, eq=False)
class Strand:
    """An angle of one repetition, in deg, with its random standard uncertainty; samples of descent and ascent.

    Attributes
    ----------
    span : Span
    depth : ndarray, shape (time,)
        0 at the start, 1 at the bottom.
    value_deg, sd_deg : ndarray, shape (time,)
    bottom : int
        Last sample of the descent.
    """

    span: Span
    depth: NDArray
    value_deg: NDArray
    sd_deg: NDArray
    bottom: int

    def over_depth(self) -> NDArray:
        """Return the descent at `GRID` of depth, shape (101,); NaN outside of what is known."""
        depth = np.maximum.accumulate(np.nan_to_num(self.depth[: self.bottom + 1], nan=-np.inf))
        return _at(depth, self.value_deg[: self.bottom + 1], GRID)

    def over_progress(self) -> NDArray:
        """Return descent and ascent at `GRID` of their own time each, shape (202,)."""
        parts = (self.value_deg[: self.bottom + 1], self.value_deg[self.bottom :])
        return np.concatenate([_at(np.linspace(0.0, 1.0, len(part)), part, GRID) for part in parts])


def _at(x: NDArray, values: NDArray, grid: NDArray) -> NDArray:
    known = np.isfinite(x) & np.isfinite(values)
    if known.sum() < 2:
        return np.full(len(grid), np.nan)
    return np.interp(grid, x[known], values[known], np.nan, np.nan)


def spans_of(table: Table) -> tuple[Span, ...]:
    """Return the repetitions of a table that have start, bottom and end."""
    names = ("start_time", "bottom_time", "end_time")
    if not all(table.has(name) for name in names):
        return ()
    times = np.stack([table[name].values for name in names], axis=1)
    return tuple(Span(row, *map(float, three)) for row, three in enumerate(times) if np.isfinite(three).all())


def hip_height(trial: Trial) -> NDArray:
    """Return the height of the middle of the hip centres, shape (time,), in m; of the pelvis where there are none."""
    if trial.segments is not None and {"femur_r", "femur_l"} <= set(trial.segments.names):
        at = [trial.segments.names.index(name) for name in ("femur_r", "femur_l")]
        height = np.asarray(trial.segments.world_from_segment[:, at, 2, 3].mean(axis=1))
        if np.isfinite(height).any():
            return height
    points = trial.points_smoothed or trial.points
    for names in _HIPS:
        if set(names) <= set(points.names):
            return np.asarray(np.mean([points.point(name)[:, 2] for name in names], axis=0))
    return np.full(points.n_frames, np.nan)


def random_sd_deg(angles: JointAngles, name: str) -> NDArray:
    """Return the random standard uncertainty of an angle without what stays over the trial, shape (time,), in deg."""
    at = angles.names.index(name)
    fixed = np.nan_to_num(angles.u_static[at])
    return np.asarray(np.rad2deg(np.sqrt(np.maximum(angles.sd[:, at] ** 2 - fixed**2, 0.0))))


def strands_of(trial: Trial, name: str, spans: Sequence[Span], filter_hz: float = 0.0) -> tuple[Strand, ...]:
    """Return an angle of every repetition; nothing where it has no value in any.

    With a cut-off the angle is low-passed forward and back (Butterworth, as the tuck is measured), unless its points
    were filtered before. The random uncertainty stays that of the samples.
    """
    angles = trial.angles
    if angles is None or name not in angles.names or not np.isfinite(angles[name]).any():
        return ()
    height, time_s = hip_height(trial), angles.time_s
    value = np.where(doubted(angles)[:, angles.names.index(name)], np.nan, angles.deg(name))
    if filter_hz and trial.points_smoothed is None:
        linear = Butterworth(min(filter_hz, 0.4 * angles.rate_hz), angles.rate_hz)
        value = filter_runs(value[:, None], linear)[0][:, 0]
    sd = random_sd_deg(angles, name)
    found = []
    for span in spans:
        start, bottom, end = (int(np.argmin(np.abs(time_s - at))) for at in (span.start_s, span.bottom_s, span.end_s))
        inside = slice(start, end + 1)
        drop = height[start] - height[bottom]
        depth = (height[start] - height[inside]) / drop if drop > 0 else np.full(end + 1 - start, np.nan)
        found.append(Strand(span, depth, value[inside], sd[inside], bottom - start))
    return tuple(one for one in found if np.isfinite(one.value_deg).any())
