"""Observations: shapes at the door, counts and subsets that can be done in the head."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.errors import ShapeError
from calibration.observations import BoardObservations

BOARD = Board("charuco", 4, 3, 0.1, 0.07, "DICT_4X4_50")  # 6 corners


def observations():
    pixels = np.full((3, 4, 6, 2), np.nan)
    pixels[0, [0, 1, 2]] = 5.0
    pixels[1, [1, 2]] = 6.0
    pixels[1, 2, 3:] = np.nan
    pixels[2, 3, 0] = 7.0
    return BoardObservations(BOARD, ("a", "b", "c"), np.array([[640, 480]] * 3), pixels, np.array([2, 3, 5, 8]))


def test_counts():
    seen = observations()
    assert (seen.n_cameras, seen.n_frames) == (3, 4)
    np.testing.assert_array_equal(seen.views_per_camera(), [3, 2, 1])
    np.testing.assert_array_equal(seen.shared_views(), [[3, 2, 0], [2, 2, 0], [0, 0, 1]])
    assert seen.seen.sum() == 18 + 9 + 1


def test_subsets():
    seen = observations()
    np.testing.assert_array_equal(seen.subset_frames([1, 3]).frame_ids, [3, 8])
    mask = seen.subset_frames(np.array([True, False, False, True]))
    np.testing.assert_array_equal(mask.frame_ids, [2, 8])
    assert seen.subset_frames([]).n_frames == 0
    swapped = seen.subset_cameras(["c", "a"])
    assert swapped.camera_names == ("c", "a")
    np.testing.assert_array_equal(swapped.views_per_camera(), [1, 3])
    with pytest.raises(ShapeError, match=r"Cameras \['d'\]"):
        seen.subset_cameras(["d"])
    with pytest.raises(ShapeError, match="frame mask has shape"):
        seen.subset_frames(np.array([True]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"camera_names": ("a", "a", "b")}, "doubled"),
        ({"pixels": np.zeros((3, 4, 7, 2))}, "pixels has shape"),
        ({"pixels": np.full((3, 4, 6, 2), np.inf)}, "infinite"),
        ({"pixels": np.where([True, False], np.nan, np.ones((3, 4, 6, 2)))}, "only one of x and y"),
        ({"image_sizes": np.zeros((3, 2))}, "above 0"),
        ({"frame_ids": np.array([0, 1, 1, 2])}, "increasing"),
        ({"frame_ids": np.array([0, 1])}, "frame_ids has shape"),
    ],
)
def test_wrong_values_are_refused(change, message):
    values = {name: getattr(observations(), name) for name in BoardObservations.__dataclass_fields__}
    with pytest.raises(ShapeError, match=message):
        BoardObservations(**{**values, **change})


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        observations().pixels[0, 0, 0, 0] = 1.0
