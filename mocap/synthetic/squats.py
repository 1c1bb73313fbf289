"""Squats with a butt wink of given magnitude and onset, or none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.legs import Stance, planted_motion
from mocap.synthetic.planted import Tempo, hip_path, schedule, thigh_for_depth
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import Repetition, SyntheticTrial, synthesise


@dataclass(frozen=True)
class SquatStyle:
    """How a squat is done besides its depth and its wink; angles in deg.

    Attributes
    ----------
    stance_width : float
        Between the ankle centres, in parts of the stature.
    toe_out_deg, shank_deg : float
        Feet turned outward; forward inclination of the shanks at the bottom.
    tilt_rise_deg : float
        Anterior tilt gained from standing until the onset of the tuck.
    lumbar_descent_deg : float
        Lumbar flexion gained until the onset of the tuck.
    thoracic_deg : float
        Flexion of the thorax against T12/L1 at the bottom.
    obliquity_deg, rotation_deg : float
        Pelvic obliquity and rotation that come in with the tuck.
    smoothing : float
        Half width, in depth, over which the corner of the tilt at the onset is rounded; 0 is a sharp corner.
    """

    stance_width: float = 0.18
    toe_out_deg: float = 18.0
    shank_deg: float = 34.0
    tilt_rise_deg: float = 31.0
    lumbar_descent_deg: float = 4.0
    thoracic_deg: float = 4.0
    obliquity_deg: float = 0.0
    rotation_deg: float = 0.0
    smoothing: float = 0.0


def squat(
    subject: Subject,
    repetitions: int = 3,
    depth: float = 0.48,
    wink_deg: float | Sequence[float] = 12.0,
    wink_onset: float | Sequence[float] = 0.80,
    lumbar_share: float = 0.7,
    *,
    style: SquatStyle | None = None,
    tempo: Tempo | None = None,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return squats; feet flat and fixed, tilt piecewise linear in depth.

    Tilt rises linearly with depth from standing to the onset, then falls linearly by `wink_deg` to the bottom
    (0 deg: it stays where it is), and runs back the same way in the ascent. Depth is the drop of the middle of the
    hip centres as a fraction of the repetition's own.

    Parameters
    ----------
    depth : float
        Drop of the hip centres as a fraction of the leg length (hip centre to floor, standing).
    wink_deg : float or one per repetition
        Posterior tuck, from the greatest anterior tilt to the bottom.
    wink_onset : float or one per repetition
        Depth, 0.2 to 0.98, at which the tuck begins.
    lumbar_share : float
        Lumbar flexion per degree of tuck: 1 keeps the chest where it is, 0 turns the trunk as one piece.

    Returns
    -------
    SyntheticTrial
        Task `squat`, with a `Repetition` each; they all start and end in the pose of standing.

    Raises
    ------
    KinematicsError
        When the wink or the depth is impossible (`WINK_IMPOSSIBLE`, `POSE_UNREACHABLE`).
    """
    style, tempo = style or SquatStyle(), tempo or Tempo()
    winks = _per_repetition(wink_deg, repetitions)
    onsets = _per_repetition(wink_onset, repetitions)
    if (winks < 0).any() or (onsets < 0.2).any() or (onsets + style.smoothing > 0.98).any():
        raise KinematicsError(
            f"Winks of {winks} deg from depths {onsets} on (rounded by {style.smoothing}).",
            "Give 0 deg or more and an onset of 0.2 to 0.98.",
            code="WINK_IMPOSSIBLE",
        )
    stance = Stance(style.stance_width * subject.stature, np.deg2rad(style.toe_out_deg))
    progress, which, marks = schedule(repetitions, tempo, rate_hz)
    shank = np.deg2rad(style.shank_deg)
    thigh = thigh_for_depth(subject, stance, depth, shank)
    hip = hip_path(subject, stance, progress, thigh, shank)
    top, bottom = hip_path(subject, stance, np.array([0.0, 1.0]), thigh, shank)[:, 2]
    drop = (top - hip[:, 2]) / (top - bottom)
    curves = _squat_curves(subject, style, drop, np.deg2rad(winks)[which], onsets[which], lumbar_share)
    found = tuple(
        _repetition(style, mark, float(top - bottom), np.deg2rad(wink), onset, lumbar_share)
        for mark, wink, onset in zip(marks, winks, onsets, strict=True)
    )
    return synthesise(subject, planted_motion(subject, stance, hip, curves, rate_hz), "squat", found)


