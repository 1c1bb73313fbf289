"""A trial as NWB: points through ndx-pose, angles with their uncertainty and flags, events, metadata.

Needs the extra `nwb`. Positions are three-dimensional, in metres, where pose files of single cameras have pixels.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import mocap
from calibration.files import write_texts
from mocap.errors import ExportError
from mocap.export.metrics_json import document
from mocap.export.plain import plain_names
from mocap.trial import JointAngles, Points3D, Trial

if TYPE_CHECKING:
    from pynwb import NWBFile

#: Stands where a trial does not tell when it was recorded, which the format asks for; said in the description.
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
MODULE, POSES, SMOOTHED, ANGLES, ANGLES_SD, EVENTS, DOCUMENT = (
    "behavior", "points", "points_smoothed", "angles", "angles_sd", "events", "mocap",
)  # fmt: skip
WORLD = "laboratory, right-handed, z up, metres; x is the nominal facing direction"
_FLAGS = "sum of 1 measured, 2 filled, 4 filtered, 8 edited, 16 rejected, 32 doubtful; 0 is missing"


def export_nwb(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write points, angles, events and metadata of a trial as NWB.

    Of points each is a `PoseEstimationSeries` (m; missing is NaN), with a series of flags beside them; angles are
    series in degrees with their standard uncertainty; all that is not over time (assessments, meanings, checks,
    provenance) is one JSON text in the scratch space, the document of `mocap.export.metrics_json`.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.nwb`.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `EXPORT_PACKAGE` without pynwb and ndx-pose, `EXPORT_EMPTY` without points and angles, `WRITE_FAILED`.
    """
    path = Path(path)
    check_installed()
    if not trial.points.names and (trial.angles is None or not trial.angles.names):
        raise ExportError("The trial has no points and no angles.", "Export it as json.", code="EXPORT_EMPTY")
    write_texts({path: _bytes(_content(trial))}, "WRITE_FAILED")
    return (path,)


def _bytes(file: "NWBFile") -> bytes:
    """The bytes of a file, made in memory: where the disk refuses one, HDF5 ends the process."""
    import h5py
    from pynwb import NWBHDF5IO

    with (
        h5py.File("in memory.nwb", "w", driver="core", backing_store=False) as made,
        NWBHDF5IO(file=made, mode="w") as out,
    ):
        out.write(file)
        made.flush()
        content: bytes = made.id.get_file_image()
        return content


def check_installed() -> None:
    """Refuse where the packages of NWB are missing (ExportError `EXPORT_PACKAGE`)."""
    try:
        import ndx_pose  # noqa: F401
        import pynwb  # noqa: F401
    except ImportError as error:
        raise ExportError(
            f"NWB files need pynwb and ndx-pose: {error}.", "Install the extra: pip install 'mocap[nwb]'.",
            code="EXPORT_PACKAGE",
        ) from error  # fmt: skip


