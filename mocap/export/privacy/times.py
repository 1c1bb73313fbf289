"""Times of a trial from its own beginning: a clock that counts from elsewhere tells the day and hour of a recording."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Assessment, Event, Metric, Rejected, Table, Timeline, Trial

_LATEST_S = 3600.0  # a start within a recording; later ones are those of a clock that counts from a day or from 1970


def timed_from_start(trial: Trial) -> Trial:
    """Return a trial whose points begin at 0 s where they began later than within an hour; distances in time stay.

    Parameters
    ----------
    trial : Trial
    """
    start_s = trial.points.start_s
    if not abs(start_s) > _LATEST_S:
        start_s = 0.0

    def moved(part: Any) -> Any:
        return None if part is None else replace(part, start_s=_moved(part.start_s, start_s))

    events = tuple(_event(one, start_s) for one in trial.events)
    return replace(
        trial, points=moved(trial.points), points_smoothed=moved(trial.points_smoothed), angles=moved(trial.angles),
        analog=moved(trial.analog), imported_poses=moved(trial.imported_poses),
        timeline=None if trial.timeline is None else _timeline(trial.timeline, start_s),
        # An event a clock's time away from all points is none of this recording, or one of another clock.
        events=tuple(one for one in events if not abs(one.time_s) > _far(trial)),
        assessments=tuple(_assessment(one, start_s) for one in trial.assessments),
    )  # fmt: skip


def _far(trial: Trial) -> float:
    return _LATEST_S + trial.points.position.shape[0] / trial.points.rate_hz


def _moved(time_s: float, start_s: float) -> float:
    """Return a time from the beginning; one of a clock of its own begins there as well."""
    time_s -= start_s
    return 0.0 if abs(time_s) > _LATEST_S else time_s


def _timeline(timeline: Timeline, start_s: float) -> Timeline:
    offset_s, frames_s = timeline.offset_s, timeline.frame_time_s
    if np.nanmax(np.abs(offset_s), initial=0.0) > _LATEST_S:
        offset_s = offset_s - np.nanmin(offset_s)  # clocks of cameras that count from elsewhere: against the first
    return replace(
        timeline, start_s=_moved(timeline.start_s, start_s), offset_s=offset_s,
        frame_time_s=frames_s if frames_s is None else frames_s - start_s,
    )  # fmt: skip


def _event(event: Event, start_s: float) -> Event:
    return replace(event, time_s=event.time_s - start_s, replaces_s=event.replaces_s - start_s)


def _assessment(assessment: Assessment, start_s: float) -> Assessment:
    if not start_s:
        return assessment
    return replace(
        assessment, repetitions=_table(assessment.repetitions, start_s),
        tables=tuple(_table(one, start_s) for one in assessment.tables),
        rejected=tuple(
            Rejected(one.start_s - start_s, one.bottom_s - start_s, one.end_s - start_s, one.reason)
            for one in assessment.rejected
        ),
    )  # fmt: skip


def _table(table: Table, start_s: float) -> Table:
    return replace(table, metrics=tuple(_metric(one, start_s) if one.unit == "s" else one for one in table.metrics))


def _metric(metric: Metric, start_s: float) -> Metric:
    values, low, high = (_instants(each, start_s) for each in (metric.values, metric.low, metric.high))
    return replace(metric, values=values, low=low, high=high)


def _instants(values: NDArray, start_s: float) -> NDArray:
    """Instants on the clock of the points, from the beginning; a span is never as long as that clock has run."""
    return np.where(np.abs(values) > abs(start_s) / 2, values - start_s, values)
