"""What assessing a long recording and its report take, as a share of the recording's own length."""

import time
from dataclasses import replace

import numpy as np
import pytest

from mocap.config.protocols import read_protocol
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.assess import assessed
from mocap.pipeline.motion import analyse
from mocap.report.trial_page import trial_page
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Trial


@pytest.mark.benchmark
def test_ten_minutes_are_assessed_in_seconds() -> None:
    subject = default_subject()
    truth = squat(subject, 140, wink_deg=12.0, wink_onset=0.85)
    noise = np.random.default_rng(1).normal(0.0, 5e-4, truth.points.position.shape)
    covariance = np.broadcast_to(np.eye(3, dtype=np.float32) * 25e-8, (*noise.shape, 3))
    points = replace(truth.points, position=truth.points.position + noise, covariance=covariance)
    static = static_standing(subject, seconds=4.0).points
    trial = analyse(Trial("long", points, task="squat"), static, options=KinematicsOptions(task="squat"))
    protocol = read_protocol("squat")
    long_s = points.n_frames / points.rate_hz
    assert long_s >= 600.0
    moments = [time.perf_counter()]
    made = assessed(trial, protocol)
    moments.append(time.perf_counter())
    trial_page(made)
    moments.append(time.perf_counter())
    took, page = np.diff(moments)
    rows = made.assessments[0].repetitions.rows
    print(f"{rows} squats in {long_s:.0f} s: assessed in {took:.1f} s, report in {page:.1f} s")
    assert rows == 140
    assert took < 0.02 * long_s
    assert page < 0.03 * long_s
