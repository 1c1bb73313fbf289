"""What is drawn over a picture, and the pictures that are kept."""

import dataclasses

import numpy as np
import pytest

from mocap.schema import Status
from mocap.trial import Keypoints2D
from mocap.viewer.layers import scene_of
from mocap.viewer.parts import TrialParts
from mocap.viewer.picture_cache import PictureCache
from mocap.viewer.video import overlay_of
from tests.viewer.conftest import make_trial


@pytest.fixture(scope="module")
def filmed():
    trial = make_trial(20)
    seen = np.stack([camera.project(trial.points.position) for camera in trial.rig])
    seen[1, 5, 3] += [3.0, 4.0]
    seen[2, 5, 0] = np.nan
    status = trial.points.status.copy()
    status[6, 2] |= np.uint8(Status.REJECTED)
    order = [*range(1, len(trial.points.names)), 0]  # the views name their keypoints in another order
    names = tuple(trial.points.names[one] for one in order)
    keypoints = Keypoints2D(seen[:, :, order], np.full(seen[:, :, order].shape[:3], 0.8), names, 50.0)
    return dataclasses.replace(trial, points=dataclasses.replace(trial.points, status=status), keypoints=keypoints)


def overlay(filmed, index, frame):
    return overlay_of(scene_of(filmed), TrialParts(filmed), filmed.rig.cameras[index], index, frame)


def test_what_is_seen_and_what_projects_lie_on_each_other_but_where_they_differ(filmed):
    for index in range(4):
        drawn = overlay(filmed, index, 5)
        expected = np.zeros(len(drawn.names))
        if index == 1:
            expected[3] = 5.0
        if index == 2:
            expected[0] = np.nan
        np.testing.assert_allclose(drawn.residual_px, expected, atol=1e-3)
    drawn = overlay(filmed, 1, 5)
    assert drawn.words == f"residuals: median 0.0 px, largest 5.0 px ({drawn.names[3]})"
    np.testing.assert_allclose(drawn.confidence, 0.8)


def test_a_rejected_point_projects_nowhere_though_it_was_seen(filmed):
    drawn = overlay(filmed, 0, 6)
    assert np.isnan(drawn.reprojected[2]).all()
    assert np.isfinite(drawn.detected[2]).all()


def test_the_nearest_keypoint_is_found_within_reach(filmed):
    drawn = overlay(filmed, 0, 5)
    assert drawn.nearest(drawn.detected[4] + [2.0, 0], 5.0) == drawn.names[4]
    assert drawn.nearest(np.array([-500.0, 0]), 5.0) == ""


def test_without_views_the_points_are_still_projected():
    trial = make_trial(5)
    drawn = overlay_of(scene_of(trial), TrialParts(trial), trial.rig.cameras[0], 0, 2)
    assert np.isnan(drawn.detected).all()
    assert np.isfinite(drawn.reprojected).all()
    assert drawn.words == "no keypoint that was seen here has a 3D point"


class Counted:
    cameras = ("a", "b")

    def __init__(self):
        self.read = []

    def place(self, camera, frame):
        return frame

    def image(self, camera, place):
        self.read.append((camera, place))
        return np.full((10, 10, 3), place, np.uint8)


def test_the_cache_keeps_the_latest_in_its_limit():
    footage = Counted()
    cache = PictureCache(footage, limit_bytes=1000)
    for place in (1, 2, 3, 1, 4, 1):
        assert cache.fetch("a", place)[0, 0, 0] == place
    assert cache.used_bytes <= 1000
    assert footage.read == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]
    assert cache.known("a", 2) is None  # the one that was looked at longest ago went
    assert cache.known("b", 1) is None
    small = PictureCache(footage, limit_bytes=10)
    assert small.fetch("b", 7)[0, 0, 0] == 7
    assert small.known("b", 7) is not None
