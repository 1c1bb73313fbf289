"""The record of what `mocap run` did for one trial: the session as far as it concerns it, and the inputs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocap.config.session import TrialEntry
from mocap.pipeline.session_inputs import clock_files
from mocap.pipeline.session_trial_run import SessionRun
from mocap.pipeline.step_record import SESSION, plain, setting_rows, step_input, with_step
from mocap.pipeline.steps_of_commands import assessment_rows, kinematics_rows
from mocap.trial import SettingRow, Step, Trial

RUN = "run"
#: Where an input lies: in the session's folder, or among its results.
KEYPOINTS, IN_SESSION, IN_RESULTS = "keypoints", "session", "results"


@dataclass(frozen=True)
class Used:
    """Results of other trials that one takes up: that of the static, and those of other tests."""

    static: bool
    beside: tuple[Path, ...]


def session_step(run: SessionRun, entry: TrialEntry, source: Path, trial: Trial, used: Used) -> Trial:
    """Return a trial of a session with the record of its making; `source` are its keypoints."""
    inputs = tuple(step_input(role, path, name) for role, path, name in named_inputs(run, entry, source, used))
    step = Step(RUN, recorded_options(run, entry, used), inputs)
    return with_step(trial, (), step, _settings(run, entry, trial))


def recorded_options(run: SessionRun, entry: TrialEntry, used: Used) -> dict[str, Any]:
    """Return what is recorded of the session: what concerns this trial, so that nothing else changes its file."""
    session = run.session
    static = session.static
    tests = {path.stem for path in used.beside}
    named = {*tests, *(() if static is None else (static.trial, *(name for _, name in static.recordings)))}
    others = [{"name": one.name, "files": one.name, "task": one.task if one.name in tests else "other"}
              for one in session.trial if one.name in named and one.name != entry.name]  # fmt: skip
    options = {name: told for name, told in session.options.items() if name not in ("calibration", "assessment")}
    asked = run.options.assessment
    if entry.task in run.assessment.protocols:
        own = {task: name for task, name in asked.protocols.items() if task == entry.task}
        options["assessment"] = {"protocols": own, **({"reliability": asked.reliability} if asked.reliability else {})}
    else:
        options["assessment"] = {"run": False}
    told = {**plain(session), "calibration": {"file": run.rig_file.name}, "trial": [plain(entry), *others],
            "options": plain(options)}  # fmt: skip
    del told["consent"]  # who may see a trial does not change what it is
    return {"trial": entry.name, "session": told}


def named_inputs(
    run: SessionRun, entry: TrialEntry, source: Path, used: Used
) -> tuple[tuple[str, Path, str], ...]:
    """Return role, path and recorded name of all that the making of a trial reads, each once."""
    return tuple(dict.fromkeys(_inputs(run, entry, source, used)))


def _inputs(run: SessionRun, entry: TrialEntry, source: Path, used: Used) -> Iterator[tuple[str, Path, str]]:
    session, folder = run.session, run.folder
    yield KEYPOINTS, source, _within(source, folder)
    if session.keypoints.source == "video":
        yield IN_SESSION, folder / entry.files, entry.files  # its containers tell when the frames were taken
    yield IN_RESULTS, run.rig_file, run.rig_file.name
    if used.static:
        yield IN_RESULTS, run.out / f"{run.static_name}.h5", f"{run.static_name}.h5"
    recordings = run.recordings.paths
    for path in () if entry.name in run.calibrates else (*recordings.files, *_some(recordings.clicks)):
        results = path.parent == run.out
        yield (IN_RESULTS, path, path.name) if results else (IN_SESSION, path, _within(path, folder))
    for path in used.beside:
        yield IN_RESULTS, path, path.name
    asked = run.options.assessment
    assessed = entry.task in run.assessment.protocols
    named = [session.keypoints.skeleton, session.keypoints.plates, run.options.marker_set,
             *([asked.reliability, asked.protocols.get(entry.task)] if assessed else [])]  # fmt: skip
    own = [folder / name for name in named if name is not None]
    for path in (*clock_files(session, folder, entry), *own):
        if path.is_file():
            yield IN_SESSION, path, _within(path, folder)


def _some(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path,)


def _within(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _settings(run: SessionRun, entry: TrialEntry, trial: Trial) -> Iterator[SettingRow]:
    session, options = run.session, run.options

    def stated(stage: str) -> dict[str, str]:
        return {key: run.sources.get(f"options.{stage}.{key}", SESSION) for key in session.options.get(stage, {})}

    def elsewhere(section: str) -> dict[str, str]:
        return {key.split(".")[1]: source for key, source in run.sources.items() if key.startswith(f"{section}.")}

    yield from setting_rows("keypoints", session.keypoints, elsewhere("keypoints"), SESSION)
    yield from setting_rows("sync", session.sync, elsewhere("sync"), SESSION)
    yield from setting_rows("reconstruction", options.reconstruction, stated("reconstruction"), SESSION)
    yield from setting_rows("filter", options.filter, stated("filter"), SESSION)
    if trial.angles is None:
        return
    yield from kinematics_rows(options.kinematics, entry.task, stated("kinematics"), SESSION)
    found = next((one.parameters for one in trial.operations if one.name == "kinematics"), {})
    where = "found from the labels" if options.marker_set is None else stated("kinematics")["marker_set"]
    yield SettingRow("kinematics", "marker_set", f'"{found.get("marker_set", "")}"', where)
    if entry.task in run.assessment.protocols and trial.assessments:
        yield from assessment_rows(run.assessment.protocols[entry.task], {})
