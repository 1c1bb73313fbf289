"""OpenSim's inverse kinematics as a rival: a simple model made here from a standing pose, and its time for a trial.

Needs the package `opensim` (extra `bench`). The model is built like the usual ones of the legs: 12 bodies in custom
joints, pelvis with 6 coordinates, trunk and hips with 3, knees, ankles, subtalar joints and toes with 1: 23 in all, of
which those of the toes are locked, as no marker shows them.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

#: Bodies of the model with the markers on them; sides and joints as `{s}`.
MARKERS_ON = {
    "pelvis": ("RASIS", "LASIS", "RPSIS", "LPSIS"),
    "torso": ("C7", "T10", "CLAV", "STRN"),
    "femur_{s}": ("{s}LFE", "{s}MFE"),
    "tibia_{s}": ("{s}LMAL", "{s}MMAL"),
    "foot_{s}": ("{s}HEEL", "{s}MT1", "{s}MT5"),
}
#: Body, its parent, where its joint is in the standing pose, and the axes about which it turns.
JOINTS = (
    ("pelvis", "ground", "pelvis", ("z", "x", "y")),
    ("torso", "pelvis", "back", ("z", "x", "y")),
    ("femur_{s}", "pelvis", "{s}HJC", ("z", "x", "y")),
    ("tibia_{s}", "femur_{s}", "{s}KJC", ("z",)),
    ("talus_{s}", "tibia_{s}", "{s}AJC", ("z",)),
    ("foot_{s}", "talus_{s}", "{s}AJC", ("x",)),
    ("toes_{s}", "foot_{s}", "{s}MT1", ("z",)),
)
AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}


def of_sides(text):
    """A text, or both of its sides."""
    return [text.format(s=side) for side in "RL"] if "{s}" in text else [text]


def marker_names():
    """The 22 markers."""
    return tuple(
        marker.format(s=side) for body, markers in MARKERS_ON.items() for side in ("RL" if "{s}" in body else " ")
        for marker in markers
    )  # fmt: skip


@dataclass(frozen=True)
class Solved:
    """What the rival found, and in what time of the clock and of the processors."""

    seconds: float
    cpu_seconds: float
    coordinates: dict
    n_frames: int

    @property
    def frames_per_s(self):
        return self.n_frames / self.seconds


def _quiet():
    """The package, told to write neither words nor a log file into the working folder."""
    import opensim

    opensim.Logger.setLevelString("Off")
    opensim.Logger.removeFileSink()
    return opensim


def build_model(standing, joints, path):
    """Write a model to a file.

    Parameters
    ----------
    standing : dict of str to ndarray, shape (3,)
        Markers of the standing pose in ISB axes (Y up), m.
    joints : dict of str to ndarray, shape (3,)
        `pelvis`, `back` and the joint centres `RHJC`, ... of that pose.
    path : Path
        Of the .osim file.
    """
    opensim = _quiet()
    model = opensim.Model()
    model.setName("simple")
    places = {**standing, **joints}
    bodies, centres = {"ground": model.getGround()}, {"ground": np.zeros(3)}
    for body, parent, joint, axes in JOINTS:
        for name, above, at in zip(of_sides(body), of_sides(parent) * 2, of_sides(joint), strict=False):
            bodies[name] = opensim.Body(name, 1.0, opensim.Vec3(0), opensim.Inertia(0.1, 0.1, 0.1))
            model.addBody(bodies[name])
            centres[name] = places[at]
            offset = places[at] - centres[above] if above != "ground" else np.zeros(3)
            made = opensim.CustomJoint(
                f"joint_{name}", bodies[above], opensim.Vec3(*map(float, offset)), opensim.Vec3(0), bodies[name],
                opensim.Vec3(0), opensim.Vec3(0), _motion(f"{name}_", axes, above == "ground"),
            )  # fmt: skip
            model.addJoint(made)
            if name.startswith("toes"):
                made.upd_coordinates(0).set_locked(True)
    for body, markers in MARKERS_ON.items():
        for side in "RL" if "{s}" in body else " ":
            name = body.format(s=side)
            for marker in (text.format(s=side) for text in markers):
                place = opensim.Vec3(*map(float, standing[marker] - centres[name]))
                model.addMarker(opensim.Marker(marker, bodies[name], place))
    model.finalizeConnections()
    model.printToXML(str(path))


def _motion(name, axes, moves):
    """Turns about some axes, the others fixed, and ways along all three where `moves`."""
    import opensim

    motion = opensim.SpatialTransform()
    parts = [getattr(motion, f"upd_{part}{k}")() for part in ("rotation", "translation") for k in (1, 2, 3)]
    rest = [axis for axis in "zxy" if axis not in axes]
    for k, (part, axis) in enumerate(zip(parts, (*axes, *rest, "x", "y", "z"), strict=True)):
        part.setAxis(opensim.Vec3(*AXES[axis]))
        turns, ways = k < len(axes), moves and k >= 3
        if turns or ways:
            label = f"{name}{'turn' if turns else 'way'}_{axis}"
            part.setCoordinateNames(opensim.ArrayStr(label, 1))
            part.set_function(opensim.LinearFunction(1.0, 0.0))
        else:
            part.set_function(opensim.Constant(0.0))
    return motion


def solve(model_path, positions, names, rate_hz):
    """Solve inverse kinematics frame by frame; only the solver's loop is timed.

    Parameters
    ----------
    model_path : Path
    positions : ndarray, shape (time, marker, 3)
        ISB axes (Y up), m.
    names : sequence of str
    rate_hz : float
    """
    opensim = _quiet()
    model = opensim.Model(str(model_path))
    state = model.initSystem()
    table = opensim.TimeSeriesTableVec3()
    table.setColumnLabels(opensim.StdVectorString(list(names)))
    for frame, row in enumerate(positions):
        vectors = opensim.RowVectorVec3(len(names))
        for k, place in enumerate(row):
            vectors[k] = opensim.Vec3(*map(float, place))
        table.appendRow(frame / rate_hz, vectors)
    table.addTableMetaDataString("Units", "m")
    weights = opensim.SetMarkerWeights()
    for name in names:
        weights.cloneAndAppend(opensim.MarkerWeight(name, 1.0))
    markers = opensim.MarkersReference(table, weights, opensim.Units("m"))
    solver = opensim.InverseKinematicsSolver(model, markers, opensim.SimTKArrayCoordinateReference(), float("inf"))
    solver.setAccuracy(1e-5)
    state.setTime(0.0)
    solver.assemble(state)
    coordinates = model.getCoordinateSet()
    found = {coordinates.get(i).getName(): np.empty(len(positions)) for i in range(coordinates.getSize())}
    start, cpu = time.perf_counter(), time.process_time()
    for frame in range(len(positions)):
        state.setTime(frame / rate_hz)
        solver.track(state)
        for i, values in enumerate(found.values()):
            values[frame] = coordinates.get(i).getValue(state)
    return Solved(time.perf_counter() - start, time.process_time() - cpu, found, len(positions))


def tool(model_path, positions, names, rate_hz, folder: Path):
    """Solve by the tool that people run, from a .trc file to a .mot file, all of it timed."""
    opensim = _quiet()
    trc, mot = folder / "markers.trc", folder / "found.mot"
    write_trc(trc, positions, names, rate_hz)
    start, cpu = time.perf_counter(), time.process_time()
    made = opensim.InverseKinematicsTool()
    made.set_model_file(str(model_path))
    made.setMarkerDataFileName(str(trc))
    made.setStartTime(0.0)
    made.setEndTime((len(positions) - 1) / rate_hz)
    made.setOutputMotionFileName(str(mot))
    made.set_report_errors(False)
    made.run()
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    table = opensim.TimeSeriesTable(str(mot))
    found = {name: table.getDependentColumn(name).to_numpy() for name in table.getColumnLabels()}
    return Solved(seconds, cpu_seconds, found, len(positions))


def write_trc(path, positions, names, rate_hz):
    """Write markers, shape (time, marker, 3) in m, as OpenSim reads them."""
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate_hz}\t{rate_hz}\t{len(positions)}\t{len(names)}\tm\t{rate_hz}\t1\t{len(positions)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(1, len(names) + 1)),
        "",
    ]
    rows = (
        f"{frame + 1}\t{frame / rate_hz:.6f}\t" + "\t".join(f"{value:.8f}" for value in row.ravel())
        for frame, row in enumerate(positions)
    )
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
