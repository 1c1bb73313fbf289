"""The base of support of a person whose feet are seen in part."""

import numpy as np
import pytest

from mocap.kinematics import kinematics
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
TRIAL = squat(SUBJECT, repetitions=1).points
MARGINS = ("base_of_support_margin", "margin_of_stability", "margin_of_stability_variable_length")
LEFT = ("LHEEL", "LMT1", "LMT2", "LMT5", "LHALLUX")


def _without(points: Points3D, *left_out: str) -> Points3D:
    names = [name for name in points.names if name not in left_out]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


@pytest.mark.parametrize("left_out", [LEFT, LEFT[1:]])
def test_one_foot_is_no_base_of_both(left_out: tuple[str, ...]) -> None:
    segments = kinematics(TRIAL, "landmarks", _without(STATIC, *left_out)).segments
    for name in MARGINS:
        # From the right foot alone the margin read -147 mm where the truth is +75 mm.
        assert not segments.measure(name).observable, name
        assert "two points of each foot" in segments.measure(name).reason, name


def test_a_corner_that_the_static_lacks_is_told() -> None:
    found = kinematics(TRIAL, "landmarks", _without(STATIC, "LMT5")).segments.measure("base_of_support_margin")
    assert found.observable and "without LMT5" in found.reason and "LMT5" not in found.method
