"""Parameters of a C3D as plain words and numbers, whatever stands in their place."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def words_in(parameters: Mapping[str, Any], group: str, name: str) -> list[str]:
    """Return the words of NAME, NAME2, ... without blanks around them; none where it is absent or holds numbers."""
    entries, words, number = parameters.get(group, {}), [], 1
    while (key := name if number == 1 else f"{name}{number}") in entries:
        value = entries[key].get("value")
        words += [str(word).strip() for word in value] if isinstance(value, list | tuple) else []
        number += 1
    return words


def numbers_in(parameters: Mapping[str, Any], group: str, name: str) -> NDArray:
    """Return the numbers of a parameter in a row; none where it is absent or holds words."""
    return np.ravel(array_in(parameters, group, name))


def array_in(parameters: Mapping[str, Any], group: str, name: str) -> NDArray:
    """Return the numbers of a parameter in its shape; none where it is absent or holds words."""
    value = parameters.get(group, {}).get(name, {}).get("value")
    return np.asarray(value, float) if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" else np.zeros(0)
