"""Choices that nothing would heed are refused by name."""

from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ConfigError, KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.pipeline.unheeded import check_heeded
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D


@pytest.mark.parametrize(
    ("model", "choices", "axes", "code"),
    [("segments", {"model": "skeleton"}, None, "MODEL_TWICE"), (None, {}, "y", "AXES_UNUSED"),
     ("skeleton", {"model": "skeleton"}, None, ""), (None, {"model": "skeleton"}, None, "")],
)  # fmt: skip
def test_a_second_model_and_axes_of_trial_files_are_refused(model, choices, axes, code) -> None:
    files = [Path("walk.h5"), Path("static.h5")]
    if not code:
        check_heeded(model, choices, axes, files)
        return
    with pytest.raises(ConfigError) as refused:
        check_heeded(model, choices, axes, files)
    assert refused.value.code == code


def test_axes_of_one_file_of_another_program_are_heeded() -> None:
    check_heeded(None, {}, "y", [Path("walk.h5"), Path("static.trc")])


def test_a_plate_that_is_not_there_cannot_be_chosen() -> None:
    person = default_subject()
    trial, static = squat(person, repetitions=1).points, static_standing(person, seconds=1.0).points
    options = KinematicsOptions(pelvis="plate")
    assert np.isfinite(kinematics(trial, static=static, options=options).angles["pelvic_tilt"]).all()
    names = [name for name in trial.names if not name.startswith("SAC")]
    bare = Points3D(trial.position[:, [trial.names.index(name) for name in names]], names, trial.rate_hz)
    for given, standing in ((bare, static), (trial, None)):
        with pytest.raises(KinematicsError, match="no sacral plate"):
            kinematics(given, static=standing, options=options)
