"""The static trial: the person's zeros, sizes and neutral band, from quiet standing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mocap.errors import KinematicsError
from mocap.kinematics.angles import line_lean
from mocap.kinematics.body import SIDES, Body, Setting, Zeros
from mocap.kinematics.body_lines import feet_middle, pelvis_middle
from mocap.kinematics.heading import quiet_frames, window_speeds
from mocap.kinematics.hip_centre import PelvisSize
from mocap.kinematics.landmarks import Landmarks
from mocap.kinematics.observability import NotObservable
from mocap.kinematics.placed_zeros import placed_body, zero_gradient
from mocap.kinematics.spine_chords import chord_gradients
from mocap.kinematics.traced import Frame, Scalar, difference
from mocap.kinematics.trunk_angles import spine_curvature, spine_names, spine_steps

STANDING_SHARE = 0.97


@dataclass(frozen=True)
class StaticReport:
    """What the static trial was worth.

    Attributes
    ----------
    n_frames, n_quiet : int
    quiet_s : float
        Time of quiet standing that was used.
    neutral_mean_rad, neutral_sd_rad : mapping of str to float
        Mean and SD of every observable angle over the quiet frames; mean ± 2 SD is the neutral band.
    size : PelvisSize or None
    facts : mapping of str to float or str
        What else the calibration found or decided, for the person's record; units in the names.
    """

    n_frames: int
    n_quiet: int
    quiet_s: float
    neutral_mean_rad: Mapping[str, float]
    neutral_sd_rad: Mapping[str, float]
    size: PelvisSize | None
    facts: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))


def quiet_part(static: Mapping[str, NDArray], rate_hz: float, owner: str = "static trial") -> NDArray:
    """Return which frames of a static trial are quiet standing, shape (time,).

    Frames in which the pelvis is nearer to the feet than 97 % of its usual distance are left out: a pause at the bottom
    of a squat is quiet, but not standing. Of a single frame that is known nothing else can be asked.

    Raises
    ------
    KinematicsError
        STATIC_MOVING when none is; STATIC_FEW_FRAMES when those that are known are too few to tell.
    """
    points = np.stack(list(static.values()), axis=1)
    quiet = quiet_frames(points, rate_hz)
    if not quiet.any():
        known = np.isfinite(points).all(axis=2).any(axis=1)
        if known.sum() == 1:
            return known
        if not np.isfinite(window_speeds(points, rate_hz)[known]).any():
            raise KinematicsError(
                f"Of the {len(known)} frames of the {owner} {known.sum()} are known, too few and too far apart to tell "
                "whether the person stands still.",
                "Record at least 3 s of quiet standing with the markers in view.",
                code="STATIC_FEW_FRAMES",
            )
    quiet &= standing_frames(static)
    if not quiet.any():
        raise KinematicsError(
            f"The person never stands still in the {owner} (20 mm/s, median over the markers).",
            "Record at least 3 s of quiet standing.",
            code="STATIC_MOVING",
        )
    return quiet


def standing_frames(points: Mapping[str, NDArray]) -> NDArray:
    """Return which frames, shape (time,), do not show the pelvis nearer to the feet than 97 % of its usual distance."""
    pelvis, feet = pelvis_middle(points), feet_middle(points)
    if pelvis is None or feet is None:
        return np.ones(len(next(iter(points.values()))), bool)
    height = np.linalg.norm(pelvis - feet, axis=1)
    seen = np.isfinite(height)
    if not seen.any():
        return ~seen
    return ~seen | (np.where(seen, height, 0.0) >= STANDING_SHARE * np.quantile(height[seen], 0.95))


def pelvis_size(points: Mapping[str, NDArray], leg_length_m: float, marker_radius_m: float) -> PelvisSize | None:
    """Return the median size of the pelvis over the frames, or None when ASIS and PSIS are never seen together.

    The leg length, unless given, is the mean over the sides of the median distance from ASIS to medial malleolus;
    that is right for a standing person only.
    """
    mid_psis = points.get("SACR")
    if "RPSIS" in points and "LPSIS" in points:
        mid_psis = (points["RPSIS"] + points["LPSIS"]) / 2
    if mid_psis is None or "RASIS" not in points or "LASIS" not in points:
        return None
    right, left = points["RASIS"], points["LASIS"]
    width, depth = _median_length(right - left), _median_length((right + left) / 2 - mid_psis)
    if not np.isfinite(width + depth):
        return None
    if not np.isfinite(leg_length_m):
        legs = [_median_length(points[f"{s}ASIS"] - points[f"{s}MMAL"]) for s in "RL" if f"{s}MMAL" in points]
        legs = [leg for leg in legs if np.isfinite(leg)]
        leg_length_m = float(np.mean(legs)) if legs else float("nan")
    return PelvisSize(width, depth, leg_length_m, marker_radius=marker_radius_m)


def _median_length(vectors: NDArray) -> float:
    lengths = np.linalg.norm(vectors, axis=1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.median(lengths)) if len(lengths) else float("nan")


def find_zeros(found: Landmarks, setting: Setting, foot_flat: bool) -> Zeros:
    """Return what the static fixes, from the landmarks of its quiet frames (built as those of the trials are)."""
    body = Body(found.points, found.poses, setting, Zeros())
    chords = _spine_chords(found, body)
    return Zeros(
        lumbar=_in_pelvis(body, lambda: body.poses["lumbar"].frame if "lumbar" in body.poses else None),
        thorax=_in_pelvis(body, body.thorax),
        c7_line=_c7_zero(body),
        spine=_spine_zero(body),
        spine_steps=_spine_steps(body),
        spine_chords=chords,
        gradients=_zero_gradients(found, body, chords),
        knee_axis={s: axis for s in SIDES if (axis := _knee_axis(body, s)) is not None},
        femur_in_shank={s: turn for s in SIDES if (turn := _femur_in_shank(body, s)) is not None},
        foot_flat={s: flat for s in SIDES if foot_flat and (flat := _foot_flat(body, s)) is not None},
        standing_height=_standing_height(body) if setting.gravity_known else {},
    )


def _standing_height(body: Body) -> dict[str, float]:
    """Return the median height (m) of each point of the feet."""
    found = {}
    for side in SIDES:
        for end in ("HEEL", "MT1", "MT2", "MT5", "HALLUX", "TOE", "BTOE", "STOE"):
            if side + end in body.points:
                heights = body.points[side + end].value[:, 1]
                if np.isfinite(heights).any():
                    found[side + end] = float(np.nanmedian(heights))
    return found


def mean_rotation(rotations: NDArray) -> NDArray | None:
    """Return the mean (of quaternions) of rotations, shape (time, 3, 3), without the missing ones; None without any."""
    there = np.isfinite(rotations).all(axis=(1, 2))
    return Rotation.from_matrix(rotations[there]).mean().as_matrix() if there.any() else None


def _in_pelvis(body: Body, build: object) -> NDArray | None:
    try:
        distal: Frame | None = build()  # type: ignore[operator]
        pelvis = body.pelvis()
    except NotObservable:
        return None
    return None if distal is None else mean_rotation(np.swapaxes(pelvis.axes, -1, -2) @ distal.axes)


def _c7_zero(body: Body) -> float | None:
    try:
        lean = _c7_lean(body).value
    except NotObservable:
        return None
    return _mean(lean)


def _c7_lean(body: Body) -> Scalar:
    (c7,) = body.need("C7")
    return line_lean(difference(c7, body.mid_psis()), body.pelvis())


def _zero_gradients(found: Landmarks, body: Body, chords: Mapping[str, NDArray]) -> dict[str, Mapping[str, NDArray]]:
    """Return how the zeros of lines depend on where landmarks were placed, by name."""
    gradients = {"c7_line": zero_gradient(found, body, _c7_lean)}
    steps = _spine_steps(body)
    if steps is not None:
        gradients["spine"] = zero_gradient(found, body, lambda posed: spine_curvature(posed, steps, chords))
    return gradients


def _spine_chords(found: Landmarks, body: Body) -> Mapping[str, NDArray]:
    """Return how the places of spinous markers along the spine depend on their placement."""
    names = spine_names(body.points)
    if not names:
        return {}
    placed = placed_body(found, body)
    return chord_gradients([placed.points[name] for name in names])


def _spine_steps(body: Body) -> NDArray | None:
    names = spine_names(body.points)
    if not names:
        return None
    points = np.stack([body.points[name].value for name in names], axis=1)
    complete = np.isfinite(points).all(axis=(1, 2))
    return spine_steps(points[complete]) if complete.any() else None


def _spine_zero(body: Body) -> float | None:
    steps = _spine_steps(body)
    if steps is None:
        return None
    try:
        return _mean(spine_curvature(body, steps).value)
    except NotObservable:
        return None


def _knee_axis(body: Body, side: str) -> NDArray | None:
    """Return the flexion axis (3,) in the axes of the distal shank, in m."""
    try:
        axis = body.knee_line(side).value
        shank = body.shank_distal(side).axes
    except NotObservable:
        return None
    inside = np.einsum("tji,tj->ti", shank, axis)
    there = np.isfinite(inside).all(axis=1)
    return inside[there].mean(axis=0) if there.any() else None


def _femur_in_shank(body: Body, side: str) -> NDArray | None:
    try:
        shank, femur = body.shank_distal(side).axes, body.femur(side).axes
    except NotObservable:
        return None
    return mean_rotation(np.swapaxes(shank, -1, -2) @ femur)


def _foot_flat(body: Body, side: str) -> NDArray | None:
    """Return the flat foot in the axes of its cluster, shape (3, 3)."""
    segment = f"foot_{side.lower()}"
    if segment not in body.poses:
        return None
    try:
        floor = body.foot_floor(side).axes
    except NotObservable:
        return None
    return mean_rotation(np.swapaxes(body.poses[segment].frame.axes, -1, -2) @ floor)


def _mean(values: NDArray) -> float | None:
    found = values[np.isfinite(values)]
    return float(found.mean()) if len(found) else None
