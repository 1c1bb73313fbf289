"""A recorded session from its `session.toml` to trial files; stages whose inputs did not change are skipped."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import calibration
from calibration import CameraRig
from calibration.digits import counted
from calibration.files import write_rig
from mocap.config.session import TrialEntry, read_session
from mocap.errors import KinematicsError, MocapError, SourceError
from mocap.pipeline.calibration import calibrate_footage, write_calibration
from mocap.pipeline.outputs import tried_path
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import with_z_up
from mocap.pipeline.record import Outcome, SessionSummary, Stage, StageRecord
from mocap.pipeline.run_lock import sole_run
from mocap.pipeline.session_assessment import session_assessment
from mocap.pipeline.session_inputs import existing, places
from mocap.pipeline.session_options import stage_options
from mocap.pipeline.session_outputs import check_session_outputs
from mocap.pipeline.session_parts import CALIBRATION, calibration_parts
from mocap.pipeline.session_recordings import SessionRecordings, check_recordings, file_recordings, recording_paths
from mocap.pipeline.session_trial import made_trial
from mocap.pipeline.session_trial_run import SessionRun
from mocap.storage import read_trial
from mocap.trial import Trial


def run_session(folder: Path, out: Path, progress: Progress) -> SessionSummary:
    """Run every stage of a session.

    Parameters
    ----------
    folder : Path
        Holds `session.toml`.
    out : Path
        Receives `calibration.toml`, one `<trial>.h5` per trial and `stages.json`.
    progress : callable
        `progress(label, done, total)`.

    Returns
    -------
    SessionSummary
        A trial that is refused does not stop the others, but for a static or a recording that calibrates the person,
        without which theirs would mean something else. The older result of a refused trial is renamed to
        `<trial>.outdated.h5`, as is that of a trial which the session no longer has.

    Raises
    ------
    MocapError
        When the session or its calibration is refused, a result would be written over a file that is read or is not
        the project's own, or another run writes into the same results.
    """
    with _run_of(folder, out, progress) as run:
        return SessionSummary(tuple(_outcomes(run)), _set_aside(run))


def run_session_trial(folder: Path, out: Path, name: str, progress: Progress) -> Outcome:
    """Make one trial of a session that was run before, as `run_session` does, and nothing else of it.

    Parameters
    ----------
    folder : Path
        Holds `session.toml`.
    out : Path
        Its results.
    name : str
        Of the trial.
    progress : callable

    Raises
    ------
    SourceError
        SESSION_OTHER where the session has no such trial.
    MocapError
        Whatever the trial is refused for; its older result stays as it is.
    """
    with _run_of(folder, out, progress) as run:
        entry = next((one for one in run.session.trial if one.name == name), None)
        if entry is None:
            raise SourceError(
                f"The session {folder} has no trial '{name}' any more.", "Add it to session.toml, and run the session.",
                code="SESSION_OTHER",
            )  # fmt: skip
        alone = run.static_name in (None, name) or name in run.calibrates
        static = None if alone else read_trial(out / f"{run.static_name}.h5")
        return made_trial(run, entry, calibration.read_rig(run.rig_file), static)


@contextmanager
def _run_of(folder: Path, out: Path, progress: Progress) -> Iterator[SessionRun]:
    """Hold the results of a session while a run is under way."""
    session = read_session(folder)
    options = stage_options(session)
    recordings = recording_paths(session, folder, out)
    check_session_outputs(session, options.calibration, folder, out, file_recordings(session, recordings, out))
    assessment = session_assessment(options.assessment, folder)
    with sole_run(out):
        yield SessionRun(session, options, folder, out, StageRecord(out), progress,
                         SessionRecordings(recordings, options.filter), assessment)  # fmt: skip


def _outcomes(run: SessionRun) -> list[Outcome]:
    outcomes = [_calibrated(run)]
    rig = calibration.read_rig(run.rig_file)
    static: Trial | None = None
    refused: dict[str, str] = {}
    # The static before what refers to it, what calibrates the person before the static, and squats after other tests.
    entries = sorted(
        run.session.trial,
        key=lambda entry: (entry.name not in run.calibrates, entry.name != run.static_name, entry.task == "squat"),
    )
    for number, entry in enumerate(entries):
        run.progress("trials", number, len(entries))
        outcome = _trial(run, entry, rig, static, refused)
        outcomes.append(outcome)
        if entry.name in run.calibrates and outcome.state == "refused":
            refused[entry.name] = run.calibrates[entry.name]
        if entry.name == run.static_name and outcome.state != "refused":
            static = read_trial(run.out / f"{entry.name}.h5")
    run.progress("trials", len(entries), len(entries))
    return outcomes


def _set_aside(run: SessionRun) -> tuple[str, ...]:
    """Rename results of trials that the session no longer has: who takes all files of the folder would count them."""
    given = {run.rig_file.name, *(f"{entry.name}.h5" for entry in run.session.trial)}
    told = []
    for output in run.record.outputs:
        aside = run.record.set_aside(output) if output not in given else None
        if aside is not None:
            told.append(f"{output} is of no trial of this session any more; it is now called {aside}.")
    return tuple(told)


def _calibrated(run: SessionRun) -> Outcome:
    """Write `calibration.toml` from the footage or the ready file, unless it is up to date."""
    session, options, output = run.session, run.options.calibration, run.rig_file
    source = session.calibration
    footage = existing(run.folder, source.file or source.folder or "", CALIBRATION)
    parts = calibration_parts(session, options, run.folder)
    known = run.record.stages(output.name)
    changed = known[CALIBRATION].changes(parts) if CALIBRATION in known else None
    whole = run.record.is_whole(output.name)
    if whole and changed == ():
        return Outcome(CALIBRATION, "skipped")
    if source.file is not None:
        rig = calibration.read_rig(footage)
        rig = with_z_up(rig) if source.world == "up:z" else rig
        # Only footage is named by patterns; a ready calibration has its own names.
        rig = rig.subset(list(session.camera_patterns)) if session.camera_patterns else rig
        write_rig(output, rig)
        text = f"{counted(len(rig), 'camera')}, as given"
    else:
        found = calibrate_footage(
            footage, Path(source.board or ""), source.world, run.progress, session.camera_patterns, options,
            tried_path(output), places(session, run.folder),
        )  # fmt: skip
        outcome = write_calibration(found, output, run.progress)
        text = f"{counted(len(outcome.rig), 'camera')}, {outcome.verdict}"
    run.record.store(output.name, {CALIBRATION: Stage(parts)})
    if changed is None:
        because = "there was no result"
    else:
        because = f"{' and '.join(changed)} changed" if changed else f"{output.name} is not as it was left"
    return Outcome(CALIBRATION, "done", text, stages=(CALIBRATION,), because=(because,))


def _trial(
    run: SessionRun, entry: TrialEntry, rig: CameraRig, static: Trial | None, refused: dict[str, str]
) -> Outcome:
    """Write the file of one trial, unless it is up to date; a refusal sets an older file aside."""
    try:
        if entry.name in run.calibrates:
            return made_trial(run, entry, rig, None)
        check_recordings(refused, entry.name)
        if run.static_name is not None and static is None and entry.name != run.static_name:
            raise KinematicsError(
                f"The static trial '{run.static_name}' was refused, and the angles of '{entry.name}' refer to it.",
                "Mend the static trial, or leave [static] out to have angles without it.",
                code="STATIC_REFUSED",
            )
        return made_trial(run, entry, rig, static)
    except MocapError as error:
        aside = run.record.set_aside(f"{entry.name}.h5")
        kept = f" The older result is kept as {aside}." if aside else ""
        return Outcome(f"trial {entry.name}", "refused", f"{error}{kept}")
