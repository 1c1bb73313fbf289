"""A lens that folds where no corner was seen gives way to one that does not; what corners show is kept."""

from dataclasses import replace
from functools import cache

import numpy as np

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.lenses.whole_image import image_places, places_with_ray
from calibration.observations import BoardObservations
from calibration.recipe import calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 5, 4, 0.08, 0.06, "DICT_4X4_50")
BENT = np.array([-0.38, 0.15, 0.0, 0.0, -0.02])  # a wide lens without a fold


@cache
def truth() -> CameraRig:
    cameras = []
    for camera in ring_rig(3, 2, radius_m=3.0):
        matrix = camera.matrix.copy()
        matrix[:2, :2] *= 800 / matrix[0, 0]
        cameras.append(replace(camera, matrix=matrix, distortion=BENT))
    return CameraRig(tuple(cameras))


@cache
def shown(volume_m: float, n_poses: int = 50) -> BoardObservations:
    """The board in the middle of a room, seen in the middle of the images alone where that is small."""
    return observe_board(truth(), BOARD, board_poses(BOARD, n_poses, 2, volume_m=(volume_m,) * 3), 0.3, 3)


def test_the_lens_of_the_truth_has_a_ray_everywhere() -> None:
    assert all(places_with_ray(camera).all() for camera in truth())
    folding = replace(truth().cameras[0], distortion=np.array([-0.38, 0.0, 0.0, 0.0, 0.0]))
    lost = ~places_with_ray(folding)
    assert lost[0, 0] and not lost[13, 24]  # in the corners of the image, not in its middle
    np.testing.assert_array_equal(lost, np.isnan(folding.undistort(image_places(folding.size))[0][..., 0]))


def test_a_lens_seen_in_the_middle_alone_is_chosen_without_a_fold() -> None:
    found = calibrate(shown(0.9))
    assert all(places_with_ray(camera).all() for camera in found.rig)
    assert "lest the lens fold inside the image" in str(found.rig.metadata["lens_choice"])


def test_a_lens_that_was_asked_for_is_left_as_it_is() -> None:
    found = calibrate(shown(0.9), lens="brown5")
    assert "lest" not in str(found.rig.metadata["lens_choice"])


def test_corners_to_the_edges_decide_themselves() -> None:
    found = calibrate(shown(2.6, 300))
    assert "lest" not in str(found.rig.metadata["lens_choice"])
    assert all(places_with_ray(camera).all() for camera in found.rig)
