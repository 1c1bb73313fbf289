"""Our angle formula on the segments that the files store, against the angles that they store."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mocap.kinematics.angles import joint
from mocap.readers import Imported
from mocap.readers.c3d import read_c3d

WALKS = ("Motion-FlatFoot-Full", "Motion-FlatFoot-Hole", "Motion-FlatFoot-One", "Motion3_FF", "Motion3_FF_N18",
         "Motion3_noFF")  # fmt: skip
LIMIT_DEG = 0.01


def _segment(recording: Imported, name: str) -> NDArray:
    """Return a segment of the file in ISB axes, shape (time, 3, 3): X forward, Y up, Z to the right."""
    points = recording.points
    origin, *ends = (points.point(name + letter) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) for letter in "OALP")
    x, left, up = ((end - origin) / np.linalg.norm(end - origin, axis=1, keepdims=True) for end in ends)
    return np.stack([x, up, -left], axis=2)


def _between(proximal: NDArray, distal: NDArray) -> NDArray:
    return np.rad2deg(np.stack(joint(np.swapaxes(proximal, 1, 2) @ distal), axis=1))


def _vicon(recording: Imported, name: str) -> NDArray:
    angles = recording.model_angles
    return np.asarray(angles[name] if name in angles else angles[f"{name}V"])


def _worst(found: NDArray, vicon: NDArray) -> NDArray:
    both = np.isfinite(found).all(axis=1) & np.isfinite(vicon).all(axis=1)
    assert both.sum() >= 0.99 * np.isfinite(vicon).all(axis=1).sum() > 200
    return np.abs(found - vicon)[both].max(axis=0)


@pytest.mark.parametrize("side", ["R", "L"])
@pytest.mark.parametrize("walk", WALKS)
def test_angles_of_stored_segments_equal_stored_angles(shared_data: Path, walk: str, side: str) -> None:
    recording = read_c3d(shared_data / "plug_in_gait" / f"PiG_{walk}.c3d")
    s = 1 if side == "R" else -1
    pelvis, femur = _segment(recording, "PEL"), _segment(recording, f"{side}FE")
    shank, foot = _segment(recording, f"{side}TI"), _segment(recording, f"{side}FO")
    # Flexion, adduction or varus, internal rotation. The stored foot has its long axis along P, towards the heel, so
    # that its flexion is 90 deg where ours is 0; Vicon's second ankle column is the turn about that axis, its third
    # the one across.
    hip = _between(pelvis, femur) * [1, s, s]
    knee = _between(femur, shank) * [-1, s, s]
    ankle = _between(shank, foot)
    ankle = np.stack([ankle[:, 0] - 90.0, s * ankle[:, 2], s * ankle[:, 1]], axis=1)
    # Measured: at most 1.2e-4 deg in any angle and frame, 8.5e-5 in flexion.
    for found, name in ((hip, "Hip"), (knee, "Knee"), (ankle, "Ankle")):
        assert _worst(found, _vicon(recording, f"{side}{name}Angles")).max() < LIMIT_DEG


@pytest.mark.parametrize("side", ["R", "L"])
@pytest.mark.parametrize("walk", WALKS[:3])
def test_spine_of_stored_segments_equals_the_stored_one(shared_data: Path, walk: str, side: str) -> None:
    recording = read_c3d(shared_data / "plug_in_gait" / f"PiG_{walk}.c3d")
    s = 1 if side == "R" else -1
    # The stored thorax has its L and P axes towards the right and down.
    thorax = _segment(recording, "TRX") * [1, -1, -1]
    found = _between(thorax, _segment(recording, "PEL")) * [1, -s, s]
    # Measured: at most 1.1e-4 deg in all three angles.
    assert _worst(found, _vicon(recording, f"{side}SpineAngles")).max() < LIMIT_DEG
