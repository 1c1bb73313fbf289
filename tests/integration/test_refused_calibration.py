"""A calibration that is refused leaves its page and not its file."""

from pathlib import Path

import pytest

from calibration.boards.board import Board
from calibration.errors import CalibrationError
from calibration.recipe import calibrate
from calibration.synthetic import ring_rig
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from mocap.pipeline.calibration import CalibratedFootage, write_calibration

BOARD = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")


@pytest.fixture(scope="module")
def found() -> CalibratedFootage:
    """Three cameras whose corners are 3.5 px off: more than a usable camera may miss."""
    rig = ring_rig(3, 2)
    seen = observe_board(rig, BOARD, board_poses(BOARD, 60, 1), 3.5, 2)
    return CalibratedFootage(calibrate(seen), (seen,), (), ())


def test_a_refused_calibration_leaves_the_old_file_and_a_page(found: CalibratedFootage, tmp_path: Path) -> None:
    out = tmp_path / "calibration.toml"
    out.write_text("before")
    with pytest.raises(CalibrationError) as refused:
        write_calibration(found, out, lambda *_: None)
    assert refused.value.code == "CALIBRATION_REFUSED" and "--anyway" in refused.value.remedy
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "calibration.refused.html", "calibration.refused.json", "calibration.toml",
    ]  # fmt: skip


def test_a_refused_calibration_is_written_when_asked_for(found: CalibratedFootage, tmp_path: Path) -> None:
    outcome = write_calibration(found, tmp_path / "calibration.toml", lambda *_: None, anyway=True)
    assert outcome.rig.metadata["verdict"] == "refuse"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "calibration.html", "calibration.json", "calibration.toml",
    ]  # fmt: skip
