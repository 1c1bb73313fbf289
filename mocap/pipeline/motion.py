"""Motion files and kinematics as a recipe: C3D, TRC or trial files in, trial file with angles out."""

from dataclasses import replace
from pathlib import Path

from mocap.errors import ConfigError
from mocap.kinematics import GRAVITY_ANGLES, KinematicsOptions, kinematics
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.reconstruction import GRAVITY_UNSTATED
from mocap.readers import read_motion
from mocap.signal.filters import smooth_points
from mocap.skeleton import bones_among
from mocap.storage import read_trial, write_trial
from mocap.trial import JointAngles, Operation, Points3D, Trial

MODELS = ("segments",)


def import_motion(path: Path, up: str | None, units: str | None) -> tuple[Trial, tuple[str, ...]]:
    """Read a C3D, TRC or MOT file into a trial; return it with the notes on what was inferred."""
    imported = read_motion(path, up=up, units=units)
    parameters = {
        "file": path.name,
        "units": imported.units_original,
        "up_axis": imported.up_axis_original,
        "axes": imported.axis_source,
    }
    trial = Trial(
        trial_id=path.stem,
        points=imported.points,
        angles=imported.angles,
        created_utc=imported.created,
        forward_axis=imported.forward_axis,
        axis_source=imported.axis_source,
        subject=imported.subject,
        bones=bones_among(imported.points.names),
        operations=(Operation("import", parameters),),
        inputs={path.name: input_sha256(path)},
    )
    return trial, imported.notes


def import_to_file(path: Path, out: Path, up: str | None, units: str | None) -> tuple[Trial, tuple[str, ...]]:
    """Read a motion file and write the trial file."""
    trial, notes = import_motion(path, up, units)
    write_trial(out, trial)
    return trial, notes


def open_trial(path: Path, up: str | None = None, units: str | None = None) -> Trial:
    """Read a trial file, or import a motion file, by its suffix."""
    if path.suffix.lower() in {".h5", ".hdf5"}:
        return read_trial(path)
    return import_motion(path, up, units)[0]


def analyse(
    trial: Trial,
    static: Points3D | None,
    marker_set: str | None = None,
    cutoff_hz: float | None = None,
    longest_gap_s: float = 0.1,
    options: KinematicsOptions | None = None,
) -> Trial:
    """Return the trial with smoothed points (where a cut-off is given), segments and angles.

    Parameters
    ----------
    trial : Trial
    static : Points3D, optional
        Standing trial of the same person.
    marker_set : str, optional
        Found from the labels when left out.
    cutoff_hz : float, optional
        Low-pass of the points before the angles; gaps up to `longest_gap_s` are filled first.
    options : KinematicsOptions, optional
    """
    points, operations = trial.points, trial.operations
    smoothed = None
    if cutoff_hz is not None:
        smoothed = points = smooth_points(points, cutoff_hz, longest_gap_s)
        operations = (*operations, Operation("smooth", {"cutoff_hz": cutoff_hz, "longest_gap_s": longest_gap_s}))
    result = kinematics(points, marker_set, static, options=options, gravity_known=trial.gravity_known)
    operation = Operation("kinematics", {"marker_set": result.marker_set, "static": static is not None})
    unstated = trial.axis_source == GRAVITY_UNSTATED
    return replace(
        trial,
        points_smoothed=smoothed,
        segments=result.segments,
        angles=_with_doubt(result.angles) if unstated else result.angles,
        quality=(*trial.quality, *result.verdicts),
        operations=(*operations, operation),
    )


def _with_doubt(angles: JointAngles) -> JointAngles:
    """Say with every angle against gravity that nobody stated which way is up."""
    definitions = tuple(
        replace(definition, reason=GRAVITY_UNSTATED)
        if definition.observable and definition.name in GRAVITY_ANGLES
        else definition
        for definition in angles.definitions
    )
    return replace(angles, definitions=definitions)


def kinematics_to_file(
    path: Path,
    out: Path,
    static: Path | None,
    marker_set: str | None,
    model: str,
    up: str | None,
    units: str | None,
    cutoff_hz: float | None,
) -> Trial:
    """Compute angles of a trial or motion file and write the trial file.

    Raises
    ------
    ConfigError
        When the model is not one that exists.
    """
    if model not in MODELS:
        raise ConfigError(f"There is no model '{model}'.", f"Known: {', '.join(MODELS)}.", code="MODEL_UNKNOWN")
    trial = open_trial(path, up, units)
    standing = None
    if static is not None:
        opened = open_trial(static, up, units)
        standing = opened.points
        trial = replace(trial, inputs={**trial.inputs, static.name: input_sha256(static)})
    analysed = analyse(trial, standing, marker_set, cutoff_hz)
    write_trial(out, analysed)
    return analysed
