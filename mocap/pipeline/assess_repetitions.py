"""What hinges and lunges have in common: one table of repetitions, and means over the set."""

from collections.abc import Sequence

from mocap.assessment.movement import Movement
from mocap.assessment.repetition_columns import context_columns, instant_columns
from mocap.assessment.repetitions import Found
from mocap.assessment.set_table import set_table
from mocap.assessment.values import noise_notes
from mocap.config.protocols import Protocol
from mocap.trial import Assessment, Metric, Words, joined


def assessed_repetitions(
    movement: Movement, protocol: Protocol, found: Found, measured: Sequence[Metric | Words], summed: Sequence[str]
) -> Assessment:
    """Return the assessment of repetitions.

    Parameters
    ----------
    movement : Movement
    protocol : Protocol
    found : Found
        As corrected by a reviewer.
    measured : sequence of Metric or Words
        What each repetition shows, beside its instants and its context.
    summed : sequence of str
        Columns whose means stand in the table of the set.
    """
    repetitions = found.repetitions
    columns = (
        instant_columns(movement, repetitions), tuple(measured), context_columns(movement.context, len(repetitions))
    )  # fmt: skip
    table = joined("repetitions", len(repetitions), columns)
    return Assessment(
        protocol.task, table, found.rejected, (set_table(table, summed),) if table.rows else (),
        protocol=protocol.name, protocol_sha256=protocol.sha256, settings=protocol.values,
        notes=(*found.notes, *noise_notes(movement)),
    )  # fmt: skip
