"""Trials to try the review window on: made in memory from the synthetic lab, in about a second, by no network."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.synthetic import ring_rig
from mocap.config.protocols import read_protocol
from mocap.errors import ViewerError
from mocap.pipeline.assess import assessed
from mocap.pipeline.motion import analyse
from mocap.schema import Status
from mocap.skeleton import bones_among
from mocap.synthetic import LANDMARK_BONES, SyntheticTrial, default_subject, observe, squat, walking
from mocap.trial import Keypoints2D, Points3D, Trial

_RATE_HZ = 50.0
_N_CAMERAS = 4
_SIGMA_M = 0.0015


def _squat() -> SyntheticTrial:
    return squat(default_subject(), 3, wink_deg=(6.0, 10.0, 14.0), rate_hz=_RATE_HZ)


def _walk() -> SyntheticTrial:
    return walking(default_subject(), 6.0, _RATE_HZ)


SAMPLES: dict[str, Callable[[], SyntheticTrial]] = {"squat": _squat, "walk": _walk}


def sample_trial(name: str) -> Trial:
    """Return a synthetic trial with cameras, angles and assessment.

    Parameters
    ----------
    name : str
        Key of `SAMPLES`.

    Raises
    ------
    ViewerError
        SAMPLE_UNKNOWN.
    """
    if name not in SAMPLES:
        raise ViewerError(f"There is no sample '{name}'.", f"Open {' or '.join(SAMPLES)}.", code="SAMPLE_UNKNOWN")
    made, rig = SAMPLES[name](), ring_rig(_N_CAMERAS)
    keypoints = observe(made.points, rig, pixel_sigma=1.0, dropout=0.02, dropout_run=10).keypoints
    points = _measured(made.points, keypoints, rig)
    bones = tuple(dict.fromkeys((*LANDMARK_BONES, *bones_among(points.names))))
    trial = Trial(f"sample {name}", points, rig=rig, keypoints=keypoints, task=made.task, bones=bones)
    return replace(assessed(analyse(trial, None), read_protocol(made.task)), subject_code="SAMPLE")


def _measured(true: Points3D, keypoints: Keypoints2D, rig: CameraRig) -> Points3D:
    """Return points as a reconstruction makes them: with scatter, gaps, covariances, views and residuals."""
    scatter = np.random.default_rng(0).normal(0.0, _SIGMA_M, true.position.shape)
    n_views = np.isfinite(keypoints.pixels).all(axis=3).sum(axis=0)
    position = np.where(n_views[..., None] > 1, true.position + scatter, np.nan)
    measured = np.where(np.isfinite(position).all(axis=2), Status.MEASURED, 0).astype(np.uint8)
    covariance = np.broadcast_to(np.float32(_SIGMA_M**2) * np.eye(3, dtype=np.float32), (*n_views.shape, 3, 3))
    return replace(
        true, position=position, status=measured, covariance=covariance, n_views=n_views.astype(np.uint8),
        reprojection_error=_errors(position, keypoints, rig),
    )  # fmt: skip


def _errors(position: NDArray, keypoints: Keypoints2D, rig: CameraRig) -> NDArray:
    projected = np.stack([camera.project(position) for camera in rig])
    return np.linalg.norm(keypoints.pixels - projected, axis=3)
