"""What a user chose and nothing would heed: refused, or told."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mocap.errors import ConfigError
from mocap.kinematics import Kinematics, KinematicsOptions
from mocap.kinematics.hip_words import HIP_GIVEN
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES


def check_heeded(model: str | None, choices: Mapping[str, str], axes: str | None, files: Sequence[Path]) -> None:
    """Refuse a second model, and axes or units for trial files alone, which have their own.

    Raises
    ------
    ConfigError
        MODEL_TWICE, AXES_UNUSED.
    """
    if model is not None and choices.get("model", model) != model:
        raise ConfigError(
            f"Two models are asked for: {model} and, as an option, {choices['model']}.",
            "Leave one of both out.",
            code="MODEL_TWICE",
        )
    if axes and all(file.suffix.lower() in TRIAL_SUFFIXES for file in files):
        raise ConfigError(
            "Up axis and units are for files of other programs; trial files are in metres, with their own axes.",
            "Leave --up and --units out.",
            code="AXES_UNUSED",
        )


def unused_note(result: Kinematics, options: KinematicsOptions) -> str:
    """Return that hip centres that come with the points leave a chosen regression without a use; empty elsewhere."""
    given = [one.method for one in result.angles.definitions if one.name.startswith("hip_flexion") and one.observable]
    if options.hip_centre == KinematicsOptions.hip_centre or not given or not all(HIP_GIVEN in text for text in given):
        return ""
    return f"hip_centre={options.hip_centre} has no effect: the hip centres come with the points"
