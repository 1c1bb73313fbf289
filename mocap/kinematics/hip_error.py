"""What the error of the hip centres leaves in angles: of a regression, or of a functional movement.

A hip centre lies where it lies in the bone: its error is constant in the pelvis. No angle of the pelvis by its markers
knows of it, that of a femur does; in the model `skeleton` it turns the pelvis, too (`mocap.kinematics.fit.hip_shift`).
Its size is that of `mocap.kinematics.hip_sizes`. What the heading takes from a turned pelvis (0.3 deg at most in a
squat) is left out.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mocap.kinematics.body import SIDES, Body
from mocap.kinematics.fit.hip_place import sources_of
from mocap.kinematics.fit.model import Skeleton
from mocap.kinematics.gradients import largest_change_sd, largest_sd
from mocap.kinematics.hip_sizes import HipError, error_sources, hip_error
from mocap.kinematics.landmarks import Landmarks, for_placement
from mocap.kinematics.models import build_body
from mocap.kinematics.outcomes import all_outcomes, placement_frames
from mocap.trial import AngleDefinition, JointAngles


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
    sources = error_sources(errors)
    placed = None if fitted is None else fitted.hips
    if placed is not None:
        sources = sources_of(placed.covariance)
        errors = {side: _narrowed(one, placed.variance(side.lower())) for side, one in errors.items()}
    frames = placement_frames(found)
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


def _narrowed(error: HipError, variance: float) -> HipError:
    return replace(error, rms_m=float(np.sqrt(variance)), source=f"{error.source}, and what the trial tells")


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
