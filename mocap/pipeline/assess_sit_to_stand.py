"""The assessment of rising from a chair: repetitions, durations, lean, how many in 30 s."""

from dataclasses import replace

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.movement import Movement
from mocap.assessment.repetition_columns import context_columns, instant_columns
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.repetitions import Repetition
from mocap.assessment.set_table import set_table
from mocap.assessment.sit_to_stand import Rise, SitToStandSettings, count_columns, find_rises, rise_columns
from mocap.assessment.values import noise_notes
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, Metric, Words, joined

TASK = "sit_to_stand"
LABELS = repetition_labels(TASK)
_SUMMED = ("duration", "lean_duration", "sitting_duration", "trunk_lean_largest", "knee_flexion_off")
_INSTANTS = {
    "start_time": "Seat-off: the hips begin to rise", "bottom_time": "The person stands",
    "end_time": "The person sits again; the end of the recording where they do not",
    "descent_time": "From seat-off to standing", "ascent_time": "From standing to sitting again",
    "bottom_hold": "Time of standing",
}  # fmt: skip


def assess_sit_to_stand(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of a trial of rising from a chair, and its events.

    The instants of a repetition have the names of all tasks: `start` is seat-off, `bottom` standing, `end` sitting.
    """
    limits = build(ExcursionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    settings = build(SitToStandSettings, protocol.section("sit_to_stand"), protocol.name, "sit_to_stand")
    rises, found = find_rises(movement, limits, settings)
    by_repetition = dict(zip(found.repetitions, rises, strict=True))
    found = with_edits(found, movement.events, TASK, movement.rate_hz, movement.angles.start_s)
    kept = tuple(by_repetition.get(one) or _as_edited(one) for one in found.repetitions)
    columns = (
        _renamed(instant_columns(movement, found.repetitions)),
        rise_columns(movement, kept, settings),
        context_columns(movement.context, len(kept)),
    )
    table = joined("repetitions", len(kept), columns)
    means = set_table(table, _SUMMED).metrics if kept else ()
    made = Assessment(
        TASK, table, found.rejected, (joined("set", 1, [count_columns(movement, kept, settings), means]),),
        protocol=protocol.name, protocol_sha256=protocol.sha256, settings=protocol.values,
        notes=(*found.notes, *noise_notes(movement)),
    )  # fmt: skip
    return made, tuple(repetition_events(found.repetitions, TASK, movement.rate_hz, movement.angles.start_s))


def _as_edited(one: Repetition) -> Rise:
    """Return a repetition that a reviewer moved: what they did not look at is not known."""
    return Rise(-1, one.start, one.bottom, -1, one.end, one.depth_m)


def _renamed(columns: tuple[Metric | Words, ...]) -> tuple[Metric | Words, ...]:
    """Return the columns of instants with what they are in this task."""
    return tuple(replace(one, meaning=_INSTANTS.get(one.name, one.meaning)) for one in columns)
