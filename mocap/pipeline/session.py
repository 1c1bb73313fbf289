"""A recorded session from its `session.toml` to trial files; stages whose inputs did not change are skipped."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import calibration
from calibration import CameraRig
from calibration.digits import counted
from calibration.files import write_rig
from mocap.config.session import Session, TrialEntry, read_session
from mocap.errors import KinematicsError, MocapError, SourceError
from mocap.pipeline.calibration import calibrate_footage, write_calibration
from mocap.pipeline.digests import file_sha256
from mocap.pipeline.outputs import tried_path
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import with_z_up
from mocap.pipeline.record import Outcome, SessionSummary, Stage, StageRecord
from mocap.pipeline.run_lock import sole_run
from mocap.pipeline.session_assessment import session_assessment
from mocap.pipeline.session_inputs import cohort_sources, existing, places
from mocap.pipeline.session_options import stage_options
from mocap.pipeline.session_outputs import check_session_outputs
from mocap.pipeline.session_parts import CALIBRATION, calibration_parts
from mocap.pipeline.session_recordings import (
    SessionRecordings,
    calibration_trials,
    check_recordings,
    file_recordings,
    recording_paths,
)
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
    with run_of(folder, out, progress) as run:
        return SessionSummary(tuple(_outcomes(run)), without_trial(run))


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
    with run_of(folder, out, progress) as run:
        entry = entry_named(run, name)
        return made_trial(run, entry, calibration.read_rig(run.rig_file), static_of(run, entry))


def entry_named(run: SessionRun, name: str) -> TrialEntry:
    """Return the trial of a session by its name.

    Raises
    ------
    SourceError
        SESSION_OTHER where the session has no such trial.
    """
    entry = next((one for one in run.session.trial if one.name == name), None)
    if entry is None:
        raise SourceError(
            f"The session {run.folder} has no trial '{name}' any more.", "Add it to session.toml, and run the session.",
            code="SESSION_OTHER",
        )  # fmt: skip
    return entry


def static_of(run: SessionRun, entry: TrialEntry) -> Trial | None:
    """Return the result of the standing trial that a trial refers to; None for that itself and what calibrates."""
    alone = run.static_name in (None, entry.name) or entry.name in run.calibrates
    if alone:
        return None
    path = run.out / f"{run.static_name}.h5"
    return _read_once(path, file_sha256(path)) if path.is_file() else read_trial(path)


@lru_cache(maxsize=1)
def _read_once(path: Path, sha256: str) -> Trial:
    """Read a trial that many refer to: a process that makes several of them in turn finds it read."""
    return read_trial(path)


@contextmanager
def run_of(folder: Path, out: Path, progress: Progress, *, shared: bool = False) -> Iterator[SessionRun]:
    """Hold the results of a session while a run is under way, or together with others that make one trial each."""
    session = read_session(folder)
    options = stage_options(session)
    recordings = recording_paths(session, folder, out)
    check_session_outputs(session, options.calibration, folder, out, file_recordings(session, recordings, out))
    assessment = session_assessment(options.assessment, folder)
    with sole_run(out, shared=shared):
        record = StageRecord(out, apart=shared)
        if not shared:
            record.take_in()
        yield SessionRun(session, options, folder, out, record, progress,
                         SessionRecordings(recordings, options.filter), assessment, cohort_sources(folder))  # fmt: skip


def _outcomes(run: SessionRun) -> list[Outcome]:
    first, rest = parted(run.session)
    outcomes, person = calibrated_person(run, first)
    rig, total = calibration.read_rig(run.rig_file), len(run.session.trial)
    for number, entry in enumerate(rest, start=len(first)):
        run.progress("trials", number, total)
        outcomes.append(tried_trial(run, entry, rig, person))
    run.progress("trials", total, total)
    return outcomes


def parted(session: Session) -> tuple[list[TrialEntry], list[TrialEntry]]:
    """Return the trials that others refer to, and the others; each list in the order in which they are made.

    What calibrates the person goes before the static, and squats after other tests, which their assessment takes up.
    """
    calibrates, static = calibration_trials(session), session.static.trial if session.static else None
    ordered = sorted(session.trial, key=lambda entry: (entry.name not in calibrates, entry.name != static,
                                                       entry.task == "squat"))  # fmt: skip
    count = sum(entry.name in calibrates or entry.name == static for entry in ordered)
    return ordered[:count], ordered[count:]


@dataclass(frozen=True)
class Person:
    """What the trials of a session refer to.

    Attributes
    ----------
    static : Trial, optional
        The standing trial; None where the session has none, or where it was refused.
    refused : mapping of str to str
        Recordings that calibrate the person and were refused, with the entries of `[static]` that name them.
    """

    static: Trial | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


def calibrated_person(run: SessionRun, first: Sequence[TrialEntry]) -> tuple[list[Outcome], Person]:
    """Calibrate the cameras, and make the trials that others refer to.

    Raises
    ------
    MocapError
        When the calibration is refused.
    """
    outcomes = [_calibrated(run)]
    rig, static = calibration.read_rig(run.rig_file), None
    refused: dict[str, str] = {}
    for number, entry in enumerate(first):
        run.progress("trials", number, len(run.session.trial))
        outcome = tried_trial(run, entry, rig, Person(static, refused))
        outcomes.append(outcome)
        if entry.name in run.calibrates and outcome.state == "refused":
            refused[entry.name] = run.calibrates[entry.name]
        if entry.name == run.static_name and outcome.state != "refused":
            static = read_trial(run.out / f"{entry.name}.h5")
    return outcomes, Person(static, refused)


def without_trial(run: SessionRun) -> tuple[str, ...]:
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


def tried_trial(run: SessionRun, entry: TrialEntry, rig: CameraRig, person: Person) -> Outcome:
    """Write the file of one trial, unless it is up to date; a refusal sets an older file aside."""
    try:
        if entry.name in run.calibrates:
            return made_trial(run, entry, rig, None)
        check_recordings(person.refused, entry.name)
        if run.static_name is not None and person.static is None and entry.name != run.static_name:
            raise KinematicsError(
                f"The static trial '{run.static_name}' was refused, and the angles of '{entry.name}' refer to it.",
                "Mend the static trial, or leave [static] out to have angles without it.",
                code="STATIC_REFUSED",
            )
        return made_trial(run, entry, rig, person.static)
    except MocapError as error:
        # What another process writes at this moment is not outdated.
        aside = None if error.code == "WRITER_BUSY" else run.record.set_aside(f"{entry.name}.h5")
        kept = f" The older result is kept as {aside}." if aside else ""
        return Outcome(f"trial {entry.name}", "refused", f"{error}{kept}", code=error.code)
