"""Functional hip centres and knee axes: SCoRE and SARA against known joints, their gates, and the fall-back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import CalibrationRecordings, Kinematics, KinematicsOptions, kinematics
from mocap.kinematics.anatomical.rotation import (
    SegmentMotion,
    axis_of_rotation,
    centre_of_rotation,
    spin_loss,
)
from mocap.kinematics.anatomical.segment import cluster_of, joined, motion_of
from mocap.kinematics.angles import from_joint, rotation_about
from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.motion import kinematics_to_file
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, knee_bends, squat, star_arc, static_standing
from mocap.trial import Points3D, Trial

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT)
SQUAT = squat(SUBJECT, repetitions=1)
STAR = {side: star_arc(SUBJECT, side).points for side in "rl"}
BENDS = {side: knee_bends(SUBJECT, side).points for side in "rl"}
THIGH = ("RTH1", "RTH2", "RTH3")
PLATE = ("SAC1", "SAC2", "SAC3", "SAC4")


def noisy(points: Points3D, sigma_m: float, seed: int, without: tuple[str, ...] = ()) -> Points3D:
    kept = [index for index, name in enumerate(points.names) if name not in without]
    position = points.position + np.random.default_rng(seed).normal(0, sigma_m, points.position.shape)
    return Points3D(position[:, kept], [points.names[index] for index in kept], points.rate_hz)


def calibrated(*hip: Points3D, knee: tuple[Points3D, ...] = (), static: Points3D | None = None, **chosen) -> Kinematics:
    recordings = CalibrationRecordings(hip, knee)
    options = KinematicsOptions(**chosen)
    return kinematics(SQUAT.points, static=static or STATIC.points, options=options, recordings=recordings)


def hips_and_knees(side: str = "r") -> tuple[SegmentMotion, SegmentMotion, np.ndarray, np.ndarray]:
    """Two segments about a ball joint in the air, made without the body: motions, and the centre in either."""
    rng = np.random.default_rng(5)
    a, b, g = (np.deg2rad(40) * np.sin(np.linspace(0, n, 400) + rng.uniform(0, 6)) for n in (9, 14, 23))
    world_from_p = from_joint(0.2 * b, 0.1 * a, 0.2 * g)
    world_from_d = world_from_p @ from_joint(a, b, g)
    c_p, c_d = np.array([-0.05, -0.08, 0.09]), np.array([0.02, 0.25, -0.04])
    origin_p = np.cumsum(rng.normal(0, 0.001, (400, 3)), axis=0) + np.array([3.0, 1.0, -2.0])
    centre = origin_p + world_from_p @ c_p
    return SegmentMotion(world_from_p, origin_p), SegmentMotion(world_from_d, centre - world_from_d @ c_d), c_p, c_d


def test_score_finds_the_centre_of_two_segments() -> None:
    proximal, distal, c_p, c_d = hips_and_knees()
    found = centre_of_rotation(proximal, distal)
    assert found is not None
    np.testing.assert_allclose(found.proximal, c_p, atol=1e-12)
    np.testing.assert_allclose(found.distal, c_d, atol=1e-12)
    assert found.residual_m < 1e-12 and found.sd_m < 1e-12
    assert found.n_frames == 400
    # The condition number of the stacked equations themselves, 3 n by 6.
    stacked = np.concatenate([proximal.axes, -distal.axes], axis=2).reshape(-1, 6)
    assert found.condition == pytest.approx(np.linalg.cond(stacked), rel=1e-9)


def test_missing_frames_are_left_out() -> None:
    proximal, distal, c_p, _ = hips_and_knees()
    proximal.axes[10:50], distal.origin[100:120, 1] = np.nan, np.nan
    found = centre_of_rotation(proximal, distal)
    assert found is not None and found.n_frames == 340
    np.testing.assert_allclose(found.proximal, c_p, atol=1e-12)


@pytest.mark.parametrize("frames", [0, 1, 19])
def test_too_few_frames_show_no_centre_and_no_axis(frames: int) -> None:
    proximal, distal, _, _ = hips_and_knees()
    few = [SegmentMotion(one.axes[:frames], one.origin[:frames]) for one in (proximal, distal)]
    assert centre_of_rotation(*few) is None and axis_of_rotation(*few) is None


def test_segments_that_do_not_turn_show_no_centre_and_no_axis() -> None:
    proximal, _, c_p, c_d = hips_and_knees()
    stiff = SegmentMotion(proximal.axes, proximal.origin + proximal.axes @ (c_p - c_d))
    assert centre_of_rotation(proximal, stiff) is None and axis_of_rotation(proximal, stiff) is None


def test_a_hinge_has_an_axis_and_no_centre() -> None:
    proximal, _, c_p, c_d = hips_and_knees()
    line = np.array([0.1, -0.2, 0.97]) / np.linalg.norm([0.1, -0.2, 0.97])
    to_line = np.stack([np.cross([0.0, 1.0, 0.0], line), np.cross(line, np.cross([0.0, 1.0, 0.0], line)), line], axis=1)
    to_line /= np.linalg.norm(to_line, axis=0)
    bend = rotation_about("z", np.linspace(0, 1.5, 400))
    distal = proximal.axes @ to_line @ bend @ to_line.T
    hinge = SegmentMotion(distal, proximal.origin + proximal.axes @ c_p - distal @ c_d)
    assert centre_of_rotation(proximal, hinge) is None
    found = axis_of_rotation(proximal, hinge)
    assert found is not None and found.hinge_ratio < 1e-9
    for direction in (found.proximal, found.distal):
        assert abs(direction @ line) == pytest.approx(1.0, abs=1e-12)
    assert found.proximal @ found.distal > 0
    # Any point of the axis will do: the one nearest to either origin is given.
    np.testing.assert_allclose(found.point_proximal, c_p - (c_p @ line) * line, atol=1e-9)
    np.testing.assert_allclose(found.point_distal, c_d - (c_d @ line) * line, atol=1e-9)


def test_spin_loss_is_what_noise_leaves_of_an_orientation() -> None:
    shape = np.array([[0.04, 0.0, 0.01], [-0.03, 0.05, 0.0], [-0.01, -0.05, -0.01], [0.0, 0.0, 0.02]])
    static = {name: np.broadcast_to(point, (5, 3)) for name, point in zip(PLATE, shape, strict=True)}
    cluster = cluster_of(static, PLATE, "pelvis")
    assert cluster is not None
    rng, sigma = np.random.default_rng(0), 0.001
    moving = {name: point + rng.normal(0, sigma, (20000, 3)) for name, point in zip(PLATE, shape, strict=True)}
    motion = motion_of(cluster, moving)
    expected = spin_loss(cluster.shape_cluster, sigma)
    # The diagonal is 1 - 2e-4; its sampling error over 20000 frames is 2e-6.
    np.testing.assert_allclose(np.diag(motion.axes.mean(axis=0)), np.diag(expected), atol=6e-6)
    # And the noise is found from the residuals alone.
    np.testing.assert_allclose(motion.spin_loss, expected, atol=3e-6)


def _hip_errors_mm(with_loss: bool, n_trials: int, names: tuple[str, ...] = THIGH) -> tuple[np.ndarray, np.ndarray]:
    """Errors (trial, 3) of the right hip centre in the plate's axes at 1 mm noise, and the uncertainties stated."""
    still = {name: STATIC.points.point(name) for name in STATIC.points.names}
    plate, thigh = cluster_of(still, PLATE, "pelvis"), cluster_of(still, names, "femur_r")
    assert plate is not None and thigh is not None
    home = motion_of(plate, still)
    truth = np.einsum("tji,tj->ti", home.axes, STATIC.joint_centres["RHJC"] - home.origin).mean(axis=0)
    errors, stated = [], []
    for seed in range(n_trials):
        moving = noisy(STAR["r"], 0.001, seed)
        pair = [motion_of(one, {name: moving.point(name) for name in one.names}) for one in (plate, thigh)]
        if not with_loss:
            pair = [replace(one, spin_loss=np.eye(3)) for one in pair]
        found = centre_of_rotation(*pair)
        assert found is not None
        errors.append(1e3 * (found.proximal - truth))
        stated.append(1e3 * found.sd_m)
    return np.array(errors), np.array(stated)


