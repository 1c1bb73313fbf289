"""Pose models as ONNX files: tiny models whose answer is known in closed form, run through the real detector."""

import hashlib

import numpy as np
import pytest

from mocap.errors import ConfigError, FormatError
from mocap.keypoints.pose.crops import Crop, crop_of_box
from mocap.keypoints.pose.decode import decode_heatmaps, decode_simcc
from mocap.keypoints.pose.model import PersonModel, PoseModel, check_digest
from mocap.keypoints.pose.onnx_pose import OnnxPoseDetector

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
helper = onnx.helper
FLOAT = onnx.TensorProto.FLOAT

SIZE = (96, 128)  # of the model's input
PLAIN = PoseModel(
    names=("red", "green", "blue"), mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0), least_confidence=0.1
)


def as_bytes(nodes, inputs, outputs, constants=()) -> bytes:
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def image_input(size=SIZE, batch: str | int = "n"):
    return helper.make_tensor_value_info("input", FLOAT, [batch, 3, size[1], size[0]])


def heatmap_model(size=SIZE, batch: str | int = "n") -> bytes:
    """Each colour's own plane is its heatmap: the peak of a coloured blob is the keypoint."""
    out = helper.make_tensor_value_info("heatmaps", FLOAT, [batch, 3, size[1], size[0]])
    return as_bytes([helper.make_node("Identity", ["input"], ["heatmaps"])], [image_input(size, batch)], [out])


def simcc_model(bins: int = 2, size=SIZE) -> bytes:
    """The logarithm of the brightest value of each column and row, between pixels by cubics, exact for parabolas."""

    def finer(length: int) -> np.ndarray:
        steps = np.abs(np.arange(length * bins)[None] / bins - np.arange(length)[:, None])
        near = 1 - 2.5 * steps**2 + 1.5 * steps**3
        far = 2 - 4 * steps + 2.5 * steps**2 - 0.5 * steps**3
        return np.where(steps < 1, near, np.where(steps < 2, far, 0.0)).astype(np.float32)

    constants = [
        onnx.numpy_helper.from_array(np.array(0.02, np.float32), "floor"),
        onnx.numpy_helper.from_array(np.array(4.0, np.float32), "four"),
    ]
    nodes, outputs = [], []
    for name, axis, length in (("simcc_x", 2, size[0]), ("simcc_y", 3, size[1])):
        constants.append(onnx.numpy_helper.from_array(finer(length), f"{name}_finer"))
        nodes += [
            helper.make_node("ReduceMax", ["input"], [f"{name}_max"], axes=[axis], keepdims=0),
            helper.make_node("Max", [f"{name}_max", "floor"], [f"{name}_floor"]),
            helper.make_node("Log", [f"{name}_floor"], [f"{name}_log"]),
            helper.make_node("MatMul", [f"{name}_log", f"{name}_finer"], [f"{name}_fine"]),
            helper.make_node("Div", [f"{name}_fine", "four"], [f"{name}_scaled"]),
            helper.make_node("Exp", [f"{name}_scaled"], [name]),  # positive, as scores are
        ]
        outputs.append(helper.make_tensor_value_info(name, FLOAT, ["n", 3, length * bins]))
    return as_bytes(nodes, [image_input(size)], outputs, constants)


def person_model(boxes: np.ndarray, labels: np.ndarray, size=(160, 160)) -> bytes:
    """Always these boxes, as MMDeploy exports its detectors."""
    constants = [
        onnx.numpy_helper.from_array(boxes[None].astype(np.float32), "fixed"),
        onnx.numpy_helper.from_array(labels[None].astype(np.int64), "fixed_labels"),
    ]
    nodes = [
        helper.make_node("Identity", ["fixed"], ["dets"]),
        helper.make_node("Identity", ["fixed_labels"], ["labels"]),
    ]
    outputs = [
        helper.make_tensor_value_info("dets", FLOAT, [1, len(boxes), 5]),
        helper.make_tensor_value_info("labels", onnx.TensorProto.INT64, [1, len(boxes)]),
    ]
    return as_bytes(nodes, [image_input(size, 1)], outputs, constants)


