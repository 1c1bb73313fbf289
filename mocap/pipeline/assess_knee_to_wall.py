"""The assessment of the knee-to-wall test: its lunges, and each side by its best one."""

from mocap.assessment.edits import repetition_labels, with_edits
from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.knee_to_wall import (
    KneeToWallSettings,
    Lunge,
    Measured,
    Wall,
    find_lunges,
    find_wall,
    front_leg,
    lunge_columns,
    measured,
    side_tables,
)
from mocap.assessment.movement import Movement
from mocap.assessment.phases import phases
from mocap.assessment.repetition_columns import context_columns, instant_columns
from mocap.assessment.repetition_events import repetition_events
from mocap.assessment.stacking import about_one
from mocap.assessment.values import noise_notes
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, joined

TASK = "knee_to_wall"
LABELS = repetition_labels(TASK)
_PAD_S = 2.0  # beside a lunge: what filters reach


def assess_knee_to_wall(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the assessment of the lunges of a trial towards a wall, and their events."""
    limits = build(ExcursionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    settings = build(KneeToWallSettings, protocol.section("knee_to_wall"), protocol.name, "knee_to_wall")
    lunges, found = find_lunges(movement, limits, settings.standing_seconds)
    found = with_edits(found, movement.events, TASK, movement.rate_hz, movement.angles.start_s)
    sides = {one.repetition: one.side for one in lunges}
    kept = tuple(
        Lunge(sides.get(one, front_leg(movement, one)) or "R", one, phases(movement, one, settings.standing_seconds))
        for one in found.repetitions
    )
    wall = find_wall(movement)
    shown = [_measured(movement, one, wall, settings) for one in kept]
    columns = (
        instant_columns(movement, found.repetitions),
        lunge_columns(kept, shown, settings),
        context_columns(movement.context, len(kept)),
    )
    made = Assessment(
        TASK, joined("repetitions", len(kept), columns), found.rejected,
        side_tables(kept, shown) if kept else (), protocol=protocol.name, protocol_sha256=protocol.sha256,
        settings=protocol.values, notes=(*found.notes, *noise_notes(movement), f"wall: {wall.method}"),
    )  # fmt: skip
    return made, tuple(repetition_events(found.repetitions, TASK, movement.rate_hz, movement.angles.start_s))


def _measured(movement: Movement, lunge: Lunge, wall: Wall, settings: KneeToWallSettings) -> Measured:
    """Return what a lunge shows, of the part of the trial about it."""
    part, moved, _ = about_one(movement, lunge.repetition, _PAD_S)
    return measured(part, Lunge(lunge.side, moved, phases(part, moved, settings.standing_seconds)), wall, settings)