def test_score_recovers_the_hip_to_1_mm_at_1_mm_noise() -> None:
    errors, stated = _hip_errors_mm(True, 30)
    distance = np.linalg.norm(errors, axis=1)
    # Measured over 30 trials of 12 s with three thigh markers: RMS 0.49, largest 0.83 mm; as published, without the
    # correction: 0.84 and 1.29 mm, of which 0.69 is bias.
    assert np.sqrt(np.mean(distance**2)) < 0.6
    assert distance.max() < 1.0
    # What it says of itself: measured ratio of the RMS error to the mean stated uncertainty 1.0.
    assert 0.7 < np.sqrt(np.mean(distance**2)) / stated.mean() < 1.4
    # Without the correction for the noise of the orientations the centre is drawn to the clusters.
    plain, _ = _hip_errors_mm(False, 30)
    assert np.linalg.norm(plain.mean(axis=0)) > 3 * np.linalg.norm(errors.mean(axis=0))


def test_functional_hips_are_used_where_the_movement_is_wide() -> None:
    result = calibrated(STAR["r"], STAR["l"], hip_centre="bell")
    for side in "RL":
        np.testing.assert_allclose(result.centres[f"{side}HJC"], SQUAT.joint_centres[f"{side}HJC"], atol=1e-9)
        assert "hip centre by SCoRE" in result.angles.definition(f"hip_flexion_{side.lower()}").method
    np.testing.assert_allclose(result.angles["hip_flexion_r"], SQUAT.truth["hip_flexion_r"], atol=1e-9)
    assert all(verdict.passed for verdict in result.verdicts if verdict.name.startswith("functional"))
    assert result.static_report is not None
    assert str(result.static_report.facts["hip_centre_r"]).startswith("SCoRE")
    truth = SUBJECT.hip_centre("r")
    assert result.static_report.facts["hip_centre_z_r_m"] == pytest.approx(truth[2], abs=1e-9)


