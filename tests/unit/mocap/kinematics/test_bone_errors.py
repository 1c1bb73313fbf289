"""Errors that bones tie together, in the sd of angles, against the whole covariance of all points."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ShapeError
from mocap.kinematics.angles import angle_between, line_elevation, line_lean, traced_joint
from mocap.kinematics.bone_errors import ties_of
from mocap.kinematics.traced import Scalar, Vec, difference, frame
from mocap.kinematics.uncertainty import ISB_FROM_WORLD, Covariances, random_sds
from mocap.trial import BoneErrors, Points3D

NAMES = ("a", "b", "c", "d", "e")
PAIRS = (("a", "b"), ("c", "b"), ("d", "e"))
FRAMES = 40


def tied_points() -> Points3D:
    """Five points with covariances of all directions, and three bones that tie errors together."""
    rng = np.random.default_rng(0)
    root = rng.normal(0.0, 0.001, (FRAMES, 5, 3, 3))
    places = np.array([[0, 0, 0], [0.3, 0, 0.1], [0, 0.4, 0], [0.1, 0, 1], [0.4, 1, 1]])
    position = places + rng.normal(0.0, 0.02, (FRAMES, 5, 3))
    errors = BoneErrors(PAIRS, rng.uniform(0.0, 0.7, (FRAMES, 3)))
    return Points3D(position, NAMES, 50.0, root @ root.transpose(0, 1, 3, 2), bone_errors=errors)


def some_angles(points: Points3D) -> list[Scalar]:
    """Angles of these points, in the turned axes."""
    eye = np.broadcast_to(np.eye(3), (FRAMES, 3, 3))
    a, b, c, d, e = (Vec(points.point(name) @ ISB_FROM_WORLD.T, {name: eye}) for name in NAMES)
    one, other = frame(difference(b, a), difference(c, a), "xy"), frame(difference(d, b), difference(e, c), "yz")
    lean = line_lean(difference(d, b), one)
    between = angle_between(difference(a, b), difference(c, b))
    return [*traced_joint(one, other), lean, line_elevation(difference(d, e)), between]


def whole(points: Points3D) -> np.ndarray:
    """The covariance of all points together, in the turned axes, (time, point * 3, point * 3)."""
    matrix = np.zeros((FRAMES, 5, 3, 5, 3))
    for k in range(5):
        matrix[:, k, :, k] = points.covariance[:, k]
    assert points.bone_errors is not None
    for number, pair in enumerate(points.bone_errors.pairs):
        a, b = map(NAMES.index, pair)
        for t, r in enumerate(points.bone_errors.correlation[:, number].astype(float)):
            d = points.position[t, b] - points.position[t, a]
            first, second = points.covariance[t, a] @ d, points.covariance[t, b] @ d
            matrix[t, a, :, b] = r * np.outer(first, second) / np.sqrt(d @ first * (d @ second))
            matrix[t, b, :, a] = matrix[t, a, :, b].T
    turned: np.ndarray = np.einsum("pi,taibj,qj->tapbq", ISB_FROM_WORLD, matrix, ISB_FROM_WORLD)
    return turned.reshape(FRAMES, 15, 15)


def sds_of(points: Points3D) -> list[np.ndarray]:
    columns = {name: number for number, name in enumerate(NAMES)}
    ties = ties_of(points, columns, ISB_FROM_WORLD)
    return random_sds(some_angles(points), Covariances(points.covariance, columns, ties))


def test_the_sd_of_angles_takes_in_what_bones_tie_together():
    points = tied_points()
    matrix, told = whole(points), sds_of(points)
    alone = sds_of(replace(points, bone_errors=None))
    for angle, sd, before in zip(some_angles(points), told, alone, strict=True):
        rows = np.concatenate([angle.grad[n] if n in set(angle.grad) else np.zeros((FRAMES, 3)) for n in NAMES], axis=1)
        variance = np.einsum("ti,tij,tj->t", rows, matrix, rows)
        # Pairs alone may sum below what is possible: no more than three quarters are taken away.
        np.testing.assert_allclose(sd**2, np.maximum(variance, 0.25 * before**2), rtol=1e-9)
        assert np.abs(sd / before - 1).max() > 0.1


def test_a_tie_takes_three_quarters_of_the_variance_away_at_most():
    places = np.array([[-0.1, 0, 0], [0.1, 0, 0], [0, 0, 1], [2, 2, 2], [3, 3, 3]])
    covariance = np.broadcast_to(1e-6 * np.eye(3), (FRAMES, 5, 3, 3))
    errors = BoneErrors((("a", "b"),), np.full((FRAMES, 1), 0.99))
    tied = Points3D(np.tile(places, (FRAMES, 1, 1)), NAMES, 50.0, covariance, bone_errors=errors)
    # Seen from afar both ends of a bone turn the line to them alike: of their errors along it 0.03 would be left.
    eye = np.broadcast_to(np.eye(3), (FRAMES, 3, 3))
    a, b, c = (Vec(tied.point(name) @ ISB_FROM_WORLD.T, {name: eye}) for name in "abc")
    sds = []
    for points in (tied, replace(tied, bone_errors=None)):
        columns = {name: number for number, name in enumerate(NAMES)}
        kept = Covariances(points.covariance, columns, ties_of(points, columns, ISB_FROM_WORLD))
        sds += random_sds([angle_between(difference(a, c), difference(b, c))], kept)
    np.testing.assert_allclose(sds[0], 0.5 * sds[1], rtol=1e-6)


def test_covariances_are_read_in_the_axes_of_the_gradients():
    points, columns = tied_points(), {name: number for number, name in enumerate(NAMES)}
    kept = Covariances(points.covariance, columns)
    one_by_one = random_sds(some_angles(points), {name: kept[name] for name in kept})
    for sd, other in zip(random_sds(some_angles(points), kept), one_by_one, strict=True):
        np.testing.assert_allclose(sd, other, rtol=1e-6)


def test_an_angle_without_a_value_has_no_sd_whatever_its_points_tell():
    points, columns = tied_points(), {name: number for number, name in enumerate(NAMES)}
    lean, zero = some_angles(points)[3], np.zeros(FRAMES)
    zero[7] = np.nan
    (sd,) = random_sds([lean.less(Scalar(zero))], Covariances(points.covariance, columns))
    assert np.flatnonzero(np.isnan(sd)).tolist() == [7]


def test_an_end_without_covariance_ties_nothing():
    points = tied_points()
    covariance = np.array(points.covariance)
    covariance[5, 1] = np.nan
    between = sds_of(replace(points, covariance=covariance))[-1]
    assert np.isnan(between[5]) and np.isfinite(np.delete(between, 5)).all()
    np.testing.assert_array_equal(np.delete(between, 5), np.delete(sds_of(points)[-1], 5))
    exact = np.array(points.covariance)
    exact[6, 1] = 0.0  # no error that could go with another's
    exact_points = replace(points, covariance=exact)
    assert sds_of(exact_points)[-1][6] == sds_of(replace(exact_points, bone_errors=None))[-1][6] > 0.0
    elevation = sds_of(replace(points, covariance=covariance))[-2]
    np.testing.assert_array_equal(elevation, sds_of(points)[-2])


def test_bones_of_other_points_or_frames_are_refused():
    points = tied_points()
    with pytest.raises(ShapeError, match="T99"):
        replace(points, bone_errors=BoneErrors((("a", "T99"),), np.zeros((FRAMES, 1))))
    with pytest.raises(ShapeError, match="39 frames"):
        replace(points, bone_errors=BoneErrors(PAIRS, np.zeros((FRAMES - 1, 3))))
    with pytest.raises(ShapeError, match="0 to 1"):
        BoneErrors(PAIRS, np.full((FRAMES, 3), 1.5))
