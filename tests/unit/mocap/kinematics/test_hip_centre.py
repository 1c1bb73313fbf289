"""Hip centres against a worked example with PW 240, PD 150, LL 900 mm."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics.hip_centre import METHODS, PelvisSize, hip_centre

SIZE = PelvisSize(0.240, 0.150, 0.900)
WITH_MARKERS = PelvisSize(0.240, 0.150, 0.900, marker_radius=0.007)


@pytest.mark.parametrize(
    ("method", "size", "printed_mm"),
    [
        ("harrington", SIZE, (-45.9, -82.9, 86.5)),
        ("harrington_full", SIZE, (-45.9, -81.5, 88.3)),
        ("hara", SIZE, (-45.7, -79.2, 85.4)),
        ("bell", SIZE, (-45.6, -72.0, 86.4)),
        ("davis", WITH_MARKERS, (-46.8, -96.6, 77.7)),
        ("davis", SIZE, (-40.2, -94.4, 77.7)),
        # By hand: -0.138 * 240 - 10.4, -0.305 * 240 - 10.9, 0.33 * 240 + 7.3.
        ("harrington_width", SIZE, (-43.52, -84.1, 86.5)),
        # By hand: -0.041 * 900 - 6.3, -0.083 * 900 - 7.9, 0.0874 * 900 + 5.4.
        ("harrington_leg", SIZE, (-43.2, -82.6, 84.06)),
    ],
)
def test_worked_example(method, size, printed_mm) -> None:
    # Printed to 0.1 mm.
    np.testing.assert_allclose(1000 * hip_centre(method, size, 1.0), printed_mm, atol=0.051)


@pytest.mark.parametrize("method", METHODS)
def test_left_mirrors_right(method) -> None:
    np.testing.assert_allclose(hip_centre(method, SIZE, -1.0), hip_centre(method, SIZE, 1.0) * [1, 1, -1], atol=1e-15)


def test_marker_radius_moves_back_what_is_not_davis() -> None:
    moved = hip_centre("harrington", WITH_MARKERS, 1.0) - hip_centre("harrington", SIZE, 1.0)
    np.testing.assert_allclose(moved, [-0.007, 0, 0], atol=1e-15)


def test_unknown_method_and_missing_leg_length_are_refused() -> None:
    with pytest.raises(KinematicsError, match=r"HIP_METHOD.*harrington"):
        hip_centre("guess", SIZE, 1.0)
    with pytest.raises(KinematicsError, match="LEG_LENGTH"):
        hip_centre("hara", PelvisSize(0.24, 0.15), 1.0)
