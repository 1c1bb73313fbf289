"""What stands behind the findings: questions with their answers, what was not counted, settings."""

from collections.abc import Sequence

from mocap.assessment.claim_list import CLAIMS
from mocap.assessment.claims import ClaimAnswer, claim_answers
from mocap.assessment.edits import BY_REVIEWER
from mocap.report.assessment.figures import metric_title
from mocap.report.assessment.plain_words import plain
from mocap.report.page_parts import escaped, table
from mocap.trial import Assessment, Rejected

_MARKS = {"supported": "\u25cf", "not supported": "\u25cb", "not assessable": "\u2013"}


def screening_part(assessment: Assessment) -> str:
    """Return each rule with its answer, numbers and evidence; nothing without rules."""
    if not assessment.screening:
        return ""
    rows = [
        [escaped(rule.name.replace("_", " ").capitalize()),
         f"<span class='answer'>{_MARKS[rule.answer]}\u00a0{escaped(rule.answer)}</span>", escaped(plain(rule.numbers)),
         escaped(plain(rule.evidence))]
        for rule in assessment.screening
    ]  # fmt: skip
    return (
        "<h2>What could limit the movement, question by question</h2><p class='note'>Each question stands for itself; "
        "the answers are never merged into one label. Not assessable: what would be needed stands beside it.</p>"
        f"<div class='wide stack'>{table(['Question', 'Answer', 'Numbers', 'Evidence'], rows, (1, 2, 3))}</div>"
    )


def claims_part(assessments: Sequence[Assessment]) -> str:
    """Return what is often asked of squats and hinges, and what of it these assessments answer."""
    asked = {pattern.partition(".")[0] for claim in CLAIMS for pattern in claim.columns}
    if not any(one.task in asked and one.repetitions.rows for one in assessments):
        return ""
    rows = [
        [str(one.claim.number), escaped(one.claim.question), escaped(one.answer), escaped(_told(one))]
        for one in claim_answers(assessments, CLAIMS)
    ]
    return (
        "<h2>What is often asked of squats and hinges</h2><p class='note'>Whether this trial's figures speak to each "
        "question; the figures themselves stand above. In part, surrogate, not assessable: why stands beside it.</p>"
        f"<div class='wide stack'>{table(['No.', 'Question', 'Answer', 'Limits'], rows, (1, 2, 3))}</div>"
    )


def _told(one: ClaimAnswer) -> str:
    """Return what limits an answer: what always does, else the first thing that is lacking here."""
    lacking = "" if one.claim.kind == "not assessable" or not one.lacking else _lacking(one.lacking[0])
    return "; ".join(part for part in (one.claim.note, lacking) if part)


def _lacking(words: str) -> str:
    """Return what is lacking in words: `squat.lumbar_bottom: why` is "Lumbar bottom: why"."""
    column, colon, why = words.partition(": ")
    task, dot, name = column.partition(".")
    if not (colon and dot) or " " in name:
        return plain(words)
    return f"{metric_title(name.removesuffix('_*'))} ({task.replace('_', ' ')}): {plain(why)}"


def rejected_part(assessment: Assessment) -> str:
    """Return the candidates that were not counted, with their times and reasons."""
    if not assessment.rejected:
        return ""
    rows = [[_time(one.start_s), _time(one.bottom_s), _time(one.end_s), escaped(_why(one.reason))]
            for one in sorted(assessment.rejected, key=_instant)]  # fmt: skip
    head = ["Start (s)", "Lowest (s)", "End (s)", "Why it is not counted"]
    return f"<h2>Not counted</h2><div class='wide'>{table(head, rows, (3,))}</div>"


def _why(reason: str) -> str:
    """Return a reason in words; those of a reviewer as they were written."""
    by, colon, own = reason.partition(BY_REVIEWER)
    return f"{colon}{own}" if colon and not by else plain(reason)


def protocol_part(assessment: Assessment) -> str:
    """Return the settings by their names, with the hash by which results are known to be comparable."""
    rows = [[f"<code>{escaped(name)}</code>", escaped(_setting(value))]
            for name, value in assessment.settings.items()]  # fmt: skip
    name = escaped(assessment.protocol or assessment.task)
    sha = f"<p>SHA-256 of the settings: <code class='sha'>{escaped(assessment.protocol_sha256)}</code></p>"
    return (
        f"<h2>Protocol {name}</h2>{sha if assessment.protocol_sha256 else ''}"
        "<p class='note'>Results made with other settings are not to be compared. Meaning, unit and source of each "
        f"setting stand in the protocol's file.</p><div class='settings'>{table(['Setting', 'Value'], rows)}</div>"
    )


def _setting(value: float | str | bool) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _time(value: float) -> str:
    return f"{value:.2f}" if value == value else "\u2013"


def _instant(one: Rejected) -> float:
    return next((at for at in (one.start_s, one.bottom_s, one.end_s) if at == at), 0.0)
