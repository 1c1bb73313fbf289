"""Bones and single views in the smoothing of all keypoints together, against dense solutions."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import CameraRig
from calibration.synthetic import ring_rig
from mocap.reconstruction import reconstruct_details, smooth_view_kernels
from mocap.reconstruction.smooth_bone_errors import shared_errors
from mocap.reconstruction.smooth_bones import Bones, learn_bones, lines, told_by_neighbours
from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_map import smooth_points_map
from mocap.reconstruction.smooth_series import MOST_HELD, memory
from mocap.reconstruction.smooth_views import view_information, with_reprojection
from mocap.synthetic import LANDMARK_BONES, default_subject, observe, squat
from mocap.trial import Keypoints2D, Points3D


def pair(rng, n_frames=300, noise=0.05, stretch=0.0):
    """Two keypoints 10 apart that turn: group-shaped position, variance, measured, info, in units."""
    angle = np.linspace(0, 1.5, n_frames)
    position = np.zeros((1, n_frames + PAD, 3, LANES))
    length = 10.0 + stretch * rng.normal(0, 1, n_frames)
    position[0, :n_frames, 0, 1] = length * np.cos(angle)
    position[0, :n_frames, 1, 1] = length * np.sin(angle)
    position[0, :n_frames, :, :2] += noise * rng.normal(0, 1, (n_frames, 3, 2))
    variance, info = np.zeros((1, n_frames + PAD, 3, LANES)), np.zeros((1, n_frames + PAD, 6, LANES))
    variance[..., :2], info[..., [0, 3, 5], :2] = noise**2, 1.0
    measured = np.zeros((1, n_frames + PAD, LANES), bool)
    measured[0, :n_frames, :2] = True
    return position, variance, measured, info


def one_bone():
    return Bones(np.array([[0, 0, 0, 1]]), np.zeros((1, 3)), np.zeros(1), np.zeros(1))


def test_the_length_and_how_well_it_is_kept_are_learned():
    rng = np.random.default_rng(0)
    rigid = learn_bones(one_bone(), *pair(rng))
    assert abs(rigid.length[0] - 10) < 0.02 and rigid.weight[0] > 10
    loose = learn_bones(one_bone(), *pair(rng, stretch=1.0))
    assert 0.6 < 1 / np.sqrt(loose.weight[0]) < 1.5  # 1, and the floor


def test_a_bone_rarely_seen_says_nothing():
    position, variance, measured, info = pair(np.random.default_rng(1))
    measured[:, 10:] = False
    assert learn_bones(one_bone(), position, variance, measured, info).weight[0] == 0


def test_memory_is_written_again_but_for_long_recordings_and_not_by_results():
    first, second = memory(100, "a test"), memory(50, "a test")
    assert np.shares_memory(first, second)
    assert not np.shares_memory(memory(MOST_HELD + 1, "a long test"), memory(MOST_HELD + 1, "a long test"))
    trial = squat(default_subject()).points
    seen = observe(Points3D(trial.position[:200, :26], trial.names[:26], 100.0), ring_rig(4, radius_m=4.0), 0)
    found = reconstruct_details(seen.keypoints, ring_rig(4, radius_m=4.0))
    result = smooth_points_map(found, seen.keypoints, ring_rig(4, radius_m=4.0), LANDMARK_BONES).points
    before = result.position.copy(), result.covariance.copy()
    moved = replace(found, points=replace(found.points, position=found.points.position[::-1].copy()))
    smooth_points_map(moved, seen.keypoints, ring_rig(4, radius_m=4.0), LANDMARK_BONES)
    np.testing.assert_array_equal(result.position, before[0])
    np.testing.assert_array_equal(result.covariance, before[1])


def test_a_neighbour_tells_what_the_dense_inverse_says():
    position, variance, measured, info = pair(np.random.default_rng(2))
    bones = learn_bones(one_bone(), position, variance, measured, info)
    direction, _ = lines(bones, position, measured)
    told = told_by_neighbours(bones, direction, info)
    d = np.concatenate([-direction[7, 0], direction[7, 0]])
    dense = np.linalg.inv(np.eye(6) + bones.weight[0] * np.outer(d, d))
    for lane in range(2):
        xx, xy, xz, yy, yz, zz = told[0, 7, :, lane]
        own = np.linalg.inv([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        assert np.abs(own - dense[3 * lane : 3 * lane + 3, 3 * lane : 3 * lane + 3]).max() < 1e-12


def test_what_both_ends_share_is_what_the_dense_inverse_says():
    position, variance, measured, info = pair(np.random.default_rng(2))
    info[..., 3, 0], info[..., 1, 1] = 3.0, 0.4
    info[0, 20, :, 1] = 0.0  # an end that was not measured
    measured[0, 30, 0] = False  # one that is not there
    bones = learn_bones(one_bone(), position, variance, measured, info)
    direction, _ = lines(bones, position, measured)
    shared = shared_errors(bones, direction, info, told_by_neighbours(bones, direction, info))
    assert shared.shape == (300, 1) and shared[30] == 0.0
    assert shared[20] == pytest.approx(np.median(np.delete(shared, [20, 30])), abs=1e-3)
    along = direction[7, 0]
    d = np.concatenate([-along, along])
    own = np.diag([1.0, 3.0, 1.0, 1.0, 1.0, 1.0])
    own[3, 4] = own[4, 3] = 0.4
    dense = np.linalg.inv(own + bones.weight[0] * np.outer(d, d))
    first, second = dense[:3, :3] @ along, dense[3:, 3:] @ along
    cross = shared[7, 0] * np.outer(first, second) / np.sqrt(along @ first * (along @ second))
    assert 0.3 < shared[7, 0] < 1.0
    assert np.abs(cross - dense[:3, 3:]).max() < 1e-12


def test_views_speak_of_what_they_see_and_a_wrong_one_is_left_out():
    rig = ring_rig(3, radius_m=4.0, size=(1920, 1080))
    truth = np.array([[0.1, 0.2, 1.0], [0.0, -0.3, 0.8]])
    pixels = rig.project(truth)
    pixels[2, 1] += 200.0
    usable = np.ones((3, 2), bool)
    usable[1:, 0] = False
    predicted = truth + np.array([[0.01, -0.01, 0.005], [-0.008, 0.004, 0.01]])
    variance = np.full((2, 3), 0.01**2)
    terms, pull, believed = view_information(pixels, usable, rig, np.ones((3, 2)), predicted, variance, 1e-3)
    info = terms[:, [0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(2, 3, 3)
    assert believed.tolist() == [[True, True], [False, True], [False, False]]
    assert np.linalg.matrix_rank(info[0], tol=1e-3 * info[0].max()) == 2  # nothing along the ray
    assert np.linalg.norm(np.linalg.solve(info[1], pull[1]) - (truth - predicted)[1]) < 2e-4
    ray = truth[0] - rig.cameras[0].centre_world
    assert abs(ray @ info[0] @ ray) < 1e-3 * np.trace(info[0]) * (ray @ ray)


@pytest.mark.parametrize("fisheye", [False, True])
def test_reprojection_errors_are_those_of_the_cameras(fisheye):
    rng = np.random.default_rng(4)
    rig = ring_rig(3, radius_m=4.0, size=(1920, 1080))
    bent = [0.05, -0.02, 0.01, 0.003] if fisheye else [-0.1, 0.05, 1e-3, -2e-3, 0.01]
    rig = CameraRig(tuple(replace(c, distortion=np.array(bent), fisheye=fisheye) for c in rig.cameras))
    position = rng.uniform(-1, 1, (20, 4, 3)) + np.array([0.0, 0.0, 1.0])
    position[3, 2], position[4, 1] = np.nan, 3 * rig.cameras[0].centre_world
    pixels = rig.project(position) + rng.normal(0, 2, (3, 20, 4, 2))
    pixels[1, 5, 0] = np.nan
    names = ("a", "b", "c", "d")
    points = Points3D(position, names, 100.0, np.full((20, 4, 3, 3), np.nan))
    found = with_reprojection(points, Keypoints2D(pixels, np.ones(pixels.shape[:3]), names, 100.0), rig)
    expected = np.linalg.norm(rig.project(position) - pixels, axis=-1)
    assert found.reprojection_error is not None
    assert np.allclose(found.reprojection_error, expected, rtol=1e-5, atol=1e-4, equal_nan=True)


def test_the_compilers_cache_follows_the_lenses():
    folder = Path(smooth_view_kernels.__file__).parent
    files = (folder / "lens_kernels.py", folder.parent / "vector_kernels.py")
    content = b"".join(file.read_bytes() for file in files)
    assert hashlib.sha256(content).hexdigest() == smooth_view_kernels.IMPORTED_SHA256, (
        "write the new sum into smooth_view_kernels.py: that makes the compiler drop what it kept of the old lenses"
    )
