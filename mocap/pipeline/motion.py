"""Motion files and kinematics as a recipe: C3D, TRC or trial files in, trial file with angles out."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from mocap.config.build import build
from mocap.config.plain_names import recorded_name
from mocap.errors import KinematicsError
from mocap.kinematics import (
    GRAVITY_ANGLES,
    NO_RECORDINGS,
    VERDICT_NAMES,
    CalibrationRecordings,
    Clicked,
    KinematicsOptions,
)
from mocap.kinematics.marker_sets import match, read_marker_set
from mocap.kinematics.missing import missing_note
from mocap.kinematics.option_ranges import check_stated
from mocap.kinematics.proxies import PROXIES
from mocap.kinematics.static import StaticReport
from mocap.kinematics.tasks import task_note
from mocap.pipeline.analysis_inputs import with_input_names, without_former_inputs
from mocap.pipeline.better_model import better_model_note
from mocap.pipeline.calibration_part import with_calibration_part
from mocap.pipeline.calibration_recordings import NO_PATHS, RecordingPaths, named_digests, open_recordings
from mocap.pipeline.clicks import clicked_landmarks
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.filter_bias import FILTER_BIAS, filter_verdicts
from mocap.pipeline.gravity_part import floor_note, vertical_of, with_gravity_part
from mocap.pipeline.import_checks import import_verdicts, model_points_note, told_once
from mocap.pipeline.imported_events import imported_events
from mocap.pipeline.kept_edits import point_edits_of, with_kept_edits
from mocap.pipeline.measure_words import with_measure_words
from mocap.pipeline.model_notes import KinematicsInput, model_notes
from mocap.pipeline.movement import OWN_LABELS
from mocap.pipeline.point_edits import used_edits, with_edits
from mocap.pipeline.point_filter import as_static, point_method, with_filtered_points, with_point_method
from mocap.pipeline.reconstruction import GRAVITY_UNSTATED
from mocap.pipeline.stated_options import stated_options
from mocap.pipeline.steps_of_commands import imported_step, kinematics_step
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES, check_trial_output
from mocap.pipeline.unheeded import check_heeded, unused_note
from mocap.readers import read_motion
from mocap.signal.filter_options import FilterOptions
from mocap.signal.smoothing import filter_points
from mocap.skeleton import bones_among
from mocap.storage import read_trial, write_trial, writing
from mocap.trial import JointAngles, Operation, Points3D, Trial


def import_motion(path: Path, up: str | None, units: str | None) -> Trial:
    """Read a C3D, TRC or MOT file into a trial; what was inferred or left out stands in its notes."""
    imported = read_motion(path, up=up, units=units)
    events, plate_notes = imported_events(imported)
    notes = [*imported.notes, *model_points_note(imported), *plate_notes]
    parameters: dict[str, str | float | int | bool] = {
        "file": recorded_name(path.name),
        "units": imported.units_original,
        "up_axis": imported.up_axis_original,
        "axes": imported.axis_source,
        "first_frame": imported.first_frame,
        "notes": "; ".join(note.rstrip(".") for note in notes),
    }
    return Trial(
        trial_id=recorded_name(path.stem),
        points=imported.points,
        angles=imported.angles,
        subject_code=imported.subject_code,
        created_utc=imported.created,
        forward_axis=imported.forward_axis,
        axis_source=imported.axis_source,
        gravity_known=imported.points.gravity_known,
        subject=imported.subject,
        bones=bones_among(imported.points.names),
        quality=import_verdicts(imported),
        operations=(Operation("import", parameters),),
        inputs={recorded_name(path.name): input_sha256(path)},
        events=events,
        analog=imported.analog,
        force_plates=imported.force_plates,
        model_outputs=imported.model_outputs,
        imported_poses=imported.poses,
        origin=imported.origin,
    )


def import_to_file(path: Path, out: Path, up: str | None, units: str | None) -> Trial:
    """Read a motion file and write the trial file."""
    check_trial_output(out, [path])
    trial = imported_step(import_motion(path, up, units), path, up, units)
    write_trial(out, trial)
    return trial


def open_trial(path: Path, up: str | None = None, units: str | None = None) -> Trial:
    """Read a trial file, or import a motion file, by its suffix; it has to hold points.

    Raises
    ------
    KinematicsError
        NO_POINTS, for a file that holds angles alone.
    """
    trial = read_trial(path) if path.suffix.lower() in TRIAL_SUFFIXES else import_motion(path, up, units)
    if not trial.points.names:
        raise KinematicsError(
            f"{path.name} holds no points (a MOT file has joint angles alone), so there is nothing to compute from.",
            "Give the C3D, TRC or trial file with the markers.",
            code="NO_POINTS",
        )
    return trial


def analyse(
    trial: Trial,
    static: Points3D | None,
    marker_set: str | None = None,
    filtering: FilterOptions | None = None,
    options: KinematicsOptions | None = None,
    static_subject: Mapping[str, float | str] | None = None,
    recordings: CalibrationRecordings | None = None,
) -> Trial:
    """Return the trial with smoothed points (where a filter is chosen), segments and angles.

    Parameters
    ----------
    trial : Trial
    static : Points3D, optional
        Standing trial of the same person; see `as_static` for its covariance.
    marker_set : str, optional
        Found from the labels when left out.
    filtering : FilterOptions, optional
        What becomes of the raw points before the angles. When left out, the smoothed points of the trial are used
        where it has some, else the raw ones. Every angle names it in its method.
    options : KinematicsOptions, optional
        Its task, where it states none, is that of the trial.
    static_subject : mapping of str to float or str, optional
        What the standing trial's file tells of the person, with `record_of`; the trial tells its own.
    recordings : CalibrationRecordings, optional
        Functional movements of the person, ...; they need the static.
    """
    # Angles are of the points as a reviewer corrected them; the file keeps the raw ones.
    made = _computed(with_edits(trial), static, marker_set, filtering, options, static_subject, recordings)
    return used_edits(made, trial, filtering is not None)


def _computed(
    trial: Trial, static: Points3D | None, marker_set: str | None, filtering: FilterOptions | None,
    options: KinematicsOptions | None, static_subject: Mapping[str, float | str] | None,
    recordings: CalibrationRecordings | None,
) -> Trial:  # fmt: skip
    # What an earlier analysis said of itself does not hold for this one.
    if filtering is not None:
        trial = with_filtered_points(trial, filtering)
    points = trial.points_smoothed or trial.points
    operations = tuple(operation for operation in trial.operations if operation.name != "kinematics")
    quality = tuple(verdict for verdict in trial.quality if verdict.name not in {*VERDICT_NAMES, FILTER_BIAS})
    options = options or KinematicsOptions()
    own = task_note(trial.task) if not options.task else ""
    options = replace(options, task=options.task or ("" if own else trial.task))
    told = KinematicsInput(points, static, marker_set, trial.gravity_known, trial.subject, static_subject or {},
                           recordings or NO_RECORDINGS)  # fmt: skip
    result = told.compute(options)
    stated: dict[str, str | float | int | bool] = {
        "model": options.model, "marker_set": result.marker_set, "static": static is not None,
        "options": stated_options(options), **({"task": options.task} if options.task else {}),
    }  # fmt: skip
    if marker_set is not None and marker_set.lower().endswith(".toml"):
        # The file may be gone when its labels are asked for again.
        stated[OWN_LABELS] = json.dumps(dict(match(read_marker_set(marker_set), points.names).label_of))
    lacking = missing_note(result.marker_set, result.cost_of_missing)
    better = better_model_note(told, options, result)
    single = (own, lacking, better, unused_note(result, options), floor_note(result, options, trial.gravity_known))
    notes = [*(note for note in single if note), *model_notes(told, options, result)]
    operation = Operation("kinematics", {**stated, "notes": "; ".join(notes)} if notes else stated)

    def compute(one: Points3D, other: Points3D | None) -> JointAngles:
        return replace(told, points=one, static=other).compute(options, measured=False).angles

    angles = with_point_method(result.angles, point_method(trial))
    angles = with_calibration_part(angles, points, static, trial.rig, compute)
    vertical = vertical_of(trial.rig, options.gravity_sd_deg, trial.axis_source)
    angles = with_gravity_part(angles, points, static, vertical, compute)
    bias = filter_verdicts(trial, result.angles, lambda other: compute(other, static))
    unstated = trial.axis_source == GRAVITY_UNSTATED
    return replace(
        trial,
        segments=with_measure_words(result.segments, point_method(trial), GRAVITY_UNSTATED if unstated else ""),
        angles=_with_doubt(angles) if unstated else angles,
        subject={**_without_neutral(trial.subject), **neutral_band(result.static_report),
                 **{name: value for name, value in (static_subject or {}).items() if name in _RECORD}},
        quality=(*told_once(quality, result.verdicts), *result.verdicts, *bias),
        operations=(*operations, operation),
        # Of other angles; what a file brought along and what a reviewer said stays.
        events=tuple(one for one in trial.events if one.source != "detected"),
        assessments=(),
    )


def neutral_band(report: StaticReport | None) -> dict[str, float | str]:
    """Return what the static says of the person, for `/subject`: mean and SD of every angle in quiet standing."""
    if report is None:
        return {}
    band: dict[str, float | str] = {"static_quiet_s": report.quiet_s}
    for name, mean in report.neutral_mean_rad.items():
        band[f"neutral_{name}_deg"] = float(np.rad2deg(mean))
        band[f"neutral_{name}_sd_deg"] = float(np.rad2deg(report.neutral_sd_rad[name]))
    return band | {f"static_{name}": fact for name, fact in report.facts.items()}


_RECORD = ("static_trial", "static_recorded", "static_operator")


def record_of(static: Trial) -> dict[str, float | str]:
    """Return who stood for a static and when, as far as its file tells, for `/subject`."""
    told = dict(zip(_RECORD, (static.trial_id, static.created_utc, static.operator), strict=True))
    return {name: value for name, value in told.items() if value}


def _without_neutral(subject: Mapping[str, float | str]) -> dict[str, float | str]:
    return {name: value for name, value in subject.items() if not name.startswith(("neutral_", "static_"))}


def _with_doubt(angles: JointAngles) -> JointAngles:
    """Say with every angle against gravity that nobody stated which way is up."""
    definitions = tuple(
        replace(definition, reason=GRAVITY_UNSTATED)
        if definition.observable and (definition.name in GRAVITY_ANGLES or definition.name in PROXIES)
        else definition
        for definition in angles.definitions
    )
    return replace(angles, definitions=definitions)


def kinematics_to_file(
    path: Path,
    out: Path,
    static: Path | None,
    marker_set: str | None,
    model: str | None,
    up: str | None,
    units: str | None,
    filtering: FilterOptions | None = None,
    choices: Mapping[str, str] | None = None,
    recorded: RecordingPaths = NO_PATHS,
) -> Trial:
    """Compute angles of a trial or motion file and write the trial file.

    Parameters
    ----------
    filtering : FilterOptions, optional
        See `analyse`; the standing trial is treated alike.
    model : str, optional
        That of `KinematicsOptions`.
    choices : mapping of str to str, optional
        Fields of `KinematicsOptions` by name, as a user writes them.
    recorded : RecordingPaths
        Files of functional movements and the like; none when left out.

    Raises
    ------
    ConfigError
        When a choice is unknown or out of its range.
    """
    check_heeded(model, choices or {}, up or units, [path, *([static] if static else []), *recorded.files])
    stated = {**(choices or {}), **({} if model is None else {"model": model})}
    check_stated(stated)
    options = build(KinematicsOptions, stated, "command line", "--set", typed=False)
    # A trial file may be given its own angles; a recording and the standing trial stay.
    kept = [path] if path.suffix.lower() not in TRIAL_SUFFIXES else []
    check_trial_output(out, [*kept, *([static] if static is not None else []), *recorded.files])
    return write_kinematics(path, out, static, marker_set, up, units, filtering, options, recorded)


def write_kinematics(
    path: Path, out: Path, static: Path | None, marker_set: str | None, up: str | None, units: str | None,
    filtering: FilterOptions | None, options: KinematicsOptions, recorded: RecordingPaths, edited: Path | None = None,
) -> Trial:  # fmt: skip
    """Compute angles with options that are checked, and write the trial file; see `kinematics_to_file`.

    `edited` is a file whose edits are kept; that which is written, when left out.
    """
    # The file may be given its own angles, and keeps what a reviewer edited: no other process writes it in between.
    with writing(out) as writer:
        analysed = analysed_file(path, edited or out, static, marker_set, up, units, filtering, options, recorded)
        writer.write(analysed)
    return analysed


def analysed_file(
    path: Path, edited: Path, static: Path | None, marker_set: str | None, up: str | None, units: str | None,
    filtering: FilterOptions | None, options: KinematicsOptions, recorded: RecordingPaths,
) -> Trial:  # fmt: skip
    """Return the trial of a trial or motion file with its angles, and with what was edited in another, older one.
    """
    stored = open_trial(path, up, units)
    trial = without_former_inputs(stored)
    trial = replace(trial, edits=trial.edits or point_edits_of(edited))
    filtered = filtering is None and trial.points_smoothed is not None

    def treated(opened: Trial) -> Points3D:
        # The standing trial and other calibration recordings are smoothed as the trial is.
        if filtering is not None and filtering.acts:
            return filter_points(opened.points, filtering).points
        return opened.points_smoothed if filtered and opened.points_smoothed is not None else opened.points

    def opened(file: Path) -> Trial:
        return with_edits(open_trial(file, up, units))

    standing = opened(static) if static is not None else None
    clicked: tuple[Clicked, ...] = ()
    if recorded.clicks is not None:
        if standing is None:
            raise KinematicsError(
                "Landmarks were clicked in views of a static, and there is no static.",
                "Give the standing trial of the same person too.",
                code="CALIBRATION_NO_STATIC",
            )
        clicked = clicked_landmarks(recorded.clicks, standing)
    recordings = open_recordings(recorded, lambda file: treated(opened(file)), clicked)
    clicks = () if recorded.clicks is None else (recorded.clicks,)
    statics = () if static is None else (static,)
    used = named_digests([*statics, *recorded.files, *clicks], trial.inputs)
    trial = replace(trial, inputs={**trial.inputs, **used})
    analysed = analyse(
        trial, as_static(standing.points, treated(standing)) if standing else None, marker_set, filtering, options,
        {**standing.subject, **record_of(standing)} if standing else None, recordings,
    )  # fmt: skip
    made = with_kept_edits(with_input_names(analysed, used), edited)
    return kinematics_step(made, stored, path, static, marker_set, up, units, filtering, options, recorded)
