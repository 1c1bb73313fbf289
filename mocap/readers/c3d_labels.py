"""What the points of a C3D file are: markers, points of a model, or model outputs that are no places at all."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.readers.c3d_parts import plain_text, values_of
from mocap.trial import FileParameter
from mocap.trial.c3d_words import KINDS, STATUS_ENDING

_SUFFIXES = (
    ("angles", re.compile(r"Angles?V?$")),
    ("forces", re.compile(r"(Force|GRF)V?$")),
    ("moments", re.compile(r"MomentV?$")),
    ("powers", re.compile(r"PowerV?$")),
)
_GROUPS = {group: kind for kind, (group, _, _, _) in KINDS.items()}


def labels_of(
    parameters: Mapping[str, Any], group: str, count: int, word: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of LABELS, LABELS2, ... of a group, and notes; empty and missing ones get a number, doubled
    ones a mark."""
    found = words_of(parameters, group, "LABELS")[:count]
    names: list[str] = []
    notes = []
    for index in range(count):
        name = found[index] if index < len(found) else ""
        if not name:
            name = f"{word}_{index + 1}"
            notes.append(f"{word} {index + 1} has no label; it is called {name}.")
        if name in names:
            copy = 2
            while f"{name}#{copy}" in names:
                copy += 1
            notes.append(f"label {name} is there more than once; number {copy} is called {name}#{copy}.")
            name = f"{name}#{copy}"
        names.append(name)
    return tuple(names), tuple(notes)


def words_of(parameters: Mapping[str, Any], group: str, name: str) -> list[str]:
    """Return the words of a parameter, without blanks around them."""
    return [plain_text(str(word)).strip() for word in values_of(parameters, group, name)]


def kinds_of(names: Sequence[str], parameters: Mapping[str, Any], own: bool) -> list[str | None]:
    """Return the kind of model output of each label, or None for a point in space.

    Parameters
    ----------
    own : bool
        Whether the file was written here: then its groups tell all, and no ending of a label does.
    """
    listed = {
        label: kind for group, kind in reversed(_GROUPS.items()) for label in words_of(parameters, "POINT", group)
    }
    kinds: list[str | None] = []
    for name in names:
        plain = name if name in listed else name.split("#")[0]
        endings = () if own else _SUFFIXES
        by_ending = next((kind for kind, suffix in endings if suffix.search(plain)), None)
        kinds.append(listed.get(plain, by_ending))
    return kinds


def own_groups(parameters: Mapping[str, Any]) -> set[str]:
    """Return labels in groups of POINT:TYPE_GROUPS (outputs of a model) beyond the kinds that are no points."""
    groups = words_of(parameters, "POINT", "TYPE_GROUPS")
    return {label for group in groups if group not in _GROUPS for label in words_of(parameters, "POINT", group)}


def model_of(
    names: Sequence[str], kinds: Sequence[str | None], values: NDArray, parameters: Mapping[str, Any], own: bool
) -> tuple[dict[str, dict[str, NDArray]], dict[str, str]]:
    """Return the model outputs (time, 3) by kind and label, and the unit of each kind.

    In files of other programs an angle of 0 in all three is one that could not be computed, as Vicon writes it.
    """
    model: dict[str, dict[str, NDArray]] = {}
    units = {}
    for index, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        if kind is None:
            continue
        _, _, parameter, usual = KINDS[kind]
        unit = next(iter(words_of(parameters, "POINT", parameter)), "") or usual
        column = values[:, index]
        if kind == "angles":
            column = np.where((column == 0).all(axis=1)[:, None] & (not own), np.nan, column)
            if unit.lower().startswith("rad"):
                column, unit = np.rad2deg(column), "deg"
        model.setdefault(kind, {})[name] = np.ascontiguousarray(column)
        units[kind] = unit
    return model, units


def descriptions_of(names: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the file's words about its points, by label; those that say nothing are left out."""
    told = words_of(parameters, "POINT", "DESCRIPTIONS")
    return {name: text for name, text in zip(names, told, strict=False) if text}


def kept_words(names: Sequence[str], parameters: Mapping[str, Any]) -> dict[str, FileParameter]:
    """Return these words as a parameter in the order of the names, and groups of points that are known by no kind."""
    told = descriptions_of(names, parameters)
    words = tuple(told.get(name, "") for name in names)
    known = {word for group, single, _, _ in KINDS.values() for word in (group, single)}
    groups = tuple(word for word in words_of(parameters, "POINT", "TYPE_GROUPS") if word not in known)
    kept = {"POINT:DESCRIPTIONS": FileParameter(words, (len(words),), "text")} if told else {}
    return kept | ({"POINT:TYPE_GROUPS": FileParameter(groups, (len(groups),), "text")} if groups else {})


def taken_status(markers: Sequence[str], model: dict[str, dict[str, NDArray]], measured: NDArray) -> NDArray:
    """Take the flags of the samples out of the scalars of a file written here.

    Parameters
    ----------
    measured : ndarray of uint8, shape (time, marker)
        What holds for markers without such a scalar.
    """
    scalars = model.get("scalars", {})
    status = measured.copy()
    for index, name in enumerate(markers):
        flags = scalars.pop(f"{name}{STATUS_ENDING}", None)
        if flags is not None:
            status[:, index] = np.nan_to_num(flags[:, 0]).clip(0, 255).astype(np.uint8)
    if not scalars:
        model.pop("scalars", None)
    return status