def test_a_movement_for_a_hip_that_is_given_with_the_points_is_told_as_not_used() -> None:
    position = np.concatenate([SQUAT.points.position, SQUAT.joint_centres["RHJC"][:, None]], axis=1)
    given = Points3D(position, [*SQUAT.points.names, "RHJC"], SQUAT.points.rate_hz)
    recordings = CalibrationRecordings((STAR["r"], STAR["l"]))
    found = {v.name: v for v in kinematics(given, static=STATIC.points, recordings=recordings).verdicts}
    assert not found["functional_hip_r"].passed and "as given with the points" in found["functional_hip_r"].text
    assert found["functional_hip_l"].passed and found["functional_hip_l"].text.startswith("SCoRE")


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_way_at_1_mm_noise(seed: int) -> None:
    star = noisy(STAR["r"], 0.001, seed)
    result = calibrated(star, static=noisy(STATIC.points, 0.001, 100 + seed), hip_centre="bell")
    apart = np.linalg.norm(result.centres["RHJC"] - SQUAT.joint_centres["RHJC"], axis=1)
    assert 1e3 * apart.max() < 1.0  # measured 0.46 mm at most, over 10 seeds


@pytest.mark.parametrize(
    ("gate", "movement"),
    [
        ("flexion", star_arc(SUBJECT, forward_deg=15, backward_deg=10)),
        ("abduction", star_arc(SUBJECT, abduction_deg=20)),
        ("condition", star_arc(SUBJECT, abduction_deg=0.3, rotation_deg=0, pelvis_deg=0)),
    ],
)
def test_a_small_movement_falls_back_and_says_why(gate: str, movement) -> None:
    result = calibrated(movement.points)
    verdicts = {verdict.name: verdict for verdict in result.verdicts}
    assert not verdicts[f"functional_hip_r_{gate}"].passed and not verdicts["functional_hip_r"].passed
    method = result.angles.definition("hip_flexion_r").method
    assert "hip centre by harrington (functional movement not used" in method
    size = PelvisSize(SUBJECT.pelvis_width, SUBJECT.pelvis_depth)
    pelvis = result.segments.world_from_segment[:, result.segments.names.index("pelvis")]
    expected = pelvis[:, :3, :3] @ hip_centre("harrington", size, 1.0) + pelvis[:, :3, 3]
    np.testing.assert_allclose(result.centres["RHJC"], expected, atol=1e-9)


