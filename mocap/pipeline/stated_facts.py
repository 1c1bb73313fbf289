"""What a user states of a trial after its recording: who, when, and under which circumstances."""

from collections.abc import Mapping
from dataclasses import replace

from mocap.assessment.statistics.measured import day_of, is_day
from mocap.config.circumstances import checked_circumstances
from mocap.errors import ConfigError
from mocap.trial import Trial

_FIELDS = ("subject", "date", "operator", "site")
_LONGEST = 64


def with_facts(trial: Trial, facts: Mapping[str, str], where: str) -> Trial:
    """Return a trial with what is stated of it; an empty text takes back what was stated.

    Parameters
    ----------
    trial : Trial
    facts : mapping of str to str
        `subject` (a code), `date` (ISO 8601), `operator`, `site`; all others are circumstances: `load_kg`, ...
    where : str
        What to name in a refusal.

    Raises
    ------
    ConfigError
        CONFIG_KEY, CONFIG_VALUE
    """
    if not facts:
        return trial
    known = {name: _field(name, text, where) for name, text in facts.items() if name in _FIELDS}
    rest = {name: text for name, text in facts.items() if name not in _FIELDS}
    kept = {name: value for name, value in trial.context.items() if name not in rest}
    stated = checked_circumstances({name: text for name, text in rest.items() if text}, where, _FIELDS)
    return replace(
        trial, context={**kept, **stated}, subject_code=known.get("subject", trial.subject_code),
        created_utc=known.get("date", trial.created_utc), operator=known.get("operator", trial.operator),
        site=known.get("site", trial.site),
    )  # fmt: skip


def stale_tasks(before: Trial, after: Trial, task: str) -> tuple[str, ...]:
    """Return the tasks, but for this one, whose assessments rest on circumstances or a subject that have changed."""
    if (before.subject_code, before.context) == (after.subject_code, after.context):
        return ()
    return tuple(one.task for one in before.assessments if one.task != task)


def _field(name: str, text: str, where: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise ConfigError(
            f"{where}: {name} is longer than {_LONGEST} characters, or not plain text.", "Give a short code.",
            code="CONFIG_VALUE",
        )  # fmt: skip
    if name == "date" and text and not is_day(day_of(text)):
        raise ConfigError(f"{where}: date = {text} is no date.", "Write it as 2026-03-01.", code="CONFIG_VALUE")
    return text
