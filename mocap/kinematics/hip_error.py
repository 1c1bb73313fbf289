"""What the error of the hip centres leaves in angles: of a regression, or of a functional movement.

A hip centre lies where it lies in the bone: its error is constant in the pelvis. No angle of the pelvis by its markers
knows of it, that of a femur does; in the model `skeleton` it turns the pelvis, too (`mocap.kinematics.fit.hip_shift`).

Sizes are root mean squares of distances to the true centre, mean and SD between people together, taken as the same in
all directions. Published are Harrington and Davis against CT (Mantovani 2016: 12.3 +- 5.9 and 25.0 +- 6.7 mm), and
sphere fits and regressions against ultrasound (13.4 and 21.6 mm). Of Hara there are leave-one-out errors alone, 1.10
times those of Harrington in the same comparison: taken as that much larger than Harrington's by CT. Of a regression
half of the variance counts as common to both sides (mirrored), since both follow from one size of the pelvis: a choice
of this project. What the heading takes from a turned pelvis (0.3 deg at most in a squat) is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.fit.model import Skeleton
from mocap.kinematics.gradients import largest_change_sd, largest_sd
from mocap.kinematics.landmarks import Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.outcomes import all_outcomes, placement_frames
from mocap.trial import AngleDefinition, JointAngles

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


def with_hip_error(angles: JointAngles, found: Landmarks, body: Body, fitted: Skeleton | None) -> JointAngles:
    """Return the angles with `u_hip_centre` and `u_hip_centre_change`, and in their methods what these rest on.

    Parameters
    ----------
    angles : JointAngles
    found, body
        Of the trial.
    fitted : Skeleton or None
        Of model `skeleton`.

    Returns
    -------
    JointAngles
        0 for angles that do not know of the hip centre. NaN where its error is not known (given with the points, by
        keypoints) and in Plug-in Gait, whose centres are that model's own convention.
    """
    if body.setting.kind == "keypoints" or body.setting.plug_in_gait is not None:
        return angles
    errors = {side: hip_error(body, side) for side in SIDES}
    sources, frames = error_sources(errors), placement_frames(found)
    seen = for_placement(found, frames, ()) if fitted is None else fitted.by_hips(frames, sources)
    setting = replace(body.setting, hip_error=sources)
    outcomes = all_outcomes(build_body(seen.points, seen.poses, setting, body.zeros, body.heading))
    outcomes = {name: outcomes[name] for name in angles.names}
    part = largest_sd(outcomes)
    return replace(
        angles,
        definitions=tuple(
            one if outcomes[one.name].angle is None else _worded(one, size, errors)
            for one, size in zip(angles.definitions, part, strict=True)
        ),
        u_hip_centre=part,
        u_hip_centre_change=largest_change_sd(outcomes, 1.0),
    )


def _worded(definition: AngleDefinition, size: float, errors: Mapping[str, HipError]) -> AngleDefinition:
    """Say in the method how well the hip centre is known, where the angle knows of it."""
    sides = [definition.name[-1].upper()] if definition.name.endswith(("_r", "_l")) else list(SIDES)
    if size == 0.0 or not definition.observable:
        return definition
    told = dict.fromkeys(_words(errors[side]) for side in sides)
    return replace(definition, method="; ".join([definition.method, *told]))


def _words(error: HipError) -> str:
    if not np.isfinite(error.rms_m):
        return error.source
    return f"sd of the hip centre {1000 * error.axis_m:.2g} mm per axis ({error.source})"
