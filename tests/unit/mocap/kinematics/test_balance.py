"""The base of support of a person whose feet are seen in part."""

import numpy as np
import pytest

from mocap.kinematics import kinematics
from mocap.kinematics.further.base_of_support import distance_inside
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
TRIAL = squat(SUBJECT, repetitions=1).points
MARGINS = ("base_of_support_margin", "margin_of_stability", "margin_of_stability_variable_length")
LEFT = ("LHEEL", "LMT1", "LMT2", "LMT5", "LHALLUX")


def _without(points: Points3D, *left_out: str) -> Points3D:
    names = [name for name in points.names if name not in left_out]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


@pytest.mark.parametrize("left_out", [LEFT, LEFT[1:]])
def test_one_foot_is_no_base_of_both(left_out: tuple[str, ...]) -> None:
    segments = kinematics(TRIAL, "landmarks", _without(STATIC, *left_out)).segments
    for name in MARGINS:
        # From the right foot alone the margin read -147 mm where the truth is +75 mm.
        assert not segments.measure(name).observable, name
        assert "two points of each foot" in segments.measure(name).reason, name


def test_a_corner_that_the_static_lacks_is_told() -> None:
    found = kinematics(TRIAL, "landmarks", _without(STATIC, "LMT5")).segments.measure("base_of_support_margin")
    assert found.observable and "without LMT5" in found.reason and "LMT5" not in found.method


def _on_the_right_foot(n_frames: int) -> Points3D:
    """Standing still, the left foot lifted by 50 mm."""
    position = np.repeat(STATIC.position[:1], n_frames, axis=0)
    position[:, [STATIC.names.index(name) for name in LEFT], 2] += 0.05
    return Points3D(position, STATIC.names, 100.0)


@pytest.mark.parametrize("lost", [("RMT5",), LEFT, ("LHALLUX",)])
def test_no_margin_where_a_foot_point_is_lost(lost: tuple[str, ...]) -> None:
    whole = _on_the_right_foot(100)
    position = whole.position.copy()
    position[40:60, [whole.names.index(name) for name in lost]] = np.nan
    part = Points3D(position, whole.names, 100.0)
    segments, expected = (kinematics(points, "landmarks", STATIC).segments for points in (part, whole))
    for name in MARGINS:
        found, full = segments.measure(name), expected.measure(name).values
        # Without the RMT5 of the standing foot the margin lost half of its amount; without the left foot nothing
        # tells whether it stands.
        assert np.isnan(found.values[40:60]).all(), name
        np.testing.assert_array_equal(found.values[:39], full[:39])
        assert "20 frames" in found.reason and lost[0] in found.reason, name
        assert not expected.measure(name).reason, name


def test_a_foot_point_that_is_never_seen_is_told_and_left_out() -> None:
    position = TRIAL.position.copy()
    position[:, TRIAL.names.index("LHALLUX")] = np.nan
    trial = Points3D(position, TRIAL.names, TRIAL.rate_hz)
    found = kinematics(trial, "landmarks", STATIC).segments.measure("base_of_support_margin")
    assert np.isfinite(found.values).all() and "LHALLUX" not in found.method and "without LHALLUX" in found.reason


def test_the_spread_of_the_margin_follows_from_direction_and_weights() -> None:
    rng, sd_m = np.random.default_rng(1), 0.001
    for _ in range(12):
        corners, place = rng.normal(size=(7, 2)), 0.6 * rng.normal(size=2)
        told = sd_m * np.sqrt(1.0 + np.sum(distance_inside(place[None], corners[None]).weights ** 2))
        drawn = distance_inside(place + rng.normal(0, sd_m, (2000, 2)), corners + rng.normal(0, sd_m, (2000, 7, 2)))
        # Measured over 60 cases of 4000 draws: 0.97 to 1.03, of which chance makes 0.97 to 1.03.
        assert drawn.distance.std() == pytest.approx(told, rel=0.06)


def test_a_point_on_a_corner_is_on_the_border() -> None:
    rng = np.random.default_rng(0)
    grid = rng.integers(-5, 5, (300, 6, 2)) / 7.0
    for corners in (rng.normal(size=(300, 5, 2)), grid):
        # The extreme corner along x is one of the hull.
        place = np.take_along_axis(corners, np.argmax(corners[:, :, :1], axis=1)[:, None], axis=1)[:, 0]
        found = distance_inside(place, corners)
        np.testing.assert_allclose(found.distance, 0.0, atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(found.inward, axis=1), 1.0, atol=1e-9)
        np.testing.assert_allclose(np.einsum("tk,tkj->tj", found.weights, corners), place, atol=1e-9)
        # The direction told is across an edge, with all of the hull on its side.
        assert np.einsum("tkj,tj->tk", corners - place[:, None], found.inward).min() > -1e-9
