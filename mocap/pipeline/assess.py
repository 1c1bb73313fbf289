"""Assess a trial: the recipe of each task, what of an earlier run stays, and the file."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os.path import realpath
from pathlib import Path

from calibration.files import write_texts
from mocap.assessment.decisions import with_decisions
from mocap.assessment.movement import Movement
from mocap.config.protocols import Protocol, read_protocol
from mocap.config.reliability import Reliability, read_reliability
from mocap.errors import AssessmentError
from mocap.kinematics.tasks import task_name
from mocap.pipeline import (
    assess_gait,
    assess_hinge,
    assess_knee_to_wall,
    assess_lunge,
    assess_sit_to_stand,
    assess_squat,
)
from mocap.pipeline.assess_edits import with_edit_events
from mocap.pipeline.assess_gate import gated
from mocap.pipeline.assess_words import table_text
from mocap.pipeline.assessment_method import DETECTED_BY, STEP, method_of
from mocap.pipeline.movement import movement_of
from mocap.pipeline.norms import settings_sha256
from mocap.pipeline.other_tests import other_tests, read_tests
from mocap.pipeline.output_kinds import ASSESSMENT_TABLE
from mocap.pipeline.outputs import check_outputs
from mocap.pipeline.stated_facts import stale_tasks, with_facts
from mocap.pipeline.steps_of_commands import assessed_step
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES
from mocap.storage import read_trial, writing
from mocap.trial import Assessment, Event, Operation, Trial


@dataclass(frozen=True)
class Recipe:
    """How a task is assessed, the labels of the events that it detects, and metrics (name, unit) it detects by."""

    assess: Callable[[Movement, Protocol], tuple[Assessment, tuple[Event, ...]]]
    labels: tuple[str, ...]
    detects_by: tuple[tuple[str, str], ...] = ()


RECIPES: Mapping[str, Recipe] = {
    "squat": Recipe(assess_squat.assess_squat, assess_squat.LABELS, (assess_squat.DETECTS_BY,)),
    "hinge": Recipe(assess_hinge.assess_hinge, assess_hinge.LABELS),
    "knee_to_wall": Recipe(assess_knee_to_wall.assess_knee_to_wall, assess_knee_to_wall.LABELS),
    "sit_to_stand": Recipe(assess_sit_to_stand.assess_sit_to_stand, assess_sit_to_stand.LABELS),
    "lunge": Recipe(assess_lunge.assess_lunge, assess_lunge.LABELS),
    "gait": Recipe(assess_gait.assess_gait, assess_gait.LABELS),
}


def assessed(
    trial: Trial, protocol: Protocol, own: Reliability | None = None, beside: Sequence[Trial] = ()
) -> Trial:
    """Return a trial with the assessment of one task, in place of an earlier one of that task.

    Detected events of the task are made anew; imported and edited ones stay, and the edits are applied.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
    own : Reliability, optional
        Of the lab. Where it was measured in another way than this trial, or there is none, the default is used, which
        is not from the lab; a note says so.
    beside : sequence of Trial
        Assessed trials of other tests of the same person.

    Raises
    ------
    AssessmentError
        NO_ANGLES, TASK, OTHER_SUBJECT
    """
    task = protocol.task
    check_task(task)
    recipe = RECIPES[task]
    reliability, note = _reliability(trial, protocol, own)
    movement = movement_of(trial, reliability, other_tests(trial, beside))
    made, events = recipe.assess(movement, protocol)
    made = gated(replace(made, notes=(*made.notes, note, *_other_units(made, reliability))), trial)
    made = with_decisions(made, trial.events)
    others = tuple(one for one in trial.events if one.source != "detected" or one.label not in recipe.labels)
    assessments = (*(one for one in trial.assessments if one.task != task), made)
    steps = tuple(one for one in trial.operations if one.name != STEP or one.parameters.get("task") != task)
    told = {"beside": ", ".join(one.trial_id for one in beside)} if beside else {}
    limits = ", ".join(f"{name} {movement.mdc95(name, unit)[0]:g} {unit}" for name, unit in recipe.detects_by)
    told |= {DETECTED_BY: limits} if limits else {}
    step = Operation(STEP, {"task": task, "protocol": protocol.name, "protocol_sha256": made.protocol_sha256, **told})
    in_time = sorted((*others, *events), key=lambda one: (one.time_s != one.time_s, one.time_s, one.label, one.source))
    return replace(trial, events=tuple(in_time), assessments=assessments, operations=(*steps, step))


def _reliability(trial: Trial, protocol: Protocol, own: Reliability | None) -> tuple[Reliability, str]:
    """Return the reliability that holds for a trial, and what to say of it."""
    if own is None:
        return read_reliability(), "smallest detectable changes: default, not from this lab"
    misfits = own.misfits(method_of(trial, protocol.task, settings_sha256(protocol)))
    if misfits or own.task not in ("", protocol.task):
        why = "; ".join(misfits) or f"it is of the task {own.task}"
        return read_reliability(), f"smallest detectable changes: default, not from this lab, for of '{own.name}' {why}"
    doubts = own.doubts(method_of(trial, protocol.task, settings_sha256(protocol)), {})
    told = f"smallest detectable changes: from reliability {own.called}, where it lacks one: default, not from this lab"
    return own, "; but ".join((told, *doubts))


def _other_units(made: Assessment, reliability: Reliability) -> tuple[str, ...]:
    units = {one.name: one.unit for table in (made.repetitions, *made.tables) for one in table.metrics}
    return reliability.doubts({}, units)


def assess_file(
    path: Path,
    task: str | None,
    chosen: str | None = None,
    changes: Mapping[str, str] | None = None,
    edits: tuple[str, ...] = (),
    csv: Path | None = None,
    reliability: Path | None = None,
    beside: tuple[Path, ...] = (),
    facts: Mapping[str, str] | None = None,
    initials: str = "",
) -> Assessment:
    """Assess a trial file and write the results into it.

    Parameters
    ----------
    path : Path
    task : str, optional
        That of the trial when left out.
    chosen : str, optional
        Protocol: a preset, or a .toml file.
    changes : mapping of str to str, optional
        Settings by `section.name`.
    edits : tuple of str
        A reviewer's corrections, see `mocap.pipeline.assess_edits`.
    csv : Path, optional
        Where a table is to be written later: refused here, before the work, where that could not be.
    reliability : Path, optional
        What `mocap reliability` wrote.
    beside : tuple of Path
        Assessed trials of other tests of the same person.
    facts : mapping of str to str, optional
        What is stated of the trial, and stays in its file, see `mocap.pipeline.stated_facts`.
    initials : str
        Of who made the corrections.

    Raises
    ------
    AssessmentError
        NOT_A_TRIAL_FILE, NO_ANGLES, TASK, EDIT, NOT_ASSESSED, OTHER_SUBJECT
    ConfigError, SourceError
        Of the protocol, the output and the facts.
    """
    if path.suffix.lower() not in TRIAL_SUFFIXES:
        raise AssessmentError(
            f"{path.name} is no trial file, and an assessment is made of joint angles.",
            f"Compute them first: mocap kinematics {path.name} --static STANDING --out angles.h5.",
            code="NOT_A_TRIAL_FILE",
        )
    if csv is not None:
        check_outputs({csv: ASSESSMENT_TABLE}, [path])
    # No other assessment of the file comes in between.
    with writing(path, present=True) as writer:
        made, stale = _assessed_file(path, task, chosen, changes, edits, reliability, beside, facts or {}, initials)
        writer.write(made)
    gone = tuple(f"the assessment of {one} was made under other circumstances and is taken out of the file: assess it "
                 "again (a reviewer's edits stay)" for one in stale)  # fmt: skip
    return replace(made.assessments[-1], notes=(*made.assessments[-1].notes, *gone))


def _assessed_file(
    path: Path, task: str | None, chosen: str | None, changes: Mapping[str, str] | None, edits: tuple[str, ...],
    reliability: Path | None, beside: tuple[Path, ...], facts: Mapping[str, str], initials: str,
) -> tuple[Trial, tuple[str, ...]]:  # fmt: skip
    """Return the trial of a file with its new assessment, and the tasks whose assessments no longer hold."""
    stored = read_trial(path)
    trial = with_facts(stored, facts, "--state")
    if any(realpath(one) == realpath(path) for one in beside):
        raise AssessmentError(
            f"{path.name} is to be compared with itself.", "Name other files with --beside.", code="SAME_FILE"
        )
    protocol = read_protocol(_task(trial, task), chosen, changes)
    own = None if reliability is None else read_reliability(reliability)
    stale = stale_tasks(stored, trial, protocol.task)
    trial = with_edit_events(_without(trial, stale), protocol.task, edits, initials)
    made = assessed(trial, protocol, own, read_tests(beside))
    return assessed_step(made, stored, protocol, chosen, changes or {}, facts, reliability, beside), stale


def _without(trial: Trial, tasks: Sequence[str]) -> Trial:
    """Return a trial without the assessments of some tasks and what they detected."""
    labels = [label for task in tasks if task in RECIPES for label in RECIPES[task].labels]
    return replace(
        trial, assessments=tuple(one for one in trial.assessments if one.task not in tasks),
        events=tuple(one for one in trial.events if one.source != "detected" or one.label not in labels),
        operations=tuple(one for one in trial.operations
                         if one.name != STEP or one.parameters.get("task") not in tasks),
    )  # fmt: skip


def write_table(made: Assessment, csv: Path) -> None:
    """Write the table of repetitions as CSV."""
    write_texts({csv: table_text(made.repetitions)}, "WRITE_FAILED")


def check_task(task: str) -> None:
    """Refuse a task that has no assessment.

    Raises
    ------
    AssessmentError
        TASK
    """
    if task not in RECIPES:
        near = difflib.get_close_matches(task, RECIPES, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise AssessmentError(
            f"There is no assessment of the task '{task}'.", f"{meant}Choose --task {', '.join(RECIPES)}.", code="TASK"
        )


def _task(trial: Trial, task: str | None) -> str:
    """Return the task that is asked for, else that of the trial or of its angles."""
    made = next((one.parameters for one in trial.operations if one.name == "kinematics"), {})
    named = task_name(task or trial.task or str(made.get("task", "")))
    if not named:
        raise AssessmentError(
            f"Trial {trial.trial_id} does not say what its task is.",
            f"Choose --task {', '.join(RECIPES)}.",
            code="TASK",
        )
    check_task(named)
    return named
