"""Tables and columns below each other, and columns that are made of one repetition after the other."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.trial import Metric, Table, Words, stacked

Columns = tuple[Metric | Words, ...]
_FRAMES = ("start", "bottom", "end", "still_from", "still_to")


def stacked_tables(tables: Sequence[Table]) -> Table:
    """Return tables below each other: the columns that all of them have."""
    if len(tables) == 1:
        return tables[0]
    first = tables[0]
    metrics = tuple(
        stacked([table[one.name] for table in tables])
        for one in first.metrics if all(table.has(one.name) for table in tables)
    )  # fmt: skip
    known = [{one.name for one in table.words} for table in tables]
    words = tuple(
        Words(one.name, one.meaning, tuple(word for table in tables for word in table.told(one.name)))
        for one in first.words if all(one.name in names for names in known)
    )  # fmt: skip
    return Table(first.name, sum(table.rows for table in tables), metrics, words)


def one_by_one(
    movement: Movement, repetitions: Sequence[Repetition], pad_s: float,
    columns: Callable[[Movement, Sequence[Repetition], slice], Columns],
) -> Columns:  # fmt: skip
    """Return columns that are made of the part of the trial about each repetition, so that long trials cost no more.

    Parameters
    ----------
    movement : Movement
    repetitions : sequence of Repetition
    pad_s : float
        What of the trial before and after a repetition is taken along.
    columns : callable
        Of a movement, repetitions by its frames, and which of all repetitions these are.
    """
    if not repetitions:
        return columns(movement, (), slice(0, 0))
    rows = []
    for number, one in enumerate(repetitions):
        part, moved, _ = about_one(movement, one, pad_s)
        rows.append(columns(part, (moved,), slice(number, number + 1)))
    return tuple(_below([row[place] for row in rows]) for place in range(len(rows[0])))


def about_one(movement: Movement, one: Repetition, pad_s: float) -> tuple[Movement, Repetition, int]:
    """Return the part of a trial about a repetition, the repetition by its frames, and the first of them."""
    pad = round(pad_s * movement.rate_hz)
    first = max(min(one.start, one.still_from) - pad, 0)
    last = min(max(one.end, one.still_to) + pad + 1, movement.n_frames)
    moved = replace(one, **{name: getattr(one, name) - first for name in _FRAMES})
    return movement.cut(first, last), moved, first


def _below(parts: Sequence[Metric | Words]) -> Metric | Words:
    first = parts[0]
    if isinstance(first, Words):
        return replace(first, values=tuple(word for part in parts for word in part.values))
    return stacked([part for part in parts if isinstance(part, Metric)])
