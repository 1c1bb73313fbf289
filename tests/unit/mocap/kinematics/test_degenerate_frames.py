"""Points that no body has: spinous markers on one spot, coordinates beyond all lengths. Warnings are errors here."""

import numpy as np
import pytest

from mocap.kinematics import joint_angles
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


def _with_spine(points: Points3D, n_frames: int) -> Points3D:
    """All landmarks, seven markers on a curve from T12 to S1, and no plates."""
    kept = [(k, name) for k, name in enumerate(points.names) if not name.startswith(("SAC", "T12_"))]
    places = {name: points.position[:n_frames, k] for k, name in kept}
    low, top = (places["RPSIS"] + places["LPSIS"]) / 2, places["C7"]
    for k, level in enumerate(LEVELS):
        share = 0.6 + 0.4 * k / 6
        places[level] = top + share * (low - top) + [0.02 * np.sin(k / 2), 0.0, 0.0]
    return Points3D(np.stack(list(places.values()), axis=1), tuple(places), points.rate_hz)


@pytest.fixture(scope="module")
def scene() -> tuple[Points3D, Points3D]:
    subject = default_subject(seed=3)
    return _with_spine(squat(subject).points, 40), _with_spine(static_standing(subject).points, 200)


def _changed(points: Points3D, names: tuple[str, ...], frames: slice, value: object) -> Points3D:
    position = np.array(points.position)
    position[frames, [points.names.index(name) for name in names]] = value
    return Points3D(position, points.names, points.rate_hz)


def _on_one_spot(points: Points3D) -> Points3D:
    spot = points.position[:, points.names.index("L3")]
    return _changed(points, LEVELS, slice(None), spot[:, None])


def test_spinous_markers_on_one_spot_show_no_curvature(scene: tuple[Points3D, Points3D]) -> None:
    trial, static = scene
    assert joint_angles(trial, static=static).definition("lumbar_curvature").observable
    angles = joint_angles(_on_one_spot(trial), static=static)
    for name in ("lumbar_curvature", "lumbar_curvature_upper", "lumbar_curvature_lower"):
        assert np.isnan(angles[name]).all()
        assert "within 10 mm" in angles.definition(name).reason
    assert np.isfinite(angles["knee_flexion_r"]).all()


def test_a_static_with_the_spine_on_one_spot_is_no_zero_of_lumbar_flexion(scene: tuple[Points3D, Points3D]) -> None:
    trial, static = scene
    assert joint_angles(trial, static=static).definition("lumbar_flexion").observable
    angles = joint_angles(trial, static=_on_one_spot(static))
    assert not angles.definition("lumbar_flexion").observable
    assert np.isfinite(angles["hip_flexion_l"]).all()


@pytest.mark.parametrize("value", [1e40, -1e200, np.inf, -np.inf])
def test_coordinates_beyond_all_lengths_are_missing(scene: tuple[Points3D, Points3D], value: float) -> None:
    """As if they were NaN: the same values, the same reasons."""
    trial, static = scene
    names, frames = ("C7", "RASIS", "LHEEL", "L3"), slice(10, 20)
    told = joint_angles(_changed(trial, names, frames, value), static=static)
    missing = joint_angles(_changed(trial, names, frames, np.nan), static=static)
    assert np.isnan(missing["pelvic_tilt"][frames]).all()
    np.testing.assert_array_equal(told.values, missing.values)
    np.testing.assert_array_equal(told.frame_reason, missing.frame_reason)
    assert told.frame_reason_words == missing.frame_reason_words
