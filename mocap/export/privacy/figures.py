"""Which figures may stay, by the name that somebody gave them: what was measured, never what somebody is known by."""

from collections.abc import Mapping
from typing import Any

from mocap.export.privacy.words import Vocabulary

_SIDES = ("_l", "_r")
# Methods that are called after their authors may be told where a method is meant, and nowhere else.
_METHOD = "static_hip_centre"
# A figure without a unit is a number of something, perhaps of a person.
_UNITS = frozenset((
    "m", "mm", "cm", "kg", "deg", "rad", "rad2", "m2", "s", "ms", "hz", "px", "pct", "percent", "n", "nm", "ratio",
    "factor", "sd", "version",
))  # fmt: skip
_LARGEST = 1e5  # six digits and more may be somebody's number


def may_be_told(name: str, value: Any, vocabulary: Vocabulary) -> bool:
    """Return whether what stands under a name tells nothing of a person: a measure, or words of the field.

    Parameters
    ----------
    name : str
        As somebody wrote it: `load_kg`, `footwear`, `patient_number`.
    value : float, str, bool, None, or lists and mappings of them
    vocabulary : Vocabulary
    """
    if not is_known(name, vocabulary):
        return False
    if isinstance(value, Mapping):
        return all(isinstance(inner, str) and may_be_told(inner, one, vocabulary) for inner, one in value.items())
    if isinstance(value, list | tuple):
        return all(may_be_told(name, one, vocabulary) for one in value)
    if isinstance(value, str):
        return value in vocabulary.methods if _bare(name) == _METHOD else vocabulary.is_plain(value)
    return may_be_figure(value)


def may_be_figure(value: Any) -> bool:
    """Return whether a number is none by which somebody is known; anything else passes."""
    return isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) >= _LARGEST


def _bare(name: str) -> str:
    return name[:-2] if name.endswith(_SIDES) else name


def is_known(name: str, vocabulary: Vocabulary) -> bool:
    """Return whether a name is listed, or that of a measure of the body with its unit."""
    bare = _bare(name)
    if bare in vocabulary.figures:
        return True
    *words, unit = bare.split("_")
    return bool(words) and unit in _UNITS and all(word in vocabulary.measures for word in words)
