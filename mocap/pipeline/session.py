"""A recorded session from its `session.toml` to trial files; stages whose inputs did not change are skipped."""

from dataclasses import dataclass, replace
from pathlib import Path

import calibration
from calibration import CameraRig
from calibration.digits import counted
from calibration.files import write_rig
from mocap import __version__
from mocap.config.circumstances import checked_circumstances
from mocap.config.session import Session, TrialEntry, read_session
from mocap.errors import KinematicsError, MocapError
from mocap.keypoints import PeopleKeypoints
from mocap.pipeline.assess_words import counts_of
from mocap.pipeline.calibration import calibrate_footage, write_calibration
from mocap.pipeline.calibration_recordings import recording_digests
from mocap.pipeline.detection import session_keypoints
from mocap.pipeline.digests import file_sha256, input_sha256, options_sha256
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.motion import analyse, record_of
from mocap.pipeline.notes import notes_in, notes_of
from mocap.pipeline.outputs import tried_path
from mocap.pipeline.point_filter import as_static, with_filtered_points
from mocap.pipeline.progress import Progress
from mocap.pipeline.reconstruction import reconstruct_trial, with_z_up
from mocap.pipeline.record import Outcome, SessionSummary, StageRecord
from mocap.pipeline.session_assessment import (
    SessionAssessment,
    assessed_by_task,
    session_assessment,
    tests_beside,
)
from mocap.pipeline.session_inputs import (
    calibration_files,
    clock_files,
    content_sha256,
    existing,
    marker_set_sha256,
    own_marker_set,
    places,
    plates_sha256,
    presets_sha256,
    session_skeleton,
    skeleton_sha256,
)
from mocap.pipeline.session_options import StageOptions, participant_rule, stage_options, trial_choices
from mocap.pipeline.session_outputs import check_session_outputs
from mocap.pipeline.session_recordings import (
    SessionRecordings,
    calibration_trials,
    check_recordings,
    file_recordings,
    recording_contents,
    recording_paths,
)
from mocap.pipeline.synchronisation import known_clocks
from mocap.signal.smoothing import filter_points
from mocap.storage import read_told, read_trial, write_trial
from mocap.trial import CameraTimes, SyncEstimate, Trial


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
        `<trial>.outdated.h5`.

    Raises
    ------
    MocapError
        When the session or its calibration is refused, or a result would be written over a file that is read or is
        not the project's own.
    """
    session = read_session(folder)
    options = stage_options(session)
    recordings = recording_paths(session, folder, out)
    check_session_outputs(session, options.calibration, folder, out, file_recordings(session, recordings, out))
    assessment = session_assessment(options.assessment, folder)
    run = _Run(session, options, folder, out, StageRecord(out), progress,
               SessionRecordings(recordings, options.filter), assessment)  # fmt: skip
    outcomes = [run.calibrate(progress)]
    rig = calibration.read_rig(out / "calibration.toml")
    static: Trial | None = None
    refused: dict[str, str] = {}
    # The static before what refers to it, what calibrates the person before the static, and squats after other tests.
    entries = sorted(session.trial, key=lambda entry: (entry.name not in run.calibrates, entry.name != run.static_name,
                                                       entry.task == "squat"))  # fmt: skip
    for number, entry in enumerate(entries):
        progress("trials", number, len(entries))
        outcome = run.trial(entry, rig, static, refused)
        outcomes.append(outcome)
        if entry.name in run.calibrates and outcome.state == "refused":
            refused[entry.name] = run.calibrates[entry.name]
        if entry.name == run.static_name and outcome.state != "refused":
            static = read_trial(out / f"{entry.name}.h5")
    progress("trials", len(entries), len(entries))
    return SessionSummary(tuple(outcomes))


@dataclass(frozen=True, eq=False)
class _Run:
    """One run of a session: what all its stages share."""

    session: Session
    options: StageOptions
    folder: Path
    out: Path
    record: StageRecord
    progress: Progress
    recordings: SessionRecordings
    assessment: SessionAssessment

    @property
    def calibrates(self) -> dict[str, str]:
        return calibration_trials(self.session)

    @property
    def static_name(self) -> str | None:
        return self.session.static.trial if self.session.static else None

    def calibrate(self, progress: Progress) -> Outcome:
        """Write `calibration.toml` from the footage or the ready file, unless it is up to date."""
        source, options, output = self.session.calibration, self.options.calibration, "calibration.toml"
        footage = existing(self.folder, source.file or source.folder or "", "calibration")
        inputs = options_sha256(
            {
                "files": [content_sha256(path) for path in calibration_files(self.session, options, self.folder)],
                "world": source.world, "board": source.board, "cameras": self.session.camera_patterns,
                "options": repr(options), "version": __version__,
            }
        )  # fmt: skip
        if self.record.is_current(output, inputs):
            return Outcome("calibration", "skipped")
        if source.file is not None:
            rig = calibration.read_rig(footage)
            rig = with_z_up(rig) if source.world == "up:z" else rig
            # Only footage is named by patterns; a ready calibration has its own names.
            rig = rig.subset(list(self.session.camera_patterns)) if self.session.camera_patterns else rig
            write_rig(self.out / output, rig)
            text = f"{counted(len(rig), 'camera')}, as given"
        else:
            found = calibrate_footage(
                footage, Path(source.board or ""), source.world, progress, self.session.camera_patterns, options,
                tried_path(self.out / output), places(self.session, self.folder),
            )  # fmt: skip
            outcome = write_calibration(found, self.out / output, progress)
            text = f"{counted(len(outcome.rig), 'camera')}, {outcome.verdict}"
        self.record.store(output, inputs)
        return Outcome("calibration", "done", text)

    def trial(
        self, entry: TrialEntry, rig: CameraRig, static: Trial | None, refused: dict[str, str]
    ) -> Outcome:
        """Write the file of one trial, unless it is up to date; a refusal sets an older file aside."""
        name, output = f"trial {entry.name}", f"{entry.name}.h5"
        try:
            if entry.name in self.calibrates:
                return self._made(entry, output, rig, None)
            check_recordings(refused, entry.name)
            if self.static_name is not None and static is None and entry.name != self.static_name:
                raise KinematicsError(
                    f"The static trial '{self.static_name}' was refused, and the angles of '{entry.name}' refer to it.",
                    "Mend the static trial, or leave [static] out to have angles without it.",
                    code="STATIC_REFUSED",
                )
            return self._made(entry, output, rig, static)
        except MocapError as error:
            aside = self.record.set_aside(output)
            return Outcome(name, "refused", f"{error}{f' The older result is kept as {aside}.' if aside else ''}")

    def _made(self, entry: TrialEntry, output: str, rig: CameraRig, static: Trial | None) -> Outcome:
        session, name = self.session, f"trial {entry.name}"
        source = existing(self.folder, entry.files, f"trial '{entry.name}'")
        if session.keypoints.source == "video":
            source = session_keypoints(session, self.folder, entry, self.progress, self.out / "calibration.toml")
        beside = tests_beside(session.trial, entry, self.assessment, self.out)
        inputs = options_sha256(
            {
                "keypoints": input_sha256(source), "calibration": file_sha256(self.out / "calibration.toml"),
                "static": file_sha256(self.out / f"{static.trial_id}.h5") if static else None,
                "is_static": entry.name == self.static_name, "calibrates": entry.name in self.calibrates,
                "recordings": [] if entry.name in self.calibrates else recording_contents(self.recordings.paths),
                "session": [repr(session.session), repr(session.keypoints), repr(session.sync), repr(entry),
                            repr(session.cameras)],
                "options": repr(self.options), "presets": presets_sha256(), "version": __version__,
                "marker_set": marker_set_sha256(self.options.marker_set, self.folder),
                "skeleton": skeleton_sha256(session, self.folder),
                "plates": plates_sha256(session, self.folder),
                "assessment": self.assessment.inputs_of(entry.task),
                "beside": [file_sha256(path) for path in beside],
                "clocks": [content_sha256(path) for path in clock_files(session, self.folder, entry)],
            }
        )  # fmt: skip
        if self.record.is_current(output, inputs):
            quality, operations = read_told(self.out / output)
            return Outcome(name, "skipped", "", quality, notes_in(operations))
        trial = assessed_by_task(self._computed(entry, source, rig, static), self.assessment, self.out / output,
                                 beside)  # fmt: skip
        write_trial(self.out / output, trial)
        self.record.store(output, inputs)
        return Outcome(name, "done", _summary(trial), trial.quality, notes_of(trial))

    def _computed(self, entry: TrialEntry, source: Path, rig: CameraRig, static: Trial | None) -> Trial:
        session, options = self.session, self.options
        keypoints = session.keypoints
        how = KeypointInput(
            session.sync.rate_hz, session_skeleton(session, self.folder), keypoints.format, keypoints.cameras,
            keypoints.names, participant_rule(entry.participant or keypoints.participant),
            leave_others=bool(session.cameras),
        )  # fmt: skip

        def clocks_of(seen: PeopleKeypoints) -> tuple[PeopleKeypoints, CameraTimes | None, SyncEstimate | None]:
            return known_clocks(session, self.folder, entry, seen, rig.names)

        trial = reconstruct_trial(source, rig, how, trial_choices(session, options, self.folder), clocks_of=clocks_of)
        info = session.session
        trial = replace(
            trial, trial_id=entry.name, task=entry.task, context=_plain_context(entry), operator=info.operator,
            subject_code=info.subject_code, created_utc=str(info.date), site=info.site,
        )  # fmt: skip
        filtering = None if options.filter.learned else options.filter
        if entry.name in self.calibrates:
            return trial if filtering is None else with_filtered_points(trial, filtering)
        standing = as_static(static.points, static.points_smoothed or static.points) if static else None
        if entry.name == self.static_name:
            # The standing trial is its own reference, smoothed as it will be for the others.
            standing = trial.points_smoothed or trial.points
            if filtering is not None and filtering.acts:
                standing = filter_points(trial.points, filtering).points
            standing = as_static(trial.points, standing)
        stood = trial if entry.name == self.static_name else static
        person = {**stood.subject, **record_of(stood)} if stood else None
        marker_set = own_marker_set(options.marker_set, self.folder)
        recordings = self.recordings.opened(stood) if stood else None
        trial = replace(trial, inputs={**trial.inputs, **recording_digests(self.recordings.paths, trial.inputs)})
        return analyse(trial, standing, marker_set, filtering, options.kinematics, person, recordings)


def _plain_context(entry: TrialEntry) -> dict[str, float | str]:
    stated = checked_circumstances(entry.context, f"context of {entry.name}")
    return {key: value if isinstance(value, str) else float(value) for key, value in stated.items()}


def _summary(trial: Trial) -> str:
    if trial.angles is None:
        return f"{counted(trial.points.n_frames, 'frame')}, points alone: it calibrates the person"
    shown = sum(definition.observable for definition in trial.angles.definitions)
    told = f"{counted(trial.points.n_frames, 'frame')}, {shown} of {len(trial.angles.definitions)} angles observable"
    return ", ".join([told, *(counts_of(one) for one in trial.assessments)])
