"""Segment axes, ellipsoids, balance and trails against closed forms."""

import numpy as np
import pytest

from mocap.kinematics.further import base_of_support
from mocap.trial import Points3D, Trial
from mocap.viewer import body_parts
from mocap.viewer.layers import scene_of


def scene(position, names, **more):
    return scene_of(Trial("parts", Points3D(np.asarray(position, float), names, 100.0, **more)))


def test_the_height_of_contact_is_that_of_the_kinematics():
    assert body_parts.CONTACT_M == base_of_support.CONTACT_M


def test_axes_point_where_the_segment_points():
    pose = np.tile(np.eye(4), (2, 1, 1))
    pose[0, :3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # its X along world Y
    pose[0, :3, 3] = [1, 2, 3]
    pose[1] = np.nan
    mesh = body_parts.axes_mesh(pose)
    ends = mesh.vertices.reshape(2, 3, 6, 3)[:, :, 3:].mean(axis=2)  # the rings around the tips
    along = (ends[0] - [1, 2, 3]) / body_parts.SEGMENT_AXIS_M
    np.testing.assert_allclose(along, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], atol=1e-12)
    assert np.ptp(mesh.vertices[18:], axis=0).max() == 0  # a missing pose has no size
    np.testing.assert_allclose(mesh.colours[0, :3], body_parts.AXIS_COLOURS[0])


def test_the_ball_is_round_closed_and_seen_from_outside():
    vertices, faces = body_parts.unit_ball()
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1)
    corners = vertices[faces]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("ij,ij->i", outward, corners.mean(axis=1)) > 0).all()
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


def test_an_ellipsoid_reaches_as_far_as_its_error_in_every_direction():
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    sd = np.array([0.001, 0.002, 0.004])
    covariance = np.stack([turn @ np.diag(sd**2) @ turn.T, np.full((3, 3), np.nan)])
    at = scene([[[1.0, 2, 3], [0, 0, 0]]], ("a", "b"))
    mesh = body_parts.ellipsoids_mesh(at, 0, covariance, scale=10)
    n = len(body_parts.unit_ball()[0])
    offset = mesh.vertices[:n] - [1, 2, 3]
    reach = (offset @ turn).max(axis=0)
    np.testing.assert_allclose(reach[2], 10 * body_parts.CHI2_95 * 0.004, rtol=0.2)  # the ball's corners: 0.0 to 0.1
    squared = np.einsum("vi,ij,vj->v", offset, np.linalg.inv(covariance[0]), offset)
    np.testing.assert_allclose(squared, (10 * body_parts.CHI2_95) ** 2)
    assert np.ptp(mesh.vertices[n:], axis=0).max() == 0  # none where nothing is known
    from scipy.stats import chi2

    np.testing.assert_allclose(body_parts.CHI2_95**2, chi2.ppf(0.95, 3), atol=1e-3)


@pytest.mark.parametrize(("sd_m", "scale"), [(0.0001, 50), (0.002, 2), (0.1, 1), (np.nan, 1)])
def test_small_ellipsoids_are_drawn_so_large_that_they_are_seen(sd_m, scale):
    assert body_parts.ellipsoid_scale(np.tile(np.eye(3) * sd_m**2, (5, 1, 1))) == scale


FEET = ("RHEEL", "RMT1", "RMT5", "LHEEL", "LMT1", "LMT5")
SOLES = np.array([[-0.1, -0.1, 0.03], [0.1, -0.08, 0.03], [0.08, -0.14, 0.03],
                  [-0.1, 0.1, 0.03], [0.1, 0.08, 0.03], [0.08, 0.14, 0.03]])  # fmt: skip


def test_the_base_of_support_is_the_hull_of_what_touches_the_floor():
    position = np.tile(SOLES, (100, 1, 1))
    position[60, :3, 2] += 0.1  # the right foot is lifted
    position[70, 0] = np.nan
    standing = scene(position, FEET)
    balance = body_parts.balance_of(standing, np.tile([0.0, 0, 1], (100, 1)))
    hull = body_parts.base_corners(standing, balance, 0)
    assert {tuple(corner) for corner in hull} == {tuple(corner[:2]) for corner in SOLES}
    area = 0.5 * np.sum(hull[:, 0] * np.roll(hull[:, 1], -1) - np.roll(hull[:, 0], -1) * hull[:, 1])
    assert area == pytest.approx(0.5 * (0.2 + 0.28) * 0.18 + 0.5 * (0.28 + 0.16) * 0.02)  # anticlockwise: +
    assert len(body_parts.base_corners(standing, balance, 60)) == 3
    assert len(body_parts.base_corners(standing, balance, 70)) == 5
    assert body_parts.balance_of(standing, None) is None


def test_the_mass_stands_over_its_mark_on_the_floor():
    standing = scene(np.tile(SOLES, (10, 1, 1)), FEET)
    centre = np.tile([0.02, -0.01, 0.9], (10, 1))
    centre[5] = np.nan
    balance = body_parts.balance_of(standing, centre)
    n = len(body_parts.unit_ball()[0])
    mesh = body_parts.balance_mesh(standing, balance, 0)
    np.testing.assert_allclose(mesh.vertices[:n].mean(axis=0), centre[0], atol=1e-9)
    foot = mesh.vertices[n : n + 8][4:].mean(axis=0)
    np.testing.assert_allclose(foot, [0.02, -0.01, 0.0], atol=1e-9)
    gone = body_parts.balance_mesh(standing, balance, 5)
    assert gone.vertices.shape == mesh.vertices.shape
    assert np.ptp(gone.vertices[:n], axis=0).max() == 0


def test_points_on_a_line_have_no_hull():
    assert len(body_parts.convex_hull(np.array([[0.0, 0], [1, 1], [2, 2]]))) == 0
    assert len(body_parts.convex_hull(np.zeros((5, 2)))) == 0
    assert len(body_parts.convex_hull(np.zeros((0, 2)))) == 0


def test_a_trail_ends_at_the_point_and_leaves_out_what_was_not_measured():
    position = np.zeros((300, 1, 3))
    position[:, 0, 0] = np.arange(300) / 100  # 1 m/s
    position[150:160] = np.nan
    moving = scene(position, ("a",))
    mesh = body_parts.trails_mesh(moving, 200, np.array([0]), 100.0)
    rings = mesh.vertices.reshape(body_parts.TRAIL_PIECES, 2, 3, 3).mean(axis=2)
    np.testing.assert_allclose(rings[-1, 1], [2.0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(rings[0, 0], [1.0, 0, 0], atol=1e-9)
    long = np.linalg.norm(rings[:, 1] - rings[:, 0], axis=1)
    assert (long > 0).sum() == 20 - 3  # 5 frames a piece: three pieces touch the gap
    early = body_parts.trails_mesh(moving, 3, np.array([0]), 100.0)
    assert np.isfinite(early.vertices).all()
    assert early.vertices.shape == mesh.vertices.shape
