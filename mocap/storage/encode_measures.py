"""Measures of the body as variables of the group of segments, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.schema import SPACE
from mocap.storage.layout import Variable, add, numbers, safe_name, words
from mocap.storage.reasons import decoded_measure_reasons
from mocap.storage.settled import settled
from mocap.trial import Measure

_MEANING = ("definition", "positive", "method", "reason")
# Unit in memory -> unit in the file, and how many of the latter make one of the former.
_IN_FILES = {"m": ("m", 1.0), "1": ("1", 1.0), "rad/s": ("degree/s", 180.0 / np.pi)}
_IN_MEMORY = {file_unit: (unit, factor) for unit, (file_unit, factor) in _IN_FILES.items()}


def add_measures(variables: dict[str, Variable], measures: tuple[Measure, ...]) -> None:
    """Add one variable per measure, one for its uncertainty where that is known, and their names in order."""
    if not measures:
        return
    variables["measure"] = words(["measure"], [one.name for one in measures], "name of the measure, in order")
    if any(one.values.ndim == 2 for one in measures):
        variables["space"] = words(["space"], SPACE, "axis of the world, right-handed, z up")
    for one in measures:
        unit, factor = _IN_FILES[one.unit]
        dims = ["time", "space"][: one.values.ndim]
        meaning = {name: getattr(one, name) for name in _MEANING} | {"observable": np.int64(one.observable)}
        readable = one.name.replace("_", " ")
        add(variables, one.name, numbers(dims, _settled(one.values, factor), unit, readable, "<f8", **meaning))
        if np.isfinite(one.sd).any():
            add(
                variables, f"{one.name}_sd",
                numbers(dims, _settled(one.sd, factor), unit, f"random uncertainty (1 SD) of {readable}", "<f8"),
            )  # fmt: skip


def _settled(values: NDArray, factor: float) -> NDArray:
    return settled(values, lambda there: there * factor, lambda back: back / factor)


def decoded_measure(name: str, variables: Mapping[str, Variable], column: int) -> Measure:
    """Return one measure of a group's variables, by its name and its place among the measures.

    Raises
    ------
    KeyError
        When the variable or one of its attributes is missing.
    ValueError
        When it is said to be not observable and carries values.
    """
    stored = variables[safe_name(name)]
    attributes: Mapping[str, Any] = stored.attributes
    unit, factor = _IN_MEMORY[str(attributes["units"])]
    if not stored_truth(name, attributes["observable"]) and np.isfinite(stored.data).any():
        raise ValueError(f"the measure '{name}' is not observable but carries values")
    sd = variables.get(safe_name(f"{name}_sd"))
    meaning: dict[str, Any] = {key: str(attributes[key]) for key in _MEANING}
    return Measure(
        name,
        stored.data / factor,
        unit,
        **meaning,
        sd=None if sd is None else sd.data / factor,  # type: ignore[arg-type]
        **decoded_measure_reasons(variables, column),
    )


def stored_truth(name: str, stored: Any) -> bool:
    """Return the attribute `observable` of a variable, 0 or 1; `ValueError` for all else, words among it."""
    if np.size(stored) != 1 or np.asarray(stored).dtype.kind not in "iub" or int(np.ravel(stored)[0]) not in (0, 1):
        raise ValueError(f"observable of '{name}' is {stored!r}, neither 0 nor 1")
    return bool(np.ravel(stored)[0])
