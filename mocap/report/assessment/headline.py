"""What an assessment found, in a few sentences: how many repetitions, what was detected, what is withheld and why."""

from collections.abc import Sequence

import numpy as np

from mocap.report.assessment.figures import digits_of, listed, metric_title, told
from mocap.report.assessment.plain_words import plain
from mocap.report.page_parts import escaped
from mocap.report.verdict_part import check_name
from mocap.trial import Assessment, Metric, Table, Trial

#: What a row of the table is, by task.
ROWS = {"gait": "cycle", "knee_to_wall": "lunge", "balance": "stand"}
USE = "For research and training; not for diagnosis. It tells amount, timing, uncertainty and context of a movement."
_MANY = 3


def row_name(task: str) -> str:
    """Return what a row of the repetitions of a task is called."""
    return ROWS.get(task, "repetition")


def headline_part(assessment: Assessment, trial: Trial) -> str:
    """Return the sentences as a box."""
    lines = [_counted(assessment), *_walk(assessment), *_tuck(assessment), *_quality(trial), *_withheld(assessment)]
    items = "".join(f"<li>{line}</li>" for line in lines)
    kind = "good" if assessment.repetitions.rows else "usable"
    return f'<div class="box {kind}"><ul class="plain">{items}</ul><p class="use">{USE}</p></div>'


def notes_part(assessment: Assessment) -> str:
    """Return what was left out, withheld or assumed; nothing where nothing was."""
    notes = "".join(f"<li>{escaped(plain(note))}</li>" for note in assessment.notes)
    return f"<h3>Notes</h3><ul class='plain'>{notes}</ul>" if notes else ""


def _counted(assessment: Assessment) -> str:
    name, n, out = row_name(assessment.task), assessment.repetitions.rows, len(assessment.rejected)
    found = f"<b>{n or 'No'} {name}{'' if n == 1 else 's'}</b>"
    if not out:
        return f"{found}; no candidate was rejected."
    return f"{found}; {out} candidate{'' if out == 1 else 's'} rejected, with the reason below."


def _walk(assessment: Assessment) -> list[str]:
    """Say how somebody walks: speed and cadence of each side, and the score against the norm."""
    sides, scores = assessment.table("sides"), assessment.table("scores")
    if sides is None or not all(sides.has(name) for name in ("cycles", "speed_mean", "cadence_mean")):
        return []
    each = [
        f"{escaped(side)} {sides['cycles'].values[row]:.0f} cycles, {told(sides['speed_mean'], row, unit=True)}, "
        f"{told(sides['cadence_mean'], row, unit=True)}"
        for row, side in enumerate(sides.told("side")) if sides["cycles"].values[row]
    ]  # fmt: skip
    lines = [f"Speed and cadence: {'; '.join(each)}."] if each else []
    if scores is not None and scores.has("gps_overall"):
        gps = scores["gps_overall"]
        known = np.isfinite(gps.values[0])
        lines.append(f"Gait profile score: {told(gps, 0, unit=True)}." if known else
                     f"<b>Gait profile score: withheld</b> \u2013 {escaped(_first(gps.reasons))}.")  # fmt: skip
    return lines


def _tuck(assessment: Assessment) -> list[str]:
    """Say of which repetitions a tuck of the pelvis was detected."""
    table = assessment.repetitions
    if not table.rows or not table.has("wink_magnitude"):
        return []
    magnitude = table["wink_magnitude"]
    onset = table["wink_onset_depth"] if table.has("wink_onset_depth") else None
    grades = table.told("grade") if any(words.name == "grade" for words in table.words) else ("",) * table.rows
    seen = [row for row in range(table.rows) if _detected(magnitude, grades, row)]
    measured = [row for row in range(table.rows) if np.isfinite(magnitude.values[row])]
    if not measured:
        return [f"<b>Tuck of the pelvis: withheld</b> \u2013 {escaped(_first(magnitude.reasons))}."]
    if not seen:
        return [f"<b>Tuck of the pelvis: detected in none</b> of {len(measured)} repetitions that show the tilt; "
                f"{_limit(table, measured)}."]  # fmt: skip
    words = [_one_tuck(magnitude, onset, row) for row in seen[:_MANY]]
    more = f"; {len(seen) - _MANY} more in the table" if len(seen) > _MANY else ""
    return [
        f"<b>Tuck of the pelvis: detected in {len(seen)} of {len(measured)}</b> repetitions that show the tilt: "
        f"{'; '.join(words)}{more}.{_others(table, [row for row in measured if row not in seen])}"
    ]


def _others(table: Table, rows: Sequence[int]) -> str:
    """Return a sentence on the repetitions without a tuck."""
    if not rows:
        return ""
    numbers = listed([str(row + 1) for row in rows])
    return f" None in repetition{'s' if len(rows) > 1 else ''} {numbers}; {_limit(table, rows)}."


def _limit(table: Table, rows: Sequence[int]) -> str:
    """Return what the smallest tuck is that would have been seen."""
    if not table.has("wink_detectable"):
        return "what lies below the limit of detection is not told"
    limits = table["wink_detectable"].values[list(rows)]
    known = limits[np.isfinite(limits)]
    if not len(known):
        return "the smallest that would have been seen is not known"
    return f"the smallest that would have been seen there: {known.max():.1f}\u00a0deg"


def _one_tuck(magnitude: Metric, onset: Metric | None, row: int) -> str:
    words = f"repetition {row + 1}: {told(magnitude, row, digits_of(magnitude), unit=True)}"
    if onset is None or not np.isfinite(onset.values[row]):
        return f"{words}, without a definable onset"
    return f"{words}, onset at depth {told(onset, row, digits_of(onset))}"


def _detected(magnitude: Metric, grades: Sequence[str], row: int) -> bool:
    return bool(np.isfinite(magnitude.values[row])) and not grades[row].startswith(("0", "withheld"))


def _withheld(assessment: Assessment) -> list[str]:
    """Say which metrics have no value in any repetition, by their reason."""
    table, reasons = assessment.repetitions, dict[str, list[str]]()
    for metric in table.metrics if table.rows else ():
        if not np.isfinite(metric.values).any() and metric.reasons[0].startswith("withheld"):
            reasons.setdefault(_first(metric.reasons), []).append(metric_title(metric.name))
    if table.has("wink_magnitude"):  # it has a line of its own
        reasons.pop(_first(table["wink_magnitude"].reasons), None)
    lines = []
    for reason, names in reasons.items():
        unique = list(dict.fromkeys(name.removesuffix(", right").removesuffix(", left") for name in names))
        shown = listed([escaped(name if name[:2].isupper() else name[:1].lower() + name[1:])
                        for name in unique[:_MANY]])  # fmt: skip
        more = f" and {len(unique) - _MANY} more" if len(unique) > _MANY else ""
        lines.append(f"<b>Withheld</b>: {shown}{more} \u2013 {escaped(reason)}.")
    return lines


def _quality(trial: Trial) -> list[str]:
    """Say how many checks of the recording hold, and which do not."""
    if not trial.quality:
        return []
    failed = [check_name(verdict.name) for verdict in trial.quality if not verdict.passed]
    held = f"{len(trial.quality) - len(failed)} of {len(trial.quality)} checks of the recording hold"
    look = f" Checks to look at: {escaped(', '.join(failed))}." if failed else ""
    return [f"<b>Quality</b>: {held}.{look}"]


def _first(reasons: Sequence[str]) -> str:
    told = next((reason for reason in reasons if reason), "no reason is stored")
    return plain(told.removeprefix("withheld: ").rstrip("."))
