"""Lay a trial out in the groups and variables of the file. Absent parts leave no group."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import TrialFileError
from mocap.schema import COVARIANCE_TERMS, FORMAT, FORMAT_VERSION, GRAVITY_VECTOR, SPACE, Status
from mocap.storage.encode_assessment import EVENTS, assessment_groups, events_group
from mocap.storage.encode_cameras import AXES, cameras, keypoints, sync, time_axis
from mocap.storage.encode_edits import EDITS, edits_group
from mocap.storage.encode_measures import add_measures
from mocap.storage.encode_recorded import recorded_groups
from mocap.storage.encode_steps import step_variables
from mocap.storage.layout import Group, Variable, add, numbers, words
from mocap.storage.reasons import add_angle_reasons, add_segment_reasons
from mocap.storage.settled import settled_degrees
from mocap.storage.software import software_versions
from mocap.storage.stored_words import check_words
from mocap.trial import BoneErrors, JointAngles, Points3D, Segments, Trial, Verdict

_TRIU = np.triu_indices(3)
_UNITS_BY_SUFFIX = {"m": "m", "kg": "kg", "deg": "degree", "rad": "radian", "s": "s", "pct": "percent", "hz": "Hz"}


def encode(trial: Trial) -> dict[str, Group]:
    """Return the groups of the file by path, the root first; without `/integrity`.

    Raises
    ------
    TrialFileError
        `POINTS_EMPTY` when there are keypoints and none was ever seen; `NAME_TAKEN`; `TRIAL_TEXT`.
    """
    groups = _groups(trial)
    check_words(groups)
    return groups


def _groups(trial: Trial) -> dict[str, Group]:
    if trial.points.names and not np.isfinite(trial.points.position).any():
        raise TrialFileError(
            f"Trial '{trial.trial_id}' has {len(trial.points.names)} points and not one finite position.",
            "Check the keypoints and the calibration that made them.",
            code="POINTS_EMPTY",
        )
    groups = {"/": Group({}, _root(trial)), "/points": _points(trial.points, trial.bones, trial.rig)}
    optional: dict[str, Group | None] = {
        "/points_smoothed": _smoothed(trial.points_smoothed, trial) if trial.points_smoothed else None,
        "/cameras": cameras(trial.rig) if trial.rig else None,
        "/sync": sync(trial.timeline) if trial.timeline else None,
        "/keypoints2d": keypoints(trial.keypoints, trial) if trial.keypoints else None,
        "/segments": _segments(trial.segments, trial.points.start_s) if trial.segments else None,
        "/angles": _angles(trial.angles) if trial.angles else None,
        "/subject": _mapping(trial.subject),
        "/context": _mapping(trial.context),
        EDITS: edits_group(trial.edits),
        EVENTS: events_group(trial.events),
        **assessment_groups(trial.assessments),
        **dict(recorded_groups(trial)),
        "/quality": _quality(trial.quality),
        "/provenance": _provenance(trial),
    }
    return groups | {path: group for path, group in optional.items() if group is not None}


def _root(trial: Trial) -> dict[str, object]:
    gravity = GRAVITY_VECTOR if trial.gravity_known else (np.nan,) * 3
    return {
        "format": FORMAT, "format_version": np.int64(FORMAT_VERSION), "trial_id": trial.trial_id,
        "subject_code": trial.subject_code, "task": trial.task, "created_utc": trial.created_utc,
        "length_unit": "m", "up_axis": "z", "forward_axis": trial.forward_axis, "handedness": "right",
        "gravity_vector": np.array(gravity), "gravity_known": np.int64(trial.gravity_known),
        "axis_source": trial.axis_source, "site": trial.site, "operator": trial.operator,
        "rig_id": _rig_id(trial.rig), "protocol_sha256": _protocols(trial), "Conventions": "CF-1.11 (units and flags)",
    }  # fmt: skip


def _protocols(trial: Trial) -> str:
    """The digests of the settings of its assessments, in their order."""
    return " ".join(one.protocol_sha256 for one in trial.assessments)


def _rig_id(rig: CameraRig | None) -> str:
    """The rig's own id, or a digest of its cameras: the same calibration has the same id in every trial."""
    if rig is None:
        return ""
    if "rig_id" in rig.metadata:
        return str(rig.metadata["rig_id"])
    digest = hashlib.sha256()
    for camera in rig:
        digest.update(f"{camera.name} {camera.size} {camera.fisheye}".encode())
        for array in (camera.matrix, camera.distortion, camera.cam_from_world):
            digest.update(np.ascontiguousarray(array, "<f8").tobytes())
    return digest.hexdigest()[:16]


