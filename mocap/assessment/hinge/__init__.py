"""The hip hinge: repetitions by trunk lean, components with points, score, rhythm of pelvis and lumbar spine."""

from collections.abc import Sequence

from mocap.assessment.hinge.columns import component_columns, further_columns
from mocap.assessment.hinge.measured import measured
from mocap.assessment.hinge.repetitions import hinge_repetitions
from mocap.assessment.hinge.rhythm import rhythm_columns, soften_columns, soften_events
from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.movement import Movement
from mocap.assessment.phases import all_phases
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.repetitions import Repetition
from mocap.trial import Event, Metric, Words

__all__ = ["HingeSettings", "hinge_columns", "hinge_events", "hinge_repetitions"]


def hinge_columns(
    movement: Movement, repetitions: Sequence[Repetition], settings: HingeSettings
) -> tuple[Metric | Words, ...]:
    """Return the columns of a hinge's repetitions: score, components, changes, rhythm, softening of the knees."""
    parts = all_phases(movement, tuple(repetitions), settings.standing_seconds)
    found = measured(movement, parts, settings)
    return (
        *component_columns(movement, found, settings), *further_columns(found),
        *rhythm_columns(movement, parts, settings), *soften_columns(movement, parts, settings),
    )  # fmt: skip


def hinge_events(
    movement: Movement, repetitions: Sequence[Repetition], settings: HingeSettings
) -> tuple[Event, ...]:
    """Return start, bottom and end of every repetition, and where its knees begin to flex."""
    parts = all_phases(movement, tuple(repetitions), settings.standing_seconds)
    marks = repetition_events(repetitions, "hinge", movement.rate_hz, movement.angles.start_s)
    return tuple(sorted((*marks, *soften_events(movement, parts, settings)), key=lambda one: one.time_s))
