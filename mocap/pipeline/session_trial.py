"""One trial of a session: points, angles, assessment; each stage is made when what it depends on changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from calibration import CameraRig
from calibration.digits import counted
from mocap.config.circumstances import checked_circumstances
from mocap.config.session import TrialEntry
from mocap.keypoints import PeopleKeypoints
from mocap.pipeline.assess_words import counts_of
from mocap.pipeline.calibration_recordings import recording_digests
from mocap.pipeline.detection import session_keypoints
from mocap.pipeline.kept_edits import point_edits_of
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.motion import analyse, record_of
from mocap.pipeline.notes import notes_in, notes_of
from mocap.pipeline.point_edits import used_edits, with_edits
from mocap.pipeline.point_filter import as_static, with_filtered_points
from mocap.pipeline.reconstruction import reconstruct_trial
from mocap.pipeline.record import Outcome, Stage
from mocap.pipeline.session_assessment import assessed_by_task, tests_beside
from mocap.pipeline.session_inputs import existing, own_marker_set, session_skeleton
from mocap.pipeline.session_options import participant_rule, trial_choices
from mocap.pipeline.session_parts import (
    AS_RECORDED,
    ASSESSMENT,
    KINEMATICS,
    RECONSTRUCTION,
    TRIAL_STAGES,
    assessment_parts,
    kinematics_parts,
    reconstruction_parts,
)
from mocap.pipeline.session_record import Used, named_inputs, recorded_options, session_step
from mocap.pipeline.session_recordings import recording_contents
from mocap.pipeline.session_stages import kept_angles, kept_points, older_result, stage_of, stage_result
from mocap.pipeline.session_trial_run import SessionRun
from mocap.pipeline.synchronisation import known_clocks
from mocap.signal.smoothing import filter_points
from mocap.storage import TrialWriter, read_told, writing
from mocap.trial import CameraTimes, PointEdit, Points3D, SyncEstimate, Trial


@dataclass(frozen=True, eq=False)
class SessionWork:
    """What is to be made of one trial, and from what."""

    run: SessionRun
    entry: TrialEntry
    source: Path
    rig: CameraRig
    static: Trial | None
    edits: tuple[PointEdit, ...] = ()


def made_trial(run: SessionRun, entry: TrialEntry, rig: CameraRig, static: Trial | None) -> Outcome:
    """Write the file of one trial, unless it is up to date.

    Parameters
    ----------
    run : SessionRun
    entry : TrialEntry
    rig : CameraRig
    static : Trial, optional
        The result of the standing trial; None for that itself, and for what calibrates the person.

    Raises
    ------
    MocapError
        When the trial is refused.
    """
    name, output = f"trial {entry.name}", f"{entry.name}.h5"
    source = existing(run.folder, entry.files, f"trial '{entry.name}'")
    if run.session.keypoints.source == "video":
        source = session_keypoints(run.session, run.folder, entry, run.progress, run.rig_file)
    beside = tests_beside(run.session.trial, entry, run.assessment, run.out)
    known, whole = run.record.stages(output), run.record.is_whole(output)
    if whole:
        parts = _parts(run, entry, source, static, beside, point_edits_of(run.out / output))
        if not any(_changed(known, parts).values()):
            quality, operations = read_told(run.out / output)
            return Outcome(name, "skipped", "", quality, notes_in(operations))
    # A session may be a copy made of links: what it makes is its own, and the first one's results stay.
    # What a reviewer decides meanwhile would be lost: they are told to wait.
    with writing(run.out / output, follow=False) as writer:
        return _made_trial(run, entry, SessionWork(run, entry, source, rig, static), beside, writer)


def _made_trial(
    run: SessionRun, entry: TrialEntry, work: SessionWork, beside: list[Path], writer: TrialWriter
) -> Outcome:
    name, output = f"trial {entry.name}", f"{entry.name}.h5"
    work = replace(work, edits=point_edits_of(run.out / output))
    parts = _parts(run, entry, work.source, work.static, beside, work.edits)
    known, whole = run.record.stages(output), run.record.is_whole(output)
    changed = _changed(known, parts)
    older = older_result(run.out / output) if known else None
    points = None if changed[RECONSTRUCTION] else known.get(RECONSTRUCTION)
    angles = None if points is None or changed[KINEMATICS] else known.get(KINEMATICS)
    made, stages, ran = _analysed(work, parts, older, points, angles)
    trial = _finished(work, made, run.out / output, beside)
    writer.write(trial)
    run.record.store(output, {**stages, ASSESSMENT: Stage(parts[ASSESSMENT])})
    because = _because(changed, bool(known), (run.out / output).name if not whole else "")
    return Outcome(name, "done", _summary(trial), trial.quality, notes_of(trial), (*ran, ASSESSMENT), because)


def _changed(known: Mapping[str, Stage], parts: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return by stage what it depends on that is other than recorded."""
    return {stage: known[stage].changes(parts[stage]) if stage in known else ("",) for stage in TRIAL_STAGES}


def computed_trial(work: SessionWork, edited: Path) -> Trial:
    """Return a trial of a session, made from its inputs alone, with what was edited in a file of it.

    Raises
    ------
    MocapError
        When the trial is refused.
    """
    points = stage_result(_reconstructed(work))
    angles = stage_result(with_angles(work, _named(points, work)))
    run = work.run
    return _finished(work, angles, edited, tests_beside(run.session.trial, work.entry, run.assessment, run.out))


def _finished(work: SessionWork, made: Trial, edited: Path, beside: list[Path]) -> Trial:
    run, entry = work.run, work.entry
    trial = assessed_by_task(_named(made, work), run.assessment, edited, beside)
    return session_step(run, entry, work.source, trial, Used(work.static is not None, tuple(beside)))


