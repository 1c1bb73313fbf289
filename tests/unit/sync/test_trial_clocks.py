"""The clocks of a trial set right in the pipeline: rolling shutters, and what reconstruction gains by each."""

import re

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.config.build import build
from mocap.config.session import CameraEntry, Session
from mocap.errors import ConfigError, MocapError
from mocap.pipeline.trial_clocks import set_clocks
from mocap.reconstruction import reconstruct
from mocap.sync.rows import without_rows
from mocap.synthetic import observe
from mocap.trial import CameraTimes, Keypoints2D, Points3D

RATE = 60.0


@pytest.fixture(scope="module")
def points():
    """Eight points that wander about on three sines each, up to 2 m/s."""
    rng = np.random.default_rng(5)
    time_s = np.arange(250) / RATE
    phase = 2 * np.pi * rng.uniform(0.2, 0.9, (3, 8, 3)) * time_s[:, None, None, None]
    wave = np.sin(phase + rng.uniform(0, 6, (3, 8, 3))).sum(axis=1)
    return Points3D(np.array([0, 0, 1.0]) + 0.25 * wave, tuple(f"p{i}" for i in range(8)), RATE)


@pytest.fixture(scope="module")
def rig():
    return ring_rig(4, seed=2)


def errors_mm(keypoints, points, rig):
    error = 1e3 * np.linalg.norm(reconstruct(keypoints, rig).position - points.position, axis=2)[10:-10]
    return np.nanmedian(error), np.nanquantile(error, 0.95)


def test_a_rolling_shutter_that_is_known_costs_nothing(points, rig):
    readout = 0.016
    plain = observe(points, rig, 1, pixel_sigma=0.5).keypoints
    rolled = observe(points, rig, 1, pixel_sigma=0.5, rolling_shutter_s=readout).keypoints
    rows = {camera.name: readout / camera.size[1] for camera in rig}
    truth = np.array(errors_mm(plain, points, rig))
    set_right = set_clocks(rolled, rig, "auto", row_time_s=rows)
    known = np.array(errors_mm(set_right.keypoints, points, rig))
    unknown = np.array(errors_mm(rolled, points, rig))
    assert (known < 1.03 * truth).all() and (unknown > 1.3 * truth).all()  # 1.00, 1.42 and 2.10
    assert "rolling shutter, 16.0 ms" in set_right.operation.parameters["notes"]
    assert [verdict.name for verdict in set_right.verdicts] == ["clocks agree"]


def test_a_rolling_shutter_and_a_late_camera_are_both_set_right(points, rig):
    seen = observe(points, rig, 1, pixel_sigma=0.5, rolling_shutter_s=0.016, desync_frames=[0, 0, 4.3, 0]).keypoints
    done = set_clocks(seen, rig, "auto", row_time_s={camera.name: 0.016 / camera.size[1] for camera in rig})
    assert abs(done.timeline.offset_s[2] * RATE - 4.3) < 0.03  # 0.002
    plain = np.array(errors_mm(observe(points, rig, 1, pixel_sigma=0.5).keypoints, points, rig))
    assert (np.array(errors_mm(done.keypoints, points, rig)) < 1.05 * plain).all()


def test_row_times_are_a_key_of_a_camera():
    entry = build(CameraEntry, {"pattern": "a.*", "row_time_s": 1e-5}, "session.toml", "cameras.a")
    assert entry.row_time_s == 1e-5
    whole = {"session": {"id": "s"}, "calibration": {"file": "c"}, "trial": [{"name": "a", "files": "b"}]}
    for cameras, told in (
        ({"cam_0": {"pattern": "a", "row_time_s": 0.02}}, "[cameras.cam_0]: 'row_time_s' is the time of one row"),
        ({"cam_0": {"pattern": "a", "row_tim_s": 1e-5}}, "'row_tim_s' in [cameras.cam_0], did you mean 'row_time_s'?"),
        ({"cam_0": {"row_time_s": 1e-5}}, "[cameras.cam_0] lacks the key 'pattern'"),
    ):
        with pytest.raises(MocapError) as refused:
            build(Session, {**whole, "cameras": cameras}, "session.toml")
        assert told in str(refused.value)
        assert "str" not in str(refused.value).split() and "CameraEntry" not in str(refused.value)
    with pytest.raises(ConfigError, match="time of one row"):
        build(CameraEntry, {"pattern": "a.*", "row_time_s": 0.016}, "session.toml", "cameras.a")


def test_row_times_of_unknown_cameras_are_refused(points, rig):
    seen = observe(points, rig).keypoints
    with pytest.raises(ConfigError, match="not in the calibration: nobody"):
        set_clocks(seen, rig, row_time_s={"nobody": 1e-5})


def test_a_readout_that_takes_longer_than_a_frame_is_refused(points, rig):
    seen = observe(points, rig, 0).keypoints
    height = rig.cameras[1].size[1]
    interval = 1 / seen.rate_hz
    for sign in (1, -1):
        with pytest.raises(MocapError, match=r"ROW_TIMES: Camera 'cam_1' would take 35 ms .* are 16.67 ms apart"):
            set_clocks(seen, rig, "auto", row_time_s={"cam_1": sign * 2.1 * interval / height})
    late = CameraTimes(rig.names, np.tile(np.arange(seen.n_frames) * 3 * interval, (len(rig), 1)), ("container",) * 4)
    # By the frames' own times there is time enough.
    assert set_clocks(seen, rig, "off", times=late, row_time_s={"cam_1": 2.1 * interval / height}).operation
    assert set_clocks(seen, rig, "off", row_time_s={"cam_1": interval / height}).operation


@pytest.mark.parametrize(("n_rows", "rate_hz"), [(1080, 88.1), (720, 120.0), (1216, 78.0), (480, 1000.0)])
def test_the_row_time_that_is_named_as_the_most_is_taken(n_rows, rate_hz):
    seen = Keypoints2D(np.ones((1, 30, 1, 2)), np.ones((1, 30, 1)), ("nose",), rate_hz)
    with pytest.raises(MocapError, match="ROW_TIMES") as refused:
        without_rows(seen, [1.1 / rate_hz / n_rows], [n_rows])
    most = float(re.search(r", (\S+) s at most", str(refused.value))[1])
    assert 0.99 < most * n_rows * rate_hz <= 1.0
    without_rows(seen, [most], [n_rows])


def test_rows_are_taken_off_when_nobody_asks_for_the_clocks(points, rig):
    seen = observe(points, rig, pixel_sigma=0.0, rolling_shutter_s=0.016).keypoints
    truth = observe(points, rig, pixel_sigma=0.0).keypoints
    done = set_clocks(seen, rig, "off", row_time_s={camera.name: 0.016 / camera.size[1] for camera in rig}).keypoints
    off = np.linalg.norm(done.pixels - truth.pixels, axis=-1)[:, 10:-10]
    assert np.nanmax(off) < 0.05  # 5 px before
    assert isinstance(done, Keypoints2D)
