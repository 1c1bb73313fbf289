"""OpenSim itself reads TRC and MOT of ours, and its inverse kinematics finds the posture that they were made of.

Needs the package `opensim` (extra `opensim`, which the tests do without).
"""

from dataclasses import replace

import numpy as np
import pytest

from mocap.export.mot import export_mot
from mocap.export.trc import export_trc
from mocap.trial import Analog, AngleDefinition, ForcePlate, JointAngles, Points3D, Trial

osim = pytest.importorskip("opensim", reason="opensim is not installed (extra `opensim`)")

RATE, N = 119.88011988011988, 12
# Places of markers on the two bodies, in m, x forward, y up, z right.
PELVIS = {"RASIS": (0.1, 0.02, 0.12), "LASIS": (0.1, 0.02, -0.12), "SACR": (-0.1, 0.03, 0.0), "CREST": (0, 0.1, 0.1)}
THIGH = {"RTHI": (0.05, -0.2, 0.06), "RLFE": (0.0, -0.4, 0.05), "RMFE": (0.0, -0.4, -0.05)}
HIP = np.array([0.0, -0.08, 0.09])


def _about(axis: int, angle: float) -> np.ndarray:
    """Rotation about x, y or z of the model's ground."""
    c, s = np.cos(angle), np.sin(angle)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[[first, second], [first, second]] = c
    turn[first, second], turn[second, first] = -s, s
    return turn


def _truth() -> dict[str, np.ndarray]:
    """Coordinates of the model over time: rad, m."""
    phase = np.linspace(0, 2, N)
    return {
        "pelvis_tilt": -np.deg2rad(20 + 10 * np.sin(phase)), "pelvis_list": np.deg2rad(6 * np.cos(phase)),
        "pelvis_rotation": np.deg2rad(-8 * phase), "pelvis_tx": 0.3 * phase, "pelvis_ty": 0.9 - 0.2 * phase,
        "pelvis_tz": 0.05 * phase, "hip_flexion_r": np.deg2rad(30 * phase),
    }  # fmt: skip


def _markers(q: dict[str, np.ndarray]) -> np.ndarray:
    """Places of all markers in the model's ground, by the closed form: (time, marker, 3), x forward, y up, z right."""
    frames = []
    for t in range(N):
        pelvis = _about(2, q["pelvis_tilt"][t]) @ _about(0, q["pelvis_list"][t]) @ _about(1, q["pelvis_rotation"][t])
        origin = np.array([q["pelvis_tx"][t], q["pelvis_ty"][t], q["pelvis_tz"][t]])
        thigh = pelvis @ _about(2, q["hip_flexion_r"][t])
        hip = origin + pelvis @ HIP
        frames.append([*(origin + pelvis @ np.array(m) for m in PELVIS.values()),
                       *(hip + thigh @ np.array(m) for m in THIGH.values())])  # fmt: skip
    return np.array(frames)


def _trial(forward: str) -> Trial:
    """The markers in a lab with Z up where the person faces an axis, some of them missing for a while."""
    ground = _markers(_truth())
    ahead = np.array({"x": (1, 0, 0), "y": (0, 1, 0), "-x": (-1, 0, 0)}[forward], float)
    up = np.array([0.0, 0.0, 1.0])
    right = np.cross(ahead, up)
    position = ground @ np.array([ahead, up, right])
    position[3:6, 2] = np.nan
    position[5:8, -1] = np.nan
    return Trial("t", Points3D(position, (*PELVIS, *THIGH), RATE, start_s=1.25), forward_axis=forward)


def _write_model(path) -> None:
    model = osim.Model()
    ground = model.getGround()
    bodies = {name: osim.Body(name, 1.0, osim.Vec3(0), osim.Inertia(1, 1, 1)) for name in ("pelvis", "thigh")}
    turns = osim.SpatialTransform()
    axes = (("tilt", (0, 0, 1)), ("list", (1, 0, 0)), ("rotation", (0, 1, 0)))
    moves = (("tx", (1, 0, 0)), ("ty", (0, 1, 0)), ("tz", (0, 0, 1)))
    parts = [getattr(turns, f"upd_{part}{k}")() for part in ("rotation", "translation") for k in (1, 2, 3)]
    for one, (name, axis) in zip(parts, (*axes, *moves), strict=True):
        one.setCoordinateNames(osim.ArrayStr(f"pelvis_{name}", 1))
        one.setAxis(osim.Vec3(*axis))
        one.set_function(osim.LinearFunction(1.0, 0.0))
    for body in bodies.values():
        model.addBody(body)
    free = osim.CustomJoint("root", ground, osim.Vec3(0), osim.Vec3(0), bodies["pelvis"], osim.Vec3(0), osim.Vec3(0),
                            turns)  # fmt: skip
    hip = osim.PinJoint("hip", bodies["pelvis"], osim.Vec3(*HIP), osim.Vec3(0), bodies["thigh"], osim.Vec3(0),
                        osim.Vec3(0))  # fmt: skip
    hip.updCoordinate().setName("hip_flexion_r")
    for joint in (free, hip):
        model.addJoint(joint)
    for body, markers in (("pelvis", PELVIS), ("thigh", THIGH)):
        for name, place in markers.items():
            model.addMarker(osim.Marker(name, bodies[body], osim.Vec3(*place)))
    model.finalizeConnections()
    model.printToXML(str(path))


