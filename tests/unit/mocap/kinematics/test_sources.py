"""The frames that tell which points angles are made of."""

import numpy as np

from mocap.kinematics.observability import Outcome
from mocap.kinematics.sources import angle_sources, frames_with, telling_frames
from mocap.kinematics.traced import Scalar


def test_every_point_that_is_ever_seen_is_so_in_a_telling_frame_beside_most_others() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        seen = rng.random((12, 6)) < rng.uniform(0.1, 0.9, 6)
        seen[:, 5] = False
        seen[rng.integers(12), 0] = True
        positions = {f"p{k}": np.where(seen[:, k, None], 1.0, np.full((12, 3), np.nan)) for k in range(6)}
        frames, count = telling_frames(positions), seen.sum(axis=1)
        assert count[frames[0]] == count.max()
        np.testing.assert_array_equal(seen[frames].any(axis=0), seen.any(axis=0))
        # Each further frame is the fullest of those of a point that the ones before it lack.
        for place in range(1, len(frames)):
            lacking = np.flatnonzero(~seen[frames[:place]].any(axis=0) & seen[frames[place]])
            assert any(count[frames[place]] == count[seen[:, point]].max() for point in lacking)


def test_frames_with_a_value_are_taken_from_all_over_the_trial() -> None:
    value = np.full(1000, np.nan)
    value[200:900:2] = 0.1
    chosen = frames_with(Outcome(Scalar(value)))
    assert np.isfinite(value[chosen]).all() and chosen[0] == 200 and chosen[-1] == 898
    assert 5 <= len(chosen) <= 20 and np.diff(chosen).max() < 150
    value[:] = np.nan
    value[7] = 0.2
    assert frames_with(Outcome(Scalar(value))).tolist() == [7]


def test_an_angle_is_made_of_the_points_of_its_gradient() -> None:
    traced = Scalar(np.zeros(2), {"RASIS": np.ones((2, 3)), "LASIS": np.zeros((2, 3))})
    assert angle_sources({"seen": Outcome(traced), "hidden": Outcome(None, reason="no pelvis")}) == {
        "seen": frozenset({"RASIS", "LASIS"})
    }
