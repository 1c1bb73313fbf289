"""Tells of a recording with the markers of Plug-in Gait, opened with another model, what that one would show."""

from collections.abc import Iterable
from dataclasses import replace

from mocap.errors import KinematicsError
from mocap.kinematics import Kinematics, KinematicsOptions
from mocap.kinematics.option_use import UNUSED
from mocap.pipeline.model_notes import KinematicsInput, other_model_note
from mocap.trial import AngleDefinition

MODEL = "plug-in-gait"
_UNUSED = (*UNUSED[MODEL], "hip_centre", "marker_radius_m")


def better_model_note(given: KinematicsInput, options: KinematicsOptions, result: Kinematics) -> str:
    """Return that model `plug-in-gait` fits and how many angles it shows, or "" where it does not fit or shows no more.

    Parameters
    ----------
    given : KinematicsInput
    options : KinematicsOptions
        As the result was computed.
    result : Kinematics

    Notes
    -----
    The model is tried, on the points without their covariance; the measures that it would lack are named.
    """
    fits = other_model_note(result, options)
    if not fits:
        return ""
    plain = KinematicsOptions()
    # Choices that the model does not use are left out: they would be refused.
    chosen = replace(options, model=MODEL, **{name: getattr(plain, name) for name in _UNUSED})
    bare = replace(given, points=replace(given.points, covariance=None))  # type: ignore[arg-type]
    shown, total = _shown(result.angles.definitions), len(result.angles.definitions)
    try:
        found = _shown(bare.compute(chosen, measured=False).angles.definitions)
    except KinematicsError as refused:
        return f"{fits}, but: {refused.cause}" if refused.code == "MEASURE_MISSING" else ""
    return f"{fits}: {found} of {total} angles, where model {options.model} shows {shown}" if found > shown else ""


def _shown(definitions: Iterable[AngleDefinition]) -> int:
    return sum(one.observable for one in definitions)
