"""Free motion: random smooth curves over the whole range of every angle, for tests of the kinematics."""

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.motion import CURVES, Motion
from mocap.synthetic.planted import frame_count
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import SyntheticTrial, synthesise

# Degrees; the pelvis leans as far as in a deep hinge.
_RANGES = {
    "pelvic_tilt": (-30, 95), "pelvic_obliquity": (-15, 15), "pelvic_rotation": (-40, 40),
    "lumbar_flexion": (-20, 60), "lumbar_lateral_bend": (-20, 20), "lumbar_rotation": (-15, 15),
    "thoracic_flexion": (-10, 25), "neck_flexion": (-40, 30),
    "hip_flexion": (-20, 120), "hip_adduction": (-30, 20), "hip_rotation": (-35, 35),
    "knee_flexion": (2, 140), "knee_varus": (-6, 6), "knee_rotation": (-10, 10),
    "ankle_dorsiflexion": (-30, 45), "ankle_inversion": (-15, 15), "ankle_rotation": (-10, 15),
    "shoulder_flexion": (-30, 150), "shoulder_adduction": (-80, 10), "elbow_flexion": (0, 130),
}  # fmt: skip


def free_motion(subject: Subject, seconds: float = 4.0, rate_hz: float = 100.0, seed: int = 0) -> SyntheticTrial:
    """Return a body in the air whose every angle wanders smoothly through its whole range.

    The hips circle about a point 1 m above the floor; the heading is random. No foot touches anything.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(frame_count(seconds, rate_hz)) / rate_hz
    curves = {name: np.deg2rad(_wander(rng, time_s, *_RANGES[_unsided(name)])) for name in CURVES}
    hip = np.stack([_wander(rng, time_s, low, high) for low, high in ((-0.3, 0.3), (-0.3, 0.3), (0.9, 1.1))], axis=-1)
    motion = Motion(rate_hz, hip, curves, heading=float(rng.uniform(-np.pi, np.pi)))
    return synthesise(subject, motion, "free")


def _unsided(name: str) -> str:
    return name[:-2] if name.endswith(("_r", "_l")) else name


def _wander(rng: np.random.Generator, time_s: NDArray, low: float, high: float) -> NDArray:
    # Three sines of 0.2 to 0.7 Hz: bounded by low and high, and near them now and then.
    frequency, phase = rng.uniform(0.2, 0.7, 3), rng.uniform(0, 2 * np.pi, 3)
    wave = np.sin(2 * np.pi * frequency * time_s[:, None] + phase) @ np.array([0.6, 0.25, 0.15])
    return (low + high) / 2 + (high - low) / 2 * wave
