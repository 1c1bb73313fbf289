"""Do the recorded steps of a trial again, into another file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import calibration
from calibration import CameraRig
from mocap.config.build import build
from mocap.config.session import Session
from mocap.errors import TrialFileError
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.assess import assess_file
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.motion import import_to_file, write_kinematics
from mocap.pipeline.point_edits import judged
from mocap.pipeline.reconstruction import TrialChoices, reconstruct_to_file
from mocap.pipeline.record import StageRecord
from mocap.pipeline.reproduce_files import by_role, laid_out
from mocap.pipeline.session_assessment import session_assessment
from mocap.pipeline.session_options import stage_options
from mocap.pipeline.session_record import IN_RESULTS, KEYPOINTS, RUN
from mocap.pipeline.session_recordings import SessionRecordings, recording_paths
from mocap.pipeline.session_trial import SessionWork, computed_trial
from mocap.pipeline.session_trial_run import SessionRun
from mocap.pipeline.steps_of_commands import ASSESS, IMPORT, KINEMATICS, POINTED, RECONSTRUCT
from mocap.signal.filter_options import FilterOptions
from mocap.storage import read_trial, write_trial
from mocap.storage.read import read_edits
from mocap.trial import Event, Step, StepInput

Found = Sequence[tuple[StepInput, Path]]
_RECORD = "the record of the trial"


def _silent(label: str, done: int, total: int | None) -> None:
    """Nobody watches."""


def repeat(step: Step, found: Found, out: Path, original: Path) -> None:
    """Do one step again.

    Parameters
    ----------
    step : Step
    found : sequence of (StepInput, Path)
        Its inputs, and where they lie now.
    out : Path
        What the step before wrote, if there was one; it is written anew.
    original : Path
        The file that is made again: what a reviewer edited in it is an input as well.

    Raises
    ------
    TrialFileError
        REPRODUCE_UNKNOWN for a step of another version.
    MocapError
        Whatever the step refuses.
    """
    if step.command not in _STEPS:
        raise TrialFileError(
            f"The record has a step '{step.command}' that is not known here.", "Update this program.",
            code="REPRODUCE_UNKNOWN",
        )  # fmt: skip
    try:
        _STEPS[step.command](step.options, found, out, original)
    except (KeyError, IndexError, TypeError) as error:
        raise TrialFileError(
            f"The record of the step '{step.command}' is not whole: {type(error).__name__} {error}.",
            "Make the trial again with this program.", code="REPRODUCE_UNKNOWN",
        ) from error  # fmt: skip


def _run(options: Mapping[str, Any], found: Found, out: Path, original: Path) -> None:
    write_trial(out, computed_trial(session_work(options, found, out.parent, original), original))


def session_work(
    options: Mapping[str, Any], found: Found, root: Path, original: Path, rig: CameraRig | None = None
) -> SessionWork:
    """Lay a session out in a folder, as far as one of its trials needs it.

    Parameters
    ----------
    options : mapping
        Of the step.
    found : sequence of (StepInput, Path)
        The inputs that are needed.
    root : Path
        Where the session is laid out.
    original : Path
        Its edits are taken.
    rig : CameraRig, optional
        The cameras, where the calibration is not among the inputs.
    """
    folder, results = root / "session", root / "session" / ".results"
    folder.mkdir()
    # Folders first: what lies within one of them comes with it.
    ordered = sorted(found, key=lambda one: not one[1].is_dir())
    place = {True: results, False: folder}
    laid_out(folder, ((path, place[wanted.role == IN_RESULTS] / wanted.name) for wanted, path in ordered))
    session = build(Session, options["session"], _RECORD, typed=False)
    entry = next(one for one in session.trial if one.name == options["trial"])
    chosen = stage_options(session)
    recordings = SessionRecordings(recording_paths(session, folder, results), chosen.filter)
    assessment = session_assessment(chosen.assessment, folder)
    run = SessionRun(session, chosen, folder, results, StageRecord(results), _silent, recordings, assessment)
    source = folder / next((wanted.name for wanted, _ in found if wanted.role == KEYPOINTS), "")
    static = results / f"{run.static_name}.h5"
    stood = read_trial(static) if static.is_file() and entry.name not in run.calibrates else None
    return SessionWork(run, entry, source, rig or calibration.read_rig(run.rig_file), stood, read_edits(original))


def _import(options: Mapping[str, Any], found: Found, out: Path, original: Path) -> None:
    import_to_file(by_role(found, "file")[0], out, options["up"], options["units"])


def _reconstruct(options: Mapping[str, Any], found: Found, out: Path, original: Path) -> None:
    how = build(KeypointInput, options["how"], _RECORD, typed=False)
    own = by_role(found, "skeleton")
    how = replace(how, skeleton=str(own[0])) if own else how
    choices = build(TrialChoices, options["choices"], _RECORD, typed=False)
    reconstruct_to_file(
        by_role(found, "calibration")[0], by_role(found, "keypoints")[0], out, how, _silent,
        tuple(options["cameras"]), bool(options["z_up"]), choices,
    )  # fmt: skip


def _kinematics(options: Mapping[str, Any], found: Found, out: Path, original: Path) -> None:
    def single(role: str) -> Path | None:
        return next(iter(by_role(found, role)), None)

    pointed = tuple((wanted.role.removeprefix(POINTED), path) for wanted, path in found
                    if wanted.role.startswith(POINTED))  # fmt: skip
    recorded = RecordingPaths(
        by_role(found, "functional_hip"), by_role(found, "functional_knee"), single("closing"), single("pivot"),
        pointed, single("clicks"),
    )  # fmt: skip
    own = single("marker_set")
    told = options["filter"]
    filtering = None if told is None else build(FilterOptions, told, _RECORD, typed=False)
    kinematics = build(KinematicsOptions, options["kinematics"], _RECORD, typed=False)
    write_kinematics(
        single("trial") or out, out, single("static"), options["marker_set"] if own is None else str(own),
        options["up"], options["units"], filtering, kinematics, recorded, original,
    )  # fmt: skip


def _assess(options: Mapping[str, Any], found: Found, out: Path, original: Path) -> None:
    with_edits_of(out, original)
    protocol = next(iter(by_role(found, "protocol")), None)
    assess_file(
        out, options["task"], options["protocol"] if protocol is None else str(protocol), options["changes"], (), None,
        next(iter(by_role(found, "reliability")), None), by_role(found, "beside"), options["facts"],
    )  # fmt: skip


def with_edits_of(out: Path, original: Path) -> None:
    """Put into a file what a reviewer edited in another."""
    trial, whole = read_trial(out), read_trial(original)
    edited = _edited(whole.events)
    # By their words: a time that is not known is not equal to itself.
    if repr(_edited(trial.events)) != repr(edited) or trial.edits != whole.edits:
        others = tuple(one for one in trial.events if one.source != "edited")
        write_trial(out, judged(replace(trial, events=(*others, *edited), edits=whole.edits)))


def _edited(events: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(one for one in events if one.source == "edited")


_STEPS: Mapping[str, Callable[[Mapping[str, Any], Found, Path, Path], None]] = {
    RUN: _run, IMPORT: _import, RECONSTRUCT: _reconstruct, KINEMATICS: _kinematics, ASSESS: _assess,
}  # fmt: skip
