"""What a batch tells of each trial: one row, small enough to be sent about by the ten thousand."""

import math
from dataclasses import dataclass, field

from mocap.errors import MocapError
from mocap.pipeline.record import Outcome
from mocap.trial import Verdict

CALIBRATION = "calibration"
DONE, SKIPPED, REFUSED, FAILED, NOT_RUN = "done", "skipped", "refused", "failed", "not run"
#: The states of a trial without a result, worst first.
WITHOUT_RESULT = (FAILED, REFUSED, NOT_RUN)


@dataclass(frozen=True)
class Row:
    """One trial of a batch, or the calibration or the end of a session.

    Attributes
    ----------
    session : str
        Its folder, as seen from the root of the batch.
    trial : str
        "calibration" for that of the cameras; empty for what concerns the whole session.
    state : str
        `done`, `skipped` (nothing changed), `refused` (the data, with the error), `failed` (the program, or the process
        that worked at it), `not run` (because of another row).
    subject, task : str
    text : str
        What was made, or why not.
    code : str
        Of the error.
    looks : tuple of str
        The checks that do not hold, in words.
    seconds : float
        That it took where it was made.
    peak_mb : float
        The most memory of the process that made it, until then.
    """

    session: str
    trial: str
    state: str
    subject: str = ""
    task: str = ""
    text: str = ""
    code: str = ""
    looks: tuple[str, ...] = field(default=())
    seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def verdict(self) -> str:
        """`good` where every check holds, `look` where one does not; nothing without a result."""
        if self.state not in (DONE, SKIPPED):
            return ""
        return "look" if self.looks else "good"

    @property
    def name(self) -> str:
        """Session and trial."""
        return f"{self.session}/{self.trial}" if self.trial else self.session


def outcome_row(session: str, subject: str, task: str, outcome: Outcome, seconds: float, peak_mb: float) -> Row:
    """Return the row of what became of a trial or a calibration."""
    looks = tuple(_look(one) for one in outcome.quality if not one.passed)
    return Row(
        session, outcome.name.removeprefix("trial "), outcome.state, subject, task, outcome.text, outcome.code, looks,
        seconds, peak_mb,
    )  # fmt: skip


def refused_row(session: str, error: MocapError, trial: str = "", subject: str = "", task: str = "") -> Row:
    """Return the row of what was refused as a whole."""
    return Row(session, trial, REFUSED, subject, task, str(error), error.code)


def not_run_row(session: str, trial: str, subject: str, task: str, why: str) -> Row:
    """Return the row of a trial that was not even begun."""
    return Row(session, trial, NOT_RUN, subject, task, why, "NOT_RUN")


def _look(one: Verdict) -> str:
    """Say what a check measured, and what it means."""
    figure = f" {one.measured:.3g} {one.unit} (limit {one.limit:.3g})" if math.isfinite(one.measured) else " not known"
    return f"{one.name}:{figure}{f'; {one.text}' if one.text else ''}"
