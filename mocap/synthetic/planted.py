"""Movements over two planted feet: quiet standing and hip hinges, and what squats share with them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.legs import Stance, planted_motion
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import Repetition, SyntheticTrial, synthesise

# Standing: hips a little before the ankles, so that the centre of mass is over the feet; soft knees, because a
# straight leg has no defined direction of the knee.
_STANDING_SHANK, _STANDING_THIGH = np.deg2rad(4.5), np.deg2rad(-0.5)
_FULL_KNEE = np.deg2rad(155.0)


@dataclass(frozen=True)
class Tempo:
    """Seconds of one repetition: standing before it, going down, waiting there, coming up."""

    rest_s: float = 1.0
    descent_s: float = 1.6
    pause_s: float = 0.3
    ascent_s: float = 1.4


def static_standing(
    subject: Subject,
    seconds: float = 3.0,
    rate_hz: float = 100.0,
    *,
    stance: Stance | None = None,
    sway_m: float = 0.0,
    seed: int = 0,
) -> SyntheticTrial:
    """Return quiet standing in the neutral pose, feet flat.

    Parameters
    ----------
    sway_m : float
        Amplitude of slow fore-aft and sideways sway of the hips; the tilt sways by 0.1 deg per mm. The sway's mean
        over the trial is 0.
    seed : int
        Phases of the sway.
    """
    stance = stance or Stance()
    n_frames = frame_count(seconds, rate_hz)
    time_s = np.arange(n_frames) / rate_hz
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, 3)
    waves = np.sin(2 * np.pi * np.array([0.35, 0.25, 0.5]) * time_s[:, None] + phases)
    waves -= waves.mean(axis=0)
    hip = np.tile(hip_path(subject, stance, np.zeros(1), 0.0, 0.0), (n_frames, 1))
    hip[:, :2] += sway_m * waves[:, :2]
    hip[:, 2] -= sway_m * (0.2 + sway_m)  # room for the sway within the reach of the legs
    tilt = subject.standing_tilt + np.deg2rad(100.0) * sway_m * waves[:, 2]
    return synthesise(subject, planted_motion(subject, stance, hip, {"pelvic_tilt": tilt}, rate_hz), "static")


def hip_hinge(
    subject: Subject,
    repetitions: int = 3,
    tilt_change_deg: float = 45.0,
    lumbar_deg: float = 5.0,
    knee_deg: float = 19.0,
    shank_deg: float = -3.0,
    *,
    stance: Stance | None = None,
    tempo: Tempo | None = None,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return hip hinges: hips back, soft knees, shanks upright, the pelvis turning over the thighs.

    Parameters
    ----------
    tilt_change_deg, lumbar_deg : float
        Anterior tilt and lumbar flexion gained from standing to the bottom.
    knee_deg, shank_deg : float
        Knee flexion and forward inclination of the shanks at the bottom (before the effect of the stance's width).
    """
    stance, tempo = stance or Stance(), tempo or Tempo()
    progress, _, marks = schedule(repetitions, tempo, rate_hz)
    shank, thigh = np.deg2rad(shank_deg), np.deg2rad(knee_deg - shank_deg)
    hip = hip_path(subject, stance, progress, thigh, shank)
    lean = np.deg2rad(tilt_change_deg + lumbar_deg) * progress
    curves = {
        "pelvic_tilt": subject.standing_tilt + np.deg2rad(tilt_change_deg) * progress,
        "lumbar_flexion": np.deg2rad(lumbar_deg) * progress,
        "neck_flexion": -0.4 * lean,
        "shoulder_flexion_r": lean, "shoulder_flexion_l": lean,
    }  # fmt: skip
    ends = hip_path(subject, stance, np.array([0.0, 1.0]), thigh, shank)[:, 2]
    found = tuple(
        Repetition(*mark, depth=float(ends[0] - ends[1]), lumbar_change=float(np.deg2rad(lumbar_deg))) for mark in marks
    )
    return synthesise(subject, planted_motion(subject, stance, hip, curves, rate_hz), "hinge", found)


