"""An assessment as lines of text, as JSON and as a table for other programs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calibration.digits import counted
from mocap.assessment.claim_list import CLAIMS
from mocap.assessment.claims import claim_answers, claims_table
from mocap.trial import Assessment, Metric, Rejected, Table, shown
from mocap.trial.decided import BY, DECISION, REASON

_LIMITS = ("wink_detectable",)
_RISKY = ("=", "+", "-", "@", "\t", "\r")
#: What a person wants to see first, per task; what is not there is passed over.
HEADLINES = {
    "squat": ("bottom_time", "depth", "wink_magnitude", "wink_detectable", "wink_onset_depth", "lumbar_change"),
    "hinge": ("bottom_time", "score", "score_of_observable", "hip_share", "lumbar_excursion"),
    "lunge": ("bottom_time", "depth", "knee_flexion_front", "shank_inclination_front"),
    "knee_to_wall": ("distance", "shank_inclination", "ankle_dorsiflexion"),
    "sit_to_stand": ("start_time", "bottom_time", "duration"),
    "gait": ("start_time", "stride_time", "stride_length", "speed"),
}
_WORDS = ("side", "grade", "depth_class")


def assessment_lines(made: Assessment) -> list[str]:
    """Return what a terminal shows: one line per repetition, one per rejected candidate, one per rule."""
    table = made.repetitions
    lines = [f"{counts_of(made)} (protocol {made.protocol})"]
    lines += [f"  {row + 1}: {_row(table, made.task, row)}" for row in range(table.rows)]
    for name, why in _withheld(table, made.task):
        lines.append(f"  {name.replace('_', ' ')}: {why}")
    lines += [f"  rejected{_at(one)}: {one.reason}" for one in made.rejected]
    lines += [f"  {rule.name}: {rule.answer} ({rule.numbers})" for rule in made.screening]
    return lines


def counts_of(made: Assessment) -> str:
    """Return how many repetitions or cycles an assessment found."""
    return f"{made.task}: {counted(made.repetitions.rows, 'cycle' if made.task == 'gait' else 'repetition')}"


def _row(table: Table, task: str, row: int) -> str:
    named = [table[name] for name in HEADLINES.get(task, ()) if table.has(name)]
    parts = [f"{one.name.replace('_', ' ')} {_value(one, row)}" for one in named if np.isfinite(one.values).any()]
    texts = {one.name: one.values[row] for one in table.words}
    told = [f"{name.replace('_', ' ')} {texts[name]}" for name in _WORDS if name in texts]
    return ", ".join([*parts, *told, *_decided(texts)])


def _decided(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield what a reviewer decided of a row: `accepted by AB: looked at`."""
    if texts.get(DECISION):
        by = f" by {texts[BY]}" if texts[BY] else ""
        yield f"{texts[DECISION]}{by}{f': {texts[REASON]}' if texts[REASON] else ''}"


def _value(one: Metric, row: int) -> str:
    """Return a value; a limit, which is not measured, has no uncertainty to be told."""
    return shown(one, row).partition(" (")[0] if one.name in _LIMITS else shown(one, row)


def _withheld(table: Table, task: str) -> list[tuple[str, str]]:
    """Return headline columns without any value, and why."""
    named = [table[name] for name in HEADLINES.get(task, ()) if table.has(name)]
    return [(one.name, one.reasons[0]) for one in named if table.rows and not np.isfinite(one.values).any()]


def _at(one: Rejected) -> str:
    return f" at {one.bottom_s:.2f} s" if np.isfinite(one.bottom_s) else ""


def assessment_json(made: Assessment, path: Path) -> dict[str, Any]:
    """Return an assessment as `mocap assess --json` prints it."""
    return {
        "file": path, "task": made.task, "protocol": made.protocol, "protocol_sha256": made.protocol_sha256,
        "repetitions": rows_of(made.repetitions), "rejected": [vars(one) for one in made.rejected],
        "metrics": {table.name: rows_of(table) for table in made.tables},
        "screening": [vars(one) for one in made.screening],
        "columns": {
            one.column: {"unit": one.unit, "meaning": one.meaning}
            for table in (made.repetitions, *made.tables) for one in table.metrics
        },
        "claims": rows_of(claims_table(claim_answers((made,), CLAIMS))),
        "settings": dict(made.settings), "notes": made.notes,
    }  # fmt: skip


def rows_of(table: Table) -> list[dict[str, Any]]:
    """Return a table as one mapping per row: each metric with `_sd`, `_low`, `_high` and, where there is one, why."""
    found = []
    for row in range(table.rows):
        told: dict[str, Any] = {}
        for one in table.metrics:
            told[one.column] = float(one.values[row])
            told[f"{one.name}_sd"] = float(one.sd[row])
            told[f"{one.name}_low"], told[f"{one.name}_high"] = float(one.low[row]), float(one.high[row])
            if one.n is not None and one.n[row]:
                told[f"{one.name}_n"] = int(one.n[row])
            if one.reasons[row]:
                told[f"{one.name}_reason"] = one.reasons[row]
        found.append(told | {text.name: text.values[row] for text in table.words})
    return found


def table_text(table: Table) -> str:
    """Return a table as CSV, one row each; no cell of words begins a formula."""
    import csv
    import io

    rows = rows_of(table)
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["repetition", *names])
    for number, row in enumerate(rows, 1):
        writer.writerow([number, *(_cell(row.get(name, "")) for name in names)])
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if not np.isfinite(value) else repr(value)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_RISKY) else text

