"""In what two trial files differ."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mocap.storage.hdf import load
from mocap.storage.integrity import PATH
from mocap.storage.layout import Group, Variable

_VERSIONS = ("software", "software_version")
_MADE_BY = "/provenance"


def versions_in(path: Path) -> dict[str, str]:
    """Return the versions of the programs that wrote a file, by name."""
    group = load(path)[0].get(_MADE_BY)
    if group is None or not set(_VERSIONS) <= set(group.variables):
        return {}
    names, versions = (group.variables[name].data for name in _VERSIONS)
    return dict(zip(map(str, names), map(str, versions), strict=True))


def stored_differences(first: Path, second: Path, tolerance: float) -> tuple[str, ...]:
    """Return the items whose values differ by more than a tolerance, or that differ in a word, a type or an axis.

    The tolerance is a part of the value, and of the largest of the variable where that is below 1: squares of
    millimetres are no smaller a part of what they are. Versions of programs are left out.
    """
    one, other = load(first)[0], load(second)[0]
    found: list[str] = []
    for path in dict.fromkeys((*one, *other)):
        if path == PATH:
            continue
        if path not in one or path not in other:
            found.append(f"{path} is in one of them alone")
        else:
            found += _in_group(path, one[path], other[path], tolerance)
    return tuple(found)


def _in_group(path: str, one: Group, other: Group, tolerance: float) -> Iterator[str]:
    for name in dict.fromkeys((*one.attributes, *other.attributes)):
        if not _alike(one.attributes.get(name), other.attributes.get(name), tolerance):
            yield f"{path}@{name}"
    for name in dict.fromkeys((*one.variables, *other.variables)):
        if path == _MADE_BY and name in _VERSIONS:
            continue
        item = f"{path.rstrip('/')}/{name}"
        if name not in one.variables or name not in other.variables:
            yield f"{item} is in one of them alone"
            continue
        first, second = one.variables[name], other.variables[name]
        found = _of_variable(first, second, tolerance)
        if found:
            yield f"{item} {found}"
        for key in dict.fromkeys((*first.attributes, *second.attributes)):
            if not _alike(first.attributes.get(key), second.attributes.get(key), tolerance):
                yield f"{item}@{key}"


def _of_variable(one: Variable, other: Variable, tolerance: float) -> str:
    a, b = one.data, other.data
    if a.shape != b.shape or one.is_text != other.is_text:
        return f"has the shape {a.shape}, made again {b.shape}"
    if one.dims != other.dims:
        return f"has the axes {', '.join(one.dims)}, made again {', '.join(other.dims)}"
    if a.dtype != b.dtype and not one.is_text:
        return f"holds {a.dtype}, made again {b.dtype}"
    if one.is_text:
        at = np.flatnonzero(np.ravel(a != b))
        return f"differs: {str(a.ravel()[at[0]])[:60]!r}, made again {str(b.ravel()[at[0]])[:60]!r}" if len(at) else ""
    if not _alike(a, b, tolerance):
        with np.errstate(invalid="ignore"):
            apart = np.abs(np.asarray(a, float) - np.asarray(b, float))
        lone = np.isnan(np.asarray(a, float)) != np.isnan(np.asarray(b, float))
        return f"differs by up to {np.nanmax(apart, initial=0.0):.3g}{', and in what is missing' if lone.any() else ''}"
    return ""


def _alike(one: object, other: object, tolerance: float) -> bool:
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return False
    if a.dtype.kind in "fc":
        largest = np.abs(b[np.isfinite(b)]).max(initial=0.0)
        return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * min(1.0, largest), equal_nan=True))
    return bool(np.array_equal(a, b))
