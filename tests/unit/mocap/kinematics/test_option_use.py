"""A choice that a model does not heed is refused by name, with the models that do."""

import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.option_use import UNUSED, check_used
from mocap.synthetic import default_subject, squat

OTHER = {"knee_axis": "epicondyles", "pelvis": "landmarks"}


@pytest.mark.parametrize(("model", "name"), [(model, name) for model, names in UNUSED.items() for name in names])
def test_what_a_model_does_not_use_is_refused(model: str, name: str) -> None:
    with pytest.raises(KinematicsError, match=rf"OPTION.*Model {model} does not use the option {name}\."):
        check_used(KinematicsOptions(model=model, **{name: OTHER.get(name, 0.05)}))


@pytest.mark.parametrize("model", UNUSED)
def test_defaults_are_no_choices(model: str) -> None:
    check_used(KinematicsOptions(model=model))


def test_the_analysis_refuses_before_it_begins() -> None:
    points = squat(default_subject(), repetitions=1).points
    with pytest.raises(KinematicsError, match=r"OPTION.*bridge_s, .*knee_width_r_m|OPTION.*knee_width_r_m, bridge_s"):
        kinematics(points, options=KinematicsOptions(bridge_s=2.0, knee_width_r_m=0.105))
    with pytest.raises(KinematicsError, match=r"OPTION.*no functional knee movement"):
        kinematics(points, options=KinematicsOptions(knee_axis="functional"))