def tuck_curve(drop: NDArray, rise: float | NDArray, tuck: float | NDArray, onset: float | NDArray,
               smoothing: float = 0.0) -> NDArray:
    """Return a curve over depth (0 to 1) that gains `rise` until the onset and then loses `tuck` until depth 1.

    Two straight lines; with `smoothing` their corner is a parabola over that half width on either side.
    """
    before, after = rise / onset, -tuck / (1.0 - onset)
    beyond = drop - onset
    bend = np.maximum(beyond, 0.0)
    if smoothing > 0:
        bend = np.where(np.abs(beyond) < smoothing, (beyond + smoothing) ** 2 / (4.0 * smoothing), bend)
    return before * drop + (after - before) * bend


def _squat_curves(
    subject: Subject, style: SquatStyle, drop: NDArray, wink: NDArray, onset: NDArray, lumbar_share: float
) -> dict[str, NDArray]:
    rise, descent = np.deg2rad(style.tilt_rise_deg), np.deg2rad(style.lumbar_descent_deg)
    tilt = tuck_curve(drop, rise, wink, onset, style.smoothing)
    lumbar = tuck_curve(drop, descent, -lumbar_share * wink, onset, style.smoothing)
    thoracic = np.deg2rad(style.thoracic_deg) * drop
    after = tuck_curve(drop, 0.0, -1.0, onset, style.smoothing)  # 0 until the onset, 1 at the bottom
    lean = tilt + lumbar + thoracic
    reach = np.deg2rad(85.0) * drop + lean
    return {
        "pelvic_tilt": subject.standing_tilt + tilt,
        "pelvic_obliquity": np.deg2rad(style.obliquity_deg) * after,
        "pelvic_rotation": np.deg2rad(style.rotation_deg) * after,
        "lumbar_flexion": lumbar,
        "thoracic_flexion": thoracic,
        "neck_flexion": -0.7 * lean,
        "shoulder_flexion_r": reach, "shoulder_flexion_l": reach,
    }  # fmt: skip


def _repetition(
    style: SquatStyle, mark: tuple[float, float, float, float], drop_m: float, wink: float, onset: float, share: float
) -> Repetition:
    # A rounded corner takes a little off the peak: the truth is read from the curve itself, not from the request.
    drop = np.append(np.linspace(0.0, 1.0, 20001), onset)
    tilt = tuck_curve(drop, np.deg2rad(style.tilt_rise_deg), wink, onset, style.smoothing)
    lumbar = tuck_curve(drop, np.deg2rad(style.lumbar_descent_deg), -share * wink, onset, style.smoothing)
    bottom, highest = 20000, int(np.argmax(tilt))
    return Repetition(
        *mark,
        depth=drop_m,
        wink_magnitude=float(tilt[highest] - tilt[bottom]) if wink > 0 else 0.0,
        wink_onset=float(onset) if wink > 0 else float("nan"),
        lumbar_change=float(lumbar[bottom] - lumbar[highest if wink > 0 else -1]),
    )


def _per_repetition(value: float | Sequence[float], repetitions: int) -> NDArray:
    values = np.asarray(value, float)
    if values.shape not in ((), (repetitions,)):
        raise KinematicsError(
            f"{values.size} values for {repetitions} repetitions.",
            "Give one value, or one per repetition.",
            code="WINK_IMPOSSIBLE",
        )
    return np.broadcast_to(values, (repetitions,))
