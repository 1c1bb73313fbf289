"""A lens model asked for by hand, and what is said when the views contradict it."""

from dataclasses import replace

import numpy as np
import pytest

import calibration.quality.lens_asked as lens_asked
from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.corrections.choice import Wanted
from calibration.errors import CalibrationError, SolverError
from calibration.lenses.models import free_parameters, lens_prior
from calibration.observations import BoardObservations
from calibration.quality.assessment import assess, check_verdict, whole_verdict
from calibration.quality.assessment_json import assessment_metadata, assessment_table
from calibration.quality.judgement import Check
from calibration.quality.lens_asked import compared_lenses, lens_checks_asked
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS, Views
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")


def strong_rig(seed: int = 2) -> CameraRig:
    """Three cameras near the volume, whose lenses bend as wide ones of Brown's kind do."""
    bent = np.array([-0.33, 0.14, 5e-4, -5e-4, -0.03])
    return CameraRig(tuple(replace(one, distortion=bent) for one in ring_rig(3, seed, radius_m=2.2)))


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    return observe_board(strong_rig(), BOARD, board_poses(BOARD, 120, 2, volume_m=(2.4, 2.4, 1.8)), 0.2, 3)


@pytest.fixture(scope="module")
def two_coefficients(observations: BoardObservations) -> Calibration:
    return calibrate(observations, lens="brown2")


