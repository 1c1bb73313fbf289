"""Stance, tracking of the knees, heels, posture, balance, bar and sides of a squat's repetitions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mocap.assessment.movement import Movement
from mocap.assessment.phases import all_phases
from mocap.assessment.repetitions import Repetition
from mocap.assessment.stance.balance import balance_columns
from mocap.assessment.stance.bar import bar_columns
from mocap.assessment.stance.feet import foot_columns, knee_columns
from mocap.assessment.stance.heels import heel_columns, heel_lift_events
from mocap.assessment.stance.posture import (
    hip_columns,
    matched_columns,
    neutral_columns,
    posture_columns,
    thigh_columns,
)
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.stance.sides import side_columns
from mocap.trial import Metric, stacked

_REACH_PERIODS = 6.0

__all__ = ["StanceSettings", "heel_lift_events", "neutral_columns", "stance_columns"]


def stance_columns(
    movement: Movement, repetitions: Sequence[Repetition], onset_depth: Sequence[float], settings: StanceSettings
) -> tuple[Metric, ...]:
    """Return the columns of a squat's repetitions beside its tuck.

    Parameters
    ----------
    movement : Movement
    repetitions : sequence of Repetition
    onset_depth : sequence of float
        Depth (0 to 1 of each repetition's own) at which the tuck begins; NaN where there is none.
    settings : StanceSettings

    Returns
    -------
    tuple of Metric
        One value per repetition each: width of the stance and its ratios, toe-out, tracking of the knees, heel rise,
        lean, spine, largest angles, length of the thigh from the side, gap of ASIS and thigh, rotation and abduction of
        the hips, balance, bar, differences of the sides.
    """
    if not repetitions:
        return _columns(movement, (), (), settings)
    made = [
        _columns(*_alone(movement, one, settings), (depth,), settings)
        for one, depth in zip(repetitions, onset_depth, strict=True)
    ]
    return tuple(stacked(rows) for rows in zip(*made, strict=True))


def _alone(movement: Movement, one: Repetition, settings: StanceSettings) -> tuple[Movement, tuple[Repetition, ...]]:
    """Return the movement about a repetition, as far as the filter reaches, and the repetition in it.

    What is looked for in a repetition is not sought in the whole of a long trial.
    """
    seconds = settings.standing_seconds + _REACH_PERIODS / settings.filter_hz
    beside = int(np.ceil(seconds * movement.rate_hz))
    first, stop = max(one.start - beside, 0), min(one.end + beside + 1, movement.n_frames)
    frames = {name: getattr(one, name) - first for name in ("start", "bottom", "end", "still_from", "still_to")}
    return movement.cut(first, stop), (replace(one, **frames),)


def _columns(
    movement: Movement, repetitions: Sequence[Repetition], onset_depth: Sequence[float], settings: StanceSettings
) -> tuple[Metric, ...]:
    parts = all_phases(movement, tuple(repetitions), settings.standing_seconds)
    return (
        *foot_columns(movement, parts, settings), *knee_columns(movement, parts, settings),
        *heel_columns(movement, parts, settings), *posture_columns(movement, parts, settings),
        *matched_columns(movement, parts, settings), *thigh_columns(movement, parts, settings),
        *hip_columns(movement, parts, onset_depth, settings), *balance_columns(movement, parts, settings),
        *bar_columns(movement, parts, settings), *side_columns(movement, parts, settings),
    )  # fmt: skip
