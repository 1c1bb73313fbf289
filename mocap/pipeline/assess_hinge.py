"""Recipe of a hip hinge: repetitions by trunk lean, components, score, events."""

from mocap.assessment.excursions import ExcursionSettings
from mocap.assessment.hinge import HingeSettings, hinge_columns, hinge_events, hinge_repetitions
from mocap.assessment.movement import Movement
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.pipeline.assess_columns import set_table, time_columns
from mocap.trial import Assessment, Event, joined


def assess_hinge(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return what a trial of hip hinges says, and its events.

    Parameters
    ----------
    movement : Movement
    protocol : Protocol
        Of the task `hinge`.
    """
    limits = build(ExcursionSettings, protocol.section("repetitions"), protocol.name, "repetitions")
    settings = build(HingeSettings, protocol.section("hinge"), protocol.name, "hinge")
    found, excursions = hinge_repetitions(movement, limits)
    columns = hinge_columns(movement, found, settings)
    table = joined("repetitions", len(found), [time_columns(movement, found), columns])
    assessment = Assessment(
        "hinge", table, excursions.rejected, (set_table(table),) if found else (), (), protocol.name, protocol.sha256,
        protocol.values, (excursions.note,) if excursions.note else (),
    )  # fmt: skip
    return assessment, hinge_events(movement, found, settings)
