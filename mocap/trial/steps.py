"""How a trial was made, so that it can be made again: steps, options, inputs, and where each setting came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mocap.trial.checks import freeze


@dataclass(frozen=True)
class StepInput:
    """A file or folder that a step read: what for, its name, and the SHA-256 of its content."""

    role: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Step:
    """One step of the making of a trial.

    Attributes
    ----------
    command : str
        `run`, `import`, `reconstruct`, `kinematics` or `assess`.
    options : mapping
        What it was told; plain JSON.
    inputs : tuple of StepInput
    """

    command: str
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[StepInput, ...] = ()

    def __post_init__(self) -> None:
        freeze(self, options=MappingProxyType(dict(self.options)), inputs=tuple(self.inputs))


@dataclass(frozen=True)
class SettingRow:
    """One setting as it was in effect: of which stage, its value as JSON, and where it came from.

    The source is `default`, `session.toml`, `command line`, a protocol, or a fact that was stated of the trial.
    """

    stage: str
    option: str
    value: str
    source: str
