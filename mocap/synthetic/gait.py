"""Level walking: feet that roll over the floor without slipping, a pelvis that moves on, legs in between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator

from mocap.synthetic.legs import joined_motion
from mocap.synthetic.motion import ankle_in_foot
from mocap.synthetic.names import SIDE_SIGN, SIDES
from mocap.synthetic.planted import frame_count
from mocap.synthetic.rotations import WORLD_FROM_ISB, about, pelvis_rotation, turn
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import GaitEvent, SyntheticTrial, synthesise

_SIDE_DELAY = {"r": 0.0, "l": 0.5}
# Foot pitch (toe up +, deg) over the cycle: heel strike, foot flat, heel rise, toe off, swing, heel strike.
_PITCH_PHASE = np.array([0.0, 0.08, 0.38, 0.50, 0.62, 0.67, 0.78, 0.90, 0.97, 1.0])
_PITCH_DEG = np.array([14.0, 0.0, 0.0, -9.0, -50.0, -59.0, -27.0, 8.0, 14.5, 14.0])
_TOE_OFF = 0.62
# The toe leaves and the heel arrives at this many walking speeds, as in an impact: heel and toe are then farthest
# ahead of and behind the pelvis at the instants of contact themselves.
_SWING_SPEED = 1.5
_CLEARANCE = 0.015  # m that the ankle is lifted in mid-swing to clear the toe
_STRAIGHTEST = 0.998  # of the leg's length: about 7 deg of knee flexion at the longest reach


@dataclass(frozen=True)
class GaitStyle:
    """How one walks; angles in deg.

    Attributes
    ----------
    stride_s : float
        Duration of a stride; cadence is 120 / stride_s steps per minute.
    stride_length : float
        In parts of the stature.
    step_width : float
        Between the ankle centres, m.
    toe_out_deg : float
    tilt_deg : float
        Mean anterior tilt relative to standing.
    """

    stride_s: float = 1.10
    stride_length: float = 0.74
    step_width: float = 0.10
    toe_out_deg: float = 7.0
    tilt_deg: float = 1.0


def walking(
    subject: Subject, seconds: float = 6.0, rate_hz: float = 100.0, *, style: GaitStyle | None = None
) -> SyntheticTrial:
    """Return steady walking along the person's own X axis; the right heel strikes at 0 s, and the middle of
    the path is the origin.

    In stance the foot turns about its heel, stands flat, then turns about the tip of its toe: its lowest point does
    not slip. In swing the ankle follows a cubic from toe-off to heel strike; the speed of the foot jumps at both.
    The pelvis moves on at constant speed, bobs, sways, turns and tilts by small amounts; hip, knee and ankle angles
    follow.

    Returns
    -------
    SyntheticTrial
        Task `gait`, with true initial and final contacts of both sides.
    """
    style = style or GaitStyle()
    time_s = np.arange(frame_count(seconds, rate_hz)) / rate_hz
    cycle = time_s / style.stride_s
    curves = _trunk_curves(subject, style, cycle)
    feet = {side: _foot_path(subject, style, side, cycle) for side in SIDES}
    hip = _hip_path(subject, style, cycle, curves, feet)
    half_way = np.array([style.stride_length * subject.stature * cycle[-1] / 2, 0.0, 0.0])
    feet = {side: (ankle - half_way, foot) for side, (ankle, foot) in feet.items()}
    hip = hip - half_way
    motion = joined_motion(subject, hip, curves, feet, rate_hz)
    return synthesise(subject, motion, "gait", events=_events(style, float(cycle[-1])))


def _trunk_curves(subject: Subject, style: GaitStyle, cycle: NDArray) -> dict[str, NDArray]:
    turns, twice = 2 * np.pi * cycle, 4 * np.pi * cycle
    swing = np.cos(turns)
    degrees = {
        "pelvic_tilt": style.tilt_deg + 1.0 * np.cos(twice - 0.6),
        "pelvic_obliquity": 3.5 * np.cos(turns - 2 * np.pi * 0.15),
        "pelvic_rotation": 4.0 * swing,
        "lumbar_flexion": 1.5 * np.cos(twice - 2.0) - 1.0,
        "lumbar_lateral_bend": 3.0 * np.cos(turns - 2 * np.pi * 0.15),
        "lumbar_rotation": 5.0 * swing,
        "shoulder_flexion_r": 3.0 - 20.0 * swing,
        "shoulder_flexion_l": 3.0 + 20.0 * swing,
        "elbow_flexion_r": 25.0 - 8.0 * swing,
        "elbow_flexion_l": 25.0 + 8.0 * swing,
    }
    curves = {name: np.deg2rad(curve) for name, curve in degrees.items()}
    curves["pelvic_tilt"] = curves["pelvic_tilt"] + subject.standing_tilt
    return curves


def _foot_path(subject: Subject, style: GaitStyle, side: str, cycle: NDArray) -> tuple[NDArray, NDArray]:
    own = cycle - _SIDE_DELAY[side]
    stride = np.floor(own)
    phase = own - stride
    rotation = _foot_rotation(style, side, phase)
    length = style.stride_length * subject.stature
    # Touch-down of the heel, ISB axes, relative to the mid-hip path that passes X = 0 at the right heel strike.
    ankle = np.empty((len(cycle), 3))
    stance = phase <= _TOE_OFF
    ankle[stance] = _rolling_ankle(subject, style, side, phase[stance])
    ankle[~stance] = _swinging_ankle(subject, style, side, phase[~stance], length)
    ankle[:, 0] += _touch_down(length) + length * (stride + _SIDE_DELAY[side])
    return ankle, rotation


def _touch_down(length: float) -> float:
    return 0.243 * length


def _foot_rotation(style: GaitStyle, side: str, phase: NDArray) -> NDArray:
    pitch = np.deg2rad(PchipInterpolator(_PITCH_PHASE, _PITCH_DEG)(phase))
    return about("y", -SIDE_SIGN[side] * np.deg2rad(style.toe_out_deg)) @ about("z", pitch)


def _rolling_ankle(subject: Subject, style: GaitStyle, side: str, phase: NDArray) -> NDArray:
    # Ankle centre over the point of contact; X = 0 is where the heel touches down.
    rotation = _foot_rotation(style, side, phase)
    heel = np.array([0.0, -subject.heel_height, 0.0])
    toe = np.array([subject.foot_length, -subject.heel_height, 0.0])
    flat = about("y", -SIDE_SIGN[side] * np.deg2rad(style.toe_out_deg))
    on_toe = phase > 0.2
    pivot = np.where(on_toe[:, None], toe, heel)
    contact = turn(flat, np.where(on_toe[:, None], toe - heel, 0.0))
    contact = contact - turn(flat, ankle_in_foot(subject) * [1.0, 0.0, 0.0])
    contact[:, 2] += SIDE_SIGN[side] * style.step_width / 2
    return contact + turn(rotation, ankle_in_foot(subject) - pivot)


def _swinging_ankle(subject: Subject, style: GaitStyle, side: str, phase: NDArray, length: float) -> NDArray:
    step = 1e-5
    leave = _rolling_ankle(subject, style, side, np.array([_TOE_OFF - step, _TOE_OFF]))
    land = _rolling_ankle(subject, style, side, np.array([0.0, step])) + np.array([length, 0.0, 0.0])
    ends, slopes = np.stack([leave[1], land[0]]), np.stack([leave[1] - leave[0], land[1] - land[0]]) / step
    slopes[:, 0] += _SWING_SPEED * length
    ankle = CubicHermiteSpline([_TOE_OFF, 1.0], ends, slopes)(phase)
    ankle[:, 1] += _CLEARANCE * np.sin(np.pi * (phase - _TOE_OFF) / (1.0 - _TOE_OFF)) ** 2
    return ankle


def _hip_path(
    subject: Subject,
    style: GaitStyle,
    cycle: NDArray,
    curves: dict[str, NDArray],
    feet: dict[str, tuple[NDArray, NDArray]],
) -> NDArray:
    """Mid-hip centre, shape (time, 3): the height is the greatest at which no leg has to stretch in the cycle."""
    hip = np.zeros((len(cycle), 3))
    hip[:, 0] = style.stride_length * subject.stature * cycle
    hip[:, 1] = -0.018 * np.cos(2 * np.pi * (cycle - 0.30))  # Y is left: over the right foot in its stance
    hip[:, 2] = 0.020 * np.cos(4 * np.pi * (cycle - 0.30))
    pelvis = pelvis_rotation(*(curves[f"pelvic_{name}"] for name in ("tilt", "obliquity", "rotation")))
    middle = (subject.hip_centre("r") + subject.hip_centre("l")) / 2
    room = np.inf
    for side, (ankle, _) in feet.items():
        gap = hip @ WORLD_FROM_ISB + turn(pelvis, subject.hip_centre(side) - middle) - ankle
        level = np.hypot(gap[:, 0], gap[:, 2])
        room = min(room, float(np.min(np.sqrt((_STRAIGHTEST * subject.leg) ** 2 - level**2) - gap[:, 1])))
    hip[:, 2] += room
    return hip


def _events(style: GaitStyle, last_cycle: float) -> tuple[GaitEvent, ...]:
    found = []
    for side in SIDES:
        for stride in range(-1, int(last_cycle) + 2):
            for label, phase in (("initial_contact", 0.0), ("final_contact", _TOE_OFF)):
                cycle = stride + _SIDE_DELAY[side] + phase
                if 0.0 <= cycle <= last_cycle:
                    found.append(GaitEvent(cycle * style.stride_s, label, side))
    return tuple(sorted(found, key=lambda event: event.time_s))