def test_a_loose_thigh_and_a_far_centre_fall_back() -> None:
    loose = STAR["r"].position.copy()
    columns = [STAR["r"].names.index(name) for name in (*THIGH, "RLFE", "RMFE")]
    # The whole cluster slides along the thigh by 25 mm to and fro, as one: no residual of the fit shows it.
    loose[:, columns] += 0.025 * np.sin(np.arange(len(loose)) / 7.0)[:, None, None] * [0.0, 0.0, 1.0]
    verdicts = {v.name: v for v in calibrated(Points3D(loose, STAR["r"].names, 100.0)).verdicts}
    assert not verdicts["functional_hip_r_residual"].passed
    assert verdicts["functional_hip_r_residual"].measured == pytest.approx(0.025 / np.sqrt(2), rel=0.15)
    # Another body's pelvis: the same thighs, and hips 40 mm wider than Harrington's regression of this pelvis.
    wide = STATIC.points.position.copy()
    for name in ("RASIS", "LASIS", "RPSIS", "LPSIS"):
        wide[:, STATIC.points.names.index(name)] += [0.0, 0.04, 0.0]
    far = calibrated(STAR["r"], static=Points3D(wide, STATIC.points.names, 100.0), static_check="flag")
    verdict = next(v for v in far.verdicts if v.name == "functional_hip_r_distance")
    assert not verdict.passed and verdict.measured == pytest.approx(0.040, abs=1e-4)


def _turned_epicondyles(points: Points3D, turn_deg: float) -> Points3D:
    """The right epicondyles palpated off: turned about the line from hip to knee centre."""
    position = points.position.copy()
    lateral, medial = (points.names.index(name) for name in ("RLFE", "RMFE"))
    middle = (position[:, lateral] + position[:, medial]) / 2
    up = STATIC.joint_centres["RHJC"][:1] - middle[:1]
    up = up[0] / np.linalg.norm(up[0])
    c, s = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    for index in (lateral, medial):
        arm = position[:, index] - middle
        position[:, index] = middle + c * arm + s * np.cross(up, arm) + (1 - c) * (arm @ up)[:, None] * up
    return Points3D(position, points.names, points.rate_hz)


@pytest.mark.parametrize(("sigma_m", "limit_deg"), [(0.0, 1e-6), (0.001, 1.0)])
@pytest.mark.parametrize("turn_deg", [-12.0, 8.0])
def test_sara_mends_epicondyles_that_were_palpated_off(sigma_m: float, limit_deg: float, turn_deg: float) -> None:
    epicondyles = ("RLFE", "RMFE", "LLFE", "LMFE")
    static = noisy(_turned_epicondyles(STATIC.points, turn_deg), sigma_m, 1)
    trial = noisy(SQUAT.points, 0.0, 0, without=epicondyles)
    bends = noisy(BENDS["r"], sigma_m, 2, without=epicondyles)
    recordings = CalibrationRecordings(functional_knee=(bends,))
    result = kinematics(trial, static=static, recordings=recordings)
    off = kinematics(trial, static=static).angles
    for name in ("knee_varus_r", "hip_rotation_r"):
        error = np.abs(result.angles.deg(name) - SQUAT.truth_deg(name))
        assert error.max() < limit_deg  # measured 0.2 deg at most with noise
        assert np.abs(off.deg(name) - SQUAT.truth_deg(name)).max() > 0.7 * abs(turn_deg)
    assert "knee axis by SARA" in result.angles.definition("knee_flexion_r").method
    assert result.static_report is not None
    assert result.static_report.facts["knee_axis_turn_r_deg"] == pytest.approx(-turn_deg, abs=max(limit_deg, 1e-6))
    # The left knee did not move: its epicondyles stay, and that is said.
    assert "epicondyles (functional movement not used" in result.angles.definition("knee_flexion_l").method


