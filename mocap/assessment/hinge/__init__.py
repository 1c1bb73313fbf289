"""The hip hinge: repetitions by trunk lean, components with points, score, rhythm of pelvis and lumbar spine."""

from collections.abc import Sequence

from mocap.assessment.hinge.columns import component_columns, further_columns
from mocap.assessment.hinge.measured import measured
from mocap.assessment.hinge.repetitions import hinge_candidates, hinge_repetitions
from mocap.assessment.hinge.rhythm import rhythm_columns, soften_columns, soften_events
from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.movement import Movement
from mocap.assessment.phases import all_phases
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.repetitions import Repetition
from mocap.assessment.stacking import about_one, one_by_one
from mocap.trial import Event, Metric, Words

__all__ = ["HingeSettings", "hinge_candidates", "hinge_columns", "hinge_events", "hinge_repetitions"]

_PAD_S = 2.0  # beside a repetition: the stand before it, and as far as filters reach


def hinge_columns(
    movement: Movement, repetitions: Sequence[Repetition], settings: HingeSettings
) -> tuple[Metric | Words, ...]:
    """Return the columns of a hinge's repetitions: score, components, changes, rhythm, softening of the knees."""

    def columns(part: Movement, some: Sequence[Repetition], _: slice) -> tuple[Metric | Words, ...]:
        parts = all_phases(part, tuple(some), settings.standing_seconds)
        found = measured(part, parts, settings)
        return (
            *component_columns(part, found, settings), *further_columns(found),
            *rhythm_columns(part, parts, settings), *soften_columns(part, parts, settings),
        )  # fmt: skip

    return one_by_one(movement, repetitions, _PAD_S, columns)


def hinge_events(
    movement: Movement, repetitions: Sequence[Repetition], settings: HingeSettings
) -> tuple[Event, ...]:
    """Return start, bottom and end of every repetition, and where its knees begin to flex."""
    marks = list(repetition_events(repetitions, "hinge", movement.rate_hz, movement.angles.start_s))
    for one in repetitions:
        part, moved, _ = about_one(movement, one, _PAD_S)
        marks += soften_events(part, all_phases(part, (moved,), settings.standing_seconds), settings)
    return tuple(sorted(marks, key=lambda one: one.time_s))
