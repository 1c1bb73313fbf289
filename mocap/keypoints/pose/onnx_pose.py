"""Any human pose model given as an ONNX file: the RTMPose family (SimCC) and models with heatmaps."""

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.keypoints.detector import Detection
from mocap.keypoints.pose.boxes import PersonBoxes
from mocap.keypoints.pose.crops import Crop, box_of_keypoints, crop_of_box, whole_image
from mocap.keypoints.pose.decode import decode_heatmaps, decode_simcc
from mocap.keypoints.pose.model import OnnxModel, PersonModel, PoseModel, normalised

_HOLDS = 0.3  # confidence of the keypoints by which a person is followed
_SAME = 0.5  # share of the smaller box that two boxes of one person have in common


class OnnxPoseDetector:
    """Keypoints by a top-down pose model: a box around each person is cut out, scaled and given to the model.

    Parameters
    ----------
    content : bytes
        Of the ONNX file. Its output is `simcc_x` and `simcc_y`, or heatmaps of shape (1, keypoint, rows, columns).
    model : PoseModel
    person : tuple of (bytes, PersonModel), optional
        A person detector. Without one the largest part of the first image is taken for one person, who is then
        followed by the keypoints; where lost, the whole image is searched again. That finds one person alone, and
        only one who fills much of the image.
    threads : int

    Raises
    ------
    ConfigError
        EXTRA_MISSING, MODEL_SIZE.
    FormatError
        MODEL_FORMAT, for a file that is no such model, or gives another number of keypoints than there are names.
    """

    colour = True

    def __init__(
        self, content: bytes, model: PoseModel, person: tuple[bytes, PersonModel] | None = None, threads: int = 1
    ) -> None:
        self.names = tuple(model.names)
        self._model = model
        self._onnx = OnnxModel(content, "The pose model", model.input_size, threads)
        self._boxes = PersonBoxes(person[0], person[1], threads) if person else None
        self._every = person[1].every if person else 1
        self._followed: list[NDArray] = []
        self._count = 0

    def detect(self, image: NDArray) -> Detection:
        """Return the people in the next image, shape (height, width, 3), BGR uint8."""
        boxes = self._current(image)
        self._count += 1
        if not boxes:
            self._followed = []
            return Detection(np.empty((0, len(self.names), 2)), np.empty((0, len(self.names))))
        searched = self._boxes is None and not self._followed
        pixels, confidence = self._keypoints(image, boxes)
        followed = self._around(pixels, confidence)
        if searched and followed[0] is not None:
            # Found in the whole image, a person is small in the crop: look again, from near.
            pixels, confidence = self._keypoints(image, [followed[0]])
            followed = self._around(pixels, confidence)
        kept = _without_doubles(followed)
        self._followed = [box for box in (followed[place] for place in kept) if box is not None]
        return Detection(pixels[kept], confidence[kept])

    def _current(self, image: NDArray) -> list[NDArray]:
        """Return where to look: at the boxes found, at those followed, or everywhere."""
        if self._boxes is not None and (self._count % self._every == 0 or not self._followed):
            return list(self._boxes.find(image))
        return self._followed or [whole_image(image)]

    def _around(self, pixels: NDArray, confidence: NDArray) -> list[NDArray | None]:
        least = max(_HOLDS, self._model.least_confidence)
        return [box_of_keypoints(*person, least) for person in zip(pixels, confidence, strict=True)]

    def _keypoints(self, image: NDArray, boxes: list[NDArray]) -> tuple[NDArray, NDArray]:
        model, size = self._model, self._onnx.size
        crops = [crop_of_box(box, size, model.padding, model.udp) for box in boxes]
        batch = np.stack([normalised(crop.cut(image), model.colour, model.mean, model.std) for crop in crops])
        pixels_crop, score = self._decoded(self._onnx.run(batch))
        return _in_image(pixels_crop, score, crops, image, model.least_confidence)

    def _decoded(self, outputs: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
        size = self._onnx.size
        if {"simcc_x", "simcc_y"} <= outputs.keys():
            pixels, score = decode_simcc(outputs["simcc_x"], outputs["simcc_y"], size)
        elif len(outputs) == 1 and next(iter(outputs.values())).ndim == 4:
            pixels, score = decode_heatmaps(next(iter(outputs.values())), size, self._model.udp)
        else:
            told = ", ".join(f"{name} {value.shape}" for name, value in outputs.items())
            raise FormatError(
                f"The pose model gives {told}.",
                "Give one that gives simcc_x and simcc_y (RTMPose), or one heatmap per keypoint.", code="MODEL_FORMAT",
            )  # fmt: skip
        if pixels.shape[1] != len(self.names):
            raise FormatError(
                f"The pose model gives {pixels.shape[1]} keypoints, its skeleton has {len(self.names)} names.",
                "Name the skeleton that the model was trained for.", code="MODEL_FORMAT",
            )  # fmt: skip
        return pixels, score


def _in_image(
    pixels_crop: NDArray, score: NDArray, crops: list[Crop], image: NDArray, least: float
) -> tuple[NDArray, NDArray]:
    """Return pixels of the image and confidences; keypoints outside the image are guesses, and left out."""
    pixels = np.stack([crop.to_image(points) for crop, points in zip(crops, pixels_crop, strict=True)])
    limit = np.array([image.shape[1], image.shape[0]]) - 0.5
    there = ((pixels >= -0.5) & (pixels <= limit)).all(axis=2) & (score >= least) & (score > 0)
    pixels[~there] = np.nan
    return pixels, np.where(there, np.clip(score, 0.0, 1.0), 0.0)


def _without_doubles(boxes: list[NDArray | None]) -> list[int]:
    """Return the places of the boxes that are not mostly within one before them; where there is none, nobody is."""
    kept: list[int] = []
    for place, box in enumerate(boxes):
        if box is None:
            continue
        others = [boxes[other] for other in kept]
        if not any(other is not None and _shared(box, other) > _SAME for other in others):
            kept.append(place)
    return kept


def _shared(first: NDArray, second: NDArray) -> float:
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    common = float(np.prod(np.maximum(high - low, 0.0)))
    smaller = min(float(np.prod(box[2:] - box[:2])) for box in (first, second))
    return common / smaller if smaller > 0 else 0.0