def nwb_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names that may stand in a file of groups: without slash and colon."""
    return plain_names([name.replace("/", "_").replace(":", "_") for name in names], "_")


def start_time(trial: Trial) -> datetime:
    """Return when the trial was recorded, or what stands for it where that is not known."""
    try:
        found = datetime.fromisoformat(trial.created_utc.replace("Z", "+00:00"))
    except ValueError:
        return UNKNOWN_TIME
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _content(trial: Trial) -> "NWBFile":
    from pynwb import NWBFile
    from pynwb.file import Subject

    start = start_time(trial)
    unknown = " (the recording does not tell when; 1970-01-01 stands for it)" if start == UNKNOWN_TIME else ""
    file = NWBFile(
        session_description=f"motion capture{f' of {trial.task}' if trial.task else ''}{unknown}",
        identifier=trial.trial_id, session_start_time=start, file_create_date=start,
        institution=trial.site or None, experimenter=[trial.operator] if trial.operator else None,
        source_script=f"mocap {mocap.__version__}", source_script_file_name="mocap export",
    )  # fmt: skip
    # Sex and age are asked for by the format; what is not known is said to be unknown.
    file.subject = Subject(subject_id=trial.subject_code or trial.trial_id, species="Homo sapiens", sex="U")
    module = file.create_processing_module(MODULE, "points and angles over time")
    if trial.points.names:
        _add_points(module, trial, trial.points, POSES)
        if trial.points_smoothed is not None:
            _add_points(module, trial, trial.points_smoothed, SMOOTHED)
    if trial.angles is not None and trial.angles.names:
        _add_angles(module, trial.angles)
    _add_events(file, trial)
    text = json.dumps(document(trial), ensure_ascii=False, allow_nan=False)
    file.add_scratch(text, name=DOCUMENT, description="assessments, meanings, events, checks and provenance as JSON")
    return file


def _add_points(module: Any, trial: Trial, points: Points3D, name: str) -> None:
    from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
    from pynwb import TimeSeries

    labels = nwb_names(points.names)
    times = {"rate": points.rate_hz, "starting_time": points.start_s}
    places = {point: index for index, point in enumerate(points.names)}
    edges = [[places[a], places[b]] for a, b in trial.bones if a in places and b in places]
    skeleton = Skeleton(name=f"skeleton_of_{name}", nodes=list(labels),
                        edges=np.array(edges, np.uint16) if edges else None)  # fmt: skip
    series = [
        PoseEstimationSeries(
            name=label, data=points.position[:, place], unit="m", reference_frame=WORLD,
            description=f"position of {points.names[place]}; NaN is missing", **times,
        )
        for place, label in enumerate(labels)
    ]  # fmt: skip
    if "Skeletons" in module.data_interfaces:
        module["Skeletons"].add_skeletons(skeleton)
    else:
        module.add(Skeletons(skeletons=[skeleton]))
    module.add(PoseEstimation(
        name=name, pose_estimation_series=series, description="points triangulated or imported",
        source_software="mocap", source_software_version=mocap.__version__, skeleton=skeleton,
    ))  # fmt: skip
    module.add(TimeSeries(
        name=f"{name}_status", data=points.status, unit="1", description=f"{_FLAGS}; columns: {', '.join(labels)}",
        **times,
    ))  # fmt: skip
    sd = np.sqrt(np.einsum("tkii->tki", np.asarray(points.covariance, float)))
    if np.isfinite(sd).any():
        module.add(TimeSeries(
            name=f"{name}_sd", data=sd, unit="m", description="standard uncertainty along x, y, z of each point",
            **times,
        ))  # fmt: skip


def _add_angles(module: Any, angles: JointAngles) -> None:
    from pynwb import TimeSeries
    from pynwb.behavior import BehavioralTimeSeries

    times = {"rate": angles.rate_hz, "starting_time": angles.start_s}
    labels = nwb_names(angles.names)
    for name, values in ((ANGLES, angles.values), (ANGLES_SD, angles.sd)):
        module.add(BehavioralTimeSeries(name=name, time_series=[
            TimeSeries(
                name=label, data=np.rad2deg(values[:, place]), unit="deg", description=_meaning(angles, place), **times
            )
            for place, label in enumerate(labels)
        ]))  # fmt: skip
    words = "; ".join(f"{code}: {said}" for code, said in enumerate(angles.frame_reason_words) if said)
    module.add(TimeSeries(
        name="angles_flag", data=angles.frame_reason, unit="1", **times,
        description=f"why there is no value, or one to doubt; 0 is sound; {words}; columns: {', '.join(labels)}",
    ))  # fmt: skip


def _meaning(angles: JointAngles, place: int) -> str:
    one = angles.definitions[place]
    why = "" if one.observable else f" Not observable: {one.reason}."
    return f"{one.definition} {one.sequence}; + is {one.positive}; 0: {one.zero}; {one.method}.{why}"


def _add_events(file: "NWBFile", trial: Trial) -> None:
    from pynwb.epoch import TimeIntervals

    kept = [one for one in trial.events if np.isfinite(one.time_s)]
    if not kept:
        return
    table = TimeIntervals(name=EVENTS, description="instants: start and stop are the same")
    for name, words in (("label", "what happens"), ("side", "side of the body"), ("source", "how it is known"),
                        ("note", "why it is to be looked at, or who edited it"), ("confidence", "0 to 1"),
                        ("sd_s", "standard uncertainty, s")):  # fmt: skip
        table.add_column(name, words)
    for one in kept:
        table.add_row(
            start_time=one.time_s, stop_time=one.time_s, label=one.label, side=one.side, source=one.source,
            note=one.note, confidence=one.confidence, sd_s=one.sd_s,
        )  # fmt: skip
    file.add_time_intervals(table)
