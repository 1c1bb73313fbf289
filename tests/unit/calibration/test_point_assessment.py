"""The assessment of a calibration from points, against what is known of it by other means."""

import json
from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.wand import Wand
from calibration.points import assessment as judged
from calibration.points.assessment import PointAssessment, assess_points
from calibration.points.assessment_json import point_assessment_metadata, point_assessment_table, point_residuals
from calibration.points.held_out import _refitted, held_out_lengths
from calibration.points.recipe import calibrate_from_wand
from calibration.points.result import PointCalibration
from calibration.points.size import KnownSizes
from calibration.points.tracks import KnownLength
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand
from calibration.triangulation import triangulate
from calibration.world import WorldFrame, rig_in_world

RIG = ring_rig(4, seed=3)
WAND = Wand(np.array([0.0, 0.2, 0.5]), 0.0003)
TRACKS = observe_wand(RIG, WAND, 90, sigma_px=1.0, seed=0)


@pytest.fixture(scope="module")
def found() -> PointCalibration:
    return calibrate_from_wand(TRACKS, WAND, RIG)


@pytest.fixture(scope="module")
def assessed(found) -> PointAssessment:
    return assess_points(found)


def _checks(assessment: PointAssessment) -> dict:
    return {check.name: check for check in assessment.checks}


def test_held_out_lengths_are_as_far_off_as_those_of_the_true_cameras(found, assessed) -> None:
    outside = assessed.held_out
    true = triangulate(RIG, TRACKS.pixels)
    errors = [np.linalg.norm(true[:, i] - true[:, j], axis=1) - length for i, j, length in
              ((0, 1, 0.2), (0, 2, 0.5), (1, 2, 0.3))]  # fmt: skip
    by_truth = 1e3 * np.sqrt(np.nanmean(np.square(errors)))
    assert outside.rmse_mm == pytest.approx(by_truth, rel=0.1)  # 0.02
    assert outside.noise_mm == pytest.approx(outside.rmse_mm, rel=0.15)  # 0.06
    assert abs(outside.mean_mm) < 1.0  # 0.1
    assert outside.n_frames >= 85 and outside.n_lengths > 240
    assert [own.name for own in outside.lengths] == ["marker_0-marker_1", "marker_0-marker_2", "marker_1-marker_2"]
    assert sum(part.n for part in outside.regions[:8]) == outside.n_lengths - outside.n_far


def test_the_frames_left_out_have_no_say_in_the_fit(found) -> None:
    used = np.arange(len(found.frames)) % 3 != 0
    views = found.solved.refinement.problem.views
    spoilt = np.where(used[views.body][:, None, None], views.pixels, views.pixels + 30.0)
    problem = replace(found.solved.refinement.problem, views=replace(views, pixels=spoilt))
    other = replace(found, solved=replace(found.solved, refinement=replace(found.solved.refinement, problem=problem)))
    one, two = _refitted(found, used), _refitted(other, used)
    assert not isinstance(one, str) and not isinstance(two, str)
    assert np.array_equal([c.cam_from_world for c in one], [c.cam_from_world for c in two])
    moved = [np.abs(a.cam_from_world - b.cam_from_world).max() for a, b in zip(one, found.solved.rig, strict=True)]
    assert max(moved) > 1e-5  # 3e-3: it is another fit


def test_a_sound_recording_is_no_worse_than_usable_and_says_what_it_rests_on(found, assessed) -> None:
    assert assessed.grade in ("good", "usable")
    checks = _checks(assessed)
    assert checks["scale"].status == "ok" and checks["scale_source"].status == "warn"
    assert "the wand alone" in checks["scale_source"].meaning and "board" not in checks["gravity"].remedy
    # Lenses without a covariance are taken as exact: that is told and not called known.
    assert all("not known" in camera.reason for camera in assessed.cameras)
    assert len(assessed.coverage) == 4 and assessed.errors.share_measured > 0.9
    table = point_assessment_metadata(assessed)
    assert table["verdict"] == assessed.grade and table["held_out_length_rmse_mm"] > 0


def test_a_second_length_is_a_second_source(found) -> None:
    known = KnownSizes(None, (KnownLength(0, 2, 0.5, 0.0005), KnownLength(0, 1, 0.2, 0.0005)))
    assessed = assess_points(replace(found, known=known))
    assert "scale_source" not in _checks(assessed)
    assert [own.name for own in assessed.held_out.lengths] == ["marker_0-marker_2", "marker_0-marker_1"]
    assert any("no joint centres" in sentence for sentence in assessed.limits)