def test_good_epicondyles_are_kept_unless_the_functional_axis_is_asked_for() -> None:
    knee = (knee_bends(SUBJECT, "r", rotation_deg=2.0).points,)
    kept = calibrated(knee=knee)
    method = kept.angles.definition("knee_varus_r").method
    assert "epicondyles (kept: in the functional movement varus spans 0.1 deg" in method
    np.testing.assert_allclose(kept.angles["knee_varus_r"], SQUAT.truth["knee_varus_r"], atol=1e-9)
    asked = calibrated(knee=knee, knee_axis="functional")
    assert "knee axis by SARA" in asked.angles.definition("knee_varus_r").method
    never = calibrated(knee=knee, knee_axis="epicondyles")
    told = {verdict.name for verdict in never.verdicts if verdict.name.startswith("functional")}
    assert told == {"functional_knee_same_subject"}


def test_a_knee_that_bends_little_keeps_its_epicondyles() -> None:
    small = calibrated(knee=(knee_bends(SUBJECT, "r", bend_deg=25.0).points,))
    verdict = next(v for v in small.verdicts if v.name == "functional_knee_r")
    assert not verdict.passed and "range of flexion in the functional movement 25 deg (limit 40 deg)" in verdict.text


def test_misplaced_landmarks_do_not_shift_a_functional_hip() -> None:
    """The stated uncertainty from placement, against every landmark misplaced in turn."""
    kept = (*PLATE, *THIGH, "RSH1", "RSH2", "RSH3")
    trial = Points3D(SQUAT.points.position[::20, [SQUAT.points.names.index(n) for n in kept]], kept, 5.0)
    recordings = CalibrationRecordings(
        (noisy(star_arc(SUBJECT, rate_hz=10.0).points, 0, 0, ("RLFE", "RMFE")),),
        (noisy(knee_bends(SUBJECT, rate_hz=10.0).points, 0, 0, ("RLFE", "RMFE", "RLMAL", "RMMAL")),),
    )
    options = KinematicsOptions(knee_axis="functional")

    still = Points3D(STATIC.points.position[::20], STATIC.points.names, 5.0)

    def angles(static: Points3D):
        return kinematics(trial, static=static, options=options, recordings=recordings).angles

    base = angles(still)
    names = ("hip_flexion_r", "hip_rotation_r", "knee_flexion_r", "knee_varus_r")
    squares = dict.fromkeys(names, 0.0)
    step = 1e-5
    for landmark in ("RASIS", "LASIS", "RPSIS", "LPSIS", "RLFE", "RMFE", "RLMAL", "RMMAL"):
        for axis in range(3):
            moved = still.position.copy()
            moved[:, still.names.index(landmark), axis] += step
            there = angles(Points3D(moved, still.names, 5.0))
            for name in names:
                squares[name] = squares[name] + ((there[name] - base[name]) / step) ** 2
    for name in names:
        column = base.names.index(name)
        brute = 0.005 * np.sqrt(np.median(squares[name]))
        assert base.u_landmark[column] == pytest.approx(brute, rel=0.02), name


def test_recordings_without_a_static_are_refused() -> None:
    with pytest.raises(KinematicsError, match="without the static") as error:
        kinematics(SQUAT.points, recordings=CalibrationRecordings((STAR["r"],)))
    assert error.value.code == "CALIBRATION_NO_STATIC"


