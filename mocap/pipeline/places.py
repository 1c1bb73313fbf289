"""Where the files lie that a session or a command names."""

from collections.abc import Sequence
from pathlib import Path

from calibration.world.choice import LANDMARK_KINDS


def located(name: str | Path, places: Sequence[Path]) -> Path:
    """Return a file by its name in the first of the places that has it; in the first of all where none has."""
    return next((place / name for place in places if (place / name).exists()), places[0] / name)


def landmark_name(world: str | None) -> str:
    """Return the name of the file of a world such as 'points:FILE'; nothing where it needs none."""
    kind, _, name = (world or "").strip().partition(":")
    return name.strip() if kind in LANDMARK_KINDS else ""
