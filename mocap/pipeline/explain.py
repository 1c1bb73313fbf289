"""Every value of a session as it is in effect, with where it came from: the recipe of `mocap config --explain`."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mocap.config.cohort import cohort_file
from mocap.config.session import Session, read_session, session_content
from mocap.config.toml_lines import line_of, toml_lines
from mocap.pipeline.session_assessment import session_assessment
from mocap.pipeline.session_inputs import cohort_sources
from mocap.pipeline.session_options import stage_options
from mocap.pipeline.step_record import DEFAULT, SESSION, plain, setting_rows
from mocap.pipeline.steps_of_commands import assessment_rows
from mocap.trial import SettingRow

_SECTIONS = ("session", "calibration", "cameras", "sync", "keypoints", "static", "consent", "trial")


def explained(folder: Path) -> tuple[SettingRow, ...]:
    """Return a row for each value of a session: its section, key, value as JSON, and source.

    The source is `default`, `session.toml line N`, `cohort.csv line N`, or the protocol of an assessment.

    Raises
    ------
    SourceError, ConfigError, KinematicsError
        As `read_session` and the options of the stages do.
    """
    session = read_session(folder)
    content, _ = session_content(folder)
    lines = toml_lines((folder / "session.toml").read_text(encoding="utf-8-sig"))
    sources = cohort_sources(folder)

    def source_of(key: str) -> str:
        if key in sources:
            return sources[key]
        line = line_of(lines, key) if _is_stated(content, key) else None
        return f"{SESSION} line {line}" if line else SESSION if _is_stated(content, key) else DEFAULT

    rows = [SettingRow(*_split(key), _json(value), source_of(key)) for key, value in _values(session)]
    return (*_named(rows, session), *_option_rows(session, source_of), *_protocol_rows(session, folder))


def explained_from(folder: Path) -> str:
    """Return the files that the values of a session come from, in words."""
    table = cohort_file(folder)
    return f"{folder / 'session.toml'}{f', {table}' if table else ''}"


def _values(session: Session) -> Iterator[tuple[str, Any]]:
    for section in _SECTIONS:
        value = getattr(session, section)
        if value is not None:
            yield from _flat(section, value)


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the single values of a section, by their keys with dots between."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            yield from _flat(f"{key}.{one.name}", getattr(value, one.name))
    elif isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif isinstance(value, tuple) and any(dataclasses.is_dataclass(one) for one in value):
        for number, inner in enumerate(value):
            yield from _flat(f"{key}.{number}", inner)
    else:
        yield key, value


def _is_stated(content: Any, key: str) -> bool:
    for part in key.split("."):
        if isinstance(content, list) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        elif isinstance(content, Mapping) and part in content:
            content = content[part]
        else:
            return False
    return True


def _named(rows: list[SettingRow], session: Session) -> Iterator[SettingRow]:
    """Trials by their names in place of their numbers."""
    for row in rows:
        if row.stage == "trial":
            number, _, rest = row.option.partition(".")
            row = dataclasses.replace(row, option=f"{session.trial[int(number)].name}.{rest}")
        yield row


def _option_rows(session: Session, source_of: Any) -> Iterator[SettingRow]:
    options = stage_options(session)
    for stage in ("calibration", "reconstruction", "filter", "kinematics", "assessment"):
        stated = {key: source_of(f"options.{stage}.{key}") for key in session.options.get(stage, {})}
        yield from setting_rows(f"options.{stage}", getattr(options, stage), stated, SESSION)
        if stage == "kinematics":
            where = stated.get("marker_set", "found from the labels")
            yield SettingRow("options.kinematics", "marker_set", _json(options.marker_set), where)


def _protocol_rows(session: Session, folder: Path) -> Iterator[SettingRow]:
    assessment = session_assessment(stage_options(session).assessment, folder)
    tasks = {one.task for one in session.trial}
    for task, protocol in assessment.protocols.items():
        if task in tasks:
            yield from assessment_rows(protocol, {})


def _split(key: str) -> tuple[str, str]:
    section, _, rest = key.partition(".")
    return section, rest


def _json(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, default=str)
