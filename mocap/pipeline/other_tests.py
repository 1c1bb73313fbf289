"""Other tests of the same person, which an assessment takes up: knee-to-wall, hinge, squats under other conditions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mocap.assessment.stacking import stacked_tables
from mocap.errors import AssessmentError
from mocap.kinematics.tasks import task_name
from mocap.pipeline.trial_outputs import TRIAL_SUFFIXES
from mocap.storage import read_trial
from mocap.trial import Table, Trial

CONDITION = "condition"
"""Of the context: under which condition a trial was done (`heels_raised`, `wide`, `front`, `cued`, ...)."""
_COMPARED = "squat"


def read_tests(paths: Sequence[Path]) -> tuple[Trial, ...]:
    """Read assessed trials.

    Raises
    ------
    AssessmentError
        NOT_A_TRIAL_FILE, NOT_ASSESSED
    """
    trials = []
    for path in paths:
        if path.suffix.lower() not in TRIAL_SUFFIXES:
            raise AssessmentError(
                f"{path.name} is no trial file.", "Give trials that mocap assess wrote its results into (.h5).",
                code="NOT_A_TRIAL_FILE",
            )  # fmt: skip
        one = read_trial(path)
        if not one.assessments:
            raise AssessmentError(
                f"{path.name} holds no assessment.", f"Assess it first: mocap assess {path.name} --task ...",
                code="NOT_ASSESSED",
            )  # fmt: skip
        trials.append(one)
    return tuple(trials)


def other_tests(trial: Trial, beside: Sequence[Trial]) -> Mapping[str, Table]:
    """Return the tables of other tests by task; those of squats by `squat_` and their condition, else their trial.

    Of each trial the assessment of its own task counts; where it states none, all do. Several trials of a task are one
    table: both legs of a knee-to-wall test.

    Raises
    ------
    AssessmentError
        OTHER_SUBJECT, where two trials name different people.
    """
    found: dict[str, list[Table]] = {}
    for one in beside:
        if trial.subject_code and one.subject_code and trial.subject_code != one.subject_code:
            raise AssessmentError(
                f"Trial {one.trial_id} is of {one.subject_code}, and {trial.trial_id} of {trial.subject_code}.",
                "Give tests of the same person.",
                code="OTHER_SUBJECT",
            )
        own = task_name(one.task)
        for made in one.assessments:
            if own in ("", "other", made.task):
                found.setdefault(_name(one, made.task), []).append(made.repetitions)
    return {name: stacked_tables(tables) for name, tables in found.items()}


def _name(trial: Trial, task: str) -> str:
    if task != _COMPARED:
        return task
    return f"{_COMPARED}_{task_name(str(trial.context.get(CONDITION, '')) or trial.trial_id)}"
