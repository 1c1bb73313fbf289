"""A trial as a C3D file: points, angles, events, analog channels, force plates, poses, and what a file said before."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mocap
from mocap.errors import ExportError
from mocap.export.c3d_bytes import C3dFile, c3d_bytes, cut, text, whole
from mocap.export.c3d_columns import Column, columns_of
from mocap.export.c3d_devices import analog_part, plate_group
from mocap.export.c3d_events import event_group
from mocap.schema import METRES_PER
from mocap.trial import FileParameter, ImportedPoses, JointAngles, Points3D, Trial
from mocap.trial.c3d_words import DIGEST, KINDS, NO_DIGEST, OWN_FORMAT, OWN_GROUP, RENEWED, SIDED, SUBJECT

_STEP_MM = 0.1
_MOST_TOLD, _TOLD_BYTES, _MEANING_BYTES = 127, 40_000, 24_000
_SAME = 1e-6
_ANEW = ("POINT:SCALE", "POINT:X_SCREEN", "POINT:Y_SCREEN", "POINT:DESCRIPTIONS", "POINT:TYPE_GROUPS",
         "ANALOG:FORMAT")  # fmt: skip

Entries = dict[str, FileParameter]


def export_c3d(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write a trial as one C3D file.

    Samples are in single precision. A trial that came from a C3D file goes out in that file's unit, axes, frame
    numbers and order, with what the file said beside; another one in mm, Z up. Missing samples are 0, 0, 0 with the
    residual -1. Angles (deg) and their SD and doubts are apart from the points (POINT:ANGLES, POINT:SCALARS), and so
    are the flags of samples that are not simply measured. The group MOCAP keeps the rate to the last bit. Of the
    person there is the subject code alone. What the format has no place for stays behind: smoothed points, covariances
    (their size is the residual), keypoints in images, metrics; contacts that force plates tell are told by these.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.c3d`.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY`, `EXPORT_TOO_LARGE`, `EXPORT_ANALOG_RATE`, `WRITE_FAILED`.
    """
    path = Path(path)
    content = c3d_bytes(c3d_file(trial))
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip
    return (path,)


def c3d_file(trial: Trial) -> C3dFile:
    """Return what the file of a trial holds.

    Raises
    ------
    ExportError
        `EXPORT_EMPTY`, `EXPORT_ANALOG_RATE`, `EXPORT_NAMES`, `EXPORT_RANGE`.
    """
    units, up = (trial.origin.units, trial.origin.up_axis) if trial.origin else ("mm", "z")
    per_metre = 1.0 / METRES_PER.get(units.lower().rstrip("."), 1e-3)
    _check_points(trial.points, per_metre)
    columns = columns_of(trial, file_from_world(trial.points.position, up) * per_metre, per_metre)
    poses = written_poses(trial)
    if not trial.points.n_frames or not (columns or poses):
        raise ExportError("The trial has no points and no angles.", "Export a trial that holds some.", "EXPORT_EMPTY")
    first_frame = trial.origin.first_frame if trial.origin else 1
    samples, analog = analog_part(trial)
    residual = _stacked([column.residual for column in columns], trial.points.n_frames)
    given: dict[str, Entries] = {
        OWN_GROUP: _own_group(trial, up),
        "POINT": _point_group(trial, columns, units, up),
        "ANALOG": analog,
        "EVENT": event_group(trial, first_frame),
        "FORCE_PLATFORM": plate_group(trial.force_plates, lambda values: file_from_world(values, up) * per_metre,
                                      per_metre),
        "ROTATION": {} if poses is None else {"LABELS": text(*poses.names)},
        "SUBJECTS": _subjects(trial),
        "PROCESSING": _processing(trial),
        "MANUFACTURER": {} if trial.origin else _manufacturer(),
    }  # fmt: skip
    return C3dFile(
        points=np.stack([column.values for column in columns], axis=1) if columns else _no_points(trial),
        residual=residual,
        camera_mask=_stacked([column.camera_mask for column in columns], trial.points.n_frames).astype(np.uint8),
        samples=samples,
        rotations=np.empty((0, 0, 4, 4)) if poses is None else _file_poses(poses, up, per_metre),
        groups=_merged(trial, given),
        rate_hz=trial.points.rate_hz,
        first_frame=first_frame,
        residual_step=_residual_step(trial, residual, per_metre),
    )


