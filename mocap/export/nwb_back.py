"""An NWB file opened again and held against the trial."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.metrics_json import document
from mocap.export.nwb import (
    ANGLES,
    ANGLES_SD,
    DOCUMENT,
    EVENTS,
    MODULE,
    POSES,
    SMOOTHED,
    WORLD,
    check_installed,
    nwb_names,
    start_time,
)
from mocap.trial import JointAngles, Points3D, Trial


def nwb_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what a file of `export_nwb` has otherwise than the trial: none, to the last bit."""
    check_installed()
    from hdmf.backends.errors import UnsupportedOperation
    from pynwb import NWBHDF5IO

    try:
        with NWBHDF5IO(str(path), "r") as opened:
            file = opened.read()
            return tuple(_differences(trial, file))
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, UnsupportedOperation) as error:
        return (Difference(path.name, f"is not read: {error}"),)


def _differences(trial: Trial, file: Any) -> list[Difference]:
    found = [
        *word_differences("identifier", [trial.trial_id], [file.identifier]),
        *word_differences("subject", [trial.subject_code or trial.trial_id], [file.subject.subject_id]),
        *word_differences("session_start_time", [start_time(trial).isoformat()], [file.session_start_time.isoformat()]),
    ]
    if json.loads(str(file.scratch[DOCUMENT].data)) != document(trial):
        found.append(Difference(DOCUMENT, "is not the document of the trial"))
    module = file.processing[MODULE]
    for name, points in ((POSES, trial.points), (SMOOTHED, trial.points_smoothed)):
        if points is not None and points.names:
            found += _points(module, name, points)
    if trial.angles is not None and trial.angles.names:
        found += _angles(module, trial.angles)
    kept = [one for one in trial.events if np.isfinite(one.time_s)]
    if kept:
        table = file.intervals[EVENTS].to_dataframe()
        found += number_differences("events, start_time", [one.time_s for one in kept], table["start_time"])
        for part in ("label", "side", "source", "note"):
            found += word_differences(f"events, {part}", [getattr(one, part) for one in kept], list(table[part]))
    return found


def _points(module: Any, name: str, points: Points3D) -> list[Difference]:
    poses = module[name]
    found = [*_series(f"{name}_status", module[f"{name}_status"], points.status, points, "1")]
    found += word_differences(f"{name}, nodes", nwb_names(points.names), list(poses.skeleton.nodes[:]))
    sd = np.sqrt(np.einsum("tkii->tki", np.asarray(points.covariance, float)))
    if np.isfinite(sd).any():
        found += _series(f"{name}_sd", module[f"{name}_sd"], sd, points, "m")
    for place, label in enumerate(nwb_names(points.names)):
        found += _series(f"{name}, {label}", poses[label], points.position[:, place], points, "m")
        found += word_differences(f"{name}, {label}, frame", [WORLD], [poses[label].reference_frame])
    return found


def _angles(module: Any, angles: JointAngles) -> list[Difference]:
    found: list[Difference] = [*_series("angles_flag", module["angles_flag"], angles.frame_reason, angles, "1")]
    for name, values in ((ANGLES, angles.values), (ANGLES_SD, angles.sd)):
        for place, label in enumerate(nwb_names(angles.names)):
            found += _series(f"{name}, {label}", module[name][label], np.rad2deg(values[:, place]), angles, "deg")
    return found


def _series(
    item: str, series: Any, values: np.ndarray, clock: Points3D | JointAngles, unit: str
) -> tuple[Difference, ...]:
    return (
        *number_differences(item, values, series.data[:]),
        *number_differences(f"{item}, rate", clock.rate_hz, series.rate),
        *number_differences(f"{item}, starting_time", clock.start_s, series.starting_time),
        *word_differences(f"{item}, unit", [unit], [series.unit]),
        *number_differences(f"{item}, conversion", [1.0, 0.0], [series.conversion, series.offset]),
    )
