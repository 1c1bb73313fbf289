"""Every frame without a value says why, and a value to doubt is flagged; on sound data nothing is."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import ShapeError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.kinematics.exchanged import Exchange, with_exchange_flags
from mocap.kinematics.frame_flags import MANY, PointFlag, Reasons, with_point_flags
from mocap.kinematics.frame_reasons import (
    BEYOND_RANGE,
    GIMBAL_FLAG,
    GIMBAL_LOST,
    OTHER,
    TOO_UNSURE,
    UNTOLD,
    _Table,
)
from mocap.kinematics.physiology import RANGES_DEG, physiology_verdict
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, free_motion, hip_hinge, squat, static_standing, walking
from mocap.trial import AngleDefinition, JointAngles, Points3D, Trial

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
TRIAL = squat(SUBJECT, repetitions=1).points


def spoilt(changes: dict[str, tuple], points: Points3D = TRIAL, drop: tuple[str, ...] = ()) -> Points3D:
    """The points with some samples replaced: NaN, another point's (or near it), or moved by a vector."""
    position = points.position.copy()
    for name, (frames, change, *beside) in changes.items():
        column = points.names.index(name)
        if isinstance(change, str):
            position[frames, column] = position[frames, points.names.index(change)] + sum(beside, np.zeros(3))
        elif np.ndim(change) == 0:
            position[frames, column] = change
        else:
            position[frames, column] += change
    return without(Points3D(position, points.names, points.rate_hz), *drop)


def without(points: Points3D, *prefixes: str) -> Points3D:
    names = [name for name in points.names if not name.startswith(prefixes)]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


def reason(angles: JointAngles, name: str, frame: int) -> str:
    return angles.frame_reason_words[angles.frame_reason[frame, angles.names.index(name)]]


