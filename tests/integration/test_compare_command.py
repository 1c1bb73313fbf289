"""`mocap compare` on real recordings and on made ones: agreement, definitions, lags, refusals."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration import Camera, CameraRig
from mocap.assessment import ComparedAngle
from mocap.pipeline.compare import NO_ERROR_BARS, compare, compare_files
from mocap.pipeline.compare_foreign import opensim_angles
from mocap.pipeline.compare_sources import Source, read_source
from mocap.storage import write_trial
from mocap.trial import AngleDefinition, JointAngles, Points3D, Trial

RATE = 100.0
TILT = AngleDefinition("pelvic_tilt", "Pelvis.", "Baker", "anterior", "level", "absolute", "by markers")


def angles_of(curves: dict[str, np.ndarray], rate_hz: float = RATE, start_s: float = 0.0, **parts) -> JointAngles:
    definitions = tuple(replace(TILT, name=name) for name in curves)
    values = np.deg2rad(np.stack(list(curves.values()), axis=1))
    parts = {name: np.deg2rad(value) for name, value in parts.items()}
    return JointAngles(definitions, values, rate_hz, start_s=start_s, **parts)


def source(angles: JointAngles, name: str = "a.h5", points: np.ndarray | None = None) -> Source:
    n = len(angles.values)
    position = np.random.default_rng(len(name)).normal(size=(n, 1, 3)) if points is None else points
    return Source(name, angles, None, Points3D(position, ("p",), angles.rate_hz, start_s=angles.start_s))


def tilt(time_s: np.ndarray) -> np.ndarray:
    return 20 + 15 * np.sin(1.9 * time_s) + 4 * np.sin(0.7 * time_s)


@pytest.fixture(scope="module")
def squats(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    from mocap.pipeline.motion import kinematics_to_file

    folder, out = shared_data / "squat_markers", tmp_path_factory.mktemp("squats") / "squat.h5"
    kinematics_to_file(folder / "squats1.trc", out, folder / "static1.trc", None, None, "y", None)
    return out, folder / "squats1_ik_degrees.mot"


def test_squats_against_opensim(squats: tuple[Path, Path]) -> None:
    made = compare_files(*squats)
    assert made.lag.lag_s == 0.0  # measured 1.0 ms with an SD of 1.6: one recording
    compared = {one.name: one for one in made.angles}
    tilted = compared["pelvic_tilt"].figures
    # Measured: offset 7.49 (6.71 to 8.26), SD 1.89 deg, r 0.993, 25 independent samples of 1346, CMC 0.927.
    assert tilted.offset == pytest.approx(7.5, abs=0.5) and tilted.sd == pytest.approx(1.9, abs=0.3)
    assert tilted.r >= 0.99 and 15 < tilted.n_effective < 40 and tilted.n == 1346
    assert tilted.offset_interval[0] < 7.5 < tilted.offset_interval[1]
    # OpenSim's ankle overstates: slope of our values against its own about 0.67.
    assert compared["ankle_dorsiflexion_r"].figures.slope < -0.2
    for name in ("hip_flexion_r", "hip_flexion_l", "knee_flexion_r", "knee_flexion_l", "hip_adduction_l"):
        assert compared[name].figures.r > 0.97, name  # signs are right
    assert all(one.differences for one in made.angles)  # the model's definitions are its own
    assert compared["pelvic_tilt"].of_b.method == "-pelvis_tilt, imported"
    assert "lumbar_flexion" not in compared  # OpenSim's joint between pelvis and torso is no lumbar flexion


def test_a_walk_against_vicons_own_angles_in_its_file(shared_data: Path, tmp_path: Path, mocap_cli: Callable) -> None:
    walk, out = shared_data / "plug_in_gait" / "PiG_Motion-FlatFoot-Hole.c3d", tmp_path / "walk.h5"
    assert mocap_cli("kinematics", walk, "--out", out).status == 0
    page = tmp_path / "page.html"
    done = mocap_cli("compare", out, walk, "--json")
    made = json.loads(done.out)
    assert done.status == 0 and made["lag_s"]["seconds"] == 0.0 and "same points" in made["lag_s"]["words"]
    compared = {one["name"]: one for one in made["angles"]}
    for name in ("tilt", "obliquity", "rotation"):
        one = compared[f"pelvic_{name}_conventional"]
        # The same definition, and the same numbers: measured at most 9e-6 deg.
        assert one["same_definition"] and abs(one["largest"]) < 1e-4 and one["cmc"] == pytest.approx(1.0)
        assert not compared[f"pelvic_{name}"]["same_definition"]
    assert compared["trunk_lean"]["r"] > 0.97
    assert any("same points" in note for note in made["notes"])
    assert "knee_flexion_r" in made["not_compared"] and "lateral" in made["not_compared"]["knee_flexion_r"]
    assert not page.exists()


def test_plug_in_gait_of_ours_and_of_vicon_are_defined_alike(shared_data: Path, tmp_path: Path, mocap_cli) -> None:
    folder, out = shared_data / "plug_in_gait", tmp_path / "walk.h5"
    walk, static = (folder / f"PiG_{name}-FlatFoot-Full.c3d" for name in ("Motion", "Calibration"))
    words = ("--model", "plug-in-gait", "--set", "marker_diameter_m=0.016")
    assert mocap_cli("kinematics", walk, "--static", static, *words, "--out", out).status == 0
    compared = {one.name: one for one in compare_files(out, walk).angles}
    own = {f"pelvic_{name}" for name in ("tilt", "obliquity", "rotation")} | {f"foot_progression_{s}" for s in "rl"}
    # Baker's order; seen from above.
    assert {name for name, one in compared.items() if one.differences} == own
    # Names, components and signs are right for every angle, both sides. Measured: at most 0.0004 deg RMS.
    assert max(one.figures.rmse for name, one in compared.items() if name not in own) < 0.01
    assert len(compared) == 30


def test_another_rate_and_clock_and_a_known_offset(tmp_path: Path, mocap_cli: Callable) -> None:
    rng = np.random.default_rng(1)
    time_a, time_b = np.arange(0, 12, 0.01), np.arange(0, 10, 0.02)
    one = angles_of({"pelvic_tilt": tilt(time_a) + rng.normal(0, 0.2, len(time_a))})
    other = angles_of({"pelvic_tilt": tilt(time_b + 1.234) - 3 + rng.normal(0, 0.2, len(time_b))}, 50.0)
    for name, angles in (("a", one), ("b", other)):
        points = Points3D(rng.normal(size=(len(angles.values), 1, 3)), ("p",), angles.rate_hz)
        write_trial(tmp_path / f"{name}.h5", Trial(name, points, angles=angles))
    done = mocap_cli("compare", tmp_path / "a.h5", tmp_path / "b.h5", "--json")
    made = json.loads(done.out)
    assert made["lag_s"]["seconds"] == pytest.approx(-1.234, abs=0.004)
    assert made["rate_hz"] == pytest.approx(50.0)
    (found,) = made["angles"]
    assert found["offset"] == pytest.approx(3.0, abs=0.05) and found["sd"] == pytest.approx(0.28, abs=0.03)
    assert found["same_definition"] and found["verdict"] == NO_ERROR_BARS
    text = mocap_cli("compare", tmp_path / "a.h5", tmp_path / "b.h5").out
    assert "earlier than A's" in text and "LOOK" not in text
    given = mocap_cli("compare", tmp_path / "a.h5", tmp_path / "b.h5", "--lag", "none").out
    assert "0 s as given" in given


def test_error_bars_are_held_against_the_difference() -> None:
    rng, time = np.random.default_rng(2), np.arange(0, 20, 0.01)
    parts = {"sd": np.full((len(time), 1), 0.3), "u_landmark": np.array([1.0]), "u_sta": np.array([np.nan])}
    one = angles_of({"pelvic_tilt": tilt(time) + rng.normal(0, 0.3, len(time))}, **parts)
    near = angles_of({"pelvic_tilt": tilt(time) + 1.0 + rng.normal(0, 0.3, len(time))}, **parts)
    far = angles_of({"pelvic_tilt": tilt(time) + 9.0 + rng.normal(0, 1.2, len(time))}, **parts)
    (explained,) = compare(source(one), source(near, "bb.h5"), "none").angles
    assert explained.figures.sd_ratio == pytest.approx(1.0, abs=0.05)
    assert explained.offset_u_deg == pytest.approx(np.sqrt(2.0)) and abs(explained.offset_z) < 1
    assert explained.verdict.count("explained by") == 2
    (unexplained,) = compare(source(one), source(far, "bb.h5"), "none").angles
    assert unexplained.figures.sd_ratio == pytest.approx(np.hypot(0.3, 1.2) / np.hypot(0.3, 0.3), rel=0.05)
    assert unexplained.verdict.count("more than") == 2


def test_the_vertical_counts_where_two_worlds_have_their_own() -> None:
    time = np.arange(0, 20, 0.01)
    bars = {"u_landmark": np.array([1.0]), "u_gravity": np.array([2.0])}
    one = source(angles_of({"pelvic_tilt": tilt(time)}, **bars))
    other = source(angles_of({"pelvic_tilt": tilt(time) + 4.0}, **bars), "bb.h5")

    def held(a: Source, b: Source) -> ComparedAngle:
        return compare(a, b, "none").angles[0]

    assert held(one, other).offset_u_deg == pytest.approx(np.sqrt(2 * (1.0 + 4.0)))
    assert "explained by landmarks, soft tissue and vertical" in held(one, other).verdict
    # One recording, and one calibration, have one vertical; another calibration has not.
    assert held(one, replace(other, points=one.points)).offset_u_deg == pytest.approx(np.sqrt(2.0))
    moved = np.eye(4)
    moved[0, 3] = 0.1
    lens = ("a", (640, 480), np.diag([800.0, 800.0, 1.0]), np.zeros(5))
    rigs = [CameraRig((Camera(*lens, pose),)) for pose in (np.eye(4), moved)]
    assert held(replace(one, rig=rigs[0]), replace(other, rig=rigs[0])).offset_u_deg == pytest.approx(np.sqrt(2.0))
    apart = held(replace(one, rig=rigs[0]), replace(other, rig=rigs[1]))
    assert apart.offset_u_deg == pytest.approx(np.sqrt(10.0))
    # Nothing is held against the vertical alone.
    bare = source(angles_of({"pelvic_tilt": tilt(time)}, u_gravity=np.array([2.0])))
    assert held(bare, replace(bare, name="bb.h5", points=other.points)).verdict == NO_ERROR_BARS


def test_definitions_are_compared_word_by_word() -> None:
    time = np.arange(0, 12, 0.01)
    one = angles_of({"pelvic_tilt": tilt(time)})
    same = replace(one, definitions=(replace(TILT, definition="pelvis", method="another"),))
    other = replace(one, definitions=(replace(TILT, zero="", reference="static"),))
    (alike,) = compare(source(one), source(same, "bb.h5")).angles
    assert alike.differences == () and alike.figures.largest == 0.0
    (unlike,) = compare(source(one), source(other, "bb.h5")).angles
    assert unlike.differences == (
        "zero: 'level' in A, 'not stated' in B", "reference: 'absolute' in A, 'static' in B",
    )  # fmt: skip


def test_whole_turns_are_taken_out_and_told() -> None:
    time = np.arange(0, 12, 0.01)
    one, other = (angles_of({"pelvic_tilt": tilt(time) + turn}) for turn in (0.0, 360.0))
    (found,) = compare(source(one), source(other, "bb.h5")).angles
    assert abs(found.figures.offset) < 1e-9 and found.note == "-360 deg added to B"


def test_a_knee_that_bends_the_other_way_is_turned_round_and_told() -> None:
    time = np.arange(0, 12, 0.01)
    bent = angles_of({"imported_knee_angle_r": -np.abs(60 * np.sin(time)), "imported_ankle_angle_r": tilt(time) - 20})
    translated, notes = opensim_angles(bent)
    assert translated is not None and translated.deg("knee_flexion_r").max() > 55
    assert len(notes) == 1 and "knee_angle_r" in notes[0]
    assert translated.definition("ankle_dorsiflexion_r").positive == "dorsiflexion"


def test_another_movement_is_suspected() -> None:
    rng, time = np.random.default_rng(3), np.arange(0, 12, 0.01)
    noise = np.convolve(rng.normal(size=1300), np.ones(80), "same")[: len(time)]
    made = compare(source(angles_of({"pelvic_tilt": tilt(time)})), source(angles_of({"pelvic_tilt": noise}), "bb.h5"))
    assert any(note.startswith("LOOK") for note in made.notes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that have nothing to compare, beside one that has."""
    folder = tmp_path_factory.mktemp("made")
    time = np.arange(0, 3, 0.01)
    for name, column, start in (
        ("a", "pelvic_tilt", 0.0), ("other", "hip", 0.0), ("empty", "pelvic_tilt", 0.0), ("later", "pelvic_tilt", 90.0)
    ):
        values = tilt(time) if name != "empty" else np.full(len(time), np.nan)
        points = Points3D(np.random.default_rng(len(name)).normal(size=(len(time), 1, 3)), ("p",), RATE, start_s=start)
        write_trial(folder / f"{name}.h5", Trial(name, points, angles=angles_of({column: values}, start_s=start)))
    one = Points3D(np.zeros((1, 1, 3)), ("p",), RATE)
    write_trial(folder / "one.h5", Trial("one", one, angles=angles_of({"pelvic_tilt": np.ones(1)})))
    names = ("A", "B", "C", "D")
    header = "PathFileType\t4\t(X/Y/Z)\twalk.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\t" \
        "OrigDataStartFrame\tOrigNumFrames\n100\t100\t3\t4\tm\t100\t1\t3\n"  # fmt: skip
    head = "Frame#\tTime\t" + "\t\t\t".join(names) + "\n\t\t" + "\t".join(f"{a}{i}" for i in range(1, 5) for a in "XYZ")
    rows = "\n".join(f"{i + 1}\t{i / 100}\t" + "\t".join(str(0.1 * k + 0.3) for k in range(12)) for i in range(3))
    (folder / "walk.trc").write_text(f"{header}{head}\n\n{rows}\n")
    return folder


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("a.h5", "walk.trc"), "NO_ANGLES"), (("a.h5", "other.h5"), "NO_COMMON_ANGLE"),
        (("a.h5", "empty.h5"), "NO_COMMON_ANGLE"), (("a.h5", "later.h5", "--lag", "none"), "NO_OVERLAP"),
        (("a.h5", "one.h5"), "FEW_FRAMES"), (("one.h5", "a.h5", "--lag", "none"), "FEW_FRAMES"),
        (("a.h5", "a.h5", "--lag", "soon"), "LAG_UNKNOWN"), (("a.h5", "a.h5", "--angle", "x"), "NO_COMMON_ANGLE"),
        (("a.h5", "nothing.h5"), "FILE_MISSING"),
    ],
)  # fmt: skip
def test_refusals_are_one_line(made: Path, monkeypatch, mocap_cli: Callable, words: tuple, code: str) -> None:
    monkeypatch.chdir(made)
    there = sorted(made.iterdir())
    done = mocap_cli("compare", *words, *(("--up", "y") if "walk.trc" in words else ()))
    assert done.status == 1
    assert done.error_line.startswith(f"error {code}: ") and "Remedy: " in done.error_line
    assert sorted(made.iterdir()) == there


def test_a_file_of_imported_coordinates_is_read_like_the_mot(squats: tuple[Path, Path], tmp_path: Path) -> None:
    from mocap.pipeline.motion import import_to_file

    import_to_file(squats[1], tmp_path / "ik.h5", None, None)
    names = ("imported_pelvis_tilt", "imported_arm_flex_r")
    raw = compare(read_source(tmp_path / "ik.h5"), read_source(squats[1]), chosen=names)
    # Under the names of the file itself, and the same to rounding.
    assert tuple(one.name for one in raw.angles) == names
    assert max(abs(one.figures.largest) for one in raw.angles) < 1e-9
    ours = compare(read_source(squats[0]), read_source(tmp_path / "ik.h5"), chosen=("pelvic_tilt",))
    assert ours.angles[0].figures.offset == pytest.approx(7.49, abs=0.01)
