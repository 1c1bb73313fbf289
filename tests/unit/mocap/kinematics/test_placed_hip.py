"""What misplaced landmarks do to the hip centre by the size of the pelvis, against differences of the regression."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.kinematics.placed_hip import with_size
from mocap.kinematics.traced import Frame, Vec

SIZE, STEP_M = PelvisSize(width=0.24, depth=0.15, leg_length=0.9), 1e-6


@pytest.mark.parametrize("method", ["harrington", "bell"])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_longer_line_moves_the_hip_centre_as_the_regression_does(method: str, side: float) -> None:
    turn = Rotation.from_euler("xyz", [20.0, -35.0, 50.0], degrees=True).as_matrix()
    ways = {"width": turn @ [0.0, 0.0, SIZE.width], "depth": turn @ [SIZE.depth, 0.0, 0.0]}
    for name, way in ways.items():
        shown = {"RASIS": np.eye(3)[None]}
        lines = {one: Vec(value[None], shown if one == name else {}) for one, value in ways.items()}
        centre = Vec(np.zeros((1, 3)), {"RASIS": 0.5 * np.eye(3)[None], "LASIS": 0.5 * np.eye(3)[None]})
        found = with_size(centre, Frame(turn[None]), method, SIZE, side, lines).grad
        for axis, shift in enumerate(STEP_M * np.eye(3)):
            ends = [turn @ hip_centre(method, replace(SIZE, **{name: float(np.linalg.norm(way + sign * shift))}), side)
                    for sign in (-1, 1)]  # fmt: skip
            expected = 0.5 * np.eye(3)[axis] + (ends[1] - ends[0]) / (2 * STEP_M)
            np.testing.assert_allclose(found["RASIS"][0][:, axis], expected, atol=1e-8)
        np.testing.assert_array_equal(found["LASIS"], 0.5 * np.eye(3)[None])
