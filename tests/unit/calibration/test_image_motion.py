"""Changes of images against what numpy does to a real array, and their way back."""

import numpy as np
import pytest

from calibration.in_use.image_motion import ImageChange, possible_scales, possible_turns, restored

WIDTH, HEIGHT = 7, 5
DONE = {
    ("turned", 90.0): lambda image: np.rot90(image, -1),
    ("turned", 180.0): lambda image: np.rot90(image, 2),
    ("turned", 270.0): lambda image: np.rot90(image, 1),
    ("mirrored", 0.0): np.fliplr,
    ("flipped", 0.0): np.flipud,
}


@pytest.mark.parametrize("change", possible_turns(), ids=lambda change: change.describe())
def test_every_pixel_is_found_again_in_the_calibrated_image(change: ImageChange) -> None:
    image = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    footage = DONE[change.kind, change.value](image)
    rows, columns = np.indices(footage.shape)
    back = restored(np.stack([columns, rows], axis=-1).astype(float), change, (WIDTH, HEIGHT)).astype(int)
    assert (image[back[..., 1], back[..., 0]] == footage).all()


def test_a_scale_keeps_the_corner_of_the_image() -> None:
    # The corner of the image lies at -0.5 px in both; pixel 0 of an image twice as large at -0.25.
    corners = np.array([[-0.5, -0.5], [2559.5, 1439.5], [0.0, 0.0]])
    back = restored(corners, ImageChange("scaled", 2.0), (1280, 720))
    assert np.allclose(back, [[-0.5, -0.5], [1279.5, 719.5], [-0.25, -0.25]])


def test_usual_resolutions_are_among_the_scales() -> None:
    factors = [change.value for change in possible_scales()]
    for wanted in (0.5, 2 / 3, 0.75, 4 / 3, 1.5, 2.0, 3.0):
        assert np.isclose(factors, wanted).any()
    assert not np.isclose(factors, 1.0).any()
