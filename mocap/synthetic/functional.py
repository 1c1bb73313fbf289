"""Movements made to calibrate joints: a star and an arc of the leg for the hip, bending in the air for the knee."""

import numpy as np
from numpy.typing import NDArray

from mocap.synthetic.motion import Motion
from mocap.synthetic.planted import frame_count
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import SyntheticTrial, synthesise

_ARMS = 6  # of the star, from straight forward over the side to straight back
_HIP_HEIGHT = 0.9


def star_arc(
    subject: Subject,
    side: str = "r",
    forward_deg: float = 42.0,
    backward_deg: float = 21.0,
    abduction_deg: float = 40.0,
    *,
    rotation_deg: float = 5.0,
    knee_deg: float = 5.0,
    pelvis_deg: float = 6.0,
    seconds: float = 12.0,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return a leg that swings out and back along the arms of a star, then half round it; the other leg stands.

    Parameters
    ----------
    side : str
        `r` or `l`.
    forward_deg, backward_deg, abduction_deg : float
        Reach of the star.
    rotation_deg : float
        To and fro of the leg about its own axis meanwhile.
    knee_deg : float
        Bend of both knees throughout.
    pelvis_deg : float
        How far the pelvis tilts along at full reach; it drops sideways by half of that.
    """
    time_s = np.arange(frame_count(seconds, rate_hz)) / rate_hz
    part = time_s / seconds * (_ARMS + 1.0)
    arm = np.floor(part)
    reach = np.sin(np.pi * (part - arm)) ** 2
    azimuth = np.pi * arm / (_ARMS - 1)
    round_it = arm >= _ARMS
    reach = np.where(round_it, np.sin(np.pi * np.clip(part - _ARMS, 0.0, 1.0)) ** 0.5, reach)
    azimuth = np.where(round_it, np.pi * (part - _ARMS), azimuth)
    ahead = np.cos(azimuth) * reach
    curves = {
        f"hip_flexion_{side}": np.deg2rad(np.where(ahead > 0, forward_deg, backward_deg)) * ahead,
        f"hip_adduction_{side}": -np.deg2rad(abduction_deg) * np.sin(azimuth) * reach,
        f"hip_rotation_{side}": np.deg2rad(rotation_deg) * np.sin(2 * np.pi * time_s / 3.0),
        "knee_flexion_r": np.full(len(time_s), np.deg2rad(knee_deg)),
        "knee_flexion_l": np.full(len(time_s), np.deg2rad(knee_deg)),
        "pelvic_tilt": subject.standing_tilt + np.deg2rad(pelvis_deg) * reach,
        "pelvic_obliquity": np.deg2rad(pelvis_deg / 2.0) * reach,
    }
    return synthesise(subject, Motion(rate_hz, _swaying(time_s), curves), "functional_hip")


def knee_bends(
    subject: Subject,
    side: str = "r",
    bend_deg: float = 90.0,
    rotation_deg: float = 0.0,
    *,
    seconds: float = 8.0,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return a lifted leg whose knee bends four times by `bend_deg`, turning inward by `rotation_deg` on the way."""
    time_s = np.arange(frame_count(seconds, rate_hz)) / rate_hz
    bend = np.sin(np.pi * 4.0 * time_s / seconds) ** 2
    curves = {
        f"knee_flexion_{side}": np.deg2rad(5.0 + bend_deg * bend),
        f"knee_rotation_{side}": np.deg2rad(rotation_deg) * bend,
        f"hip_flexion_{side}": np.deg2rad(30.0 + 10.0 * bend),
        "pelvic_tilt": np.full(len(time_s), subject.standing_tilt),
    }
    return synthesise(subject, Motion(rate_hz, _swaying(time_s), curves), "functional_knee")


def _swaying(time_s: NDArray) -> NDArray:
    sway = 0.02 * np.sin(time_s)
    return np.stack([sway, 0.5 * sway, _HIP_HEIGHT + 0.2 * sway], axis=1)