def test_lenses_that_the_views_chose_are_not_compared(
    observations: BoardObservations, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = calibrate(observations)
    monkeypatch.setattr(lens_asked, "compared_lenses", None)
    assert found.asked == ("auto",) * 3
    assert lens_checks_asked(found, observations) == ()


def test_the_true_model_is_not_contradicted(observations: BoardObservations) -> None:
    (check,) = lens_checks_asked(calibrate(observations, lens="brown5"), observations)
    assert (check.name, check.status, check.remedy) == ("lens_asked", "ok", "")


def test_a_contradicted_model_is_told_everywhere(
    observations: BoardObservations, two_coefficients: Calibration
) -> None:
    found = assess(two_coefficients, observations)
    (check,) = [one for one in found.checks if one.name == "lens_asked"]
    assert check.status == "fail" and check.measured > 2
    assert "Brown's lens with two coefficients, as asked for, fits worse than Brown's lens with five" in check.meaning
    assert found.grade == "refuse" and "as asked for, fits worse" in found.reason and "--lens" in found.remedy
    told = assessment_metadata(found)
    assert "lens_asked fail" in told["checks_not_ok"]
    assert "as asked for, fits worse" in told["lens_asked"] and "Leave --lens away" in told["lens_asked"]
    table = {one["name"]: one for one in assessment_table(two_coefficients, observations, found)["checks"]}
    assert table["lens_asked"]["status"] == "fail" and "--lens" in table["lens_asked"]["remedy"]
    with pytest.raises(CalibrationError, match=r"CALIBRATION_REFUSED.*as asked for, fits worse") as refused:
        check_verdict(found)
    assert str(refused.value).count("as asked for, fits worse") == 1
    # Lenses of all three bend alike: all are named, with the figures of one, and none of them is good.
    assert check.meaning.startswith("cameras cam_0, cam_1 and cam_2: Brown's lens with two"), check.meaning
    assert check.meaning.count("residual ") == 1 and "(worst cam_" in check.meaning
    assert [camera.grade for camera in found.cameras] == ["refuse"] * 3
    for camera in found.cameras:
        assert "Brown's lens with two coefficients, as asked for, fits worse than" in camera.reason
        assert "leave --lens away" in camera.remedy and camera.checks[-1].name == "lens_asked"


def test_the_figures_told_are_those_of_the_worst_camera(
    observations: BoardObservations, two_coefficients: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared_lenses(two_coefficients, observations)
    assert not isinstance(found, str)
    worse = replace(found, rms_px=np.array([0.3, 0.6, 0.5]), chosen_rms_px=np.array([0.2, 0.2, 0.2]))
    unstated = replace(worse, moved_sds=np.full((2, 3), np.nan))
    monkeypatch.setattr(lens_asked, "compared_lenses", lambda *_: unstated)
    (check,) = lens_checks_asked(two_coefficients, observations)
    assert "(worst cam_1: residual 0.600 against 0.200 px)" in check.meaning
    # Where no movement can be stated, nothing says that the lens bends little.
    assert check.status == "fail" and check.describe().endswith("are off by more than can be stated")
    mixed = replace(two_coefficients, asked=("pinhole", "brown2", "fisheye"))
    (check,) = lens_checks_asked(mixed, observations)
    told = "cameras cam_0, cam_1 and cam_2: the lenses, as asked for, fit worse than those that the views choose (worst"
    assert check.meaning.startswith(f"{told} cam_1: Brown's lens with two coefficients against Brown's lens with five")


def test_the_camera_of_the_wrong_model_is_named(observations: BoardObservations) -> None:
    found = calibrate(observations, lens={"cam_1": "pinhole"})
    (check,) = lens_checks_asked(found, observations)
    assert check.status == "fail" and check.meaning.startswith("camera 'cam_1': a lens without distortion, as asked")
    assert [name for name, _ in check.of_cameras] == ["cam_1"]


def test_what_was_asked_to_be_held_is_compared_too(observations: BoardObservations) -> None:
    (check,) = lens_checks_asked(calibrate(observations, lens="auto:c=held"), observations)
    # Centres lie 8 px off the middle.
    assert check.severity and "the lens with c=held, as asked for" in check.meaning
    assert "the same" not in check.meaning


def test_long_footage_is_thinned(
    observations: BoardObservations, two_coefficients: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compared_lenses(two_coefficients, observations)
    monkeypatch.setattr(lens_asked, "_MOST_BODIES", 40)
    half = compared_lenses(two_coefficients, observations)
    assert not isinstance(whole, str) and not isinstance(half, str)
    assert half.gain < whole.gain and half.chance <= whole.chance
    # The same cameras are off by about as much: measured 0.6 to 1.3.
    assert 0.3 < np.nanmax(half.moved_sds[1]) / np.nanmax(whole.moved_sds[1]) < 3


def test_a_board_that_was_bent_is_not_taken_for_a_wrong_lens() -> None:
    rig, poses = strong_rig(), board_poses(BOARD, 50, 4, volume_m=(2.4, 2.4, 1.8))
    flat = observe_board(rig, BOARD, poses, 0.25, 3)
    corners = BOARD.corners_board
    x = corners[:, 0] - corners[:, 0].mean()
    bent = corners + np.outer(0.004 * (x / x.max()) ** 2, [0, 0, 1.0])  # 4 mm
    world = np.einsum("fij,kj->fki", poses[:, :3, :3], bent) + poses[:, None, :3, 3]
    pixels = rig.project(world) + 0.25 * np.random.default_rng(5).standard_normal(flat.pixels.shape)
    seen = replace(flat, pixels=np.where(np.isfinite(flat.pixels), pixels, np.nan))
    found = calibrate(seen, lens="brown5", wanted=Wanted(board_shape="bending"))
    (check,) = lens_checks_asked(found, seen)
    assert check.status == "ok", check.describe()


def test_what_could_not_be_compared_is_said_and_lowers_nothing(
    observations: BoardObservations, two_coefficients: Calibration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise SolverError("No lens explains it.", "Film again.", code="NO_LENS")

    monkeypatch.setattr(lens_asked, "solved_lenses", fails)
    checks = lens_checks_asked(two_coefficients, observations)
    assert [(one.name, one.status) for one in checks] == [("lens_untested", "warn")]
    assert "No lens explains it" in checks[0].meaning
    assert whole_verdict((), checks)[0] == "good"


def test_a_contradiction_alone_lowers_a_grade() -> None:
    nan = float("nan")
    warned = Check("lens_asked", "warn", 1.0, nan, 2.0, "sd", "camera 'x': off by up to", "Leave it.")
    assert whole_verdict((), (warned,)) == ("usable", "Camera 'x': off by up to 1 sd.", "Leave it.")


def test_a_gain_of_one_part_of_a_recording_is_not_steady() -> None:
    rng = np.random.default_rng(8)
    # As near the truth: each part scatters by four times its mean, and so the sum over its scatter is half its root.
    mean = rng.uniform(0.1, 1.9, 200)
    mean *= 100 / mean.sum()
    drawn = [lens_asked._steadiness(np.atleast_2d(mean + 2 * np.sqrt(mean) * rng.standard_normal(200)))
             for _ in range(300)]  # fmt: skip
    assert abs(np.median(drawn) - 5.0) < 0.5  # measured 5.0
    once = np.where(np.arange(200) // 10 == 7, 500.0, 0.5)
    assert lens_asked._steadiness(np.atleast_2d(once)) < 1.1  # measured 1.02


def test_parameters_that_only_the_chosen_lens_has_are_counted() -> None:
    def problem(model: str) -> BundleProblem:
        none = np.zeros(0, dtype=np.int64)
        free = np.ones((1, N_CAMERA), dtype=bool)
        free[:, :N_LENS] = free_parameters([model])
        views = Views(none, none, np.zeros((0, 1, 2)), np.zeros((0, 1), bool), np.array([model == "fisheye"]),
                      np.zeros((1, 1, 3)), none)  # fmt: skip
        return BundleProblem(views, free, lens_prior([model], np.array([[1280, 720]]), np.array([900.0])))

    def counted(asked: str, chosen: str) -> int:
        return lens_asked._freedom(problem(asked), problem(chosen))

    assert counted("pinhole", "brown5") == 5
    assert counted("brown2", "brown5") == 3
    assert counted("brown5", "brown2") == 1  # at least one
    assert counted("brown5:c=held,fx=fy", "brown5") == 3
    assert counted("brown5", "fisheye") == 2  # one more along the radius, and another kind
    assert counted("fisheye", "rational8") == 5
