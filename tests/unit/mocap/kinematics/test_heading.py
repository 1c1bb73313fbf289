"""Heading: walks, standing, and what is neither."""

import numpy as np
import pytest

from mocap.kinematics.heading import find_heading, quiet_frames, upright_axes, walking_direction, with_turned

RATE = 100.0


def _walk(direction_deg: float, metres: float = 3.0, n_frames: int = 300) -> np.ndarray:
    along = np.deg2rad(direction_deg)
    way = np.linspace(0, metres, n_frames)[:, None] * [np.cos(along), 0.0, -np.sin(along)]
    return way + 0.03 * np.sin(np.linspace(0, 20, n_frames))[:, None] * [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("degrees", "axis"), [(10, "+x"), (80, "+y"), (-100, "-y"), (170, "-x"), (-44, "+x")])
def test_a_walk_is_snapped_to_the_nearest_lab_axis(degrees: float, axis: str) -> None:
    forward = np.tile([np.cos(np.deg2rad(degrees)), 0.1, -np.sin(np.deg2rad(degrees))], (300, 1))
    heading = find_heading(_walk(degrees), forward, RATE)
    assert heading is not None
    assert heading.conventional_source.endswith(axis)
    expected = {"+x": [1, 0, 0], "-x": [-1, 0, 0], "+y": [0, 0, -1], "-y": [0, 0, 1]}[axis]
    np.testing.assert_allclose(heading.conventional[:, 0], expected, atol=1e-12)
    walked = np.rad2deg(np.arctan2(-heading.subject[2, 0], heading.subject[0, 0]))
    assert walked == pytest.approx(degrees, abs=1e-9)


def test_walking_backwards_still_faces_forward() -> None:
    heading = find_heading(_walk(0.0), np.tile([-1.0, 0, 0], (300, 1)), RATE)
    assert heading is not None
    np.testing.assert_allclose(heading.subject[:, 0], [-1, 0, 0], atol=1e-12)


def test_standing_uses_the_quiet_pelvis_and_not_the_moving_one() -> None:
    middle = np.zeros((300, 3))
    middle[150:, 0] = np.linspace(0, 0.3, 150)
    forward = np.tile([1.0, 0, 0], (300, 1))
    forward[150:] = [0, 0, 1]
    heading = find_heading(middle, forward, RATE)
    assert heading is not None
    assert "quiet" in heading.source
    # The windows that touch the motion are not quiet; a blend of 1 deg would already show.
    np.testing.assert_allclose(heading.subject[:, 0], [1, 0, 0], atol=1e-9)
    np.testing.assert_array_equal(heading.subject, heading.conventional)


def test_there_and_back_is_no_walk() -> None:
    there = _walk(0.0)
    assert walking_direction(np.concatenate([there, there[::-1]]), RATE) is None
    assert walking_direction(_walk(0.0, metres=0.7), RATE) is None
    assert walking_direction(np.full((50, 3), np.nan), RATE) is None


def test_who_turns_round_has_the_heading_of_most_frames() -> None:
    turned = np.deg2rad(np.concatenate([np.full(160, 2.0), np.linspace(2, 182, 40), np.full(100, 182.0)]))
    forward = np.stack([np.cos(turned), np.full(300, 0.1), -np.sin(turned)], axis=1)
    middle = np.concatenate([_walk(0.0)[::2], _walk(0.0)[::-2]])
    heading = find_heading(middle, forward, RATE)
    assert heading is not None
    # 2 deg, and a little more by the part of the turn within 60 deg of it (12.6 frames in 172, by 30 deg: 2.2 deg).
    found = np.rad2deg(np.arctan2(-heading.subject[2, 0], heading.subject[0, 0]))
    assert found == pytest.approx(4.2, abs=0.5)
    assert len(set(heading.frames) ^ set(np.flatnonzero(turned < np.deg2rad(found + 60)))) <= 1  # of the step before
    np.testing.assert_array_equal(with_turned(heading, forward).turned, turned > np.deg2rad(found + 60))
    # Who faces down faces nowhere, and gaps are no turn.
    down = np.where(np.arange(300)[:, None] < 250, [1.0, 0.0, 0.0], [-0.4, -0.9, 0.0])
    down[240] = np.nan
    heading = find_heading(np.zeros((300, 3)), down, RATE)
    assert heading is not None and not with_turned(heading, down).turned.any()


def test_feet_help_when_the_pelvis_shows_nothing() -> None:
    feet = np.tile([0.0, 0.05, 1.0], (50, 1))
    heading = find_heading(np.zeros((50, 3)), np.full((50, 3), np.nan), RATE, feet)
    assert heading is not None
    np.testing.assert_allclose(heading.subject, upright_axes(np.array([0.0, 0.0, 1.0])), atol=1e-12)
    assert find_heading(np.zeros((50, 3)), np.full((50, 3), np.nan), RATE) is None


def test_noise_alone_is_quiet_and_motion_is_not() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 0.002, (400, 8, 3))
    points[200:] += (0.1 * np.arange(200) / RATE)[:, None, None] * [1.0, 0, 0]
    quiet = quiet_frames(points, RATE)
    assert quiet[:170].all()
    assert not quiet[230:].any()
    points[:, :3] = np.nan
    assert quiet_frames(points, RATE)[:170].all()
    assert quiet_frames(points[:1], RATE).tolist() == [True]
