"""What `mocap calibrate` makes of its options before any footage is read."""

import pytest
import typer

from calibration.boards.board import Board
from mocap.cli.calibrate import _lenses
from mocap.errors import MocapError
from mocap.pipeline.board_footage import check_told_apart
from mocap.pipeline.calibration import check_lenses

CHARUCO = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")


def test_one_lens_for_all_or_one_per_camera() -> None:
    assert _lenses(["auto"]) == "auto"
    assert _lenses(["cam_0=fisheye", "cam_2=brown2"]) == {"cam_0": "fisheye", "cam_2": "brown2"}
    with pytest.raises(typer.BadParameter, match="CAMERA=MODEL"):
        _lenses(["fisheye", "cam_2=brown2"])


def test_lenses_of_unknown_cameras_and_unknown_models_are_refused() -> None:
    check_lenses({"cam_0": "fisheye"}, ["cam_0", "cam_1"])
    with pytest.raises(MocapError) as refused:
        check_lenses({"cam_9": "fisheye"}, ["cam_0", "cam_1"])
    assert refused.value.code == "CAMERA_UNKNOWN"
    for lens in ("fish", {"cam_0": "fish"}):
        with pytest.raises(MocapError) as refused:
            check_lenses(lens, ["cam_0", "cam_1"])
        assert refused.value.code == "LENS_MODEL_UNKNOWN"


def test_boards_that_footage_cannot_tell_apart_are_refused() -> None:
    check_told_apart([CHARUCO, Board("charuco", 5, 4, 0.1, 0.07, "DICT_5X5_50"), Board("chessboard", 8, 5, 0.1)])
    for other in (Board("charuco", 5, 4, 0.1, 0.07, "DICT_4X4_50"),):
        with pytest.raises(MocapError) as refused:
            check_told_apart([CHARUCO, other])
        assert refused.value.code == "BOARDS_ALIKE"
