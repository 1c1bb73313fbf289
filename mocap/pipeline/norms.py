"""Norm sets: presets of `configs/norms`, or a file of the lab's own."""

from pathlib import Path

from mocap.assessment.gait.norms import NormSet
from mocap.config.build import build, read_toml
from mocap.config.presets import preset_path

NONE = "none"


def read_norm(chosen: str) -> NormSet | None:
    """Return the named set, that of a file ending in `.toml`, or None for `none`.

    Raises
    ------
    ConfigError
        PRESET_UNKNOWN, NORM, CONFIG_KEY, CONFIG_VALUE
    SourceError
        FILE_MISSING
    """
    if chosen == NONE:
        return None
    path = Path(chosen) if chosen.lower().endswith(".toml") else preset_path("norms", chosen)
    return build(NormSet, {"name": path.stem, **read_toml(path)}, path.name)