def _because(changed: dict[str, tuple[str, ...]], known: bool, file: str) -> tuple[str, ...]:
    """Say in words why a trial is made."""
    if not known:
        return ("there was no result",)
    named = list(dict.fromkeys(name for stage in TRIAL_STAGES for name in changed[stage]))
    if len(named) > 1 and AS_RECORDED in named:
        named.remove(AS_RECORDED)  # it changes with each entry, and the others tell which
    told = (f"{' and '.join(named)} changed",) if named else ()
    return (*told, f"{file} is not as it was left") if file else told


def _parts(
    run: SessionRun, entry: TrialEntry, source: Path, static: Trial | None, beside: list[Path],
    edits: tuple[PointEdit, ...],
) -> dict[str, dict[str, str]]:
    calibrates = entry.name in run.calibrates
    stood = run.out / f"{run.static_name}.h5" if static is not None else None
    recordings = [] if calibrates else recording_contents(run.recordings.paths)
    used = Used(static is not None, tuple(beside))
    inputs = [(role, name) for role, _, name in named_inputs(run, entry, source, used)]
    recorded = [recorded_options(run, entry, used), inputs]
    return {
        RECONSTRUCTION: reconstruction_parts(run.session, run.options, run.folder, entry, source, run.rig_file),
        KINEMATICS: kinematics_parts(run.session, run.options, run.folder, entry, stood, recordings, edits),
        ASSESSMENT: assessment_parts(run.session, entry, run.assessment, beside, recorded),
    }


def _analysed(
    work: SessionWork, parts: dict[str, dict[str, str]], older: Trial | None, points: Stage | None, angles: Stage | None
) -> tuple[Trial, dict[str, Stage], tuple[str, ...]]:
    """Return points and angles of a trial, the record of both stages, and which of them ran."""
    kept = kept_angles(older, angles)
    if kept is not None and points is not None and angles is not None:
        return kept, {RECONSTRUCTION: points, KINEMATICS: angles}, ()
    ran: tuple[str, ...] = (KINEMATICS,)
    found = kept_points(older, points, work.run.options.filter.learned)
    if found is None or points is None:
        found = stage_result(_reconstructed(work))
        points, ran = stage_of(found, parts[RECONSTRUCTION]), (RECONSTRUCTION, *ran)
    made = stage_result(with_angles(work, _named(found, work)))
    return made, {RECONSTRUCTION: points, KINEMATICS: stage_of(made, parts[KINEMATICS])}, ran


def _named(trial: Trial, work: SessionWork) -> Trial:
    """Return a trial with what the session says of it, and the corrections of its points."""
    info, entry = work.run.session.session, work.entry
    return replace(
        trial, trial_id=entry.name, task=entry.task, context=_plain_context(entry), operator=info.operator,
        subject_code=info.subject_code, created_utc=str(info.date), site=info.site, edits=work.edits,
    )  # fmt: skip


def _reconstructed(work: SessionWork) -> Trial:
    run, entry = work.run, work.entry
    session, keypoints = run.session, run.session.keypoints
    how = KeypointInput(
        session.sync.rate_hz, session_skeleton(session, run.folder), keypoints.format, keypoints.cameras,
        keypoints.names, participant_rule(entry.participant or keypoints.participant),
        leave_others=bool(session.cameras),
    )  # fmt: skip

    def clocks_of(seen: PeopleKeypoints) -> tuple[PeopleKeypoints, CameraTimes | None, SyncEstimate | None]:
        return known_clocks(session, run.folder, entry, seen, work.rig.names)

    choices = trial_choices(session, run.options, run.folder)
    return reconstruct_trial(work.source, work.rig, how, choices, clocks_of=clocks_of)


def with_angles(work: SessionWork, trial: Trial) -> Trial:
    """Return a trial of a session with its angles, computed as the options of the session say."""
    run, static = work.run, work.static
    filtering = None if run.options.filter.learned else run.options.filter
    if work.entry.name in run.calibrates:
        if filtering is None:
            return trial
        return used_edits(with_filtered_points(with_edits(trial), filtering), trial, refiltered=True)
    stands = work.entry.name == run.static_name
    stood = trial if stands else static
    person = {**stood.subject, **record_of(stood)} if stood else None
    recordings = run.recordings.opened(stood) if stood else None
    trial = replace(trial, inputs={**trial.inputs, **recording_digests(run.recordings.paths, trial.inputs)})
    standing: Points3D | None = None
    if stands:
        # The standing trial is its own reference, smoothed as it will be for the others.
        own = with_edits(trial)
        standing = own.points_smoothed or own.points
        if filtering is not None and filtering.acts:
            standing = filter_points(own.points, filtering).points
        standing = as_static(own.points, standing)
    elif static is not None:
        other = with_edits(static)
        standing = as_static(other.points, other.points_smoothed or other.points)
    marker_set = own_marker_set(run.options.marker_set, run.folder)
    return analyse(trial, standing, marker_set, filtering, run.options.kinematics, person, recordings)


def _plain_context(entry: TrialEntry) -> dict[str, float | str]:
    stated = checked_circumstances(entry.context, f"context of {entry.name}")
    return {key: value if isinstance(value, str) else float(value) for key, value in stated.items()}


def _summary(trial: Trial) -> str:
    if trial.angles is None:
        return f"{counted(trial.points.n_frames, 'frame')}, points alone: it calibrates the person"
    shown = sum(definition.observable for definition in trial.angles.definitions)
    told = f"{counted(trial.points.n_frames, 'frame')}, {shown} of {len(trial.angles.definitions)} angles observable"
    return ", ".join([told, *(counts_of(one) for one in trial.assessments)])
