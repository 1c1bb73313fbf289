"""What a recording brought along beside its points, as groups of the file, and back."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.schema import SPACE
from mocap.storage.encode_cameras import AXES, time_axis
from mocap.storage.layout import Group, Variable, numbers, words
from mocap.trial import Analog, FileOrigin, FileParameter, ForcePlate, ImportedPoses, ModelOutputs, Trial

ANALOG, FORCES, OUTPUTS, POSES, ORIGIN = "/analog", "/forces", "/model_outputs", "/imported_poses", "/file_origin"
_NO_CHANNEL = -1


def recorded_groups(trial: Trial) -> Iterator[tuple[str, Group]]:
    """Yield the groups of what is there, by path."""
    if trial.analog is not None:
        yield ANALOG, _analog(trial.analog)
    if trial.force_plates:
        yield FORCES, _forces(trial.force_plates)
    if trial.model_outputs:
        yield OUTPUTS, _outputs(trial.model_outputs, trial.points.time_s)
    if trial.imported_poses is not None:
        yield POSES, _poses(trial.imported_poses)
    if trial.origin is not None:
        yield ORIGIN, _origin(trial.origin, trial)


def decoded_recorded(groups: Mapping[str, Group]) -> dict[str, Any]:
    """Return the fields of `Trial` that the groups hold; none of files that have no such group.

    Raises
    ------
    KeyError
        Naming the variable or attribute that is missing.
    ValueError, TypeError, ShapeError
        When the content contradicts itself.
    """
    readers = {ANALOG: ("analog", _decoded_analog), FORCES: ("force_plates", _decoded_forces),
               OUTPUTS: ("model_outputs", _decoded_outputs), POSES: ("imported_poses", _decoded_poses),
               ORIGIN: ("origin", _decoded_origin)}  # fmt: skip
    return {name: read(groups[path]) for path, (name, read) in readers.items() if path in groups}


def _analog(analog: Analog) -> Group:
    axis = ["channel"]
    variables = {
        "time": time_axis(analog.time_s),
        "channel": numbers(axis, np.arange(len(analog.names)), "1", "number of the channel, from 0", "<i4"),
        "name": words(axis, analog.names, "name of the channel"),
        "unit": words(axis, analog.units, "unit of the channel's values, as in the file"),
        "description": words(axis, analog.descriptions, "the file's words about the channel"),
        "value": numbers(["time", *axis], analog.values, "1", "sample, in the unit of its channel", "<f8"),
    }
    return Group(variables, {"rate_hz": analog.rate_hz, "start_s": analog.start_s})


def _decoded_analog(group: Group) -> Analog:
    values = group.variables["value"].data
    names, units, descriptions = (_words(group, name) for name in ("name", "unit", "description"))
    return Analog(values, names, units, _number(group, "rate_hz"), descriptions, _number(group, "start_s"))


def _forces(plates: tuple[ForcePlate, ...]) -> Group:
    n_plates = len(plates)
    terminals = max(len(plate.channels) for plate in plates)
    channels = np.full((n_plates, terminals), _NO_CHANNEL)
    for row, plate in zip(channels, plates, strict=True):
        row[: len(plate.channels)] = plate.channels
    zero = [(0, 0) if plate.zero_frames is None else plate.zero_frames for plate in plates]
    variables = {
        "plate": numbers(["plate"], np.arange(n_plates), "1", "number of the force plate, from 0", "<i4"),
        "space": words(["space"], SPACE, "axis of the world, right-handed, z up"),
        "corner": numbers(["corner"], np.arange(4), "1", "number of the corner, from 0", "<i4"),
        "terminal": numbers(["terminal"], np.arange(terminals), "1", "place in the order of the plate's type", "<i4"),
        "plate_axis": words(["plate_axis"], SPACE, "axis of the plate's own frame"),
        "frame_end": words(["frame_end"], ("first", "last"), "end of a span of frames"),
        "plate_type": numbers(["plate"], [p.kind for p in plates], "1", "type number of the C3D format", "<i4"),
        "corners": numbers(["plate", "corner", "space"], [p.corners_world for p in plates], "m",
                           "corners in the world", "<f8"),
        "origin": numbers(["plate", "plate_axis"], [p.origin_plate for p in plates], "m",
                          "origin in the plate's own frame, as the file gives it", "<f8"),
        "analog_channel": numbers(["plate", "terminal"], channels, "1", "channel of /analog, -1 is none", "<i4"),
        "n_channels": numbers(["plate"], [len(p.channels) for p in plates], "1", "channels of the plate", "<i4"),
        "zero_frames": numbers(["plate", "frame_end"], zero, "1", "frames without load, from 1; 1 0 is none", "<i8"),
        "zero_known": numbers(["plate"], [p.zero_frames is not None for p in plates], "1", "1 where stated", "u1"),
    }  # fmt: skip
    return Group(variables | _matrices(plates))


def _matrices(plates: tuple[ForcePlate, ...]) -> dict[str, Variable]:
    """Calibration matrices, padded to the size of the largest; nothing where there are none."""
    shapes = [(0, 0) if plate.calibration is None else plate.calibration.shape for plate in plates]
    if all(plate.calibration is None for plate in plates):
        return {}
    rows, columns = (max(lengths) for lengths in zip(*shapes, strict=True))
    matrices = np.full((len(plates), rows, columns), np.nan)
    for matrix, plate, shape in zip(matrices, plates, shapes, strict=True):
        if plate.calibration is not None:
            matrix[: shape[0], : shape[1]] = plate.calibration
    return {
        "matrix_row": numbers(["matrix_row"], np.arange(rows), "1", "row of the matrix", "<i4"),
        "matrix_column": numbers(["matrix_column"], np.arange(columns), "1", "column of the matrix", "<i4"),
        "matrix_end": words(["matrix_end"], ("rows", "columns"), "which length"),
        "matrix_shape": numbers(["plate", "matrix_end"], shapes, "1", "size of the matrix; 0 0 is none", "<i4"),
        "calibration": numbers(["plate", "matrix_row", "matrix_column"], matrices, "1",
                               "from channels to forces and moments, as the file gives it", "<f8"),
    }  # fmt: skip


def _decoded_forces(group: Group) -> tuple[ForcePlate, ...]:
    data = {name: variable.data for name, variable in group.variables.items()}
    plates = []
    for index, kind in enumerate(data["plate_type"]):
        matrix = None
        if "calibration" in data and data["matrix_shape"][index].any():
            rows, columns = data["matrix_shape"][index]
            matrix = data["calibration"][index, :rows, :columns]
        first, last = data["zero_frames"][index]
        channels = data["analog_channel"][index, : data["n_channels"][index]]
        plates.append(ForcePlate(
            int(kind), data["corners"][index], data["origin"][index], tuple(int(channel) for channel in channels),
            matrix, (int(first), int(last)) if data["zero_known"][index] else None,
        ))  # fmt: skip
    return tuple(plates)


def _outputs(outputs: tuple[ModelOutputs, ...], time_s: NDArray) -> Group:
    variables = {
        "time": time_axis(time_s),
        "component": words(["component"], SPACE, "component of an output, in the order of the file"),
    }
    for one in outputs:
        axis = f"{one.kind}_label"
        variables[axis] = words([axis], one.labels, f"label of the {one.kind} in the file")
        variables[f"{one.kind}_description"] = words([axis], one.descriptions, f"the file's words about {one.kind}")
        text = f"{one.kind} by the model of the recording program; NaN is missing"
        values = numbers(["time", axis, "component"], one.values, one.unit or "1", text, "<f8", unit=one.unit)
        variables[one.kind] = values
    return Group(variables, {"kinds": json.dumps([one.kind for one in outputs])})


def _decoded_outputs(group: Group) -> tuple[ModelOutputs, ...]:
    outputs = []
    for kind in json.loads(str(group.attributes["kinds"])):
        labels, descriptions = (_words(group, f"{kind}_{part}") for part in ("label", "description"))
        stored = group.variables[kind]
        outputs.append(ModelOutputs(kind, labels, stored.data, str(stored.attributes["unit"]), descriptions))
    return tuple(outputs)


def _poses(poses: ImportedPoses) -> Group:
    variables = {
        "time": time_axis(poses.time_s),
        "segment": words(["segment"], poses.names, "name of the segment in the file"),
        "row": words(["row"], AXES, "row of the transform: axis of the world"),
        "column": words(["column"], AXES, "column of the transform: axis of the segment, as the other program has it"),
        "world_from_segment": numbers(["time", "segment", "row", "column"], poses.world_from_segment, "1",
                                      "pose in the world by another program; translation in m; NaN is missing", "<f8"),
    }  # fmt: skip
    return Group(variables, {"rate_hz": poses.rate_hz, "start_s": poses.start_s})


def _decoded_poses(group: Group) -> ImportedPoses:
    poses = group.variables["world_from_segment"].data
    return ImportedPoses(_words(group, "segment"), poses, _number(group, "rate_hz"), _number(group, "start_s"))


def _origin(origin: FileOrigin, trial: Trial) -> Group:
    variables: dict[str, Variable] = {}
    if origin.labels:
        axis = ["label"]
        variables["label"] = words(axis, origin.labels, "points and model outputs in the order of the file")
    if origin.parameters:
        axis = ["parameter"]
        texts = [json.dumps({"kind": one.kind, "shape": one.shape, "values": one.values})
                 for one in origin.parameters.values()]  # fmt: skip
        told = [one.description for one in origin.parameters.values()]
        variables["parameter"] = words(axis, list(origin.parameters), "GROUP:NAME of a parameter of the file")
        variables["parameter_value"] = words(axis, texts, "its values as JSON, the first axis changes fastest")
        variables["parameter_description"] = words(axis, told, "the file's words about it")
    samples = {
        "residual": (origin.residual, "m", "error of the sample, as the file says; NaN is missing", "<f4"),
        "camera_mask": (origin.camera_mask, "1", "one bit for each of the first seven cameras that saw it", "u1"),
    }
    for name, (values, unit, text, dtype) in samples.items():
        if values is not None:
            variables["time"] = time_axis(trial.points.time_s)
            variables["keypoint"] = words(["keypoint"], trial.points.names, "name of the point")
            variables[name] = numbers(["time", "keypoint"], values, unit, text, dtype)
    attributes = {"units": origin.units, "up_axis": origin.up_axis, "first_frame": np.int64(origin.first_frame)}
    return Group(variables, attributes)


def _decoded_origin(group: Group) -> FileOrigin:
    variables = group.variables
    parameters = {}
    if "parameter" in variables:
        names = ("parameter", "parameter_value", "parameter_description")
        for name, text, told in zip(*(_words(group, column) for column in names), strict=True):
            parameters[name] = _parameter(json.loads(text), told)
    return FileOrigin(
        units=str(group.attributes["units"]),
        up_axis=str(group.attributes["up_axis"]),
        first_frame=int(_number(group, "first_frame")),
        labels=_words(group, "label") if "label" in variables else (),
        parameters=parameters,
        residual=variables["residual"].data if "residual" in variables else None,
        camera_mask=variables["camera_mask"].data if "camera_mask" in variables else None,
    )


def _parameter(stored: Mapping[str, Any], description: str) -> FileParameter:
    as_kind = {"text": str, "byte": int, "integer": int, "real": float}[stored["kind"]]
    values: Any = tuple(as_kind(value) for value in stored["values"])
    return FileParameter(values, tuple(int(length) for length in stored["shape"]), stored["kind"], description)


def _words(group: Group, name: str) -> tuple[str, ...]:
    return tuple(str(word) for word in group.variables[name].data.ravel())


def _number(group: Group, name: str) -> float:
    return float(group.attributes[name])
