"""Tables of an assessment: what matters most per repetition, and every metric with its meaning."""

import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from mocap.report.assessment.figures import Footnotes, cells, metric_title, shown_unit, titled
from mocap.report.assessment.plain_words import plain, plain_signs
from mocap.report.page_parts import escaped, table
from mocap.trial import Metric, Table, Words

Column = TypeVar("Column", Metric, Words)
#: Columns of the headline, by task, in this order; others stand in the whole table.
HEADLINE = {
    "squat": ("depth", "wink_magnitude", "wink_onset_depth", "lumbar_change", "wink_recovery"),
    "hinge": ("score", "score_of_observable", "lumbar_change", "knee_flexion_mean", "hip_back_travel",
              "hip_drop_travel"),
}  # fmt: skip
#: Words of the headline, of any task.
WORDS = ("side", "grade", "grade_modifiers", "depth_class", "knee_target", "decision", "decided_by", "decision_reason")
#: Stand in the headline even where no row has a value.
KEPT = ("wink_magnitude",)
_MOST = 6  # columns of the headline where the task has none of its own
_SUMMARIES = ("_mean", "_sd", "_slope")  # of a metric that has its own meaning
_MOST_COLUMNS = 7  # of a table whose rows have names; more stand as rows
_TABLES = {
    "set": "The set of repetitions", "sides": "Both sides, means over their cycles", "asymmetry": "Right less left",
    "similarity": "How alike the cycles are", "profile": "Gait variable scores", "scores": "Gait profile score",
    "norm_ranges": "Beside the ranges of the norm set",
}  # fmt: skip
_MOST_WHOLE = 25  # rows of which every metric is shown
_SIDE = re.compile(r"_[rl](?=_|\b)")
_SIDE_WORD = re.compile(r"\b(?:right|left)\b", re.IGNORECASE)
_BOTH = {"right": "right/left", "left": "left/right"}
_LONG = 18  # letters of words that stand on one line
_AT_ONCE = 5  # repetitions beside each other on paper


def headline_table(one: Table, task: str, row_name: str, extra: Table | None = None) -> str:
    """Return a row per repetition with the metrics of the headline and all words; and one for the set of them.

    Parameters
    ----------
    one : Table
    task : str
    row_name : str
        What a row is: `repetition`, `cycle`, ...
    extra : Table, optional
        Of one row: means and SDs over the set, by the names of the metrics with `_mean` and `_sd` behind them.
    """
    metrics, notes = _headline_metrics(one, task), Footnotes()
    columns = [cells(metric, notes) for metric in metrics]
    told = [one_told for one_told in one.words if one_told.name in WORDS and any(one_told.values)]
    words = [[escaped(word) for word in column.values] for column in told]
    rows = [[str(row + 1), *(column[row] for column in (*columns, *words))] for row in range(one.rows)]
    rows += _of_set(extra, metrics, notes, len(words)) if extra is not None and extra.rows == 1 else []
    head = [escaped(row_name.capitalize()), *map(titled, metrics), *(escaped(metric_title(w.name)) for w in told)]
    at_left = range(1 + len(metrics), len(head))
    return f"<div class='wide headline'>{_with_head(head, rows, at_left)}</div>{notes.told()}"


def _of_set(extra: Table, metrics: Sequence[Metric], notes: Footnotes, n_words: int) -> list[list[str]]:
    """Return the rows of means and SDs over the repetitions."""
    rows = []
    for kind, title in (("mean", "Mean"), ("sd", "SD")):
        names = [f"{metric.name}_{kind}" for metric in metrics]
        if any(extra.has(name) and _has_values(extra[name]) for name in names):
            told = [cells(extra[name], notes)[0] if extra.has(name) else "" for name in names]
            rows.append([f"<b>{title}</b>", *told, *([""] * n_words)])
    return rows


def _with_head(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int]) -> str:
    """Return a table whose head is HTML already."""
    drawn = table(["\0"] * len(head), rows, words)
    for cell in head:
        drawn = drawn.replace("\0", cell, 1)
    return drawn.replace("<table><tr>", "<table><thead><tr>", 1).replace("</th></tr>", "</th></tr></thead>", 1)


def _headline_metrics(one: Table, task: str) -> list[Metric]:
    named = [one[name] for name in HEADLINE.get(task, ()) if one.has(name)]
    chosen = named or [metric for metric in one.metrics if metric.unit != "s"][:_MOST]
    return [metric for metric in chosen if _has_values(metric) or metric.name in KEPT]


