"""Bring the groups of a file of an earlier version to the present one, one function for each step.

It happens in memory, after the digests were compared; a file stays as it is until it is written again.
"""

from collections.abc import Callable, Mapping

import numpy as np

from mocap.schema import FORMAT_VERSION
from mocap.storage.layout import Group


def migrated(groups: Mapping[str, Group]) -> dict[str, Group]:
    """Return the groups as the present version lays them out.

    Parameters
    ----------
    groups : mapping
        All or some groups of a file of this or an earlier version, the root among them.
    """
    result = dict(groups)
    for version in range(int(result["/"].attributes["format_version"]), FORMAT_VERSION):
        result = _STEPS[version](result)
        root = result["/"]
        result["/"] = Group(root.variables, {**root.attributes, "format_version": np.int64(version + 1)})
    return result


def _from_1(groups: dict[str, Group]) -> dict[str, Group]:
    """Version 2 has the groups of version 1, and another seal."""
    return groups


_STEPS: Mapping[int, Callable[[dict[str, Group]], dict[str, Group]]] = {1: _from_1}
