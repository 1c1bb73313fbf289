"""What a user types for a dataset, checked."""

import difflib
from collections.abc import Sequence

from mocap.config.consent import PURPOSES
from mocap.errors import ConfigError, ExportError


def checked_kind(text: str, kinds: Sequence[str]) -> str:
    """Return a format of datasets.

    Raises
    ------
    ExportError
        EXPORT_UNKNOWN
    """
    if text.lower() not in kinds:
        raise ExportError(f"There is no dataset format '{text}'.", f"Choose one of {', '.join(kinds)}.",
                          code="EXPORT_UNKNOWN")  # fmt: skip
    return text.lower()


def checked_purpose(text: str) -> str:
    """Return a purpose that people can consent to.

    Raises
    ------
    ConfigError
        CONFIG_VALUE
    """
    if text not in PURPOSES:
        near = difflib.get_close_matches(text, PURPOSES, 1)
        raise ConfigError(
            f"'{text}' is no purpose that a session can consent to.",
            f"Did you mean {near[0]}?" if near else f"Known: {', '.join(PURPOSES)}.", code="CONFIG_VALUE",
        )  # fmt: skip
    return text


def parsed_shares(text: str) -> tuple[float, ...]:
    """Return numbers with commas between.

    Raises
    ------
    ConfigError
        CONFIG_VALUE
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"'{text}' are no shares.", "Give three with commas between, such as --split 0.7,0.15,0.15.",
            code="CONFIG_VALUE",
        ) from None  # fmt: skip
