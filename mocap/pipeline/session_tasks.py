"""A session in pieces that may run in several processes: what all its trials refer to, each other trial, the end.

The files are the same, to the byte, as those of `run_session`. No two pieces write one file: the trials keep their
records apart, and the end takes these into the one record of the session. All pieces hold the results, so that a run
of the whole session is refused meanwhile, and a piece that is started twice waits for its twin.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import calibration
from mocap.config.session import Session
from mocap.errors import SourceError
from mocap.pipeline.progress import Progress
from mocap.pipeline.record import Outcome
from mocap.pipeline.session import (
    Person,
    calibrated_person,
    entry_named,
    parted,
    run_of,
    static_of,
    tried_trial,
    without_trial,
)

Result = TypeVar("Result")

_BUSY = ("RUN_IN_PROGRESS", "WRITER_BUSY")
_STEP_S = 0.2


@dataclass(frozen=True)
class SessionPieces:
    """The names of a session's trials, by when they may be made.

    Attributes
    ----------
    first : tuple of str
        With the calibration, one after the other: what the others refer to.
    free : tuple of str
        After that, in any order.
    last : tuple of str
        After these: their assessment takes up results of other tests.
    """

    first: tuple[str, ...]
    free: tuple[str, ...]
    last: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.first, *self.free, *self.last)


@dataclass(frozen=True)
class Begun:
    """What became of the beginning of a session; small, as it is sent to all that goes on with it.

    Attributes
    ----------
    outcomes : tuple of Outcome
        Of the calibration, and of the trials that others refer to.
    static_refused : bool
    refused : mapping of str to str
        Recordings that calibrate the person and were refused, with the entries of `[static]` that name them.
    """

    outcomes: tuple[Outcome, ...]
    static_refused: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)


def session_pieces(session: Session) -> SessionPieces:
    """Return the trials of a session by when they may be made."""
    first, rest = parted(session)
    tests = any(entry.task in ("hinge", "knee_to_wall") for entry in session.trial)
    last = [entry.name for entry in rest if tests and entry.task == "squat"]
    free = [entry.name for entry in rest if entry.name not in last]
    return SessionPieces(tuple(entry.name for entry in first), tuple(free), tuple(last))


def begin_session(folder: Path, out: Path, progress: Progress, wait_s: float = 0.0) -> Begun:
    """Calibrate the cameras of a session, and make the trials that others refer to.

    Parameters
    ----------
    folder, out : Path
        Of the session and of its results.
    progress : callable
    wait_s : float
        How long another run among these results is waited for, s.

    Raises
    ------
    MocapError
        When the session or its calibration is refused; RUN_IN_PROGRESS.
    """

    def begun() -> Begun:
        with run_of(folder, out, progress) as run:
            outcomes, person = calibrated_person(run, parted(run.session)[0])
            lost = run.static_name is not None and person.static is None
            return Begun(tuple(outcomes), lost, person.refused)

    return _patient(begun, wait_s)


def make_trial(folder: Path, out: Path, name: str, begun: Begun, progress: Progress, wait_s: float = 0.0) -> Outcome:
    """Make one trial of a session that was begun, beside other processes that make others.

    Parameters
    ----------
    folder, out : Path
        Of the session and of its results.
    name : str
        Of the trial.
    begun : Begun
    progress : callable
    wait_s : float
        How long another process that makes the same trial is waited for, s.

    Raises
    ------
    MocapError
        When the session is refused; RUN_IN_PROGRESS, SESSION_OTHER. A refused trial is an outcome.
    """

    def made() -> Outcome:
        with run_of(folder, out, progress, shared=True) as run:
            entry = entry_named(run, name)
            static = None if begun.static_refused else static_of(run, entry)
            return tried_trial(run, entry, calibration.read_rig(run.rig_file), Person(static, begun.refused))

    return _patient(made, wait_s)


def end_session(folder: Path, out: Path, progress: Progress, wait_s: float = 0.0) -> tuple[str, ...]:
    """Take the records of all trials into that of the session; return sentences on results of no trial any more.

    Raises
    ------
    MocapError
        When the session is refused; RUN_IN_PROGRESS.
    """

    def ended() -> tuple[str, ...]:
        with run_of(folder, out, progress) as run:
            return without_trial(run)

    return _patient(ended, wait_s)


def _patient(work: Callable[[], Result], wait_s: float) -> Result:
    """Do a piece of work, again where another process is at it: one that was given up for lost may still live."""
    until = time.monotonic() + wait_s
    while True:
        try:
            done = work()
            if not (isinstance(done, Outcome) and done.code in _BUSY) or time.monotonic() > until:
                return done
        except SourceError as error:
            if error.code not in _BUSY or time.monotonic() > until:
                raise
        time.sleep(_STEP_S)
