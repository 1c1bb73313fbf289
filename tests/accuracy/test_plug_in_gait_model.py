"""Model plug-in-gait, from markers and the standing trial, against Vicon's own output in the same files."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import Kinematics, KinematicsOptions, kinematics
from mocap.readers import Imported
from mocap.readers.c3d import read_c3d

# What the files do not tell: the diameter of the markers, and whether the feet were taken as flat.
WALKS = {
    "Motion-FlatFoot-Full": ("Calibration-FlatFoot-Full", 0.016, "flat"),
    "Motion-FlatFoot-Hole": ("Calibration-FlatFoot-Hole", 0.016, "flat"),
    "Motion-FlatFoot-One": ("Calibration-FlatFoot-One", 0.016, "flat"),
    "Motion3_FF": ("Calibration3_FF", 0.014, "flat"),
    "Motion3_FF_N18": ("Calibration3_FF_N18", 0.014, "flat"),
    "Motion3_noFF": ("Calibration3_noFF", 0.014, "anatomical"),
}
WITH_TRUNK = tuple(WALKS)[:3]
LIMIT_DEG = 0.01
# Ours against Vicon's columns: name, joint, column, sign. Vicon's second ankle column is eversion positive.
COLUMNS = (
    ("hip_flexion", "Hip", 0, 1), ("hip_adduction", "Hip", 1, 1), ("hip_rotation", "Hip", 2, 1),
    ("knee_flexion", "Knee", 0, 1), ("knee_varus", "Knee", 1, 1), ("knee_rotation", "Knee", 2, 1),
    ("ankle_dorsiflexion", "Ankle", 0, 1), ("ankle_inversion", "Ankle", 1, -1),
)  # fmt: skip


@cache
def _read(folder: Path, name: str) -> Imported:
    return read_c3d(folder / "plug_in_gait" / f"PiG_{name}.c3d")


def _model(folder: Path, walk: str, **changed) -> Kinematics:
    static_name, diameter, foot = WALKS[walk]
    trial, static = _read(folder, walk), _read(folder, static_name)
    options = KinematicsOptions(**{"model": "plug-in-gait", "marker_diameter_m": diameter, "foot": foot, **changed})
    return kinematics(
        trial.points, static=static.points, options=options, subject=trial.subject, static_subject=static.subject
    )


def _vicon(recording: Imported, name: str) -> np.ndarray:
    angles = recording.model_angles
    return np.asarray(angles[name] if name in angles else angles[f"{name}V"])


def _rms(found: np.ndarray, vicon: np.ndarray) -> float:
    both = np.isfinite(found) & np.isfinite(vicon)
    assert both.sum() >= 0.99 * np.isfinite(vicon).sum() > 200
    return float(np.sqrt(np.mean((found - vicon)[both] ** 2)))


@pytest.mark.parametrize("walk", WALKS)
def test_legs_equal_vicon(shared_data: Path, walk: str) -> None:
    result, recording = _model(shared_data, walk), _read(shared_data, walk)
    worst = {}
    for side in "RL":
        for name, joint, column, sign in COLUMNS:
            vicon = sign * _vicon(recording, f"{side}{joint}Angles")[:, column]
            worst[f"{name}_{side.lower()}"] = _rms(result.angles.deg(f"{name}_{side.lower()}"), vicon)
    # Measured over the six walks: sagittal at most 1.2e-4, the others at most 6.3e-4 deg RMS.
    assert len(worst) == 16
    assert max(worst.values()) < LIMIT_DEG, worst


@pytest.mark.parametrize("walk", WITH_TRUNK)
def test_trunk_equals_vicons_thorax_and_spine(shared_data: Path, walk: str) -> None:
    result, recording = _model(shared_data, walk), _read(shared_data, walk)
    lean = "trunk_lean", "trunk_lateral_lean", "trunk_rotation"
    bend = "thoracopelvic_flexion", "thoracopelvic_lateral_bend", "thoracopelvic_rotation"
    worst = {
        name: _rms(result.angles.deg(name), sign * _vicon(recording, f"R{part}Angles")[:, column])
        for part, names, signs in (("Thorax", lean, (1, -1, -1)), ("Spine", bend, (1, 1, 1)))
        for column, (name, sign) in enumerate(zip(names, signs, strict=True))
    }
    # Vicon's right thorax has right side up and right side forward positive. Measured: at most 1.2e-5 deg RMS.
    assert max(worst.values()) < LIMIT_DEG, worst


def test_stale_offsets_of_the_file_are_not_used(shared_data: Path) -> None:
    stored = _read(shared_data, "Motion3_FF").subject
    method = _model(shared_data, "Motion3_FF").angles.definition("ankle_dorsiflexion_r").method
    assert "10.66 deg" in method  # of the static; that stored with the walk is 7.75 deg
    assert np.rad2deg(stored["static_plantar_flexion_r_rad"]) == pytest.approx(7.754, abs=1e-3)


@pytest.mark.parametrize("changed", [{"marker_diameter_m": 0.018}, {"foot": "anatomical"}, {"knee_width_r_m": 0.125}])
def test_a_wrong_choice_shows(shared_data: Path, changed: dict) -> None:
    recording = _read(shared_data, "Motion3_FF")
    angles = _model(shared_data, "Motion3_FF", **changed).angles
    apart = [
        _rms(angles.deg(f"{name}_r"), _vicon(recording, f"R{joint}Angles")[:, 0])
        for name, joint, column, _ in COLUMNS
        if column == 0
    ]
    assert max(apart) > 10 * LIMIT_DEG


@pytest.mark.parametrize("walk", ["Motion-FlatFoot-Full", "Motion3_FF"])
def test_joint_centres_are_those_of_vicon(shared_data: Path, walk: str) -> None:
    centres, points = _model(shared_data, walk).centres, _read(shared_data, walk).points
    for side in "RL":
        for ours, theirs in (("KJC", "FEO"), ("AJC", "TIO")):
            apart = np.linalg.norm(centres[side + ours] - points.point(side + theirs), axis=1)
            # Measured: at most 0.0008 mm.
            assert 1000 * np.nanmax(apart) < 0.01


@pytest.mark.parametrize(
    ("changed", "largest_deg"),
    [({"knee_width_r_m": 0.112}, 0.5), ({"leg_length_m": 0.97}, 0.8), ({"marker_diameter_m": 0.016}, 0.23)],
)
def test_flexions_depend_little_on_the_measures(shared_data: Path, changed: dict, largest_deg: float) -> None:
    """Knee width 10 mm, leg length 50 mm, radius of the markers 1 mm more."""
    plain = _model(shared_data, "Motion3_FF").angles
    other = _model(shared_data, "Motion3_FF", **changed).angles
    names = [f"{name}_{side}" for name, _, column, _ in COLUMNS if column == 0 for side in "rl"]
    worst = max(float(np.nanmax(np.abs(other.deg(name) - plain.deg(name)))) for name in names)
    # Measured: 0.35, 0.43 and 0.15 deg.
    assert 0.1 * largest_deg < worst <= largest_deg
