"""Protocols: all thresholds of an assessment as named settings, each with its unit, meaning and source.

The presets in `configs/protocols` are whole; a file of the lab's own names the preset it is `based_on` and what is
other. Results under other settings are not the same measurement: the digest tells.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mocap.config.build import read_toml
from mocap.config.presets import preset_path
from mocap.errors import ConfigError

Value = float | int | bool | str
_HEAD = {"description", "based_on", "task"}
_KEYS = {"value", "unit", "meaning", "source"}


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes
    ----------
    value : float, int, bool or str
    unit, meaning : str
    source : str
        Where the value comes from: a paper, or `ours`.
    """

    value: Value
    unit: str
    meaning: str
    source: str


@dataclass(frozen=True)
class Protocol:
    """The settings of one task.

    Attributes
    ----------
    name, task, description : str
    sections : mapping of str to mapping of str to Setting
    """

    name: str
    task: str
    description: str
    sections: Mapping[str, Mapping[str, Setting]]

    def section(self, name: str) -> dict[str, Value]:
        """Return the values of a section by name, to build the settings of a stage from."""
        if name not in self.sections:
            raise ConfigError(
                f"Protocol '{self.name}' has no section [{name}].", "Base it on a preset, which is whole.",
                code="PROTOCOL_SECTION",
            )  # fmt: skip
        return {key: setting.value for key, setting in self.sections[name].items()}

    @property
    def values(self) -> Mapping[str, Value]:
        """All values by `section.name`."""
        return MappingProxyType({
            f"{section}.{name}": one.value for section, inner in self.sections.items() for name, one in inner.items()
        })  # fmt: skip

    @property
    def sha256(self) -> str:
        """Digest of task and values: that of results which may be compared."""
        told = json.dumps([self.task, sorted(self.values.items())])
        return hashlib.sha256(told.encode()).hexdigest()


def read_protocol(task: str, chosen: str | None = None, changes: Mapping[str, str] | None = None) -> Protocol:
    """Return the settings of a task.

    Parameters
    ----------
    task : str
        Its preset has its name.
    chosen : str, optional
        Another preset, or a file ending in `.toml`.
    changes : mapping of str to str, optional
        Texts of values by `section.name`, as from a command line.

    Raises
    ------
    ConfigError
        PRESET_UNKNOWN, PROTOCOL (what is wrong with a file), PROTOCOL_TASK, CONFIG_KEY, CONFIG_VALUE.
    SourceError
        FILE_MISSING
    """
    made = _own(Path(chosen)) if chosen and chosen.lower().endswith(".toml") else _preset(chosen or task)
    if made.task != task:
        raise ConfigError(
            f"Protocol '{made.name}' is for the task {made.task}, not {task}.", f"Choose --task {made.task}.",
            code="PROTOCOL_TASK",
        )  # fmt: skip
    return _changed(made, changes or {}, "on the command line") if changes else made


def _preset(name: str) -> Protocol:
    path = preset_path("protocols", name)
    content = read_toml(path)
    sections = {
        section: MappingProxyType({key: _setting(f"{section}.{key}", told, path.name) for key, told in inner.items()})
        for section, inner in content.items() if section not in _HEAD
    }  # fmt: skip
    return Protocol(name, str(content["task"]), str(content["description"]), MappingProxyType(sections))


def _setting(name: str, told: Any, file: str) -> Setting:
    if not isinstance(told, dict) or set(told) != _KEYS:
        raise ConfigError(
            f"{file}: [{name}] does not have exactly {', '.join(sorted(_KEYS))}.", "Give these four.", code="PROTOCOL"
        )
    return Setting(told["value"], str(told["unit"]), str(told["meaning"]), str(told["source"]))


def _own(path: Path) -> Protocol:
    """Return a preset with what a file of the lab's own says otherwise."""
    content = read_toml(path)
    base = content.get("based_on")
    if not isinstance(base, str):
        raise ConfigError(
            f"{path.name} does not say which preset it is based on.", 'Begin it with: based_on = "squat".',
            code="PROTOCOL",
        )  # fmt: skip
    made = replace(_preset(base), name=path.stem, description=str(content.get("description", "")))
    changes: dict[str, Any] = {}
    for section, inner in content.items():
        if section in _HEAD:
            continue
        if not isinstance(inner, dict):
            raise ConfigError(f"{path.name}: '{section}' is no section.", f"Write [{section}].", code="PROTOCOL")
        for key, told in inner.items():
            changes[f"{section}.{key}"] = told["value"] if isinstance(told, dict) and "value" in told else told
    return _changed(made, changes, path.name)


def _changed(made: Protocol, changes: Mapping[str, Any], where: str) -> Protocol:
    sections = {section: dict(inner) for section, inner in made.sections.items()}
    for name, told in changes.items():
        section, _, key = name.partition(".")
        if key not in sections.get(section, {}):
            near = difflib.get_close_matches(name, made.values, n=1)
            raise ConfigError(
                f"{where}: there is no setting '{name}' in the protocol of {made.task}.",
                f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(made.values)}.",
                code="CONFIG_KEY",
            )
        before = sections[section][key]
        sections[section][key] = replace(before, value=_like(before.value, told, name, where), source=where)
    return replace(made, sections=MappingProxyType({one: MappingProxyType(inner) for one, inner in sections.items()}))


def _like(before: Value, told: Any, name: str, where: str) -> Value:
    """Return a value of the kind of the preset's, or refuse it."""
    try:
        if isinstance(before, bool):
            return {"true": True, "false": False}[str(told).lower()]
        if isinstance(told, bool):
            raise ValueError(told)
        if isinstance(before, str):
            return str(told)
        number = float(told)
        if number != number or abs(number) == float("inf"):
            raise ValueError(told)
        return int(number) if isinstance(before, int) and number == int(number) else number
    except (ValueError, TypeError, KeyError) as error:
        kind = "true or false" if isinstance(before, bool) else "a word" if isinstance(before, str) else "a number"
        raise ConfigError(
            f"{where}: '{name}' is {told!r}.", f"Give {kind}, such as {before}.", code="CONFIG_VALUE"
        ) from error
