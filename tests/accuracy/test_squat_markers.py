"""Squats with skin markers against OpenSim's inverse kinematics of the same recording."""

from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import Kinematics, kinematics
from mocap.readers.trc import read_trc


def _opensim(path: Path) -> dict[str, np.ndarray]:
    """The columns of a MOT file, in its own degrees and signs."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("endheader") + 1
    table = np.array([[float(word) for word in line.split()] for line in lines[start + 1 :]])
    return dict(zip(lines[start].split(), table.T, strict=True))


@pytest.fixture(scope="module")
def squats(shared_data: Path) -> Kinematics:
    folder = shared_data / "squat_markers"
    points = read_trc(folder / "squats1.trc", up="y").points
    return kinematics(points, static=read_trc(folder / "static1.trc", up="y").points)


@pytest.fixture(scope="module")
def opensim(shared_data: Path) -> dict[str, np.ndarray]:
    return _opensim(shared_data / "squat_markers" / "squats1_ik_degrees.mot")


def test_pelvic_tilt(squats: Kinematics, opensim: dict[str, np.ndarray]) -> None:
    found, reference = squats.angles.deg("pelvic_tilt"), -opensim["pelvis_tilt"]
    assert squats.marker_set == "opensim-full-body"
    assert np.isfinite(found).all()
    # Measured: r 0.9934, residual SD 1.89 deg, offset 7.49 deg. The model's pelvis has its ASIS (mean of both sides)
    # 18.9 mm lower than its PSIS over 199.3 mm at tilt 0: 5.4 deg. Of the other 2.1 deg the fit is the cause: seen from
    # the fitted pelvis the markers of the PSIS lie 5.4 mm above and those of the ASIS 2.3 mm below their places.
    assert np.corrcoef(found, reference)[0, 1] >= 0.99
    assert np.std(found - reference) <= 2.5
    assert abs(np.mean(found - reference) - 7.5) <= 1.0


@pytest.mark.parametrize("side", ["r", "l"])
def test_ankles(squats: Kinematics, opensim: dict[str, np.ndarray], side: str) -> None:
    # Measured: r 0.986 right, 0.993 left.
    name = f"ankle_dorsiflexion_{side}"
    assert np.corrcoef(squats.angles.deg(name), opensim[f"ankle_angle_{side}"])[0, 1] >= 0.97
    assert "MMAL" in squats.angles.definition(name).method


@pytest.mark.parametrize("side", ["r", "l"])
def test_hips_and_knees(squats: Kinematics, opensim: dict[str, np.ndarray], side: str) -> None:
    # Measured: knee r 0.9997 and 0.9999, hip r 0.9993 and 0.9992.
    for name, other in (("knee_flexion", "knee_angle"), ("hip_flexion", "hip_flexion")):
        found, reference = squats.angles.deg(f"{name}_{side}"), opensim[f"{other}_{side}"]
        assert np.corrcoef(found, reference)[0, 1] >= 0.995
        assert np.std(found - reference) <= 5.0


def test_lumbar_flexion_is_not_observable(squats: Kinematics) -> None:
    for name in ("lumbar_flexion", "lumbar_lateral_bend", "lumbar_rotation"):
        assert not squats.angles.definition(name).observable
        assert "T12/L1" in squats.angles.definition(name).reason
        assert np.isnan(squats.angles[name]).all()


def test_thoracopelvic_flexion_comes_from_the_c7_line(squats: Kinematics, opensim: dict[str, np.ndarray]) -> None:
    definition = squats.angles.definition("thoracopelvic_flexion")
    assert "C7 line" in definition.method
    # Measured: r 0.983.
    assert np.corrcoef(squats.angles.deg("thoracopelvic_flexion"), -opensim["lumbar_extension"])[0, 1] >= 0.97


def test_quality_of_static_and_trial(squats: Kinematics) -> None:
    assert all(verdict.passed for verdict in squats.verdicts)
    assert squats.static_report is not None
    assert squats.static_report.quiet_s > 3.0
    # Without covariance there is no random uncertainty to state; landmark placement has one.
    assert np.isnan(squats.angles.sd).all()
    index = squats.angles.names.index("pelvic_tilt")
    # 5 mm over a pelvis of 0.20 to 0.21 m.
    assert 1.3 < np.rad2deg(squats.angles.u_landmark[index]) < 1.5


def test_angles_run_without_steps_through_five_squats(squats: Kinematics) -> None:
    for name in squats.angles.names:
        values = squats.angles.deg(name)
        if name.startswith("knee_tracking"):
            # A direction, of a line as short as 30 mm: 3.12 deg where the left knee begins to move forward.
            assert np.abs(np.diff(values)).max() <= 4.0, name
        elif np.isfinite(values).any():
            # Measured: at most 2.26 deg (left hip flexion) in 10 ms, of points that are not filtered.
            assert np.nanmax(np.abs(np.diff(values))) <= 3.0, name


@pytest.mark.parametrize("side", ["r", "l"])
def test_shank_inclination_is_the_dorsiflexion_of_a_flat_foot(squats: Kinematics, shared_data: Path, side: str) -> None:
    folder, label = shared_data / "squat_markers", {"r": "r_calc", "l": "L_calc"}[side]
    heel = read_trc(folder / "squats1.trc", up="y").points.point(label)[:, 2]
    standing = read_trc(folder / "static1.trc", up="y").points.point(label)[:, 2]
    down = heel - np.nanmedian(standing) < 0.005
    assert down.mean() > 0.99
    apart = (squats.angles.deg(f"shank_inclination_{side}") - squats.angles.deg(f"ankle_dorsiflexion_{side}"))[down]
    # Measured: SD 1.28 right and 1.35 left, largest 3.6 and 3.0 deg, mean 0.5 and 0.4.
    assert np.std(apart) <= 2.0
    assert np.abs(apart).max() <= 5.0
