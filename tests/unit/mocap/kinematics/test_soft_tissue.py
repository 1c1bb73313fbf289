"""Soft tissue: published figures where they hold, turned into angles by the person's own lengths; NaN elsewhere."""

from typing import get_args, get_type_hints

import numpy as np
import pytest

from mocap.config.session import TrialEntry
from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, joint_angles, kinematics
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.soft_tissue import LUMBAR
from mocap.kinematics.tasks import TASKS, task_name
from mocap.pipeline.motion import analyse
from mocap.pipeline.notes import notes_of
from mocap.synthetic import SyntheticTrial, default_subject, hip_hinge, squat, static_standing, walking
from mocap.trial import JointAngles, Points3D, Trial

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT, seconds=1.0, rate_hz=20.0)
SQUAT = squat(SUBJECT, repetitions=1, rate_hz=20.0)
PLATES = ("SAC", "T12_")


def _only(points: Points3D, without: tuple[str, ...]) -> Points3D:
    keep = [i for i, name in enumerate(points.names) if not name.startswith(without)]
    return Points3D(points.position[:, keep], [points.names[i] for i in keep], points.rate_hz)


def _angles(trial: SyntheticTrial, task: str, without: tuple[str, ...] = ()) -> JointAngles:
    points = _only(trial.points, without) if without else trial.points
    return kinematics(points, static=STATIC.points, options=KinematicsOptions(task=task)).angles


def _known(angles: JointAngles) -> dict[str, float]:
    return {n: float(np.rad2deg(u)) for n, u in zip(angles.names, angles.u_sta, strict=True) if np.isfinite(u)}


def test_hips_in_walking_have_the_published_errors_of_skin_markers() -> None:
    angles = _angles(walking(SUBJECT, rate_hz=20.0), "walking", PLATES)
    expected = {"hip_flexion": 1.9, "hip_adduction": 0.6, "hip_rotation": 5.8}
    assert _known(angles) == pytest.approx({f"{n}_{s}": size for n, size in expected.items() for s in "rl"})
    assert "Fiorentino 2017" in angles.definition("hip_flexion_r").method
    assert "soft tissue: no figure for gait" in angles.definition("knee_flexion_r").method
    # A plate on the sacrum is none of the markers that the figures are of.
    assert not _known(_angles(walking(SUBJECT, rate_hz=20.0), "gait"))


@pytest.mark.parametrize("trial", [SQUAT, hip_hinge(SUBJECT, rate_hz=20.0)], ids=["squat", "hinge"])
def test_the_plate_at_t12_turns_as_the_line_from_the_psis_does(trial: SyntheticTrial) -> None:
    angles = _angles(trial, trial.task)
    plate = np.mean([trial.points.point(f"T12_{i}") for i in range(1, 5)], axis=0)
    psis = (trial.points.point("RPSIS") + trial.points.point("LPSIS")) / 2
    length = np.median(np.linalg.norm(plate - psis, axis=1))
    expected = np.rad2deg(np.hypot(0.0102, 0.0061) / length)
    assert _known(angles) == {"lumbar_flexion": pytest.approx(expected)}
    assert 2.0 < expected < 6.0
    assert "Zemp 2014" in angles.definition("lumbar_flexion").method


def _with_spine(trial: SyntheticTrial, moved: np.ndarray | None = None) -> Points3D:
    """The trial with spinous markers on a bent line from the PSIS to T12, each `moved` (marker, 3) in m."""
    points = _only(trial.points, (*PLATES, "T12"))
    top = trial.points.point("T12")
    bottom = (trial.points.point("RPSIS") + trial.points.point("LPSIS")) / 2
    names = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")
    share = np.linspace(0.0, 1.0, len(names))
    forward = trial.points.point("RASIS") - trial.points.point("RPSIS")
    spine = top[:, None] + share[:, None] * (bottom - top)[:, None]
    spine = spine + 0.2 * (share * (1 - share))[:, None] * forward[:, None]
    if moved is not None:
        spine = spine + moved
    return Points3D(np.concatenate([points.position, spine], axis=1), (*points.names, *names), points.rate_hz)


