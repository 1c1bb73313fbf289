"""The file beside an ONNX pose model, `model.toml`: what the model does not say of itself."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from mocap.config.build import build, read_toml

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class PersonModelFile:
    """`[person]`: an ONNX person detector; `mean = [0, 0, 0]`, `std = [1, 1, 1]`, `colour = "bgr"` for YOLOX.

    `file` is looked for beside the file that names it. The other entries are those of
    `mocap.keypoints.pose.model.PersonModel`.
    """

    file: str
    sha256: str
    input_size: tuple[int, int] | None = None
    mean: Triple | None = None
    std: Triple | None = None
    colour: Literal["rgb", "bgr"] | None = None
    least_score: float | None = None
    most: int | None = None
    every: int | None = None
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_input(self.input_size, self.std)
        for name in ("most", "every"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} = {value} is not at least 1")


@dataclass(frozen=True)
class PoseModelFile:
    """A pose model: the `skeleton` or the `names` of its keypoints, and how its input is made.

    What is left out is that of the RTMPose family; see `mocap.keypoints.pose.model.PoseModel`.
    """

    skeleton: str | None = None
    names: tuple[str, ...] = ()
    sha256: str | None = None
    input_size: tuple[int, int] | None = None
    mean: Triple | None = None
    std: Triple | None = None
    colour: Literal["rgb", "bgr"] | None = None
    padding: float | None = None
    udp: bool | None = None
    least_confidence: float | None = None
    person: PersonModelFile | None = field(default=None)
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_input(self.input_size, self.std)
        if self.skeleton is not None and self.names:
            raise ValueError("give either a 'skeleton' or the 'names' of the keypoints")
        if len(set(self.names)) != len(self.names):
            raise ValueError("'names' has doubled entries")
        if self.padding is not None and not 1 <= self.padding <= 3:
            raise ValueError(f"padding = {self.padding} is not within 1 to 3")


def read_pose_model(path: Path) -> PoseModelFile:
    """Read the description of a pose model.

    Raises
    ------
    SourceError, ConfigError
        FILE_MISSING, TOML, CONFIG_KEY, CONFIG_VALUE.
    """
    return build(PoseModelFile, read_toml(path), path.name)


def _check_input(size: tuple[int, int] | None, std: Triple | None) -> None:
    if size is not None and min(size) < 16:
        raise ValueError(f"input_size = {list(size)} is no image's width and height in px")
    if std is not None and min(std) <= 0:
        raise ValueError(f"std = {list(std)} is not above 0")
