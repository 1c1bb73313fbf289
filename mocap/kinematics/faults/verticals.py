"""Do the static and the trial have the same vertical? Both stand in one lab, on one floor, and by one balance.

A vertical that is off in one of them turns all of the body alike: the line from the feet to the trunk, both soles, and
the heights of the two feet. A person who leans turns the line alone; one who stands on a wedge turns the soles alone.
So the line and the feet have to tell of the same turn before anything is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body_lines import Positions, feet_middle, pelvis_right, thinned, trunk_top
from mocap.kinematics.faults.floor import floor_verdict
from mocap.kinematics.faults.foot_contacts import Contact, foot_contacts, foot_markers, standing_contacts
from mocap.kinematics.upright import balance_line, standing_frames
from mocap.trial import Verdict

TURN_FLAG_DEG = 3.5
"""Between the static and the walks or squats of one person lines differ by up to 1.6 deg, soles by up to 1.5."""
LINE_ALONE_FLAG_DEG = 8.0
"""Where no markers of the feet are in both."""
BALANCE_FLAG_DEG = 7.0
"""From 2.5 deg forward, about which recorded people stand: by 0.2 to 4.2 deg forward and 1.1 to the sides."""
USUAL_LEAN_DEG = 2.5
PITCH_SD_DEG = 1.5
HEIGHT_SD_M = 0.002
FEET_SD_DEG = 3.0
"""Feet known worse tell of no turn; standing on a line they show none to the sides."""
NARROW_M = 0.05
"""Feet in a line, or crossed, tell nothing by their heights."""
SLOPE_SD = 0.1
"""Of the ground along the way, before any step tells of it."""
APART = 0.5
"""By which share of the turn line and feet may differ, and still tell of the same one."""

_BOTH = (
    "turn of the whole body, line and feet alike, between static and trial in standing; above the limit the vertical "
    "of one of the two (or of both) is off"
)
_LINE = (
    "lean of the whole body in standing against that in the static; above the limit the vertical of one of the two is "
    "off, or the person stood otherwise (no markers of the feet are in both)"
)
_BALANCE = (
    "lean of the whole body in the static, from 2.5 deg forward of the vertical; above the limit nobody stands still, "
    "and the up axis is in doubt"
)


@dataclass(frozen=True, eq=False)
class _Feet:
    """A turn as the feet show it, forward and to the right (rad), and its covariance."""

    turn: NDArray
    covariance: NDArray


@dataclass(frozen=True)
class _Heights:
    """How much the right foot stands above the left, its sd, and how far to its side; m."""

    rise: float
    sd: float
    width: float


def vertical_verdicts(quiet: Positions, trial: Positions, rate_hz: float) -> tuple[Verdict, ...]:
    """Return what static and trial together tell of the vertical and the floor.

    Parameters
    ----------
    quiet : mapping of str to ndarray, shape (time, 3)
        Quiet frames of the static, empty without one; ISB-turned world (Y up), m.
    trial : mapping of str to ndarray, shape (time, 3)
    rate_hz : float
        Of the trial.
    """
    markers = foot_markers(set(trial))
    stepped = foot_contacts(trial, rate_hz, markers)
    floor = floor_verdict(stepped)
    if not quiet:
        return floor
    known = stepped if markers == foot_markers(set(quiet) & set(trial)) else None
    return floor + balance_verdict(quiet) + same_vertical_verdict(quiet, trial, rate_hz, known)


def balance_verdict(quiet: Positions) -> tuple[Verdict, ...]:
    """Return whether someone in quiet standing could keep the balance there, were the world's Z the vertical.

    Parameters
    ----------
    quiet : mapping of str to ndarray, shape (time, 3)
        Quiet frames of a static, ISB-turned world (Y up), m.
    """
    lean = _lean(quiet)
    if lean is None or trunk_top(quiet) is None:
        return ()
    away = float(np.rad2deg(np.hypot(lean[0] - np.deg2rad(USUAL_LEAN_DEG), lean[1])))
    return (Verdict("static_balance", away, BALANCE_FLAG_DEG, "deg", away <= BALANCE_FLAG_DEG, _BALANCE),)


def same_vertical_verdict(
    quiet: Positions, trial: Positions, rate_hz: float, stepped: Sequence[Contact] | None = None
) -> tuple[Verdict, ...]:
    """Return how far body and feet of a trial are turned, both alike, against the static.

    Parameters
    ----------
    quiet, trial : mapping of str to ndarray, shape (time, 3)
        Quiet frames of the static, and the trial; ISB-turned world (Y up), m.
    rate_hz : float
        Of the trial.
    stepped : sequence of Contact, optional
        Those of the trial by the markers that both have, where they are known.

    Returns
    -------
    tuple of Verdict
        `same_vertical`, deg: the lesser of what line and feet show in the direction of their common turn, 0 where they
        disagree. Nothing where the trial has no standing, or where what the feet show is less certain than 3 deg.
    """
    common = set(quiet) & set(trial)
    standing, moving = ({name: points[name] for name in common} for points in (quiet, trial))
    leans = [_lean(thinned(points)) for points in (standing, moving)] if common else [None]
    if leans[0] is None or leans[1] is None:
        return ()
    line = leans[1] - leans[0]
    markers = foot_markers(common)
    if not markers:
        turn = float(np.rad2deg(np.linalg.norm(line)))
        return (Verdict("same_vertical", turn, LINE_ALONE_FLAG_DEG, "deg", turn <= LINE_ALONE_FLAG_DEG, _LINE),)
    steps = foot_contacts(moving, rate_hz, markers) if stepped is None else stepped
    return _judged(line, _feet_turns(standing_contacts(standing, markers), steps))


def _judged(line: NDArray, feet: Sequence[_Feet]) -> tuple[Verdict, ...]:
    """Compare the turn of the line with what the feet show, whichever of the two recordings is the turned one."""
    if not feet:
        return ()
    nearest = min(feet, key=lambda one: float(np.linalg.norm(line - one.turn)))
    both = (line + nearest.turn) / 2.0
    size = float(np.linalg.norm(both))
    way = both / size if size > 0 else np.array([1.0, 0.0])
    sd = float(np.rad2deg(np.sqrt(way @ nearest.covariance @ way)))
    if sd > FEET_SD_DEG:
        return ()
    agree = np.linalg.norm(line - nearest.turn) <= APART * 2.0 * size
    turn = float(np.rad2deg(max(min(way @ line, way @ nearest.turn), 0.0))) if agree else 0.0
    limit = max(TURN_FLAG_DEG, 2.0 * sd)
    return (Verdict("same_vertical", turn, limit, "deg", turn <= limit, _BOTH),)


def _lean(points: Positions) -> NDArray | None:
    """Return the lean of the body's line in standing, forward and to the right (rad); None where it does not show."""
    line, right = balance_line(points), pelvis_right(points)
    if line is None or right is None or feet_middle(points) is None:
        return None
    standing = standing_frames(points)
    across = np.column_stack([right[:, 0], right[:, 2]])
    across = across / np.where((length := np.linalg.norm(across, axis=1)) > 0, length, np.nan)[:, None]
    # Forward is Y cross the right: (z, -x) of its horizontal part.
    forward = line[:, 0] * across[:, 1] - line[:, 2] * across[:, 0]
    rightward = line[:, 0] * across[:, 0] + line[:, 2] * across[:, 1]
    leans = np.arctan2(np.stack([forward, rightward], axis=1), line[:, 1:2])
    leans = leans[standing & np.isfinite(leans).all(axis=1)]
    return np.median(leans, axis=0) if len(leans) else None


