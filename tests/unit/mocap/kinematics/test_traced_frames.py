"""The frame primitive: axes, handedness, validity."""

import numpy as np
import pytest

from mocap.kinematics.traced import Vec, carried, frame


@pytest.mark.parametrize("order", ["xy", "yx", "yz", "zy", "zx", "xz"])
def test_every_order_gives_a_right_handed_frame_along_its_vectors(order: str) -> None:
    rng = np.random.default_rng(3)
    p, q = rng.normal(size=(2, 20, 3))
    axes = frame(Vec(p), Vec(q), order).axes
    np.testing.assert_allclose(np.swapaxes(axes, 1, 2) @ axes, np.broadcast_to(np.eye(3), (20, 3, 3)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0, atol=1e-12)
    first, second = ("xyz".index(letter) for letter in order)
    along = p / np.linalg.norm(p, axis=1, keepdims=True)
    np.testing.assert_allclose(axes[:, :, first], along, atol=1e-12)
    assert (np.sum(axes[:, :, second] * q, axis=1) > 0).all()


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([np.nan, 0, 0], [0, 1, 0]),
        ([1, 0, 0], [0, np.nan, 1]),
        ([1e-7, 0, 0], [0, 1, 0]),
        ([1, 0, 0], [0, 0, 0]),
        ([1, 0, 0], [1, np.tan(np.deg2rad(9.9)), 0]),
        ([1, 0, 0], [-1, np.tan(np.deg2rad(9.9)), 0]),
    ],
)
def test_what_cannot_span_a_frame_is_missing(p, q) -> None:
    assert np.isnan(frame(Vec(np.array([p], float)), Vec(np.array([q], float)), "xy").axes).all()


def test_ten_degrees_are_enough() -> None:
    q = np.array([[1, np.tan(np.deg2rad(10.1)), 0]])
    assert np.isfinite(frame(Vec(np.array([[1.0, 0, 0]])), Vec(q), "xy").axes).all()


def test_a_point_is_carried_by_its_frame() -> None:
    turned = frame(Vec(np.array([[0.0, 1, 0]])), Vec(np.array([[-1.0, 0, 0]])), "xy")
    moved = carried(turned, np.array([2.0, 0, 0]), Vec(np.array([[1.0, 1, 1]])))
    np.testing.assert_allclose(moved.value, [[1, 3, 1]], atol=1e-12)
