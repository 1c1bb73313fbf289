"""Robust triangulation against perfect data, an independent solver, and constructed contradictions."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import chi2

from calibration import Camera, CameraRig
from calibration.rigid import apply, from_rotvec, inverse
from calibration.synthetic import ring_rig
from mocap.errors import ConfigError, KeypointError, ReconstructionError
from mocap.reconstruction import ReconstructionOptions, reconstruct, reconstruct_details, reconstruction_verdicts
from mocap.reconstruction.kernels import AMBIGUOUS, DISAGREE, MEASURED, MISSING, UNCERTAIN
from mocap.schema import Status
from mocap.trial import Keypoints2D

ONE_PX = ReconstructionOptions(pixel_sigma=1.0)


def keypoints(pixels, confidence=None, rate_hz=100.0):
    pixels = np.asarray(pixels)
    if confidence is None:
        confidence = np.isfinite(pixels).all(axis=-1).astype(pixels.dtype)
    return Keypoints2D(pixels, confidence, tuple(f"k{i}" for i in range(pixels.shape[2])), rate_hz)


def points_in_volume(n_frames=20, n_keypoints=7, seed=0):
    return np.random.default_rng(seed).uniform([-0.6, -0.6, 0.1], [0.6, 0.6, 1.8], (n_frames, n_keypoints, 3))


def noisy(rig, points, sigma=1.0, seed=1):
    pixels = rig.project(points)
    return pixels + np.random.default_rng(seed).normal(0, sigma, pixels.shape)


@pytest.mark.parametrize("fisheye", [False, True])
@pytest.mark.parametrize("n_cameras", [2, 3, 8])
def test_perfect_pixels_give_the_points_back(n_cameras, fisheye):
    rig, points = ring_rig(8, fisheye=fisheye).subset([f"cam_{i}" for i in range(n_cameras)]), points_in_volume()
    found = reconstruct(keypoints(rig.project(points)), rig)
    assert np.abs(found.position - points).max() < 1e-9  # measured 2e-14 m
    assert (found.n_views == n_cameras).all() and (found.status == Status.MEASURED).all()
    assert found.reprojection_error.max() < 1e-6


def test_equals_an_independent_least_squares_fit():
    rig, points = ring_rig(5), points_in_volume(4, 3)
    pixels = noisy(rig, points)
    found = reconstruct(keypoints(pixels), rig, options=ONE_PX)
    for index in np.ndindex(4, 3):
        fit = least_squares(lambda x, i=index: (rig.project(x) - pixels[(slice(None), *i)]).ravel(), points[index],
                            xtol=1e-14, ftol=1e-14, gtol=1e-14)
        assert np.abs(found.position[index] - fit.x).max() < 1e-5  # residuals by the Jacobian at the pixel; 2e-6 m
        covariance = np.linalg.inv(fit.jac.T @ fit.jac)
        assert np.allclose(found.covariance[index], covariance, rtol=0.02, atol=1e-2 * covariance.max())


def test_moving_the_world_moves_points_and_covariances():
    rig, points = ring_rig(4), points_in_volume(6, 5)
    new_from_old = from_rotvec(np.array([0.3, -0.7, 1.1]), np.array([5.0, -2.0, 0.4]))
    moved = CameraRig(tuple(
        Camera(c.name, c.size, c.matrix, c.distortion, c.cam_from_world @ inverse(new_from_old)) for c in rig
    ))
    pixels = noisy(rig, points)
    before, after = reconstruct(keypoints(pixels), rig), reconstruct(keypoints(pixels), moved)
    assert np.abs(after.position - apply(new_from_old, before.position)).max() < 1e-9  # measured 2e-11
    rotation = new_from_old[:3, :3]
    assert np.allclose(after.covariance, rotation @ before.covariance @ rotation.T, rtol=1e-4, atol=1e-9)


def test_order_of_cameras_threads_and_memory_layout_do_not_matter():
    rig, points = ring_rig(6), points_in_volume(900, 30)
    pixels = noisy(rig, points)
    pixels[0, ::7] += 80
    pixels[2, :, 3] = np.nan
    plain = reconstruct(keypoints(pixels), rig, options=ReconstructionOptions(threads=1))
    threads = reconstruct(keypoints(pixels), rig, options=ReconstructionOptions(threads=3))
    assert np.array_equal(plain.position, threads.position) and np.array_equal(plain.covariance, threads.covariance)
    strided = np.empty((900, 6, 30, 2)).swapaxes(0, 1)
    strided[:] = pixels
    assert np.array_equal(reconstruct(keypoints(strided), rig).position, plain.position)
    order = [3, 0, 5, 1, 4, 2]
    turned = reconstruct(keypoints(pixels[order]), rig.subset([rig.names[i] for i in order]))
    assert np.abs(turned.position - plain.position).max() < 1e-8
    single = reconstruct(keypoints(pixels.astype(np.float32)), rig)
    assert np.abs(single.position - plain.position).max() < 1e-5  # 1e-4 px of rounding


@pytest.mark.parametrize("n_wrong", [1, 2, 3])
def test_wrong_views_are_left_out_and_their_distance_is_told(n_wrong):
    rig, points = ring_rig(8), points_in_volume(40, 7)
    pixels = noisy(rig, points)
    rng = np.random.default_rng(5)
    wrong = np.argsort(rng.random((8, 40, 7)), axis=0) < n_wrong
    angle = rng.uniform(0, 2 * np.pi, wrong.shape)
    pixels += np.where(wrong, 60.0, 0)[..., None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    details = reconstruct_details(keypoints(pixels), rig)
    assert np.array_equal(details.used, ~wrong)
    assert (details.points.n_views == 8 - n_wrong).all()
    # The error is that of the exact projection, of used and unused observations alike.
    wanted = np.linalg.norm(rig.project(details.points.position) - pixels, axis=-1)
    assert np.abs(details.points.reprojection_error - wanted).max() < 1e-4  # float32
    assert details.points.reprojection_error[wrong].min() > 50


def test_two_views_that_disagree_give_nothing():
    rig, points = ring_rig(8).subset(["cam_0", "cam_2"]), points_in_volume(1, 2)
    pixels = rig.project(points)
    pixels[1, 0, 0, 1] += 40
    details = reconstruct_details(keypoints(pixels), rig, options=ONE_PX)
    assert details.reason.tolist() == [[DISAGREE, MEASURED]]
    assert np.isnan(details.points.position[0, 0]).all() and np.isnan(details.points.covariance[0, 0]).all()
    assert details.points.status.tolist() == [[Status.REJECTED, Status.MEASURED]]
    assert details.points.n_views.tolist() == [[0, 2]]


def test_two_of_three_views_count_only_when_no_other_two_agree():
    rig, points = ring_rig(8).subset(["cam_0", "cam_2", "cam_3"]), points_in_volume(1, 2)
    pixels = rig.project(points)
    pixels[2, 0, 0] += [0, 90]
    # The second point of the third camera lies where a point farther along the first camera's ray would appear: now
    # the first and third agree exactly as well as the first and second.
    ray_end = points[0, 1] + 0.3 * (points[0, 1] - rig.cameras[0].centre_world)
    pixels[2, 0, 1] = rig.cameras[2].project(ray_end)
    details = reconstruct_details(keypoints(pixels), rig, options=ONE_PX)
    assert details.reason.tolist() == [[MEASURED, AMBIGUOUS]]
    assert details.points.n_views.tolist() == [[2, 0]]
    assert np.abs(details.points.position[0, 0] - points[0, 0]).max() < 1e-9
    assert details.points.status[0, 1] == Status.REJECTED


def swapped(n_cameras, n_swapped, n_frames=200, apart_m=0.25):
    """Rig, points and 1 px noisy pixels in which some cameras, others at each point, see another place instead."""
    rig, points, rng = ring_rig(n_cameras), points_in_volume(n_frames, 10), np.random.default_rng(3)
    offset = rng.normal(size=points.shape)
    other = points + apart_m * offset / np.linalg.norm(offset, axis=-1, keepdims=True)
    there = np.argsort(rng.random((n_cameras, n_frames, 10)), axis=0) < n_swapped
    return rig, points, np.where(there[..., None], noisy(rig, other), noisy(rig, points))


@pytest.mark.parametrize(
    ("n_cameras", "n_swapped", "limit"),
    # Wrong of 2000 points, measured none; the first fit that agrees makes 1020, 998, 1019, 3, 5. Of 40 000 points 7, 3
    # and 3 are wrong with half the cameras swapped: cameras of one group that look along the line of both places join
    # the other, which then leads by two.
    [(6, 3, 2), (8, 4, 0), (10, 5, 0), (5, 2, 0), (7, 3, 0)],
)
def test_groups_of_cameras_that_agree_on_two_places_give_nothing(n_cameras, n_swapped, limit):
    rig, points, pixels = swapped(n_cameras, n_swapped)
    options = ReconstructionOptions(pixel_sigma=1.0, min_share=0.0)
    details = reconstruct_details(keypoints(pixels), rig, options=options)
    measured = details.reason == MEASURED
    wrong = measured & (np.linalg.norm(details.points.position - points, axis=-1) > 0.05)
    assert wrong.sum() <= limit
    assert (details.reason == AMBIGUOUS).mean() > 0.97  # measured 0.9865 at least
    assert np.isnan(details.points.position[~measured]).all()
    assert (details.points.status[~measured] == Status.REJECTED).all()


@pytest.mark.parametrize(("n_cameras", "n_swapped"), [(6, 2), (7, 2), (8, 3)])
def test_a_lead_of_two_views_decides(n_cameras, n_swapped):
    rig, points, pixels = swapped(n_cameras, n_swapped)
    details = reconstruct_details(keypoints(pixels), rig, options=ONE_PX)
    error = np.linalg.norm(details.points.position - points, axis=-1)
    # The rest have a camera that looks along the line of both places and counts for both.
    assert (details.reason == MEASURED).mean() > 0.97  # measured 0.992, 1, 0.9855
    assert np.nanmax(error) < 0.05


def test_views_that_contradict_each_other_by_chance_are_not_two_places():
    rig, points, rng = ring_rig(8), points_in_volume(200, 10), np.random.default_rng(6)
    pixels = noisy(rig, points)
    wrong = np.argsort(rng.random((8, 200, 10)), axis=0) < 4
    pixels += np.where(wrong[..., None], rng.choice([-1, 1], pixels.shape) * rng.uniform(30, 200, pixels.shape), 0)
    details = reconstruct_details(keypoints(pixels), rig, options=ONE_PX)
    assert (details.reason == MEASURED).mean() > 0.995  # measured 1
    assert np.nanmax(np.linalg.norm(details.points.position - points, axis=-1)) < 0.05


@pytest.mark.parametrize(("n_cameras", "least"), [(3, 0.75), (4, 0.83), (8, 0.92)])
def test_a_view_too_little_wrong_to_be_left_out_widens_the_covariance(n_cameras, least):
    rig, points, rng = ring_rig(n_cameras), points_in_volume(300, 10), np.random.default_rng(4)
    angle = rng.uniform(0, 2 * np.pi, points.shape[:2])
    pixels = noisy(rig, points)
    pixels[0] += 7 * np.stack([np.cos(angle), np.sin(angle)], -1)
    found = reconstruct(keypoints(pixels), rig, options=ONE_PX)
    there = found.status == Status.MEASURED
    difference = (found.position - points)[there]
    inverse_covariance = np.linalg.inv(found.covariance[there].astype(float))
    squared = np.einsum("ni,nij,nj->n", difference, inverse_covariance, difference)
    # Inside the 95 % ellipsoid, measured 0.81, 0.87, 0.94; by the pixel noise alone 0.08, 0.71, 0.90.
    assert (squared < chi2.ppf(0.95, 3)).mean() > least


def test_rays_that_are_almost_parallel_are_too_uncertain():
    near = ring_rig(2)
    pose = near.cameras[0].cam_from_world.copy()
    pose[0, 3] += 0.02  # 2 cm beside the first camera
    first = near.cameras[0]
    rig = CameraRig((first, Camera("beside", first.size, first.matrix, first.distortion, pose)))
    points = points_in_volume(1, 4)
    details = reconstruct_details(
        keypoints(rig.project(points)), rig, options=ReconstructionOptions(pixel_sigma=1.0, min_share=0.0)
    )
    assert (details.reason == UNCERTAIN).all() and (details.points.status == Status.REJECTED).all()
    assert np.isnan(details.points.position).all()


def test_too_few_or_unsure_views_are_missing_not_rejected():
    rig, points = ring_rig(4), points_in_volume(1, 3)
    pixels = noisy(rig, points)
    pixels[1:, 0, 0] = np.nan
    confidence = np.isfinite(pixels[..., 0]).astype(float)
    confidence[0, 0, 1] = 0.1
    details = reconstruct_details(keypoints(pixels, confidence), rig, options=ONE_PX)
    assert details.reason[0].tolist() == [MISSING, MEASURED, MEASURED]
    assert details.points.status[0].tolist() == [0, 1, 1]
    assert details.points.n_views[0].tolist() == [0, 3, 4]
    assert not details.used[0, 0, 1] and np.isfinite(details.points.reprojection_error[0, 0, 1])
    three = reconstruct_details(
        keypoints(pixels, confidence), rig, options=ReconstructionOptions(pixel_sigma=1.0, min_views=4)
    )
    assert three.reason[0].tolist() == [MISSING, MISSING, MEASURED]


@pytest.mark.parametrize("n_cameras", [2, 3, 4, 8])
@pytest.mark.parametrize("sigma", [0.2, 1.0, 6.0])
def test_sigma_is_found(sigma, n_cameras):
    rig, points = ring_rig(9).subset([f"cam_{i}" for i in range(n_cameras)]), points_in_volume(400, 8)
    pixels = noisy(rig, points, sigma)
    if n_cameras > 2:
        pixels[0, ::25] += 200
    found = reconstruct_details(keypoints(pixels), rig).sigma_px
    # 3200 points of 2 n - 3 degrees of freedom: 1.2 % for two cameras; measured at most 2.6 % off.
    assert abs(found.mean() / sigma - 1) < 0.04


def test_keypoints_have_their_own_sigma():
    rig, points = ring_rig(6), points_in_volume(500, 4)
    scale = np.array([0.5, 1.0, 1.0, 2.0])
    pixels = rig.project(points)
    pixels += np.random.default_rng(1).normal(0, 1, pixels.shape) * scale[:, None]
    found = reconstruct_details(keypoints(pixels), rig).sigma_px
    assert np.abs(found[0] / scale - 1).max() < 0.05  # measured 0.025
    assert (found == found[0]).all()


def test_all_missing_is_refused_with_counts():
    rig = ring_rig(3)
    with pytest.raises(ReconstructionError, match=r"cam_0 0 seen, 0 confident") as caught:
        reconstruct(keypoints(np.full((3, 5, 2, 2), np.nan)), rig)
    assert caught.value.code == "NO_VIEWS"


@pytest.mark.parametrize(
    ("order", "code"), [((1, 0, 3, 2), "TOO_FEW_POINTS"), ((3, 2, 1, 0), "TOO_FEW_POINTS"),
                        ((2, 3, 0, 1), "SIGMA_IMPLAUSIBLE")]
)
def test_cameras_in_the_wrong_order_are_refused(order, code):
    # The last order turns the ring by half a turn: all cameras agree on points elsewhere, to 19 px.
    rig, points = ring_rig(4), points_in_volume(200, 10)
    with pytest.raises(ReconstructionError, match="order of the cameras") as caught:
        reconstruct(keypoints(noisy(rig, points)[list(order)]), rig)
    assert caught.value.code == code


def test_verdicts_single_out_the_camera_that_was_moved():
    rig, points = ring_rig(6), points_in_volume(100, 8)
    pixels = noisy(rig, points)
    good = reconstruction_verdicts(reconstruct_details(keypoints(pixels), rig), keypoints(pixels), rig)
    assert all(verdict.passed for verdict in good) and len(good) == 8
    pixels[4] += [35, -20]
    moved = reconstruction_verdicts(reconstruct_details(keypoints(pixels), rig), keypoints(pixels), rig)
    assert [verdict.name for verdict in moved if not verdict.passed] == ["cam_4 used"]
    two = rig.subset(["cam_0", "cam_2"])
    details = reconstruct_details(keypoints(pixels[[0, 2]]), two)
    failed = [v for v in reconstruction_verdicts(details, keypoints(pixels[[0, 2]]), two) if not v.passed]
    assert [verdict.name for verdict in failed] == ["points with three views"]


def test_another_number_of_cameras_is_refused():
    with pytest.raises(KeypointError, match="of 3 cameras, the calibration has 4") as caught:
        reconstruct(keypoints(np.zeros((3, 1, 1, 2))), ring_rig(4))
    assert caught.value.code == "CAMERA_COUNT"


@pytest.mark.parametrize(
    "wrong", [{"min_views": 1}, {"min_confidence": 2.0}, {"truncation_sigma": 0.0}, {"pixel_sigma": 0.0},
              {"max_sd_m": float("nan")}, {"threads": 0}, {"min_share": -1.0}]
)
def test_options_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ReconstructionOptions(**wrong)


def test_progress_ends_at_the_last_frame():
    rig, points, calls = ring_rig(3), points_in_volume(3000, 10), []
    reconstruct(keypoints(rig.project(points)), rig, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 1 and calls == sorted(calls) and calls[-1] == (3000, 3000)


@pytest.mark.parametrize("n_frames", [0, 1])
def test_short_recordings(n_frames):
    rig = ring_rig(3)
    pixels = rig.project(points_in_volume(n_frames, 2))
    if n_frames:
        assert reconstruct(keypoints(pixels), rig).n_frames == 1
    else:
        with pytest.raises(ReconstructionError):
            reconstruct(keypoints(pixels), rig)
