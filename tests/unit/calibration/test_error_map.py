"""The map of errors is what calibrations drawn from the covariance scatter by."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import ShapeError
from calibration.quality.error_map import display_axes, error_map, seen_inside, volume_grid
from calibration.quality.uncertainty import baseline_sd, draw_rigs, focal_sd, position_sd
from calibration.recipe import calibrate
from calibration.rigid import apply
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from calibration.triangulation import triangulate

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")


@pytest.fixture(scope="module")
def rig() -> CameraRig:
    truth = ring_rig(4, 3, radius_m=3.0)
    return calibrate(observe_board(truth, BOARD, board_poses(BOARD, 50, 3), 0.2, 4)).rig


def test_the_map_is_what_drawn_calibrations_scatter(rig: CameraRig) -> None:
    middle = apply(np.linalg.inv(rig.cameras[0].cam_from_world), np.array([0.0, 0.0, 3.0]))
    grid = middle + np.stack(np.meshgrid(*[[-1.1, 0.0, 1.1]] * 3, indexing="ij"), axis=-1)
    found = error_map(rig, grid)
    pixels = rig.project(grid.reshape(-1, 3))
    pixels[~seen_inside(rig, grid.reshape(-1, 3))] = np.nan
    draws = draw_rigs(rig, rig.covariance, 500, 7)
    off = np.stack([triangulate(draw, pixels) for draw in draws]) - grid.reshape(-1, 3)
    scatter = 1e3 * np.sqrt((off**2).sum(axis=2).mean(axis=0))
    known = np.isfinite(found.calibration_sd_mm.ravel())
    assert known.sum() >= 20
    # Measured 0.966 to 1.045: 500 draws alone scatter by about 3 %. Some places are seen by two or three cameras only.
    ratio = scatter[known] / found.calibration_sd_mm.ravel()[known]
    assert ratio.min() > 0.9 and ratio.max() < 1.1


def test_uncertainties_of_places_and_distances_are_what_draws_scatter(rig: CameraRig) -> None:
    draws = draw_rigs(rig, rig.covariance, 800, 8)
    centres = np.array([[camera.centre_world for camera in draw] for draw in draws])
    true = np.array([camera.centre_world for camera in rig])
    assert np.sqrt(((centres - true) ** 2).sum(axis=2).mean(axis=0)) == pytest.approx(position_sd(rig), rel=0.1)
    length, sd = baseline_sd(rig)
    drawn = np.linalg.norm(centres[:, :, None] - centres[:, None], axis=-1)
    pairs = np.triu_indices(len(rig), 1)
    assert drawn.std(axis=0)[pairs] == pytest.approx(sd[pairs], rel=0.1)
    assert drawn.mean(axis=0)[pairs] == pytest.approx(length[pairs], rel=0.01)
    focal = np.array([[camera.matrix[[0, 1], [0, 1]].mean() for camera in draw] for draw in draws])
    assert focal.std(axis=0) / focal.mean(axis=0) == pytest.approx(focal_sd(rig), rel=0.1)


def test_places_that_no_two_cameras_see_are_marked(rig: CameraRig) -> None:
    behind = apply(np.linalg.inv(rig.cameras[0].cam_from_world), np.array([0.0, 0.0, -30.0]))
    ahead = apply(np.linalg.inv(rig.cameras[0].cam_from_world), np.array([0.0, 0.0, 3.0]))
    found = error_map(rig, np.stack([behind, ahead]).reshape(2, 1, 1, 3))
    assert found.n_views[0, 0, 0] < 2 and np.isnan(found.calibration_sd_mm[0, 0, 0])
    assert np.isfinite(found.calibration_sd_mm[1, 0, 0]) and found.share_measured == 0.5
    assert found.worst_place_world() == pytest.approx(ahead)
    figures = found.figures()
    assert figures["calibration_worst_mm"] == pytest.approx(found.calibration_sd_mm[1, 0, 0])
    assert figures["measured_pct"] == 50.0


def test_a_rig_without_covariance_has_only_the_noise(rig: CameraRig) -> None:
    bare = CameraRig(rig.cameras, rig.metadata)
    ahead = apply(np.linalg.inv(rig.cameras[0].cam_from_world), np.array([0.0, 0.0, 3.0]))
    found = error_map(bare, ahead.reshape(1, 1, 1, 3))
    assert np.isnan(found.calibration_sd_mm).all() and np.isfinite(found.noise_sd_mm).all()
    assert np.isnan(found.worst_place_world()).all() and np.isnan(found.figures()["calibration_p95_mm"])


def test_the_grid_fills_the_box_of_the_points() -> None:
    points = np.random.default_rng(0).uniform([0, 0, 0], [2, 1, 0.5], (5000, 3))
    grid = volume_grid(points, np.eye(3))
    assert grid.shape == (10, 5, 2, 3) or grid.shape == (10, 5, 3, 3)
    assert grid[0, 0, 0] == pytest.approx([0.14, 0.12, 0.12], abs=0.06)
    assert grid[-1, -1, -1] == pytest.approx([1.86, 0.88, 0.38], abs=0.06)
    with pytest.raises(ShapeError, match="span no volume"):
        volume_grid(np.full((5, 3), np.nan), np.eye(3))


def test_up_is_the_top_of_the_images_where_gravity_is_unknown() -> None:
    truth = ring_rig(6, 2)
    unknown = CameraRig(truth.cameras, {"gravity": "unknown"})
    axes = display_axes(unknown)
    assert np.allclose(axes @ axes.T, np.eye(3)) and np.linalg.det(axes) > 0
    assert np.rad2deg(np.arccos(axes[2] @ [0, 0, 1])) < 10  # measured 0.6: the ring's cameras look down a little
    assert np.array_equal(display_axes(truth), np.eye(3))
