"""Choices that nothing would heed are refused by name."""

from pathlib import Path

import numpy as np
import pytest

from mocap.errors import ConfigError, KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.pipeline.motion import analyse
from mocap.pipeline.notes import notes_of
from mocap.pipeline.unheeded import check_heeded
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D, Trial


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


def with_hips(sides: str, hip_centre: str, knees: str = "RL") -> tuple[str, ...]:
    """Notes of a trial that brings hip centres of some sides, and shows some knees."""
    points = static_standing(default_subject(), seconds=0.2).points
    asis = {side: points.point(f"{side}ASIS") for side in "RL"}
    inwards = {side: 0.2 * (asis["L" if side == "R" else "R"] - asis[side]) for side in "RL"}
    hips = [asis[side] + inwards[side] - [0.06, 0.0, 0.08] for side in sides]
    position = np.concatenate([points.position, *(hip[:, None] for hip in hips)], axis=1)
    names = (*points.names, *(f"{side}HJC" for side in sides))
    kept = [at for at, name in enumerate(names) if name[1:] not in ("LFE", "MFE") or name[0] in knees]
    shown = Points3D(position[:, kept], [names[at] for at in kept], 100.0)
    return notes_of(analyse(Trial("t", points=shown), None, options=KinematicsOptions(hip_centre=hip_centre)))


def test_a_regression_beside_hip_centres_that_come_with_the_points_is_told_to_have_no_effect() -> None:
    told = "hip_centre=bell has no effect: the hip centres come with the points"
    for knees in ("RL", "R"):  # a hip whose thigh is not shown has no angle that would heed it either
        assert told in with_hips("RL", "bell", knees)
    usual = KinematicsOptions.hip_centre
    for sides, hip_centre, knees in (("RL", usual, "RL"), ("R", "bell", "RL"), ("RL", "bell", "")):
        assert not any("has no effect" in note for note in with_hips(sides, hip_centre, knees))
