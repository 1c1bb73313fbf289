"""A bent board that was taken for flat is told to everybody, and refined by the recipe unless it is to be kept flat."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import tag_cube
from calibration.camera import CameraRig
from calibration.corrections.board_shape import bending_modes
from calibration.corrections.choice import Wanted
from calibration.corrections.flatness import Flatness, board_flatness
from calibration.errors import BoardError, SolverError
from calibration.observations import BoardObservations
from calibration.quality.assessment import Assessment, assess
from calibration.quality.bent_board import moved_by_bend, shape_checks
from calibration.quality.judgement import Check, graded
from calibration.quality.verdict import check_boards_agree
from calibration.recipe import Calibration, calibrate, cross_validate
from calibration.rigid import apply
from calibration.solve.bundle_shape import ShapeModes, minimise_shape
from calibration.solve.bundle_system import N_LENS
from calibration.solve.part import target_part
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from mocap.pipeline.board_shape import calibrate_with_shape, with_shape_told
from mocap.pipeline.calibration import CalibratedFootage, write_calibration

BOARD = Board("charuco", 9, 7, 0.10, 0.07, "DICT_5X5_250")
SMALL = Board("charuco", 7, 5, 0.10, 0.07, "DICT_4X4_50")
RIG = CameraRig(ring_rig(4, 2).cameras[:3])


def filmed(height_m: float, board: Board = BOARD, n: int = 40, seed: int = 0) -> BoardObservations:
    """A board that bows like a gutter, its edges `height_m` above its middle; it lies flat in the first frame."""
    poses, corners = board_poses(board, n, seed), board.corners_board.copy()
    poses[0, :3, :3], poses[0, 2, 3] = np.diag([1.0, -1.0, -1.0]), 0.0
    across = corners[:, 0] - corners[:, 0].mean()
    corners[:, 2] = height_m * (across / np.abs(across).max()) ** 2
    seen = observe_board(RIG, board, poses, 0.0, seed, steepest_deg=80.0)
    pixels = RIG.project(apply(poses[:, None], corners[None]))
    pixels += 0.2 * np.random.default_rng(seed + 50).standard_normal(pixels.shape)
    pixels[~seen.seen] = np.nan
    return BoardObservations(board, RIG.names, seen.image_sizes, pixels, seen.frame_ids)


@cache
def plain(height_m: float) -> Calibration:
    return calibrate(filmed(height_m))


@cache
def refined(height_m: float) -> Calibration:
    return calibrate(filmed(height_m), world="floor:0", wanted=Wanted(board_shape="bending"))


def check_of(assessment: Assessment, name: str) -> Check | None:
    return next((check for check in assessment.checks if check.name == name), None)


def test_a_bent_board_taken_for_flat_is_refused_with_the_figure_and_the_remedy() -> None:
    told = assess(plain(0.003), filmed(0.003))
    check = check_of(told, "board_shape")
    assert check is not None and check.status == "fail" and told.grade == "refuse"
    assert "the board bends by " in check.meaning and "board_shape='bending'" in check.remedy
    assert any("was taken for flat" in sentence for sentence in told.limits)
    # The cameras are off by as much as is said: measured by the truth and by the check.
    shifts = np.array([camera.matrix[0, 0] for camera in plain(0.003).rig]) - [c.matrix[0, 0] for c in RIG]
    assert np.abs(shifts).max() > 2.0 and check.measured > 2.0


def test_a_shape_that_was_refined_leaves_nothing_to_be_told() -> None:
    seen = filmed(0.003)
    bent = refined(0.003)
    told = assess(bent, seen)
    assert check_of(told, "board_shape") is None and told.grade != "refuse"
    assert "heights over the floor may be off by up to 3.0 mm" in str(bent.rig.metadata["world_notes"])


def test_flat_boards_pass_and_objects_with_faces_are_told_to_be_untested() -> None:
    assert board_flatness(plain(0.0)).shape is None and not board_flatness(plain(0.0)).untold
    assert check_of(assess(plain(0.0), filmed(0.0)), "board_shape") is None
    cube = tag_cube(0.4, 0.15, tags_per_edge=2)
    told = board_flatness(calibrate(observe_board(RIG, cube, board_poses(cube, 30, 1), 0.2, 1)))
    assert "flat boards only" in told.untold
    check = shape_checks(plain(0.0), filmed(0.0), told)[0]
    assert (check.name, check.status) == ("board_shape_untested", "warn")


def test_further_boards_that_bend_are_told() -> None:
    both = calibrate(filmed(0.0), more_boards=[filmed(0.004, SMALL, seed=3)])
    assert len(both.further_bent) == 1 and "bends by 4" in both.further_bent[0]
    check = shape_checks(both, filmed(0.0), Flatness())[0]
    assert (check.name, check.status) == ("further_board_shape", "warn")
    assert graded([check])[0] == "usable"
    assert not calibrate(filmed(0.0), more_boards=[filmed(0.0, SMALL, seed=3)]).further_bent


def unseen_by(seen: BoardObservations, camera: int) -> BoardObservations:
    pixels = seen.pixels.copy()
    pixels[camera] = np.nan
    return replace(seen, pixels=pixels)


def test_a_board_that_is_in_every_frame_beside_the_main_one_is_asked() -> None:
    both = calibrate(filmed(0.0, n=60), more_boards=[filmed(0.004, SMALL, 60, seed=3)])
    assert len(both.further_bent) == 1 and "bends by 3.8" in both.further_bent[0]  # 3.83 +- 0.14 mm; true 3.84


def test_boards_for_parts_of_a_room_are_asked_by_the_cameras_that_see_them() -> None:
    # The camera whose pose the solver holds may be one that never sees the board in question.
    for blind in (0, 2):
        for heights in ((0.0, 0.004), (0.004, 0.0)):
            first, other = filmed(heights[0]), filmed(heights[1], SMALL, seed=3)
            both = calibrate(unseen_by(first, blind), more_boards=[unseen_by(other, 2 - blind)])
            main = board_flatness(both)
            assert not main.untold and (main.shape is not None) == (heights[0] > 0)
            assert bool(both.further_bent) == (heights[1] > 0)
            part = target_part(both.refinement, 0, 40).problem
            assert not part.free[blind].any() and (part.views.camera != blind).all()
            assert (~part.free[:, N_LENS:].any(axis=1)).sum() == 2  # the blind one, and one that holds the frame
            if main.shape is not None:
                moved = moved_by_bend(both, unseen_by(first, blind), main)
                assert np.isfinite(moved).any()


def test_views_of_all_boards_count_where_cameras_are_judged() -> None:
    first, other = unseen_by(filmed(0.0), 2), unseen_by(filmed(0.0, SMALL, seed=3), 0)
    both = calibrate(first, more_boards=[other])
    told = assess(both, first)
    shared = int((other.views()[1] & other.views()[2]).sum())
    assert shared > 3 and told.graph.n_groups == 1
    assert told.graph.views[1, 2] == shared and told.graph.views[0, 2] == 0
    assert told.graph.corners[2, 2] == other.seen[2].sum()
    assert told.graph.corners[1, 1] == first.seen[1].sum() + other.seen[1].sum()
    counted = [check for camera in told.cameras for check in camera.checks if check.name in ("shared", "rejected")]
    assert len(counted) == 6 and all(check.status != "fail" for check in counted)


def test_boards_that_lose_most_views_of_a_camera_to_another_are_refused_by_name() -> None:
    only = plain(0.0).refinement
    views, n = only.every_view, only.every_view.n_bodies
    two = replace(views, targets=np.repeat(views.targets, 2, axis=0), body_target=np.arange(n) % 2)
    lost = (two.body_target[two.body] == 1) & (two.camera == 2)
    check_boards_agree(replace(only, every_view=two), RIG.names, ["board a", "board b"])
    with pytest.raises(BoardError, match=r"BOARD_MISMATCH.* views of the board b in cam_2 do not fit"):
        refinement = replace(only, every_view=two, kept=only.kept & ~lost[:, None])
        check_boards_agree(refinement, RIG.names, ["board a", "board b"])


def test_views_that_leave_a_camera_open_are_told_and_do_not_crash() -> None:
    one = unseen_by(filmed(0.0), 2)
    both = calibrate(one, more_boards=[filmed(0.0, SMALL, seed=3)])
    problem, shape = both.refinement.problem, ShapeModes(0, bending_modes(BOARD.corners_board), 0.003)
    with pytest.raises(SolverError, match=r"SHAPE_NOT_CONVERGED|NOT_DETERMINED"):
        minimise_shape(problem, both.refinement.state, both.refinement.sigma, shape)


def test_the_recipe_refines_what_is_proven_unless_told_otherwise() -> None:
    solved: list[str] = []

    def solve(height_m: float) -> Callable[[Wanted], Calibration]:
        def run(wanted: Wanted) -> Calibration:
            solved.append(wanted.board_shape)
            return plain(height_m) if wanted.board_shape == "flat" else refined(height_m)

        return run

    for height_m, bending, runs in (
        (0.003, None, ["flat", "bending"]), (0.003, False, ["flat"]), (0.0, None, ["flat"]), (0.003, True, ["bending"]),
    ):  # fmt: skip
        solved.clear()
        found = calibrate_with_shape(solve(height_m), Wanted(), bending)
        told = with_shape_told(found.calibration, found.flatness, bending)
        words = str(told.rig.metadata.get("board_shape", ""))
        assert solved == runs and found.wanted.board_shape == runs[-1]
        assert (found.flatness.shape is not None) == (bending is False)
        if bending is None and height_m:
            assert words.startswith("The board bends by ") and words.endswith("refined; --flat keeps it flat.")
        elif bending is False:
            assert "was kept flat: the cameras are off with it" in words
        elif not height_m:
            assert words == ""


def test_a_bend_that_is_kept_is_refused_when_written(tmp_path: Path) -> None:
    found = calibrate_with_shape(lambda wanted: plain(0.003), Wanted(), False)
    footage = CalibratedFootage(found.calibration, (filmed(0.003),), (), (), flatness=found.flatness)
    outcome = write_calibration(footage, tmp_path / "c.toml", lambda *_: None, anyway=True)
    assert outcome.assessment is not None and outcome.assessment.grade == "refuse"
    assert "board_shape fail" in str(outcome.rig.metadata["checks_not_ok"])
    assert "was taken for flat" in (tmp_path / "c.html").read_text()


@pytest.mark.heavy
def test_folds_are_scored_by_the_model_that_is_asked_for() -> None:
    flat, bent = (cross_validate(filmed(0.005), board_shape=shape) for shape in ("flat", "bending"))
    rms = [np.mean([score.all_pairs_rmse_mm for score in scores]) for scores in (flat, bent)]
    assert rms[1] < rms[0]
