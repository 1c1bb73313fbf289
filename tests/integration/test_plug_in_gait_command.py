"""`mocap kinematics --model plug-in-gait` on real recordings: what it prints, stores and refuses."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.readers.c3d import read_c3d

SAGITTAL = [f"{name}_{side}" for name in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion") for side in "rl"]


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "plug_in_gait"


def _command(mocap_cli, trial: Path, static: Path | None, out: Path, *more: str):
    standing = [] if static is None else ["--static", static]
    return mocap_cli("kinematics", trial, *standing, "--model", "plug-in-gait", "--out", out, *more)


def _angles(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {name: file["angles"][name][()] for name in SAGITTAL}


def _computed(walk: Path, static: Path, **changed) -> dict[str, np.ndarray]:
    trial, standing = read_c3d(walk), read_c3d(static)
    options = KinematicsOptions(model="plug-in-gait", **changed)
    angles = kinematics(
        trial.points, static=standing.points, options=options, subject=trial.subject, static_subject=standing.subject
    ).angles
    return {name: angles.deg(name) for name in SAGITTAL}


def test_what_no_file_tells_is_told_with_its_effect(folder: Path, tmp_path: Path, mocap_cli) -> None:
    walk, static = folder / "PiG_Motion3_FF.c3d", folder / "PiG_Calibration3_FF.c3d"
    done = _command(mocap_cli, walk, static, tmp_path / "flat.h5", "--json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    (foot,) = [note for note in told["notes"] if note.startswith("foot=flat")]
    (_, thinner, thicker) = [note for note in told["notes"] if note.startswith("marker diameter")]
    # The effect that is told is that of the other choice, computed for itself.
    found = _angles(tmp_path / "flat.h5")
    change = _computed(walk, static, foot="anatomical")["ankle_dorsiflexion_r"] - found["ankle_dorsiflexion_r"]
    assert f"foot=anatomical would change ankle_dorsiflexion_r by {change.mean():+.2f} deg" in foot
    assert f"(at most {np.abs(change).max():.2f})" in foot
    assert "knee_flexion" not in foot
    change = _computed(walk, static, marker_diameter_m=0.016)["hip_flexion_l"] - found["hip_flexion_l"]
    assert "16 mm would change hip_flexion_r by" in thicker
    assert f"hip_flexion_l by {change.mean():+.2f} deg" in thicker
    assert "12 mm would change" in thinner
    methods = {one["name"]: one["method"] for one in told["angles"]}
    knee, diameter = "knee width 102.0 mm (of the static)", "marker diameter 14.0 mm (assumed)"
    for words in ("Plug-in Gait", knee, diameter, "foot=flat"):
        assert words in methods["ankle_dorsiflexion_r"]
    assert "Rz(a) Rx(b) Ry(g)" in next(o["sequence"] for o in told["angles"] if o["name"] == "ankle_dorsiflexion_r")


def test_trial_files_keep_what_the_model_needs(folder: Path, tmp_path: Path, mocap_cli) -> None:
    """The widths of the -Hole files stand with the walk alone; they go through trial files unharmed."""
    walk, static = folder / "PiG_Motion-FlatFoot-Hole.c3d", folder / "PiG_Calibration-FlatFoot-Hole.c3d"
    for path in (walk, static):
        assert mocap_cli("import", path, "--out", tmp_path / f"{path.stem}.h5").status == 0
    stored = tmp_path / f"{walk.stem}.h5", tmp_path / f"{static.stem}.h5", tmp_path / "stored.h5"
    done = _command(mocap_cli, *stored, "--set", "marker_diameter_m=0.016")
    assert done.status == 0, done.err
    assert "marker diameter" not in "".join(line for line in done.out.splitlines() if "note:" in line)  # it is stated
    direct, stored = _computed(walk, static, marker_diameter_m=0.016), _angles(tmp_path / "stored.h5")
    for name in SAGITTAL:
        np.testing.assert_allclose(stored[name], direct[name], atol=1e-9)
        assert np.isfinite(stored[name]).mean() > 0.95


def test_what_is_nowhere_is_asked_for(folder: Path, tmp_path: Path, mocap_cli) -> None:
    alone = folder / "PiG_Calibration-FlatFoot-Hole.c3d"  # whose widths are all 0
    done = _command(mocap_cli, alone, alone, tmp_path / "a.h5")
    assert done.status == 1
    assert "MEASURE_MISSING" in done.error_line
    for name in ("leg_length_m", "knee_width_r_m", "knee_width_l_m", "ankle_width_r_m", "ankle_width_l_m"):
        assert name in done.error_line
    assert not (tmp_path / "a.h5").exists()
    given = [f"--set={name}={value}" for name, value in (
        ("leg_length_m", 0.94), ("knee_width_l_m", 0.11), ("knee_width_r_m", 0.12), ("ankle_width_l_m", 0.07),
        ("ankle_width_r_m", 0.07), ("marker_diameter_m", 0.016))]  # fmt: skip
    done = _command(mocap_cli, alone, alone, tmp_path / "a.h5", *given)
    assert done.status == 0, done.err
    assert "knee width 120.0 mm (given)" in done.out
    assert np.nanmean(_angles(tmp_path / "a.h5")["ankle_dorsiflexion_l"]) == pytest.approx(4.3791, abs=1e-3)


def test_without_a_static_the_feet_have_no_angle(folder: Path, tmp_path: Path, mocap_cli) -> None:
    done = _command(mocap_cli, folder / "PiG_Motion3_FF.c3d", None, tmp_path / "a.h5")
    assert done.status == 0
    (line,) = [line for line in done.out.splitlines() if "ankle_dorsiflexion_r" in line and "not observable" in line]
    assert ": needs a static trial" in line
    assert "foot=" not in done.out
    assert np.isfinite(_angles(tmp_path / "a.h5")["knee_flexion_r"]).all()


def test_what_the_other_model_would_show_is_told(folder: Path, tmp_path: Path, mocap_cli) -> None:
    walk, static = folder / "PiG_Motion3_FF.c3d", folder / "PiG_Calibration3_FF.c3d"
    done = mocap_cli("kinematics", walk, "--static", static, "--out", tmp_path / "a.h5", "--json")
    told = json.loads(done.out)
    (note,) = [note for note in told["notes"] if "--model plug-in-gait" in note]
    own = _command(mocap_cli, walk, static, tmp_path / "b.h5", "--json")
    shown, more = (sum(angle["observable"] for angle in each["angles"]) for each in (told, json.loads(own.out)))
    assert f": {more} of {len(told['angles'])} angles, where model segments shows {shown}" in note
    assert shown < 15 < 30 < more
    assert not [note for note in json.loads(own.out)["notes"] if "--model" in note]
    # The widths of this file are all 0.
    alone = folder / "PiG_Calibration-FlatFoot-Hole.c3d"
    done = mocap_cli("kinematics", alone, "--static", alone, "--out", tmp_path / "c.h5", "--json")
    (note,) = [note for note in json.loads(done.out)["notes"] if "--model plug-in-gait" in note]
    assert "but: Model plug-in-gait needs leg_length_m, knee_width_r_m" in note


def test_another_models_markers_are_refused(shared_data: Path, tmp_path: Path, mocap_cli) -> None:
    squat = next((shared_data / "squat_markers").glob("*static*.trc"))
    done = _command(mocap_cli, squat, None, tmp_path / "a.h5")
    assert done.status == 1
    assert "MODEL_MARKERS" in done.error_line
