"""Calibration from points: what is refused, with a cause that a user understands, and what the parts promise."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.wand import Wand
from calibration.camera import CameraRig
from calibration.errors import CalibrationError, ShapeError, SolverError, ViewGraphError
from calibration.points.bodies import body_freedom, fitted_target, point_views, supported
from calibration.points.lenses import known_lenses
from calibration.points.recipe import calibrate_from_person, calibrate_from_wand
from calibration.points.scale import covariance_with_size, growth, size_from_length, size_sd
from calibration.points.tracks import KnownLength, PointTracks
from calibration.rigid import apply, from_rotvec
from calibration.scale import scaled_rig
from calibration.solve.bundle_system import N_CAMERA
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand

WAND = Wand(np.array([0.0, 0.2, 0.5]), 0.0003)
LOOSE = Wand(np.array([0.0, 0.2, 0.5]), 0.0003, labelled=False)
RIG = ring_rig(4, seed=3)


def _tracks(**faults) -> PointTracks:
    return observe_wand(RIG, WAND, 60, sigma_px=1.0, seed=0, **faults)


def test_a_camera_without_shared_points_is_named_with_the_graph() -> None:
    tracks = _tracks()
    pixels = tracks.pixels.copy()
    pixels[0, :30], pixels[1:, 30:] = np.nan, np.nan
    with pytest.raises(ViewGraphError) as caught:
        calibrate_from_wand(tracks.with_pixels(pixels), WAND, RIG)
    assert caught.value.code == "CAMERAS_NOT_CONNECTED"
    assert "cam_0 |" in caught.value.cause and "cam_0-cam_1 0" in caught.value.cause


@pytest.mark.parametrize("flat", [[1, 1, 0], [1, 0, 0]])
def test_points_in_one_plane_or_on_one_line_are_degenerate(flat) -> None:
    rng = np.random.default_rng(0)
    along = np.array(flat) * rng.standard_normal((60, 1, 3))
    along /= np.linalg.norm(along, axis=2, keepdims=True)
    points = np.array([0.0, 0.0, 1.0]) + np.array(flat) * rng.uniform(-0.8, 0.8, (60, 1, 3))
    points = points + along * WAND.markers_wand[:, :1]
    pixels = RIG.project(points) + rng.standard_normal((4, 60, 3, 2))
    with pytest.raises(ViewGraphError) as caught:
        calibrate_from_wand(_tracks().with_pixels(pixels), WAND, RIG)
    assert caught.value.code == "DEGENERATE_MOTION" and "flat" in caught.value.cause


def test_points_that_hardly_leave_a_line_do_not_fix_the_cameras() -> None:
    short = Wand(np.array([0.0, 0.02]), 0.0003)
    with pytest.raises((SolverError, ViewGraphError)) as caught:
        calibrate_from_wand(observe_wand(RIG, short, 60, 1.0, seed=0, volume_m=(2.0, 0.0, 0.0)), short, RIG)
    assert caught.value.code in {"POORLY_FIXED", "DEGENERATE_MOTION"}


@pytest.mark.parametrize("wand", [WAND, LOOSE])
def test_a_mirrored_image_is_named(wand) -> None:
    tracks = observe_wand(RIG, wand, 60, 1.0, seed=0)
    pixels = tracks.pixels.copy()
    pixels[2, ..., 0] = RIG.cameras[2].size[0] - 1 - pixels[2, ..., 0]
    with pytest.raises(ViewGraphError) as caught:
        calibrate_from_wand(tracks.with_pixels(pixels), wand, RIG)
    assert caught.value.code == "CAMERA_MIRRORED" and "cam_2" in caught.value.cause


def test_cameras_out_of_time_are_refused_and_named() -> None:
    tracks = _tracks()
    pixels = tracks.pixels.copy()
    pixels[1] = np.roll(pixels[1], 7, axis=0)
    with pytest.raises(ViewGraphError) as caught:
        calibrate_from_wand(tracks.with_pixels(pixels), WAND, RIG)
    assert caught.value.code == "CAMERAS_NOT_CONNECTED" and "cam_1" in caught.value.cause


def test_no_length_is_an_error_and_no_arbitrary_unit() -> None:
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_person(_tracks(), [], RIG)
    assert caught.value.code == "SCALE_UNKNOWN"


def test_a_length_that_is_never_seen_is_an_error() -> None:
    tracks = _tracks()
    pixels = tracks.pixels.copy()
    pixels[1:, :, 2] = np.nan
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_person(tracks.with_pixels(pixels), [KnownLength(0, 2, 0.5, 0.001)], RIG)
    assert caught.value.code == "SCALE_UNKNOWN" and "marker_0-marker_2" in caught.value.cause


def test_two_lengths_that_contradict_each_other_are_refused() -> None:
    lengths = [KnownLength(0, 2, 0.5, 0.001), KnownLength(0, 1, 0.22, 0.001)]
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_person(_tracks(), lengths, RIG)
    assert caught.value.code == "SCALE_DISAGREES"


def test_a_board_on_the_floor_is_no_world_without_a_board() -> None:
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_wand(_tracks(), WAND, RIG, world="floor:0-3")
    assert caught.value.code == "WORLD_UNKNOWN"


def test_lenses_of_other_cameras_or_sizes_are_refused() -> None:
    tracks = _tracks()
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_wand(tracks, WAND, RIG.subset(RIG.names[:3]))
    assert caught.value.code == "LENS_MISSING"
    with pytest.raises(CalibrationError) as caught:
        calibrate_from_wand(replace(tracks, image_sizes=tracks.image_sizes // 2), WAND, RIG)
    assert caught.value.code == "LENS_SIZE"


def test_lenses_move_only_within_what_their_calibration_knew() -> None:
    held = known_lenses(RIG, RIG.names, np.array([camera.size for camera in RIG]))
    assert not held.free.any()
    covariance = np.zeros((4, N_CAMERA, 4, N_CAMERA))
    for camera in range(4):
        covariance[camera, np.arange(4), camera, np.arange(4)] = [4.0, 4.0, 1.0, 1.0]
    rig = CameraRig(RIG.cameras, {}, covariance)
    some = known_lenses(rig, RIG.names, np.array([camera.size for camera in RIG]))
    assert some.free[:, :4].all() and not some.free[:, 4:].any()
    np.testing.assert_allclose(some.prior.precision[0, :4], [1 / 8, 1 / 8, 1, 1])


def test_the_same_input_gives_the_same_answer() -> None:
    tracks = _tracks(outliers=0.02)
    first, second = (calibrate_from_wand(tracks, WAND, RIG) for _ in range(2))
    for one, other in zip(first.rig, second.rig, strict=True):
        np.testing.assert_array_equal(one.cam_from_world, other.cam_from_world)


def test_the_metadata_say_where_the_scale_comes_from() -> None:
    table = calibrate_from_wand(_tracks(), WAND, RIG).rig.metadata
    assert table["method"] == "wand" and "0.5000 m" in str(table["scale"])
    assert float(table["scale_sd"]) > 0.0003 / 0.5
    assert table["gravity"] == "unknown" and "held" in str(table["lens_source"])


def test_targets_are_fitted_however_few_points_are_there() -> None:
    pose = from_rotvec(np.array([[0.3, -0.5, 1.0]] * 3), np.array([[1.0, 2.0, 3.0]] * 3))
    target = np.array([[0.0, 0, 0], [0.2, 0, 0], [0, 0.5, 0.1]])
    points = apply(pose[:, None], target)
    points[1, 2], points[2, 1:] = np.nan, np.nan
    found = fitted_target(points, target)
    there = np.isfinite(points)
    np.testing.assert_allclose(apply(found[:, None], target)[there], points[there], atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(found[:, :3, :3]), 1.0)
    np.testing.assert_allclose(found[0], pose[0], atol=1e-12)


def test_bodies_count_what_their_corners_fix() -> None:
    tracks = observe_wand(RIG, WAND, 4, seed=0)
    pixels = tracks.pixels.copy()
    pixels[:, 1, 1:], pixels[:, 2, 0], pixels[1:, 3] = np.nan, np.nan, np.nan
    views = point_views(tracks.with_pixels(pixels), np.zeros(4, bool), WAND.markers_wand)
    assert body_freedom(views, views.seen).tolist() == [5, 3, 5, 0]
    alone = point_views(tracks, np.zeros(4, bool), None)
    assert (body_freedom(alone, alone.seen) == 3).all()
    one_camera = views.seen & (views.camera == 0)[:, None]
    assert not supported(views, one_camera).any()


def test_the_size_follows_the_known_length_and_its_uncertainty() -> None:
    tracks = observe_wand(RIG, WAND, 200, sigma_px=1.0, seed=1)
    small = scaled_rig(RIG, 0.5)
    found = size_from_length(small, tracks.pixels, KnownLength(0, 2, 0.5, 0.002), 1.0, "wand")
    assert found.factor == pytest.approx(2.0, rel=1e-3)  # 2.0004
    assert found.relative_sd == pytest.approx(0.004, rel=0.02)
    # A rig that grows as a whole measures the length longer by as much.
    assert found.by_camera @ growth(np.stack([c.cam_from_world for c in small])) == pytest.approx(-1.0, abs=1e-3)


def test_the_sd_of_the_size_is_what_was_put_in() -> None:
    poses = np.stack([camera.cam_from_world for camera in RIG])
    covariance = covariance_with_size(np.zeros((72, 72)), poses, 0.01)
    points = np.random.default_rng(0).uniform([-1, -1, 0.2], [1, 1, 1.8], (100, 3))
    assert size_sd(RIG, covariance, points) == pytest.approx(0.01, rel=1e-6)


@pytest.mark.parametrize("length", [(0, 0, 0.4, 0.01), (0, 1, 0.0, 0.01), (0, 1, 0.4, 0.0), (0, 1, 420.0, 5.0)])
def test_impossible_lengths_are_refused(length) -> None:
    with pytest.raises(ShapeError):
        KnownLength(*length)


def test_half_the_points_of_a_camera_being_wrong_is_refused() -> None:
    tracks = _tracks()
    rng, pixels = np.random.default_rng(0), tracks.pixels.copy()
    wrong = rng.random(pixels.shape[1:3]) < 0.6
    pixels[0][wrong] += rng.uniform(-200, 200, (int(wrong.sum()), 2))
    with pytest.raises((SolverError, ViewGraphError)) as caught:
        calibrate_from_wand(tracks.with_pixels(pixels), WAND, RIG)
    assert caught.value.code in {"TOO_MANY_REJECTED", "CAMERAS_NOT_CONNECTED"} and "cam_0" in caught.value.cause
