"""Landmarks on one spot: which pairs, in which frames, and what becomes of both."""

from itertools import combinations

import numpy as np
import pytest

from mocap.kinematics.faults.coincident import coincident_flags, coincident_verdict, find_coincident, without_coincident
from mocap.kinematics.marker_sets import match, read_marker_set
from mocap.schema import Status
from mocap.trial import Points3D

FRAMES = 650
NAMES = ("RLFE", "RMFE", "RLMAL", "RTH1", "RTH2")
LANDMARKS = match(read_marker_set("landmarks"), NAMES)


def nearing(apart_m: float, start: int, stop: int, names: tuple[str, ...] = NAMES) -> Points3D:
    """A leg of points 100 mm apart; the first two only so far in some frames, slantwise, as are those of the thigh."""
    position = np.zeros((FRAMES, len(names), 3))
    position[:, :, 0] = 0.1 * np.arange(len(names)) + np.linspace(0.0, 0.5, FRAMES)[:, None]
    for one, other in ((0, 1), (3, 4)):
        position[start:stop, other] = position[start:stop, one] + apart_m * np.array([0.6, 0.0, -0.8])
    covariance = np.broadcast_to(1e-6 * np.eye(3), (*position.shape, 3))
    return Points3D(position, names, 100.0, covariance)


# Two markers that touch lie 6 mm apart and more; one with two labels scatters by the noise of each.
@pytest.mark.parametrize(("apart_m", "found"), [(0.0, True), (0.004, True), (0.0065, False)])
@pytest.mark.parametrize("span", [(100, 300), (63, 65), (0, 1), (FRAMES - 1, FRAMES), (0, FRAMES)])
def test_only_what_is_nearer_than_markers_can_be_lies_on_one_spot(apart_m, found, span) -> None:
    points = nearing(apart_m, *span)
    pairs = find_coincident({name: points.point(name) for name in NAMES})
    # What tracks alone may be as near as it likes: no landmark is lost by it.
    assert [(pair.one, pair.other) for pair in pairs] == [("RLFE", "RMFE")] * found
    assert [pair.frames.tolist() for pair in pairs] == [list(range(*span))] * found
    assert find_coincident({}) == ()


def test_pairs_are_those_that_distances_of_all_frames_tell() -> None:
    rng = np.random.default_rng(0)
    names = ("RLFE", "RMFE", "RLMAL", "RMMAL", "RHEEL", "RMT5")
    for _ in range(20):
        paths = {name: np.cumsum(rng.normal(0.0, 0.002, (100, 3)), axis=0) for name in names}
        for path in paths.values():
            path[rng.random(100) < 0.1] = np.nan
        paths["RMT5"][:] = np.nan
        apart = {pair: np.linalg.norm(paths[pair[0]] - paths[pair[1]], axis=1) for pair in combinations(names, 2)}
        told = {(pair.one, pair.other): pair.frames.tolist() for pair in find_coincident(paths)}
        expected = {pair: np.flatnonzero(far < 0.005).tolist() for pair, far in apart.items()}
        assert told == {pair: frames for pair, frames in expected.items() if frames} and told


def test_both_are_missing_there_with_all_that_is_known_of_them_and_the_rest_stays() -> None:
    points = nearing(0.0, 100, 300)
    left, positions, (pair,) = without_coincident(points, LANDMARKS)
    gone = np.zeros((FRAMES, len(NAMES)), bool)
    gone[100:300, :2] = True
    np.testing.assert_array_equal(np.isnan(left.position).all(axis=2), gone)
    np.testing.assert_array_equal(np.isnan(left.covariance).all(axis=(2, 3)), gone)
    np.testing.assert_array_equal(left.status == Status.REJECTED, gone)
    np.testing.assert_array_equal(left.position[~gone], points.position[~gone])
    np.testing.assert_array_equal(np.isnan(positions["RMFE"]).all(axis=1), gone[:, 1])
    assert pair.frames.tolist() == list(range(100, 300))
    apart = nearing(0.1, 100, 300)
    assert without_coincident(apart, LANDMARKS)[0] is apart


def test_joints_of_a_detector_may_lie_on_one_spot() -> None:
    marks = read_marker_set("halpe_26")
    names = tuple(marks.labels[name][0] for name in ("RHEEL", "LHEEL", "RKJC", "LKJC", "RAJC"))
    points = nearing(0.0, 100, 300, names)
    left, _, found = without_coincident(points, match(marks, names))
    assert left is points and found == ()


def test_the_flag_takes_away_values_of_both_and_the_check_fails_with_their_names() -> None:
    _, _, found = without_coincident(nearing(0.0, 100, 300), LANDMARKS)
    (flag,) = coincident_flags(found)
    assert flag.lost and set(flag.points) == {"RLFE", "RMFE"} and flag.frames.tolist() == list(range(100, 300))
    (verdict,) = coincident_verdict(found)
    assert not verdict.passed and "RLFE and RMFE in 200 frames" in verdict.text and "5 mm" in verdict.text
    assert coincident_verdict(()) == ()
