"""The 95 % bands of `sd` against the truth, over independent noisy trials with a noisy static each."""

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject(seed=3)
TRIAL = squat(SUBJECT, repetitions=1, rate_hz=10.0)
OPTIONS = KinematicsOptions(heading_rad=TRIAL.motion.heading)
# All but the curvatures of spinous markers, of which the synthetic person has none.
SHOWN = tuple(name for name in ANGLE_NAMES if name in TRIAL.truth)
COLUMNS = [ANGLE_NAMES.index(name) for name in SHOWN]
TRUTH = np.stack([TRIAL.truth[name] for name in SHOWN], axis=1)


def _noisy(points: Points3D, rng: np.random.Generator) -> Points3D:
    """Markers with white noise of 1 mm, plates with 0.3 mm."""
    sigma = np.array([0.0003 if name.startswith(("SAC", "T12_")) else 0.001 for name in points.names])
    covariance = (sigma**2)[:, None, None] * np.eye(3)
    covariance = np.broadcast_to(covariance, (points.n_frames, *covariance.shape)).astype(np.float32)
    noise = rng.normal(size=points.position.shape) * sigma[:, None]
    return Points3D(points.position + noise, points.names, points.rate_hz, covariance=covariance)


def _held(static: Points3D, n_trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of the frames of all trials in which the band holds the truth, per angle; and the RMS error (deg)."""
    held, square = np.zeros(len(SHOWN)), np.zeros(len(SHOWN))
    for seed in range(n_trials):
        rng = np.random.default_rng(seed)
        points, standing = _noisy(TRIAL.points, rng), _noisy(static, rng)
        angles = kinematics(points, static=standing, options=OPTIONS, measured=False).angles
        error = np.angle(np.exp(1j * (angles.values[:, COLUMNS] - TRUTH)))
        held += (np.abs(error) <= 1.96 * angles.sd[:, COLUMNS]).mean(axis=0)
        square += (np.rad2deg(error) ** 2).mean(axis=0)
    return held / n_trials, np.sqrt(square / n_trials)


def _told(name: str, held: np.ndarray) -> None:
    print(name, f"{held.min():.3f} to {held.max():.3f}:",
          ", ".join(f"{one} {share:.3f}" for one, share in zip(SHOWN, held, strict=True)))  # fmt: skip


def test_bands_hold_the_truth_after_a_static_of_one_second() -> None:
    held, _ = _held(static_standing(SUBJECT, seconds=1.0, rate_hz=30.0).points, 24)
    # 24 trials of 53 frames: pooled over the angles measured 0.956, single ones 0.943 to 0.971. Without the part of
    # the static pelvic tilt is held in 0.921.
    assert held.mean() == pytest.approx(0.95, abs=0.01)
    assert held.min() >= 0.92 and held.max() <= 0.98
    assert held[SHOWN.index("pelvic_tilt")] >= 0.94


@pytest.mark.heavy
@pytest.mark.parametrize(("seconds", "rate_hz"), [(3.0, 100.0), (1.0, 30.0), (1.0, 10.0)])
def test_bands_of_every_angle_hold_the_truth_in_95_of_100_trials(seconds: float, rate_hz: float) -> None:
    assert len(ANGLE_NAMES) - len(SHOWN) == 3
    static = static_standing(SUBJECT, seconds=seconds, rate_hz=rate_hz).points
    held, rms = _held(static, 500)
    _told(f"static of {static.n_frames} frames", held)
    for name, share in zip(SHOWN, held, strict=True):
        assert 0.93 <= share <= 0.97, f"{name}: {share:.4f}"
    of = dict(zip(SHOWN, rms, strict=True))
    print({name: round(float(size), 3) for name, size in of.items()})
    assert of["pelvic_tilt"] <= 0.4 and of["lumbar_flexion"] <= 0.6
    assert of["ankle_dorsiflexion_r"] <= 0.6 and of["ankle_dorsiflexion_l"] <= 0.6
