"""The page of a batch: what became of every trial, with what has to be looked at first."""

from collections.abc import Sequence
from itertools import groupby

from mocap.batch.rows import DONE, WITHOUT_RESULT, Row
from mocap.batch.summary import closing_line, counts_of, is_trial, ordered
from mocap.report.calibration_page import whole_page
from mocap.report.page_parts import escaped, grade_badge, table

_GRADE = {"good": "good", "look": "usable"}
_TITLE = "Batch of sessions"
_NOTE = (
    "'look' has a check that does not hold: its figure stands in the trial file and is printed by mocap run. Seconds "
    "of a session's beginning, with the trials that others refer to, stand with its calibration."
)


def batch_page(rows: Sequence[Row], n_sessions: int) -> str:
    """Return the page as self-contained HTML."""
    listed = ordered(rows)
    bad = [row for row in listed if row.state in WITHOUT_RESULT]
    parts = [f"<p>{escaped(closing_line(rows, n_sessions))}.</p>", _box(rows, bad)]
    parts += ["<h2>All sessions</h2>", f"<p class='note'>{_NOTE}</p>", "<div class='wide'>"]
    for session, group in groupby(listed, key=lambda row: row.session):
        parts.append(_session(session, list(group)))
    return whole_page(_TITLE, [*parts, "</div>"])


def _box(rows: Sequence[Row], bad: Sequence[Row]) -> str:
    if not bad:
        grade = "usable" if counts_of(rows)["look"] else "good"
        return f"<div class='box {grade}'>Every trial has its result.</div>"
    lines = "".join(f"<li><b>{escaped(row.name)}</b>, {escaped(row.state)}: {escaped(row.text)}</li>" for row in bad)
    return f"<div class='box refuse'><b>{len(bad)} without a result</b><ul>{lines}</ul></div>"


def _session(name: str, rows: Sequence[Row]) -> str:
    subject = next((row.subject for row in rows if row.subject), "")
    head = ("trial", "task", "state", "checks", "made", "to look at", "s", "MB")
    cells = [_cells(row) for row in rows]
    heading = f"<h3>{escaped(name)}{f' · {escaped(subject)}' if subject else ''}</h3>"
    return heading + table(head, cells, (0, 1, 2, 3, 4, 5))


def _cells(row: Row) -> list[str]:
    verdict = grade_badge(_GRADE[row.verdict]) if row.verdict else grade_badge("refuse")
    verdict = verdict if row.trial else ""
    shown = verdict.replace(">usable<", ">look<").replace(">refuse<", f">{escaped(row.state)}<")
    timed = row.state == DONE and row.seconds > 0
    task = row.task if is_trial(row) else ""
    return [
        _whole(row.trial), _whole(task), _whole(row.state), shown, escaped(row.text),
        "<br>".join(escaped(look) for look in row.looks), f"{row.seconds:.1f}" if timed else "",
        f"{row.peak_mb:.0f}" if row.peak_mb else "",
    ]  # fmt: skip


def _whole(word: str) -> str:
    """A word that is not broken."""
    return f"<span style='white-space:nowrap'>{escaped(word)}</span>"