def _points(points: Points3D, bones: tuple[tuple[str, str], ...], rig: CameraRig | None) -> Group:
    axes = ["time", "keypoint"]
    flags = {"flag_masks": np.array([flag.value for flag in Status], np.uint8),
             "flag_meanings": " ".join(flag.name.lower() for flag in Status if flag.name)}  # fmt: skip
    variables = {
        "time": time_axis(points.time_s),
        "keypoint": words(["keypoint"], points.names, "name of the point"),
        "space": words(["space"], SPACE, "axis of the world, right-handed, z up"),
        "position": numbers([*axes, "space"], points.position, "m", "position in the world; NaN is missing", "<f8"),
        "status": numbers(axes, points.status, "1", "how the sample came to be; 0 is missing", "u1", **flags),
    }
    known = np.isfinite(points.covariance)
    if known.any():
        terms = points.covariance[..., _TRIU[0], _TRIU[1]]
        variables["covariance_term"] = words(["covariance_term"], COVARIANCE_TERMS, "term of the covariance")
        variables["covariance"] = numbers(
            [*axes, "covariance_term"], terms, "m2", "covariance of the position; NaN is unknown", "<f4"
        )
    if points.calibration_covariance is not None:
        variables["covariance_term"] = words(["covariance_term"], COVARIANCE_TERMS, "term of the covariance")
        variables["calibration_covariance"] = numbers(
            [*axes, "covariance_term"], points.calibration_covariance[..., _TRIU[0], _TRIU[1]], "m2",
            "covariance of the position that the calibration adds, common to all frames; NaN is unknown", "<f4",
        )  # fmt: skip
    if points.reprojection_error is not None:
        n_cameras = len(points.reprojection_error)
        known_rig = rig is not None and len(rig) == n_cameras
        names = rig.names if rig is not None and known_rig else tuple(str(i) for i in range(n_cameras))
        variables["camera"] = words(["camera"], names, "name of the camera, or its place where there is no rig")
        variables["reprojection_error"] = numbers(
            ["camera", *axes], points.reprojection_error, "pixel", "distance of observation and projection", "<f4"
        )
    if points.n_views is not None:
        variables["n_views"] = numbers(axes, points.n_views, "1", "cameras whose observation was used", "u1")
    if points.bone_errors is not None and points.bone_errors.pairs:
        variables |= _bone_errors(points.bone_errors)
    if bones:
        variables["bone_index"] = numbers(["bone_index"], np.arange(len(bones)), "1", "index of the bone", "<i4")
        variables["bone_end"] = words(["bone_end"], ("from", "to"), "end of the bone")
        variables["bone"] = words(["bone_index", "bone_end"], bones, "points that a bone joins")
    return Group(variables, {"rate_hz": points.rate_hz, "start_s": points.start_s})


def _bone_errors(errors: BoneErrors) -> dict[str, Variable]:
    return {
        "tie_index": numbers(["tie_index"], np.arange(len(errors.pairs)), "1", "index of the tie", "<i4"),
        "tie_end": words(["tie_end"], ("from", "to"), "end of the tie"),
        "tie": words(["tie_index", "tie_end"], errors.pairs, "points whose errors go together"),
        "tie_correlation": numbers(
            ["time", "tie_index"], errors.correlation, "1", "correlation of both errors along the line between", "<f4"
        ),
    }


def _smoothed(points: Points3D, trial: Trial) -> Group:
    """Smoothed points with what made them, as the operation tells it."""
    group = _points(points, (), trial.rig)
    making = [one.parameters for one in trial.operations if one.name == "smooth"]
    told = [str(parameters["points"]) for parameters in making if "points" in parameters]
    return Group(group.variables, {**group.attributes, **({"method": told[-1]} if told else {})})


def _segments(segments: Segments, start_s: float) -> Group:
    n_frames = len(segments.world_from_segment)
    variables = {
        "time": time_axis(start_s + np.arange(n_frames) / segments.rate_hz),
        "segment": words(["segment"], segments.names, "name of the segment, in order"),
        "row": words(["row"], AXES, "row of the transform: axis of the world"),
        "column": words(["column"], AXES, "column of the transform: axis of the segment"),
        "quaternion_term": words(["quaternion_term"], ("w", "x", "y", "z"), "term of the quaternion, scalar first"),
    }
    for index, name in enumerate(segments.names):
        pose = segments.world_from_segment[:, index]
        pose_text = f"pose of {name} in the world; segment axes x anterior, y up, z right; translation in m"
        turn_text = f"rotation of {name} into the world, scalar first, sign continuous in time"
        add(variables, f"world_from_{name}", numbers(["time", "row", "column"], pose, "1", pose_text))
        add(variables, f"quaternion_{name}", numbers(["time", "quaternion_term"], quaternions(pose), "1", turn_text))
    add_measures(variables, segments.measures)
    add_segment_reasons(variables, segments)
    return Group(variables, {"rate_hz": segments.rate_hz, "quaternion_order": "w x y z"})


