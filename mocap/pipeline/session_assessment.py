"""What a session says of the assessment of its trials: settings of the lab's own, by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mocap.config.protocols import Protocol, read_protocol
from mocap.config.reliability import Reliability, read_reliability
from mocap.config.session import TrialEntry
from mocap.errors import ConfigError
from mocap.pipeline.assess import RECIPES, assessed, check_task
from mocap.pipeline.kept_edits import with_kept_edits
from mocap.pipeline.other_tests import read_tests
from mocap.trial import Trial


@dataclass(frozen=True)
class AssessmentOptions:
    """`[options.assessment]`.

    Attributes
    ----------
    run : bool
        Whether trials whose task has an assessment are assessed.
    protocols : mapping of str to str
        By task: a preset, or a .toml file in the session's folder.
    reliability : str, optional
        What `mocap reliability` wrote, in the session's folder; the default, which is not from the lab, when left out.
    """

    run: bool = True
    protocols: Mapping[str, str] = field(default_factory=dict)
    reliability: str | None = None


@dataclass(frozen=True, eq=False)
class SessionAssessment:
    """How the trials of a session are assessed: a protocol per task, none where nothing is, and the reliability."""

    protocols: Mapping[str, Protocol]
    reliability: Reliability | None

    def inputs_of(self, task: str) -> list[str] | None:
        """Return what the assessment of a task depends on beside the trial."""
        return [self.protocols[task].sha256, repr(self.reliability)] if task in self.protocols else None


def session_assessment(options: AssessmentOptions, folder: Path) -> SessionAssessment:
    """Read the files that a session names for its assessments.

    Raises
    ------
    AssessmentError
        TASK, for one that has no assessment.
    ConfigError
        Of a protocol or a reliability file; PROTOCOL, RELIABILITY where it is not in the folder.
    """
    for task in options.protocols:
        check_task(task)
    protocols = {task: _read(task, options.protocols.get(task), folder) for task in RECIPES} if options.run else {}
    if options.reliability is None:
        return SessionAssessment(protocols, None)
    _check_there(folder, options.reliability, "RELIABILITY")
    return SessionAssessment(protocols, read_reliability(folder / options.reliability))


def _read(task: str, chosen: str | None, folder: Path) -> Protocol:
    if chosen is None or not chosen.lower().endswith(".toml"):
        return read_protocol(task, chosen)
    _check_there(folder, chosen, "PROTOCOL")
    return read_protocol(task, str(folder / chosen))


def _check_there(folder: Path, name: str, code: str) -> None:
    if not (folder / name).is_file():
        raise ConfigError(f"session.toml: {name} is not in the session's folder.", "Name a file there.", code=code)


def tests_beside(entries: Sequence[TrialEntry], entry: TrialEntry, how: SessionAssessment, out: Path) -> list[Path]:
    """Return the results of the tests that the assessment of squats takes up: hinges and knee-to-wall, made before."""
    if entry.task != "squat" or entry.task not in how.protocols:
        return []
    paths = [out / f"{one.name}.h5" for one in entries if one.task in ("hinge", "knee_to_wall")]
    return [path for path in paths if path.is_file()]


def assessed_by_task(trial: Trial, how: SessionAssessment, older: Path, beside: Sequence[Path] = ()) -> Trial:
    """Return a trial with the assessment of its task, where there is one, and with the edits of its older result.

    `beside` are trials of other tests of the person, assessed already.
    """
    trial = with_kept_edits(trial, older)
    protocol = how.protocols.get(trial.task)
    return trial if protocol is None or trial.angles is None else assessed(
        trial, protocol, how.reliability, read_tests(beside))  # fmt: skip
