"""Does the person stand along the world's vertical? A wrong up axis makes every angle against gravity wrong."""

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.kinematics.body_lines import (
    Positions,
    cosines,
    feet_middle,
    foot_line,
    median,
    minus,
    pelvis_middle,
    trunk_top,
)
from mocap.trial import Verdict

UPRIGHT_FLAG_DEG = 20.0
"""Recorded people who stand or walk lean by 1 to 4 deg as a whole, one who balances on a beam by 10."""
UPRIGHT_REFUSE_DEG = 45.0
"""Beyond it another direction is nearer to the body's line than the vertical is."""
TRUNK_ALONE_REFUSE_DEG = 60.0
"""Without legs a hinge cannot be told from a turned world: only what is nearly level in its best frames goes."""
STANDING_BEND_DEG = 25.0
"""Between trunk and legs; 3 to 16 deg by the median in people who stand or walk (C7 lies behind),
44 at the bottom of a squat."""
STANDING_LEGS = 0.9
"""Of the longest legs of the trial; every frame of the recorded walks keeps it, and half of those of the squats."""
STANDING_SHARE = 0.05
"""Of the frames that show the body; fewer are passing moments of a movement that has no standing."""
FEET_LEVEL_DEG = 35.0
"""Median of a foot's line against the floor in standing; 0 to 17 deg in recorded people, and shoes
or markers at unlike heights add to it."""

_UP = np.array([[0.0, 1.0, 0.0]])
_WORLD_FROM_ISB = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
# What turns a world whose vertical is the named axis upright, as a rotation (no mirror).
_REMAPS = {"+x": "(-z, y, x)", "-x": "(z, y, -x)", "+y": "(x, -z, y)", "-y": "(x, z, -y)", "-z": "(x, -y, -z)"}


def check_upright(points: Positions, owner: str) -> None:
    """Refuse points in which another direction than the world's Z is the body's vertical.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        ISB-turned world (Y up), m.
    owner : str
        Whose points, for the message.

    Raises
    ------
    KinematicsError
        AXES, with the exchange of axes that would set the person upright.

    Notes
    -----
    The line from the feet to the middle of the trunk stays near the vertical in whoever keeps the balance: a squat or
    a hinge moves trunk and pelvis to opposite sides of it. Frames that stand are told by the shape of the body alone.
    """
    line = balance_line(points)
    if line is None:
        return
    limit = TRUNK_ALONE_REFUSE_DEG if feet_middle(points) is None else UPRIGHT_REFUSE_DEG
    # Both have to say so: a movement may pass through a straight body that lies.
    least = _least_lean_deg(points, line)
    if least <= limit:
        return
    lean = min(_lean_deg(points, line, standing_frames(points)), least)
    if not lean > limit:
        return
    posture = "upside down" if lean > 180.0 - limit else "lying"
    raise KinematicsError(
        f"In the {owner} the person is {posture}: the body's line is {lean:.0f} deg from the world's Z.",
        f"{_remedy(line[_best_frames(points, line)])} Or allow posture=any "
        "(--set, or [options.kinematics]) when the person really lies.",
        code="AXES",
    )


def upright_verdicts(points: Positions, owner: str = "trial") -> tuple[Verdict, ...]:
    """Return whether the person stands along the vertical (20 deg), on feet that are level (35 deg).

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        ISB-turned world (Y up), m.
    owner : str
        `trial` or `static`; the latter is named in the verdicts.
    """
    line = balance_line(points)
    if line is None:
        return ()
    prefix = "" if owner == "trial" else f"{owner}_"
    standing = standing_frames(points)
    lean = _lean_deg(points, line, standing)
    text = "lean of the whole body in standing" if standing.any() else "least lean of the body; it never stands"
    verdicts: tuple[Verdict, ...] = ()
    if np.isfinite(lean):
        text += "; above the limit the up axis is in doubt"
        passed = lean <= UPRIGHT_FLAG_DEG
        verdicts += (Verdict(f"{prefix}upright", lean, UPRIGHT_FLAG_DEG, "deg", passed, text),)
    slopes = [_slope_deg(foot[standing]) for s in "RL" if (foot := foot_line(points, s)) is not None]
    slopes = [slope for slope in slopes if np.isfinite(slope)]
    if slopes:
        text = "slope of the steeper foot in standing"
        worst = max(slopes)
        verdicts += (Verdict(f"{prefix}feet_level", worst, FEET_LEVEL_DEG, "deg", worst <= FEET_LEVEL_DEG, text),)
    return verdicts