def test_another_persons_movement_is_refused() -> None:
    other = star_arc(default_subject(1.95, seed=8)).points
    with pytest.raises(KinematicsError, match="functional hip trial") as error:
        calibrated(other)
    assert error.value.code == "STATIC_OTHER_SUBJECT"


@pytest.mark.parametrize("spoilt", ["one frame", "nothing seen", "two markers", "no movement", "collinear"])
def test_a_movement_that_shows_nothing_falls_back_and_says_so(spoilt: str) -> None:
    position, names = STAR["r"].position.copy(), STAR["r"].names
    thigh = [names.index(name) for name in (*THIGH, "RLFE", "RMFE")]
    static = STATIC.points
    if spoilt == "one frame":
        position = position[:1]
    elif spoilt == "nothing seen":
        position[:, thigh] = np.nan
    elif spoilt == "two markers":
        position[:, thigh[2:]] = np.nan
    elif spoilt == "no movement":
        position = np.repeat(position[:1], 300, axis=0)
    else:
        still = STATIC.points.position.copy()
        line = np.linspace(0, 1, 5)[:, None] * [0.0, 0.0, -0.1]
        still[:, thigh] = still[:, thigh[:1]] + line
        static = Points3D(still, names, 100.0)
    result = kinematics(
        SQUAT.points, static=static, options=KinematicsOptions(static_check="flag"),
        recordings=CalibrationRecordings((Points3D(position, names, 100.0),)),
    )  # fmt: skip
    verdict = next(v for v in result.verdicts if v.name == "functional_hip_r")
    assert not verdict.passed and verdict.text.startswith("functional movement not used: ")
    assert "harrington (functional movement not used" in result.angles.definition("hip_flexion_r").method


def test_the_command_records_by_what_the_hips_were_found(tmp_path: Path) -> None:
    for name, points in (("squat", SQUAT.points), ("standing", STATIC.points), ("star", STAR["r"])):
        write_trial(tmp_path / f"{name}.h5", Trial(name, points))
    out = tmp_path / "out.h5"
    recorded = RecordingPaths(functional_hip=(tmp_path / "star.h5",))
    kinematics_to_file(
        tmp_path / "squat.h5", out, tmp_path / "standing.h5", None, None, None, None, recorded=recorded
    )
    read = read_trial(out)
    assert str(read.subject["static_hip_centre_r"]).startswith("SCoRE (1200 frames")
    assert "functional movement not used" in str(read.subject["static_hip_centre_l"])
    assert read.subject["static_hip_centre_x_r_m"] == pytest.approx(SUBJECT.hip_centre("r")[0], abs=1e-9)
    assert {"standing.h5", "star.h5"} <= set(read.inputs)
    # Once more without the movement: nothing of it stays.
    kinematics_to_file(out, out, tmp_path / "standing.h5", None, None, None, None)
    again = read_trial(out)
    assert again.subject["static_hip_centre_r"] == "harrington"
    assert not [v for v in again.quality if v.name.startswith("functional")]


def test_recordings_that_are_joined_share_what_their_noise_costs() -> None:
    names = ("RTH1", "RTH2", "RTH3")
    still = {name: STATIC.points.point(name) for name in names}
    cluster = cluster_of(still, names, "femur_r")
    assert cluster is not None
    noise = np.random.default_rng(0)
    rough = {name: values + noise.normal(0, 0.005, values.shape) for name, values in still.items()}
    clean, bad = motion_of(cluster, still), motion_of(cluster, rough)
    one, other = joined([clean, bad]), joined([bad, clean])
    np.testing.assert_allclose(one.spin_loss, (clean.spin_loss + bad.spin_loss) / 2, atol=1e-12)
    np.testing.assert_allclose(one.spin_loss, other.spin_loss, atol=1e-12)
    # 5 mm on a cluster this small turn it by degrees.
    assert np.abs(bad.spin_loss - np.eye(3)).max() > 1e-3
