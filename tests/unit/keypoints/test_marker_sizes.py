"""Sizes of spots against their markers' own, and how far spots may lie from their point."""

import numpy as np
import pytest

from calibration.camera import Camera, CameraRig
from calibration.synthetic import ring_rig
from mocap.keypoints.markers import Blobs
from mocap.keypoints.markers.limits import LearnedLimit, learned_limit, told_limit
from mocap.keypoints.markers.offsets import limit_without_offsets
from mocap.keypoints.markers.sizes import angular_half_axes, told_sizes, wrong_size

_M = 0.007  # half axis of a marker, m
_FIVE, _MIXED = np.full(5, _M), np.array([_M] * 10 + [_M / 2] * 4)


def sizes(n_cameras, n_frames, size_m=_FIVE, seed=1):
    """Half axes, shape (camera, time, marker, 2), of discs that all face the cameras; fits scatter by 2 %."""
    rng = np.random.default_rng(seed)
    larger = size_m * rng.normal(1, 0.02, (n_cameras, n_frames, len(size_m)))
    return np.stack([larger, 0.9 * larger], axis=-1), np.zeros((n_frames, len(size_m)))


def test_cameras_that_show_all_larger_lose_nothing():
    half, step = sizes(8, 200)
    half[:2] *= 1.3  # glow or focus
    half[5, :10, 2] *= 0.6  # half hidden
    check = wrong_size(half, step)
    assert check.wrong[5, :10, 2].all() and check.wrong.sum() == 10
    assert np.allclose(check.camera_factor, [1.3, 1.3, 1, 1, 1, 1, 1, 1], atol=0.01)
    told = told_sizes(check, np.full(8, 100), [f"cam_{index}" for index in range(8)])
    assert "10 spots" in told[0] and "cam_5 (10 %)" in told[1] and "cam_0 shows all markers 1.3" in told[2]


def test_few_spots_of_a_marker_refuse_nothing():
    half, step = sizes(4, 2, _MIXED)
    half[0, 0, 0] *= 0.6  # half hidden, but eight spots tell nothing
    assert not wrong_size(half, step).wrong.any()
    half, step = sizes(4, 3, _MIXED)
    assert not wrong_size(half, step).wrong.any()


def test_what_moves_may_be_drawn_out_and_what_stands_may_not():
    half, step = sizes(4, 40)
    half[:, 10:14, :, 0] *= 1.64  # 6 px of blur on a radius of 2 px: 3.12 for 1.9
    assert wrong_size(half, step).wrong[:, 10:14].all()  # two in one
    half[:, 14:34, :, 0] *= 1.64
    step[10:34] = 0.02  # m per frame
    assert not wrong_size(half, step).wrong.any()
    half[:, 20, :, 1] *= 1.64  # large all around
    assert wrong_size(half, step).wrong[:, 20].all()


@pytest.mark.parametrize(
    ("lens", "fisheye"), [((-0.25, 0.05, 0.0, 0.0, 0.0), False), ((0.0, 0.0, 0.0, 0.0), True), ((0.0,) * 5, False)]
)
def test_the_angle_of_a_disc_is_the_same_all_over_the_image(lens, fisheye):
    """Outlines of discs that face the camera, projected point by point."""
    matrix = np.array([[700.0, 0, 639.5], [0, 700, 479.5], [0, 0, 1]])
    camera = Camera("one", (1280, 960), matrix, np.array(lens), np.eye(4), fisheye)
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    for x, y in ((0.0, 0.0), (0.4, 0.3), (-0.7, 0.2), (0.8, -0.6)):
        toward = np.array([x, y, 1.0]) / np.linalg.norm([x, y, 1.0])
        one = np.cross(toward, [0.0, 1.0, 0.0])
        one /= np.linalg.norm(one)
        ring = 2.5 * toward + _M * (np.cos(turn)[:, None] * one + np.sin(turn)[:, None] * np.cross(toward, one))
        outline = camera.project_cam(ring)
        centre = outline.mean(axis=0)
        _, spread, axes = np.linalg.svd(outline - centre)
        zero = np.zeros(1)
        half, angle = spread[None] * np.sqrt(2 / 64), np.arctan2(axes[:1, 1], axes[:1, 0])
        spot = Blobs(centre[None], half, angle, zero, zero, zero, zero, zero)
        assert np.allclose(angular_half_axes(camera, spot), _M / 2.5, rtol=2e-3)