def test_a_camera_given_twice_is_refused(found) -> None:
    pixels = found.solved.tracks.pixels.copy()
    pixels[1] = pixels[0]
    twice = replace(found, solved=replace(found.solved, tracks=found.solved.tracks.with_pixels(pixels)))
    assessed = assess_points(twice)
    assert assessed.grade == "refuse" and _checks(assessed)["same_footage"].status == "fail"


def test_cameras_below_the_floor_are_refused(found) -> None:
    upside_down = np.diag([1.0, -1.0, -1.0, 1.0])
    level = rig_in_world(found.rig, WorldFrame("l_frame", "lframe:x", _level(found) @ upside_down, 1e-6 * np.eye(2), 1))
    points = found.points  # their world does not matter to this check
    assessed = assess_points(replace(found, rig=level, points=_moved(found, level, points)))
    assert assessed.grade == "refuse" and _checks(assessed)["above_floor"].status == "fail"
    assert "board" not in _checks(assessed)["above_floor"].remedy


def _level(found: PointCalibration) -> np.ndarray:
    """rig_from_truth: the world of the calibration, from the true one, by the first camera."""
    return np.linalg.inv(found.rig.cameras[0].cam_from_world) @ RIG.cameras[0].cam_from_world


def _moved(found: PointCalibration, rig, points: np.ndarray) -> np.ndarray:
    new_from_old = np.linalg.inv(rig.cameras[0].cam_from_world) @ found.rig.cameras[0].cam_from_world
    return points @ new_from_old[:3, :3].T + new_from_old[:3, 3]


def test_a_late_camera_is_seen_beyond_its_noise(found) -> None:
    late = replace(found, lag_frames=np.array([0.0, 0.05, 0.0, 0.0]), lag_sd_frames=np.full(4, 0.005))
    noisy = replace(late, lag_sd_frames=np.full(4, 0.05))
    status = [
        {check.name: check for check in assess_points(one).cameras[1].checks}["lag"].status for one in (late, noisy)
    ]
    assert status == ["warn", "ok"]


def test_where_the_size_is_the_fault_the_remedy_is_a_length() -> None:
    figures = dict.fromkeys(judged.PERSON_LIMITS, 0.0) | {
        "frames": 100, "coverage": 50, "reach": 90, "shared": 100, "focal_sd": 0.1, "position_sd": 1.2,
    }  # fmt: skip
    by_size = judged._judged("a", figures, judged.PERSON_LIMITS, 0.012)
    by_way = judged._judged("a", figures, judged.PERSON_LIMITS, 0.001)
    assert by_size.grade == by_way.grade == "usable"
    assert "length" in by_size.remedy and "Move" in by_way.remedy


def test_what_a_better_length_would_mend_is_told_apart_from_what_it_would_not(found) -> None:
    by_size = replace(found, quality=replace(found.quality, volume_sd_mm=0.7))
    told = [assess_points(replace(by_size, scale_sd=sd)) for sd in (0.0007, 0.02)]  # the wand is known to 0.0006
    assert "more frames do not" in told[0].limits[0] and "moving for longer helps" in told[1].limits[0]
    assert "the length is known better" in _checks(told[1])["scale"].remedy


def test_the_table_is_plain_and_whole(found, assessed) -> None:
    text = json.dumps(point_assessment_table(found, assessed), allow_nan=False)
    table = json.loads(text)
    assert table["format"] == "mocap-calibration-quality" and table["method"] == "wand"
    assert [camera["name"] for camera in table["cameras"]] == list(RIG.names)
    assert table["cameras"][0]["n_frames"] == int(found.kept[0].any(axis=1).sum())
    assert len(table["held_out"]["lengths"][0]["frames"]) == len(table["held_out"]["lengths"][0]["error_mm"])
    rms = [np.sqrt(np.mean(np.square(own["rms_px"]))) for own in point_residuals(found).values()]
    assert np.allclose(rms, np.sqrt(2), rtol=0.15)  # 1 px in each coordinate


def test_too_few_frames_and_a_tape_alone_are_said(found) -> None:
    few = replace(found, frames=found.frames[:10])
    assert "10 frames" in held_out_lengths(few).reason
    taped = replace(found, known=replace(found.known, wand=None))
    assert "between cameras" in held_out_lengths(taped).reason
