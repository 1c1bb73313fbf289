"""What a recording brings along beside its points: analog channels, force plates, model outputs, poses, its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.trial.checks import checked_names, checked_rate, freeze

MODEL_KINDS = ("angles", "forces", "moments", "powers", "scalars")


@dataclass(frozen=True, eq=False)
class Analog:
    """Analog channels as the file scales them.

    Attributes
    ----------
    values : ndarray, shape (sample, channel)
        In `units`; the first sample belongs to the first frame of the points.
    names, units : tuple of str
        Names need not differ from each other; units as in the file, empty where it has none.
    rate_hz : float
    descriptions : tuple of str
        One a channel; all empty when left out.
    start_s : float
        Time of the first sample.
    """

    values: NDArray
    names: tuple[str, ...]
    units: tuple[str, ...]
    rate_hz: float
    descriptions: tuple[str, ...] = ()
    start_s: float = 0.0

    def __post_init__(self) -> None:
        n_channels = len(self.names)
        texts = {"units": tuple(self.units), "descriptions": tuple(self.descriptions) or ("",) * n_channels}
        for name, words in texts.items():
            if len(words) != n_channels:
                raise ShapeError(f"Analog has {n_channels} names and {len(words)} {name}.", "Give one a channel.")
        freeze(
            self,
            values=checked_array(self.values, "Analog.values", ("sample", n_channels)),
            names=tuple(self.names),
            rate_hz=checked_rate(self.rate_hz, "Analog"),
            start_s=float(self.start_s),
            **texts,
        )

    @property
    def time_s(self) -> NDArray:
        """Times of the samples, shape (sample,), in seconds."""
        return self.start_s + np.arange(len(self.values)) / self.rate_hz


@dataclass(frozen=True, eq=False)
class ForcePlate:
    """Geometry of one force plate, and which channels are its own.

    Attributes
    ----------
    kind : int
        C3D type number of the plate.
    corners_world : ndarray, shape (4, 3)
        Metres, world Z up.
    origin_plate : ndarray, shape (3,)
        Metres, in the plate's own frame, as the file gives it.
    channels : tuple of int
        Analog channels of the plate, counted from 0, in the order of its type; -1 for one that is not there.
    calibration : ndarray, shape (row, column), optional
        Matrix that turns the channels into forces and moments, as the file gives it.
    zero_frames : tuple of int, optional
        First and last frame, counted from 1, of a time without load; (1, 0): none.
    """

    kind: int
    corners_world: NDArray
    origin_plate: NDArray
    channels: tuple[int, ...]
    calibration: NDArray | None = None
    zero_frames: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        freeze(
            self,
            kind=int(self.kind),
            corners_world=checked_array(self.corners_world, "ForcePlate.corners_world", (4, 3)),
            origin_plate=checked_array(self.origin_plate, "ForcePlate.origin_plate", (3,)),
            channels=tuple(int(channel) for channel in self.channels),
        )
        if self.calibration is not None:
            matrix = checked_array(self.calibration, "ForcePlate.calibration", ("row", "column"))
            freeze(self, calibration=matrix)
        if self.zero_frames is not None:
            first, last = self.zero_frames
            freeze(self, zero_frames=(int(first), int(last)))


@dataclass(frozen=True, eq=False)
class ModelOutputs:
    """Results of the recording program's own model, of one kind.

    Attributes
    ----------
    kind : str
        `angles`, `forces`, `moments`, `powers` or `scalars`.
    labels : tuple of str
        As in the file.
    values : ndarray, shape (time, label, 3)
        In `unit` and in the axes of the file; NaN is missing.
    unit : str
        As in the file.
    descriptions : tuple of str
        One a label; all empty when left out.
    """

    kind: str
    labels: tuple[str, ...]
    values: NDArray
    unit: str = ""
    descriptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in MODEL_KINDS:
            raise ShapeError(f"Model outputs of the kind '{self.kind}'.", f"Give one of {', '.join(MODEL_KINDS)}.")
        labels = checked_names(self.labels, "ModelOutputs")
        descriptions = tuple(self.descriptions) or ("",) * len(labels)
        if len(descriptions) != len(labels):
            raise ShapeError(f"{len(labels)} labels and {len(descriptions)} descriptions.", "Give one a label.")
        values = checked_array(self.values, "ModelOutputs.values", ("time", len(labels), 3))
        freeze(self, labels=labels, values=values, descriptions=descriptions)


@dataclass(frozen=True, eq=False)
class ImportedPoses:
    """Poses of segments that another program computed, at a rate of their own.

    Attributes
    ----------
    names : tuple of str
        As in the file, e.g. `pelvis_4X4`.
    world_from_segment : ndarray, shape (sample, segment, 4, 4)
        Metres, our world (Z up); the segment's axes are those of the other program. NaN is missing.
    rate_hz : float
    start_s : float
        Time of the first sample.
    """

    names: tuple[str, ...]
    world_from_segment: NDArray
    rate_hz: float
    start_s: float = 0.0

    def __post_init__(self) -> None:
        names = checked_names(self.names, "ImportedPoses")
        shape = ("sample", len(names), 4, 4)
        freeze(
            self,
            names=names,
            world_from_segment=checked_array(self.world_from_segment, "ImportedPoses.world_from_segment", shape),
            rate_hz=checked_rate(self.rate_hz, "ImportedPoses"),
            start_s=float(self.start_s),
        )

    @property
    def time_s(self) -> NDArray:
        """Times of the samples, shape (sample,), in seconds."""
        return self.start_s + np.arange(len(self.world_from_segment)) / self.rate_hz


@dataclass(frozen=True)
class FileParameter:
    """One parameter of a motion file, as it stands there.

    Attributes
    ----------
    values : tuple of str, or tuple of int, or tuple of float
        In the order of the file: the first axis changes fastest.
    shape : tuple of int
        Lengths of the axes; empty for a single value.
    kind : str
        `text`, `byte`, `integer` or `real`.
    description : str
    """

    values: tuple[str, ...] | tuple[int, ...] | tuple[float, ...]
    shape: tuple[int, ...]
    kind: str
    description: str = ""


@dataclass(frozen=True, eq=False)
class FileOrigin:
    """The motion file that a trial was imported from, as far as nothing else of the trial tells it.

    Attributes
    ----------
    units : str
        Length unit of the file.
    up_axis : str
        The file's axis that points up: `x`, `y`, `z`, or with a minus.
    first_frame : int
        Number of the first stored frame in the recording.
    labels : tuple of str
        Points and model outputs, in the order of the file.
    parameters : mapping of str to FileParameter
        By `GROUP:NAME`, without those whose content the parts of the trial hold; no names of persons.
    residual : ndarray, shape (time, keypoint), or None
        What the file says of each sample's error, m; NaN where missing. None where it says 0 throughout.
    camera_mask : ndarray of uint8, shape (time, keypoint), or None
        One bit for each of the first seven cameras that saw the sample. None where the file names no camera.
    """

    units: str = "m"
    up_axis: str = "z"
    first_frame: int = 1
    labels: tuple[str, ...] = ()
    parameters: Mapping[str, FileParameter] = field(default_factory=dict)
    residual: NDArray | None = None
    camera_mask: NDArray | None = None

    def __post_init__(self) -> None:
        freeze(self, labels=tuple(self.labels), parameters=MappingProxyType(dict(self.parameters)))
        if self.up_axis.removeprefix("-") not in ("x", "y", "z"):
            raise ShapeError(
                f"The axis of a file that points up is '{self.up_axis[:40]}'.", "Give x, y or z, or one with a minus."
            )
        if self.residual is not None:
            freeze(self, residual=checked_array(self.residual, "residual", ("time", "keypoint"), np.float32))
        if self.camera_mask is not None:
            freeze(self, camera_mask=checked_array(self.camera_mask, "camera_mask", ("time", "keypoint"), np.uint8))


def check_recorded(
    n_frames: int, n_points: int, outputs: tuple[ModelOutputs, ...], origin: FileOrigin | None
) -> None:
    """Refuse parts that do not fit the points they came with (ShapeError)."""
    lengths = {one.kind: len(one.values) for one in outputs}
    if len(lengths) != len(outputs):
        raise ShapeError("Model outputs of one kind are there twice.", "Put those of one kind together.")
    for kind, length in lengths.items():
        if length != n_frames:
            raise ShapeError(
                f"Model outputs ({kind}) have {length} frames, the points have {n_frames}.",
                "Build a trial from parts of one recording on one timeline.",
            )
    for name in ("residual", "camera_mask"):
        part = getattr(origin, name, None)
        if part is not None and part.shape != (n_frames, n_points):
            raise ShapeError(
                f"The file's {name} has the shape {part.shape}, the points have {(n_frames, n_points)}.",
                "Build a trial from parts of one recording on one timeline.",
            )