def seen_by(rig, off_px, n_frames=4):
    """True projections of 15 markers, camera 0 beside its calibration, as lists (camera) of (time)."""
    rng = np.random.default_rng(5)
    points = np.array([0, 0, 0.9]) + rng.uniform(-0.4, 0.4, (n_frames, 15, 3)) * [1, 1, 2]
    pixels = rig.project(points) + rng.normal(0, 0.03, (len(rig), n_frames, 15, 2))
    pixels[0, ..., 0] += off_px
    return [list(own) for own in pixels]


def test_a_camera_that_is_off_keeps_its_spots_and_is_named():
    rig: CameraRig = ring_rig(5, seed=2, size=(1280, 960), radius_m=2.8, target_m=0.9)
    exact = learned_limit(rig, seen_by(rig, 0.0), 2.0)
    assert exact.learned and exact.limit_px < 0.35  # px; 0.3
    assert len(told_limit(exact, rig.names)) == 1 and "0.30 px" in told_limit(exact, rig.names)[0]
    off = learned_limit(rig, seen_by(rig, 0.8), 2.0)
    assert 0.8 < off.limit_px < 2.0  # px
    said = told_limit(off, rig.names)
    assert len(said) == 2 and rig.names[0] in said[1] and rig.names[1] not in said[1]
    few = learned_limit(rig, [[row[0][:1]] for row in seen_by(rig, 0.0)], 2.0)
    assert few.limit_px == 2.0 and not few.learned and "the most that is allowed" in told_limit(few, rig.names)[0]


def test_the_offset_of_a_camera_is_found_and_told():
    rig: CameraRig = ring_rig(5, seed=2, size=(1280, 960), radius_m=2.8, target_m=0.9)
    limit, offset, told = limit_without_offsets(rig, seen_by(rig, 1.5, 5), 2.0)
    assert np.abs(offset - [[1.5, 0.0], *np.zeros((4, 2))]).max() < 0.1  # px; 0.01
    assert limit.learned and limit.limit_px < 0.35  # px; 2.0 with the offset
    assert "The spots of cam_0 lie 1." in told[-1] and "(+1." in told[-1]
    # Alike poor cameras are not set right.
    rng = np.random.default_rng(1)
    poor = [[spots + rng.normal(0, 0.4, spots.shape) for spots in own] for own in seen_by(rig, 0.0, 8)]
    limit, offset, told = limit_without_offsets(rig, poor, 2.0)
    assert not offset.any() and len(told) == 1
    assert 1.7 < limit.limit_px < 2.0  # px, what the worst camera needs; 1.88
    both = [[0.75 * one + 0.25 * true for one, true in zip(*own, strict=True)]
            for own in zip(poor[:2], seen_by(rig, 0.0, 8)[:2], strict=True)]  # fmt: skip
    pair = learned_limit(rig.subset(["cam_0", "cam_1"]), both, 2.0)
    assert np.isnan(pair.camera_px).all() and 0.7 < pair.limit_px < 1.8  # px, of rays alone; 1.30


@pytest.mark.parametrize(("own_px", "count"), [(0.15, 1), (0.25, 2), (0.25, 1)])
def test_a_camera_is_named_where_it_is_off_and_more_than_usual(own_px, count):
    usual = 0.2 if count == 1 and own_px > 0.2 else 0.05
    found = LearnedLimit(0.8, True, np.array([own_px, usual, usual, usual]))
    assert len(told_limit(found, ["a", "b", "c", "d"])) == count


def test_a_marker_that_is_often_half_hidden_keeps_its_whole_spots():
    half, step = sizes(8, 200)
    half[:, 20:100, 3] *= 0.6
    wrong = wrong_size(half, step).wrong
    assert wrong[:, 20:100, 3].all() and wrong.sum() == 8 * 80
