"""Which questions the assessments of a person answer, by which columns, and what is lacking for the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.trial import Assessment, Table, Words

KINDS = ("measured", "surrogate", "in part", "not assessable")


@dataclass(frozen=True)
class Claim:
    """One question.

    Attributes
    ----------
    number : int
    question : str
    columns : tuple of str
        `task.column` (`*` at the end: both sides), or `task.rule NAME`, that answer it together.
    kind : str
        Of `KINDS`: what a motion-capture lab can say of it at best.
    note : str
        What limits the answer, or how to get it.
    """

    number: int
    question: str
    columns: tuple[str, ...]
    kind: str = "measured"
    note: str = ""


@dataclass(frozen=True)
class ClaimAnswer:
    """What the assessments tell of a question.

    Attributes
    ----------
    claim : Claim
    found : tuple of str
        Its columns that have a value.
    lacking : tuple of str
        Those that have none, each with the reason.
    """

    claim: Claim
    found: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def answer(self) -> str:
        """Its kind where all columns are there; else `not computed`, or `computed in part` where some are."""
        if self.claim.kind == "not assessable" or not self.lacking:
            return self.claim.kind
        return "computed in part" if self.found else "not computed"


def claim_answers(assessments: Sequence[Assessment], claims: Sequence[Claim]) -> tuple[ClaimAnswer, ...]:
    """Return which questions are answered.

    Parameters
    ----------
    assessments : sequence of Assessment
        Of one person; of several of a task any may have a value.
    claims : sequence of Claim
        `mocap.assessment.claim_list.CLAIMS`.
    """
    by_task: dict[str, list[Assessment]] = {}
    for one in assessments:
        by_task.setdefault(one.task, []).append(one)
    return tuple(_answer(claim, by_task) for claim in claims)


def claims_table(answers: Sequence[ClaimAnswer]) -> Table:
    """Return the answers as a table of words, one row per question."""
    return Table(
        "claims",
        len(answers),
        words=(
            Words("number", "Number of the question", tuple(str(one.claim.number) for one in answers)),
            Words("question", "What is asked", tuple(one.claim.question for one in answers)),
            Words("answer", "Whether its columns have values", tuple(one.answer for one in answers)),
            Words("columns", "Columns that answer it", tuple(", ".join(one.found) for one in answers)),
            Words("lacking", "Columns without a value, and why", tuple("; ".join(one.lacking) for one in answers)),
            Words("note", "What limits the answer", tuple(one.claim.note for one in answers)),
        ),
    )


def expanded(column: str) -> tuple[str, ...]:
    """Return the names that a column stands for: both sides where it ends in `*`."""
    return (f"{column[:-1]}r", f"{column[:-1]}l") if column.endswith("*") else (column,)


def _answer(claim: Claim, by_task: Mapping[str, Sequence[Assessment]]) -> ClaimAnswer:
    found, lacking = [], []
    for column in (name for pattern in claim.columns for name in expanded(pattern)):
        task, _, name = column.partition(".")
        why = _why_not(by_task.get(task, ()), task, name)
        if why:
            lacking.append(f"{column}: {why}")
        else:
            found.append(column)
    return ClaimAnswer(claim, tuple(found), tuple(lacking))


def _why_not(assessments: Sequence[Assessment], task: str, name: str) -> str:
    """Return why a column has no value in any assessment of a task; empty where it has one."""
    if not assessments:
        return f"no assessment of the task {task}"
    reasons = [_lack(one, name) for one in assessments]
    return "" if "" in reasons else reasons[-1]


def _lack(made: Assessment, name: str) -> str:
    if name.startswith("rule "):
        answers = {rule.name: rule.answer for rule in made.screening}
        return "" if answers.get(name[5:], "not assessable") != "not assessable" else "the rule is not assessable"
    for table in (made.repetitions, *made.tables):
        if table.has(name) and len(table[name].values):
            metric = table[name]
            if np.isfinite(metric.values).any():
                return ""
            return next((reason for reason in metric.reasons if reason), "no value")
        if any(one.name == name and any(one.values) for one in table.words):
            return ""
    return "not stated" if name.startswith("context_") else "not computed"
