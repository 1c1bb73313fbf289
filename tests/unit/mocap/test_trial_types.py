import numpy as np
import pytest

from mocap import JointAngles, Keypoints2D, Points3D, Timeline, Trial
from mocap.errors import MocapError, ShapeError, SourceError
from mocap.schema import Status
from mocap.trial import AngleDefinition


def definition(name: str, **change) -> AngleDefinition:
    return AngleDefinition(name, "d", "s", "p", "z", "absolute", "m", **change)


def test_keypoints_check_their_shapes() -> None:
    pixels, confidence = np.zeros((2, 5, 3, 2)), np.ones((2, 5, 3))
    keypoints = Keypoints2D(pixels, confidence, ("a", "b", "c"), 100)
    assert (keypoints.n_cameras, keypoints.n_frames) == (2, 5)
    with pytest.raises(ShapeError, match=r"pixels has shape \(2, 5, 3, 2\), expected \(camera, time, 2, 2\)"):
        Keypoints2D(pixels, confidence, ("a", "b"), 100)
    with pytest.raises(ShapeError, match="confidence has shape"):
        Keypoints2D(pixels, confidence[:1], ("a", "b", "c"), 100)
    with pytest.raises(ShapeError, match="0 to 1"):
        Keypoints2D(pixels, 100 * confidence, ("a", "b", "c"), 100)
    with pytest.raises(ShapeError, match="doubled"):
        Keypoints2D(pixels, confidence, ("a", "b", "a"), 100)
    with pytest.raises(ShapeError, match="rate"):
        Keypoints2D(pixels, confidence, ("a", "b", "c"), 0)
    with pytest.raises(ShapeError, match=r"1000000000 Hz.*above 0 and below 1000000\."):
        Keypoints2D(pixels, confidence, ("a", "b", "c"), 1e9)


def test_points_mark_what_is_there() -> None:
    position = np.zeros((4, 2, 3))
    position[1, 0] = np.nan
    points = Points3D(position, ("a", "b"), 50.0, start_s=1.0)
    assert points.status[1, 0] == 0
    assert points.status[0, 0] == Status.MEASURED
    assert np.isnan(points.covariance).all()
    np.testing.assert_allclose(points.time_s, [1.0, 1.02, 1.04, 1.06])
    assert points.point("b").shape == (4, 3)
    with pytest.raises(ShapeError, match="'c'"):
        points.point("c")
    with pytest.raises(ValueError, match="read-only"):
        points.position[0] = 1


def test_angles_are_radians_inside_and_degrees_on_demand() -> None:
    angles = JointAngles((definition("pelvic_tilt"),), np.full((3, 1), np.pi / 6), 100.0)
    np.testing.assert_allclose(angles.deg("pelvic_tilt"), 30)
    np.testing.assert_allclose(angles["pelvic_tilt"], np.pi / 6)
    assert angles.deg().shape == (3, 1)


def test_an_angle_that_is_not_observable_carries_no_value() -> None:
    hidden = definition("pelvic_tilt", observable=False, reason="two hip keypoints define a line")
    with pytest.raises(ShapeError, match=r"\['pelvic_tilt'\] are not observable but carry values"):
        JointAngles((hidden,), np.zeros((3, 1)), 100.0)
    JointAngles((hidden,), np.full((3, 1), np.nan), 100.0)


def test_trial_refuses_parts_of_different_length() -> None:
    points = Points3D(np.zeros((4, 1, 3)), ("a",), 50.0)
    angles = JointAngles((definition("x"),), np.zeros((3, 1)), 50.0)
    with pytest.raises(ShapeError, match="angles has 3 frames, the points have 4"):
        Trial("t", points, angles=angles)
    keypoints = Keypoints2D(np.zeros((2, 3, 1, 2)), np.ones((2, 3, 1)), ("a",), 50.0)
    with pytest.raises(ShapeError, match="keypoints has 3 frames"):
        Trial("t", points, keypoints=keypoints)


def test_timeline_counts_from_its_start() -> None:
    np.testing.assert_allclose(Timeline(10.0, 3, start_s=0.5).time_s, [0.5, 0.6, 0.7])


def test_errors_tell_code_cause_and_remedy_on_one_line() -> None:
    error = SourceError("No file\n  there.", "Add it.", code="FILE_MISSING")
    assert str(error) == "FILE_MISSING: No file there. Remedy: Add it."
    assert isinstance(error, MocapError)
    assert isinstance(error, OSError)
