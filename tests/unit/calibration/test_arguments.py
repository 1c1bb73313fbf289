"""What callers hand over by mistake is refused with a code: nothing is ignored, counted twice or ends in a trace."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration import BoardObservations, MocapError, calibrate
from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.initial.planar import planar_poses
from calibration.quality.assessment import assess
from calibration.recipe import cross_validate
from calibration.synthetic import board_poses, ring_rig
from calibration.synthetic.corners import observe_board

BOARD = Board("charuco", 7, 5, 0.08, 0.06, "DICT_4X4_50")
TRUTH = CameraRig(ring_rig(3, 3, size=(960, 540)).cameras)


@pytest.fixture(scope="module")
def seen() -> BoardObservations:
    whole = observe_board(TRUTH, BOARD, board_poses(BOARD, 260, seed=2), sigma_px=0.2, seed=1)
    return whole.subset_frames(np.flatnonzero(whole.views().sum(axis=0) >= 2)[:36])


def refused(code: str, told: str, work: Any) -> None:
    with pytest.raises(MocapError) as caught:
        work()
    assert caught.value.code == code
    assert told in str(caught.value)


def test_observations_count_once(seen: BoardObservations) -> None:
    refused("BOARDS_ALIKE", "count twice", lambda: calibrate(seen, more_boards=(seen,)))
    part = seen.subset_frames(np.arange(20, 36))
    refused("BOARDS_ALIKE", "Board 2 and board 1", lambda: calibrate(seen, more_boards=part))  # type: ignore[arg-type]
    shifted = replace(part, frame_ids=part.frame_ids + 1000)
    refused("BOARDS_ALIKE", "same corners", lambda: calibrate(seen, more_boards=(shifted,)))


def test_halves_of_one_recording_are_two_boards(seen: BoardObservations) -> None:
    # Nothing is counted twice: the answer is that of the whole.
    halves = [seen.subset_frames(np.arange(seen.n_frames) % 2 == part) for part in (0, 1)]
    together, whole = calibrate(halves[0], more_boards=halves[1:]), calibrate(seen)
    focal = [camera.matrix[0, 0] for camera in whole.rig]
    assert np.allclose([camera.matrix[0, 0] for camera in together.rig], focal, rtol=1e-3)


def test_corners_outside_the_image_are_refused(seen: BoardObservations) -> None:
    swapped = seen.image_sizes[:, ::-1]
    refused("SHAPE", "outside its image of 540 x 960 px", lambda: replace(seen, image_sizes=swapped))
    refused("SHAPE", "(width, height)", lambda: replace(seen, image_sizes=seen.image_sizes // 2))
    stray = seen.pixels.copy()
    stray[0, 3, 2] = (-40.0, 2000.0)  # one wrong corner is no wrong size
    stray[seen.pixels[..., 0] > 955] += 1.0
    assert replace(seen, pixels=stray).n_frames == seen.n_frames


@pytest.mark.parametrize("filler", [0.0, -1.0])
def test_missing_corners_given_as_a_number_are_refused(seen: BoardObservations, filler: float) -> None:
    filled = np.where(np.isnan(seen.pixels), filler, seen.pixels)
    refused("SHAPE", "by NaN", lambda: replace(seen, pixels=filled))
    blind = seen.pixels.copy()
    blind[0] = filler
    refused("SHAPE", "Camera 'cam_0'", lambda: replace(seen, pixels=blind))


def test_corners_all_in_one_place_have_no_pose(seen: BoardObservations) -> None:
    rays = np.full((2, BOARD.n_corners, 2), 0.1)
    rays[1, :4] = [[0.1, 0.1], [0.1, 0.1 + 1e-16], [0.1 - 1e-16, 0.1], [0.1, 0.1]]
    assert np.isnan(planar_poses(BOARD.corners_board[:, :2], rays)[:, :, :3, 3]).all()
    blind = seen.pixels.copy()
    blind[0][~np.isnan(blind[0])] = 7.5
    refused("NO_LENS", "cam_0", lambda: calibrate(replace(seen, pixels=blind)))


@pytest.mark.parametrize(
    ("code", "told", "more"),
    [
        ("CAMERA_UNKNOWN", "'nope'", {"lens": {"nope": "brown5"}}),
        ("LENS_MODEL_UNKNOWN", "neither a name", {"lens": 3}),
        ("LENS_MODEL_UNKNOWN", "neither a name", {"lens": ["auto"]}),
        ("LENS_MODEL_UNKNOWN", "", {"lens": {"cam_0": None}}),
        ("WORLD_UNKNOWN", "is no text", {"world": 3}),
        ("RMS_LIMIT", "nan", {"max_rms_share": float("nan")}),
        ("RMS_LIMIT", "-1", {"max_rms_share": -1}),
        ("SHAPE", "NoneType", {"more_boards": (None,)}),
    ],
)
def test_what_cannot_be_meant_is_refused(seen: BoardObservations, code: str, told: str, more: dict[str, Any]) -> None:
    refused(code, told, lambda: calibrate(seen, **more))


def test_what_is_no_observations_is_refused(seen: BoardObservations) -> None:
    refused("SHAPE", "NoneType", lambda: calibrate(None))  # type: ignore[arg-type]
    refused("SHAPE", "ndarray", lambda: cross_validate(seen.pixels))  # type: ignore[arg-type]
    for folds in (0, 1, 2.5):
        refused("FOLDS", f"{folds}", lambda folds=folds: cross_validate(seen, n_folds=folds))


def test_only_the_calibrated_observations_are_assessed(seen: BoardObservations) -> None:
    result = calibrate(seen)
    refused("OBSERVATIONS_OTHER", "36 frames", lambda: assess(result, seen.subset_frames(np.arange(10))))
    other = replace(seen, pixels=np.where(np.arange(36)[:, None, None] < 2, np.nan, seen.pixels))
    refused("OBSERVATIONS_OTHER", "not those", lambda: assess(result, other))
    refused("FOLDS", "0", lambda: assess(result, seen, n_folds=0))