def whole_table(one: Table, row_name: str) -> str:
    """Return every metric as a row and the repetitions as columns, a few of them beside each other."""
    if one.rows > _MOST_WHOLE:
        return (f"<p>{one.rows} rows are too many for a page: all of them stand in the trial file, and as a table by "
                "mocap assess --csv.</p>")  # fmt: skip
    parts, own = [], _own(one.metrics)
    shown = [metric for metric in own if _has_values(metric)]
    for start in range(0, one.rows, _AT_ONCE):
        chosen = range(start, min(start + _AT_ONCE, one.rows))
        notes = Footnotes()
        rows = [[titled(metric), *cells(metric, notes, chosen)] for metric in shown]
        rows += [[escaped(metric_title(words.name)), *(_told(words.values[row]) for row in chosen)]
                 for words in _own(one.words) if words.name != "side"]  # fmt: skip
        head = [escaped(row_name.capitalize()), *(_label(one, row) for row in chosen)]
        kind = "wide metrics fold" if one.rows == 1 else "wide metrics"
        parts += [f"<div class='{kind}'>{_with_head(head, rows, ())}</div>{notes.told()}"] if rows else []
    return "".join(parts) + _without_values([metric for metric in own if not _has_values(metric)])


def other_table(one: Table) -> str:
    """Return a table beside that of the repetitions, with its heading: its rows as rows where they have names."""
    title = f"<h2>{escaped(_TABLES.get(one.name, one.name.replace('_', ' ').capitalize()))}</h2>"
    if one.rows == 1 or one.name == "sides" or not one.words or len(one.metrics) > _MOST_COLUMNS:
        return title + whole_table(one, "side" if one.name == "sides" else "")
    notes = Footnotes()
    columns = [[escaped(_titled_words(word)) for word in words.values] for words in one.words]
    columns += [cells(metric, notes) for metric in one.metrics]
    head = [*(escaped(metric_title(words.name)) for words in one.words), *map(titled, one.metrics)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return f"{title}<div class='wide'>{_with_head(head, rows, range(len(one.words)))}</div>{notes.told()}"


def _label(one: Table, row: int) -> str:
    """Return what a row of a table is called: by its side where it has one, by its number."""
    sides = next((words.values for words in one.words if words.name == "side"), None)
    if one.rows == 1:
        return "value"
    number = "" if one.name == "sides" else str(row + 1)
    return escaped(" ".join(filter(None, (number, "" if sides is None else sides[row]))))


def _told(words: str) -> str:
    """Return words of a cell; long ones may take several lines."""
    shown = escaped(plain(words))
    return shown if len(words) <= _LONG else f"<span class='words'>{shown}</span>"


def _titled_words(words: str) -> str:
    """Return words at the head of a row, those of a name with a capital: `pelvic_tilt` is "Pelvic tilt"."""
    shown = plain(words)
    return shown[:1].upper() + shown[1:] if shown != words else words


def _without_values(metrics: Sequence[Metric]) -> str:
    """Return the metrics that have no value in any row, by their reason; nothing without such."""
    by_reason: dict[str, list[str]] = {}
    for metric in metrics:
        reasons = dict.fromkeys(reason.removeprefix("withheld: ") for reason in metric.reasons)
        by_reason.setdefault("; ".join(reasons), []).append(metric_title(metric.name))
    lines = "".join(f"<p class='note'><b>{escaped(plain(reason))}</b>: {escaped('; '.join(names))}.</p>"
                    for reason, names in by_reason.items())  # fmt: skip
    return f"<h3>Withheld</h3>{lines}" if lines else ""


def _has_values(metric: Metric) -> bool:
    return bool(np.isfinite(metric.values).any())


def _own(columns: Sequence[Column]) -> list[Column]:
    """Return the columns but for the circumstances, which are the same in every row and stand above."""
    return [one for one in columns if not one.name.startswith("context_")]


def meanings(tables: Sequence[Table]) -> str:
    """Return what every metric is, each once, by its name in files; means and SDs of one are not told again."""
    known: dict[tuple[str, str], str] = {}
    named = {metric.name for one in tables for metric in one.metrics}
    for one in tables:
        for metric in _own(one.metrics):
            if metric.name.rpartition("_")[0] in named and metric.name.endswith(_SUMMARIES):
                continue
            known.setdefault((metric.column, metric.meaning), shown_unit(metric.unit) or "ratio")
        for words in _own(one.words):
            known.setdefault((words.name, words.meaning), "words")
    told: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for (name, meaning), unit in known.items():
        told.setdefault((_of_either(name), _of_either(meaning), unit), []).append((name, plain_signs(meaning)))
    rows = [[f"<code>{escaped(name)}</code>", escaped(unit), escaped(meaning)]
            for (_, _, unit), same in told.items() for name, meaning in _sides_together(same)]  # fmt: skip
    head = ["Metric, by its name in files", "Unit", "What it is"]
    return f"<div class='wide stack meanings'>{table(head, rows, (1, 2))}</div>"


def _of_either(words: str) -> str:
    """Return a name or a meaning as it is for either side."""
    return _SIDE_WORD.sub("", _SIDE.sub("_?", words))


def _sides_together(same: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return names and meanings, those of right and left as one: `onset_hip_r/l_deg`, "of the right/left side"."""
    if len(same) != 2 or _SIDE.search(same[0][0]) is None:
        return list(same)
    name, meaning = (_SIDE.sub("_r/l", words) for words in same[0])
    return [(name, _SIDE_WORD.sub(lambda found: _BOTH[found[0].lower()], meaning))]