def schedule(
    repetitions: int, tempo: Tempo, rate_hz: float
) -> tuple[NDArray, NDArray, list[tuple[float, float, float, float]]]:
    """Lay repetitions on the time axis.

    Returns
    -------
    progress : ndarray, shape (time,)
        0 standing, 1 at the bottom; minimum-jerk in between.
    which : ndarray of int, shape (time,)
        The repetition that each frame belongs to.
    marks : list of (start_s, bottom_s, rise_s, end_s)
    """
    if repetitions < 1 or min(tempo.descent_s, tempo.ascent_s) <= 0 or min(tempo.rest_s, tempo.pause_s) < 0:
        raise KinematicsError(
            f"{repetitions} repetitions with {tempo}.",
            "Give at least one repetition and positive times.",
            code="TEMPO_IMPOSSIBLE",
        )
    length = tempo.rest_s + tempo.descent_s + tempo.pause_s + tempo.ascent_s
    n_frames = frame_count(repetitions * length + tempo.rest_s, rate_hz)
    time_s = np.arange(n_frames) / rate_hz
    start, bottom, rise, end = np.cumsum([tempo.rest_s, tempo.descent_s, tempo.pause_s, tempo.ascent_s]).tolist()
    begins = (length * np.arange(repetitions)).tolist()
    marks = [(start + late, bottom + late, rise + late, end + late) for late in begins]
    progress = np.zeros(n_frames)
    for start, bottom, rise, end in marks:
        progress += eased((time_s - start) / (bottom - start)) - eased((time_s - rise) / (end - rise))
    which = np.clip(np.floor((time_s - tempo.rest_s / 2) / length), 0, repetitions - 1).astype(int)
    return progress, which, marks


def hip_path(subject: Subject, stance: Stance, progress: NDArray, thigh: float, shank: float) -> NDArray:
    """Return the middle of the hip centres, shape (time, 3) in m, over ankles at X = 0.

    Parameters
    ----------
    progress : ndarray, shape (time,)
        0 standing with soft knees, 1 at the bottom.
    thigh, shank : float
        Thigh back from, shank forward from the vertical at the bottom in the plane of a foot that points straight
        ahead under its hip, rad. With turned-out feet and a wide stance the true angles differ a little.
    """
    thighs = _STANDING_THIGH + progress * (thigh - _STANDING_THIGH)
    shanks = _STANDING_SHANK + progress * (shank - _STANDING_SHANK)
    back = subject.shank * np.sin(shanks) - subject.thigh * np.sin(thighs)
    height = subject.shank * np.cos(shanks) + subject.thigh * np.cos(thighs)
    ahead = np.cos(stance.toe_out) * back
    up = subject.ankle_height + _upright(subject, stance) * height
    return np.stack([ahead, np.zeros_like(progress), up], axis=-1)


def thigh_for_depth(subject: Subject, stance: Stance, depth: float, shank: float) -> float:
    """Return the `thigh` of `hip_path` that drops the hips by `depth` leg lengths; rad.

    Raises
    ------
    KinematicsError
        When no thigh does (`POSE_UNREACHABLE`).
    """
    top = hip_path(subject, stance, np.zeros(1), 0.0, 0.0)[0, 2]
    legs = (top * (1 - depth) - subject.ankle_height) / _upright(subject, stance)
    cosine = (legs - subject.shank * np.cos(shank)) / subject.thigh
    if not (0 < depth < 1 and abs(cosine) < 1 and np.arccos(cosine) + shank < _FULL_KNEE):
        raise KinematicsError(
            f"A squat of {depth:.2f} leg lengths with shanks at {np.rad2deg(shank):.0f} deg cannot be posed.",
            "Choose a depth of about 0.1 to 0.6; no knee flexes beyond 155 deg.",
            code="POSE_UNREACHABLE",
        )
    return float(np.arccos(cosine))


def _upright(subject: Subject, stance: Stance) -> float:
    # Cosine of the legs' slope in the frontal plane when the feet stand wider or narrower than the hips.
    sideways = stance.width / 2 - subject.hip_centre("r")[2]
    if not (stance.width >= 0 and abs(sideways) < 0.9 * subject.leg):
        raise KinematicsError(
            f"Ankles {stance.width:.2f} m apart are out of reach of legs of {subject.leg:.2f} m.",
            "Choose a narrower stance.",
            code="POSE_UNREACHABLE",
        )
    return float(np.sqrt(1.0 - (sideways / subject.leg) ** 2))


def eased(share: NDArray) -> NDArray:
    """Return the way of a minimum-jerk movement, 0 to 1, at shares of its time; 0 before and 1 after it."""
    share = np.clip(share, 0.0, 1.0)
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


def frame_count(seconds: float, rate_hz: float) -> int:
    """Return the number of frames of a recording.

    Raises
    ------
    KinematicsError
        When they are fewer than two (`TRIAL_TOO_SHORT`).
    """
    n_frames = round(seconds * rate_hz) if np.isfinite(seconds * rate_hz) else 0
    if n_frames < 2:
        raise KinematicsError(
            f"{seconds} s at {rate_hz} Hz are {n_frames} frames.", "Give at least two frames.", code="TRIAL_TOO_SHORT"
        )
    return n_frames