def quaternions(world_from_segment: NDArray) -> NDArray:
    """Return unit quaternions w, x, y, z, shape (time, 4), of poses (time, 4, 4); NaN where the pose is.

    The first one has w >= 0, and each next one the sign nearer to its forerunner.
    """
    rotation = world_from_segment[:, :3, :3]
    known = np.isfinite(rotation).all(axis=(1, 2))
    result = np.full((len(rotation), 4), np.nan)
    if known.any():
        from scipy.spatial.transform import Rotation  # half of the start of the process that looks at damaged files

        turned = Rotation.from_matrix(rotation[known]).as_quat()[:, [3, 0, 1, 2]]
        turned[0] *= 1.0 if turned[0, 0] >= 0 else -1.0
        flips = np.einsum("ij,ij->i", turned[1:], turned[:-1]) < 0
        turned[1:] *= np.where(np.cumsum(flips) % 2, -1.0, 1.0)[:, None]
        result[known] = turned
    return result


_ANGLE_PARTS = {
    "u_landmark": "from landmark placement",
    "u_sta": "from soft tissue",
    "u_static": "from the noise of the static trial, a part of the random one",
    "u_landmark_change": "from landmark placement in changes between up to 50 frames spread over the trial, at most",
    "u_calibration": "from the calibration of the cameras",
    "u_gravity": "from how well the vertical is known",
    "u_gravity_change": "from how well the vertical is known in changes between up to 100 frames, at most",
    "u_hip_centre": "from the error of the hip centres, at most at up to 50 frames",
    "u_hip_centre_change": "from the error of the hip centres in changes between up to 50 frames, at most",
}


def _angles(angles: JointAngles) -> Group:
    variables = {
        "time": time_axis(angles.time_s),
        "angle": words(["angle"], angles.names, "name of the angle, in order"),
    }
    for index, definition in enumerate(angles.definitions):
        name = definition.name
        meaning = {
            "definition": definition.definition, "sequence": definition.sequence, "positive": definition.positive,
            "zero": definition.zero, "reference": definition.reference, "method": definition.method,
            "observable": np.int64(definition.observable), "reason": definition.reason,
        }  # fmt: skip
        readable = name.replace("_", " ")
        add(variables, name, numbers(["time"], settled_degrees(angles.values[:, index]), "degree", readable, **meaning))
        random = f"random uncertainty (1 SD) of {readable}"
        add(variables, f"{name}_sd", numbers(["time"], settled_degrees(angles.sd[:, index]), "degree", random))
        for part, words_of_part in _ANGLE_PARTS.items():
            size = settled_degrees(getattr(angles, part)[index])
            text = f"uncertainty (1 SD) of {readable} {words_of_part}"
            add(variables, f"{name}_{part}", numbers([], size, "degree", text))
    add_angle_reasons(variables, angles)
    return Group(variables, {"rate_hz": angles.rate_hz, "start_s": angles.start_s})


def _mapping(values: Mapping[str, float | str]) -> Group | None:
    variables: dict[str, Variable] = {}
    # Read back they are in the order of their names: written so, a file that is read and written stays as it is.
    for name, value in sorted(values.items()):
        units = _UNITS_BY_SUFFIX.get(name.rsplit("_", 1)[-1], "1") if "_" in name else "1"
        readable = name.replace("_", " ")
        variable = words([], value, readable) if isinstance(value, str) else numbers([], float(value), units, readable)
        add(variables, name, variable)
    return Group(variables) if variables else None


def _quality(verdicts: tuple[Verdict, ...]) -> Group | None:
    if not verdicts:
        return None
    axis = ["verdict"]
    return Group({
        "verdict": numbers(axis, np.arange(len(verdicts)), "1", "index of the verdict", "<i4"),
        "name": words(axis, [v.name for v in verdicts], "what was checked"),
        "measured": numbers(axis, [v.measured for v in verdicts], "1", "measured value, in the unit of the row", "<f8"),
        "limit": numbers(axis, [v.limit for v in verdicts], "1", "limit, in the unit of the row", "<f8"),
        "unit": words(axis, [v.unit for v in verdicts], "unit of the row"),
        "passed": numbers(axis, [v.passed for v in verdicts], "1", "1 when the limit holds", "u1"),
        "text": words(axis, [v.text for v in verdicts], "the verdict in words"),
    })  # fmt: skip


def _provenance(trial: Trial) -> Group:
    operations, inputs = trial.operations, trial.inputs
    software = software_versions()
    variables = {
        "software": words(["software"], list(software), "program or library"),
        "software_version": words(["software"], list(software.values()), "its version when the file was written"),
    }
    if operations:
        settings = [json.dumps(dict(operation.parameters), sort_keys=True) for operation in operations]
        variables["operation"] = words(["operation"], [o.name for o in operations], "what was done, in order")
        variables["operation_parameters"] = words(["operation"], settings, "its settings, as JSON")
    if inputs:
        variables["input"] = words(["input"], list(inputs), "input file")
        variables["input_sha256"] = words(["input"], list(inputs.values()), "SHA-256 of the input file")
    return Group(variables | step_variables(trial.steps, trial.settings))
