"""The recipe of the gait assessment: events, cycles, what is told of each."""

from mocap.assessment.gait import ContactSettings, PassSettings, find_cycles, find_walk, spatiotemporal
from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.movement import Movement
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Event, Table
from mocap.trial.assessment import joined

LABELS = (INITIAL, FINAL)


def assess_gait(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the cycles of a walk with their metrics, and the events that were detected.

    Nobody walking is an outcome: no rows, and a note that says why.
    """
    source = f"protocol {protocol.name}"
    straight = build(PassSettings, protocol.section("passes"), source, "passes")
    contact = build(ContactSettings, protocol.section("contacts"), source, "contacts")
    walk = find_walk(movement, straight, contact)
    cycles, refused = find_cycles(walk, contact)
    notes = list(walk.notes)
    if cycles and walk.walker is not None:
        rows = joined("repetitions", len(cycles), [spatiotemporal(cycles, walk.walker)])
    else:
        rows = Table("repetitions", 0)
        notes.append("no gait cycle" + ("" if walk.notes else ": no foot has two initial contacts in a straight pass"))
    made = Assessment(
        "gait", rows, rejected=(*walk.rejected, *refused), protocol=protocol.name, protocol_sha256=protocol.sha256,
        settings=protocol.values, notes=tuple(notes),
    )  # fmt: skip
    return made, walk.detected
