"""Which words HDF5 can hold: looked at before the first byte is written, so that the item can be named."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mocap.errors import TrialFileError
from mocap.storage.layout import Group, check_word


def check_words(groups: Mapping[str, Group]) -> None:
    """Refuse groups with words that are no text.

    Raises
    ------
    TrialFileError
        Code `TRIAL_TEXT`, naming the group, variable or attribute and the word.
    """
    for path, group in groups.items():
        check_word(path, "The name of a group")
        _check_attributes(group.attributes, path)
        for name, variable in group.variables.items():
            item = f"{path.rstrip('/')}/{name}"
            check_word(name, f"The name of a variable of {path}")
            _check_attributes(variable.attributes, item)
            if variable.is_text:
                for word in variable.data.ravel().tolist():
                    check_word(word, item)


def _check_attributes(attributes: Mapping[str, Any], item: str) -> None:
    for name, value in attributes.items():
        if not name:
            raise TrialFileError(f"An attribute of {item} has no name.", "Give it one.", code="TRIAL_TEXT")
        check_word(name, f"The name of an attribute of {item}")
        for word in np.asarray(value, object).ravel().tolist():
            if isinstance(word, str):
                check_word(word, f"{item}@{name}")