def blobs(size: tuple[int, int], places: np.ndarray, sigma: float) -> np.ndarray:
    """A BGR image with one Gaussian blob per colour, places in the order red, green, blue."""
    down, across = np.mgrid[: size[1], : size[0]]
    image = np.zeros((size[1], size[0], 3))
    for channel, (x, y) in zip((2, 1, 0), places, strict=True):
        image[..., channel] += 250.0 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2.0 * sigma**2))
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


PLACES = np.array([[201.3, 143.8], [262.64, 188.21], [230.07, 320.45]])


@pytest.mark.parametrize(("udp", "batch"), [(False, "n"), (True, 1)])
def test_a_heatmap_model_finds_blobs_to_a_tenth_of_a_pixel(udp: bool, batch: str | int) -> None:
    model = PoseModel(**{**vars(PLAIN), "udp": udp})
    detector = OnnxPoseDetector(heatmap_model(batch=batch), model)
    image = blobs((480, 400), PLACES, sigma=4.0)
    for _ in range(3):  # searched, then followed
        found = detector.detect(image)
    assert found.pixels.shape == (1, 3, 2)
    assert np.abs(found.pixels[0] - PLACES).max() < 0.1  # measured 0.049 and 0.037 px
    assert (found.confidence > 0.9).all()


@pytest.mark.parametrize("bins", [1, 2])
def test_a_simcc_model_finds_blobs_to_a_tenth_of_a_pixel(bins: int) -> None:
    detector = OnnxPoseDetector(simcc_model(bins), PLAIN)
    image = blobs((480, 400), PLACES, sigma=4.0)
    for _ in range(3):
        found = detector.detect(image)
    assert np.abs(found.pixels[0] - PLACES).max() < 0.1  # measured 0.048 and 0.050 px


def test_a_crop_and_its_way_back_agree_exactly() -> None:
    # A ramp is its own coordinate: what a pixel of the crop shows tells where in the image it came from.
    down, across = np.mgrid[:300, :400].astype(np.float32)
    for udp in (False, True):
        crop = crop_of_box(np.array([100.3, 80.2, 220.9, 239.4]), (48, 64), udp=udp)
        back = crop.to_image(np.stack(np.meshgrid(np.arange(48.0), np.arange(64.0)), axis=-1))
        for image, wanted in ((across, back[..., 0]), (down, back[..., 1])):
            # cv2 interpolates in steps of 1/32 px; measured 0.016
            assert np.abs(crop.cut(image)[2:-2, 2:-2] - wanted[2:-2, 2:-2]).max() < 0.02


def test_the_box_fills_the_crop_with_its_padding() -> None:
    crop = crop_of_box(np.array([100.0, 100.0, 148.0, 164.0]), (48, 64), padding=1.25)
    assert crop == Crop((124.0, 132.0), 1.25, (48, 64))
    corners = crop.to_image(np.array([[0.0, 0.0], [48.0, 64.0]]))
    assert np.allclose(corners, [[94.0, 92.0], [154.0, 172.0]])


def test_the_peak_between_bins_is_exact_for_gaussians() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.uniform(8, 40), rng.uniform(8, 52)
        log_x = -((np.arange(96) / 2.0 - x) ** 2) / 18.0
        log_y = -((np.arange(128) / 2.0 - y) ** 2) / 18.0
        pixels, _ = decode_simcc(log_x[None, None], log_y[None, None], (48, 64))
        assert np.allclose(pixels[0, 0], (x, y), atol=1e-9)
        down, across = np.mgrid[:16, :12]
        heat = np.exp(-((across * 4 - x) ** 2 + (down * 4 - y) ** 2) / 72.0)[None, None]
        pixels, score = decode_heatmaps(heat, (48, 64))
        assert np.allclose(pixels[0, 0], (x, y), atol=1e-9)
        assert 0.9 < score[0, 0] <= 1.0


def test_a_peak_at_the_edge_stays_there() -> None:
    values = np.array([[[3.0, 2.0, 1.0, 0.0]]])
    pixels, _ = decode_simcc(values, values[..., ::-1], (4, 4))
    assert np.allclose(pixels[0, 0], (0.0, 3.0))


