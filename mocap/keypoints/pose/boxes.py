"""Where people are in an image, by an ONNX person detector (RTMDet, YOLOX)."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.keypoints.pose.model import OnnxModel, PersonModel, normalised

_PERSON = 0  # the class of people in COCO's order
_PAD = 114  # the gray that fills the rest of the input, as in the training
_OVERLAP = 0.45
_STRIDES = (8, 16, 32)


class PersonBoxes:
    """Finds people as boxes.

    Parameters
    ----------
    content : bytes
        Of an ONNX file, either with the suppression of doubles inside (outputs `dets` of shape (1, box, 5) and
        `labels`, as MMDeploy exports) or a plain YOLOX (one output of shape (1, place, 5 + classes)).
    model : PersonModel
    threads : int

    Raises
    ------
    ConfigError, FormatError
        As `OnnxModel`; MODEL_FORMAT for other outputs.
    """

    def __init__(self, content: bytes, model: PersonModel, threads: int = 1) -> None:
        self._model = model
        self._onnx = OnnxModel(content, "The person detector", model.input_size, threads)

    def find(self, image: NDArray) -> NDArray:
        """Return the boxes of the people in a BGR image, the surest first, shape (box, 4): left, top, right, bottom."""
        width, height = self._onnx.size
        scale = min(width / image.shape[1], height / image.shape[0])
        inner = round(image.shape[1] * scale), round(image.shape[0] * scale)
        padded = np.full((height, width, 3), _PAD, np.uint8)
        padded[: inner[1], : inner[0]] = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
        model = self._model
        outputs = self._onnx.run(normalised(padded, model.colour, model.mean, model.std)[None])
        boxes, scores = self._people(outputs)
        sure = scores >= model.least_score
        order = np.argsort(-scores[sure], kind="stable")[: model.most]
        # The resized image keeps its corners, so that edges and not the centres of pixels scale.
        factor = np.tile([image.shape[1] / inner[0], image.shape[0] / inner[1]], 2)
        return (boxes[sure][order] + 0.5) * factor - 0.5

    def _people(self, outputs: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
        found = next((v for v in outputs.values() if v.ndim == 3 and v.shape[2] == 5), None)
        labels = next((v for v in outputs.values() if v.ndim == 2), None)
        if found is not None and labels is not None:
            people = labels[0] == _PERSON
            return found[0, people, :4].astype(float), found[0, people, 4].astype(float)
        plain = next((v for v in outputs.values() if v.ndim == 3 and v.shape[2] > 5), None)
        if plain is not None and len(outputs) == 1 and plain.shape[1] == _places(self._onnx.size):
            return _yolox(plain[0].astype(float), self._onnx.size)
        told = ", ".join(f"{name} {value.shape}" for name, value in outputs.items())
        raise FormatError(
            f"The person detector gives {told}.",
            "Give one that gives 'dets' (1, box, 5) and 'labels' (RTMDet, YOLOX with MMDeploy), or a plain YOLOX.",
            code="MODEL_FORMAT",
        )


def _places(size: tuple[int, int]) -> int:
    return sum((size[0] // stride) * (size[1] // stride) for stride in _STRIDES)


def _yolox(rows: NDArray, size: tuple[int, int]) -> tuple[NDArray, NDArray]:
    """Decode YOLOX: centre as an offset from a grid, extent as a logarithm, both in strides; drop doubles."""
    grid, strides = [], []
    for stride in _STRIDES:
        down, across = np.mgrid[: size[1] // stride, : size[0] // stride]
        grid.append(np.column_stack((across.ravel(), down.ravel())))
        strides.append(np.full((grid[-1].shape[0], 1), float(stride)))
    stride_of = np.concatenate(strides)
    centre = (rows[:, :2] + np.concatenate(grid)) * stride_of
    extent = np.exp(np.minimum(rows[:, 2:4], 20.0)) * stride_of
    scores = rows[:, 4] * rows[:, 5 + _PERSON]
    corner = centre - extent / 2
    chosen = cv2.dnn.NMSBoxes(np.column_stack((corner, extent)).tolist(), scores.tolist(), 0.01, _OVERLAP)
    kept = np.asarray(chosen, int).ravel()
    return np.column_stack((corner, corner + extent))[kept], scores[kept]
