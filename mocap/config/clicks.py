"""Landmarks that were clicked in the images of a static: `landmarks.toml`."""

from pathlib import Path

import pydantic

from mocap.config.build import build, read_toml

_section = pydantic.dataclasses.dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))


@_section
class ClickedLandmark:
    """One `[[landmark]]`: its name, the frame of the static, and per camera the pixel (u, v) that was clicked."""

    name: str
    frame: int
    clicks: dict[str, tuple[float, float]]

    def __post_init__(self) -> None:
        if len(self.clicks) < 2:
            raise ValueError("'clicks' needs two views or more of one landmark")


@_section
class ClickedLandmarks:
    """A whole `landmarks.toml`."""

    landmark: tuple[ClickedLandmark, ...]


def read_clicks(path: Path) -> tuple[ClickedLandmark, ...]:
    """Read clicked landmarks.

    Raises
    ------
    SourceError
        When the file is missing.
    ConfigError
        On unknown keys and wrong values.
    """
    return build(ClickedLandmarks, read_toml(path), path.name).landmark
