"""Make a trial of the groups of a file. What is missing or misshapen is named."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from mocap.errors import TrialFileError
from mocap.schema import COVARIANCE_TERMS
from mocap.storage.encode_assessment import EVENTS, decoded_assessments, decoded_events
from mocap.storage.encode_edits import EDITS, decoded_edits
from mocap.storage.encode_measures import decoded_measure, stored_truth
from mocap.storage.encode_recorded import decoded_recorded
from mocap.storage.encode_steps import decoded_settings, decoded_steps
from mocap.storage.layout import Group, Variable, plain_name, safe_name
from mocap.storage.reasons import decoded_reasons
from mocap.storage.refusal import CONTENT_ERRORS, contradiction, shortened
from mocap.trial import (
    AngleDefinition,
    BoneErrors,
    JointAngles,
    Keypoints2D,
    Operation,
    Points3D,
    Segments,
    Timeline,
    Trial,
    Verdict,
)

_ROWS, _COLUMNS = np.triu_indices(3)
TOLD = ("/quality", "/provenance")
_MEANING = ("definition", "sequence", "positive", "zero", "reference", "method")


def decode(groups: Mapping[str, Group]) -> Trial:
    """Return the trial that a file's groups hold.

    Raises
    ------
    TrialFileError
        Code `TRIAL_SCHEMA`, naming the group or variable that is missing or wrong.
    """
    try:
        # Numbers that are far too large are refused below, without warnings of numpy before.
        with np.errstate(all="ignore"):
            return _decode(groups)
    except TrialFileError:
        raise
    except CONTENT_ERRORS as error:
        raise _schema(f"the content contradicts itself: {contradiction(error)}") from error


def decode_told(groups: Mapping[str, Group]) -> tuple[tuple[Verdict, ...], tuple[Operation, ...]]:
    """Return the verdicts of a file and how it was made, from the groups that hold them.

    Raises
    ------
    TrialFileError
        Code `TRIAL_SCHEMA`.
    """
    quality, provenance = (_Part(groups, path) if path in groups else None for path in TOLD)
    try:
        return _quality(quality), _provenance(provenance)[0]
    except TrialFileError:
        raise
    except CONTENT_ERRORS as error:
        raise _schema(f"the content contradicts itself: {contradiction(error)}") from error


def _decode(groups: Mapping[str, Group]) -> Trial:
    root = _Part(groups, "/")
    up = bool(root.number("gravity_known"))
    points, bones = _points(_Part(groups, "/points"), up)

    def part(path: str) -> "_Part | None":
        return _Part(groups, path) if path in groups else None

    smoothed, rig, sync = part("/points_smoothed"), part("/cameras"), part("/sync")
    keypoints, segments, angles = part("/keypoints2d"), part("/segments"), part("/angles")
    operations, inputs = _provenance(part("/provenance"))
    made = groups["/provenance"].variables if "/provenance" in groups else {}
    return Trial(
        trial_id=root.text("trial_id"),
        points=points,
        points_smoothed=_points(smoothed, up)[0] if smoothed else None,
        rig=_rig(rig) if rig else None,
        timeline=_timeline(sync) if sync else None,
        keypoints=_keypoints(keypoints) if keypoints else None,
        segments=_segments(segments) if segments else None,
        angles=_angles(angles) if angles else None,
        subject_code=root.text("subject_code"),
        task=root.text("task"),
        created_utc=root.text("created_utc"),
        site=root.text("site"),
        operator=root.text("operator"),
        forward_axis=root.text("forward_axis"),
        axis_source=root.text("axis_source"),
        gravity_known=up,
        subject=_mapping(groups.get("/subject")),
        context=_mapping(groups.get("/context")),
        bones=bones,
        quality=_quality(part("/quality")),
        operations=operations,
        inputs=inputs,
        steps=decoded_steps(made),
        settings=decoded_settings(made),
        edits=decoded_edits(groups.get(EDITS)),
        events=decoded_events(groups[EVENTS]) if EVENTS in groups else (),
        assessments=decoded_assessments(groups),
        **decoded_recorded(groups),
    )


class _Part:
    """One group with access by name; what is missing is an error that names it."""

    def __init__(self, groups: Mapping[str, Group], path: str) -> None:
        if path not in groups:
            raise _schema(f"the group {path} is missing")
        self._group, self._path = groups[path], path

    @property
    def variables(self) -> Mapping[str, Variable]:
        return self._group.variables

    def has(self, name: str) -> bool:
        return name in self._group.variables

    def array(self, name: str) -> NDArray:
        if name not in self._group.variables:
            raise _schema(f"the variable {self._path.rstrip('/')}/{name} is missing")
        return self._group.variables[name].data

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(str(word) for word in self.array(name).ravel())

    def attributes(self, name: str) -> Mapping[str, Any]:
        self.array(name)
        return self._group.variables[name].attributes

    def number(self, name: str) -> float:
        return float(self._attribute(name))

    def text(self, name: str) -> str:
        return str(self._attribute(name))

    def _attribute(self, name: str) -> Any:
        if name not in self._group.attributes:
            raise _schema(f"the attribute {name} of {self._path} is missing")
        return self._group.attributes[name]


def _points(part: _Part, gravity_known: bool) -> tuple[Points3D, tuple[tuple[str, str], ...]]:
    points = Points3D(
        position=part.array("position"),
        names=part.words("keypoint"),
        rate_hz=part.number("rate_hz"),
        covariance=_covariance(part, "covariance"),  # type: ignore[arg-type]  # none: unknown, and takes no memory
        status=part.array("status"),
        reprojection_error=part.array("reprojection_error") if part.has("reprojection_error") else None,
        n_views=part.array("n_views") if part.has("n_views") else None,
        start_s=part.number("start_s"),
        gravity_known=gravity_known,
        calibration_covariance=_covariance(part, "calibration_covariance"),
        bone_errors=_bone_errors(part),
    )
    bones = part.array("bone").reshape(-1, 2) if part.has("bone") else np.empty((0, 2), object)
    return points, tuple((str(first), str(second)) for first, second in bones)


def _bone_errors(part: _Part) -> BoneErrors | None:
    if not part.has("tie"):
        return None
    pairs = tuple((str(first), str(second)) for first, second in part.array("tie").reshape(-1, 2))
    return BoneErrors(pairs, part.array("tie_correlation"))


def _covariance(part: _Part, name: str) -> NDArray | None:
    if not part.has(name):
        return None
    return full_covariance(part.array(name), name)


def full_covariance(terms: NDArray, name: str = "covariance") -> NDArray:
    """Return matrices, shape (..., 3, 3), of the terms that a file stores, shape (..., 6)."""
    if terms.shape[-1:] != (len(COVARIANCE_TERMS),):
        raise _schema(f"{name} has the shape {terms.shape}")
    covariance = np.empty((*terms.shape[:-1], 3, 3), terms.dtype)
    covariance[..., _ROWS, _COLUMNS] = terms
    covariance[..., _COLUMNS, _ROWS] = terms
    return covariance


def _rig(part: _Part) -> CameraRig:
    cameras = []
    for index, name in enumerate(part.words("camera")):
        width, height = part.array("size")[index]
        used = int(part.array("n_coefficients")[index])
        cameras.append(
            Camera(
                name=name,
                size=(int(width), int(height)),
                matrix=part.array("matrix")[index],
                distortion=part.array("distortion")[index, :used],
                cam_from_world=part.array("cam_from_world")[index],
                fisheye=bool(part.array("fisheye")[index]),
            )
        )
    metadata = json.loads(part.text("metadata"))
    covariance = part.array("parameter_covariance") if part.has("parameter_covariance") else None
    return CameraRig(tuple(cameras), metadata, covariance)


def _timeline(part: _Part) -> Timeline:
    # Files of earlier versions hold fewer of these.
    known = [
        name for name in ("offset_s", "offset_sd_s", "drift_ppm", "drift_sd_ppm", "residual_px", "frame_time_s")
        if part.has(name)
    ]  # fmt: skip
    return Timeline(
        rate_hz=part.number("rate_hz"),
        n_frames=int(part.number("n_frames")),
        start_s=part.number("start_s"),
        camera_names=part.words("camera") if part.has("camera") else (),
        source=part.text("source"),
        **{name: part.array(name) for name in known},
    )


def _keypoints(part: _Part) -> Keypoints2D:
    return Keypoints2D(part.array("pixel"), part.array("confidence"), part.words("keypoint"), part.number("rate_hz"))


def _segments(part: _Part) -> Segments:
    names = part.words("segment")
    poses = [part.array(safe_name(f"world_from_{name}")) for name in names]
    stacked = np.stack(poses, axis=1) if poses else np.empty((len(part.array("time")), 0, 4, 4))
    # Files of earlier versions hold no measures.
    measured = part.words("measure") if part.has("measure") else ()
    measures = tuple(decoded_measure(name, part.variables, column) for column, name in enumerate(measured))
    return Segments(names, stacked, part.number("rate_hz"), measures, **decoded_reasons(part.variables))


def _angles(part: _Part) -> JointAngles:
    names = part.words("angle")
    n_frames = len(part.array("time"))

    def columns(suffix: str, shape: tuple[int, ...]) -> NDArray:
        found = [np.deg2rad(part.array(safe_name(f"{name}{suffix}"))) for name in names]
        return np.stack(found, axis=-1) if found else np.empty((*shape, 0))

    definitions = []
    for name in names:
        attributes = part.attributes(safe_name(name))
        absent = [key for key in (*_MEANING, "observable", "reason") if key not in attributes]
        if absent:
            raise _schema(f"the attributes {absent} of /angles/{name} are missing")
        meaning = {key: str(attributes[key]) for key in _MEANING}
        observable, reason = stored_truth(name, attributes["observable"]), str(attributes["reason"])
        definitions.append(AngleDefinition(name, **meaning, observable=observable, reason=reason))
    # Files of earlier versions tell less of the parts of the uncertainty.
    names_of = ("u_static", "u_landmark_change", "u_calibration", "u_gravity", "u_gravity_change",
                "u_hip_centre", "u_hip_centre_change")  # fmt: skip
    parts = [one for one in names_of if any(part.has(safe_name(f"{name}_{one}")) for name in names)]
    later: dict[str, Any] = {one: columns(f"_{one}", ()) for one in parts}
    return JointAngles(
        tuple(definitions),
        columns("", (n_frames,)),
        part.number("rate_hz"),
        sd=columns("_sd", (n_frames,)),
        u_landmark=columns("_u_landmark", ()),
        u_sta=columns("_u_sta", ()),
        start_s=part.number("start_s"),
        **decoded_reasons(part.variables),
        **later,
    )


def _mapping(group: Group | None) -> dict[str, float | str]:
    if group is None:
        return {}
    return {
        plain_name(name): str(variable.data[()]) if variable.is_text else float(variable.data)
        for name, variable in group.variables.items()
    }


def _quality(part: _Part | None) -> tuple[Verdict, ...]:
    if part is None:
        return ()
    columns = [part.array(name) for name in ("name", "measured", "limit", "unit", "passed", "text")]
    return tuple(
        Verdict(str(name), float(measured), float(limit), str(unit), bool(passed), str(text))
        for name, measured, limit, unit, passed, text in zip(*columns, strict=True)
    )


def _provenance(part: _Part | None) -> tuple[tuple[Operation, ...], dict[str, str]]:
    if part is None:
        return (), {}
    operations = []
    if part.has("operation"):
        for name, settings in zip(part.words("operation"), part.words("operation_parameters"), strict=True):
            operations.append(Operation(name, _settings(settings)))
    if not part.has("input"):
        return tuple(operations), {}
    return tuple(operations), dict(zip(part.words("input"), part.words("input_sha256"), strict=True))


def _settings(text: str) -> dict[str, Any]:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise _schema(f"the settings of an operation are no object: {text[:40]}")
    return told


def _schema(problem: str) -> TrialFileError:
    return TrialFileError(
        f"Not a whole trial: {shortened(problem)}.", "Make the file again with this program.", code="TRIAL_SCHEMA"
    )
