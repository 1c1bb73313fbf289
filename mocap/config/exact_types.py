"""Values of another type than the one that was declared: text for a number, a number for a yes or no."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_SCALARS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
#: A whole number is a number; nothing else is taken for another type.
_TAKEN: dict[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int), str: (str,)}


class Mistyped(NamedTuple):
    """A value that is not of the declared type: the keys that lead to it, what it is, what is expected."""

    place: tuple[str, ...]
    value: Any
    expected: str


def mistyped(hint: Any, value: Any, place: tuple[str, ...] = ()) -> Iterator[Mistyped]:
    """Find what has another type than was declared, at any depth; what is missing or unknown is told elsewhere.

    Parameters
    ----------
    hint : type
        A dataclass, a scalar, a tuple, list or mapping of these, or a union. Other types are not looked into.
    value
        As read from a TOML file.
    place : tuple of str
        The keys that lead to the value.
    """
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    fitting = [option for option in options if _fits(option, value)]
    if not fitting:
        yield Mistyped(place, value, " or ".join(_words(option) for option in options if option is not type(None)))
        return
    # Of several that fit as a whole the one with the fewest faults was meant.
    yield from min((list(_inside(option, value, place)) for option in fitting), key=len)


def _inside(hint: Any, value: Any, place: tuple[str, ...]) -> Iterator[Mistyped]:
    arguments = typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        for name, inner in typing.get_type_hints(hint).items():
            if name in value:
                yield from mistyped(inner, value[name], (*place, name))
    elif isinstance(value, Mapping) and len(arguments) == 2:
        for key, inner in value.items():
            yield from mistyped(arguments[1], inner, (*place, str(key)))
    elif isinstance(value, list | tuple) and arguments:
        alike = len(arguments) == 1 or arguments[-1] is Ellipsis
        for number, inner in enumerate(value):
            if alike or number < len(arguments):
                yield from mistyped(arguments[0 if alike else number], inner, (*place, str(number)))


def _fits(hint: Any, value: Any) -> bool:
    """Whether a value, without what is in it, is of a type; types that are not known here are left to others."""
    if hint is type(None):
        return value is None
    if hint in _TAKEN:
        return type(value) in _TAKEN[hint]
    kind = typing.get_origin(hint) or hint
    if kind in (tuple, list):
        return isinstance(value, list | tuple)
    if kind in (dict, Mapping):
        return isinstance(value, Mapping)
    return not dataclasses.is_dataclass(hint) or isinstance(value, Mapping | hint)


def _words(hint: Any) -> str:
    if hint in _SCALARS:
        return _SCALARS[hint]
    kind = typing.get_origin(hint) or hint
    if kind in (tuple, list):
        return "a list"
    if kind in (dict, Mapping) or dataclasses.is_dataclass(hint):
        return "a table"
    return getattr(hint, "__name__", str(hint)).lower()
