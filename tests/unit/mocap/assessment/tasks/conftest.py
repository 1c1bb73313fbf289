"""Movements for assessments out of synthetic trials: angles by the kinematics, places from points and centres."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.movement import Movement
from mocap.config.build import build
from mocap.config.protocols import read_protocol
from mocap.kinematics import kinematics
from mocap.synthetic import Stance, SyntheticTrial, static_standing


def _neutral(report) -> dict[str, float]:
    return {
        f"neutral_{name}{part}_deg": float(np.rad2deg(values[name]))
        for part, values in (("", report.neutral_mean_rad), ("_sd", report.neutral_sd_rad))
        for name in values
    }


def movement(
    trial: SyntheticTrial, extra: dict | None = None, stance: Stance | None = None, sigma_m: float = 0.0, **more
) -> Movement:
    """Return a synthetic trial as the assessment sees it.

    `extra` are further places; with `sigma_m` every coordinate has white noise of that SD, and the points say so.
    """
    static = static_standing(trial.subject, 1.0, stance=stance).points
    points = trial.points
    if sigma_m:
        rng = np.random.default_rng(11)
        noisy = points.position + sigma_m * rng.normal(size=points.position.shape)
        covariance = np.broadcast_to(sigma_m**2 * np.eye(3), (*points.position.shape, 3)).copy()
        points = replace(points, position=noisy, covariance=covariance)
    result = kinematics(points, static=static)
    places = {name: points.point(name) for name in points.names} | dict(result.centres) | (extra or {})
    measures = {one.name: one for one in result.segments.measures}
    return Movement(result.angles, places, measures, subject=_neutral(result.static_report), **more)


@pytest.fixture(scope="session")
def movement_of() -> Callable[..., Movement]:
    return movement


@pytest.fixture(scope="session")
def settings_of() -> Callable:
    """Settings of a class from a section of a task's protocol."""
    return lambda cls, task, section: build(cls, read_protocol(task).section(section), task)