def _feet_turns(stood: Sequence[Contact], stepped: Sequence[Contact]) -> list[_Feet]:
    """Return the turn that soles and heights of the feet show from standing to the steps; nothing without either.

    The difference in height of the two feet turns by the width between them in the recording that is the turned one:
    there is an answer for each of the two.
    """
    rows, seen, sds = [], [], []
    for one in stood:
        others = [other for other in stepped if other.side == one.side]
        if others:
            rows.append(-_in_person(one, stood))
            seen.append(np.median([other.pitch for other in others]) - one.pitch)
            sds.append(np.deg2rad(PITCH_SD_DEG))
    standing, moving = _right_above_left(stood), _right_above_left(stepped)
    if standing is None or moving is None:
        return [_solved(rows, seen, sds)] if rows else []
    rise, sd = moving.rise - standing.rise, float(np.hypot(moving.sd, standing.sd))
    across = np.array([0.0, -1.0])
    return [_solved([*rows, across], [*seen, rise / width], [*sds, sd / width])
            for width in (moving.width, standing.width)]  # fmt: skip


def _solved(rows: Sequence[NDArray], seen: Sequence[float], sds: Sequence[float]) -> _Feet:
    weighted = np.array(rows) / np.array(sds)[:, None]
    # What the feet do not show is uncertain, not unbounded.
    covariance = np.linalg.inv(weighted.T @ weighted + np.eye(2) * 1e-2)
    return _Feet(covariance @ (weighted.T @ (np.array(seen) / np.array(sds))), covariance)


def _in_person(one: Contact, contacts: Sequence[Contact]) -> NDArray:
    """Return the direction of a foot in the person's own axes, forward and right."""
    ahead = sum((_flat(contact.forward) for contact in contacts), start=np.zeros(2))
    ahead = ahead / np.linalg.norm(ahead)
    own = _flat(one.forward)
    return np.array([own @ ahead, own @ np.array([-ahead[1], ahead[0]])])


def _flat(vector: NDArray) -> NDArray:
    flat = vector[[0, 2]]
    return flat / np.linalg.norm(flat)


def _right_above_left(contacts: Sequence[Contact]) -> _Heights | None:
    """Return how much higher than the left foot the right one stands; None where they do not stand side by side.

    Of steps at different places the slope of the ground along the way is taken out.
    """
    if {one.side for one in contacts} != {"R", "L"}:
        return None
    ahead = sum((_flat(contact.forward) for contact in contacts), start=np.zeros(2))
    if not np.linalg.norm(ahead) > 0:
        return None
    ahead = ahead / np.linalg.norm(ahead)
    places = np.stack([one.place for one in contacts])
    flat = places[:, [0, 2]] - places[:, [0, 2]].mean(axis=0)
    along, across = flat @ ahead, flat @ np.array([-ahead[1], ahead[0]])
    right = np.array([one.side == "R" for one in contacts])
    width = float(across[right].mean() - across[~right].mean())
    if width < NARROW_M:
        return None
    rows = np.column_stack([right.astype(float), (~right).astype(float), along])
    covariance = np.linalg.inv(rows.T @ rows / HEIGHT_SD_M**2 + np.diag([0.0, 0.0, SLOPE_SD**-2]))
    found = covariance @ (rows.T @ places[:, 1]) / HEIGHT_SD_M**2
    apart = np.array([1.0, -1.0, 0.0])
    return _Heights(float(apart @ found), float(np.sqrt(apart @ covariance @ apart)), width)
