"""The detector of plates: what it accepts and refuses, and how it follows."""

import numpy as np
import pytest

from calibration.camera import Camera
from calibration.rigid import apply, look_at, rigid
from mocap.config.plates import PlateSet, folded_plate, sd_of_confidence
from mocap.errors import KeypointError
from mocap.keypoints.plates import PlateDetector, TrackingOptions, make_plate_detector
from mocap.synthetic.plates import RenderOptions, render_plates

SIZE = (640, 480)
CAMERA = Camera("cam_0", SIZE, np.array([[700.0, 0, 319.5], [0, 700.0, 239.5], [0, 0, 1]]), np.zeros(5),
                look_at(np.array([1.5, 0.0, 1.0]), np.array([0.0, 0.0, 1.0])))
PLATES = PlateSet((folded_plate("sacrum", "pelvis", 0, 0.06), folded_plate("back", "lumbar", 2, 0.06)))


def poses(shift: float = 0.0) -> np.ndarray:
    facing = np.column_stack([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    return np.stack([rigid(facing, [0, shift, 0.9]), rigid(facing, [0, shift, 1.1])])


def image(shift: float = 0.0, seed: int = 0, noise: float = 2.0, black: float = 35.0) -> np.ndarray:
    options = RenderOptions(noise=noise, black=black)
    return render_plates(CAMERA, PLATES.plate, poses(shift)[None], seed, options)


def truth(shift: float = 0.0) -> np.ndarray:
    pairs = zip(poses(shift), PLATES, strict=True)
    return CAMERA.project(np.concatenate([apply(pose, plate.corners_plate.reshape(-1, 3)) for pose, plate in pairs]))


def test_names_and_corners() -> None:
    detector = make_plate_detector(PLATES, SIZE)
    assert detector.names[:5] == ("sacrum.0.0", "sacrum.0.1", "sacrum.0.2", "sacrum.0.3", "sacrum.1.0")
    assert not detector.colour
    found = detector.detect(image())
    assert found.pixels.shape == (1, 16, 2)
    # Measured: 0.05 px RMS, 0.11 px at most.
    assert np.sqrt(np.mean((found.pixels[0] - truth()) ** 2)) < 0.1
    assert (sd_of_confidence(found.confidence[0]) < 0.1).all()


def test_follows_and_finds_again() -> None:
    detector = make_plate_detector(PLATES, SIZE, TrackingOptions(search_every=4))
    empty = np.full(SIZE[::-1], 120, np.uint8)
    for frame in range(6):
        assert np.isfinite(detector.detect(image(0.008 * frame, frame)).pixels).all()
    for _ in range(5):
        assert detector.detect(empty).pixels.shape == (0, 16, 2)
    back = [len(detector.detect(image(-0.2, frame)).pixels) for frame in range(4)]
    # Beyond the region it comes back with the next search of the whole frame, four frames later at most.
    assert back[-1] == 1


def test_a_plate_that_leaps_is_found_at_once() -> None:
    detector = make_plate_detector(PLATES, SIZE, TrackingOptions(search_every=100))
    for frame in range(3):
        detector.detect(image(0.0, frame))
    leapt = detector.detect(image(0.35, 7))
    assert len(leapt.pixels) == 1
    assert np.abs(leapt.pixels[0] - truth(0.35)).max() < 0.5


def test_a_tag_of_another_plate_or_dictionary_is_no_tag() -> None:
    other = folded_plate("b", "other", 0, 0.06, dictionary="DICT_6X6_50")
    strangers = PlateSet((folded_plate("a", "other", 40, 0.06), other))
    assert make_plate_detector(strangers, SIZE).detect(image()).pixels.shape == (0, 16, 2)


def test_a_copy_of_a_tag_elsewhere_does_not_take_over() -> None:
    detector = make_plate_detector(PLATES, SIZE)
    for frame in range(3):
        detector.detect(image(0.0, frame))
    double = image(0.0, 5)
    part = truth()[:4]
    left, top = np.floor(part.min(axis=0)).astype(int) - 6
    right, bottom = np.ceil(part.max(axis=0)).astype(int) + 7
    double[10 : 10 + bottom - top, 10 : 10 + right - left] = double[top:bottom, left:right]
    found = detector.detect(double)
    assert np.abs(found.pixels[0, :4] - part).max() < 0.5
    # Hidden where it was, the copy is too far away to be it.
    double[top:bottom, left:right] = 120
    assert np.isnan(detector.detect(double).pixels[0, :4]).all()


def test_noise_and_little_contrast_weigh_less() -> None:
    clean = make_plate_detector(PLATES, SIZE).detect(image(noise=1.0))
    noisy = make_plate_detector(PLATES, SIZE).detect(image(noise=10.0))
    faint = make_plate_detector(PLATES, SIZE).detect(image(noise=4.0, black=150.0))
    medians = [float(np.median(one.confidence[one.confidence > 0])) for one in (clean, noisy, faint)]
    assert medians[0] > medians[1] and medians[0] > medians[2]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_in_clutter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.integers(0, 2, (60, 80)) * 170 + 30, np.ones((8, 8))).astype(np.uint8)
    detector = PlateDetector(PLATES, SIZE, TrackingOptions(enabled=False))
    assert detector.detect(blocks).pixels.shape == (0, 16, 2)


def test_refuses_images_of_another_size() -> None:
    with pytest.raises(KeypointError, match="640 x 480"):
        make_plate_detector(PLATES, SIZE).detect(np.zeros((100, 100), np.uint8))
