"""The chord function: closed form, gradient, and input that shows no joint centre."""

import numpy as np
import pytest

from mocap.kinematics.plug_in_gait.chord import axis_of, chord
from mocap.kinematics.traced import Frame, Vec, frame

# A right thigh upright: hip 0.4 m above the knee, marker 0.06 m to the right of the knee, wand above and further out.
HIP, KNEE, MARKER, WAND = np.array([[0.1, 0.9, 0.1], [0.1, 0.5, 0.1], [0.1, 0.5, 0.16], [0.1, 0.7, 0.22]])


def _traced(*points: np.ndarray) -> list[Vec]:
    n = len(points[0])
    return [Vec(p, {f"p{i}": np.broadcast_to(np.eye(3), (n, 3, 3))}) for i, p in enumerate(points)]


def test_a_constructed_centre_is_found() -> None:
    found = chord(*(Vec(point[None]) for point in (HIP, MARKER, WAND)), 0.06).value
    np.testing.assert_allclose(found, KNEE[None], atol=1e-15)


def test_right_angle_radius_plane_and_side_hold_for_any_points() -> None:
    rng = np.random.default_rng(1)
    upper, lateral, wand = rng.normal(size=(3, 500, 3))
    lateral = upper + 0.4 * (lateral - upper) / np.linalg.norm(lateral - upper, axis=1, keepdims=True)
    centre = chord(Vec(upper), Vec(lateral), Vec(wand), 0.06).value
    seen = np.isfinite(centre).all(axis=1)
    assert 0.95 < seen.mean() < 1.0  # some wands are within 10 deg of the bone
    upper, lateral, wand, centre = upper[seen], lateral[seen], wand[seen], centre[seen]
    to_marker, to_upper = lateral - centre, upper - centre
    np.testing.assert_allclose(np.linalg.norm(to_marker, axis=1), 0.06, atol=1e-13)
    np.testing.assert_allclose(np.sum(to_marker * to_upper, axis=1), 0.0, atol=1e-13)
    normal = np.cross(upper - lateral, wand - lateral)
    np.testing.assert_allclose(np.sum(normal * to_marker, axis=1), 0.0, atol=1e-13)
    # On the other side of the line from marker to upper joint than the wand.
    assert (np.sum(np.cross(upper - lateral, centre - lateral) * normal, axis=1) < 0).all()


def test_gradient_equals_differences() -> None:
    rng = np.random.default_rng(2)
    points = [base + 0.02 * rng.normal(size=(30, 3)) for base in (HIP, MARKER, WAND)]
    grad = chord(*_traced(*points), 0.06).grad
    step = 1e-6
    for index in range(3):
        for axis in range(3):
            ends = []
            for sign in (1, -1):
                moved = [point.copy() for point in points]
                moved[index][:, axis] += sign * step
                ends.append(chord(*(Vec(point) for point in moved), 0.06).value)
            # Measured: 2e-10.
            np.testing.assert_allclose(grad[f"p{index}"][..., axis], (ends[0] - ends[1]) / (2 * step), atol=1e-8)


@pytest.mark.parametrize(
    ("upper", "lateral", "wand"),
    [
        (HIP, MARKER, [np.nan, 0.7, 0.22]),
        ([np.nan] * 3, MARKER, WAND),
        (HIP, HIP, WAND),
        (MARKER + np.array([0, 0.059, 0]), MARKER, WAND),  # nearer than the radius: no right angle is possible
        (HIP, MARKER, MARKER),
        (HIP, MARKER, MARKER + 0.5 * (HIP - MARKER)),  # on the line
        (HIP, MARKER, MARKER + 0.5 * (HIP - MARKER) + np.array([0.03, 0, 0])),  # within 10 deg of it
    ],
)
def test_what_shows_no_centre_is_missing(upper, lateral, wand) -> None:
    points = [np.array([point], float) for point in (upper, lateral, wand)]
    found = chord(*_traced(*points), 0.06)
    assert np.isnan(found.value).all()


def test_one_bad_frame_leaves_the_others() -> None:
    wands = np.stack([WAND, MARKER, WAND])
    found = chord(Vec(np.tile(HIP, (3, 1))), Vec(np.tile(MARKER, (3, 1))), Vec(wands), 0.06).value
    np.testing.assert_array_equal(np.isfinite(found).all(axis=1), [True, False, True])
    assert chord(*(Vec(np.empty((0, 3))) for _ in range(3)), 0.06).value.shape == (0, 3)


def test_an_axis_turns_with_its_segment() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.normal(size=(2, 10, 3))
    segment = frame(*_traced(p, q), "xy")
    found = axis_of(segment, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(found.value, segment.axes[..., 2])
    for index in range(2):
        for axis in range(3):
            moved = [p.copy(), q.copy()]
            moved[index][:, axis] += 1e-6
            change = (frame(Vec(moved[0]), Vec(moved[1]), "xy").axes[..., 2] - segment.axes[..., 2]) / 1e-6
            np.testing.assert_allclose(found.grad[f"p{index}"][..., axis], change, rtol=1e-3, atol=1e-3)
    assert not axis_of(Frame(segment.axes), np.array([0.0, 0.0, 1.0])).grad