NOWHERE = np.nan
NEARLY = 0.004  # m along each axis: more than what is one spot
TO_HIP = 0.2 * (kinematics(TRIAL).centres["RHJC"] - TRIAL.point("RLFE"))[40:50]
PLATES = ("SAC", "T12_")
CASES = {
    # what is done to which points, what is left out, and an angle with the reason it has in frame 45
    "landmark": ({"RPSIS": (slice(40, 50), NOWHERE)}, PLATES, "pelvic_tilt", "RPSIS missing"),
    "two landmarks": (
        {"RLFE": (slice(40, 50), NOWHERE), "RLMAL": (slice(40, 50), NOWHERE)}, PLATES, "knee_flexion_r",
        "RLFE, RLMAL missing",
    ),
    "too few of a plate": (
        {"SAC1": (slice(40, 50), NOWHERE), "SAC4": (slice(40, 50), NOWHERE)}, (), "pelvic_tilt",
        "fewer than three points of the pelvis cluster seen",
    ),
    "bent plate": ({"SAC1": (slice(40, 50), [0.03, 0, 0])}, (), "lumbar_flexion", "not rigid"),
    "near": ({"RASIS": (slice(40, 50), "LASIS", NEARLY)}, PLATES, "pelvic_tilt", "RASIS and LASIS coincide"),
    "coincident": ({"RASIS": (slice(40, 50), "LASIS")}, PLATES, "pelvic_tilt", "RASIS and LASIS on one spot"),
    "collinear": ({"RMFE": (slice(40, 50), "RLFE", TO_HIP)}, PLATES, "hip_flexion_r", "hip centre and epicondyles"),
    "foot straight up": (
        {"RMT2": (slice(40, 50), "RHEEL", np.array([0, 0, 0.01])), "RMT1": (slice(40, 41), [0, 0, 0])}, PLATES,
        "foot_progression_r", "the foot points straight up or down",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_frame_without_a_value_says_why(case: str) -> None:
    changes, drop, name, words = CASES[case]
    angles = kinematics(spoilt(changes, drop=drop), static=without(STATIC, *drop)).angles
    column = angles.names.index(name)
    lost = np.zeros(len(angles.values), bool)
    lost[40:50] = True
    np.testing.assert_array_equal(np.isnan(angles[name]), lost)
    np.testing.assert_array_equal(angles.frame_reason[:, column] > 0, lost)
    assert words in reason(angles, name, 45)
    assert angles.definition(name).observable


@pytest.mark.parametrize(
    "trial",
    [squat(SUBJECT, repetitions=2), hip_hinge(SUBJECT, tilt_change_deg=75.0), walking(SUBJECT),
     free_motion(SUBJECT, seed=1), static_standing(SUBJECT, seconds=1.0)],
    ids=["squat", "hinge", "walk", "free", "static"],
)  # fmt: skip
def test_sound_data_has_neither_reasons_nor_flags(trial) -> None:
    result = kinematics(trial.points, static=STATIC)
    angles = result.angles
    # A foot in the air may point straight up, an upright shank tracks nowhere, and the body has no spinous markers;
    # these have reasons, and only these.
    expected = {"the foot points straight up or down", "knee less than 30 mm from above the ankle"}
    expected |= {d.reason for d in angles.definitions if d.name.startswith("lumbar_curvature")}
    assert set(angles.frame_reason_words[1:]) <= expected
    np.testing.assert_array_equal(angles.frame_reason > 0, np.isnan(angles.values))
    assert [v.passed for v in result.verdicts if v.name == "physiology"] == [True]


def test_every_nan_of_a_ragged_trial_has_a_reason(monkeypatch) -> None:
    rng = np.random.default_rng(5)
    position = np.where(rng.random((TRIAL.n_frames, len(TRIAL.names), 1)) < 0.03, np.nan, TRIAL.position)
    for static in (STATIC, None):
        angles = kinematics(Points3D(position, TRIAL.names, 100.0), static=static).angles
        np.testing.assert_array_equal(angles.frame_reason > 0, np.isnan(angles.values))
        assert len(angles.frame_reason_words) < 256
        assert not any("lie within" in words for words in angles.frame_reason_words)  # all of it is missing points
    # The frames that show most points do not show the curvature, what it is made of has to be found elsewhere.
    lost = {"T10": slice(0, 5), "RTH1": slice(5, None), "LTH1": slice(5, None), "C7": slice(20, 25)}
    points = spoilt({"C7": (slice(60, 61), [0.1, 0.0, 0.0])})
    points = spoilt({name: (frames, np.nan) for name, frames in lost.items()}, points)
    angles = kinematics(points, static=STATIC).angles
    assert reason(angles, "thoracic_curvature", 60) == "C7 off course"
    assert np.isnan(angles["thoracic_curvature"][:25]).sum() == 10
    assert [reason(angles, "thoracic_curvature", frame) for frame in (2, 22)] == ["T10 missing", "C7 missing"]
    assert (angles.frame_reason[np.isnan(angles.values)] > 0).all()
    monkeypatch.setattr(sys.modules["mocap.kinematics.solved"], "angle_sources", lambda outcomes: {})
    angles = kinematics(spoilt({"C7": (slice(20, 25), np.nan)}), static=STATIC).angles
    assert reason(angles, "thoracic_curvature", 22) == UNTOLD


def test_an_angle_that_the_trial_cannot_show_has_its_reason_in_every_frame() -> None:
    angles = kinematics(TRIAL).angles
    definition = angles.definition("lumbar_flexion")
    assert not definition.observable
    assert reason(angles, "lumbar_flexion", 0) == reason(angles, "lumbar_flexion", -1) == definition.reason


def test_collinear_in_every_frame_is_not_observable_for_that_reason() -> None:
    result = kinematics(spoilt({"LMFE": (slice(None), "LLFE")}, drop=PLATES))
    angles = result.angles
    assert "LLFE, LMFE missing" in angles.definition("hip_flexion_l").reason
    assert "LLFE and LMFE" in next(v.text for v in result.verdicts if v.name == "points_coincident")
    assert not angles.definition("knee_varus_l").observable
    assert angles.definition("hip_flexion_r").observable


def abducted(second_deg: float) -> Points3D:
    """The standing person with the right thigh so far to the side, in the plane of pelvis Y and Z."""
    found = kinematics(STATIC)
    hip, position = found.centres["RHJC"], STATIC.position.copy()
    down, right = (sign * found.segments.world_from_segment[0, 0, :3, axis] for sign, axis in ((-1, 1), (1, 2)))
    angle = np.deg2rad(second_deg)
    aim = np.cos(angle) * down + np.sin(angle) * right
    turn = Rotation.align_vectors([aim], [found.centres["RKJC"][0] - hip[0]])[0].as_matrix()
    for column, name in enumerate(STATIC.names):
        part = name[1:]
        if name[0] == "R" and part in ("LFE", "MFE", "LMAL", "MMAL", "HEEL", "MT1", "MT2", "MT5", "HALLUX"):
            position[:, column] = (position[:, column] - hip) @ turn.T + hip
    return without(Points3D(position, STATIC.names, STATIC.rate_hz), "RTH", "RSH")


@pytest.mark.parametrize(("aim_deg", "words"), [(74.0, ""), (76.0, "near gimbal lock"), (89.7, "gimbal lock (")])
def test_gimbal_lock_is_flagged_and_then_lost(aim_deg: float, words: str) -> None:
    angles = kinematics(abducted(aim_deg)).angles
    assert abs(angles.deg("hip_adduction_r")[3]) == pytest.approx(aim_deg, abs=1e-3)
    assert np.isnan(angles["hip_flexion_r"][3]) == (words == "gimbal lock (")
    assert reason(angles, "hip_flexion_r", 3).startswith(words)
    assert bool(reason(angles, "hip_flexion_r", 3)) == bool(words)
    assert reason(angles, "hip_flexion_l", 3) == ""


@pytest.mark.parametrize("known", [False, True])
def test_the_thorax_of_who_lies_on_the_side_is_flagged_and_counts_no_turns(known: bool) -> None:
    position = np.array(STATIC.position)
    aside = Rotation.from_euler("x", 89.9, degrees=True).as_matrix().T
    position[20:80] = position[20:80] @ aside
    position += np.random.default_rng(0).normal(scale=1e-3, size=position.shape)
    covariance = np.broadcast_to(1e-6 * np.eye(3), (*position.shape, 3)) if known else None
    points = Points3D(position, STATIC.names, STATIC.rate_hz, covariance)
    angles = kinematics(points, static=STATIC, options=KinematicsOptions(posture="any", heading_rad=0.0)).angles
    for name in ("trunk_lean", "trunk_rotation", "thoracopelvic_flexion", "thoracopelvic_rotation"):
        # The trunk lies beside the locks of the pelvis here, not beside its own.
        of_gravity, values = name.startswith("trunk"), angles.deg(name)
        flags = [reason(angles, name, frame) for frame in range(20, 80)]
        # Of the thorax against gravity nearly all frames are lost; what is left bears a flag.
        assert all("gimbal lock" in flag for flag in flags) == of_gravity, name
        assert (np.isfinite(values[20:80]).mean() < 0.4) == of_gravity, name
        # Upright again, no turn is left over that noise counted in the lock (up to 11 before).
        assert np.abs(values[:20]).max() < 5 and np.abs(values[80:]).max() < 5, name
        if of_gravity:
            assert np.nanmax(np.abs(values)) <= 360, name


@pytest.mark.parametrize(("bend_deg", "words"), [(60.0, ""), (76.0, "near gimbal lock"), (89.7, "gimbal lock (")])
def test_a_thorax_bent_beside_the_pelvis_is_flagged_and_then_lost(bend_deg: float, words: str) -> None:
    position = np.array(STATIC.position)
    forward = kinematics(STATIC).segments.world_from_segment[0, 0, :3, 0]
    turn = Rotation.from_rotvec(np.deg2rad(bend_deg) * forward).as_matrix()
    for name in ("C7", "T10", "CLAV", "STRN"):
        column = STATIC.names.index(name)
        position[:, column] = (position[:, column] - STATIC.point("STRN")) @ turn.T + STATIC.point("STRN")
    angles = kinematics(Points3D(position, STATIC.names, STATIC.rate_hz), static=STATIC).angles
    for name in ("thoracopelvic_flexion", "thoracopelvic_rotation"):
        assert reason(angles, name, 3).startswith(words) and bool(reason(angles, name, 3)) == bool(words), name
        assert np.isnan(angles[name][3]) == (words == "gimbal lock ("), name


def test_an_angle_that_its_points_hardly_know_is_lost() -> None:
    covariance = np.broadcast_to(np.eye(3) * 1e-6, (TRIAL.n_frames, len(TRIAL.names), 3, 3)).copy()
    covariance[40:50, TRIAL.names.index("RLMAL")] = np.eye(3) * 0.6**2
    points = Points3D(TRIAL.position, TRIAL.names, 100.0, covariance=covariance)
    angles = kinematics(points, static=STATIC).angles
    assert np.flatnonzero(np.isnan(angles["knee_flexion_r"])).tolist() == list(range(40, 50))
    assert "uncertainty above 20 deg" in reason(angles, "knee_flexion_r", 45)
    assert np.isfinite(angles["knee_flexion_l"]).all()


IMPOSSIBLE = {"knee_flexion_r": -20.0, "ankle_dorsiflexion_l": 80.0, "pelvic_tilt": 140.0}


def angles_of(name: str, value_deg: float) -> JointAngles:
    values = np.zeros((20, 1))
    values[7:9] = np.deg2rad(value_deg)
    return JointAngles((AngleDefinition(name, "", "", "", "", "absolute", ""),), values, 100.0)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_physiology_is_told_by_name_value_and_time(name: str) -> None:
    (verdict,) = physiology_verdict(angles_of(name, IMPOSSIBLE[name]))
    assert not verdict.passed
    assert f"{name} {IMPOSSIBLE[name]:.0f} deg at 0.07 s (2 frames)" in verdict.text
    (sound,) = physiology_verdict(angles_of("pelvic_tilt", 95.0))
    assert sound.passed


def test_who_lies_has_no_range_against_gravity() -> None:
    assert physiology_verdict(angles_of("pelvic_tilt", 180.0), upright=False) == ()
    assert {name for name in RANGES_DEG if f"{name}_r" in ANGLE_NAMES or name in ANGLE_NAMES} == set(RANGES_DEG)


def test_a_knee_bent_backwards_for_some_frames_is_flagged_there() -> None:
    # Knee and ankle are mirrored to behind the leg's line in ten frames: the knee bends forward in them.
    position = STATIC.position.copy()
    for name in ("RLMAL", "RMMAL", "RHEEL", "RMT1", "RMT2", "RMT5", "RSH1", "RSH2", "RSH3", "RHALLUX"):
        position[40:50, STATIC.names.index(name), 0] += 0.25
    result = kinematics(Points3D(position, STATIC.names, 100.0))
    angles = result.angles
    column = angles.names.index("knee_flexion_r")
    assert angles.deg("knee_flexion_r")[45] < -20.0
    assert np.flatnonzero(angles.frame_reason[:, column]).tolist() == list(range(40, 50))
    assert "beyond what the joint reaches" in reason(angles, "knee_flexion_r", 45)
    assert [v.passed for v in result.verdicts if v.name == "physiology"] == [False]


def test_reasons_survive_the_file_and_older_files_have_none(tmp_path) -> None:
    angles = kinematics(spoilt({"RPSIS": (slice(40, 50), NOWHERE)}, drop=PLATES)).angles
    write_trial(tmp_path / "a.h5", Trial("a", points=TRIAL, angles=angles))
    back = read_trial(tmp_path / "a.h5").angles
    np.testing.assert_array_equal(back.frame_reason, angles.frame_reason)
    assert back.frame_reason_words == angles.frame_reason_words
    plain = JointAngles(angles.definitions, angles.values, 100.0)
    write_trial(tmp_path / "b.h5", Trial("b", points=TRIAL, angles=plain))
    assert not read_trial(tmp_path / "b.h5").angles.frame_reason.any()


def test_xarray_reads_the_codes_with_their_meanings(tmp_path) -> None:
    xarray = pytest.importorskip("xarray")
    angles = kinematics(spoilt({"RPSIS": (slice(40, 50), NOWHERE)}, drop=PLATES)).angles
    write_trial(tmp_path / "a.h5", Trial("a", points=TRIAL, angles=angles))
    with xarray.open_dataset(tmp_path / "a.h5", group="/angles", engine="h5netcdf") as opened:
        codes = opened.frame_reason.sel(angle="pelvic_tilt").values
        code = int(codes[45])
        assert codes[39] == 0
        assert str(opened.frame_reason_words.sel(frame_reason_code=code).values) == "RPSIS missing"
        assert opened.frame_reason.attrs["flag_meanings"].split()[code] == "RPSIS_missing"
        assert len(opened.frame_reason.attrs["flag_values"]) == len(angles.frame_reason_words)


def test_codes_need_words() -> None:
    with pytest.raises(ShapeError, match="frame_reason"):
        JointAngles(angles_of("pelvic_tilt", 0.0).definitions, np.zeros((5, 1)), 100.0, frame_reason=np.ones((5, 1)))


def test_degenerate_frames_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        position = TRIAL.position.copy()
        position[10] = 0.0
        position[20] = np.nan
        position[30] = np.linspace([0, 0, 0], [0, 0, 1.8], len(TRIAL.names))
        angles = kinematics(Points3D(position, TRIAL.names, 100.0), static=STATIC).angles
    assert np.isnan(angles.values[[10, 20]]).all()
    assert (angles.frame_reason[[10, 20]] > 0).all()


def test_flags_keep_their_words_behind_any_number_of_patterns_of_missing_points() -> None:
    table = _Table(np.zeros((400, 2), np.uint8), [""], np.zeros((400, 2)))
    for frame in range(398):
        table.give(np.arange(400) == frame, 0, f"pattern {frame}")
    for frame, text in enumerate((GIMBAL_FLAG, GIMBAL_LOST, TOO_UNSURE, BEYOND_RANGE)):
        table.give(np.arange(400) == frame, 1, text)
        assert table.words[table.codes[frame, 1]] == text
    assert table.words[table.codes[397, 0]] == OTHER and len(table.words) < 240


def test_exchanges_say_so_behind_any_number_of_other_words() -> None:
    angles = kinematics(STATIC).angles
    words = ("", *(f"pattern {k}" for k in range(239)))
    full = JointAngles(angles.definitions, angles.values, angles.rate_hz, frame_reason_words=words)
    sources = dict.fromkeys(angles.names, frozenset({"RASIS"}))
    told = with_exchange_flags(full, [Exchange("RASIS", "LASIS", 2, 5)], lambda: sources)
    assert reason(told, "pelvic_tilt", 3) == MANY and reason(told, "pelvic_tilt", 6) == ""


def test_no_flag_is_wiped_when_there_are_as_many_words_as_a_byte_tells_apart() -> None:
    angles = kinematics(TRIAL, static=STATIC, measured=False).angles
    words = tuple(f"word {k}" for k in range(256))
    full = replace(angles, frame_reason=np.full_like(angles.frame_reason, 7), frame_reason_words=words)
    told = with_point_flags(full, [PointFlag("slid", ("RLFE",), np.arange(9))], lambda: {"knee_flexion_r": {"RLFE"}})
    assert (told.frame_reason > 0).all()
    last = replace(full, frame_reason_words=words[:255])
    told = with_point_flags(last, [PointFlag("slid", ("RLFE",), np.arange(9))], lambda: {"knee_flexion_r": {"RLFE"}})
    assert told.frame_reason_words == (*words[:255], MANY)
    few = replace(full, frame_reason_words=words[:250])
    told = with_point_flags(few, [PointFlag("slid", ("RLFE",), np.arange(9))], lambda: {"knee_flexion_r": {"RLFE"}})
    codes = told.frame_reason[:, told.names.index("knee_flexion_r")]
    assert [told.frame_reason_words[code] for code in codes[:10]] == [MANY] * 9 + ["word 7"]


@pytest.mark.parametrize("lost", [False, True])
def test_a_flag_is_told_where_there_is_a_value_and_takes_it_where_it_is_lost(lost: bool) -> None:
    angles = angles_of("pelvic_tilt", 30.0)
    values, codes = np.array(angles.values), np.zeros((20, 1), np.uint8)
    values[5], codes[5] = np.nan, 1
    angles = replace(angles, values=values, frame_reason=codes, frame_reason_words=("", "RPSIS missing"))
    flag = PointFlag("slid", ("RASIS", "RPSIS"), np.array([4, 5, 8, 19]), lost=lost)
    told = with_point_flags(angles, [flag], lambda: {"pelvic_tilt": frozenset({"RPSIS", "LPSIS"})})
    words = [told.frame_reason_words[code] for code in told.frame_reason[:, 0]]
    assert {at: text for at, text in enumerate(words) if text} == {4: "slid", 5: "RPSIS missing", 8: "slid", 19: "slid"}
    assert np.flatnonzero(np.isnan(told.values[:, 0])).tolist() == ([4, 5, 8, 19] if lost else [5])
    assert told.definition("pelvic_tilt").observable
    nowhere = replace(flag, frames=np.arange(20))
    told = with_point_flags(angles, [nowhere], lambda: {"pelvic_tilt": frozenset({"RPSIS"})}).definition("pelvic_tilt")
    assert (told.observable, told.reason) == ((False, "slid") if lost else (True, ""))
    # An angle of other points has no part in it, and what could not be seen at all keeps its own reason.
    other = with_point_flags(angles, [nowhere], lambda: {"pelvic_tilt": frozenset({"LASIS"})})
    np.testing.assert_array_equal(other.frame_reason, codes)
    hidden = replace(angles.definitions[0], observable=False, reason="no pelvis")
    gone = replace(angles, definitions=(hidden,), values=np.full((20, 1), np.nan))
    told = with_point_flags(gone, [nowhere], lambda: {"pelvic_tilt": frozenset({"RPSIS"})}).definition("pelvic_tilt")
    assert told.reason == "no pelvis"


@pytest.mark.parametrize(
    ("n_words", "kept", "told"), [(239, False, "new"), (240, False, "kept"), (255, True, "kept"), (255, False, MANY)]
)
def test_a_text_too_many_is_told_by_what_stands_for_it_as_long_as_that_has_room(n_words, kept, told) -> None:
    words = ("", *(f"pattern {k}" for k in range(n_words - 2)), "kept" if kept else "last")
    angles = angles_of("pelvic_tilt", 0.0)
    reasons = Reasons(replace(angles, frame_reason=np.ones((20, 1), np.uint8), frame_reason_words=words))
    assert reasons.words[reasons.code("new", "kept")] == told
    assert reasons.code("new", "kept") == reasons.words.index(told) and reasons.code("pattern 1", "kept") == 2
    assert tuple(reasons.words[:n_words]) == words


def test_an_angle_without_a_value_in_the_first_frame_is_flagged_by_its_points_all_the_same() -> None:
    walk = walking(SUBJECT, seconds=4.0).points
    noise = np.random.default_rng(3).normal(0.0, 0.001, walk.position.shape)
    walk = Points3D(walk.position + noise, walk.names, walk.rate_hz)
    above = np.flatnonzero(np.isnan(kinematics(walk, static=STATIC, measured=False).angles["knee_tracking_r"]))
    part = Points3D(walk.position[above[0] :], walk.names, walk.rate_hz)
    angles = kinematics(spoilt({"RLMAL": (slice(40, 43), [0.0, 0.1, 0.0])}, part), static=STATIC).angles
    codes = angles.frame_reason[:, angles.names.index("knee_tracking_r")]
    assert (codes[40:43] > 0).all()
