"""Scale from board, wand, tape and survey: weights in closed form, disagreements by name, intervals that hold."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import CalibrationError, ShapeError
from calibration.scale import (
    ScaleEstimate,
    board_scale,
    board_scales,
    check_scale,
    combine_scale,
    length_scale,
    scaled_rig,
    tape_scale,
    wand_scale,
)
from calibration.synthetic.rigs import ring_rig
from calibration.triangulation import triangulate

BOARD = Board("charuco", 6, 5, 0.04, 0.03, "DICT_4X4_50")
RIG = ring_rig(4, 1)
WAND_M = 0.5


def wand_pixels(rng: np.random.Generator, n: int, sigma: float, length: float = WAND_M) -> np.ndarray:
    """Pixels (camera, frame, 2, 2) of a wand that moves through the volume."""
    middle = rng.uniform([-0.6, -0.6, 0.4], [0.6, 0.6, 1.6], (n, 3))
    way = rng.standard_normal((n, 3))
    way *= 0.5 * length / np.linalg.norm(way, axis=1, keepdims=True)
    pixels = RIG.project(np.stack([middle - way, middle + way], axis=1))
    return pixels + sigma * rng.standard_normal(pixels.shape)


def baseline(rig: CameraRig, one: int, other: int) -> float:
    return float(np.linalg.norm(rig.cameras[one].centre_world - rig.cameras[other].centre_world))


def test_sources_weigh_by_their_variance() -> None:
    result = combine_scale([ScaleEstimate("a", 1.0, 0.002), ScaleEstimate("b", 1.003, 0.001)])
    assert result.factor == pytest.approx((1.0 / 4 + 1.003) / (1 / 4 + 1))
    assert result.sd == pytest.approx(0.001 / np.sqrt(1.25))
    assert result.chi2 == pytest.approx(0.003**2 / (0.002**2 + 0.001**2))
    assert result.residuals["a"] == pytest.approx(1.0 - result.factor)
    assert result.agrees and not result.notes
    check_scale(result)


def test_a_single_source_is_said_to_be_alone() -> None:
    result = combine_scale([board_scale(BOARD)])
    assert result.factor == 1.0 and result.sd == 0.003
    assert result.notes == ("scale rests on board's square length 0.0400 m alone",)


def test_sources_have_to_be_given_once_and_with_a_noise() -> None:
    with pytest.raises(ShapeError):
        combine_scale([])
    with pytest.raises(ShapeError):
        combine_scale([board_scale(BOARD), board_scale(BOARD)])
    with pytest.raises(ShapeError):
        ScaleEstimate("tape", 1.0, 0.0)


def test_boards_described_alike_are_told_apart() -> None:
    other = Board("charuco", 7, 6, 0.05, 0.03, "DICT_5X5_100")
    names = [one.source for one in board_scales([BOARD, other, BOARD])]
    assert len(set(names)) == 3 and names[1] == board_scale(other).source
    assert [one.source for one in board_scales([BOARD])] == [board_scale(BOARD).source]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 20))])
def test_a_board_one_percent_off_is_found_by_a_wand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    too_large = scaled_rig(RIG, 1.01)  # the board's squares are stated 1 % too long, so the rig is
    wand = wand_scale(too_large, wand_pixels(rng, 60, 0.5), WAND_M, 0.0002, 0.5)
    result = combine_scale([board_scale(BOARD, 0.002), wand])
    said = r"SCALE_DISAGREES.*off by (0\.9|1\.0|1\.1) % \+- 0\.2 %: board's square length 0\.0400 m vs wand"
    with pytest.raises(CalibrationError, match=said):
        check_scale(result)
    assert wand.factor == pytest.approx(1 / 1.01, abs=4 * wand.sd)
    printed = combine_scale([board_scale(BOARD), wand])  # 0.3 %, printed and never measured
    assert not printed.agrees


def test_a_right_board_is_not_accused() -> None:
    rng = np.random.default_rng(3)
    accused = 0
    for _ in range(200):
        board = ScaleEstimate("board", 1.0 + 0.003 * rng.standard_normal(), 0.003)
        tape = ScaleEstimate("tape", 1.0 + 0.004 * rng.standard_normal(), 0.004)
        accused += not combine_scale([board, tape]).agrees
    assert accused <= 8  # 2.5 sigma: 1.2 % expected; measured 4


def test_a_difference_too_uncertain_to_prove_is_told() -> None:
    result = combine_scale([board_scale(BOARD), length_scale("tape 4.00 m", 4.0, 0.04, 4.04, 0.001)])
    assert result.agrees
    assert result.notes[0].startswith("scale off by 1.0 % +- 1.0 %: board's square length 0.0400 m vs tape 4.00 m")


def test_the_worst_pair_of_three_comes_first() -> None:
    wand = ScaleEstimate("wand", 1.001, 0.001)
    tape = ScaleEstimate("tape", 1.0005, 0.002)
    result = combine_scale([ScaleEstimate("board", 1.02, 0.002), wand, tape])
    assert len(result.findings) == 2 and all("board" in text for text in result.findings)
    assert result.sd > 0.001  # grown: the sources contradict each other


@pytest.mark.parametrize(
    ("n", "low", "high"), [(80, 0.86, 1.0), pytest.param(1000, 0.93, 0.97, marks=pytest.mark.heavy)]
)
def test_the_interval_of_a_wand_holds(n: int, low: float, high: float) -> None:
    # 80 draws: fewer than 69 within by chance once in 1000 runs.
    rng = np.random.default_rng(4)
    found = [wand_scale(RIG, wand_pixels(rng, 10, 0.5), WAND_M, 1e-9, 0.5) for _ in range(n)]
    z = np.array([(one.factor - 1.0) / one.sd for one in found])
    assert low <= (np.abs(z) < 1.96).mean() <= high
    assert abs(z.mean()) < 4 / np.sqrt(n)  # no bias: noise across the wand is taken out


def test_a_wand_nobody_saw_is_refused() -> None:
    pixels = wand_pixels(np.random.default_rng(0), 3, 0.0)
    pixels[1:] = np.nan
    with pytest.raises(CalibrationError, match="WAND_NOT_SEEN"):
        wand_scale(RIG, pixels, WAND_M, 1e-4, 0.5)


def test_tape_between_cameras() -> None:
    true = {("cam_0", "cam_1"): (baseline(RIG, 0, 1), 0.01), ("cam_0", "cam_2"): (baseline(RIG, 0, 2), 0.01)}
    smaller = scaled_rig(RIG, 0.98)
    found = tape_scale(smaller, true)
    assert found.factor == pytest.approx(1 / 0.98)
    lengths = np.array([baseline(smaller, 0, 1), baseline(smaller, 0, 2)])
    assert found.sd == pytest.approx(0.01 / np.linalg.norm(lengths))
    with pytest.raises(ShapeError, match="top"):
        tape_scale(RIG, {("cam_0", "top"): (3.0, 0.01)})


def test_cameras_that_may_have_moved_weaken_a_tape() -> None:
    covariance = np.zeros((4, 18, 4, 18))
    covariance[1, 15:, 1, 15:] = np.eye(3) * 0.02**2
    found = tape_scale(RIG, {("cam_0", "cam_1"): (baseline(RIG, 0, 1), 0.01)}, covariance)
    assert found.sd * baseline(RIG, 0, 1) == pytest.approx(np.hypot(0.01, 0.02), rel=1e-6)


def test_a_scaled_rig_sees_the_same_and_measures_more() -> None:
    pixels = wand_pixels(np.random.default_rng(0), 5, 0.0)
    larger = scaled_rig(scaled_rig(RIG, 1.1), 1.1)
    points = triangulate(larger, pixels)
    assert np.linalg.norm(points[:, 0] - points[:, 1], axis=1) == pytest.approx(1.21 * WAND_M, rel=1e-6)
    assert larger.metadata["scale_factor"] == pytest.approx(1.21)
    with pytest.raises(ShapeError):
        scaled_rig(RIG, 0.0)
