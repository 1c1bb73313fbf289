"""The models of `[options.kinematics]` in a session: Plug-in Gait with stated widths, and the skeleton."""

from dataclasses import replace
from pathlib import Path

import numpy as np

import mocap
from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.export.keypoints import write_keypoint_table
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.pipeline.session import run_session
from mocap.synthetic import default_subject, observe, squat, static_standing
from mocap.trial import Points3D, Trial

RATE = 25.0
SUBJECT = default_subject(seed=3)
MOTIONS = {"standing": static_standing(SUBJECT, 2.0, RATE, seed=1), "squat": squat(SUBJECT, 1, rate_hz=RATE)}
# Labels of Vicon; in place of wands the outermost marker of each cluster.
VICON = {
    f"{side}{label}": f"{side}{name}" for side in "RL"
    for label, name in (("ASI", "ASIS"), ("PSI", "PSIS"), ("THI", "TH2"), ("KNE", "LFE"), ("TIB", "SH2"),
                        ("ANK", "LMAL"), ("HEE", "HEEL"), ("TOE", "MT2"))
}  # fmt: skip
OWN = {
    name: name for name in (
        "RASIS", "LASIS", "RPSIS", "LPSIS", "SAC1", "SAC2", "SAC3", "SAC4",
        *(side + name for side in "RL" for name in ("LFE", "MFE", "TH1", "TH2", "TH3", "LMAL", "MMAL", "SH1", "SH2",
                                                    "SH3", "HEEL", "MT1", "MT5"))
    )
}  # fmt: skip
WIDTHS = {
    "leg_length_m": 0.90, "knee_width_r_m": 0.105, "knee_width_l_m": 0.105, "ankle_width_r_m": 0.070,
    "ankle_width_l_m": 0.070, "marker_diameter_m": 0.014,
}  # fmt: skip
SESSION = """\
[session]
id = "s"
[calibration]
file = "calibration.toml"
[sync]
rate_hz = 25
clocks = "off"
[static]
trial = "standing"
[[trial]]
name = "standing"
task = "static"
files = "standing.parquet"
[[trial]]
name = "squat"
task = "squat"
files = "squat.parquet"
[options.kinematics]
"""


def written(folder: Path, labels: dict[str, str], options: str) -> Path:
    rig = ring_rig(4, 5)
    write_rig(folder / "calibration.toml", replace(rig, metadata={**rig.metadata, "gravity": "Z up, by construction"}))
    for seed, (name, motion) in enumerate(MOTIONS.items()):
        columns = [motion.points.names.index(there) for there in labels.values()]
        points = Points3D(motion.points.position[:, columns], tuple(labels), RATE)
        keypoints = observe(points, rig, seed, pixel_sigma=0.15).keypoints
        write_keypoint_table(folder / f"{name}.parquet", keypoints, rig.names)
    (folder / "session.toml").write_text(SESSION + options, encoding="utf-8")
    return folder


def ran(folder: Path) -> Trial:
    summary = run_session(folder, folder / "results", lambda *_: None)
    assert not summary.counts["refused"], [outcome.text for outcome in summary.outcomes]
    return mocap.read_trial(folder / "results" / "squat.h5")


def test_plug_in_gait_takes_its_widths_from_the_session(tmp_path: Path, mocap_cli) -> None:
    given = "".join(f"{name} = {value}\n" for name, value in WIDTHS.items())
    folder = written(tmp_path, VICON, f'model = "plug-in-gait"\n{given}')
    trial = ran(folder)
    assert trial.angles is not None and trial.points_smoothed is not None
    method = trial.angles.definition("knee_flexion_r").method
    assert "Plug-in Gait" in method and "knee width 105.0 mm (given)" in method
    static = mocap.read_trial(folder / "results" / "standing.h5").points_smoothed
    options = KinematicsOptions(model="plug-in-gait", task="squat", **WIDTHS)  # type: ignore[arg-type]
    direct = kinematics(trial.points_smoothed, static=static, options=options).angles
    for name in ("pelvic_tilt", "hip_flexion_r", "knee_flexion_l", "ankle_dorsiflexion_r"):
        assert trial.angles.definition(name).observable, name
        np.testing.assert_allclose(trial.angles.deg(name), direct.deg(name), atol=1e-6)
    file = folder / "session.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(given, ""), encoding="utf-8")
    refused = mocap_cli("run", folder)
    assert refused.status == 1 and "MEASURE_MISSING" in refused.out and "knee_width_r_m" in refused.out


def test_the_skeleton_is_fitted_in_a_session(tmp_path: Path) -> None:
    trial = ran(written(tmp_path, OWN, 'model = "skeleton"\n'))
    assert trial.angles is not None
    assert "skeleton" in trial.angles.definition("hip_flexion_r").method
    for name in ("pelvic_tilt", "knee_flexion_r"):
        # Measured: 0.62 and 0.17 deg at most.
        assert np.abs(trial.angles.deg(name) - MOTIONS["squat"].truth_deg(name)).max() < 1.0, name