def _check_points(points: Points3D, units_per_metre: float) -> None:
    """Refuse names and places that the format has no room for."""
    lost = [name for name in points.names if name != name.strip() or not name.isprintable()]
    if lost:
        raise ExportError(
            f"C3D keeps no blanks around names and no control characters, and a point is called {lost[0]!a:.80}.",
            "Give it another name, or export as csv.", code="EXPORT_NAMES",
        )  # fmt: skip
    far = np.abs(points.position) * units_per_metre > np.finfo("f4").max
    if far.any():
        frame, point, _ = np.argwhere(far)[0]
        raise ExportError(
            f"'{points.names[point]}' is out of the range of single precision in frame {frame}.",
            "Export as csv, or mark that sample missing (mocap edit).", code="EXPORT_RANGE",
        )  # fmt: skip


def file_from_world(values: NDArray, up: str) -> NDArray:
    """Turn world coordinates (..., 3), Z up, into a file's axes of which `up` points up: the way back of the reader.

    Y up: file = (y, z, x) of the world; X up: (z, x, y). For an axis that points down the world is turned half about
    its X before.
    """
    values = np.asarray(values, float)
    turned = values * np.array([1.0, -1.0, -1.0]) if up.startswith("-") else values
    order = {"z": [0, 1, 2], "y": [1, 2, 0], "x": [2, 0, 1]}[up[-1]]
    return turned[..., order]


def written_poses(trial: Trial) -> ImportedPoses | None:
    """Return the poses that go into a file, in our world: those of another program, and ours where the rates are one.

    A file holds one rate of poses; ours are named `world_from_<segment>`.
    """
    given, own = trial.imported_poses, trial.segments
    if own is None or not own.names:
        return given
    labels = tuple(f"world_from_{name}" for name in own.names)
    ours = ImportedPoses(labels, own.world_from_segment, trial.points.rate_hz, trial.points.start_s)
    if given is None:
        return ours
    if len(given.world_from_segment) != len(ours.world_from_segment) or set(labels) & set(given.names):
        return given
    both = np.concatenate([given.world_from_segment, ours.world_from_segment], axis=1)
    return ImportedPoses((*given.names, *labels), both, given.rate_hz, given.start_s)


def _file_poses(poses: ImportedPoses, up: str, per_metre: float) -> NDArray:
    turned = np.array(poses.world_from_segment)
    turned[..., :3, :] = file_from_world(turned[..., :3, :].swapaxes(-1, -2), up).swapaxes(-1, -2)
    turned[..., :3, 3] *= per_metre
    return turned


def _stacked(parts: list[NDArray], n_frames: int) -> NDArray:
    return np.stack(parts, axis=1) if parts else np.zeros((n_frames, 0))


def _no_points(trial: Trial) -> NDArray:
    return np.empty((trial.points.n_frames, 0, 3))


def _residual_step(trial: Trial, residual: NDArray, per_metre: float) -> float:
    """The file's own step where its residuals fit, else one that the largest fits."""
    stated = trial.origin.parameters.get("POINT:SCALE") if trial.origin else None
    step = abs(float(stated.values[0])) if stated and stated.kind == "real" and stated.values else 0.0
    step = step if np.isfinite(step) and step > 0 else _STEP_MM * 1e-3 * per_metre
    largest = float(np.nan_to_num(residual).max(initial=0.0))
    from_file = trial.origin is not None and trial.origin.residual is not None
    return step if largest == 0 or (from_file and largest <= 255 * step) else largest / 255


def _own_group(trial: Trial, up: str) -> Entries:
    entries = {
        "FORMAT": text(OWN_FORMAT, description="What no standard parameter holds"),
        DIGEST: text(NO_DIGEST, description="Of the file with zeros here"),
        "SOFTWARE": text(f"mocap {mocap.__version__}"),
        "RATE_HZ": text(repr(trial.points.rate_hz), description="Frame rate to the last bit"),
        "START_S": text(repr(trial.points.start_s), description="Time of the first frame"),
        "GRAVITY": text("known" if trial.gravity_known else "unknown", description="Whether the vertical is known"),
        "UP_AXIS": text(up),
        "FORWARD_AXIS": text(trial.forward_axis),
        "AXIS_SOURCE": text(trial.axis_source),
        "RESIDUAL": text("as in the file that was imported" if trial.origin and trial.origin.residual is not None
                         else "root of the trace of the position's covariance; 0: filled, or not known"),
    }  # fmt: skip
    stated = {"SUBJECT_CODE": trial.subject_code, "CREATED_UTC": trial.created_utc}
    entries |= {name: text(word) for name, word in stated.items() if word}
    return entries | (_meanings(trial.angles) if trial.angles is not None and trial.angles.names else {})


