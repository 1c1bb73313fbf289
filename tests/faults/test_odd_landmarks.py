"""Landmarks that freeze, leap or stray flag the angles made of them and fail a verdict; sound trials have neither."""

from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import CalibrationRecordings, Kinematics, kinematics
from mocap.kinematics.faults.odd_points import find_odd_points, odd_verdicts
from mocap.kinematics.marker_sets import resolve
from mocap.readers.c3d import read_c3d
from mocap.readers.trc import read_trc
from mocap.synthetic import default_subject, hip_hinge, squat, star_arc, static_standing, walking
from mocap.trial import Points3D

MOVEMENTS = {
    "squat": lambda person: squat(person, repetitions=1), "hinge": lambda person: hip_hinge(person, repetitions=1),
    "walk": walking,
}  # fmt: skip
FAULTS = ("frozen", "frozen_long", "teleport", "teleport_stays", "outlier")


def spoil(position: np.ndarray, column: int, fault: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return positions with one fault at a random time, up to both ends, and the frames to be flagged."""
    spoilt, n_frames = position.copy(), len(position)
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    if fault.startswith("frozen"):
        length = 3 if fault == "frozen" else 20
        start = int(rng.integers(0, n_frames - length))
        spoilt[start : start + length, column] = position[start, column]
        return spoilt, np.arange(start, start + length)
    if fault == "teleport_stays":
        start = int(rng.integers(1, n_frames))
        spoilt[start:, column] += 0.35 * way
    else:
        start = int(rng.integers(0, n_frames))
        spoilt[start, column] += {"teleport": 0.35, "outlier": 0.05}[fault] * way
    return spoilt, np.array([start])


def rates(movement: str, seeds: range) -> tuple[dict[str, float], int, int]:
    """Share of faults of which every frame is told, samples told far from a fault, and trials told without one."""
    found: dict[str, list[bool]] = {fault: [] for fault in FAULTS}
    elsewhere = alarms = 0
    for seed in seeds:
        points = MOVEMENTS[movement](default_subject(1.5 + 0.1 * (seed % 6), seed=seed)).points
        rng = np.random.default_rng(seed)
        position = points.position + rng.normal(0.0, 0.001, points.position.shape)
        label_of = resolve(points.names, None).label_of
        alarms += bool(find_odd_points(Points3D(position, points.names, 100.0), label_of).masks)
        for fault, hits in found.items():
            name = str(rng.choice(list(label_of)))
            spoilt, frames = spoil(position, points.names.index(label_of[name]), fault, rng)
            odd = find_odd_points(Points3D(spoilt, points.names, 100.0), label_of)
            told = np.any([np.zeros((len(position), len(label_of)), bool), *odd.masks.values()], axis=0)
            hits.append(bool(told[frames, odd.names.index(name)].all()))
            told[max(frames[0] - 4, 0) : frames[-1] + 5, odd.names.index(name)] = False
            elsewhere += int(told.sum())
    return {fault: float(np.mean(hits)) for fault, hits in found.items()}, elsewhere, alarms


@pytest.mark.parametrize("movement", ["squat", "walk"])
def test_every_fault_is_told_and_nothing_else(movement: str) -> None:
    # Measured over 100 seeds of each movement: all faults, nothing elsewhere, no alarm.
    assert rates(movement, range(4)) == (dict.fromkeys(FAULTS, 1.0), 0, 0)


@pytest.mark.heavy
@pytest.mark.parametrize("movement", MOVEMENTS)
def test_every_fault_is_told_over_a_hundred_seeds(movement: str) -> None:
    assert rates(movement, range(100)) == (dict.fromkeys(FAULTS, 1.0), 0, 0)


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [("frozen", "points_frozen", "RLFE frozen"), ("teleport", "points_leaping", "RLFE leaping"),
     ("outlier", "points_off_course", "RLFE off course")],
)  # fmt: skip
def test_angles_of_the_point_are_flagged(fault: str, verdict: str, words: str) -> None:
    points = squat(default_subject(), repetitions=1).points
    position = points.position + np.random.default_rng(5).normal(0.0, 0.001, points.position.shape)
    spoilt, frames = spoil(position, points.names.index("RLFE"), fault, np.random.default_rng(6))
    result = kinematics(Points3D(spoilt, points.names, 100.0))
    (told,) = (one for one in result.verdicts if one.name == verdict)
    assert not told.passed
    assert "RLFE" in told.text
    assert f"frame {frames[0]}" in told.text or f"frame {frames[0] - 1}" in told.text
    angles = result.angles
    for name, made_of_it in (("knee_flexion_r", True), ("hip_rotation_r", True), ("knee_flexion_l", False)):
        codes = angles.frame_reason[:, angles.names.index(name)]
        flagged = np.flatnonzero([angles.frame_reason_words[code].startswith(words) for code in codes])
        assert (set(frames) <= set(flagged)) is made_of_it, name
        assert len(flagged) <= len(frames) + 2


@pytest.mark.parametrize(("n_frames", "frame"), [(60, 56), (90, 87), (90, 45)])
def test_strays_of_short_trials_are_told_where_they_are(n_frames: int, frame: int) -> None:
    points = squat(default_subject(), repetitions=1).points
    position = points.position[:n_frames]
    position = position + np.random.default_rng(5).normal(0.0, 0.001, position.shape)
    position[frame, points.names.index("RLFE")] += [0.06, 0.0, 0.08]
    odd = find_odd_points(Points3D(position, points.names, 100.0), {"RLFE": "RLFE", "LLFE": "LLFE"})
    assert np.flatnonzero(odd.masks["off course"][:, 0]).tolist() == [frame]


def test_recordings_of_people_have_but_what_is_there(shared_data: Path) -> None:
    found = {}
    for path in sorted((shared_data / "plug_in_gait").glob("*.c3d")):
        points = read_c3d(path).points
        found[path.stem] = find_odd_points(points, resolve(points.names, None).label_of)
    for name in ("squats1", "static1", "walking1"):
        points = read_trc(shared_data / "squat_markers" / f"{name}.trc", up="y").points
        found[name] = find_odd_points(points, resolve(points.names, None).label_of)
    told = {
        name: {(kind, odd.names[at], int(frame)) for kind, mask in odd.masks.items() for frame, at in np.argwhere(mask)}
        for name, odd in found.items() if odd.masks
    }  # fmt: skip
    # Behind a gap of three frames one sample of a thigh marker lies 60 mm beside the course that it goes on from there;
    # a marker of the pelvis that was cut out of a recording left two of its first three samples beside the others.
    assert told == {
        "walking1": {("off course", "RTH3", 10)},
        "PiG_Calibration-FlatFoot-Hole": {("off course", "LPSIS", 0), ("off course", "LPSIS", 2)},
    }


@pytest.mark.parametrize(
    ("value", "frames"),
    [
        (np.inf, slice(100, 103)),
        (-np.inf, slice(None)),
        (1e300, slice(100, 103)),
        (1e8, slice(None)),
        *(pytest.param(one, slice(100, 103), marks=pytest.mark.heavy) for one in (-np.inf, 1e30, 1e8)),
        *(pytest.param(one, slice(None), marks=pytest.mark.heavy) for one in (np.inf, 1e300, 1e30)),
    ],
)
def test_absurd_coordinates_are_missing(value: float, frames: slice) -> None:
    person = default_subject()
    points, static = squat(person, repetitions=1).points, static_standing(person, seconds=1.0).points
    position, at_rest = points.position.copy(), static.position.copy()
    position[frames, points.names.index("RLFE"), 1] = value
    at_rest[10:13, points.names.index("RASIS"), 1] = value
    result = kinematics(Points3D(position, points.names, 100.0), static=Points3D(at_rest, static.names, 100.0))
    position[frames, points.names.index("RLFE")] = at_rest[10:13, points.names.index("RASIS")] = np.nan
    missing = kinematics(Points3D(position, points.names, 100.0), static=Points3D(at_rest, static.names, 100.0))
    np.testing.assert_array_equal(result.angles.values, missing.angles.values)
    assert result.angles.frame_reason_words == missing.angles.frame_reason_words
    (told,) = (one for one in result.verdicts if one.name == "points_absurd")
    assert not told.passed
    assert "RLFE" in told.text
    (told,) = (one for one in result.verdicts if one.name == "static_points_absurd")
    assert not told.passed and told.measured == 3 and "RASIS first at 0.10 s" in told.text


def test_absurd_coordinates_of_calibration_recordings_are_missing() -> None:
    person = default_subject()
    points, static = squat(person, repetitions=1).points, static_standing(person).points
    star, plate = star_arc(person, "r").points, static.names.index("SAC1")

    def recorded(value: float) -> Kinematics:
        moves, ends = star.position.copy(), static.position.copy()
        moves[300:400, star.names.index("RTH1")] = ends[:100, plate] = value
        recordings = CalibrationRecordings(
            (Points3D(moves, star.names, 100.0),), closing=Points3D(ends, static.names, 100.0)
        )
        return kinematics(points, static=static, recordings=recordings)

    absurd, missing = recorded(1e9), recorded(np.nan)
    np.testing.assert_array_equal(absurd.angles.values, missing.angles.values)
    others = [one for one in absurd.verdicts if one.name != "calibration_points_absurd"]
    assert str(others) == str(list(missing.verdicts))
    (told,) = (one for one in absurd.verdicts if one.name == "calibration_points_absurd")
    assert not told.passed and told.measured == 100 and "of the " in told.text


def test_two_labels_on_one_marker_of_calibration_recordings_are_missing_there() -> None:
    person = default_subject()
    points, static, star = (
        Points3D(made.points.position[::4], made.points.names, 25.0)
        for made in (squat(person, repetitions=1), static_standing(person, seconds=2.0), star_arc(person, "r"))
    )
    # In the bad one each second label is on the marker of the first; in the other neither is there.
    pairs = {"star": (star, "RLFE", "RMFE"), "closing": (static, "RASIS", "LASIS")}

    def recorded(missing: bool) -> Kinematics:
        given = {}
        for name, (recording, one, other) in pairs.items():
            position, columns = recording.position.copy(), [recording.names.index(label) for label in (one, other)]
            position[:, columns] = np.nan if missing else position[:, columns[:1]]
            given[name] = Points3D(position, recording.names, 25.0)
        recordings = CalibrationRecordings((given["star"],), closing=given["closing"])
        return kinematics(points, static=static, recordings=recordings, measured=False)

    doubled, missing = recorded(False), recorded(True)
    np.testing.assert_array_equal(doubled.angles.values, missing.angles.values)
    others = [one for one in doubled.verdicts if one.name != "calibration_points_coincident"]
    assert str(others) == str(list(missing.verdicts))
    (told,) = (one for one in doubled.verdicts if one.name == "calibration_points_coincident")
    assert not told.passed and told.measured == 2
    assert "functional hip trial" in told.text and "closing static" in told.text and "RASIS and LASIS" in told.text


def test_a_point_that_flies_at_one_speed_between_gaps_is_told() -> None:
    points = squat(default_subject(), repetitions=1).points
    label_of, column = resolve(points.names, None).label_of, points.names.index("RLFE")
    for step, n_frames in ((0.31, 3), (0.31, 6), (1.0, 3), (0.29, 6)):
        position = points.position.copy()
        position[190 : 210 + n_frames, column] = np.nan
        way = np.outer(np.arange(n_frames) - n_frames / 2, [0.6 * step, 0.8 * step, 0.0])
        position[200 : 200 + n_frames, column] = points.position[200, column] + way
        odd = find_odd_points(Points3D(position, points.names, 100.0), label_of)
        # No faster than a leap is it may fly.
        frames = list(range(200, 200 + n_frames)) if step > 0.3 else []
        told = odd.masks.get("leaping", np.zeros((len(position), len(label_of)), bool))
        assert np.flatnonzero(told[:, odd.names.index("RLFE")]).tolist() == frames


@pytest.mark.parametrize("value", [1e6, 1e3, -20.0])
@pytest.mark.parametrize("name", ["RLFE", "RHEEL", "RSH1"])
def test_a_point_far_off_the_body_all_the_time_is_told(value: float, name: str) -> None:
    points = squat(default_subject(), repetitions=1).points
    position = points.position.copy()
    position[:, points.names.index(name)] = value
    odd = find_odd_points(Points3D(position, points.names, 100.0), resolve(points.names, None).label_of)
    assert odd.masks["far off the body"][:, odd.names.index(name)].all()
    assert odd.masks["far off the body"].sum() == len(position)


@pytest.mark.parametrize(
    ("kind", "bad", "passed"), [("normal", 0.0, True), ("tails", 0.0, True), ("tails", 0.03, False)]
)
def test_keypoints_with_errors_of_centimetres_stray_only_beyond_their_own(kind: str, bad: float, passed: bool) -> None:
    points = squat(default_subject(), repetitions=1).points
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, points.position.shape)
    if kind == "tails":
        noise = 0.01 * rng.standard_t(3, points.position.shape)
    gone = rng.uniform(size=points.position.shape[:2]) < bad
    position = points.position + noise + 0.1 * gone[..., None]
    label_of = resolve(points.names, None).label_of
    jittery = Points3D(position, points.names, 100.0)
    odd = find_odd_points(jittery, label_of, label_of)
    (told,) = (one for one in odd_verdicts(odd, jittery, jittery) if one.name == "points_off_course")
    # Measured: 0, 0.5 and 3.3 % of the samples.
    assert told.passed is passed
    assert (told.measured > 0) is (kind == "tails")
    single = position.copy()
    single[200, points.names.index("RLFE")] += 0.4
    odd = find_odd_points(Points3D(single, points.names, 100.0), label_of, label_of)
    assert np.any([mask[200, odd.names.index("RLFE")] for mask in odd.masks.values()])


def test_frames_filled_with_copies_are_frozen_and_standing_still_is_not() -> None:
    trial = squat(default_subject(), repetitions=1).points
    columns = {name: name for name in trial.names}
    assert not find_odd_points(trial, columns).masks  # perfect data stands still to the last digit before it starts
    noisy = trial.position + np.random.default_rng(2).normal(0.0, 0.001, trial.position.shape)
    noisy[200:230] = noisy[200]
    noisy[-5:] = noisy[-5]
    frozen = find_odd_points(Points3D(noisy, trial.names, 100.0), columns).masks["frozen"]
    last = len(noisy) - 5
    assert np.flatnonzero(frozen.all(axis=1)).tolist() == [*range(200, 230), *range(last, last + 5)]
    assert not frozen[:200].any()