def test_spinous_markers_that_each_move_with_the_skin_scatter_flexion_as_stated() -> None:
    static = _with_spine(STATIC)
    options = KinematicsOptions(task="squat")
    angles = kinematics(_with_spine(SQUAT), static=static, options=options).angles
    index = angles.names.index("lumbar_flexion")
    assert "each marker by itself" in angles.definitions[index].method
    # One marker in one direction after the other: independent movements add in squares.
    variance, step = 0.0, 1e-4
    for direction in np.eye(21).reshape(21, 7, 3):
        moved = joint_angles(_with_spine(SQUAT, step * direction), static=static, options=options)
        variance = variance + ((moved.values - angles.values)[:, index] / step) ** 2
    expected = np.median(np.sqrt(variance)) * LUMBAR.rms_m / np.sqrt(3.0)
    assert angles.u_sta[index] == pytest.approx(expected, rel=0.002)  # 0.9999
    assert 0.1 < expected < 0.4  # 15.6 deg: the back is short, and seven markers each by themselves


def test_without_a_task_nothing_is_claimed_and_the_task_of_the_trial_is_taken() -> None:
    assert not _known(_angles(SQUAT, ""))
    assert not any("soft tissue" in one.method for one in _angles(SQUAT, "").definitions)
    assert not _known(_angles(SQUAT, "other"))
    trial = analyse(Trial("t", SQUAT.points, task="Squat"), STATIC.points)
    assert trial.angles is not None and list(_known(trial.angles)) == ["lumbar_flexion"]
    stated = analyse(Trial("t", SQUAT.points, task="squat"), STATIC.points, options=KinematicsOptions(task="gait"))
    assert stated.angles is not None and not _known(stated.angles)
    assert task_name(" Hip-hinge ") == "hinge"
    # A file may hold any word: told, not refused.
    free = analyse(Trial("t", SQUAT.points, task="juggling"), STATIC.points)
    assert free.angles is not None and not _known(free.angles)
    assert "the trial's task 'juggling' is none of" in " ".join(notes_of(free))


def test_a_task_that_nothing_is_known_of_is_refused_with_the_nearest() -> None:
    with pytest.raises(KinematicsError, match="Did you mean squat") as refused:
        KinematicsOptions(task="squatt")
    assert refused.value.code == "OPTION"
    with pytest.raises(KinematicsError, match=r"'juggling'.*one of static, squat, hinge"):
        KinematicsOptions(task="juggling")
    assert set(get_args(get_type_hints(TrialEntry)["task"])) == set(TASKS)


def test_angles_that_are_not_observable_and_keypoints_have_no_figure() -> None:
    angles = _angles(SQUAT, "squat", (*PLATES, "RLFE", "RMFE"))
    assert not _known(angles)
    assert all("soft tissue" not in one.method for one in angles.definitions if not one.observable)
    assert set(ANGLE_NAMES) == set(angles.names)
    # Keypoints of a detector sit on no skin.
    joints = {"hip": "HJC", "knee": "KJC", "ankle": "AJC"}
    named = {f"{side}_{joint}": SQUAT.joint_centres[side[0].upper() + centre] for joint, centre in joints.items()
             for side in ("left", "right")}  # fmt: skip
    named |= {f"{side}_shoulder": SQUAT.points.point(f"{side[0].upper()}SJC") for side in ("left", "right")}
    points = Points3D(np.stack(list(named.values()), axis=1), tuple(named), SQUAT.points.rate_hz)
    angles = kinematics(points, "coco_17", options=KinematicsOptions(task="squat"), measured=False).angles
    assert angles.definition("knee_flexion_r").observable
    assert not _known(angles) and not any("soft tissue" in one.method for one in angles.definitions)
