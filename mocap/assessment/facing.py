"""Which way a person faces, the middle of joints, and the length of the legs, from places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement

UP = np.array([0.0, 0.0, 1.0])
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Facing:
    """Axes of the person in the floor plane.

    Attributes
    ----------
    ahead, right : ndarray, shape (3,)
        Horizontal unit vectors in the Z-up world; NaN where nothing tells them.
    method : str
        What tells them.
    """

    ahead: NDArray
    right: NDArray
    method: str

    @property
    def known(self) -> bool:
        """Whether anything tells the direction."""
        return bool(np.isfinite(self.ahead).all())


def facing(movement: Movement, frames: NDArray) -> Facing:
    """Return which way the person faces in some frames of standing: pelvis, else the feet, else across the hips.

    The means of the pelvis's anterior axis, of the bisector of both foot lines, or of the normal of the line of the hip
    centres, each in the floor plane.
    """
    fronts = _middle(movement, "RASIS", "LASIS", frames) - _middle(movement, "RPSIS", "LPSIS", frames)
    feet = [_level_unit(foot_line(movement, side)[frames]) for side in "RL"]
    hips = (movement.place("RHJC") - movement.place("LHJC"))[frames]
    for vectors, method in (
        (fronts, "pelvis"), (feet[0] + feet[1], "bisector of the foot lines"), (np.cross(UP, hips), "across the hips"),
    ):  # fmt: skip
        shown = np.isfinite(vectors).all(axis=1)
        if not shown.any():
            continue
        mean = vectors[shown].mean(axis=0) * [1.0, 1.0, 0.0]
        length = float(np.linalg.norm(mean))
        if length > 1e-6:
            ahead = mean / length
            return Facing(ahead, np.cross(ahead, UP), method)
    unknown = np.full(3, np.nan)
    return Facing(unknown, unknown, "nothing tells which way the person faces")


def foot_line(movement: Movement, side: str) -> NDArray:
    """Return the line from the heel to MT2 (else the toe marker, else mid-metatarsals), shape (time, 3) in m."""
    heel = movement.place(f"{side}HEEL")
    for name in ("MT2", "TOE"):
        if f"{side}{name}" in movement.places:
            return movement.place(f"{side}{name}") - heel
    return (movement.place(f"{side}MT1") + movement.place(f"{side}MT5")) / 2 - heel


def middle(movement: Movement, name: str) -> NDArray:
    """Return the middle of a joint centre or landmark of both sides, shape (time, 3): `HJC` of RHJC and LHJC."""
    return (movement.place(f"R{name}") + movement.place(f"L{name}")) / 2


def leg_length_m(movement: Movement, frames: NDArray) -> float:
    """Return the length of the legs, m: `leg_length_m` of the context or subject where given, else as they stand.

    Thigh and shank between joint centres, and the height of the ankles above the lowest foot landmark; means of both
    sides over frames of standing.
    """
    given = movement.number("leg_length_m")
    if np.isfinite(given):
        return given
    lengths = [_leg(movement, side, frames) for side in "RL"]
    known = [one for one in lengths if np.isfinite(one)]
    return float(np.mean(known)) if known else NAN


def _leg(movement: Movement, side: str, frames: NDArray) -> float:
    hip, knee, ankle = (movement.place(f"{side}{name}")[frames] for name in ("HJC", "KJC", "AJC"))
    bones = np.linalg.norm(hip - knee, axis=1) + np.linalg.norm(knee - ankle, axis=1)
    lowest = [movement.place(f"{side}{name}")[frames, 2] for name in ("HEEL", "MT1", "MT5", "HALLUX", "TOE")]
    seen = [one for one in lowest if np.isfinite(one).any()]
    if not seen or not np.isfinite(bones).any():
        return NAN
    floor = min(float(np.nanmedian(one)) for one in seen)
    above = ankle[:, 2] - floor
    return float(np.nanmedian(bones + above)) if np.isfinite(bones + above).any() else NAN


def _middle(movement: Movement, one: str, other: str, frames: NDArray) -> NDArray:
    return (movement.place(one)[frames] + movement.place(other)[frames]) / 2


def _level_unit(vectors: NDArray) -> NDArray:
    level = vectors * [1.0, 1.0, 0.0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(level / np.linalg.norm(level, axis=1, keepdims=True))