def _meanings(angles: JointAngles) -> Entries:
    """What the angles mean, a row each; cut where there are too many to say all."""
    most = min(_MOST_TOLD, _MEANING_BYTES // (5 * len(angles.names)))
    rows = {"ANGLE": "name", "ANGLE_POSITIVE": "positive", "ANGLE_ZERO": "zero", "ANGLE_SEQUENCE": "sequence",
            "ANGLE_REFERENCE": "reference"}  # fmt: skip
    return {
        parameter: text(*(cut(getattr(one, field), most).decode() for one in angles.definitions))
        for parameter, field in rows.items()
    }


def _point_group(trial: Trial, columns: tuple[Column, ...], units: str, up: str) -> Entries:
    most = max(16, min(_MOST_TOLD, _TOLD_BYTES // max(len(columns), 1)))
    entries = {
        "LABELS": text(*(column.label for column in columns)),
        "DESCRIPTIONS": text(*(cut(column.description, most).decode() for column in columns)),
        "UNITS": text(units),
    }
    if trial.gravity_known:
        entries |= _screen(trial, up)
    unit_of = {one.kind: one.unit for one in trial.model_outputs}
    groups: list[str] = []
    for kind, (group, single, unit, usual) in KINDS.items():
        labels = [column.label for column in columns if column.kind == kind]
        if labels:
            groups += [group, single]
            entries |= {group: text(*labels), unit: text(unit_of.get(kind) or usual)}
    stated = trial.origin.parameters.get("POINT:TYPE_GROUPS") if trial.origin else None
    more = [str(word) for word in stated.values] if stated else []
    return entries | ({"TYPE_GROUPS": text(*groups, *more)} if groups or more else {})


def _screen(trial: Trial, up: str) -> Entries:
    """Which of the file's axes point right and up on a screen; the one to the right as the file had it."""
    upward = up.upper() if up.startswith("-") else f"+{up.upper()}"
    stated = trial.origin.parameters.get("POINT:X_SCREEN") if trial.origin else None
    right = str(stated.values[0]).strip() if stated and stated.values else ""
    if right.upper().lstrip("+-") not in set("XYZ") - {up[-1].upper()}:
        right = "+Y" if up[-1] == "x" else "+X"
    return {"X_SCREEN": text(right), "Y_SCREEN": text(upward)}


def _subjects(trial: Trial) -> Entries:
    """The subject code in the place of names."""
    stated = trial.origin.parameters.get("SUBJECTS:USED") if trial.origin else None
    count = max(1, int(stated.values[0])) if stated and stated.kind == "integer" and stated.values else 1
    if not trial.subject_code:
        return {}
    names = [trial.subject_code] if count == 1 else [f"{trial.subject_code} {number + 1}" for number in range(count)]
    return {"USED": whole(count), "NAMES": text(*names)}


def _processing(trial: Trial) -> Entries:
    """Measures of the person as Vicon calls them, where the trial says other than the file did."""
    names = {vicon: known for vicon, known in SUBJECT.items()}
    for side in "LR":
        names |= {f"{side}{vicon}": (f"{word}_{side.lower()}_{unit}", factor)
                  for vicon, (word, unit, factor) in SIDED.items()}  # fmt: skip
    entries = {}
    for vicon, (ours, factor) in names.items():
        value = trial.subject.get(ours)
        if not isinstance(value, float | int) or not np.isfinite(value):
            continue
        stated = trial.origin.parameters.get(f"PROCESSING:{vicon}") if trial.origin else None
        told = float(stated.values[0]) if stated and stated.kind == "real" and stated.values else np.nan
        if not abs(told * factor - value) <= _SAME * abs(value):
            entries[vicon] = FileParameter((value / factor,), (1,), "real")
    return entries


def _manufacturer() -> Entries:
    return {"COMPANY": text("mocap"), "SOFTWARE": text("mocap"), "VERSION_LABEL": text(mocap.__version__)}


def _merged(trial: Trial, given: dict[str, Entries]) -> dict[str, Entries]:
    """Parameters that the file had, and ours before them."""
    groups: dict[str, Entries] = {group: dict(entries) for group, entries in given.items() if entries}
    for name, parameter in (trial.origin.parameters if trial.origin else {}).items():
        group, _, entry = name.partition(":")
        anew = group == OWN_GROUP or name in _ANEW or (group == "EVENT" and "EVENT" in given and bool(given["EVENT"]))
        anew = anew or (group == "FORCE_PLATFORM" and bool(trial.force_plates) and entry in RENEWED[group])
        if not anew:
            groups.setdefault(group, {}).setdefault(entry, parameter)
    return groups
