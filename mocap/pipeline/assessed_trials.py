"""Read assessed trials to be compared with each other, and refuse what was not measured in the same way."""

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os.path import realpath
from pathlib import Path
from typing import TypeVar

from mocap.assessment.statistics.measured import Recording, curves_of, part_of, repeated_metrics
from mocap.config.trial_table import TrialRow
from mocap.errors import AssessmentError
from mocap.pipeline.assessment_method import detected_by, method_of
from mocap.storage import read_trial
from mocap.trial import Assessment, JointAngles, Trial

Chosen = TypeVar("Chosen")
_WORDS = ("definition", "sequence", "positive", "zero", "reference")
#: What has to be the same, and how it is called.
METHOD = {
    "task": "task", "protocol_sha256": "settings of the assessment", "marker_set": "marker set", "model": "model",
    "options": "choices of the kinematics", "filter": "filter of the points",
}  # fmt: skip


def read_recordings(paths: Sequence[Path], task: str | None = None, part: str = "") -> tuple[list[Recording], str]:
    """Read trials with an assessment of one task.

    Parameters
    ----------
    paths : sequence of Path
    task : str, optional
        When left out, the one that all of them have.
    part : str
        Of a repetition that curves are over, of `PARTS`; the usual one of the task when empty.

    Returns
    -------
    tuple of list of Recording, and str
        The recordings, and the part.

    Raises
    ------
    AssessmentError
        NOT_ASSESSED, TASK_OPEN, SAME_FILE
    """
    real = [realpath(path) for path in paths]
    doubles = [path.name for path, one in zip(paths, real, strict=True) if real.count(one) > 1]
    if doubles:
        raise AssessmentError(f"{doubles[0]} is given twice.", "Name every file once.", code="SAME_FILE")
    trials = [(path, read_trial(path)) for path in paths]
    chosen = task or _common_task(trials)
    made = [(path, trial, _assessment(path, trial, chosen)) for path, trial in trials]
    over = next((part_of(one, part) for _, _, one in made if one.repetitions.rows), part or "cycle")
    return [recording(trial, one, path.name, over) for path, trial, one in made], over


def _common_task(trials: Sequence[tuple[Path, Trial]]) -> str:
    sets = [{one.task for one in trial.assessments} for _, trial in trials]
    for (path, _), there in zip(trials, sets, strict=True):
        if not there:
            raise _not_assessed(path, "SQUAT, ...")
    common = sorted(set.intersection(*sets))
    if len(common) != 1:
        what = f"have {', '.join(common)} in common" if common else "have no task in common"
        raise AssessmentError(f"The trials {what}.", "Choose one with --task.", code="TASK_OPEN")
    return common[0]


def _assessment(path: Path, trial: Trial, task: str) -> Assessment:
    for one in trial.assessments:
        if one.task == task:
            return one
    raise _not_assessed(path, task)


def _not_assessed(path: Path, task: str) -> AssessmentError:
    return AssessmentError(
        f"{path.name} holds no assessment{f' of the task {task}' if task[0].islower() else ''}.",
        f"Assess it first: mocap assess {path.name} --task {task.lower()}.",
        code="NOT_ASSESSED",
    )


def recording(trial: Trial, made: Assessment, name: str, part: str) -> Recording:
    """Return what a trial and one of its assessments say, with curves over a part of each repetition."""
    curves = {} if trial.angles is None else curves_of(trial.angles, made, part)
    words = {} if trial.angles is None else {name: _convention(trial.angles, name) for name in curves}
    told = json.dumps(sorted(trial.inputs.items()))
    method = method_of(trial, made.task, made.protocol_sha256)
    return Recording(
        name, trial.subject_code, trial.operator, trial.created_utc, trial.context, method,
        repeated_metrics(made), curves, words, hashlib.sha256(told.encode()).hexdigest() if trial.inputs else "",
        detected_by=detected_by(trial, made.task),
    )  # fmt: skip


def _convention(angles: JointAngles, curve: str) -> str:
    one = angles.definition(curve if curve in angles.names else curve[:-2])
    return "; ".join(getattr(one, word) for word in _WORDS)


