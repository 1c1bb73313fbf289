"""What `mocap calibrate` makes of its options before any footage is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from calibration.boards.board import Board
from calibration.observations import BoardObservations
from mocap.cli.calibrate import _lenses
from mocap.config.build import build
from mocap.errors import MocapError
from mocap.pipeline import calibration as pipeline
from mocap.pipeline.board_footage import check_told_apart
from mocap.pipeline.calibration import CalibrationOptions, _wanted, check_lenses

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


def test_corrections_are_keys_of_a_session_and_flags_of_the_command(tmp_path: Path) -> None:
    keys = {"timing": True, "bending": False, "rate_hz": 50.0}
    options = build(CalibrationOptions, keys, "session.toml", "options.calibration")
    observations = BoardObservations(CHARUCO, ("a",), np.array([[9, 9]]), np.full((1, 1, 24, 2), np.nan), np.arange(1))
    wanted = _wanted(options, tmp_path, (tmp_path,), observations)
    assert (wanted.timing, wanted.rate_hz, options.bending) == ("per-view", 50.0, False)
    plain = _wanted(CalibrationOptions(), tmp_path, (tmp_path,), observations)
    assert (plain.timing, plain.board_shape, plain.frame_times) == ("synchronous", "flat", None)
    assert CalibrationOptions().bending is None  # as the views prove
    for wrong in ({"timing": "late"}, {"rate_hz": 0.0}, {"bending": "wavy"}):
        with pytest.raises(MocapError) as refused:
            build(CalibrationOptions, wrong, "session.toml", "options.calibration")
        assert refused.value.code == "CONFIG_VALUE"


def test_the_flags_reach_the_calibration(
    tmp_path: Path, mocap_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def stop(*arguments: Any, **_: Any) -> None:
        given.extend(one for one in arguments if isinstance(one, CalibrationOptions))
        raise MocapError("That will do.", "Nothing.", code="ENOUGH")

    monkeypatch.setattr(pipeline, "calibrate_to_file", stop)
    words = ("--timing", "--bending", "--rate", 30, "--frame-times", "t.csv")
    assert mocap_cli("calibrate", tmp_path, "--board", "board.toml", *words).status
    assert given == [CalibrationOptions(timing=True, bending=True, rate_hz=30.0, frame_times="t.csv")]
    for words, bending in (((), None), (("--flat",), False)):
        given.clear()
        assert mocap_cli("calibrate", tmp_path, "--board", "board.toml", *words).status
        assert given == [CalibrationOptions(bending=bending)]
