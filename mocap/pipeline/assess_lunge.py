"""The assessment of lunges: repetitions, the leg in front, its angles at the bottom."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.lunge import LungeSettings, lunge_columns, lunge_repetitions
from mocap.assessment.movement import Movement
from mocap.assessment.repetition_columns import context_columns, instant_columns
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.set_table import set_table
from mocap.assessment.values import noise_notes
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, joined

TASK = "lunge"
LABELS = repetition_labels(TASK)
_SUMMED = ("depth", "step_length", "knee_flexion_front", "shank_inclination_front", "trunk_lean_largest")


def assess_lunge(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of the lunges of a trial, and their events."""
    limits = build(ExcursionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    settings = build(LungeSettings, protocol.section("lunge"), protocol.name, "lunge")
    found = lunge_repetitions(movement, limits)
    found = with_edits(found, movement.events, TASK, movement.rate_hz, movement.angles.start_s)
    repetitions = found.repetitions
    columns = (
        instant_columns(movement, repetitions),
        lunge_columns(movement, repetitions, settings),
        context_columns(movement.context, len(repetitions)),
    )
    table = joined("repetitions", len(repetitions), columns)
    made = Assessment(
        TASK, table, found.rejected, (set_table(table, _SUMMED),) if table.rows else (), protocol=protocol.name,
        protocol_sha256=protocol.sha256, settings=protocol.values, notes=(*found.notes, *noise_notes(movement)),
    )  # fmt: skip
    return made, tuple(repetition_events(repetitions, TASK, movement.rate_hz, movement.angles.start_s))
