"""How far hip centres may be off, by how they were found.

Sizes are root mean squares of distances to the true centre, mean and SD between people together, taken as the same in
all directions. Published are Harrington and Davis against CT (Mantovani 2016: 12.3 +- 5.9 and 25.0 +- 6.7 mm), and
sphere fits and regressions against ultrasound (13.4 and 21.6 mm). Of Hara there are leave-one-out errors alone, 1.10
times those of Harrington in the same comparison: taken as that much larger than Harrington's by CT. Of a regression
half of the variance counts as common to both sides (mirrored), since both follow from one size of the pelvis: a choice
of this project.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body

SHARED = 0.5
"""Share of the variance of a regression that is the same on both sides."""
_MIRROR = np.diag([1.0, 1.0, -1.0])


@dataclass(frozen=True)
class HipError:
    """Root mean square distance (m) to the true hip centre, NaN where nothing tells it, and in words where it is from.

    `shared` is the share of the variance that is the same on both sides.
    """

    rms_m: float
    source: str
    shared: float = 0.0

    @property
    def axis_m(self) -> float:
        """Standard uncertainty per axis."""
        return self.rms_m / float(np.sqrt(3.0))


_HARRINGTON = HipError(float(np.hypot(0.0123, 0.0059)), "Harrington's by CT, Mantovani 2016", SHARED)
REGRESSIONS = {
    **dict.fromkeys(("harrington", "harrington_full", "harrington_width", "harrington_leg"), _HARRINGTON),
    "hara": HipError(1.10 * _HARRINGTON.rms_m, "Harrington's by CT, Mantovani 2016, and 10 % more", SHARED),
    "bell": HipError(0.0216, "regressions by ultrasound", SHARED),
    "davis": HipError(float(np.hypot(0.0250, 0.0067)), "Davis's by CT, Mantovani 2016", SHARED),
}
FUNCTIONAL = HipError(0.0134, "sphere fits by ultrasound")
NOT_TOLD = HipError(float("nan"), "nothing tells the error of the hip centre")


def hip_error(body: Body, side: str) -> HipError:
    """Return how far the hip centre of a side, `R` or `L`, may be off."""
    if f"{side}HJC" in body.points or body.hip_is_keypoint(side):
        return NOT_TOLD
    return FUNCTIONAL if side in body.setting.functional.hip_offset else REGRESSIONS[body.setting.hip_method]


def error_sources(errors: Mapping[str, HipError]) -> dict[str, NDArray]:
    """Return what moves the hip centres, each source of unit variance in three directions.

    Parameters
    ----------
    errors : mapping of str to HipError
        By side, `R` and `L`.

    Returns
    -------
    dict of str to ndarray, shape (6, 3)
        Metres of the right and then the left hip centre, in pelvis axes, by the source.
    """
    found = {f"hip {side}": np.zeros((6, 3)) for side in SIDES} | {"hips": np.zeros((6, 3))}
    for side, rows in zip(SIDES, (slice(0, 3), slice(3, 6)), strict=True):
        size, shared = errors[side].axis_m, errors[side].shared
        found[f"hip {side}"][rows] = np.sqrt(1.0 - shared) * size * np.eye(3)
        found["hips"][rows] = np.sqrt(shared) * size * (np.eye(3) if side == "R" else _MIRROR)
    return found
