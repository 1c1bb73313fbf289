"""The whole assessment of a synthetic calibration, as data and as tables."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration.boards.board import Board
from calibration.boards.tag_object import tag_cube
from calibration.errors import CalibrationError
from calibration.files import read_rig, write_rig
from calibration.lenses.freedom import freedom_sentence, lens_freedom
from calibration.observations import BoardObservations
from calibration.quality.assessment import Assessment, assess, check_verdict
from calibration.quality.assessment_json import assessed_rig, assessment_metadata, assessment_table, residuals_over_time
from calibration.quality.judgement import CAMERA_LIMITS, judge_camera
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.rigid import apply, rigid
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses, floor_pose
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 9, 7, 0.12, 0.09, "DICT_5X5_250")
N_POSES = 120


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    # Cameras near enough for the board to fill their images.
    poses = board_poses(BOARD, N_POSES, 3, volume_m=(1.8, 1.8, 1.6))
    poses[:3] = floor_pose(BOARD)
    return observe_board(ring_rig(5, 3, radius_m=2.6), BOARD, poses, 0.2, 4)


@pytest.fixture(scope="module")
def result(observations: BoardObservations) -> Calibration:
    return calibrate(observations, world="floor:0-2")


@pytest.fixture(scope="module")
def assessment(result: Calibration, observations: BoardObservations) -> Assessment:
    return assess(result, observations, limits=("The light was poor.",))


def test_a_good_recording_is_good(assessment: Assessment) -> None:
    assert assessment.grade == "good", assessment.reason
    assert [camera.grade for camera in assessment.cameras] == ["good"] * 5
    assert {check.name for check in assessment.checks if check.status != "ok"} == {"scale"}
    assert assessment.limits == ("The light was poor.", "The recording is limited by corner noise: 0.20 px.")
    assert assessment.held_out.distance_rmse_mm < 1.0  # measured 0.71, nearly all of it noise of the corners
    assert 0.7 < assessment.halves.whole_ratio < 1.3


def test_a_camera_that_saw_little_is_not(observations: BoardObservations) -> None:
    pixels = observations.pixels.copy()
    views = np.flatnonzero(np.isfinite(pixels[2, :, 0, 0]))
    pixels[2, views[12:]] = np.nan
    poor = replace(observations, pixels=pixels)
    found = assess(calibrate(poor), poor)
    verdict = found.cameras[2]
    assert verdict.grade == "usable" and found.grade != "good" and "cam_2" in found.reason
    assert {check.name for check in verdict.checks if check.status != "ok"} >= {"views", "shared"}
    assert [camera.grade for camera in found.cameras].count("good") >= 3


def test_what_is_to_be_refused_is_refused_with_its_reasons(assessment: Assessment) -> None:
    check_verdict(assessment)
    figures = {**dict.fromkeys(CAMERA_LIMITS, 0.0), "views": 3, "shared": 20, "coverage": 50, "with_ray": 100}
    bad = judge_camera("cam_9", figures)
    with pytest.raises(CalibrationError, match=r"CALIBRATION_REFUSED.*cam_9: Views of the board used 3, fewer"):
        check_verdict(replace(assessment, grade="refuse", cameras=(*assessment.cameras, bad)))


def test_the_table_is_json_with_every_documented_key(
    result: Calibration, observations: BoardObservations, assessment: Assessment
) -> None:
    import calibration.quality.assessment_json as module

    table = json.loads(json.dumps(assessment_table(result, observations, assessment), allow_nan=False))
    for key in table:
        assert f"`{key}`" in (module.__doc__ or ""), f"{key} is not documented"
    for part in (*table["cameras"][0], *table["cameras"][0]["checks"][0], *table["held_out"], *table["volume"]):
        assert f"`{part}`" in (module.__doc__ or ""), f"{part} is not documented"
    assert table["format_version"] == 1 and len(table["cameras"]) == 5
    assert table["cameras"][0]["position_m"] == pytest.approx(result.rig.cameras[0].centre_world, abs=1e-5)
    assert table["held_out"]["n_lengths"] == sum(part["n"] for part in table["held_out"]["regions"][:8])
    grid = table["volume"]["grid"]
    assert len(grid["places_m"]) == len(grid["n_views"]) == int(np.prod(grid["shape"]))
    assert len(table["baselines"]) == 10 and table["world"]["source"] == "floor_board"


def test_unknown_figures_become_null(observations: BoardObservations) -> None:
    few = observations.subset_frames(np.arange(3, 21))
    found = calibrate(few)
    table = assessment_table(found, few, assess(found, few))
    assert table["held_out"]["distance_rmse_mm"] is None and "would be left with" in table["held_out"]["reason"]
    assert table["repeatability"]["ratio"] is None and table["world"]["gravity_sd_deg"] is None
    json.dumps(table, allow_nan=False)
    assert any("held out" in sentence for sentence in table["limits"])


def test_metadata_are_flat_and_come_back_from_the_file(result: Calibration, assessment: Assessment, tmp_path) -> None:
    figures = assessment_metadata(assessment)
    assert all(isinstance(value, str | float | int) for value in figures.values())
    assert figures["verdict"] == "good" and figures["camera_verdicts"].startswith("cam_0 good, ")
    write_rig(tmp_path / "calibration.toml", assessed_rig(result, assessment))
    back = read_rig(tmp_path / "calibration.toml").metadata
    assert {key: back[key] for key in figures} == figures


def test_residuals_are_those_of_the_views(result: Calibration, observations: BoardObservations) -> None:
    over_time = residuals_over_time(result, observations)
    assert [len(own["frames"]) for own in over_time.values()] == list(result.quality.n_views)
    mean = np.sqrt(np.mean(np.concatenate([own["rms_px"] ** 2 for own in over_time.values()])))
    assert mean == pytest.approx(result.quality.rms_px, rel=0.1)


def test_free_lenses_move_nothing_where_the_views_fix_them(
    result: Calibration, observations: BoardObservations
) -> None:
    freedom = lens_freedom(result, observations)
    # Measured 0.003 % and 0.001 %.
    assert freedom.focal_pct.max() < 0.1 and freedom.baseline_pct.max() < 0.1
    assert freedom.free_rms_px <= freedom.rms_px * 1.0001
    assert freedom_sentence(freedom, result.rig.names) == ""


def test_free_lenses_move_much_where_the_views_show_little() -> None:
    # Far and hardly slanted: focal length and distance trade against each other.
    truth = ring_rig(3, 2, radius_m=4.0)
    small = Board("charuco", 5, 4, 0.06, 0.045, "DICT_4X4_50")
    poses = board_poses(small, 40, 2, volume_m=(0.2, 0.2, 0.2), tilt_deg=10)
    views = observe_board(truth, small, poses, 0.5, 3)
    found = calibrate(views)
    freedom = lens_freedom(found, views)
    sentence = freedom_sentence(freedom, found.rig.names)
    assert "not fix" in sentence  # measured 6.1 % of a focal length, 3.5 % of a distance


def test_an_object_with_several_faces_is_assessed_too() -> None:
    cube, rng, n_poses = tag_cube(0.5, 0.11, tags_per_edge=3), np.random.default_rng(1), 60
    truth = ring_rig(4, 3, radius_m=2.6)
    places = np.array([0, 0, 1.0]) + rng.uniform(-0.6, 0.6, (n_poses, 3))
    poses = rigid(Rotation.random(n_poses, rng=rng).as_matrix(), places)
    corners_world = apply(poses[:, None], cube.corners_board)
    fronts_world = np.einsum("fij,kj->fki", poses[:, :3, :3], np.repeat(cube.fronts, 4, axis=0))
    pixels = truth.project(corners_world) + 0.2 * rng.standard_normal((4, n_poses, cube.n_corners, 2))
    for camera, own in zip(truth, pixels, strict=True):
        sight = camera.centre_world - corners_world
        facing = (fronts_world * sight).sum(axis=-1) > 0.35 * np.linalg.norm(sight, axis=-1)
        own[~(facing & ((own >= 0) & (own <= np.array(camera.size) - 1)).all(axis=-1))] = np.nan
    sizes = np.array([camera.size for camera in truth])
    views = BoardObservations(cube, truth.names, sizes, pixels, np.arange(n_poses))
    found = assess(calibrate(views), views)
    assert found.grade == "good", found.reason
    assert found.held_out.distance_rmse_mm < 1.0  # measured 0.7, of the sides of tags 110 mm long
    # Faces turn every way: all slants up to the 69.5 deg beyond which a tag is not seen.
    assert all(low < 30 and 60 < high < 70 for low, high in (camera.tilt_deg for camera in found.coverage))
    assert "tag cube" in found.scale.describe()


def test_a_single_camera_is_judged_by_what_it_can_show(observations: BoardObservations) -> None:
    alone = observations.subset_cameras(["cam_1"])
    found = calibrate(alone)
    told = assess(found, alone)
    assert told.grade == "usable" and "not measured" in told.cameras[0].reason
    assert told.held_out.reason and told.halves.reason and told.graph.weakest_link() is None
    json.dumps(assessment_table(found, alone, told), allow_nan=False)
