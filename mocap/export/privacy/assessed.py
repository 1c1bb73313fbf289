"""Events and assessments without the words of a reviewer and the names that came from outside."""

import re
from collections.abc import Mapping
from dataclasses import replace

from mocap.export.privacy.figures import may_be_figure
from mocap.export.privacy.words import Scrubber, Vocabulary
from mocap.trial import Assessment, Event, Metric, Rejected, Rule, Table, Words
from mocap.trial.decided import BY, REASON

_SOURCES = ("detected", "force_plate", "imported", "edited")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BY_REVIEWER = "taken out by a reviewer"


def event_without(event: Event, vocabulary: Vocabulary) -> Event:
    """Return an event without its note and who edited it; a label that no program is known to write becomes `event`.

    Whole labels alone are known: Bell, Long and May are words of the field too, and surnames.
    """
    label = event.label if event.label in vocabulary.events else "event"
    source = event.source if event.source in _SOURCES else "imported"
    return replace(event, label=label, source=source, note="", initials="")


def assessment_without(assessment: Assessment, scrubber: Scrubber) -> Assessment:
    """Return an assessment whose sentences hold nothing that came from outside; figures stay under names of ours."""
    is_name = scrubber.vocabulary.is_name
    settings: Mapping[str, float | str | bool] = {
        name: scrubber.scrubbed(value) if isinstance(value, str) else value
        for name, value in assessment.settings.items() if is_name(name) and may_be_figure(value)
    }  # fmt: skip
    return replace(
        assessment, task=assessment.task if is_name(assessment.task) else "",
        protocol_sha256=assessment.protocol_sha256 if _DIGEST.fullmatch(assessment.protocol_sha256) else "",
        protocol=_preset(assessment.protocol, scrubber), settings=settings,
        repetitions=_table(assessment.repetitions, scrubber),
        tables=tuple(_table(one, scrubber) for one in assessment.tables if is_name(one.name)),
        rejected=tuple(_rejected(one, scrubber) for one in assessment.rejected),
        screening=tuple(_rule(one, scrubber) for one in assessment.screening if is_name(one.name)),
        notes=scrubber.all_scrubbed(assessment.notes),
    )  # fmt: skip


def _preset(name: str, scrubber: Scrubber) -> str:
    """Keep the name of a protocol that is one of the presets."""
    return name if name in scrubber.vocabulary.labels else ""


def _rejected(one: Rejected, scrubber: Scrubber) -> Rejected:
    by_reviewer = one.reason.startswith(_BY_REVIEWER)
    return replace(one, reason=_BY_REVIEWER if by_reviewer else scrubber.scrubbed(one.reason))


def _rule(one: Rule, scrubber: Scrubber) -> Rule:
    return replace(one, numbers=scrubber.scrubbed(one.numbers), evidence=scrubber.scrubbed(one.evidence))


def _table(table: Table, scrubber: Scrubber) -> Table:
    is_name = scrubber.vocabulary.is_name
    metrics = tuple(_metric(one, scrubber) for one in table.metrics if is_name(one.name))
    words = tuple(
        Words(one.name, scrubber.scrubbed(one.meaning), tuple(_word(one.name, value, scrubber) for value in one.values))
        for one in table.words if is_name(one.name)
    )  # fmt: skip
    return replace(table, name=table.name if is_name(table.name) else "table", metrics=metrics, words=words)


def _word(name: str, value: str, scrubber: Scrubber) -> str:
    """Return a word of a table; of a decision only that it was made, not by whom and why."""
    if name in (BY, REASON):
        return ""
    return _BY_REVIEWER if value.startswith(_BY_REVIEWER) else scrubber.scrubbed(value)


def _metric(one: Metric, scrubber: Scrubber) -> Metric:
    return replace(one, meaning=scrubber.scrubbed(one.meaning), reasons=scrubber.all_scrubbed(one.reasons))