def check_method(recordings: Sequence[Recording]) -> None:
    """Refuse recordings whose results differ for how they were made.

    Raises
    ------
    AssessmentError
        METHOD_DIFFERS, naming two files and what is other.
    """
    first = recordings[0]
    for other in recordings[1:]:
        for key, words in METHOD.items():
            if first.method[key] != other.method[key]:
                raise _differs(first, other, words, first.method[key], other.method[key])
        if first.detected_by != other.detected_by:
            shown = [f"{one.detected_by or 'not stated'} in {one.name}" for one in (first, other)]
            raise AssessmentError(
                f"Not the same smallest detectable change to detect by: {', '.join(shown)}.",
                "Assess all of them again with one reliability file (mocap assess --reliability), or all without one.",
                code="METHOD_DIFFERS",
            )
        for name in sorted(set(first.conventions) & set(other.conventions)):
            if first.conventions[name] != other.conventions[name]:
                raise _differs(first, other, f"convention of {name}", first.conventions[name],
                               other.conventions[name])  # fmt: skip


def _differs(first: Recording, other: Recording, words: str, one: str, two: str) -> AssessmentError:
    shown = [f"{text[:12]}..." if len(text) == 64 else f"'{text}'" for text in (one, two)]
    return AssessmentError(
        f"Not the same {words}: {shown[0]} in {first.name}, {shown[1]} in {other.name}.",
        "Make all of them in the same way, from mocap kinematics on, and assess them with one protocol.",
        code="METHOD_DIFFERS",
    )


def with_table(
    recordings: Sequence[Recording], rows: Mapping[str, TrialRow]
) -> list[Recording]:
    """Return the recordings with what a table of trials says of them in place of their own.

    Raises
    ------
    AssessmentError
        NOT_IN_TABLE
    """
    lacking = [one.name for one in recordings if one.name not in rows]
    if lacking:
        raise AssessmentError(
            f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not in the table of trials.",
            "Give every file a line, by its name without its folder.",
            code="NOT_IN_TABLE",
        )
    return [_told(one, rows[one.name]) for one in recordings]


def _told(one: Recording, row: TrialRow) -> Recording:
    return replace(
        one, subject=row.subject or one.subject, operator=row.operator or one.operator,
        created_utc=row.date or one.created_utc, visit=row.visit, context={**one.context, **row.context},
    )  # fmt: skip


def check_subjects(recordings: Sequence[Recording]) -> None:
    """Refuse recordings that do not say whose they are (AssessmentError SUBJECT_MISSING)."""
    lacking = [one.name for one in recordings if not one.subject]
    if lacking:
        raise AssessmentError(
            f"{', '.join(lacking)} {'does' if len(lacking) == 1 else 'do'} not say who was measured.",
            "Give subject_code in session.toml, or a table of trials (--table) with the columns file and subject.",
            code="SUBJECT_MISSING",
        )


def check_different(recordings: Sequence[Recording]) -> None:
    """Refuse two analyses of one recording, which would show no error of measuring (AssessmentError SAME_RECORDING)."""
    seen: dict[str, str] = {}
    for one in recordings:
        if one.same_as and one.same_as in seen:
            raise AssessmentError(
                f"{one.name} and {seen[one.same_as]} are of the same recording.",
                "Give each recording once; mocap compare tells two analyses of one apart.",
                code="SAME_RECORDING",
            )
        seen[one.same_as] = one.name


def chosen_of(found: Sequence[Mapping[str, Chosen]], chosen: Sequence[str], kind: str) -> list[dict[str, Chosen]]:
    """Return what was chosen of each recording, all where nothing was; `METRIC_UNKNOWN` for what none has.

    Parameters
    ----------
    found : sequence of mapping by name
    chosen : sequence of str
        Names; one without its side means both sides.
    kind : str
        How it is called.
    """
    known = sorted({name for one in found for name in one})
    for name in chosen:
        if not any(_means(name, one) for one in known):
            near = difflib.get_close_matches(name, known, n=3)
            raise AssessmentError(
                f"There is no {kind} '{name}' in the trials.",
                f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}.",
                code="METRIC_UNKNOWN",
            )
    return [
        {name: value for name, value in one.items() if not chosen or any(_means(asked, name) for asked in chosen)}
        for one in found
    ]


def _means(asked: str, name: str) -> bool:
    return name in (asked, f"{asked}_r", f"{asked}_l")
