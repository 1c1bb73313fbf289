"""The table of a batch: a row for each trial, what has to be looked at first."""

import csv
import io
from collections import Counter
from collections.abc import Sequence

from calibration.digits import counted
from mocap.batch.rows import CALIBRATION, DONE, FAILED, NOT_RUN, REFUSED, SKIPPED, WITHOUT_RESULT, Row
from mocap.export.tables import safe_cell

HEAD = ("session", "subject", "trial", "task", "state", "verdict", "code", "told", "looks", "seconds", "peak_mb")
_SHOWN = 3
_STATES = (DONE, SKIPPED, REFUSED, FAILED, NOT_RUN)


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows by session and trial, whatever order the work was done in."""
    return sorted(rows, key=lambda row: (row.session, is_trial(row), row.trial))


def counts_of(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many trials there are of each state, and how many have a check that does not hold.

    What concerns a whole session, as its calibration, counts where it has no result.
    """
    counted_rows = [row for row in rows if is_trial(row) or row.state in WITHOUT_RESULT]
    states = Counter(row.state for row in counted_rows)
    return {**{state: states[state] for state in _STATES}, "look": sum(row.verdict == "look" for row in counted_rows)}


def is_trial(row: Row) -> bool:
    """Return whether a row is that of a trial."""
    return row.trial not in ("", CALIBRATION)


def closing_line(rows: Sequence[Row], n_sessions: int) -> str:
    """Return what became of all, in one line."""
    counts, n_trials = counts_of(rows), sum(map(is_trial, rows))
    told = ", ".join(f"{counts[state]} {_WORDS.get(state, state)}" for state in _STATES if counts[state])
    look = f"; {counts['look']} to look at" if counts["look"] else ""
    found = f"{counted(n_sessions, 'session')} and {counted(n_trials, 'trial')} found"
    return f"{found}: {told or 'nothing done'}{look}"


def look_lines(rows: Sequence[Row]) -> list[str]:
    """Return a line for each check that does not hold somewhere, with where that is; the most frequent one first."""
    places: dict[str, list[str]] = {}
    for row in rows:
        for look in dict.fromkeys(look.partition(":")[0] for look in row.looks):
            places.setdefault(look, []).append(row.name)
    listed = sorted(places.items(), key=lambda one: (-len(one[1]), one[0]))
    return [f"LOOK {look}: {_few(names)}" for look, names in listed]


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


_WORDS = {SKIPPED: "skipped because nothing changed"}


def summary_csv(rows: Sequence[Row]) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for row in ordered(rows):
        looks = "; ".join(row.looks)
        cells = [row.session, row.subject, row.trial, row.task, row.state, row.verdict, row.code, row.text, looks]
        writer.writerow([*map(safe_cell, cells), f"{row.seconds:.2f}", f"{row.peak_mb:.0f}"])
    return text.getvalue()
