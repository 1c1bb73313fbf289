"""Assess a trial again as it was assessed before: the same settings, reliability and tests beside."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocap.config.protocols import Protocol, read_protocol
from mocap.config.reliability import read_reliability
from mocap.errors import AssessmentError
from mocap.kinematics.tasks import task_name
from mocap.pipeline.assess import assessed
from mocap.pipeline.assessment_method import STEP
from mocap.pipeline.norms import settings_sha256
from mocap.pipeline.other_tests import read_tests
from mocap.pipeline.reproduce_files import Places
from mocap.pipeline.session_record import IN_RESULTS, RUN
from mocap.pipeline.steps_of_commands import ASSESS
from mocap.trial import Assessment, Step, StepInput, Trial


def assessed_again(trial: Trial, before: Assessment, path: Path) -> Trial:
    """Return a trial with one of its assessments made anew, in the same place and with the same options.

    Parameters
    ----------
    trial : Trial
        With what a reviewer decided.
    before : Assessment
        As it was.
    path : Path
        Of the trial: inputs are looked for beside it, and in its session.

    Raises
    ------
    AssessmentError
        SETTINGS_OTHER, where its settings are not of this version; as `assessed`.
    SourceError
        REPRODUCE_MISSING, REPRODUCE_CHANGED, for an input that is not there.
    """
    step = _step_of(trial.steps, before.task)
    reliability, beside = _inputs_of(step, before.task)
    places = Places(path, None)
    own = None if reliability is None else read_reliability(places.found(reliability))
    tests = read_tests([_result(path, one, places) for one in beside])
    return _in_place(assessed(trial, _protocol_of(before), own, tests), trial, before.task)


def _protocol_of(before: Assessment) -> Protocol:
    """Return the settings of an assessment, from the assessment itself."""
    changes = {name: str(value) for name, value in before.settings.items()}
    made = replace(read_protocol(before.task, None, changes), name=before.protocol)
    if settings_sha256(made) != before.protocol_sha256:
        raise AssessmentError(
            f"The settings of the assessment of {before.task} are not known here any more: another version made it, or "
            "its norm set changed.", f"Assess it anew: mocap assess --task {before.task}.", code="SETTINGS_OTHER",
        )  # fmt: skip
    return made


def _step_of(steps: Sequence[Step], task: str) -> Step | None:
    """Return the last step that assessed a task."""
    for step in reversed(steps):
        if step.command == ASSESS and step.options.get("task") == task:
            return step
        if step.command == RUN and task_name(str(_entry(step.options).get("task", ""))) == task:
            return step
    return None


def _entry(options: Mapping[str, Any]) -> Mapping[str, Any]:
    own = [one for one in options["session"]["trial"] if one["name"] == options["trial"]]
    return own[0] if own else {}


def _inputs_of(step: Step | None, task: str) -> tuple[StepInput | None, list[StepInput]]:
    """Return the reliability and the tests beside that a step took in."""
    if step is None:
        return None, []
    if step.command == ASSESS:
        reliability = next((one for one in step.inputs if one.role == "reliability"), None)
        return reliability, [one for one in step.inputs if one.role == "beside"]
    session = step.options["session"]
    named = session["options"].get("assessment", {}).get("reliability")
    tests = {f"{one['name']}.h5" for one in session["trial"]
             if one["name"] != step.options["trial"] and one["task"] != "other"}  # fmt: skip
    reliability = next((one for one in step.inputs if named is not None and one.name == named), None)
    return reliability, [one for one in step.inputs if one.role == IN_RESULTS and one.name in tests]


def _result(path: Path, wanted: StepInput, places: Places) -> Path:
    """Return the trial of another test: as it is now, for a reviewer decides on that, too."""
    beside = path.parent / wanted.name
    return beside if beside.is_file() else places.found(wanted)


def _in_place(made: Trial, stored: Trial, task: str) -> Trial:
    """Return an assessed trial with the assessment and its operation where they were: no order tells of a decision."""
    operations = list(made.operations)
    own = operations.pop()
    places = [place for place, one in enumerate(stored.operations) if one.name == STEP
              and one.parameters.get("task") == task]  # fmt: skip
    operations.insert(places[0] if places else len(operations), own)
    assessments = list(made.assessments)
    again = assessments.pop()
    tasks = [one.task for one in stored.assessments]
    assessments.insert(tasks.index(task) if task in tasks else len(assessments), again)
    return replace(made, operations=tuple(operations), assessments=tuple(assessments))