def standing_frames(points: Positions) -> NDArray:
    """Return which frames, shape (time,), show the body straight, whichever way it points.

    The legs are as long as they get, and the trunk goes on in their direction. None at all where those are fewer than
    one in twenty.
    """
    pelvis, feet, top = pelvis_middle(points), feet_middle(points), trunk_top(points)
    legs, trunk = minus(pelvis, feet), minus(top, pelvis)
    if legs is None:
        return np.zeros(len(next(iter(points.values()))), bool)
    lengths = np.linalg.norm(legs, axis=1)
    seen = np.isfinite(lengths)
    if not seen.any():
        return seen
    standing = seen & (np.where(seen, lengths, 0.0) >= STANDING_LEGS * np.quantile(lengths[seen], 0.95))
    if trunk is not None:
        bend = cosines(trunk, legs)
        seen = np.isfinite(bend)
        standing &= seen & (np.where(seen, bend, -1.0) >= np.cos(np.deg2rad(STANDING_BEND_DEG)))
    return standing if standing.sum() >= max(1.0, STANDING_SHARE * seen.sum()) else standing & False


def balance_line(points: Positions) -> NDArray | None:
    """Return the line from the feet to the middle of the trunk, or what there is of it, shape (time, 3)."""
    pelvis, feet, top = pelvis_middle(points), feet_middle(points), trunk_top(points)
    if feet is None:
        return minus(top, pelvis)
    if top is None or pelvis is None:
        return minus(pelvis if top is None else top, feet)
    return (top + pelvis) / 2 - feet


def _best_frames(points: Positions, line: NDArray) -> NDArray:
    standing = standing_frames(points)
    return standing if standing.any() else np.isfinite(line).all(axis=1)


def _lean_deg(points: Positions, line: NDArray, standing: NDArray) -> float:
    """Return the median angle of the body's line to the vertical in standing; without standing the least lean."""
    return median(_angles_deg(line[standing])) if standing.any() else _least_lean_deg(points, line)


def _least_lean_deg(points: Positions, line: NDArray) -> float:
    """Return the lower quartile of the angle to the vertical; of a trunk alone its lowest twentieth."""
    angles = _angles_deg(line)
    angles = angles[np.isfinite(angles)]
    if not len(angles):
        return float("nan")
    return float(np.quantile(angles, 0.05 if feet_middle(points) is None else 0.25))


def _angles_deg(line: NDArray) -> NDArray:
    return np.rad2deg(np.arccos(np.clip(cosines(line, _UP), -1.0, 1.0)))


def _slope_deg(line: NDArray) -> float:
    return float(np.rad2deg(np.arcsin(np.clip(abs(median(cosines(line, _UP))), 0.0, 1.0))))


def _remedy(line: NDArray) -> str:
    """Name the axis that is the body's vertical and what exchange of axes sets it upright."""
    there = line[np.isfinite(line).all(axis=1)]
    mean = _WORLD_FROM_ISB @ (there / np.linalg.norm(there, axis=1, keepdims=True)).mean(axis=0)
    mean /= np.linalg.norm(mean)
    axis = int(np.argmax(np.abs(mean)))
    name = ("+" if mean[axis] > 0 else "-") + "xyz"[axis]
    apart = np.rad2deg(np.arccos(np.clip(abs(mean[axis]), 0.0, 1.0)))
    if apart > UPRIGHT_FLAG_DEG or name not in _REMAPS:
        return f"No axis of the points is the body's vertical (nearest {name}, {apart:.0f} deg): level the world first."
    return (
        f"The body stands along {name} ({apart:.0f} deg): read the file with its true up axis; "
        f"turning (x, y, z) into {_REMAPS[name]} sets these points upright."
    )
