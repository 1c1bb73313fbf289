"""Second lengths: how they are written, and what they do to a rig."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.lengths import TapeLength, WandSight, parse_tape_length, scale_by_lengths, scale_estimates
from calibration.scale import scaled_rig
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 6, 5, 0.04, 0.03, "DICT_4X4_50")
RIG = ring_rig(4, 1)


def distance(rig: CameraRig, one: int, other: int) -> float:
    return float(np.linalg.norm(rig.cameras[one].centre_world - rig.cameras[other].centre_world))


@pytest.mark.parametrize(
    "text", ["cam_0-cam_3=4.212+-0.005", " cam_0 - cam_3 = 4.212 m ± 0.005 m ", "cam_0-cam_3=4.212+/-5e-3"]
)
def test_a_length_is_read(text: str) -> None:
    assert parse_tape_length(text, RIG.names) == TapeLength(("cam_0", "cam_3"), 4.212, 0.005)


def test_names_may_hold_hyphens() -> None:
    assert parse_tape_length("left-1-right-1=3+-0.01", ["left-1", "right-1"]).cameras == ("left-1", "right-1")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("cam_0-cam_3=4.212", "LENGTH_FORMAT"),
        ("cam_0-cam_3:4.2+-0.1", "LENGTH_FORMAT"),
        ("cam_0-cam_3=nan+-0.1", "LENGTH_FORMAT"),
        ("cam_0-cam_3=4212+-5", "LENGTH_UNITS"),
        ("cam_0-cam_3=4.2+-0", "LENGTH_UNITS"),
        ("cam_0-cam_9=4.2+-0.1", "LENGTH_CAMERA"),
        ("cam_0-cam_0=4.2+-0.1", "LENGTH_CAMERA"),
        ("cam_0=4.2+-0.1", "LENGTH_CAMERA"),
    ],
)
def test_what_is_no_length_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(CalibrationError) as refused:
        parse_tape_length(text, RIG.names)
    assert refused.value.code == code


def test_board_and_tape_are_weighed_together() -> None:
    tape = TapeLength(("cam_0", "cam_2"), 1.004 * distance(RIG, 0, 2), 0.01)
    scaled = scale_by_lengths(RIG, BOARD, [tape])
    weights = np.array([1 / 0.003**2, 1 / (0.01 / distance(RIG, 0, 2)) ** 2])
    factor = float(weights @ [1.0, 1.004] / weights.sum())
    assert scaled.result.factor == pytest.approx(factor, rel=1e-5)
    assert distance(scaled.rig, 1, 3) == pytest.approx(factor * distance(RIG, 1, 3), rel=1e-5)
    assert "tape and board differ by +0.40 +-" in scaled.sentence
    assert scaled.rig.metadata["scale_factor"] == pytest.approx(factor, rel=1e-5)


def test_a_board_alone_is_said_to_be_alone() -> None:
    scaled = scale_by_lengths(RIG, BOARD)
    assert distance(scaled.rig, 0, 2) == distance(RIG, 0, 2)
    assert scaled.sentence.startswith("Scale rests on the board's square length 0.0400 m alone")


def test_a_wand_speaks_up_too() -> None:
    rng = np.random.default_rng(3)
    middle = rng.uniform([-0.6, -0.6, 0.4], [0.6, 0.6, 1.6], (60, 1, 3))
    way = rng.standard_normal((60, 1, 3))
    way *= 0.25 / np.linalg.norm(way, axis=2, keepdims=True)
    pixels = RIG.project(np.concatenate([middle - way, middle + way], axis=1))
    pixels += 0.2 * rng.standard_normal(pixels.shape)
    small = scaled_rig(RIG, 0.98)
    with pytest.raises(CalibrationError) as refused:
        scale_by_lengths(small, BOARD, wand=WandSight(pixels, 0.5, 1e-4, 0.2))
    assert refused.value.code == "SCALE_DISAGREES" and "2.0 %" in refused.value.cause
    board, wand = scale_estimates(small, BOARD, wand=WandSight(pixels, 0.5, 1e-4, 0.2))
    assert wand.factor == pytest.approx(1 / 0.98, rel=5e-4) and board.factor == 1.0  # measured 2e-4 off


def test_one_distance_counts_once() -> None:
    tape = TapeLength(("cam_0", "cam_2"), distance(RIG, 0, 2), 0.01)
    with pytest.raises(CalibrationError) as refused:
        scale_by_lengths(RIG, BOARD, [tape, TapeLength(("cam_2", "cam_0"), tape.length_m, 0.01)])
    assert refused.value.code == "LENGTH_DOUBLED"
