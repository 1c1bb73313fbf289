"""What has to be known of an ONNX pose model besides its file."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError, FormatError
from mocap.keypoints.pose.quiet import quiet

# Of ImageNet in RGB, which the models of MMPose and MMDetection are trained with.
_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class PoseModel:
    """How the input of a pose model is made and its output read; the defaults are those of the RTMPose family.

    Attributes
    ----------
    names : tuple of str
        Keypoint names, in the order of the output.
    input_size : tuple of int, optional
        Width and height in px; needed where the file leaves them open.
    mean, std : tuple of float
        Per channel, in the order of `colour`, on a scale from 0 to 255.
    colour : str
        `rgb` or `bgr`: the order of the channels that the model was trained with.
    padding : float
        Of the box around a person, as a factor.
    udp : bool
        Trained with unbiased data processing.
    least_confidence : float
        Below it a keypoint is missing, and does not hold a person that is followed.
    """

    names: tuple[str, ...]
    input_size: tuple[int, int] | None = None
    mean: tuple[float, float, float] = _MEAN
    std: tuple[float, float, float] = _STD
    colour: str = "rgb"
    padding: float = 1.25
    udp: bool = False
    least_confidence: float = 0.05


@dataclass(frozen=True)
class PersonModel:
    """How the input of an ONNX person detector is made; the defaults are those of RTMDet.

    Attributes
    ----------
    input_size : tuple of int, optional
        Width and height in px; needed where the file leaves them open.
    mean, std : tuple of float
        Per channel; 0 and 1 for YOLOX.
    colour : str
        `rgb` or `bgr`.
    least_score : float
        Below it a box is nobody.
    most : int
        Of people per image, the surest ones.
    every : int
        Search every so many images; between them the boxes follow the keypoints.
    """

    input_size: tuple[int, int] | None = None
    mean: tuple[float, float, float] = _MEAN
    std: tuple[float, float, float] = _STD
    colour: str = "rgb"
    least_score: float = 0.3
    most: int = 8
    every: int = 1


def check_digest(content: bytes, sha256: str | None, what: str) -> str:
    """Return the SHA-256 of a model's file; refuse another file than the one that is meant.

    Raises
    ------
    ConfigError
        MODEL_DIGEST, with the digest found; also when none is given: a model is part of a result.
    """
    found = hashlib.sha256(content).hexdigest()
    if sha256 is None or sha256.strip().lower() != found:
        asked = f"not {sha256.strip().lower()}" if sha256 else "and none was given to hold it against"
        raise ConfigError(
            f"The SHA-256 of {what} is {found}, {asked}.",
            "Give the digest that its maker states; where you trust this very file, give the one found here.",
            code="MODEL_DIGEST",
        )
    return found


class OnnxModel:
    """An ONNX model with one image input, run on the processor.

    Parameters
    ----------
    content : bytes
        Of the file.
    what : str
        Name for messages.
    size : tuple of int, optional
        Width and height of its input, where the file leaves them open.
    threads : int
        One by default: the cameras already share the cores.

    Raises
    ------
    ConfigError
        EXTRA_MISSING; MODEL_SIZE when the size is open, or another than the one given.
    FormatError
        MODEL_FORMAT, when it is no ONNX model with one input of shape (1, 3, height, width).
    """

    def __init__(self, content: bytes, what: str, size: tuple[int, int] | None = None, threads: int = 1) -> None:
        self.what = what
        self._session = _session(content, what, threads)
        inputs = self._session.get_inputs()
        shape = list(inputs[0].shape) if len(inputs) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or inputs[0].type != "tensor(float)":
            told = "; ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
            raise FormatError(
                f"{what} takes {told}, not one image of shape (1, 3, height, width).",
                "Give a model exported for single images in this order.", code="MODEL_FORMAT",
            )  # fmt: skip
        self._name, self._any_batch = inputs[0].name, not isinstance(shape[0], int)
        self.size = _input_size(shape, size, what)
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        told = self._session.get_outputs()[0].shape
        #: How many keypoints a pose model says that it finds; None where it leaves that open.
        self.n_keypoints = told[1] if len(told) in (3, 4) and isinstance(told[1], int) else None

    def run(self, batch: NDArray) -> dict[str, NDArray]:
        """Return the outputs by name for images of shape (image, 3, height, width)."""
        parts = [batch] if self._any_batch or len(batch) == 1 else [image[None] for image in batch]
        try:
            results = [self._session.run(None, {self._name: np.ascontiguousarray(part)}) for part in parts]
        except _failures() as error:
            raise FormatError(
                f"{self.what} cannot be run: {error}", "Export the model again.", code="MODEL_FORMAT"
            ) from error
        return {
            name: np.concatenate([np.asarray(result[place]) for result in results])
            for place, name in enumerate(self.outputs)
        }


def normalised(image: NDArray, colour: str, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray:
    """Return a BGR image as a model's input, float32, shape (3, height, width)."""
    ordered = image[:, :, ::-1] if colour == "rgb" else image
    return ((ordered.astype(np.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)).transpose(2, 0, 1)


def _session(content: bytes, what: str, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            "ONNX models need onnxruntime, which is not installed.", "Install it: pip install 'mocap[onnx]'.",
            code="EXTRA_MISSING",
        ) from error  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    try:
        with quiet():
            return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _failures() as error:
        raise FormatError(
            f"{what} is no ONNX model that can be run: {str(error)[:200]}", "Export or copy it again.",
            code="MODEL_FORMAT",
        ) from error  # fmt: skip


def _failures() -> tuple[type[Exception], ...]:
    """Return the errors of onnxruntime, which share no class but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = (kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))
    return (*kinds, RuntimeError)


def _input_size(shape: list, given: tuple[int, int] | None, what: str) -> tuple[int, int]:
    height, width = shape[2:]
    if not (isinstance(height, int) and isinstance(width, int)):
        if given is None:
            raise ConfigError(
                f"{what} leaves the size of its input open.", "Give input_size = [width, height].", code="MODEL_SIZE"
            )
        return given
    if given is not None and tuple(given) != (width, height):
        raise ConfigError(
            f"{what} takes images of {width} x {height} px, not {given[0]} x {given[1]}.",
            "Mend input_size, or leave it out.", code="MODEL_SIZE",
        )  # fmt: skip
    return width, height
