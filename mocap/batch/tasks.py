"""What a worker does: a piece of one session, from paths to files; only rows come back.

A worker may be another program on another machine: each task holds the versions that it was made for, so that no
result is made by other libraries than those of the rest.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

from mocap.batch.plan import SessionJob
from mocap.batch.rows import CALIBRATION, Row, not_run_row, outcome_row, refused_row
from mocap.errors import ConfigError, MocapError
from mocap.pipeline.session_tasks import Begun, begin_session, end_session, make_trial
from mocap.storage import software_versions

#: How long a worker waits for another that is at the same piece: one that was given up for lost may still live.
TWIN_WAIT_S = 900.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class BegunJob:
    """What became of the beginning of a session: rows, and what its other trials need; None where it ended there."""

    rows: tuple[Row, ...]
    begun: Begun | None


def begin_job(job: SessionJob, versions: dict[str, str]) -> BegunJob:
    """Calibrate the cameras of a session, and make the trials that others refer to."""
    try:
        _check_versions(versions)
        with threadpool_limits(1):
            begun, seconds = _timed(lambda: begin_session(Path(job.folder), Path(job.out), _silent, TWIN_WAIT_S))
    except MocapError as error:
        first = [not_run_row(job.name, name, job.subject, job.tasks[name], _NOT_BEGUN) for name in job.pieces.first]
        return BegunJob((refused_row(job.name, error, CALIBRATION, job.subject, CALIBRATION), *first), None)
    # The time of the whole beginning stands with the calibration, which is most of it.
    times = [seconds, *[0.0] * len(begun.outcomes)]
    rows = [
        outcome_row(job.name, job.subject, job.tasks.get(one.name.removeprefix("trial "), CALIBRATION), one, took,
                    _peak_mb())
        for one, took in zip(begun.outcomes, times, strict=False)
    ]  # fmt: skip
    return BegunJob(tuple(rows), begun)


_NOT_BEGUN = "its session was refused, see there"


def trial_job(job: SessionJob, name: str, begun: BegunJob, versions: dict[str, str]) -> Row:
    """Make one trial of a session that was begun."""
    task = job.tasks[name]
    state = begun.begun
    if state is None:
        return not_run_row(job.name, name, job.subject, task, _NOT_BEGUN)
    try:
        _check_versions(versions)
        with threadpool_limits(1):
            outcome, seconds = _timed(
                lambda: make_trial(Path(job.folder), Path(job.out), name, state, _silent, TWIN_WAIT_S)
            )
    except MocapError as error:
        return refused_row(job.name, error, name, job.subject, task)
    return outcome_row(job.name, job.subject, task, outcome, seconds, _peak_mb())


def end_job(job: SessionJob, begun: BegunJob) -> tuple[Row, ...]:
    """Put the records of a session's trials together; rows of what has to be told of it, none where all is well."""
    if begun.begun is None:
        return ()
    try:
        told = end_session(Path(job.folder), Path(job.out), _silent, TWIN_WAIT_S)
    except MocapError as error:
        return (refused_row(job.name, error, "", job.subject),)
    return tuple(Row(job.name, "", "done", job.subject, "", text) for text in told)


def worker_state(token: str) -> tuple[dict[str, str], bool]:
    """Return the versions at this place, and whether it sees a file of the client's."""
    return software_versions(), Path(token).is_file()


def _check_versions(wanted: dict[str, str]) -> None:
    differing = version_words(wanted, software_versions())
    if differing:
        raise ConfigError(
            f"The worker that was to do it has other versions: {differing}.",
            "Give all workers the same environment as this one, and start again.", code="WORKER_VERSIONS",
        )  # fmt: skip


def version_words(wanted: dict[str, str], there: dict[str, str]) -> str:
    """Return what differs between two environments, in words; nothing where they are alike."""
    names = sorted({*wanted, *there})
    return ", ".join(
        f"{name} {there.get(name, 'missing')} in place of {wanted.get(name, 'none')}"
        for name in names if wanted.get(name) != there.get(name)
    )  # fmt: skip


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    done = work()
    return done, time.perf_counter() - started


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _silent(label: str, done: int, total: int | None) -> None:
    """Progress of a batch is told in trials."""
