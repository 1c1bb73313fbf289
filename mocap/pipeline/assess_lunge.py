"""The assessment of lunges: repetitions, the leg in front, its angles at the bottom."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.lunge import LungeSettings, lunge_columns, lunge_repetitions
from mocap.assessment.movement import Movement
from mocap.assessment.repetition_events import repetition_events
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.pipeline.assess_repetitions import assessed_repetitions
from mocap.trial import Assessment, Event

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
    shown = lunge_columns(movement, repetitions, settings)
    made = assessed_repetitions(movement, protocol, found, shown, _SUMMED)
    return made, tuple(repetition_events(repetitions, TASK, movement.rate_hz, movement.angles.start_s))
