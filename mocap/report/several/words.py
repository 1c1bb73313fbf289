"""Figures of several recordings as words: digits that they deserve, changes with their limit, p."""

from collections.abc import Mapping, Sequence

import numpy as np

from mocap.assessment.several.limits import Limit
from mocap.assessment.statistics.change import PersonChange
from mocap.report.assessment.figures import digits_of, figure, metric_title, shown_unit
from mocap.report.page_parts import escaped, table
from mocap.trial import Metric

NONE = "\u2013"
#: Before a change beyond its limit; they tell up from down without a colour.
UP, DOWN = "\u25b2", "\u25bc"
_HEAD = {"task": "Task", "marker_set": "Marker set", "model": "Model", "options": "Choices of the kinematics",
         "filter": "Filter of the points", "protocol_sha256": "Settings of the assessment (SHA-256)"}  # fmt: skip


def decimals(unit: str, values: Sequence[float], errors: Sequence[float]) -> int:
    """Return the decimals of figures of a unit, from their smallest error."""
    known = [error for error in errors if np.isfinite(error) and error > 0]
    shown = np.array([value for value in values if np.isfinite(value)] or [0.0])
    smallest = min(known) if known else float("nan")
    return digits_of(Metric("shown", unit, "", shown, np.full(len(shown), smallest)))


def number(value: float, digits: int) -> str:
    """Return a number, or a dash."""
    return figure(value, digits) if np.isfinite(value) else NONE


def mean_cell(mean: float, sd: float, count: int, digits: int) -> str:
    """Return mean, SD and number of repetitions as HTML."""
    if not np.isfinite(mean):
        return NONE
    spread = f" <small>\u00b1\u00a0{figure(sd, digits)}</small>" if np.isfinite(sd) else ""
    return f"{figure(mean, digits)}{spread}<br><small>n\u00a0{count}</small>"


def change_cell(change: PersonChange, digits: int) -> str:
    """Return a change with its limit as HTML, marked where it is beyond."""
    if not np.isfinite(change.change):
        return NONE
    signed = ("+" if change.change > 0 else "") + figure(change.change, digits)
    if change.beyond is None:
        return f"{signed}<br><small>MDC95 unknown</small>"
    limit = f"<br><small>MDC95\u00a0{figure(change.mdc95, digits)}</small>"
    return f"<b>{mark(change)}\u00a0{signed}</b>{limit}" if change.beyond else f"{signed}{limit}"


def mark(change: PersonChange) -> str:
    """Return the mark of a change beyond its limit; nothing within it."""
    return (UP if change.change > 0 else DOWN) if change.beyond else ""


def p_words(p: float) -> str:
    """Return a p as text; a dash where there is none."""
    if not np.isfinite(p):
        return NONE
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def span_words(low: float, high: float, digits: int) -> str:
    """Return the ends of an interval on one line."""
    if not np.isfinite([low, high]).all():
        return NONE
    return f"{figure(low, digits)} to {figure(high, digits)}".replace(" ", "\u00a0")


def united(name: str, unit: str) -> str:
    """Return a title with its unit as HTML."""
    told = shown_unit(unit)
    return escaped(name) + (f" <small>({escaped(told)})</small>" if told else "")


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return facts as a list of terms; texts are escaped here."""
    cells = "".join(f"<div><dt>{escaped(key)}</dt><dd>{escaped(value) or NONE}</dd></div>" for key, value in rows)
    return f"<dl class='facts'>{cells}</dl>"


def method_facts(method: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return how all were measured, as facts."""
    return [
        (words, f"{method[key][:12]}..." if key == "protocol_sha256" and method[key] else method[key])
        for key, words in _HEAD.items() if key in method
    ]  # fmt: skip


def sources_table(limits: Sequence[tuple[str, Limit]]) -> str:
    """Return where the limits of figures are from, those of unknown ones together; each figure once."""
    known: dict[str, list[str]] = {}
    for name, limit in limits:
        words = limit.source if np.isfinite(limit.mdc95) else "not known: neither to this lab nor by the default"
        names = known.setdefault(words, [])
        if metric_title(name) not in names:
            names.append(metric_title(name))
    rows = [[escaped(words), escaped("; ".join(names))] for words, names in sorted(known.items())]
    if not rows:
        return ""
    return f"<h2>Where the MDC95 are from</h2><div class='wide'>{table(['Source', 'Figures'], rows, (0, 1))}</div>"


def _sentence(note: str) -> str:
    """Return a note with a capital; names as they stand in files keep theirs."""
    return note if "_" in note.partition(" ")[0] else note[:1].upper() + note[1:]


def notes_list(notes: Sequence[str]) -> str:
    """Return notes as a list; nothing without any."""
    lines = "".join(f"<li>{escaped(_sentence(note))}</li>" for note in notes)
    return f"<h2>Notes</h2><ul class='plain'>{lines}</ul>" if notes else ""
