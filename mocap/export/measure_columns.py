"""Measures of the body (centre of mass, heel rise, velocities, ...) as columns of a table, and what they mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.trial import FILE_UNITS, Measure, measure_rows

# A quantity without unit has none in the name of its column.
_ENDING = {"m": "_m", "1": "", "rad/s": "_deg_s"}
_AXES = ("_x", "_y", "_z")


def measure_columns(measures: Sequence[Measure]) -> list[tuple[str, NDArray]]:
    """Return names and cells of the columns: values, then SD; of places and velocities x, y, z of the world each.

    Behind those of each measure a flag tells what is doubtful in a frame, or why there is no value; blank where sound.
    """
    columns: list[tuple[str, NDArray]] = []
    for one in measures:
        factor = FILE_UNITS[one.unit][1]
        values, sds = (np.atleast_2d(part.T) * factor for part in (one.values, one.sd))
        columns += zip((*_names(one, ""), *_names(one, "_sd")), (*values, *sds), strict=True)
        told = np.array(one.frame_reason_words)[one.frame_reason]
        # What is not observable at all is so by the dictionary.
        told = np.where((told == "") & ~one.known & one.observable, "missing", told)
        columns.append((f"{one.name}_flag", told if one.observable else np.full(len(told), "")))
    return columns


def measure_dictionary(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return a row per measure: columns, unit, definition, which direction is +, method, whether and why not."""
    return [
        {
            "measure": row.pop("name"), "column": " ".join(_names(one, "")), "sd_column": " ".join(_names(one, "_sd")),
            "flag_column": f"{one.name}_flag", **row,
        }
        for one, row in zip(measures, measure_rows(measures), strict=True)
    ]  # fmt: skip


def _names(one: Measure, part: str) -> list[str]:
    axes = _AXES if one.values.ndim == 2 else ("",)
    return [f"{one.name}{axis}{part}{_ENDING[one.unit]}" for axis in axes]
