"""What a session says of the assessment of its trials: settings of the lab's own, by task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mocap.config.protocols import Protocol, read_protocol
from mocap.errors import ConfigError
from mocap.pipeline.assess import RECIPES, assessed, check_task
from mocap.pipeline.kept_edits import with_kept_edits
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
    """

    run: bool = True
    protocols: Mapping[str, str] = field(default_factory=dict)


def session_protocols(options: AssessmentOptions, folder: Path) -> dict[str, Protocol]:
    """Return the protocol of every task.

    Raises
    ------
    AssessmentError
        TASK, for one that has no assessment.
    ConfigError
        Of a protocol.
    """
    for task in options.protocols:
        check_task(task)
    return {task: _read(task, options.protocols.get(task), folder) for task in RECIPES} if options.run else {}


def _read(task: str, chosen: str | None, folder: Path) -> Protocol:
    own = chosen is not None and chosen.lower().endswith(".toml")
    if own and not (folder / str(chosen)).is_file():
        raise ConfigError(
            f"session.toml: the protocol {chosen} of {task} is not in the session's folder.", "Name a file there.",
            code="PROTOCOL",
        )  # fmt: skip
    return read_protocol(task, str(folder / str(chosen)) if own else chosen)


def assessed_by_task(trial: Trial, protocols: Mapping[str, Protocol], older: Path) -> Trial:
    """Return a trial with the assessment of its task, where there is one, and with the edits of its older result."""
    trial = with_kept_edits(trial, older)
    protocol = protocols.get(trial.task)
    return trial if protocol is None or trial.angles is None else assessed(trial, protocol)
