"""Is the ground on which the feet stood level in the world? Where a person walks, 1 deg shows.

The middle of a foot's markers is always as high above the ground as in the foot's other steps; how high, nobody has to
know. So the heights of several steps give the slope of the ground along the way, and the scatter about a plane tells
how far that may be trusted.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.foot_contacts import Contact
from mocap.trial import Verdict

FLOOR_FLAG_DEG = 0.5
"""Recorded walks on laboratory floors show 0.02 to 0.11 deg."""
CERTAIN_DEG = 1.0
"""Three standard uncertainties have to be less, so that a floor that is off by as much is seen."""
STEEPEST_DEG = 20.0
"""Beyond it are stairs and boxes; a world that is off by so much is seen by the person's own lean."""
HEIGHT_SD_M = 0.005
"""Of a step's height; 0.3 to 1.5 mm about the plane in recorded walks."""
SIDES_SD_M = 0.010
"""By which the markers of the two feet are at unlike heights above their soles."""
ROUGH_M = 0.015
"""Steps that scatter by more about a plane stood at several heights."""
PLACES, APART_M = 3, 0.2
"""Places along the way, and how far apart they count as several: two heights always lie on a line."""
ODD_PITCH_DEG = 5.0
"""A foot that stands on its toes is left out."""
FLOOR_NOT_JUDGED = "floor not judged: its slope shows in three or more steps on one plane, over a metre or more"
_TEXT = (
    "slope of the ground under {count} steps spread over {reach:.1f} m, sd {sd:.2f} deg; above the limit the world's Z "
    "is not the vertical, or the ground was not level"
)


def floor_verdict(contacts: Sequence[Contact]) -> tuple[Verdict, ...]:
    """Return the slope of the ground along the ways in which the steps show it to 1 deg; nothing where none do.

    Parameters
    ----------
    contacts : sequence of Contact
        Of one trial.

    Returns
    -------
    tuple of Verdict
        `floor_level`, deg; its limit is 0.5 deg, or three standard uncertainties where that is more.
    """
    flat = _alike(contacts)
    if len(flat) < PLACES:
        return ()
    places = np.stack([one.place for one in flat])
    middle = places - places.mean(axis=0)
    sides = np.array([one.side == "R" for one in flat], float)
    # By the two slopes and the height of each foot's markers, of which the two feet's are much the same.
    rows = np.column_stack([middle[:, 0], middle[:, 2], sides, 1.0 - sides]) / HEIGHT_SD_M
    alike = np.array([0.0, 0.0, 1.0, -1.0]) / SIDES_SD_M
    loose = np.diag([1e-3, 1e-3, 1e-3, 1e-3])  # slopes of a thousand, for what no step shows
    system = np.vstack([rows, alike, loose])
    covariance = np.linalg.inv(system.T @ system)
    found = covariance @ (rows.T @ (middle[:, 1] / HEIGHT_SD_M))
    rough = middle[:, 1] - rows @ found * HEIGHT_SD_M
    if np.sqrt(np.mean(rough**2)) > ROUGH_M:
        return ()
    return _judged(found[:2], covariance[:2, :2], middle[:, [0, 2]])


def _judged(slope: NDArray, covariance: NDArray, places: NDArray) -> tuple[Verdict, ...]:
    variances, ways = np.linalg.eigh(covariance)
    sds = np.rad2deg(np.sqrt(variances))
    shown = [i for i in (0, 1) if 3.0 * sds[i] <= CERTAIN_DEG and _n_places(places @ ways[:, i]) >= PLACES]
    if not shown:
        return ()
    found = float(np.rad2deg(np.arctan(np.linalg.norm(ways[:, shown].T @ slope))))
    if found > STEEPEST_DEG:
        return ()
    sd = float(sds[shown].max())
    limit = max(FLOOR_FLAG_DEG, 3.0 * sd)
    text = _TEXT.format(count=len(places), reach=float(np.ptp(places @ ways[:, shown[0]])), sd=sd)
    return (Verdict("floor_level", found, limit, "deg", found <= limit, text),)


def _alike(contacts: Sequence[Contact]) -> list[Contact]:
    """Return the contacts in which each foot stands as it mostly does."""
    usual = {side: np.median([c.pitch for c in contacts if c.side == side]) for side in {c.side for c in contacts}}
    return [one for one in contacts if abs(np.rad2deg(one.pitch - usual[one.side])) <= ODD_PITCH_DEG]


def _n_places(along: NDArray) -> int:
    """Return how many places, 0.2 m or more apart, there are along a way."""
    count, last = 0, -np.inf
    for one in np.sort(along):
        if one - last >= APART_M:
            count, last = count + 1, one
    return count