def _solved(folder, trc) -> dict[str, np.ndarray]:
    """Coordinates that OpenSim's tool finds: degrees and m, as its MOT table says."""
    _write_model(folder / "model.osim")
    tasks = osim.IKTaskSet()
    for name in (*PELVIS, *THIGH):
        task = osim.IKMarkerTask()
        task.setName(name)
        task.setApply(True)
        task.setWeight(1.0)
        tasks.cloneAndAppend(task)
    tool = osim.InverseKinematicsTool()
    tool.set_model_file(str(folder / "model.osim"))
    tool.setMarkerDataFileName(str(trc))
    tool.set_IKTaskSet(tasks)
    tool.setStartTime(0.0)
    tool.setEndTime(1e3)
    tool.set_accuracy(1e-9)
    tool.set_report_errors(False)
    tool.setOutputMotionFileName(str(folder / "ik.mot"))
    tool.setResultsDir(str(folder))
    assert tool.run()
    table = osim.TimeSeriesTable(str(folder / "ik.mot"))
    assert table.getTableMetaDataString("inDegrees") == "yes"
    columns = {name: table.getDependentColumn(name).to_numpy().copy() for name in table.getColumnLabels()}
    return columns | {"time": np.array(table.getIndependentColumn())}


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    """Have no log of OpenSim's written where the tests run."""
    osim.Logger.removeFileSink()
    osim.Logger.setLevelString("Error")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("forward", ["x", "y", "-x"])
def test_its_inverse_kinematics_finds_the_posture_of_our_trc(tmp_path, forward):
    trial = _trial(forward)
    trc, *_ = export_trc(trial, tmp_path / "walk.trc")
    found = _solved(tmp_path, trc)
    np.testing.assert_allclose(found["time"], trial.points.time_s, atol=1e-8)
    for name, values in _truth().items():
        expected = values if name[-3:] in ("_tx", "_ty", "_tz") else np.rad2deg(values)
        # Measured: 1.3e-7 deg and 5e-9 m at most, with missing markers; the tool's table has eight decimals.
        np.testing.assert_allclose(found[name], expected, atol=1e-6, err_msg=name)


def test_its_reader_of_tables_takes_our_trc(tmp_path):
    trial = _trial("y")
    trc, *_ = export_trc(trial, tmp_path / "walk.trc")
    table = osim.TimeSeriesTableVec3(str(trc))
    assert tuple(table.getColumnLabels()) == trial.points.names
    assert table.getTableMetaDataString("DataRate") == repr(RATE) and table.getTableMetaDataString("Units") == "m"
    np.testing.assert_array_equal(table.getIndependentColumn(), trial.points.time_s)
    ground = _markers(_truth())
    for frame in range(N):
        row = table.getRowAtIndex(frame)
        for place in range(len(trial.points.names)):
            back = np.array([row[place][axis] for axis in range(3)])
            if np.isfinite(trial.points.position[frame, place]).all():
                np.testing.assert_allclose(back, ground[frame, place], atol=1e-12)
            else:
                assert np.isnan(back).all()


def test_its_readers_take_our_ground_reaction_forces(tmp_path):
    values = np.column_stack([np.full(N, 5.0), np.zeros(N), np.linspace(-700, 0, N), *np.zeros((3, N))])
    corners = np.array([[0.5, 0.5, 0], [0, 0.5, 0], [0, 0, 0], [0.5, 0, 0]])[::-1]
    trial = replace(
        _trial("y"), force_plates=(ForcePlate(2, corners, np.zeros(3), tuple(range(6))),),
        analog=Analog(values, ("Fx", "Fy", "Fz", "Mx", "My", "Mz"), ("N",) * 3 + ("Nmm",) * 3, RATE, start_s=1.25),
    )  # fmt: skip
    path = next(file for file in export_mot(trial, tmp_path / "walk.mot") if file.stem == "walk_grf")
    table, older = osim.TimeSeriesTable(str(path)), osim.Storage(str(path))
    assert table.getNumRows() == older.getSize() == N and table.getNumColumns() == 9
    up = table.getDependentColumn("1_ground_force_vy").to_numpy()
    np.testing.assert_allclose(up, np.where(values[:, 2] < -20, -values[:, 2], 0), atol=1e-9)
    np.testing.assert_array_equal(table.getIndependentColumn(), trial.analog.time_s)


@pytest.mark.parametrize("ending", [".mot", ".sto"])
def test_both_its_readers_take_our_mot(tmp_path, ending):
    words = ("a", "b", "c", "d", "absolute", "e")
    values = np.random.default_rng(1).normal(size=(N, 2))
    values[4:6, 1] = np.nan
    angles = JointAngles(
        tuple(AngleDefinition(name, *words) for name in ("pelvic_tilt", "lumbar_flexion")), values, RATE, start_s=1.25
    )
    trial = Trial("t", Points3D(np.zeros((N, 1, 3)), ("a",), RATE, start_s=1.25), angles=angles)
    path, *_ = export_mot(trial, tmp_path / f"walk{ending}")
    table = osim.TimeSeriesTable(str(path))
    assert tuple(table.getColumnLabels()) == angles.names and table.getTableMetaDataString("inDegrees") == "yes"
    np.testing.assert_array_equal(table.getIndependentColumn(), angles.time_s)
    older = osim.Storage(str(path))
    assert older.isInDegrees() and older.getSize() == N
    for place, name in enumerate(angles.names):
        column = osim.ArrayDouble()
        older.getDataColumn(name, column)
        expected = np.rad2deg(values[:, place])
        np.testing.assert_array_equal(table.getDependentColumn(name).to_numpy(), expected)
        np.testing.assert_array_equal([column.get(row) for row in range(N)], expected)
