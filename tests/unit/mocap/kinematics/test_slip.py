"""Plates that slide: within a trial, and between an opening and a closing static."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import KinematicsError
from mocap.kinematics import CalibrationRecordings, kinematics
from mocap.kinematics.anatomical.slip import find_step, slide_between
from mocap.kinematics.anatomical.trial_slip import find_plate_slip, slip_verdicts
from mocap.kinematics.landmarks import ISB_FROM_WORLD, positions_isb
from mocap.kinematics.marker_sets import resolve
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.motion import kinematics_to_file
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, hip_hinge, squat, star_arc, static_standing, walking
from mocap.synthetic.soft_tissue import with_skin_motion
from mocap.trial import Points3D, Trial, Verdict

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT)
SQUATS = squat(SUBJECT, repetitions=3)
SKIN = ("RASIS", "LASIS", "RPSIS", "LPSIS")
HIPS = {side: STATIC.joint_centres[f"{side}HJC"] @ ISB_FROM_WORLD.T for side in "RL"}


def moved_plate(points: Points3D, kind: str, rng: np.random.Generator, frame: int, plate: str = "SAC") -> Points3D:
    """The plate slides by 10 mm along the skin in a random direction, or turns by 5 deg about one of its axes, in
    0.2 s from `frame` on, and stays there."""
    position = points.position.copy()
    corners = [points.names.index(f"{plate}{number}") for number in range(1, 5)]
    right = position[:, corners[1]] - position[:, corners[0]]
    right /= np.linalg.norm(right, axis=1)[:, None]
    up = position[:, corners[0]] + position[:, corners[1]] - position[:, corners[2]] - position[:, corners[3]]
    up /= np.linalg.norm(up, axis=1)[:, None]
    grown = np.clip((np.arange(len(position)) - frame) / 20.0, 0.0, 1.0)[:, None]
    turn = rng.uniform(0, 2 * np.pi)
    if kind == "slides":
        position[:, corners] += (0.010 * grown * (np.cos(turn) * right + np.sin(turn) * up))[:, None]
    elif kind == "turns":
        axis = (right, up, np.cross(right, up))[rng.integers(3)] * rng.choice([-1, 1])
        rotation = Rotation.from_rotvec(axis * np.deg2rad(5.0) * grown).as_matrix()
        middle = position[:, corners].mean(axis=1, keepdims=True)
        position[:, corners] = middle + np.einsum("tij,tpj->tpi", rotation, position[:, corners] - middle)
    return Points3D(position, points.names, points.rate_hz)


def noisy(points: Points3D, rng: np.random.Generator, without: tuple[str, ...] = ()) -> Points3D:
    kept = [index for index, name in enumerate(points.names) if name not in without]
    position = points.position + rng.normal(0, 0.001, points.position.shape)
    return Points3D(position[:, kept], [points.names[index] for index in kept], points.rate_hz)


def named(points: Points3D) -> dict[str, np.ndarray]:
    return positions_isb(points, resolve(points.names, "landmarks"))


STILL = named(noisy(STATIC.points, np.random.default_rng(99)))


def slip_in(points: Points3D, without: tuple[str, ...], seed: int, kind: str) -> Verdict:
    rng = np.random.default_rng(seed)
    frame = int(rng.integers(150, points.n_frames - 150))
    trial = noisy(moved_plate(points, kind, rng, frame), rng, without)
    (verdict,) = slip_verdicts(find_plate_slip(STILL, named(trial), HIPS, trial.rate_hz), trial.rate_hz)
    return verdict


@pytest.mark.parametrize("without", [(), SKIN], ids=["landmarks seen", "landmarks hidden"])
@pytest.mark.parametrize("n_seeds", [3, pytest.param(100, marks=pytest.mark.heavy)])
def test_a_plate_that_moves_in_the_middle_of_squats_is_found(n_seeds: int, without: tuple[str, ...]) -> None:
    found = {kind: [] for kind in ("stays", "slides", "turns")}
    for seed in range(n_seeds):
        # The skin moves too: the ASIS by 20 mm at depth, the thigh markers by 10 mm; and 1 mm of noise.
        points = with_skin_motion(SQUATS, seed)
        for kind, verdicts in found.items():
            verdicts.append(slip_in(points, without, seed, kind))
    # Measured over 100 seeds: 3.2 mm (landmarks hidden: 4.9) at most where it stays, 8.5 (7.4) at least where it
    # moves; the limit is 5 mm.
    assert np.mean([v.passed for v in found["stays"]]) >= 0.99
    assert np.mean([not v.passed for v in found["slides"]]) >= 0.95
    assert np.mean([not v.passed for v in found["turns"]]) >= 0.95
    words = "thighs carry" if without else "ASIS and PSIS"
    assert all(words in verdict.text for verdict in found["slides"])


@pytest.mark.parametrize("movement", [hip_hinge, walking, star_arc])
def test_no_slide_is_told_where_there_is_none(movement) -> None:
    result = kinematics(noisy(movement(SUBJECT).points, np.random.default_rng(0)), static=STATIC.points)
    assert all(verdict.passed for verdict in result.verdicts if verdict.name == "plate_slip")


def test_the_moment_of_a_slide_is_told() -> None:
    still = static_standing(SUBJECT, seconds=4.0, sway_m=0.003)
    trial = moved_plate(still.points, "slides", np.random.default_rng(4), 240)
    result = kinematics(trial, static=STATIC.points)
    (slip,) = [verdict for verdict in result.verdicts if verdict.name == "plate_slip"]
    assert not slip.passed and slip.measured == pytest.approx(0.010, abs=3e-4)
    assert "after 2.4" in slip.text or "after 2.5" in slip.text
    words = np.array(result.angles.frame_reason_words)
    by_it = {"pelvic_tilt": True, "lumbar_flexion": True, "trunk_rotation": True, "ankle_dorsiflexion_r": False}
    for name, made_of_it in by_it.items():
        codes = result.angles.frame_reason[:, result.angles.names.index(name)]
        told = words[codes] == "sacral plate slid by about 10 mm"
        assert not told[:240].any() and told[252:].all() == made_of_it and told.any() == made_of_it, name


def test_exchanged_labels_are_no_slide() -> None:
    trial = noisy(SQUATS.points, np.random.default_rng(0))
    position, pair = trial.position.copy(), [trial.names.index("RASIS"), trial.names.index("LASIS")]
    position[70:90, pair] = position[70:90, pair[::-1]]
    verdicts = kinematics(Points3D(position, trial.names, trial.rate_hz), static=STATIC.points).verdicts
    passed = {verdict.name: verdict.passed for verdict in verdicts}
    assert passed["plate_slip"] and not passed["labels_exchanged"]


def test_a_step_needs_frames_on_both_sides() -> None:
    places = np.zeros((40, 2, 3))
    places[20:, :, 1] = 0.01
    step = find_step(places, np.ones(40, bool), 10)
    assert step is not None and (step.frame, step.size_m) == (19, pytest.approx(0.01))
    assert find_step(places, np.arange(40) < 15, 10) is None
    assert find_step(np.full((40, 2, 3), np.nan), np.ones(40, bool), 10) is None
    assert find_step(places[:1], np.ones(1, bool), 1) is None


def test_slide_between_is_the_rigid_movement() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(0, 0.1, (4, 3))
    turn = Rotation.from_rotvec([0.0, 0.06, -0.03])
    slide = slide_between(before, turn.apply(before) + np.array([0.003, 0.0, 0.004]))
    assert slide.shift_m == pytest.approx(0.005, abs=1e-12)
    assert slide.turn_rad == pytest.approx(np.hypot(0.06, 0.03), abs=1e-12)
    two = slide_between(before[:2], before[:2] + np.array([0.0, 0.01, 0.0]))
    assert two.shift_m == pytest.approx(0.01) and np.isnan(two.turn_rad)


def closed_by(closing: Points3D) -> dict[str, Verdict]:
    recordings = CalibrationRecordings(closing=closing)
    verdicts = kinematics(squat(SUBJECT, repetitions=1).points, static=STATIC.points, recordings=recordings).verdicts
    return {verdict.name: verdict for verdict in verdicts if verdict.name.startswith("closing")}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in (2, 3))])
@pytest.mark.parametrize("kind", ["slides", "turns"])
def test_the_closing_static_finds_a_plate_that_moved(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    closing = static_standing(SUBJECT, sway_m=0.004, seed=seed).points
    found = closed_by(noisy(moved_plate(closing, kind, rng, -100), rng))
    # Measured over 40 seeds: 9.9 to 10.1 mm and 4.8 to 5.2 deg.
    if kind == "slides":
        assert not found["closing_pelvis_shift"].passed
        assert found["closing_pelvis_shift"].measured == pytest.approx(0.010, abs=3e-4)
        assert "sacral plate against RASIS, LASIS, RPSIS, LPSIS" in found["closing_pelvis_shift"].text
    else:
        assert not found["closing_pelvis_turn"].passed
        assert found["closing_pelvis_turn"].measured == pytest.approx(5.0, abs=0.4)
    held = {name for name, verdict in found.items() if verdict.passed}
    assert held >= {"closing_static", "closing_pelvis_shape", "closing_femur_r_shift", "closing_shank_l_shift"}


def test_a_closing_static_of_a_plate_that_stayed_is_no_alarm() -> None:
    rng = np.random.default_rng(0)
    found = closed_by(noisy(static_standing(SUBJECT, sway_m=0.006, seed=5).points, rng))
    assert all(verdict.passed for verdict in found.values())
    assert found["closing_static"].measured == 6
    # Measured over 40 seeds: 0.2 mm and 0.3 deg at most.
    assert found["closing_pelvis_shift"].measured < 5e-4 and found["closing_pelvis_turn"].measured < 0.5


def test_a_thigh_cluster_a_bent_plate_and_a_lumbar_plate_are_found() -> None:
    position = STATIC.points.position.copy()
    thigh = [STATIC.points.names.index(f"RTH{number}") for number in (1, 2, 3)]
    position[:, thigh] += [0.0, 0.0, -0.008]
    position[:, STATIC.points.names.index("SAC1")] += [0.0, 0.015, 0.0]
    found = closed_by(Points3D(position, STATIC.points.names, 100.0))
    assert found["closing_femur_r_shift"].measured == pytest.approx(0.008, abs=1e-6)
    failed = {name for name, verdict in found.items() if not verdict.passed}
    assert {"closing_femur_r_shift", "closing_pelvis_shape"} <= failed
    lumbar = closed_by(moved_plate(STATIC.points, "turns", np.random.default_rng(1), -100, plate="T12_"))
    assert lumbar["closing_lumbar_turn"].measured == pytest.approx(5.0, abs=1e-3)
    assert lumbar["closing_lumbar_shift"].measured < 1e-6
    assert "posture enters" in lumbar["closing_lumbar_turn"].text


def test_closing_statics_that_show_nothing_or_another_person() -> None:
    few = ("C7", "T10", "CLAV", "STRN", "RHEEL", "RMT5")
    kept = Points3D(STATIC.points.position[:, [STATIC.points.names.index(n) for n in few]], few, 100.0)
    found = closed_by(kept)
    assert set(found) == {"closing_static", "closing_same_subject", "closing_quiet"}
    assert not found["closing_static"].passed
    with pytest.raises(KinematicsError, match="closing static") as other:
        closed_by(static_standing(default_subject(1.95, seed=8)).points)
    assert other.value.code == "STATIC_OTHER_SUBJECT"
    with pytest.raises(KinematicsError, match="closing static") as moving:
        closed_by(Points3D(SQUATS.points.position[110:240], SQUATS.points.names, 100.0))
    assert moving.value.code == "STATIC_MOVING"


def test_a_movement_or_a_similar_person_as_closing_static_is_told() -> None:
    found = closed_by(SQUATS.points)
    # Of three squats 17 %, 1.5 s, are quiet standing.
    assert not found["closing_quiet"].passed and "looks like a movement" in found["closing_quiet"].text
    short = Points3D(SQUATS.points.position[60:300], SQUATS.points.names, 100.0)
    found = closed_by(short)
    assert not found["closing_static"].passed and "not judged" in found["closing_static"].text
    assert not any(name.endswith(("_shift", "_turn", "_shape")) for name in found)
    similar = closed_by(static_standing(SUBJECT, sway_m=0.006, seed=5).points)
    assert similar["closing_same_subject"].passed and similar["closing_quiet"].passed
    # 3 % shorter, of the same proportions.
    smaller = Points3D(0.97 * STATIC.points.position, STATIC.points.names, 100.0)
    other = closed_by(smaller)["closing_same_subject"]
    assert not other.passed and other.measured == pytest.approx(0.03, abs=1e-6)
    assert "another person, or markers put on anew" in other.text


def test_the_command_takes_a_closing_static(tmp_path: Path) -> None:
    closing = moved_plate(STATIC.points, "slides", np.random.default_rng(2), -100)
    trials = {"squat": squat(SUBJECT, repetitions=1).points, "standing": STATIC.points, "closing": closing}
    for name, points in trials.items():
        # The source of the trial may have had the name that the file of the static has.
        write_trial(tmp_path / f"{name}.h5", Trial(name, points, inputs={"standing.h5": "0" * 64}))
    paths = [tmp_path / f"{name}.h5" for name in ("squat", "out", "standing", "closing")]
    kinematics_to_file(
        paths[0], paths[1], paths[2], None, None, None, None, recorded=RecordingPaths(closing=paths[3])
    )
    read = read_trial(paths[1])
    assert [v.passed for v in read.quality if v.name == "closing_pelvis_shift"] == [False]
    assert set(read.inputs) == {"standing.h5", "standing.h5 (2)", "closing.h5"}
    assert read.inputs["standing.h5"] == "0" * 64
    # What an analysis took in goes with it when the next one takes its place.
    kinematics_to_file(paths[1], tmp_path / "again.h5", None, None, None, None, None)
    assert read_trial(tmp_path / "again.h5").inputs == {"standing.h5": "0" * 64}


def test_a_sacral_plate_without_landmarks_is_judged_by_the_hips_and_others_are_not() -> None:
    lumbar = tuple(f"T12_{number}" for number in range(1, 5))
    closing = moved_plate(STATIC.points, "slides", np.random.default_rng(2), -100)
    hidden = (*SKIN, *lumbar, "RLFE", "RMFE")
    found = closed_by(noisy(closing, np.random.default_rng(1), hidden))
    # A slide of 10 mm along the skin.
    assert not found["closing_pelvis_shift"].passed
    assert found["closing_pelvis_shift"].measured == pytest.approx(0.010, abs=1e-3)
    assert "hip centres" in found["closing_pelvis_shift"].text
    assert not found["closing_femur_r_shift"].passed and "not judged" in found["closing_femur_r_shift"].text
    stayed = closed_by(noisy(STATIC.points, np.random.default_rng(1), (*SKIN, *lumbar)))
    assert all(verdict.passed for verdict in stayed.values())
    # A thigh cluster that slid as a whole is not taken for the plate, nor its 20 mm halved by the other side.
    position = STATIC.points.position.copy()
    position[:, [STATIC.points.names.index(f"RTH{number}") for number in (1, 2, 3)]] += [0.020, 0.0, 0.0]
    slid = Points3D(position, STATIC.points.names, STATIC.points.rate_hz)
    thigh = closed_by(noisy(slid, np.random.default_rng(1), hidden))["closing_pelvis_shift"]
    assert not thigh.passed and "thigh cluster R (or the plate" in thigh.text
    assert thigh.measured == pytest.approx(0.020, abs=1e-3)


def test_a_thigh_cluster_that_slides_is_not_taken_for_the_plate() -> None:
    points = with_skin_motion(SQUATS, 0)
    position = points.position.copy()
    position[300:, [points.names.index(f"RTH{number}") for number in (1, 2, 3)]] += [0.0, 0.0, -0.025]
    hidden = (*SKIN, "RLFE", "RMFE", "LLFE", "LMFE")
    trial = noisy(Points3D(position, points.names, points.rate_hz), np.random.default_rng(0), hidden)
    (verdict,) = slip_verdicts(find_plate_slip(STILL, named(trial), HIPS, trial.rate_hz), trial.rate_hz)
    # Measured: 17.9 mm over both hips.
    assert not verdict.passed and "thigh cluster R (or the plate" in verdict.text
