"""The skeleton model on recorded squats with skin markers, against OpenSim's inverse kinematics of the same recording.

Both are fits of one body to all markers. OpenSim's counts an ASIS like any other marker; here it counts little where
the hip is deeply flexed, so the two differ in the pelvis as they should, and agree in knees.
"""

from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import Kinematics, KinematicsOptions, kinematics
from mocap.readers.trc import read_trc


@pytest.fixture(scope="module")
def fitted(shared_data: Path) -> dict[str, Kinematics]:
    folder = shared_data / "squat_markers"
    points, static = (read_trc(folder / name, up="y").points for name in ("squats1.trc", "static1.trc"))
    return {
        model: kinematics(points, static=static, options=KinematicsOptions(model=model))
        for model in ("segments", "skeleton")
    }


@pytest.fixture(scope="module")
def opensim(shared_data: Path) -> dict[str, np.ndarray]:
    path = shared_data / "squat_markers" / "squats1_ik_degrees.mot"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("endheader") + 1
    table = np.array([[float(word) for word in line.split()] for line in lines[start + 1 :]])
    return dict(zip(lines[start].split(), table.T, strict=True))


@pytest.mark.parametrize("side", ["r", "l"])
def test_knees_agree_better_than_segment_by_segment(fitted, opensim, side: str) -> None:
    reference = opensim[f"knee_angle_{side}"]
    apart = {model: np.std(k.angles.deg(f"knee_flexion_{side}") - reference) for model, k in fitted.items()}
    # Measured: 3.34 to 0.82 deg right, 2.45 to 0.79 deg left.
    assert apart["skeleton"] <= 1.5 < apart["segments"]


def test_pelvic_tilt(fitted, opensim) -> None:
    found, reference = fitted["skeleton"].angles.deg("pelvic_tilt"), -opensim["pelvis_tilt"]
    # Measured r 0.995, SD 2.05 deg. At depth it is up to 12 deg from segment by segment, where the ASIS counts fully:
    # the recording cannot tell which is nearer to the bone.
    assert np.corrcoef(found, reference)[0, 1] >= 0.99
    assert np.std(found - reference) <= 3.0


def test_there_is_no_leap_and_every_angle_is_sure_enough(fitted) -> None:
    angles = fitted["skeleton"].angles
    shown = [d.name for d in angles.definitions if d.observable]
    assert {"pelvic_tilt", "hip_flexion_r", "knee_rotation_l", "ankle_dorsiflexion_r"} <= set(shown)
    for name in shown:
        # Measured 2.3 deg (hip flexion) from frame to frame.
        assert np.abs(np.diff(angles.deg(name))).max() <= 3.0, name
        assert np.isfinite(angles.deg(name)).all(), name
    # Measured 1.8 (tilt) and 4.9 deg (hip rotation), soft tissue counted.
    assert 0.5 < np.median(angles.sd_deg("pelvic_tilt")) < 2.5
    assert np.median(angles.sd_deg("hip_rotation_r")) < 6.0
    assert not angles.definition("lumbar_flexion").observable


def test_markers_lie_where_skin_lets_them(fitted) -> None:
    residual = {v.name: v.measured for v in fitted["skeleton"].verdicts if v.name.startswith("residual_")}
    assert len(residual) == 30
    # Measured: ASIS 18 mm, the largest; feet 2 to 4 mm.
    assert max(residual, key=lambda name: residual[name]) in ("residual_RASIS", "residual_LASIS")
    assert max(residual[f"residual_{side}{name}"] for side in "RL" for name in ("HEEL", "MT5", "TOE")) < 6.0