def two_people() -> tuple[np.ndarray, np.ndarray]:
    first, second = PLACES, PLACES + np.array([380.0, 20.0])
    return first, np.maximum(blobs((960, 480), first, 4.0), blobs((960, 480), second, 4.0))


def test_several_people_are_found_by_a_person_detector() -> None:
    first, image = two_people()
    # The image of 960 x 480 becomes 160 x 80 in the detector's input; box edges scale as edges.
    boxes = np.array([[96.0, 20.0, 110.0, 60.0, 0.9], [31.0, 18.0, 46.0, 58.0, 0.8], [0, 0, 160.0, 80.0, 0.99]])
    person = (person_model(boxes, np.array([0, 0, 7])), PersonModel(mean=(0, 0, 0), std=(1, 1, 1)))
    found = OnnxPoseDetector(heatmap_model(), PLAIN, person).detect(image)
    assert found.pixels.shape == (2, 3, 2)
    assert np.abs(found.pixels[1] - first).max() < 0.2
    assert np.abs(found.pixels[0] - first - (380.0, 20.0)).max() < 0.2


def test_between_searches_the_boxes_follow_the_keypoints() -> None:
    first, image = two_people()
    boxes = np.array([[31.0, 18.0, 46.0, 58.0, 0.8]])
    person = (person_model(boxes, np.array([0])), PersonModel(mean=(0, 0, 0), std=(1, 1, 1), every=50))
    detector = OnnxPoseDetector(heatmap_model(), PLAIN, person)
    for step in range(6):
        moved = np.roll(image, 12 * step, axis=1)
        found = detector.detect(moved)
        assert np.abs(found.pixels[0] - first - (12.0 * step, 0.0)).max() < 0.2


def test_one_person_in_two_boxes_is_told_once() -> None:
    _, image = two_people()
    boxes = np.array([[31.0, 18.0, 46.0, 58.0, 0.8], [30.0, 18.5, 47.0, 58.0, 0.7]])
    person = (person_model(boxes, np.array([0, 0])), PersonModel(mean=(0, 0, 0), std=(1, 1, 1)))
    found = OnnxPoseDetector(heatmap_model(), PLAIN, person).detect(image)
    assert found.pixels.shape == (1, 3, 2)


def test_an_empty_image_shows_nobody() -> None:
    detector = OnnxPoseDetector(heatmap_model(), PLAIN)
    found = detector.detect(np.zeros((400, 480, 3), np.uint8))
    assert found.pixels.shape == (0, 3, 2)
    # And it finds the person who then comes in.
    image = blobs((480, 400), PLACES, 4.0)
    detector.detect(image)
    assert np.abs(detector.detect(image).pixels[0] - PLACES).max() < 0.2  # at another scale


def test_another_file_than_the_one_meant_is_refused_with_its_digest() -> None:
    content = b"anything"
    digest = hashlib.sha256(content).hexdigest()
    assert check_digest(content, digest.upper(), "model.onnx") == digest
    for given in ("0" * 64, None):
        with pytest.raises(ConfigError, match=digest) as refused:
            check_digest(content, given, "model.onnx")
        assert refused.value.code == "MODEL_DIGEST"


@pytest.mark.parametrize(
    ("content", "model", "code"),
    [
        (b"no model at all", PLAIN, "MODEL_FORMAT"),
        (b"", PLAIN, "MODEL_FORMAT"),
        (heatmap_model(), PoseModel(**{**vars(PLAIN), "input_size": (64, 64)}), "MODEL_SIZE"),
        (heatmap_model(), PoseModel(names=("one", "two")), "MODEL_FORMAT"),
        (person_model(np.zeros((1, 5)), np.zeros(1)), PLAIN, "MODEL_FORMAT"),
    ],
)
def test_what_is_no_such_model_is_refused(content: bytes, model: PoseModel, code: str) -> None:
    with pytest.raises((ConfigError, FormatError)) as refused:
        OnnxPoseDetector(content, model).detect(blobs((480, 400), PLACES, 4.0))
    assert refused.value.code == code
