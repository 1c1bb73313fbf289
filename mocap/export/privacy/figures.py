"""Which figures may stay, by the name that somebody gave them: what was measured, never what somebody is known by."""

import re
from collections.abc import Mapping
from typing import Any

from mocap.export.privacy.words import Vocabulary

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SIDES = ("_l", "_r")
# A figure without a unit is a number of something, perhaps of a person.
_UNITS = frozenset((
    "m", "mm", "cm", "kg", "deg", "rad", "rad2", "m2", "s", "ms", "hz", "px", "pct", "percent", "n", "nm", "ratio",
    "factor", "sd", "version",
))  # fmt: skip
_COUNTED = "n_"
# Words of the field that name a person's number as well.
_OF_PERSONS = frozenset((
    "id", "number", "no", "nr", "num", "name", "person", "people", "participant", "patient", "subject", "code", "case",
    "record", "phone", "tel", "date", "birth", "born", "day", "month", "year", "address", "zip", "serial", "file",
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
    if name not in vocabulary.figures and not is_ours(name, vocabulary):
        return False
    if isinstance(value, Mapping):
        return all(isinstance(inner, str) and may_be_told(inner, one, vocabulary) for inner, one in value.items())
    if isinstance(value, list | tuple):
        return all(may_be_told(name, one, vocabulary) for one in value)
    if isinstance(value, str):
        return vocabulary.is_plain(value)
    if value is None or isinstance(value, bool):
        return True
    return _is_measure(name, vocabulary) and not abs(value) >= _LARGEST


def is_ours(name: str, vocabulary: Vocabulary) -> bool:
    """Return whether a name of a figure is made of words of the field."""
    if _NAME.fullmatch(name) is None:
        return False
    return vocabulary.is_label(name) or vocabulary.is_plain(name.replace("_", " "))


def _is_measure(name: str, vocabulary: Vocabulary) -> bool:
    bare = name[:-2] if name.endswith(_SIDES) else name
    if bare in vocabulary.figures:
        return True
    if _OF_PERSONS & set(name.split("_")):
        return False
    return bare.rpartition("_")[2] in _UNITS or name.startswith(_COUNTED)
