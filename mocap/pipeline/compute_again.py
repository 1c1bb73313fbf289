"""Compute the angles of a trial file again, as its record tells that they were computed, and assess them again."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocap.config.build import build
from mocap.errors import KinematicsError, SourceError
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.assess_again import assessed_again
from mocap.pipeline.assessment_method import STEP
from mocap.pipeline.calibration_recordings import RecordingPaths
from mocap.pipeline.motion import analysed_file
from mocap.pipeline.progress import Progress
from mocap.pipeline.reproduce_files import Places, by_role
from mocap.pipeline.reproduce_steps import repeat
from mocap.pipeline.session import run_session_trial
from mocap.pipeline.session_place import session_around
from mocap.pipeline.session_record import RUN
from mocap.pipeline.steps_of_commands import KINEMATICS, POINTED
from mocap.signal.filter_options import FilterOptions
from mocap.storage import as_stored, read_trial, writing
from mocap.trial import Step, StepInput, Trial

_RECORD = "the record of the trial"
_MADE = (RUN, KINEMATICS)
Found = Sequence[tuple[StepInput, Path]]


def computed_again(path: Path, reason: str, progress: Progress) -> None:
    """Compute the angles of the corrected points of a trial file and assess them, with the options of its record.

    A trial of a session is made by its session. What a reviewer decided stays.

    Parameters
    ----------
    path : Path
    reason : str
        For the journal.
    progress : callable

    Raises
    ------
    KinematicsError
        NO_ANGLES, where nothing tells how angles were computed.
    SourceError
        REPRODUCE_MISSING, REPRODUCE_CHANGED: an input, as the static, is not there any more, or another.
    MocapError
        Whatever the stages refuse; the file is then as it was.
    """
    stored = read_trial(path)
    place = made_by(stored, path)
    step, later = stored.steps[place], stored.steps[place + 1 :]
    places = Places(path, None)
    if step.command == KINEMATICS:
        _by_record(path, calibrating_inputs(step, places), step, reason)
        return
    folder, named = session_around(path), str(step.options.get("trial", ""))
    repeated = [(one, [(wanted, _there(path, wanted, places)) for wanted in one.inputs]) for one in later]
    if folder is not None and named == path.stem:  # a copy under another name is none that a run would write
        run_session_trial(folder, path.absolute().parent, named, progress)
    else:
        _by_itself(path, step, [(one, found_input(one, places)) for one in step.inputs], reason)
    for one, found in repeated:
        repeat(one, found, path, path)


def made_by(stored: Trial, path: Path) -> int:
    """Return the number of the step that made the angles of a trial.

    Raises
    ------
    KinematicsError
        NO_ANGLES, where nothing tells.
    """
    place = next((number for number in reversed(range(len(stored.steps))) if stored.steps[number].command in _MADE), -1)
    if stored.angles is None or place < 0:
        raise KinematicsError(
            f"{path.name} does not tell how its angles were computed{'' if stored.angles else ': it has none'}.",
            f"Compute them: mocap kinematics {path.name} --static STANDING --out {path.name}.", code="NO_ANGLES",
        )  # fmt: skip
    return place


def calibrating_inputs(step: Step, places: Places) -> Found:
    """Return the inputs of `mocap kinematics` but the points, which are in the file whatever they are from."""
    return [(one, found_input(one, places)) for one in step.inputs if one.role != "trial"]


def found_input(wanted: StepInput, places: Places) -> Path:
    """Return where an input lies.

    Raises
    ------
    SourceError
        REPRODUCE_MISSING, REPRODUCE_CHANGED
    """
    try:
        return places.found(wanted)
    except SourceError as error:
        raise SourceError(
            error.cause, "Put it beside the trial as it was, or compute the angles anew: mocap kinematics.", error.code
        ) from error


def _there(path: Path, wanted: StepInput, places: Places) -> Path:
    beside = path.parent / wanted.name
    return beside if wanted.role == "beside" and beside.is_file() else found_input(wanted, places)


def analysed_by_record(path: Path, found: Found, step: Step, filtering: FilterOptions | None) -> Trial:
    """Return the trial of a file with angles as a recorded step computed them, but for what is done to the points.

    Parameters
    ----------
    path : Path
    found : sequence of (StepInput, Path)
        Of `calibrating_inputs`.
    step : Step
    filtering : FilterOptions, optional
        See `mocap.pipeline.motion.analyse`.
    """

    def single(role: str) -> Path | None:
        return next(iter(by_role(found, role)), None)

    options: dict[str, Any] = dict(step.options)
    pointed = tuple((wanted.role.removeprefix(POINTED), file) for wanted, file in found
                    if wanted.role.startswith(POINTED))  # fmt: skip
    recorded = RecordingPaths(
        by_role(found, "functional_hip"), by_role(found, "functional_knee"), single("closing"), single("pivot"),
        pointed, single("clicks"),
    )  # fmt: skip
    own = single("marker_set")
    kinematics = build(KinematicsOptions, options["kinematics"], _RECORD, typed=False)
    return analysed_file(
        path, path, single("static"), options["marker_set"] if own is None else str(own), options["up"],
        options["units"], filtering, kinematics, recorded,
    )  # fmt: skip


def _by_record(path: Path, found: Found, step: Step, reason: str) -> None:
    told: Any = step.options["filter"]
    filtering = None if told is None else build(FilterOptions, told, _RECORD, typed=False)
    with writing(path, present=True) as writer:
        stored = read_trial(path)
        made = analysed_by_record(path, found, step, filtering)
        # The same steps made it: what a reviewer decided is an input of each.
        writer.write(_assessed(replace(made, steps=stored.steps, settings=stored.settings), stored, path), reason)


def _assessed(made: Trial, stored: Trial, path: Path) -> Trial:
    # As the next command would read it; what was told of other angles is told again behind these.
    made = replace(as_stored(made), operations=tuple(one for one in made.operations if one.name != STEP))
    for before in stored.assessments:
        made = assessed_again(made, before, path)
    return made


def _by_itself(path: Path, step: Step, found: Found, reason: str) -> None:
    """Make a trial of a session that is not around it, from inputs that are."""
    with writing(path, present=True) as writer, tempfile.TemporaryDirectory(prefix="mocap-again-") as folder:
        out = Path(folder) / path.name
        repeat(step, found, out, path)
        writer.write(read_trial(out), reason)
