"""What misplaced landmarks of the pelvis leave in angles against a heading that the same landmarks show."""

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.synthetic import default_subject, squat
from mocap.trial import Points3D

SUBJECT = default_subject()
TRIAL = squat(SUBJECT, repetitions=1).points
BONES = {
    **dict.fromkeys(("RASIS", "LASIS", "RPSIS", "LPSIS"), "pelvis"),
    **dict.fromkeys(("RHEEL", "RMT1", "RMT2", "RMT5"), "foot_r"),
}
STEP_M, SD_M = 1e-5, 0.005
NAMES = ("foot_progression_r", "pelvic_rotation", "pelvic_obliquity_conventional", "pelvic_rotation_conventional")


@pytest.mark.parametrize("given", [float("nan"), pytest.param(0.3, marks=pytest.mark.heavy)])
def test_a_misplaced_pelvis_turns_the_heading_that_it_shows(given: float) -> None:
    plates = ("SAC", "T12_", "RTH", "LTH", "RSH", "LSH", "RFT", "LFT")
    keep = [name for name in TRIAL.names if not name.startswith(plates)]
    columns = [TRIAL.names.index(name) for name in keep]
    # As in a recording of somebody who does not face along an axis of the world.
    turn = np.array([[np.cos(0.3), -np.sin(0.3), 0], [np.sin(0.3), np.cos(0.3), 0], [0, 0, 1]])
    position = TRIAL.position[::12, columns] @ turn.T
    options = KinematicsOptions(heading_rad=given)

    def run(position: np.ndarray):  # type: ignore[no-untyped-def]
        points = Points3D(position, keep, TRIAL.rate_hz / 12)
        return kinematics(points, "landmarks", options=options, measured=False)

    whole = kinematics(Points3D(position, keep, TRIAL.rate_hz / 12), "landmarks", options=options)
    angles, bottom = whole.angles, int(np.argmin(position[:, keep.index("RASIS"), 2]))
    index = [angles.names.index(name) for name in NAMES]
    square, change = np.zeros((len(position), len(NAMES))), np.zeros(len(NAMES))
    for name, bone in BONES.items():
        axes = whole.segments.world_from_segment[:, whole.segments.names.index(bone), :3, :3]
        for direction in np.eye(3) * STEP_M:
            moved = np.array(position)
            moved[:, keep.index(name)] += axes @ direction
            shift = (run(moved).angles.values - angles.values)[:, index] / STEP_M * SD_M
            square += shift**2
            change += (shift[bottom] - shift[0]) ** 2
    assert whole.placement is not None
    for place, (name, column) in enumerate(zip(NAMES, index, strict=True)):
        true, most = np.sqrt(np.median(square[:, place])), np.sqrt(change[place])
        stated = whole.placement.change_sd(name, np.array([0]), np.array([bottom]))
        print(given, name, np.rad2deg([angles.u_landmark[column], true, stated, most]).round(3))
        # Measured: equal to 0.001 deg. With the heading taken as exact foot progression said 2.08 of 2.68 deg, pelvic
        # rotation 1.65 of 0.30, and the change of conventional obliquity 0 of 0.53.
        assert angles.u_landmark[column] == pytest.approx(true, rel=0.05, abs=np.deg2rad(0.02)), name
        assert stated == pytest.approx(most, rel=0.05, abs=np.deg2rad(0.02)), name
