"""Choices of the kinematics that results have to share to be compared."""

import pytest

from mocap.kinematics import KinematicsOptions
from mocap.pipeline.assessment_method import method_of
from mocap.pipeline.motion import analyse
from mocap.pipeline.stated_options import options_in_words, stated_options
from mocap.synthetic import default_subject, static_standing
from mocap.trial import Operation, Trial


def words(**chosen: float | str | bool) -> str:
    told = stated_options(KinematicsOptions(**chosen))  # type: ignore[arg-type]
    return options_in_words(Operation("kinematics", {"options": told}))


@pytest.mark.parametrize("name, value", [
    ("hip_centre", "bell"), ("marker_radius_m", 0.01), ("skin_asis_m", 0.03), ("heading_rad", 0.3),
    ("foot", "anatomical"), ("pelvis", "plate"), ("soft_tissue_scale", 2.0), ("knee_axis", "epicondyles"),
])  # fmt: skip
def test_choices_that_move_angles_are_part_of_the_method(name: str, value: float | str) -> None:
    assert words(**{name: value}) == f"{name} {value}" != words() == "usual"


def test_what_is_the_persons_own_or_moves_nothing_is_not() -> None:
    assert words(leg_length_m=0.9, knee_width_r_m=0.1, marker_diameter_m=0.01, sex="female", posture="any") == "usual"
    assert options_in_words(Operation("kinematics")) == "not stated"  # a file of an older version


def test_an_analysed_trial_keeps_its_choices() -> None:
    standing = static_standing(default_subject(), seconds=0.5).points
    made = analyse(Trial("s", standing), standing, options=KinematicsOptions(foot="anatomical", leg_length_m=0.9))
    told = next(one for one in made.operations if one.name == "kinematics").parameters["options"]
    assert told == '{"foot": "anatomical", "leg_length_m": 0.9}'
    assert method_of(made, "gait", "")["options"] == "foot anatomical"
