"""Turn the content of a TOML file into frozen dataclasses, and say everything that is wrong with it at once."""

import dataclasses
import difflib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from calibration.text_files import read_limited
from calibration.toml_files import MOST_BYTES, parse_toml
from mocap.config.exact_types import mistyped
from mocap.errors import ConfigError, MocapError, SourceError

Built = TypeVar("Built")
_STRICT = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
_EXAMPLES = {"session.toml": "the README shows a whole session file"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument"}
_UNKNOWN = {"unexpected_keyword_argument", "extra_forbidden"}


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    SourceError
        When the file is missing or cannot be read.
    ConfigError
        When it is not TOML; the parser's line and column are in the cause.
    """
    try:
        return parse_toml(read_limited(path, MOST_BYTES))
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}.", "Check the path.", code="FILE_MISSING"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", "Mend that line: an unclosed quote or bracket is usual.", code="TOML"
        ) from error


def build(
    cls: type[Built], content: Mapping[str, Any], source: str, section: str = "", example: str = "", typed: bool = True
) -> Built:
    """Return `cls(**content)` with checked keys and types.

    Parameters
    ----------
    cls : type
        A frozen dataclass, whose fields may be dataclasses, tuples and mappings.
    content : mapping
        As read from the file.
    source : str
        File name for the error.
    section : str
        Where in the file the content stands, such as `options.reconstruction`.
    example : str
        Where a whole file of that kind is shown, for the remedy.
    typed : bool
        The values have types, as those of a TOML file: none is made of another. Text of a command line has none.

    Raises
    ------
    ConfigError
        Lists every unknown key with its section and the nearest valid one, and every wrong value.
    """
    wrong = list(mistyped(cls, content)) if typed else []
    faults: list[Any] = []
    cause: pydantic.ValidationError | None = None
    try:
        built = pydantic.TypeAdapter(_strict(cls)).validate_python(dict(content))
    except pydantic.ValidationError as error:
        told = [one.place for one in wrong]
        found = [(_place(fault, content), fault) for fault in error.errors(include_url=False)]
        # A table is no text: where it was meant for one of several kinds, it is not told of the others.
        places = [(loc, fault) for loc, fault in found if not _other_kind(loc, fault)]
        # A section's own check says little of values that are not what it takes them for.
        faults = [(loc, fault) for loc, fault in places if not any(loc[: len(one)] == one or not loc for one in told)]
        cause = error
    if not wrong and cause is None:
        return built
    causes = [_describe(cls, loc, fault, section) for loc, fault in faults]
    causes += [f"{_named(one.place, section)} is {one.value!r}: expected {one.expected}" for one in wrong]
    code = "CONFIG_KEY" if faults and faults[0][1]["type"] in _UNKNOWN else "CONFIG_VALUE"
    shown = example or _EXAMPLES.get(source, "")
    remedy = f"Mend these entries{'; ' if shown else ''}{shown}."
    raise ConfigError(f"{source}: {'; '.join(causes)}.", remedy, code=code) from cause


def _named(place: Sequence[str], section: str) -> str:
    where = ".".join(part for part in (section, *place[:-1]) if part) or "top level"
    return f"'{place[-1]}' in [{where}]"


def _strict(cls: type) -> Any:
    if hasattr(cls, "__pydantic_config__") or not dataclasses.is_dataclass(cls):
        return cls
    return pydantic.dataclasses.dataclass(cls, config=_STRICT, frozen=True)


def _place(fault: Any, content: Any) -> tuple[str, ...]:
    """The keys that lead to a fault; the checker also counts the kinds of value that a key may have."""
    place = []
    for part in fault["loc"]:
        if (isinstance(content, Mapping) and part in content) or (isinstance(content, list) and isinstance(part, int)):
            content = content[part]
        elif fault["type"] not in _MISSING or part is not fault["loc"][-1]:
            continue
        place.append(str(part))
    return tuple(place)


def _other_kind(place: tuple[str, ...], fault: Any) -> bool:
    return len(place) < len(fault["loc"]) and fault["type"] == "string_type" and isinstance(fault["input"], Mapping)


def _describe(cls: type, loc: Sequence[str], fault: Any, section: str) -> str:
    place = list(loc)
    by_own_check = fault["type"] == "value_error" and isinstance(fault["input"], Mapping)
    if not place or by_own_check:  # the section as a whole
        where = ".".join(part for part in (section, *place) if part)
        return f"[{where or 'top level'}]: {_message(fault)}"
    key, parents = place[-1], place[:-1]
    where = ".".join([part for part in [section, *parents] if part]) or "top level"
    if fault["type"] in _UNKNOWN:
        known = sorted(_known_keys(cls, parents))
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        return f"unknown key '{key}' in [{where}], {hint}"
    if fault["type"] in _MISSING:
        return f"[{where}] lacks the key '{key}'"
    return f"{_named(place, section)} is {fault['input']!r}: {_message(fault)}"


def _message(fault: Any) -> str:
    error = fault.get("ctx", {}).get("error")
    # Of an error of our own the cause alone: the whole file has a remedy.
    return error.cause.rstrip(".") if isinstance(error, MocapError) else fault["msg"].removeprefix("Value error, ")


def _known_keys(cls: type, parents: list[str]) -> list[str]:
    """Field names of the dataclass that the path `parents` leads to."""
    for part in parents:
        if part.isdigit():
            continue
        hint = typing.get_type_hints(cls).get(part)
        cls = next((kind for kind in _kinds(hint) if isinstance(kind, type) and dataclasses.is_dataclass(kind)), cls)
    return [field.name for field in dataclasses.fields(cls)]


def _kinds(hint: Any) -> list[Any]:
    """A type and those that it is made of, at any depth."""
    return [hint, *(kind for inner in typing.get_args(hint) for kind in _kinds(inner))]
