"""Norm sets: presets of `configs/norms`, or a file of the lab's own."""

import hashlib
from pathlib import Path

from mocap.assessment.gait.norms import NormSet
from mocap.config.build import build, read_toml
from mocap.config.presets import preset_path
from mocap.config.protocols import Protocol

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


def settings_sha256(protocol: Protocol) -> str:
    """Return the digest of the settings of an assessment: that of the protocol, with the content of its norm set.

    The protocol holds but the name or the path of the norm, under which another content may stand another day.

    Raises
    ------
    As `read_norm`.
    """
    norm = read_norm(str(protocol.values.get("report.norm", NONE)))
    if norm is None:
        return protocol.sha256
    curves, ranges = ([(name, own[name]) for name in sorted(own)] for own in (norm.curves, norm.ranges))
    told = repr((curves, ranges, norm.gdi_a, norm.gdi_b))
    return hashlib.sha256((protocol.sha256 + told).encode()).hexdigest()
